#!/usr/bin/env python3
"""Metrics of --metrics-textfile, read by Prometheus' own parser.

  metrics.py FILE.prom                        is it what a scrape takes, and as the rules of names say
  metrics.py FILE.prom NAME [LABEL=VALUE...]  the sum of those samples; - when there is none
"""
import re
import sys

# Debian's package; another python3 of the PATH need not have it.
sys.path.append('/usr/lib/python3/dist-packages')
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402


def main():
    path, *rest = sys.argv[1:]
    with open(path, encoding='utf-8') as f:
        families = list(text_string_to_metric_families(f.read()))
    if rest:
        labels = dict(word.split('=', 1) for word in rest[1:])
        values = [s.value for family in families for s in family.samples
                  if s.name == rest[0] and all(s.labels.get(k) == v for k, v in labels.items())]
        print(f'{sum(values):g}' if values else '-')
        return 0
    names = [family.name for family in families]
    wrong = [f'{n}: twice' for n in set(names) if names.count(n) > 1]
    for family in families:
        if family.type != 'gauge' or not family.documentation.endswith('.'):
            wrong.append(f'{family.name}: no gauge, or without help')
        if not re.fullmatch(r'requeue_[a-z_]*[a-z]', family.name) or family.name.endswith('_total'):
            wrong.append(f'{family.name}: not a name for a gauge')
        seen = [tuple(sorted(s.labels.items())) for s in family.samples]
        if not seen or len(set(seen)) != len(seen):
            wrong.append(f'{family.name}: no sample, or one twice')
        wrong += [f'{family.name}: no command' for s in family.samples if 'command' not in s.labels]
    print('\n'.join(wrong))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
