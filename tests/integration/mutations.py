#!/usr/bin/env python3
"""The mutation test: random stores and topics, every class of difference planted in random numbers, records of
aborted transactions among them, everything compacted that the broker is willing to compact; then verify has to
name exactly what was planted.

  mutations.py SEED COUNT WORK

SEED, SEED + 1, ... each make a world of their own: a dump as store, topics with a random number of
partitions. Twenty worlds at a time share the wait for the broker's cleaner. The model of the topics, the
operations and what verify should say are those of planted.py. Prints `ok - ...` or `not ok - ...` for each.
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import time

import expect
import planted

TOGETHER = 20
KINDS = expect.KINDS
WAIT_S = 120
INDICES = {'flow-last': 'kestra_flows_revisions', 'flow': 'kestra_flows_revisions', 'template': 'kestra_templates',
           'trigger': 'kestra_triggers', 'execution': 'kestra_executions'}
STATES = ['CREATED', 'RUNNING', 'PAUSED', 'RESTARTED', 'SUCCESS', 'FAILED']
COMPACT = ('cleanup.policy=compact', 'segment.ms=100', 'min.cleanable.dirty.ratio=0', 'delete.retention.ms=600000')
KEEP = ('cleanup.policy=delete', 'retention.ms=-1')
# A record without a key cannot be compacted; neither is it clear which of two with one unreadable key stays.
ONLY_KEPT = (planted.keyless,)
OPERATIONS = [op for op in planted.OPERATIONS if not op.__name__.startswith('store_') and op is not planted.huge_key]


def dumps(value):
    # Python spells the smallest double 5e-324, which as a decimal is another number than Java's.
    return json.dumps(value, ensure_ascii=False, separators=(',', ':')).replace('5e-324', '4.9e-324')


class Mutation(planted.World):
    tables = INDICES

    def __init__(self, seed, work):
        self.work = f'{work}/{seed}'
        os.mkdir(self.work)
        super().__init__(f'file:{self.work}/store.ndjson', f'mut-{os.getpid()}-{seed}-', seed, self.work)

    def read_store(self):
        """Instead of a database: make one up, and its topics."""
        self.options = ('--layout', 'I')
        self.partitions = self.random.randrange(2, 4)
        self.compacted = {kind for kind in KINDS if self.random.random() < 0.8}
        self.store = {kind: {} for kind in KINDS}
        self.deleted = {'template': set(), 'execution': set()}
        self.n_puts = {kind: 0 for kind in KINDS}
        self.ends = {}
        self.creating = [subprocess.Popen([os.environ['REQUEUE_TEST_TOOLS'] + '/plant', 'create', self.topic(kind),
                                           str(self.partitions), *(COMPACT if kind in self.compacted else KEEP)])
                         for kind in KINDS]
        # Now and then thousands, of one operation.
        self.many = self.random.choice(KINDS) if self.random.random() < 0.15 else None
        self.favourite = self.random.choice(OPERATIONS)
        with open(self.url.removeprefix('file:'), 'w', encoding='utf-8') as self.dump:
            for kind in ('flow', 'template', 'trigger', 'execution'):
                for number in range(self.random.randrange(1000, 2000) if kind == self.many else self.random.randrange(3, 60)):
                    getattr(self, f'make_{kind}')(number)

    def read_topics(self):
        """There is nothing in them yet."""

    def add(self, kind, key, value, cut=(), **more):
        self.dump.write(dumps({'_index': INDICES[kind], '_id': key, '_source': value}) + '\n')
        if value.get('deleted') and kind in self.deleted:
            self.deleted[kind].add(key)
            return
        record = {name: v for name, v in value.items() if name not in cut} | more
        self.store[kind][key] = dumps(record), key

    def entity(self, number):
        r = self.random
        value = {'namespace': r.choice(['a', 'a.b', 'ü.x']), 'note': r.choice(['', 'x', 'a|b', 'ünï "q"', None, [], {}]),
                 'n': r.choice([0, 1.5, 90.000000000, 1e21, -0.0]), 'deleted': False}
        if r.random() < 0.3:
            value['tenantId'] = r.choice(['t', 't_u'])
        return value | {'id': f'{r.choice("xyz")}-{number}'}

    def make_flow(self, number):
        value = self.entity(number)
        for revision in range(1, self.random.randrange(2, 5)):
            source = f'id: {value["id"]}\nrevision: {revision}\n'
            flow = value | {'revision': revision, 'tasks': [], 'deleted': False, 'sourceCode': source}
            last = '_'.join(expect.entity('flow', flow, 'I'))
            self.add('flow', f'{last}_{revision}', flow, ('sourceCode',), source=source)
            self.store['flow-last'][last] = self.store['flow'][f'{last}_{revision}']

    def make_template(self, number):
        value = self.entity(number) | {'tasks': [], 'deleted': self.random.random() < 0.1}
        self.add('template', '_'.join(expect.entity('template', value, 'I')), value)

    def make_trigger(self, number):
        value = self.entity(number)
        del value['deleted']
        value |= {'triggerId': value.pop('id'), 'flowId': 'f', 'date': '2026-11-26T08:00:00Z'}
        if self.random.random() < 0.5:
            value['updatedDate'] = f'2026-11-26T08:00:{number % 60:02}.123Z'
        self.add('trigger', '_'.join(expect.entity('trigger', value, 'I')), value)

    def make_execution(self, number):
        flow = json.loads(self.random.choice(sorted(self.store['flow'].values()))[0])
        states = self.random.sample(STATES, self.random.randrange(1, 5))
        value = self.entity(number) | {'flowId': flow['id'], 'namespace': flow['namespace'], 'flowRevision': flow['revision']}
        value.pop('tenantId', None)
        if 'tenantId' in flow:
            value['tenantId'] = flow['tenantId']
        value['deleted'] = self.random.random() < 0.1
        value['state'] = {'current': states[-1], 'duration': 1.0, 'histories': [
            {'state': state, 'date': f'2026-11-26T08:{number % 60:02}:{i:02}.5Z'} for i, state in enumerate(states)]}
        if len(states) > 1:
            value['state']['duration'] = float(len(states) - 1)
        self.add('execution', value['id'], value)

    def put(self, kind, partition, key, value, says='equal', paths=()):
        self.n_puts[kind] += 1
        super().put(kind, partition, key, value, says, paths)

    def fill(self):
        """Every record, many of them more than once; a few never."""
        for process in self.creating:
            if process.wait() != 0:
                raise OSError('a topic could not be created')
        for kind in KINDS:
            for key, (text, _) in self.store[kind].items():
                if self.random.random() < 0.03:
                    self.used.add((kind, key))
                    continue
                for _ in range(self.random.choice([0, 0, 1, 3])):
                    old = self.random.choice([b'{"old":1}', None, b'[', text.encode()])
                    self.put(kind, self.own(key), key.encode(), old)
                self.put(kind, self.own(key), key.encode(), text.encode())
        for kind, keys in self.deleted.items():
            for key in keys:
                if self.random.random() < 0.5:
                    self.put(kind, self.own(key), key.encode(), dumps({'id': key, 'namespace': 'n'}).encode())
        self.flush()

    def mutate(self):
        for operation in OPERATIONS:
            for kind in KINDS:
                if operation in ONLY_KEPT and kind in self.compacted:
                    continue
                n = self.random.choice([0, 1, 2, self.random.randrange(10), len(self.store[kind]) // 30])
                if kind == self.many and operation == self.favourite:
                    n = 1200
                for _ in range(n):
                    planted.operate(self, operation, kind)
            if self.random.random() < 0.08:
                self.flush()
        self.flush()

    def live(self):
        self.fill()
        self.mutate()

    def close_segments(self):
        """The active segment is never compacted: a record that comes later closes it."""
        lines = [f'put {self.topic(kind)} {p} x{b"closing".hex()} -' for kind in KINDS for p in range(self.partitions)]
        for line in self.plant('write', stdin='\n'.join(lines) + '\n').splitlines():
            topic, partition, offset = line.split('\t')
            self.ends[topic, partition] = int(offset)
        for kind in KINDS:
            self.n_puts[kind] += self.partitions

    def is_cleaned(self, cleaned):
        return all(cleaned.get((self.topic(kind), str(p)), 0) >= self.ends[self.topic(kind), str(p)]
                   for kind in self.compacted for p in range(self.partitions) if self.ends[self.topic(kind), str(p)] > 0)


def cleaned_offsets():
    """Up to where the broker's cleaner has come, as it notes itself."""
    path = os.environ['REQUEUE_TEST_KAFKA_DIR'] + '/data/cleaner-offset-checkpoint'
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8') as f:
        rows = [line.split() for line in f.read().splitlines()[2:]]
    return {(topic, partition): int(offset) for topic, partition, offset in rows}


def wait_for_cleaner(worlds):
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        cleaned = cleaned_offsets()
        if all(world.is_cleaned(cleaned) for world in worlds):
            return True
        time.sleep(0.2)
    return False


def try_together(seeds, work):
    worlds = [Mutation(seed, work) for seed in seeds]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # it is the broker that takes its time
        for _ in pool.map(Mutation.live, worlds):
            pass
        time.sleep(0.2)  # older than segment.ms
        for _ in pool.map(Mutation.close_segments, worlds):
            pass
    cleaned = wait_for_cleaner(worlds)
    print(f'{"ok" if cleaned else "not ok"} - seeds {seeds[0]} to {seeds[-1]}: everything is compacted')
    removed = 0
    for seed, world in zip(seeds, worlds):
        audit = seed % 2 == 1
        n = len(planted.expected_lines(world, audit))
        said = planted.check(world, f'seed {seed}: {n} differences, exactly what was planted, are told{" and explained" * audit}', audit)
        removed += sum(world.n_puts[kind] - said['results'][kind]['topic']['records'] for kind in world.compacted)
    print(f'{"ok" if removed > 0 else "not ok"} - seeds {seeds[0]} to {seeds[-1]}: compaction removed {removed} records')


def main():
    first, count, work = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    for start in range(first, first + count, TOGETHER):
        try_together(range(start, min(start + TOGETHER, first + count)), work)


if __name__ == '__main__':
    main()
