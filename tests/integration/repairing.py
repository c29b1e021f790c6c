#!/usr/bin/env python3
"""Plant differences, have verify name them, have repair send what it may: exactly that, and nothing else.

  repairing.py URL PREFIX SEED ROUNDS WORK

The model of the topics is that of planted.py. What a repair may send is said here once more, in words of
our own: missing, changed, stale, misplaced and broken records of keys that the store has, where the topic
is not newer; of executions missing ones only; tombstones for triggers alone. In some rounds topics and
store move on between the report and the repair.
"""
import json
import os
import re
import subprocess
import sys

import planted
from planted import KINDS, Record, World


def name_of(line):
    """What a line names: a key, or the place of a record without a usable one."""
    if line['class'] == 'undecodable' and '\ufffd' in (line['key'] or '\ufffd'):
        return line['kind'], line['partition'], line['offset']
    return line['kind'], line['key']


def names(lines):
    return {name_of(line) for line in lines}


def is_named(named, line):
    return name_of(line) in named


def decide(world, line, tombstones):
    """send, tombstone or keep."""
    kind, key, name = line['kind'], line['key'], line['class']
    if line in world.keyless:
        return 'keep'
    in_store = key in world.store[kind]
    if kind == 'execution':
        return 'send' if name == 'missing' else 'keep'
    if not in_store:
        return 'tombstone' if kind == 'trigger' and name == 'extra' and tombstones else 'keep'
    if name == 'changed' and world.topics[kind][key][world.own(key)].says == 'newer':
        return 'keep'
    if name == 'misplaced' and world.topics[kind][key][line['partition']].says == 'newer':
        return 'keep'
    if name == 'duplicated' or name == 'undecodable' and line['partition'] != world.own(key):
        return 'keep'
    return 'send'


def carry_out(world, line, action):
    kind, key = line['kind'], line['key']
    value = {'send': lambda: world.stored(kind, key).encode(), 'tombstone': lambda: None}[action]()
    world.at(kind, key)[world.own(key)] = Record(None, value)


def everything(world):
    return [sorted(world.plant('read', '-u', world.topic(kind)).splitlines()) for kind in KINDS]


def repair(world, source, *options):
    report = f'{world.work}/repair.json'
    run = subprocess.run([os.environ['REQUEUE_BIN'], 'repair', '--store', world.url, '--kafka',
                          os.environ['REQUEUE_TEST_KAFKA'], '--from', source, '--report', report, *options],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    with open(report, encoding='utf-8') as f:
        said = json.load(f)
    with open(f'{world.work}/repair.differences.jsonl', encoding='utf-8') as f:
        lines = [json.loads(line) for line in f]
    return run, said, lines


def tell(world, name, wrong):
    print(('not ok - ' if wrong else 'ok - ') + name)
    for line in wrong[:12]:
        print('#   ' + re.sub('k{50,}', 'k...', str(line))[:1500])
    if wrong:
        print('#   operations: ' + '; '.join(world.log)[-6000:])
    sys.stdout.flush()


def counts_wrong(said, want):
    """want: (kind, action) -> number."""
    got = {}
    for kind, counts in said['repair']['kinds'].items():
        for action, member in (('send', 'send'), ('tombstone', 'tombstones'), ('keep', 'kept'), ('right', 'right')):
            if counts[member]:
                got[kind, action] = counts[member]
    return [] if got == want else [f'it counts {got}, expected {want}']


def run_wrong(run, said, status):
    wrong = []
    if run.returncode != status or said['exit_status'] != status:
        wrong.append(f'exit status {run.returncode}, expected {status}: {run.stdout[-1500:]}')
    if any(c < ' ' and c != '\n' or '\x7f' <= c < '\xa0' for c in run.stdout):
        wrong.append(f'a control character is shown: {run.stdout!r}')
    return wrong


def nothing():
    """Nothing is planted in between."""


def one_repair(world, name, tombstones, later):
    """later: what to plant between the report and the repair."""
    _, _, reported = planted.verify(world, '--executions', 'all', '--unlock', 'none')
    source = f'{world.work}/old.differences.jsonl'
    for end in ('json', 'differences.jsonl'):
        os.replace(f'{world.work}/verify.{end}', f'{world.work}/old.{end}')
    later()
    named = names(reported)
    lines = [line for line in planted.expected_lines(world, False) if is_named(named, line)]
    decided = [(line, decide(world, line, tombstones)) for line in lines]
    want = {}
    for line, action in decided:
        want[line['kind'], action] = want.get((line['kind'], action), 0) + 1
    for line in reported:
        want[line['kind'], 'right'] = want.get((line['kind'], 'right'), 0) + 1
    for line, _ in decided:
        want[line['kind'], 'right'] -= 1
    want = {at: n for at, n in want.items() if n}
    options = ['--allow-tombstones'] if tombstones else []

    before = everything(world)
    run, said, got = repair(world, source, *options)
    wrong = run_wrong(run, said, 2 if lines else 0) + counts_wrong(said, want) + planted.compare(lines, got)
    if everything(world) != before:
        wrong.append('a dry run has changed a topic')
    tell(world, f'{name}: a dry run says what it would send, and changes nothing', wrong)

    run, said, got = repair(world, source, '--execute', *options)
    for line, action in decided:
        if action != 'keep':
            carry_out(world, line, action)
    rest = [line for line in planted.expected_lines(world, False) if is_named(named, line)]
    wrong = run_wrong(run, said, 2 if rest else 0) + counts_wrong(said, want) + planted.compare(rest, got)
    stay = sum(counts['stay'] for counts in said['repair']['kinds'].values())
    sent = sum(result['acknowledged'] for result in said['results'].values())
    if stay != len(rest):
        wrong.append(f'{stay} stay, expected {len(rest)}')
    if sent != sum(n for (_, action), n in want.items() if action in ('send', 'tombstone')):
        wrong.append(f'{sent} records were acknowledged, expected {want}')
    if rest and '--recreate --confirm' not in run.stdout and '--allow-tombstones' not in run.stdout:
        wrong.append(f'nothing is said about the rest: {run.stdout[-1500:]}')
    tell(world, f'{name}: --execute sends that, and names the rest', wrong)
    planted.check(world, f'{name}: verify finds the rest, and what was not named', False)

    before = everything(world)
    again = []
    run, said, got = repair(world, source, '--execute', *options)
    again += run_wrong(run, said, 2 if rest else 0) + planted.compare(rest, got)
    _, _, left = planted.verify(world, '--executions', 'all', '--unlock', 'none')
    if later is nothing:
        run, said, got = repair(world, f'{world.work}/verify.differences.jsonl', '--execute', *options)
        again += run_wrong(run, said, 2 if left else 0) + planted.compare(planted.expected_lines(world, False), got)
    if everything(world) != before:
        again.append('a second repair has sent something')
    tell(world, f'{name}: a second repair sends nothing', again)


def main():
    url, prefix, seed, rounds, work = sys.argv[1:]
    world = World(url, prefix, seed, work)

    one_repair(world, 'nothing is planted', False, nothing)
    for operation in planted.OPERATIONS:
        for kind in KINDS:
            planted.operate(world, operation, kind)
    world.flush()
    one_repair(world, 'every class of every kind', False, nothing)
    one_repair(world, 'the same with tombstones', True, nothing)
    for number in range(1, int(rounds) + 1):
        def plant_some():
            """The world moves on."""
            for _ in range(world.random.randrange(1, 25)):
                planted.operate(world, world.random.choice(planted.OPERATIONS), world.random.choice(KINDS))
            world.flush()

        world.log = []
        plant_some()
        one_repair(world, f'random round {number}', world.random.random() < 0.5, plant_some if number % 2 else nothing)


if __name__ == '__main__':
    main()
