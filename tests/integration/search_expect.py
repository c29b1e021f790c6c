#!/usr/bin/env python3
"""Search servers: what the topics should hold, worked out from the documents alone.

  search_expect.py keys DIR SELECTION          DIR/KIND is what `plant read` printed of each topic; it holds
                                               what SELECTION (JSON: executions, kinds, namespace, tenant,
                                               since, until, unlock) takes of the sample
  search_expect.py kafka DIR DIFFERENCES       the topics are those that the sample's own Kestra had, but for
                                               DIFFERENCES, lines "KIND KEY ONLY-IN", each of which is there
  search_expect.py same DIR DIR                key, partition and canonical value of two rebuilds
  search_expect.py export URL                  a PostgreSQL's documents into the indices of $REQUEUE_TEST_SEARCH
  search_expect.py dump FILE...                its indices as elasticdump writes them; *.gz is compressed

Values are compared by the rules of a verifier: members in any order, numbers by decimal value, null and
empty as absent. Nothing here is shared with the program.
"""
import decimal
import gzip
import json
import os
import sys
import urllib.request

from expect import ENDED, KINDS, LOCKS, copy, entity, partition_of

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data')
INDEX = {'flow': 'flows_revisions', 'flow-last': 'flows_revisions', 'template': 'templates',
         'trigger': 'triggers', 'execution': 'executions'}
ONLY_IN_STORES = ('sourceCode', 'labelsMap')
PARTITIONS = 16


def parse(text):
    return json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)


def canonical(value):
    """Comparable: empty members are absent, numbers by value, lists in order."""
    if isinstance(value, dict):
        members = {name: canonical(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, '', [], {})}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    return value


# ---- expected --------------------------------------------------------------------------------------


def sample():
    """Index without prefix -> [_source]."""
    documents = {}
    with gzip.open(f'{DATA}/kestra-es-0.6.ndjson.gz', 'rt', encoding='utf-8') as lines:
        for line in lines:
            hit = parse(line)
            documents.setdefault(hit['_index'].removeprefix('kestra_'), []).append(hit['_source'])
    return documents


def is_selected(kind, value, s):
    if 'kinds' in s and kind not in s['kinds']:
        return False
    namespace = s.get('namespace')
    if namespace and not f'{value["namespace"]}.'.startswith(f'{namespace}.'):
        return False
    if s.get('tenant'):  # band A has none
        return False
    if kind in ('template', 'execution') and value.get('deleted'):
        return False
    if kind != 'execution':
        return True
    start = value['state']['startDate']  # all of one spelling, so that texts compare
    wanted = s.get('executions', 'none')
    return (wanted == 'all' or (wanted == 'pending' and value['state']['current'] not in ENDED)) and \
        s.get('since', '') <= start and (not s.get('until') or start < s['until'])


def is_locked(value, s, executions):
    """Does a trigger keep its lock? --unlock is dead unless the selection says otherwise: then it does while
    the execution that it waits for is sent and has not ended."""
    execution = executions.get(value.get('executionId'))
    return s.get('unlock', 'dead') == 'none' or \
        (s.get('unlock', 'dead') == 'dead' and execution is not None and execution['state']['current'] not in ENDED)


def expected(documents, s):
    result = {kind: {} for kind in KINDS}
    highest = {}
    revisions = {(flow['namespace'], flow['id'], flow['revision']) for flow in documents['flows_revisions']}
    for kind in sorted(KINDS):  # executions before the triggers that wait for them
        for value in documents[INDEX[kind]]:
            if not is_selected(kind, value, s):
                continue
            if kind == 'execution' and (value['namespace'], value['flowId'], value.get('flowRevision')) not in revisions:
                continue  # it would stop the executor
            left_out = ONLY_IN_STORES if INDEX[kind] == 'flows_revisions' else ()
            if kind == 'trigger' and not is_locked(value, s, result['execution']):
                left_out = LOCKS['A']
            key = '_'.join(entity(kind, value, 'A'))
            if kind == 'flow':
                key += f'_{value["revision"]}'
            if kind == 'flow-last':
                if value['revision'] < highest.get(key, -1):
                    continue
                highest[key] = value['revision']
            result[kind][key] = {name: v for name, v in value.items() if name not in left_out}
    return result


# ---- topics ----------------------------------------------------------------------------------------


def unhex(text):
    return None if text == '-' else bytes.fromhex(text[1:]).decode()


def read_topics(folder):
    """Kind -> key -> (partition, value) of the last record."""
    topics = {}
    for kind in KINDS:
        topic = topics[kind] = {}
        with open(f'{folder}/{kind}', encoding='ascii') as lines:
            for line in lines:
                partition, _, key, value = line.split()
                topic[unhex(key)] = (int(partition), canonical(parse(unhex(value))))
    return topics


def difference(want, have, names=('expected', 'the topic')):
    """Lines "KIND KEY WHAT"."""
    for kind in KINDS:
        for key in sorted(want[kind].keys() | have[kind].keys()):
            if key not in have[kind]:
                yield f'{kind} {key} only in {names[0]}'
            elif key not in want[kind]:
                yield f'{kind} {key} only in {names[1]}'
            elif want[kind][key] != have[kind][key]:
                yield f'{kind} {key} {str(want[kind][key])[:300]} but {str(have[kind][key])[:300]}'


def keys(folder, selection):
    want = {kind: {key: (partition_of(key, PARTITIONS), canonical(value)) for key, value in values.items()}
            for kind, values in expected(sample(), json.loads(selection)).items()}
    return list(difference(want, read_topics(folder)))


def kafka(folder, named):
    want = {kind: {} for kind in KINDS}
    with gzip.open(f'{DATA}/kestra-kafka-0.6.ndjson.gz', 'rt', encoding='utf-8') as lines:
        for line in lines:
            record = json.loads(line)
            topic = want[record['topic'].removeprefix('kestra_').replace('_', '-')]
            topic.pop(record['key'], None)
            if record['value'] is not None:
                topic[record['key']] = (record['partition'], canonical(parse(record['value'])))
    with open(named, encoding='utf-8') as lines:
        known = set(lines.read().splitlines())
    found = set(difference(want, read_topics(folder), ("Kestra's Kafka", 'the rebuilt')))
    return [f'not named: {line}' for line in sorted(found - known)] + \
        [f'named, but not there: {line}' for line in sorted(known - found)]


def same(one, other):
    topics = read_topics(one)
    empty = [kind for kind in KINDS if not topics[kind]]
    return [f'{kind}: nothing to compare' for kind in empty] + list(difference(topics, read_topics(other), (one, other)))


# ---- documents into and out of the server ----------------------------------------------------------


def ask(method, path, body=None):
    request = urllib.request.Request(os.environ['REQUEUE_TEST_SEARCH'] + path, body, method=method,
                                     headers={'Content-Type': 'application/x-ndjson'} if body else {})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return answer.read().decode()


def export(url):
    """The indices are there (load-search-sample); what they hold is replaced."""
    lines = []

    def add(index, name, source):
        lines.append(json.dumps({'index': {'_index': f'kestra_{index}', '_id': name}}))
        lines.append(source)

    for index in ('flows', 'flows_revisions', 'executions', 'templates', 'triggers'):
        for hit in json.loads(ask('GET', f'/kestra_{index}/_search?size=10000&_source=false'))['hits']['hits']:
            lines.append(json.dumps({'delete': {'_index': hit['_index'], '_id': hit['_id']}}))
    for text, code in copy(url, 'select value::text, source_code from flows'):
        value = json.loads(text)
        # As Elasticsearch has it: the source is a member, before the end so that all other bytes stay.
        add('flows_revisions', '_'.join(entity('flow', value, 'A')) + f'_{value["revision"]}',
            text if code is None else f'{text[:-1]}, "sourceCode": {json.dumps(code)}}}')
    for kind in ('template', 'trigger', 'execution'):
        for key, text in copy(url, f'select key, value::text from {INDEX[kind]}'):
            add(INDEX[kind], key, text)
    answer = json.loads(ask('POST', '/_bulk?refresh=true', ('\n'.join(lines) + '\n').encode()))
    return [str(item) for item in answer['items'] if [done['status'] for done in item.values()] not in ([200], [201])]


def dump(paths):
    lines = []
    for index in ('flows', 'flows_revisions', 'executions', 'templates', 'triggers'):
        text = ask('GET', f'/kestra_{index}/_search?size=10000')
        assert json.loads(text)['hits']['total']['value'] == len(json.loads(text)['hits']['hits'])
        # Each hit as it stands in the answer.
        decoder, at = json.JSONDecoder(), text.index('"hits":[') + len('"hits":[')
        while text[at] != ']':
            end = decoder.raw_decode(text, at)[1]
            lines.append(text[at:end] + '\n')
            at = end + (text[end] == ',')
    for path in paths:
        with (gzip.open if path.endswith('.gz') else open)(path, 'wt', encoding='utf-8') as out:
            out.writelines(lines)
    return []


def main():
    command, *rest = sys.argv[1:]
    wrong = {'keys': keys, 'kafka': kafka, 'same': same, 'export': export,
             'dump': lambda *paths: dump(paths)}[command](*rest)
    print('\n'.join(wrong[:30]))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
