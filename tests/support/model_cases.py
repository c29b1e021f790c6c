#!/usr/bin/env python3
"""Random executions and what a model of the Kestra 0.6 executor makes of them, for test_verdict_model.

  model_cases.py make  --model MODEL.py [--seed N] [--count N] FILE.ndjson.gz
  model_cases.py check --model MODEL.py FILE.ndjson.gz    every answer once more, from the file alone
  model_cases.py show  FILE.ndjson.gz                     what kinds of cases there are

The model is a small restatement of the executor's state machine (records, stores, the rules of the
flowables, workers that answer every task with success); it is no part of this project. A case is one
line of JSON:

  flow        a flow revision of Kestra 0.6
  execution   an execution of it, as a store could hold it after a crash
  children    subflow executions that exist already: {"run": parent's task run or absent, "execution": ...}
  from        how the case came about: "life" or the names of the changes made to it
  registered  the first pass changed the execution, so the executor knows it from then on
  final       its state when nothing moves any more, and all pause delays that were registered are over
  runs        its task runs then, as "task:STATE"
  dispatched  tasks that workers ran, in order
  dropped     results that came back for an execution that the executor does not know
  created     tasks whose subflow was started (by this execution)
  flowtrig    messages to the one flow that listens to it
  waits       how often the executor waited for a flow revision that is not there
  timers      pause delays that were registered and ran out
  log         failures of the executor; LOOP: it never came to rest
  resumed     of a PAUSED execution: its final state and dropped results when a person resumes the pause:
              {"alone": without having sent it, "sent": after having sent it}

How flows and executions are made is in model_life.py. No two cases have the same flow and the same task
runs.
"""
import argparse
import collections
import copy
import gzip
import io
import itertools
import json
import random
import sys

import model_life as life
from model_life import ENDED, ROOT

FLOWS = 'io.kestra.core.tasks.flows.'
LEAF = 'io.kestra.core.tasks.debugs.Return'
CLASSES = {'seq': FLOWS + 'Sequential', 'par': FLOWS + 'Parallel', 'allowfailure': FLOWS + 'AllowFailure',
           'worker': FLOWS + 'Worker', 'pause': FLOWS + 'Pause', 'flow': FLOWS + 'Flow', 'run': LEAF}
KINDS = {name: kind for kind, name in CLASSES.items()}
NAMESPACE = 'n'


# ---- JSON --------------------------------------------------------------------------------------

def task_json(task):
    doc = {'id': task['id'], 'type': CLASSES[task['type']]}
    if task['type'] == 'run':
        doc['format'] = '{{task.id}}'
    if task['type'] == 'flow':
        doc.update(namespace=NAMESPACE, flowId=task['sub'], wait=task['wait'])
    if task['type'] == 'par':
        doc['concurrent'] = task['concurrent']
    if task['delay']:
        doc['delay'] = f'PT{task["delay"]}S'
    for branch in ('tasks', 'errors'):
        if task[branch]:
            doc[branch] = [task_json(t) for t in task[branch]]
    return doc


def flow_json(flow):
    doc = {'id': flow.id, 'namespace': NAMESPACE, 'revision': flow.rev, 'tasks': [task_json(t) for t in flow.tasks]}
    if flow.errors:
        doc['errors'] = [task_json(t) for t in flow.errors]
    if flow.listeners:
        doc['listeners'] = [{'tasks': [task_json(t) for t in flow.listeners]}]
    doc.update(disabled=False, deleted=False)
    return doc


class Dates:
    """A date for each history: when the version that first had it was written."""

    def __init__(self, ticks):
        self.ticks, self.now = ticks, max(ticks.values(), default=0) + 1

    def state(self, run, hist):
        histories, at = [], 0
        for i, state in enumerate(hist):
            at = max(at, self.ticks.get((run, i, state), at + 1 if i else self.now))
            histories.append({'state': state, 'date': f'2026-03-01T08:{at // 60:02}:{at % 60:02}.{100 + i}Z'})
        return {'current': hist[-1], 'histories': histories}


def run_json(dates, run):
    doc = {'id': run.id, 'executionId': ROOT, 'namespace': NAMESPACE, 'flowId': 'f', 'taskId': run.task}
    if run.parent:
        doc['parentTaskRunId'] = run.parent
    if run.attempts:
        ended = run.state if run.state in ENDED else 'RUNNING' if run.state == 'RUNNING' else 'FAILED'
        hist = ['CREATED', 'RUNNING'] + ([ended] if ended != 'RUNNING' else [])
        doc['attempts'] = [{'state': dates.state(run.id, hist)}] * run.attempts
    doc['state'] = dates.state(run.id, run.hist)
    return doc


def execution_json(dates, execution):
    doc = {'id': execution.id, 'namespace': NAMESPACE, 'flowId': execution.flow}
    if execution.rev is not None:
        doc['flowRevision'] = execution.rev
    if execution.trs is not None:
        doc['taskRunList'] = [run_json(dates, r) for r in execution.trs]
    doc['state'] = dates.state(execution.id, execution.hist)
    if execution.trigger:
        doc['trigger'] = {'id': execution.trigger[2], 'type': CLASSES['flow'],
                          'variables': {'executionId': ROOT, 'namespace': NAMESPACE, 'flowId': 'f'}}
    doc['deleted'] = False
    return doc


def children_json(rng, dates, execution, children):
    """The task run is known from logs, mostly."""
    out = []
    for child in children:
        if child.trigger[1] == ROOT:
            run = next((r for r in execution.trs or [] if r.task == child.trigger[2]), None)
            child.trs = None  # nobody asks
            doc = {'execution': execution_json(dates, child)}
            out.append(dict(doc, run=run.id) if run and rng.random() < 0.7 else doc)
    return out


def read_task(doc):
    delay = int(doc['delay'][2:-1]) if 'delay' in doc else None
    task = life.MODEL.task(doc['id'], KINDS[doc['type']], delay=delay, concurrent=doc.get('concurrent', 0),
                      tasks=[read_task(t) for t in doc.get('tasks', [])],
                      errors=[read_task(t) for t in doc['errors']] if 'errors' in doc else None)
    if task['type'] == 'flow':
        task.update(sub=doc['flowId'], wait=doc['wait'])
    return task


def read_flow(doc):
    errors = [read_task(t) for t in doc['errors']] if 'errors' in doc else None
    listeners = [read_task(t) for l in doc['listeners'] for t in l['tasks']] if 'listeners' in doc else None
    return life.MODEL.Flow(doc['id'], [read_task(t) for t in doc['tasks']], errors, listeners, rev=doc['revision'])


def read_hist(state):
    return [h['state'] for h in state['histories']]


def read_execution(doc):
    runs = None
    if 'taskRunList' in doc:
        runs = [life.MODEL.TR(r['taskId'], r['state']['current'], parent=r.get('parentTaskRunId'), id=r['id'],
                         hist=read_hist(r['state']), attempts=len(r.get('attempts', []))) for r in doc['taskRunList']]
    execution = life.MODEL.Ex(doc['id'], doc['flowId'], doc.get('flowRevision'), doc['state']['current'], runs)
    execution.hist = read_hist(doc['state'])
    return execution


# ---- answers -----------------------------------------------------------------------------------

def answer(case):
    """What the model makes of a case, from its JSON alone."""
    flow, execution = read_flow(case['flow']), read_execution(case['execution'])
    life.MODEL._ids = itertools.count(1000)
    kestra = life.MODEL.Kestra(life.world(flow))
    kestra.emit_exec(execution)
    kestra.on_exec(kestra.q.pop(0)[1])
    registered = ROOT in kestra.store
    timers = rest(kestra)
    last = kestra.topic[ROOT]
    calls = [kestra.topic[c].trigger for c in kestra.children]
    out = {'registered': registered, 'final': last.state, 'runs': [f'{r.task}:{r.state}' for r in last.trs or []],
           'dispatched': [task for owner, task in kestra.dispatched if owner == ROOT],
           'dropped': sum(d[0] in (ROOT, 'kill') for d in kestra.dropped),
           'created': [t[2] for t in calls if t[1] == ROOT],
           'flowtrig': sum(t[0] == ROOT for t in kestra.flowtrig), 'waits': kestra.waits, 'timers': timers,
           'log': list(dict.fromkeys(kestra.log))}
    if execution.state == 'PAUSED' and out['waits'] == 0 and life.paused_run(flow, execution):
        out['resumed'] = {'alone': resumed(life.MODEL.Kestra(life.world(flow)), flow, execution),
                          'sent': resumed(kestra, flow, kestra.topic[ROOT])}
    return out


def rest(kestra):
    """Until nothing moves; pauses with a registered delay go on by themselves."""
    timers = 0
    kestra.run()
    while kestra.delay and timers < 20:
        timers += len(kestra.delay)
        kestra.tick()
    return timers


def resumed(kestra, flow, execution):
    dropped = len(kestra.dropped)
    paused = life.paused_run(flow, execution)
    if paused and execution.state == 'PAUSED':
        kestra.emit_exec(kestra.markas(execution, paused.id))
        rest(kestra)
    last = kestra.topic[ROOT]
    return {'final': last.state, 'dropped': len(kestra.dropped) - dropped}


# ---- commands ----------------------------------------------------------------------------------

def make_case(rng):
    life.MODEL._ids = itertools.count(1)
    flow = life.FlowMaker(rng).flow()
    execution, children, ticks = life.pick(rng, life.make_life(rng, flow))
    done = life.bend(rng, flow, execution, children)
    dates = Dates(ticks)
    case = {'flow': flow_json(flow), 'execution': execution_json(dates, execution),
            'children': children_json(rng, dates, execution, children), 'from': '+'.join(done) or 'life'}
    case.update(answer(case))
    return case


def shape(case):
    """Equal for cases that differ in names and dates only."""
    ids = {}
    doc = copy.deepcopy({k: case[k] for k in ('flow', 'execution')})

    def name(value):
        return ids.setdefault(value, len(ids))

    def walk(node):
        if isinstance(node, list):
            return [walk(n) for n in node]
        if not isinstance(node, dict):
            return node
        return {k: name(v) if k in ('id', 'taskId', 'parentTaskRunId') else walk(v)
                for k, v in node.items() if k not in ('date', 'format')}
    calls = sorted((c['execution']['trigger']['id'], c['execution']['state']['current']) for c in case['children'])
    return json.dumps([walk(doc), [(name(i), s) for i, s in calls]])


def make(args):
    rng = random.Random(args.seed)
    seen, lines = set(), []
    while len(lines) < args.count:
        case = make_case(rng)
        key = shape(case)
        if key not in seen:
            seen.add(key)
            lines.append(json.dumps(case, separators=(',', ':')))
    with open(args.file, 'wb') as raw, gzip.GzipFile('', 'wb', 9, raw, mtime=0) as packed:
        packed.write(('\n'.join(lines) + '\n').encode())


def read(path):
    with gzip.open(path, 'rb') as packed:
        for line in io.TextIOWrapper(packed, 'utf-8'):
            yield json.loads(line)


def check(args):
    bad = n = 0
    for n, case in enumerate(read(args.file), 1):
        again = answer(case)
        for key, value in again.items():
            if case[key] != value:
                bad += 1
                print(f'line {n}: {key} is {case[key]}, the model says {value}')
    print(f'{n} cases, {bad} other answers')
    return bad != 0


def show(args):
    cases = list(read(args.file))
    counts = collections.OrderedDict()

    def count(what, value):
        counts.setdefault(what, collections.Counter())[str(value)] += 1

    for case in cases:
        runs = case['execution'].get('taskRunList')
        count('made by', 'life' if case['from'] == 'life' else f'{case["from"].count("+") + 1} changes')
        for name in case['from'].split('+'):
            count('changes', name)
        count('state', case['execution']['state']['current'])
        count('task runs', 'none' if not runs else min(len(runs), 10))
        count('tasks', min(json.dumps(case['flow']).count('"type"'), 12))
        text = json.dumps(case['flow'])
        for kind, name in CLASSES.items():
            count('flows with', kind) if f'"{name}"' in text else None
        for name in ('errors', 'listeners'):
            count('flows with', name) if f'"{name}"' in text else None
        count('children', len(case['children']))
        for name in ('registered', 'final', 'flowtrig', 'timers', 'waits'):
            count(name, case[name])
        count('dropped', min(case['dropped'], 5))
        count('log', '; '.join(case['log']) or 'none')
        count('resumed', json.dumps(case.get('resumed')))
    print(f'{len(cases)} cases, {len({shape(dict(c, execution={}, children=[])) for c in cases})} flows')
    for what, values in counts.items():
        print(f'{what}: ' + ', '.join(f'{v} {n}' for v, n in values.most_common(14)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    commands = parser.add_subparsers(dest='command', required=True)
    for name in ('make', 'check', 'show'):
        command = commands.add_parser(name)
        if name != 'show':
            command.add_argument('--model', required=True)
        if name == 'make':
            command.add_argument('--seed', type=int, default=1)
            command.add_argument('--count', type=int, default=10000)
        command.add_argument('file')
    args = parser.parse_args()
    if args.command != 'show':
        life.load_model(args.model)
    return {'make': make, 'check': check, 'show': show}[args.command](args)


if __name__ == '__main__':
    sys.exit(main())
