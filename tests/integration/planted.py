#!/usr/bin/env python3
"""Plant differences in rebuilt topics and in their database, and see verify name exactly those.

  planted.py URL PREFIX SEED ROUNDS WORK

A model of the topics is kept here: the last record of each key and partition. Random operations put
records into the topics, or change rows of the database; after each round the model says which line
verify has to write for which key, and these are compared with what it wrote, line for line: class,
key, place in store and topic, identity, paths with both values, and the rule by which an audit
explains it. Prints a line `ok - ...` or `not ok - ...` for each comparison.
"""
import json
import os
import random
import re
import subprocess
import sys

import expect

KINDS = expect.KINDS
TENANT, NAMESPACE = 'tenantId', 'namespace'


class Record:
    """The last record of a key in a partition. `says` is what it is beside the store's value: equal,
    changed, stale, newer or undecodable; paths is None when any will do."""

    def __init__(self, offset, value, says='equal', paths=()):
        self.offset, self.value, self.says, self.paths = offset, value, says, paths


class World:
    partitions = 16
    tables = expect.TABLES
    options = ()  # of verify

    def __init__(self, url, prefix, seed, work):
        self.url, self.prefix, self.work = url, prefix, work
        self.random = random.Random(seed)
        self.topics = {kind: {} for kind in KINDS}  # kind -> key -> partition -> Record
        self.keyless = []                           # lines for records without a key that can be read
        self.plants = []                            # operations of this round, for plant
        self.aborts = []                            # and those whose transaction is aborted
        self.planted = []                           # what to do with the offsets: functions
        self.used = set()
        self.count = 0
        self.log = []
        self.read_store()
        self.read_topics()

    def read_topics(self):
        for kind in KINDS:
            for line in self.plant('read', self.topic(kind)).splitlines():
                partition, offset, key, value = line.split('\t')
                self.at(kind, unhex(key).decode())[int(partition)] = Record(int(offset), unhex(value))

    def plant(self, *args, stdin=''):
        return subprocess.run([os.environ['REQUEUE_TEST_TOOLS'] + '/plant', *args], input=stdin, text=True,
                              stdout=subprocess.PIPE, check=True).stdout

    def topic(self, kind):
        return self.prefix + kind.replace('-', '_')

    def at(self, kind, key):
        return self.topics[kind].setdefault(key, {})

    def read_store(self):
        self.store = expect.expected(self.url, 'I', 'all')
        self.deleted = {kind: {key for key, in expect.copy(
            self.url, f'select key from {expect.TABLES[kind]} where deleted')} for kind in ('template', 'execution')}

    def pick(self, kind, accept=lambda key: True):
        """A key of the store that no operation has touched yet, or None."""
        keys = [k for k in sorted(self.store[kind]) if (kind, k) not in self.used and accept(k)]
        if not keys:
            return None
        key = self.random.choice(keys)
        self.used.add((kind, key))
        return key

    def own(self, key):
        return expect.partition_of(key, self.partitions)

    def other(self, key):
        return self.random.choice([p for p in range(self.partitions) if p != self.own(key)])

    def stored(self, kind, key):
        return self.store[kind][key][0]

    def put(self, kind, partition, key, value, says='equal', paths=()):
        """key and value: bytes or None."""
        self.plants.append(f'put {self.topic(kind)} {partition} {tohex(key)} {tohex(value)}')

        def done(offset):
            try:
                text = key.decode()
            except (AttributeError, UnicodeDecodeError):
                shown = None if key is None else key.decode(errors='replace')
                self.keyless.append(line_of(kind, shown, 'undecodable', self.topic(kind), partition, offset))
                return
            self.at(kind, text)[partition] = Record(offset, value, says, paths)
        self.planted.append(done)

    def flush(self):
        """Carry out what was collected, now and then in a transaction."""
        if self.aborts:
            self.plant('write', f'{self.prefix}aborter',
                       stdin=''.join(line + '\n' for line in ['begin', *self.aborts, 'abort']))
        lines, transactional = self.plants, self.random.random() < 0.15
        if transactional:
            lines = ['begin', *lines, 'commit']
        answer = '' if not self.plants else self.plant(
            'write', *([f'{self.prefix}planter'] if transactional else []), stdin=''.join(line + '\n' for line in lines))
        for done, line in zip(self.planted, answer.splitlines(), strict=True):
            done(int(line.split('\t')[2]))
        self.plants, self.planted, self.aborts = [], [], []

    def execute(self, sql):
        expect.psql(self.url, sql)
        self.read_store()


def dumps(value, **options):
    """Python spells the smallest double 5e-324, which as a decimal is another number than Java's."""
    return json.dumps(value, **options).replace('5e-324', '4.9e-324')


def tohex(data):
    return '-' if data is None else 'x' + data.hex()


def unhex(text):
    return None if text == '-' else bytes.fromhex(text[1:])


# ---- what is planted ------------------------------------------------------------------------------------
# Each operation takes (world, kind) and returns what it did, or None when this kind has nothing for it.

def edited(world, kind, key):
    """The stored value with one member changed, taken away or added, and where they differ."""
    value = json.loads(world.stored(kind, key))
    choice = world.random.randrange(3)
    name = 'triggerId' if kind == 'trigger' else 'id'
    if choice == 0:
        before, value['namespace'] = value['namespace'], f'planted.{world.count}'
        paths = [('/namespace', before, value['namespace'])]
    elif choice == 1:
        paths = [('/' + name, value.pop(name), None)]
    else:
        value['a/b~c "é"'] = world.count
        paths = [('/a~1b~0c "é"', None, world.count)]
    return dumps(value).encode(), paths


def changed(world, kind):
    key = world.pick(kind)
    if key:
        value, paths = edited(world, kind, key)
        world.put(kind, world.own(key), key.encode(), value, 'changed', paths)
    return key


def stale(world, kind):
    def has_more(key):
        value = json.loads(world.stored(kind, key))
        return kind != 'execution' or len(value['state']['histories']) > 1
    if kind not in ('flow-last', 'trigger', 'execution'):
        return None
    key = world.pick(kind, has_more)
    if not key:
        return None
    value = json.loads(world.stored(kind, key))
    if kind == 'flow-last':
        value['revision'] -= 1
    elif kind == 'trigger':
        field = 'updatedDate' if 'updatedDate' in value else 'date'
        value[field] = value[field].replace('2026-', '2025-', 1)
    else:
        value['state']['histories'].pop()
        value['state']['current'] = value['state']['histories'][-1]['state']
    world.put(kind, world.own(key), key.encode(), dumps(value).encode(), 'stale', None)
    return key


def newer(world, kind):
    if kind not in ('flow-last', 'trigger', 'execution'):
        return None
    key = world.pick(kind)
    if not key:
        return None
    value = json.loads(world.stored(kind, key))
    if kind == 'flow-last':
        value['revision'] += 1
    elif kind == 'trigger':
        field = 'updatedDate' if 'updatedDate' in value else 'date'
        value[field] = value[field].replace('2026-', '2027-', 1)
    else:
        value['state']['histories'].append({'state': 'KILLED', 'date': '2027-01-01T00:00:00.000Z'})
        value['state']['current'] = 'KILLED'
    world.put(kind, world.own(key), key.encode(), dumps(value).encode(), 'newer', None)
    return key


def tombstone(world, kind):
    key = world.pick(kind)
    if key:
        world.put(kind, world.own(key), key.encode(), None)
    return key


def extra(world, kind):
    world.count += 1
    value = {'tenantId': 'nobody', 'namespace': 'planted.ns', 'id': f'é-{world.count}', 'flowId': 'f', 'revision': 1,
             'triggerId': f't{world.count}', 'deleted': world.random.random() < 0.3}
    key = '_'.join(expect.entity(kind, value, 'I')) + ('_1' if kind == 'flow' else '')
    world.used.add((kind, key))
    world.put(kind, world.own(key), key.encode(), dumps(value).encode())
    return key


def misplaced(world, kind):
    key = world.pick(kind)
    if key:
        world.put(kind, world.own(key), key.encode(), None)
        world.put(kind, world.other(key), key.encode(), world.stored(kind, key).encode())
    return key


def misplaced_extra(world, kind):
    world.count += 1
    key = f'lost-{world.count}'
    world.put(kind, world.other(key), key.encode(), dumps({'id': key, 'namespace': 'n'}).encode())
    return key


def duplicated(world, kind):
    key = world.pick(kind)
    if key:
        for partition in {world.other(key), world.other(key)}:
            world.put(kind, partition, key.encode(), world.stored(kind, key).encode())
    return key


NO_OBJECTS = (b'', b'[]', b'null', b'"x"', b'{', b'{"a":1}x', b'{"a":"\xff"}', b'{"a":\x00}', b'not JSON',
              b'{"a":' + 300 * b'[' + 299 * b']' + b'}')


def undecodable(world, kind):
    key = world.pick(kind)
    if key:
        partition = world.random.choice([world.own(key), world.other(key)])
        world.put(kind, partition, key.encode(), world.random.choice(NO_OBJECTS), 'undecodable')
    return key


def huge_key(world, kind):
    """Nobody limits the key of a record but the broker."""
    world.count += 1
    key = f'{world.count}\x1b[2J\u009b\n' + 1200000 * 'k'
    world.put(kind, world.own(key), key.encode(), b'{}')
    return 'a key of 1.2 MB'


def undecodable_extra(world, kind):
    world.count += 1
    key = f'noise-{world.count}'
    world.put(kind, world.own(key), key.encode(), world.random.choice(NO_OBJECTS), 'undecodable')
    return key


def keyless(world, kind):
    key = world.random.choice([None, b'\xff\xfe', b'a\xc3'])
    world.put(kind, world.random.randrange(world.partitions), key, world.random.choice([None, b'{}', b'x']))
    return repr(key)


def ahead(world, kind):
    """The topic has a revision that the store does not have yet."""
    if kind != 'flow':
        return None
    flow = world.random.choice(sorted(world.store['flow-last']))
    value = json.loads(world.store['flow-last'][flow][0])
    world.count += 1
    value['revision'] += world.count
    key = f'{flow}_{value["revision"]}'
    world.used.add((kind, key))
    world.put(kind, world.own(key), key.encode(), dumps(value).encode())
    return key


def same(world, kind):
    """Another record that says the same: no difference."""
    key = world.pick(kind)
    if key:
        value = json.loads(world.stored(kind, key))
        value = dict(sorted(value.items(), reverse=True), planted=None)
        if 'flowRevision' in value:
            text = dumps(value, indent=1).replace(f'"flowRevision": {value["flowRevision"]}',
                                                       f'"flowRevision": {value["flowRevision"]}.0e0')
        else:
            text = dumps(value, ensure_ascii=False, separators=(',', ':'))
        text = text.replace('.000+01:00"', '.000999+0100"') if kind == 'none' else text
        world.put(kind, world.own(key), key.encode(), text.encode())
    return key


def aborted(world, kind):
    """Records of an aborted transaction: nobody may see them."""
    key = world.pick(kind)
    if key:
        world.aborts.append(f'put {world.topic(kind)} {world.own(key)} {tohex(key.encode())} x5b5d')
    return key


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def store_gone(world, kind):
    """A row less: its record is extra. The highest revision of a flow makes the next one the highest, which
    the model leaves to the other kinds."""
    if kind not in ('template', 'trigger', 'execution'):
        return None
    key = world.pick(kind)
    if key:
        world.execute(f'delete from {expect.TABLES[kind]} where key = {literal(key)}')
    return key


def store_deleted(world, kind):
    if kind not in ('template', 'execution'):
        return None
    key = world.pick(kind)
    if key:
        world.execute(f'update {expect.TABLES[kind]} set value = value || \'{{"deleted": true}}\' where key = {literal(key)}')
    return key


def store_new(world, kind):
    """A row more, of which no record ever was: missing, without an offset."""
    if kind not in ('template', 'trigger', 'execution'):
        return None
    world.count += 1
    old = world.random.choice(sorted(world.store[kind]))
    value = json.loads(world.stored(kind, old))
    value['triggerId' if kind == 'trigger' else 'id'] = f'new-{world.count}'
    key = '_'.join(expect.entity(kind, value, 'I'))
    world.used.add((kind, key))
    world.execute(f'insert into {expect.TABLES[kind]} (key, value) values ({literal(key)}, {literal(dumps(value))})')
    return key


def store_changed(world, kind):
    if kind == 'flow-last':
        return None
    key = world.pick(kind)
    if key:
        world.execute(f'update {expect.TABLES[kind]} set value = value || \'{{"planted": [1, {{"x": "y"}}]}}\' '
                      f'where key = {literal(key)}')
        paths = [('/planted', [1, {'x': 'y'}], None)]
        mark(world, kind, key, paths)
        last = key.rsplit('_', 1)[0]
        if kind == 'flow' and world.store['flow-last'][last][1] == key:
            mark(world, 'flow-last', last, paths)
    return key


def mark(world, kind, key, paths):
    """The store moved away from a record."""
    world.used.add((kind, key))
    record = world.at(kind, key).get(world.own(key))
    if record and record.says == 'equal':
        record.says, record.paths = 'changed', paths
    elif record:
        record.paths = None


OPERATIONS = (changed, stale, newer, ahead, tombstone, extra, misplaced, misplaced_extra, duplicated, undecodable,
              undecodable_extra, huge_key, keyless, same, aborted, store_gone, store_deleted, store_new, store_changed)


# ---- what verify has to say -----------------------------------------------------------------------------

def line_of(kind, key, name, topic, partition, offset, store=None, identity=(None, None, None), paths=()):
    return {'kind': kind, 'key': key, 'class': name, 'tenant': identity[0], 'namespace': identity[1],
            'id': identity[2], 'store': store, 'topic': topic, 'partition': partition, 'offset': offset,
            'explained': None, 'paths': paths, 'more_paths': False}


def parse_object(data):
    try:
        value = json.loads(data.decode())
    except (ValueError, AttributeError):
        return None
    return value if isinstance(value, dict) else None


def identity_of(data):
    value = parse_object(data) or {}
    texts = [value.get(TENANT), value.get(NAMESPACE), value.get('id'), value.get('triggerId')]
    texts = [t if isinstance(t, str) else None for t in texts]
    return texts[0], texts[1], texts[2] if texts[2] is not None else texts[3]


def classify(expected, own, records):
    """Class and record to show, the first that fits; None: no difference."""
    live = {p: r for p, r in records.items() if r.value is not None}
    broken = sorted((p != own, p) for p, r in live.items() if r.says == 'undecodable')
    others = sorted(p for p in live if p != own)
    if broken:
        return 'undecodable', broken[0][1]
    if own in live and others:
        return 'duplicated', others[0]
    if others:
        return 'misplaced', others[0]
    if expected and own not in live:
        return 'missing', own
    if not expected and own in live:
        return 'extra', own
    if expected and live[own].says != 'equal':
        return ('stale' if live[own].says == 'stale' else 'changed'), own
    return None


def is_ahead(world, key):
    """Of a flow that the store knows, with lower revisions only."""
    flow, _, revision = key.rpartition('_')
    last = world.store['flow-last'].get(flow)
    return bool(last) and int(revision) > json.loads(last[0])['revision']


def explanation(world, kind, key, name, record):
    """What an audit says of it."""
    value = parse_object(record.value) if record else None
    in_store = key in world.store[kind]
    if name == 'changed' and record.says == 'newer':
        return 'topic-newer'
    if name == 'missing' and kind == 'trigger' and record:
        return 'trigger-tombstone'
    if name == 'extra' and kind == 'flow' and is_ahead(world, key):
        return 'topic-newer'
    if name != 'extra' or in_store:
        return None
    was_deleted = key in world.deleted.get(kind, ())
    if kind == 'execution':
        if value.get('deleted') is True:
            return 'execution-deleted'
        return None if was_deleted else 'execution-purged'
    return {'template': 'template-deleted', 'flow': 'flow-revision-removed',
            'flow-last': 'flow-revision-removed'}.get(kind)


def expected_line(world, kind, key):
    stored = world.store[kind].get(key)
    records = world.topics[kind].get(key, {})
    found = classify(stored, world.own(key), records)
    if not found:
        return None
    name, partition = found
    record = records.get(partition)
    address = f'{world.tables[kind]}/{stored[1]}' if stored else None
    # Of an unexpected key only the topic knows whose it is.
    source = stored[0].encode() if stored else (record.value if name != 'undecodable' else None)
    paths = record.paths if name in ('changed', 'stale') else ()
    line = line_of(kind, key, name, world.topic(kind), partition, record.offset if record else None, address,
                   identity_of(source), paths)
    line['explained'] = explanation(world, kind, key, name, record)
    return line


def expected_lines(world, audit):
    lines = list(world.keyless)
    for kind in KINDS:
        for key in set(world.store[kind]) | set(world.topics[kind]):
            line = expected_line(world, kind, key)
            if line:
                lines.append(line if audit else dict(line, explained=None))
    return lines


def place(line):
    return line['kind'], line['key'] or '', line['partition'], -1 if line['offset'] is None else line['offset']


def same_paths(want, got):
    if want is None:
        return len(got) > 0
    return [tuple(p) for p in want] == [(p['path'], p['store'], p['topic']) for p in got]


def compare(want, got):
    """What is wrong, as lines."""
    wrong = []
    want, got = {place(line): line for line in want}, {place(line): line for line in got}
    for at in sorted(want.keys() | got.keys()):
        w, g = want.get(at), got.get(at)
        if not w or not g:
            wrong.append(f'{at}: {"not told, expected" if w else "told, not expected"}: {w or g}')
            continue
        for name in w:
            if not (same_paths(w[name], g[name]) if name == 'paths' else w[name] == g[name]):
                wrong.append(f'{at}: {name} is {g[name]}, expected {w[name]}')
    return wrong


# ---- rounds ---------------------------------------------------------------------------------------------

def verify(world, *options):
    report = f'{world.work}/verify.json'
    run = subprocess.run([os.environ['REQUEUE_BIN'], 'verify', '--store', world.url, '--kafka',
                          os.environ['REQUEUE_TEST_KAFKA'], '--topic-prefix', world.prefix, '--consumer-prefix',
                          world.prefix, '--report', report, *world.options, *options], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False)
    with open(report, encoding='utf-8') as f:
        said = json.load(f)
    with open(f'{world.work}/verify.differences.jsonl', encoding='utf-8') as f:
        lines = [json.loads(line) for line in f]
    return run, said, lines


def counts_of(lines):
    counts = {}
    for line in lines:
        at = line['kind'], 'explained' if line['explained'] else 'differences', line['class']
        counts[at] = counts.get(at, 0) + 1
    return counts


def check(world, name, audit, strict=False):
    options = ['--audit'] + ['--strict'] * strict if audit else ['--executions', 'all', '--unlock', 'none']
    run, said, got = verify(world, *options)
    want = expected_lines(world, audit)
    wrong = compare(want, got)
    counting = [line for line in want if strict or not line['explained']]
    if run.returncode != (2 if counting else 0):
        wrong.insert(0, f'exit status {run.returncode}, {len(counting)} lines count: {run.stdout[-600:]}')
    counted = {(kind, what, c): n for kind, r in said['results'].items() for what in ('differences', 'explained')
               for c, n in r[what].items() if n > 0}
    if any(c < ' ' and c != '\n' or '\x7f' <= c < '\xa0' for c in run.stdout):
        wrong.append(f'a control character is shown: {run.stdout!r}')
    by_rule = {}
    for line in want:
        if line['explained']:
            at = line['kind'], line['explained']
            by_rule[at] = by_rule.get(at, 0) + 1
    told = {(kind, rule): n for kind, r in said['results'].items() for rule, n in r['explained_by'].items()}
    if told != by_rule:
        wrong.append(f'the report explains {told}, expected {by_rule}')
    if counted != counts_of(want):
        wrong.append(f'the report counts {counted}, expected {counts_of(want)}')
    if said['differences'] != len(counting):
        wrong.append(f'the report has {said["differences"]} differences, expected {len(counting)}')
    print(('not ok - ' if wrong else 'ok - ') + name)
    for line in wrong[:12]:
        print('#   ' + re.sub('k{50,}', 'k...', str(line))[:1200])
    if wrong:
        print('#   operations: ' + '; '.join(world.log)[-6000:])
    sys.stdout.flush()
    return said


def operate(world, operation, kind):
    done = operation(world, kind)
    if done:
        world.log.append(f'{operation.__name__} {kind} {done}')


def main():
    url, prefix, seed, rounds, work = sys.argv[1:]
    world = World(url, prefix, seed, work)
    check(world, 'nothing is planted: no difference', False)
    for operation in OPERATIONS:
        world.log = []
        for kind in KINDS:
            operate(world, operation, kind)
        world.flush()
        name = operation.__name__.replace('_', ' ')
        check(world, f'{name}, planted in every kind that has it, is told as what it is', False)
    check(world, 'the audit explains what Kestra\'s own life produces, and nothing else', True)
    check(world, 'with --strict explained differences count', True, True)
    world.log = []
    for number in range(1, int(rounds) + 1):
        for _ in range(world.random.randrange(1, 25)):
            operate(world, world.random.choice(OPERATIONS), world.random.choice(KINDS))
        world.flush()
        if number % 2:
            check(world, f'random round {number}: every difference is told, and none that is not there', False)
        else:
            check(world, f'random round {number}: the audit tells all of them and explains the right ones', True)


if __name__ == '__main__':
    main()
