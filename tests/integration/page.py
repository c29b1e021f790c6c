#!/usr/bin/env python3
"""The page of --report-html in a real browser; prints its checks.

  page.py PAGE.html REPORT.json
"""
import json
import re
import sys
import tempfile

from browser import Browser

FAILED = 0


def check(name, actual, expected=True):
    global FAILED
    if actual == expected:
        print(f'ok - {name}')
    else:
        FAILED += 1
        print(f'not ok - {name}\n#   is:       {actual!r}\n#   expected: {expected!r}'[:1500])


def section(title):
    return f"Array.from(document.querySelectorAll('section')).find(s => s.querySelector('h2').textContent === {json.dumps(title)})"


def rows(b, title):
    return b.run(f"Array.from({section(title)}.querySelectorAll('.list tbody tr')).map(r => Array.from(r.cells).map(c => c.textContent))")


def choose(b, title, name, value):
    b.run(f"""(function () {{
        var box = Array.from({section(title)}.querySelectorAll('label')).find(l => l.firstChild.textContent === {json.dumps(name)}).querySelector('select');
        box.value = {json.dumps(value)}; box.dispatchEvent(new Event('change'));
    }}())""")


def search(b, title, words):
    """Typed, not sent: the list waits a moment for the next letter."""
    return b.run(f"""new Promise(function (done) {{
        var s = {section(title)}, box = s.querySelector('input[type=search]');
        new MutationObserver(function (_, o) {{ o.disconnect(); setTimeout(() => done(s.querySelectorAll('.list tbody tr').length), 0); }})
            .observe(s.querySelector('.list tbody'), {{ childList: true }});
        box.value = {json.dumps(words)}; box.dispatchEvent(new Event('input'));
    }})""")


def count(b, title):
    return b.run(f"{section(title)}.querySelector('.count').textContent")


def grouped(number):
    return f'{number:,}'


def table(b, report):
    if not report['results']:
        return
    shown = {r[0]: r[1:] for r in b.run(f"Array.from({section('What was handled')}.querySelectorAll('tbody tr')).map(r => [r.cells[0].firstChild.textContent].concat(Array.from(r.cells).slice(1).map(c => c.textContent)))")}
    for kind, r in report['results'].items():
        expected = [grouped(r['read']), grouped(r['left_out']), grouped(r['skipped'])]
        check(f'the row of {kind} has the numbers of the report', shown[kind][:3], expected)


def differences(b, report):
    if not report['differences']:
        return
    each = {}
    for kind, r in report['results'].items():
        for name, number in r['differences'].items():
            each[name] = each.get(name, 0) + min(number, 1000)
    listed = sum(each.values())
    check('the list begins with 200 rows at most', len(rows(b, 'Differences')), min(listed, 200))
    check('it tells how many there are, and where', f"the run has {grouped(report['differences'])}" in count(b, 'Differences') and
          report['differences_file'] in count(b, 'Differences') if listed < report['differences'] else True)
    for name in [n for n in each if each[n]]:
        choose(b, 'Differences', 'Class', name)
        shown = rows(b, 'Differences')
        check(f'filtered by class {name}', (len(shown), {r[0] for r in shown}), (min(each[name], 200), {name}))
    name = max(each, key=each.get)
    choose(b, 'Differences', 'Class', name)
    if each[name] > 200:
        b.run(f"{section('Differences')}.querySelector('button.more').click()")
        check('one press shows 200 more', len(rows(b, 'Differences')), min(each[name], 400))
    check('a search that nothing has finds nothing', search(b, 'Differences', 'no such key'), 0)
    choose(b, 'Differences', 'Class', '')


def executions(b, report):
    x = report['executions']
    if not x or not x['pending']:
        return
    check('every pending execution is on the page', count(b, 'Pending executions').split(' shown')[0].split(' of ')[1], grouped(x['pending']))
    for code in [c for c, number in x['by_code'].items() if number]:
        b.run(f"Array.from({section('Pending executions')}.querySelectorAll('button.link')).find(x => x.textContent === {json.dumps(code)}).click()")
        shown = rows(b, 'Pending executions')
        check(f'filtered by code {code}', (len(shown), all(code in r[3].split(', ') or code in r[3] for r in shown)), (x['by_code'][code], True))


def looks(b):
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    b.look(1280)
    light = b.run(paper)
    b.look(1280, dark=True)
    check('it is dark where the reader wants it', b.run(paper) != light)
    check('a kind and a place in the topic are not broken into pieces', b.run("Array.from(document.querySelectorAll('.list.differences tbody tr')).every(r => r.cells[1].clientHeight && r.cells[3].offsetWidth > 180 && getComputedStyle(r.cells[1]).whiteSpace === 'nowrap')"))
    b.look(360)
    check('nothing runs out of a narrow window', b.run('document.documentElement.scrollWidth'), 360)
    check('nor do words in it', b.run("Array.from(document.querySelectorAll('.codes td, .list td')).filter(c => c.getBoundingClientRect().right > 360).map(c => c.textContent)"), [])
    check('each cell of a list says what it is', b.run("Array.from(document.querySelectorAll('.list tbody tr')).every(r => Array.from(r.cells).slice(1).every(c => getComputedStyle(c, '::before').content.length > 6))"))
    b.look(680, dark=True, paper=True)
    check('nothing is wider than paper', b.run('document.documentElement.scrollWidth') <= 680)
    check('on paper no state is broken into pieces', b.run("Array.from(document.querySelectorAll('.list.executions td:nth-child(3)')).every(c => c.offsetWidth > 90)"))
    b.look(1000, dark=True, paper=True)
    check('paper is white, and has no filters', (b.run(paper), b.run("Array.from(document.querySelectorAll('.filters')).every(f => getComputedStyle(f).display === 'none')")), ('rgb(255, 255, 255)', True))
    b.look(1280)


def times(b, path):
    """Seconds as a person reads them, on the same page with another number."""
    page = open(path, encoding='utf-8').read()
    head, data, tail = re.fullmatch(r'(.*<script[^>]* id="data"[^>]*>)(.*?)(</script>.*)', page, re.DOTALL).groups()
    data = json.loads(data)
    shown = []
    for seconds in (0.5, 9.996, 59.97, 119.7, 3599.6, 7170, 90000):
        data['report']['seconds'] = seconds
        with tempfile.NamedTemporaryFile('w', suffix='.html', encoding='utf-8') as f:
            f.write(head + json.dumps(data).replace('<', '\\u003c') + tail)
            f.flush()
            b.open(f.name)
            shown.append(b.run("Array.from(document.querySelectorAll('dt')).find(t => t.textContent === 'Took').nextSibling.textContent"))
    check('times are rounded before they are cut into units', shown, ['0.50 s', '10.0 s', '1 min 0 s', '2 min 0 s', '1 h 0 min', '2 h 0 min', '25 h 0 min'])


def main():
    path, report = sys.argv[1], json.load(open(sys.argv[2], encoding='utf-8'))
    with Browser() as b:
        b.look(1280)
        b.open(path)
        check('the title tells the verdict', b.run('document.title'), f"requeue {report['command']}: {report['verdict']}")
        check('so does the page', report['verdict'].startswith(b.run("document.querySelector('h1').textContent")))
        check('the text of the screen has made room', b.run("document.getElementById('plain')"), None)
        check('words of documents are text', b.run("[document.scripts.length, document.querySelectorAll('img,iframe,object,link:not([rel=icon])').length, typeof window.hostile]"), [2, 0, 'undefined'])
        table(b, report)
        differences(b, report)
        executions(b, report)
        looks(b)
        check('the console is empty, and nothing was asked of any server', b.noise, [])
        times(b, path)
        b.ask('Emulation.setScriptExecutionDisabled', value=True)
        b.open(path)
        b.ask('DOM.enable')
        root = b.ask('DOM.getDocument')['root']['nodeId']
        plain = b.ask('DOM.getOuterHTML', nodeId=b.ask('DOM.querySelector', nodeId=root, selector='#plain')['nodeId'])['outerHTML']
        check('without scripts it shows what the screen had', report['verdict'] in plain.replace('&lt;', '<').replace('&gt;', '>').replace('&amp;', '&'))
    return 1 if FAILED else 0


if __name__ == '__main__':
    sys.exit(main())
