#!/usr/bin/env python3
"""What the topics should hold, worked out from the database alone: keys, partitions and values.

Nothing here is shared with the program, so that an error of the program is not made twice.

  expect.py counts  URL BAND EXECUTIONS                         "KIND RECORDS" per kind
  expect.py compare URL BAND EXECUTIONS UNLOCK PARTITIONS DIR   DIR/KIND is what Kafka's console consumer
                                                                printed (see read_console); exit 1 and a line
                                                                for each record that is not as expected

EXECUTIONS is none, pending or all: which of them would come back by themselves is not worked out here. None is
expected whose flow revision is not in the topic, or that would end an executor, or that has been pending
without a change for more than 30 days (--max-age). UNLOCK is none, dead or all.

A database may say itself which of its rows are no records: table hostile.expected (place, key, reason),
see tests/data/hostile.sql.
"""
import calendar
import functools
import json
import re
import subprocess
import sys
import time

KINDS = ('flow-last', 'flow', 'template', 'trigger', 'execution')
TABLES = {'flow-last': 'flows', 'flow': 'flows', 'template': 'templates', 'trigger': 'triggers',
          'execution': 'executions'}
ENDED = {'SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED'}
STATES = ENDED | {'CREATED', 'RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', 'QUEUED', 'RETRYING'}
# What `--unlock all` takes out of a trigger.
LOCKS = {'A': ['executionId'],
         'F': ['executionId', 'evaluateRunningDate', 'executionCurrentState'],
         'I': ['executionId', 'evaluateRunningDate', 'workerId']}


# That somebody was evaluating a trigger is never true after a loss.
EVALUATING = 'evaluateRunningDate'
MAX_AGE_DAYS = 30

ONLY_IN_STORES = ['sourceCode', 'labelsMap']


def murmur2(data):
    """The hash of Java's Kafka client."""
    mask, m = 0xffffffff, 0x5bd1e995
    h = 0x9747b28c ^ len(data)
    full = len(data) // 4 * 4
    for i in range(0, full, 4):
        k = int.from_bytes(data[i:i + 4], 'little') * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    tail = data[full:]
    if tail:
        h = (h ^ int.from_bytes(tail, 'little')) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


@functools.lru_cache(maxsize=None)
def partition_of(key, partitions):
    return (murmur2(key.encode()) & 0x7fffffff) % partitions


def psql(url, query):
    run = subprocess.run(['psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', url, '-c', query],
                         stdout=subprocess.PIPE, check=True)
    return run.stdout.decode()


ESCAPES = {'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\'}


def copy(url, query):
    """The rows of a query, exactly: COPY's text format read back."""
    rows = []
    for line in psql(url, f'copy ({query}) to stdout').split('\n')[:-1]:
        rows.append([None if cell == '\\N' else re.sub(r'\\(.)', lambda e: ESCAPES[e.group(1)], cell)
                     for cell in line.split('\t')])
    return rows


def parse(text):
    """JSON whose numbers keep their spelling."""
    return json.loads(text, parse_float=lambda t: ('float', t), parse_int=int)


def members(text):
    """Name, start and end of each top-level member of jsonb's text."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    found, at = [], 1
    while text[at] != '}':
        name, after = decoder.raw_decode(text, at)
        assert text[after:after + 2] == ': '
        end = decoder.raw_decode(text, after + 2)[1]
        found.append((name, at, end))
        at = end + (2 if text[end] == ',' else 0)
    return found


def without(text, names):
    """The text without some members; all other bytes as they are."""
    return '{' + ', '.join(text[start:end] for name, start, end in members(text) if name not in names) + '}'


def quote(text):
    """As Kestra's writer: only what has to be escaped is, with the short forms where there are some."""
    return json.dumps(text, ensure_ascii=False)


def with_source(text, source):
    value = parse(text)
    if value.get('source') is not None or source is None:
        return text
    if 'source' in value:
        text = without(text, ['source'])
    comma = '' if text == '{}' else ','
    return f'{text[:-1]}{comma}"source":{quote(source)}}}'


def entity(kind, value, band):
    """The parts of the key without revision."""
    parts = [] if band == 'A' or value.get('tenantId') is None else [value['tenantId']]
    if kind == 'execution':
        return [value['id']]
    if kind == 'trigger':
        return parts + [value['namespace'], value['flowId'], value['triggerId']]
    return parts + [value['namespace'], value['id']]


def seconds(date):
    return calendar.timegm(time.strptime(date[:19], '%Y-%m-%dT%H:%M:%S'))


def newest(value):
    """Seconds of the last change that an execution tells, of itself or of its task runs; None: it tells none."""
    states = [value['state']] + [run['state'] for run in value.get('taskRunList') or [] if run.get('state')]
    return max((seconds(h['date']) for s in states for h in s.get('histories') or []), default=None)


def bearable(value, band, revisions):
    """Can an executor live with this execution in its topic, when these flow revisions are in theirs?"""
    flow = '_'.join(entity('flow', dict(value, id=value['flowId']), band))
    return f'{flow}_{value["flowRevision"]}' in revisions and \
        all((run.get('state') or {}).get('current') in STATES for run in value.get('taskRunList') or [])


def is_old(value, now):
    changed = newest(value)
    return None not in (changed, now) and now - changed > MAX_AGE_DAYS * 86400


def executions_sent(url, band, executions, revisions, skipped):
    """As rows_of, of those that may be sent at all."""
    now = max((newest(parse(text)) or 0 for text, in copy(url, 'select value::text from executions')), default=None)
    for row in rows_of(url, band, 'execution', executions, skipped):
        ended = row[0]['state']['current'] in ENDED
        if bearable(row[0], band, revisions) and (ended or not is_old(row[0], now)):
            yield row


def unlocked(value, text, band, unlock, executions):
    """A trigger's text: without its lock, when nobody that is sent will release it."""
    execution = executions.get(value.get('executionId'))
    held = execution and parse(execution[0])['state']['current'] not in ENDED
    if unlock == 'dead' and held:
        return without(text, [EVALUATING]) if value.get(EVALUATING) is not None else text
    if unlock != 'none' and any(value.get(m) is not None for m in LOCKS[band]):
        return without(text, LOCKS[band])
    return text


def not_sent(url):
    if psql(url, "select to_regclass('hostile.expected')").strip() == '':
        return set()
    return {(place, key) for place, key in
            copy(url, 'select place, key from hostile.expected where reason is not null')}


def rows_of(url, band, kind, executions='all', skipped=()):
    """Value, key, text and stored key of each record that a row gives."""
    source = ', source_code' if TABLES[kind] == 'flows' else ', null'
    for stored, text, code in copy(url, f'select key, value::text{source} from {TABLES[kind]}'):
        if (TABLES[kind], stored) in skipped:
            continue
        value = parse(text)
        if kind in ('template', 'execution') and value['deleted'] is True:
            continue
        if kind == 'execution' and (executions == 'none' or (executions == 'pending' and
                                                             value['state']['current'] in ENDED)):
            continue
        if TABLES[kind] == 'flows':
            text = without(text, ONLY_IN_STORES)
            text = with_source(text, code) if band == 'I' else text
        yield value, '_'.join(entity(kind, value, band)), text, stored


def expected(url, band, executions='none', unlock='none'):
    """Kind -> key -> (value, stored key)."""
    skipped = not_sent(url)
    result = {kind: {} for kind in KINDS}
    highest = {}
    for value, key, text, stored in rows_of(url, band, 'flow', skipped=skipped):
        revision = value.get('revision')
        revision = -1 if revision is None else revision
        result['flow'][f'{key}_{revision}'] = (text, stored)
        if revision > highest.get(key, -2):
            highest[key] = revision
            result['flow-last'][key] = (text, stored)
    for _, key, text, stored in rows_of(url, band, 'template', skipped=skipped):
        result['template'][key] = (text, stored)
    for _, key, text, stored in executions_sent(url, band, executions, result['flow'], skipped):
        result['execution'][key] = (text, stored)
    for value, key, text, stored in rows_of(url, band, 'trigger', skipped=skipped):
        result['trigger'][key] = (unlocked(value, text, band, unlock, result['execution']), stored)
    return result


def read_console(path):
    """Partition, key and value of each record, between separators that no key has."""
    with open(path, 'rb') as f:
        data = f.read()
    for line in data.split(b'\x1f#\n')[:-1]:
        partition, key, value = line.split(b'\x1f#\x1f', 2)
        yield int(partition.removeprefix(b'Partition:')), key.decode(), value


def compare(want, partitions, folder):
    wrong = []
    for kind in KINDS:
        left = dict(want[kind])
        for partition, key, value in read_console(f'{folder}/{kind}'):
            if key not in left:
                wrong.append(f'{kind} {key}: not expected, or sent twice')
                continue
            text = left.pop(key)[0].encode()
            if partition != partition_of(key, partitions):
                wrong.append(f'{kind} {key}: in partition {partition}, not {partition_of(key, partitions)}')
            if value != text:
                at = next((i for i, (a, b) in enumerate(zip(value, text)) if a != b), min(len(value), len(text)))
                wrong.append(f'{kind} {key}: from byte {at} {value[at:at + 60]!r}, expected {text[at:at + 60]!r}')
        wrong += [f'{kind} {key}: not in the topic' for key in left]
    return wrong


def main():
    command, url, band, executions = sys.argv[1:5]
    if command == 'counts':
        for kind, records in expected(url, band, executions).items():
            print(kind, len(records))
        return 0
    unlock, partitions, folder = sys.argv[5:8]
    wrong = compare(expected(url, band, executions, unlock), int(partitions), folder)
    print('\n'.join(wrong[:50]))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
