#!/usr/bin/env python3
"""Is what a report tells of pending executions what the topics hold?

  recovered.py topics  REPORT.json ROWS DIR LEVEL   executions sent, left, rewritten, and their links
  recovered.py locks   REPORT.json TRIGGERS DIR     triggers: which keep their lock
  recovered.py order   LINKS EXECUTIONS             every link is older than every execution
  recovered.py never   REPORT.json DIR CODE:ID...   those ids are not in the topic, and told with that code

ROWS and TRIGGERS are the store's documents, a line each: key, tab, JSON. DIR/KIND is what `plant read` printed of
each topic, DIR/subflow-link of the links. LEVEL is the --recover of the run: none, safe, all. LINKS and EXECUTIONS
are what Kafka's console consumer printed with timestamps.

Nothing here is shared with the program. Documents are compared as values: numbers by their spelling's value, members
in any order.
"""
import decimal
import json
import sys

from expect import ENDED

LEVELS = ['none', 'safe', 'all']
# A code that needs nobody's help has no remedy, and these are told for information.
NO_REMEDY = {'source-stale', 'terminal-not-emitted', 'deleted-not-emitted'}


def parse(text):
    return json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)


def lines_of(path):
    with open(path, encoding='utf-8') as lines:
        return [parse(line) for line in lines]


def beside(report, name):
    return report.removesuffix('.json') + f'.{name}.jsonl'


def rows_of(path):
    with open(path, encoding='utf-8') as lines:
        return {key: parse(text) for key, text in (line.rstrip('\n').split('\t', 1) for line in lines)}


def unhex(text):
    return bytes.fromhex(text[1:]).decode()


def topic_of(path):
    """Key -> value of the last record; and keys that came twice."""
    topic, twice = {}, []
    with open(path, encoding='ascii') as lines:
        for line in lines:
            _, _, key, value = line.split()
            twice += [unhex(key)] if unhex(key) in topic else []
            topic[unhex(key)] = parse(unhex(value))
    return topic, twice


# ---- executions ----------------------------------------------------------------------------------------


def pointed(document, path):
    """The container and name that a JSON pointer means."""
    *parents, last = [part.replace('~1', '/').replace('~0', '~') for part in path.split('/')[1:]]
    for part in parents:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document, int(last) if isinstance(document, list) else last


def changed(document, changes):
    """The document with the changes that a report lists, whose paths are those of the document as it was."""
    result = copy_of(document)
    gone = []
    for change in changes:
        at, name = pointed(result, change['path'])
        if isinstance(at, list) and name >= len(at):
            assert change['before'] is None and name == len(at), change
            at.append(change['after'])
            continue
        assert (at[name] if isinstance(at, list) else at.get(name)) == change['before'], change
        if change['after'] is None:
            gone.append((at, name))
        else:
            at[name] = change['after']
    for at, name in sorted(gone, key=lambda place: str(place[1]).zfill(8), reverse=True):
        del at[name]
    return result


def copy_of(value):
    if isinstance(value, dict):
        return {name: copy_of(member) for name, member in value.items()}
    return [copy_of(item) for item in value] if isinstance(value, list) else value


def bare(value):
    """Comparable: null and empty members are absent."""
    if isinstance(value, dict):
        members = {name: bare(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, '', [], {})}
    return [bare(item) for item in value] if isinstance(value, list) else value


def look_at_sent(line, stored, sent, original):
    name = line['id']
    recovered = line.get('recovered')
    if recovered is None:
        if bare(sent) != bare(stored):
            yield f'{name}: it is not the store\'s document'
        return
    if bare(original) != bare(stored):
        yield f'{name}: the original kept is not the store\'s document'
    if bare(sent) == bare(stored):
        yield f'{name}: told as rewritten, and sent as it was'
    if bare(sent) != bare(changed(stored, recovered['changes'])):
        yield f'{name}: what is sent is not the document with the changes that are listed'
    if 'r-wrap' in recovered['remedies'] and \
            (sent['state']['current'], sent['state']['histories'][-1]['state']) != ('RESTARTED', 'RESTARTED'):
        yield f'{name}: wrapped, and its state is {sent["state"]["current"]}'
    runs = {run['id']: run for run in sent.get('taskRunList') or []}
    for run in line['task_runs']:
        state = runs[run['id']]['state'] if run['id'] in runs else None
        for remedy, become in (('rerun-lost', 'RESTARTED'), ('fail-lost', 'FAILED')):
            if run['role'] == 'lost' and remedy in recovered['remedies'] and state and \
                    (state['current'], state['histories'][-1]['state']) != (become, become):
                yield f'{name}: its lost task run {run["id"]} is {state["current"]}, not {become}'


def look_at_line(line, level):
    """A line of the report for itself."""
    name = line['id']
    comes_back = line['needs'] in LEVELS[:LEVELS.index(level) + 1]
    if line['emitted'] != comes_back:
        yield f'{name}: it needs --recover {line["needs"]}, and with {level} it is {line["emitted"]} that it is sent'
    if (line['verdict'] == 'resumes') != (line['needs'] == 'none'):
        yield f'{name}: {line["verdict"]}, and needs {line["needs"]}'
    if 'recovered' in line and (line['needs'] == 'none' or not line['emitted']):
        yield f'{name}: rewritten without need'
    if not line['emitted'] and (not line['codes'] or not line['remedies'] and not NO_REMEDY & set(line['codes'])):
        yield f'{name}: it is left without code or remedy: {line["codes"]} {line["remedies"]}'


def look_at_links(lines, stored, sent, folder):
    links, twice = topic_of(f'{folder}/subflow-link')
    want = {}
    for line in lines:
        if 'link-subflow' in (line.get('recovered') or {'remedies': ()})['remedies']:
            runs = {run['id'] for run in stored[line['id']]['taskRunList']}
            for child, value in stored.items():
                trigger = (value.get('trigger') or {}).get('variables') or {}
                if trigger.get('executionId') == line['id'] and child in sent:
                    want[child] = (line['id'], runs)
    yield from (f'link {key}: it came twice' for key in twice)
    yield from (f'link {key}: not in the topic' for key in want.keys() - links.keys())
    for key, value in links.items():
        if key not in want:
            yield f'link {key}: nobody waits for it'
            continue
        parent, runs = want[key]
        run = value.get('taskRun') or value.get('parentTaskRun')
        if (run['executionId'], run['id'] in runs, value['execution']['id']) != (parent, True, key):
            yield f'link {key}: it ties {run["executionId"]}, {run["id"]} to {value["execution"]["id"]}'


def topics(report, rows, folder, level):
    with open(report, encoding='utf-8') as f:
        said = json.load(f)
    stored = rows_of(rows)
    lines = lines_of(beside(report, 'executions'))
    originals = {line['id']: line['value'] for line in lines_of(beside(report, 'originals'))}
    sent, wrong = topic_of(f'{folder}/execution')
    wrong = [f'{name}: it came twice' for name in wrong]
    told = [line['id'] for line in lines]
    pending = {key for key, value in stored.items()
               if not value.get('deleted') and value['state']['current'] not in ENDED}
    emitted = {line['id'] for line in lines if line['emitted']}
    rewritten = {line['id'] for line in lines if 'recovered' in line}
    if len(told) != len(set(told)) or not pending <= set(told):
        wrong.append(f'not each pending execution has one line: {sorted(pending ^ set(told))[:9]}')
    if emitted != set(sent):
        wrong.append(f'told as sent, or in the topic, but not both: {sorted(emitted ^ set(sent))[:9]}')
    if rewritten != set(originals):
        wrong.append(f'rewritten, or kept as original, but not both: {sorted(rewritten ^ set(originals))[:9]}')
    counted = [said['executions'][name] for name in ('pending', 'emitted', 'rewritten')]
    if counted != [len(told), len(emitted), len(rewritten)]:
        wrong.append(f'the report counts {counted}, its lines {[len(told), len(emitted), len(rewritten)]}')
    for line in lines:
        wrong += look_at_line(line, level)
        if line['id'] in sent:
            wrong += look_at_sent(line, stored[line['id']], sent[line['id']], originals.get(line['id']))
    if level == 'all':
        wrong += look_at_links(lines, stored, sent, folder)
    return wrong


# ---- triggers ------------------------------------------------------------------------------------------


def locks(report, rows, folder):
    """--unlock dead: a lock stays when its execution is sent, and not as one that recovery has killed."""
    stored = {key: value for key, value in rows_of(rows).items() if value.get('executionId')}
    told = {line['key']: line for line in lines_of(beside(report, 'locks')) if line['execution']}
    sent, _ = topic_of(f'{folder}/execution')
    killed = {line['id'] for line in lines_of(beside(report, 'executions'))
              if 'kill-open' in line.get('recovered', {}).get('remedies', [])}
    triggers, _ = topic_of(f'{folder}/trigger')
    wrong = [] if set(told) == set(stored) and told else [f'locks of {sorted(stored)}, told {sorted(told)}']
    for key in stored.keys() & told.keys():
        held = stored[key]['executionId'] in sent and stored[key]['executionId'] not in killed
        if told[key]['unlocked'] == held or triggers[key].get('executionId') != (stored[key]['executionId'] if held else None):
            wrong.append(f'{key}: its execution is {"" if held else "not "}sent, told unlocked: {told[key]["unlocked"]}, '
                         f'in the topic {triggers[key].get("executionId")}')
    return wrong


# ---- the rest ------------------------------------------------------------------------------------------


def times(path):
    with open(path, 'rb') as lines:
        return [int(line.split(b':', 1)[1].split(b'\t', 1)[0]) for line in lines if line.startswith(b'CreateTime:')]


def order(links, executions):
    one, other = times(links), times(executions)
    if one and other and max(one) < min(other):
        return []
    return [f'{len(one)} links up to {max(one, default=None)}, {len(other)} executions from {min(other, default=None)}']


def never(report, folder, *codes_and_ids):
    sent, _ = topic_of(f'{folder}/execution')
    told = {line['id']: line for line in lines_of(beside(report, 'executions'))}
    wrong = []
    for code, name in (word.split(':') for word in codes_and_ids):
        line = told.get(name)
        if name in sent:
            wrong.append(f'{name}: it is in the topic')
        if not line or code not in line['codes'] or line['emitted'] or line['verdict'] != 'blocked' or not line['remedies']:
            wrong.append(f'{name}: told as {line}')
    return wrong if codes_and_ids else ['no ids']


def main():
    command, *rest = sys.argv[1:]
    wrong = {'topics': topics, 'locks': locks, 'order': order, 'never': never}[command](*rest)
    print('\n'.join(line[:600] for line in wrong[:20]))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
