#!/usr/bin/env python3
"""Live like a Kestra: change entities, create some and delete some, all the time; first in the topics,
a moment later in the database.

  live_writer.py URL PREFIX SEED READY    until it is terminated; READY is made when it has begun

It touches only the first half of each kind's keys, in their order. One template is written so often that its
two sides hardly ever agree.
"""
import json
import os
import random
import signal
import subprocess
import sys
import time

import expect

PARTITIONS = 16
LAG_S = 0.3      # of the database behind the topics
STEP_S = 0.03


class Writer:
    def __init__(self, url, prefix, seed):
        self.random = random.Random(seed)
        self.prefix = prefix
        self.db = subprocess.Popen(['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', url], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.topics = subprocess.Popen([os.environ['REQUEUE_TEST_TOOLS'] + '/plant', 'write'], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, text=True)
        self.lagging = []  # (when, SQL)
        self.count = 0
        self.store = {kind: {key: json.loads(text) for key, (text, _) in sorted(keys.items())[:(len(keys) + 1) // 2]}
                      for kind, keys in expect.expected(url, 'I', 'all').items()}

    def put(self, kind, key, value):
        data = '-' if value is None else 'x' + json.dumps(value).encode().hex()
        self.topics.stdin.write(f'put {self.prefix}{kind.replace("-", "_")} {expect.partition_of(key, PARTITIONS)} '
                                f'x{key.encode().hex()} {data}\n')
        self.topics.stdin.flush()

    def later(self, sql):
        self.lagging.append((time.monotonic() + LAG_S, sql))

    def catch_up(self, now):
        while self.lagging and self.lagging[0][0] <= now:
            self.db.stdin.write(self.lagging.pop(0)[1] + ';\n')
        # The database is never further behind than it is meant to be.
        self.db.stdin.write('\\echo done\n')
        self.db.stdin.flush()
        self.db.stdout.readline()

    def change(self, kind, key):
        value = self.store[kind][key]
        self.count += 1
        value['lived'] = self.count
        if kind == 'trigger' and 'updatedDate' in value:
            value['updatedDate'] = f'2026-12-01T00:00:00.{self.count % 1000:03}Z'
        self.put(kind, key, value)
        self.later(f'update {expect.TABLES[kind]} set value = {quote(json.dumps(value))} where key = {quote(key)}')

    def create(self, kind):
        self.count += 1
        value = json.loads(json.dumps(self.random.choice(list(self.store[kind].values()))))
        value['triggerId' if kind == 'trigger' else 'id'] = f'lived-{self.count}'
        key = '_'.join(expect.entity(kind, value, 'I'))
        self.store[kind][key] = value
        self.put(kind, key, value)
        self.later(f'insert into {expect.TABLES[kind]} (key, value) values ({quote(key)}, {quote(json.dumps(value))})')

    def remove(self):
        key = self.random.choice(list(self.store['trigger']))
        if not key.rsplit('_', 1)[1].startswith('lived-'):
            return
        del self.store['trigger'][key]
        self.put('trigger', key, None)
        self.later(f'delete from triggers where key = {quote(key)}')

    def revise(self):
        """A flow gets its next revision."""
        key, value = self.random.choice(list(self.store['flow-last'].items()))
        self.count += 1
        value['revision'] += 1
        value['description'] = f'lived {self.count}'
        self.put('flow', f'{key}_{value["revision"]}', value)
        self.put('flow-last', key, value)
        stored = {name: v for name, v in value.items() if name != 'source'}
        stored_key = f'{key}_{value["revision"]}'
        self.later(f'insert into flows (key, value, source_code) values ({quote(stored_key)}, {quote(json.dumps(stored))}, '
                   f'{quote(value["source"])})')

    def step(self):
        hot = next(iter(self.store['template']))
        self.change('template', hot)
        what = self.random.randrange(10)
        if what < 5:
            kind = self.random.choice(['template', 'trigger', 'execution'])
            self.change(kind, self.random.choice([k for k in self.store[kind] if k != hot]))
        elif what < 7:
            self.create(self.random.choice(['template', 'trigger', 'execution']))
        elif what < 8:
            self.revise()
        else:
            self.remove()


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def main():
    url, prefix, seed, ready = sys.argv[1:]
    going = [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    writer = Writer(url, prefix, int(seed))
    while going:
        writer.step()
        writer.catch_up(time.monotonic())
        if writer.count > 30 and ready:
            with open(ready, 'w', encoding='utf-8'):
                ready = None
        time.sleep(STEP_S)
    writer.catch_up(time.monotonic() + 2 * LAG_S)
    for process in (writer.db, writer.topics):
        process.stdin.close()
    return 1 if writer.db.wait() or writer.topics.wait() else 0


if __name__ == '__main__':
    sys.exit(main())
