"""Random flows and executions of them, as a model of the Kestra 0.6 executor runs them: for model_cases.py.

Executions are reached as real ones are: the model runs a random flow from CREATED, with tasks that end in
any order, fail, pause, are resumed or killed; one version of what its topic ever held is taken, and all
that was under way is lost. Most are then changed further, into what crashes, old indices and people leave
behind.
"""
import copy
import importlib.util
import itertools

FLOWABLES = ('seq', 'par', 'allowfailure', 'worker', 'pause')
ENDED = ('SUCCESS', 'WARNING', 'FAILED', 'KILLED')
ROOT = 'E'    # the id of the execution
MODEL = None  # the module, once loaded


def load_model(path):
    global MODEL
    spec = importlib.util.spec_from_file_location('executor_model', path)
    MODEL = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(MODEL)


# ---- flows -------------------------------------------------------------------------------------

class FlowMaker:
    """One random flow, as the model has it."""

    def __init__(self, rng):
        self.rng, self.names = rng, itertools.count(1)
        self.room = rng.choice((2, 3, 4, 5, 6, 7, 9, 12))  # tasks, about

    def flow(self):
        rng = self.rng
        tasks = self.tasks(0, 'run run seq par allowfailure worker pause flow'.split())
        errors = self.some(0.22, 1)
        listeners = self.some(0.16, 2)
        return MODEL.Flow('f', tasks, errors, listeners, rev=rng.choice((1, 1, 2, 5)))

    def some(self, chance, depth):
        if self.rng.random() >= chance:
            return None
        self.room = max(self.room, self.rng.choice((1, 1, 2)))
        return self.tasks(depth, 'run run run seq par flow'.split())

    def tasks(self, depth, kinds):
        made = []
        while not made or (self.room > 0 and self.rng.random() < 0.68 and len(made) < 5):
            made.append(self.task(depth, kinds))
        return made

    def task(self, depth, kinds):
        rng = self.rng
        self.room -= 1
        kind = rng.choice(kinds) if depth < 4 and self.room > 0 else 'run'
        task = MODEL.task(f't{next(self.names)}', kind)
        getattr(self, 'make_' + task['type'], self.make_flowable)(task, depth)
        return task

    def make_run(self, task, depth):
        pass

    def make_flow(self, task, depth):
        task.update(sub=self.rng.choice(('one', 'one', 'one', 'two', 'two', 'gone')), wait=self.rng.random() < 0.6)

    def make_worker(self, task, depth):
        task['tasks'] = self.tasks(depth + 1, ['run'])
        if self.rng.random() < 0.15:
            task['errors'] = self.tasks(depth + 1, ['run'])

    def make_flowable(self, task, depth):
        task['tasks'] = self.tasks(depth + 1, 'run run run seq par allowfailure worker pause flow'.split())
        if task['type'] == 'par':
            while len(task['tasks']) < 2 or (len(task['tasks']) < 4 and self.rng.random() < 0.5):
                task['tasks'].append(self.task(depth + 1, ['run']))
            task['concurrent'] = self.rng.choice((0, 0, 0, 1, 2, 2, 3))
        if task['type'] == 'pause' and self.rng.random() < 0.5:
            task['delay'] = 10
        if self.rng.random() < 0.15:
            task['errors'] = self.tasks(depth + 1, ['run'])


def all_tasks(flow):
    def walk(tasks):
        for task in tasks or []:
            yield task
            yield from walk(task['tasks'])
            yield from walk(task['errors'])
    for tasks in (flow.tasks, flow.errors, flow.listeners):
        yield from walk(tasks)


def world(flow):
    """The flows that stand around: one that listens to ends, two that can be called."""
    task = MODEL.task
    return [flow, MODEL.Flow('down', [task('z')], flowtrigger=True), MODEL.Flow('one', [task('q')]),
            MODEL.Flow('two', [task('q'), task('h', 'pause', tasks=[task('r')])])]


# ---- lives -------------------------------------------------------------------------------------

def make_life(rng, flow):
    """Runs the flow from CREATED to its end, or until nothing moves; every version of its execution."""
    fails = [t['id'] for t in all_tasks(flow) if t['type'] == 'run' and rng.random() < 0.12]
    kestra = MODEL.Kestra(world(flow), taskfail=fails)
    pending, versions, ticks = [], [], {}
    emit, answer = kestra.emit_exec, kestra.worker

    def emit_exec(execution):
        emit(execution)
        if execution.id == ROOT:
            for run in [execution] + (execution.trs or []):
                for i, state in enumerate(run.hist):
                    ticks.setdefault((run.id, i, state), len(versions))
            versions.append((execution.cp(), [kestra.topic[c].cp() for c in kestra.children], dict(ticks)))

    def worker(job):
        queue, kestra.q = kestra.q, []
        answer(job)
        results, kestra.q = [v for _, v in kestra.q], queue
        for i, result in enumerate(results):  # a Worker stops at the first child that fails
            if job.def_['type'] == 'worker' and result.task in fails and result.state == 'SUCCESS':
                result.state = result.hist[-1] = 'FAILED'
                del results[i + 1:]
        pending.append(results)

    kestra.emit_exec, kestra.worker = emit_exec, worker
    kestra.emit_exec(MODEL.Ex(ROOT, 'f', flow.rev))
    killed = rng.randrange(3, 30) if rng.random() < 0.15 else 0
    for n in range(1, 300):
        if n == killed:
            kestra.kill(ROOT)
        if not step(rng, kestra, pending):
            break
    return versions


def step(rng, kestra, pending):
    if kestra.q and (not pending or rng.random() < 0.75):
        kind, value = kestra.q.pop(0)
        {'exec': kestra.on_exec, 'res': kestra.on_result, 'wt': kestra.worker, 'kill': kestra.on_kill}[kind](value)
    elif pending:
        results = rng.choice(pending)
        kestra.on_result(results.pop(0))
        pending[:] = [r for r in pending if r]
    else:
        return resume(kestra)
    return True


def resume(kestra):
    """The oldest pause goes on: by its delay, or by a person."""
    for execution in list(kestra.topic.values()):
        paused = paused_run(kestra.flows[(execution.flow, execution.rev)], execution)
        if execution.state == 'PAUSED' and paused:
            kestra.emit_exec(kestra.markas(execution, paused.id))
            return True
    return False


def paused_run(flow, execution):
    for run in execution.trs or []:
        if run.state == 'PAUSED' and kind_of(flow, run) == 'pause':
            return run
    return None


def kind_of(flow, run):
    return next((t['type'] for t in all_tasks(flow) if t['id'] == run.task), None)


# ---- changes -----------------------------------------------------------------------------------

class Change:
    """Ways in which a version is bent. Each returns False when it does not apply."""

    def __init__(self, rng, flow, execution, children):
        self.rng, self.flow, self.execution, self.children = rng, flow, execution, children

    def runs(self, accept):
        return [r for r in self.execution.trs or [] if accept(kind_of(self.flow, r))]

    def set(self, run, state):
        """With the history that leads there."""
        rng = self.rng
        hist = {'CREATED': [], 'RUNNING': [], 'RESTARTED': ['RUNNING', rng.choice(('FAILED', 'KILLED'))],
                'KILLED': rng.choice(([], ['RUNNING'], ['RUNNING', 'KILLING'])), 'PAUSED': ['RUNNING'],
                'KILLING': ['RUNNING']}.get(state, ['RUNNING'])
        if state == 'RUNNING' and kind_of(self.flow, run) == 'pause' and rng.random() < 0.5:
            hist = ['RUNNING', 'PAUSED']
        run.state = state
        run.hist = [] if state == 'CREATED' else ['CREATED'] + hist
        run.hist.append(state)
        leaf = kind_of(self.flow, run) in ('run', None)
        run.attempts = 0 if state == 'CREATED' or not leaf else max(run.attempts, 1)

    def settle(self, run):
        """As if it were true: what it is in runs too."""
        while run:
            run = next((r for r in self.execution.trs if r.id == run.parent), None)
            if run:
                self.set(run, 'RUNNING')
        self.state('RUNNING')
        return True

    def state(self, state):
        execution = self.execution
        before = {'CREATED': [], 'RUNNING': ['CREATED'], 'RESTARTED': ['CREATED', 'RUNNING', 'FAILED']}
        execution.state = state
        execution.hist = before.get(state, ['CREATED', 'RUNNING']) + [state]
        return True

    def leaf(self):
        runs = self.runs(lambda kind: kind in ('run', None))
        if not runs:
            return False
        run = self.rng.choice(runs[-4:])
        states = 'RUNNING RUNNING CREATED CREATED FAILED KILLED RESTARTED SUCCESS WARNING'.split()
        state = self.rng.choice([s for s in states if s != run.state])
        self.set(run, state)
        if state in ('RUNNING', 'CREATED', 'RESTARTED') and self.rng.random() < 0.6:
            self.settle(run)
        return True

    def flowable(self):
        runs = self.runs(lambda kind: kind in FLOWABLES)
        if not runs:
            return False
        run = self.rng.choice(runs)
        states = ['RUNNING', 'RUNNING', 'CREATED', 'FAILED', 'KILLED', 'KILLING', 'RESTARTED']
        if kind_of(self.flow, run) == 'pause':
            states += ['PAUSED', 'PAUSED']
        state = self.rng.choice([s for s in states if s != run.state])
        self.set(run, state)
        if state == 'CREATED':
            self.remove(lambda r: r.parent == run.id)
        return self.settle(run) if state != 'KILLED' and self.rng.random() < 0.6 else True

    def pausing(self):
        """All that a pause stops says PAUSED, as the executor leaves it."""
        runs = self.runs(lambda kind: kind == 'pause')
        if not runs:
            return False
        run = self.rng.choice(runs)
        self.remove(lambda r: r.parent == run.id)
        while run:
            self.set(run, 'PAUSED')
            run = next((r for r in self.execution.trs if r.id == run.parent), None)
        return self.state('PAUSED')

    def killing(self):
        return self.execution.state != 'KILLING' and self.state('KILLING')

    def restarting(self):
        """As Kestra's restart leaves it: what failed and what it is in."""
        runs = self.runs(lambda kind: kind == 'run')
        if not runs:
            return False
        run = self.rng.choice(runs[-2:])
        self.settle(run)
        self.set(run, 'RESTARTED')
        return self.state('RESTARTED')

    def any_state(self):
        states = ('CREATED RUNNING RUNNING RUNNING RESTARTED PAUSED SUCCESS FAILED KILLED WARNING').split()
        return self.state(self.rng.choice([s for s in states if s != self.execution.state]))

    def remove(self, accept):
        gone = {r.id for r in self.execution.trs if accept(r)}
        while True:
            more = {r.id for r in self.execution.trs if r.parent in gone} - gone
            if not more:
                break
            gone |= more
        self.execution.trs = [r for r in self.execution.trs if r.id not in gone]
        return bool(gone)

    def between(self):
        """The next tasks were not written any more."""
        if len(self.execution.trs or []) < 2:
            return False
        last = self.execution.trs[-1]
        return self.remove(lambda r: r.id == last.id) and (self.rng.random() < 0.4 or self.state('RUNNING'))

    def childless(self):
        runs = self.runs(lambda kind: kind in FLOWABLES)
        if not runs:
            return False
        run = self.rng.choice(runs)
        self.set(run, 'RUNNING')
        return self.remove(lambda r: r.parent == run.id) and self.settle(run)

    def unanswered(self):
        """A flowable whose children have all ended has not ended itself."""
        runs = [r for r in self.runs(lambda kind: kind in FLOWABLES) if r.state in ENDED]
        if not runs:
            return False
        run = self.rng.choice(runs)
        self.set(run, 'RUNNING')
        ids = [t.id for t in self.execution.trs]
        later = set(ids[ids.index(run.id) + 1:])
        self.remove(lambda r: r.id in later and r.parent == run.parent)
        return self.settle(run)

    def stranger(self):
        if not self.execution.trs:
            return False
        run = self.rng.choice(self.execution.trs)
        run.task = 'ghost'
        if self.rng.random() < 0.3:
            self.set(run, self.rng.choice(('CREATED', 'RUNNING')))
        return True

    def revision(self):
        self.execution.rev = None if self.rng.random() < 0.15 else self.flow.rev + 1
        return True

    def call(self):
        """A subflow's task run in a state of its own, its child there or not."""
        runs = self.runs(lambda kind: kind == 'flow')
        if not runs:
            return False
        run = self.rng.choice(runs)
        mine = [c for c in self.children if c.trigger[2] == run.task]
        if self.rng.random() < 0.4:
            self.set(run, self.rng.choice(('CREATED', 'CREATED', 'RUNNING', 'FAILED')))
            if run.state in ('CREATED', 'RUNNING'):
                self.settle(run)
        if mine and self.rng.random() < 0.5:
            self.children.remove(mine[0])
        elif not mine:
            child = MODEL.Ex('child', 'one', 1, self.rng.choice(('CREATED', 'RUNNING', 'SUCCESS', 'FAILED')),
                             trigger=('flow', ROOT, run.task))
            self.children.append(child)
        return True


CHANGES = (['leaf'] * 8 + ['flowable'] * 5 + ['between'] * 3 + ['childless'] * 2 + ['unanswered'] * 5
           + ['any_state'] * 2 + ['killing'] * 2 + ['restarting'] + ['pausing'] * 5 + ['call'] * 4
           + ['stranger'] + ['revision'])


def pick(rng, versions):
    """One of them: seldom an ended one, and rather late than early."""
    going = [v for v in versions if v[0].state not in ENDED]
    some = versions if rng.random() < 0.25 else going
    return copy.deepcopy(some[max(rng.randrange(len(some)), rng.randrange(len(some)))])


def bend(rng, flow, execution, children):
    """Changes an execution and its children, up to three times; the names of the changes."""
    done = []
    wanted = rng.choice((0, 0, 0, 1, 1, 1, 1, 2, 2, 3))
    change = Change(rng, flow, execution, children)
    for _ in range(20):
        if len(done) >= wanted:
            break
        name = rng.choice(CHANGES)
        if getattr(change, name)():
            done.append(name)
    execution.trs = execution.trs or None
    return done
