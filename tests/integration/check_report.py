#!/usr/bin/env python3
"""Is a report what its JSON Schema says, and does it agree with what stood on the screen?

  check_report.py schema REPORT.json [LINES.jsonl...]   the report and its lines against schemas/
  check_report.py table  REPORT.json SCREEN             the numbers of the closing table are those of the report
"""
import json
import os
import sys

COLUMNS = {'rebuild': ['read', 'left_out', 'skipped', 'sent', 'acknowledged'],
           'verify': ['read', 'left_out', 'skipped']}


def validator(name):
    import jsonschema
    path = os.path.join(os.path.dirname(__file__), '..', '..', 'schemas', name)
    with open(path, encoding='utf-8') as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def load(path):
    with open(path, encoding='utf-8') as f:
        return json.load(f)


def check_schema(report, lines):
    wrong = [f'{report}: {"/".join(map(str, e.absolute_path))}: {e.message}'
             for e in validator('report.schema.json').iter_errors(load(report))]
    of_lines = validator('lines.schema.json')
    for path in lines:
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                wrong += [f'{path}:{number}: {e.message}' for e in of_lines.iter_errors(json.loads(line))]
    return wrong


def row_of(command, result):
    row = [result[name] for name in COLUMNS[command]]
    d, topic = result['differences'], result['topic']
    if not topic:
        return row + ['-'] * 5
    return row + [topic['keys'], d['missing'], d['extra'], d['changed'] + d['stale'], d['misplaced'] + d['duplicated']]


def check_table(report, screen):
    said, wrong, shown = load(report), [], {}
    with open(screen, encoding='utf-8') as f:
        lines = f.read().splitlines()
    for line in lines:
        words = line.split()
        if words and words[0] in said['results'] and len(words) == len(COLUMNS[said['command']]) + 8:
            shown[words[0]] = words[1:-2]
    for kind, result in said['results'].items():
        row = [str(number) for number in row_of(said['command'], result)]
        if shown.get(kind) != row:
            wrong.append(f'{kind}: the table has {shown.get(kind)}, the report {row}')
    if lines[-1] != said['verdict']:
        wrong.append(f'the last line is {lines[-1]!r}, the report has {said["verdict"]!r}')
    return wrong


def main():
    command, report, *rest = sys.argv[1:]
    wrong = check_schema(report, rest) if command == 'schema' else check_table(report, rest[0])
    print('\n'.join(line[:400] for line in wrong[:20]))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
