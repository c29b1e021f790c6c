/*
 * The page of --report-html, drawn from the report that stands in it as JSON. Words of documents become
 * text nodes, nothing else: there is no way from them to markup. Where this does not run, the page shows what the
 * program said on the screen.
 */
(function () {
    'use strict';

    var data = JSON.parse(document.getElementById('data').textContent);
    var report = data.report;
    var MANY = 12; // indented lines that stay open
    var ROWS = 200; // of a list, at first and with each press of the button

    // ---- small tools ----

    // el('td', 'n', child, ...): a child is a node, a text, a list of these, or nothing.
    function el(name, className) {
        var node = document.createElement(name);
        if (className) node.className = className;
        add(node, Array.prototype.slice.call(arguments, 2));
        return node;
    }

    function add(node, child) {
        if (Array.isArray(child)) child.forEach(function (c) { add(node, c); });
        else if (child instanceof Node) node.appendChild(child);
        else if (child) node.appendChild(document.createTextNode(String(child)));
    }

    function svg(name, attributes) {
        var node = document.createElementNS('http://www.w3.org/2000/svg', name);
        Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
        return node;
    }

    function n(value) { return value.toLocaleString('en-US'); }
    function plural(count, word) { return n(count) + ' ' + word + (count === 1 ? '' : 's'); }
    function rate(value) { return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0, minimumFractionDigits: value < 100 ? 1 : 0 }); }
    function keys(object) { return Object.keys(object || {}); }
    function sum(object) { return keys(object).reduce(function (all, key) { return all + object[key]; }, 0); }
    function theirs(text) { return el('span', 'theirs', text); }
    function mono(text) { return el('span', 'theirs mono', text); }

    // Rounded before it is cut into units: never 1 min 60 s.
    function duration(seconds) {
        var whole = Math.round(seconds), minutes = Math.round(seconds / 60);
        if (seconds < 59.95) return (seconds < 9.995 ? seconds.toFixed(2) : seconds.toFixed(1)) + ' s';
        if (whole < 3600) return Math.floor(whole / 60) + ' min ' + whole % 60 + ' s';
        return Math.floor(minutes / 60) + ' h ' + minutes % 60 + ' min';
    }

    function age(seconds) {
        var units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
        for (var i = 0; i < 3; i++)
            if (seconds >= units[i][0])
                return Math.floor(seconds / units[i][0]) + ' ' + units[i][1] + ' ' + Math.floor(seconds % units[i][0] / units[i + 1][0]) + ' ' + units[i + 1][1];
        return seconds + ' s';
    }

    // A time of the report, to the second.
    function time(text) { return text.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'); }

    function table(className, heads, rows) {
        return el('table', className,
            heads && el('thead', '', el('tr', '', heads.map(function (h) { return el('th', h.n ? 'n' : '', h.n || h); }))),
            el('tbody', '', rows));
    }

    // rows: [label, value, text, tone, more]
    function bars(rows) {
        var most = rows.reduce(function (m, row) { return Math.max(m, row[1]); }, 0) || 1;
        return table('bars', null, rows.map(function (row) {
            var picture = svg('svg', { 'aria-hidden': 'true' });
            picture.appendChild(svg('rect', { 'class': 'groove', width: '100%', height: '100%', rx: 2 }));
            picture.appendChild(svg('rect', { width: 100 * row[1] / most + '%', height: '100%', rx: 2 }));
            return el('tr', row[3], el('td', 'name', row[0]), el('td', '', picture), el('td', 'n', row[2]), el('td', 'small', row[4]));
        }));
    }

    function section(title, children) { return el('section', '', el('h2', '', title), children); }

    // ---- the head ----

    // What a plan finds to do is no failure.
    function tone() {
        var exit = report.exit_status;
        if (exit === 0) return 'good';
        return exit === 3 || exit === 8 || exit === 4 || (exit === 2 && (report.command === 'plan' || /^REPAIR/.test(report.verdict))) ? 'look' : 'bad';
    }

    function sign(kind) {
        var picture = svg('svg', { viewBox: '0 0 40 40', 'aria-hidden': 'true' });
        picture.appendChild(svg('circle', { 'class': 'disc', cx: 20, cy: 20, r: 20 }));
        picture.appendChild(svg('path', { 'class': 'sign', d: { good: 'M11 21l6 6 12-13', look: 'M20 10v13M20 30v.1', bad: 'M13 13l14 14M27 13L13 27' }[kind] }));
        return picture;
    }

    var GRADES = {
        A: 'one snapshot for all kinds',
        B: 'one point in time for each index',
        C: 'read in slices; what was written meanwhile may be in a part only',
        D: 'read live'
    };

    function verdict() {
        var parts = /^([A-Z]+)[:,]?\s*(.*?)(?:\s*\(grade (.)\))?(;.*)?$/.exec(report.verdict) || [null, report.verdict, ''];
        var rest = (parts[2] || '') + (parts[4] || '');
        var grade = report.store.grade;
        return el('div', 'verdict ' + tone(), sign(tone()),
            el('div', '', el('h1', '', parts[1]), rest && el('p', '', rest.charAt(0).toUpperCase() + rest.slice(1))),
            grade && el('div', 'grade', el('b', '', 'Grade ' + grade), GRADES[grade]));
    }

    function partial() {
        var o = report.options || {};
        var only = [['tenant', 'tenant'], ['namespace', 'namespace'], ['since', 'executions from'], ['until', 'executions before']]
            .filter(function (p) { return o[p[0]] !== null && o[p[0]] !== undefined; })
            .map(function (p) { return p[1] + ' ' + (o[p[0]] === '' ? '(none)' : o[p[0]]); });
        return only.length && el('p', 'alert look', 'Only a part of the store was selected: ', theirs(only.join(', ')), '. A partial run proves that part.');
    }

    function facts() {
        var s = report.store, l = report.layout, o = report.options || {};
        function fact(name, value) { return value && [el('dt', '', name), el('dd', '', value)].reduce(function (box, c) { box.appendChild(c); return box; }, el('div', '')); }
        return el('dl', 'facts',
            fact('Store', s.product && theirs(s.product + ' ' + s.version + (s.place ? ', ' + s.place : ''))),
            fact('Kafka cluster', report.cluster && theirs(report.cluster)),
            fact('Layout', l && theirs(l.band + ' (Kestra ' + l.releases + '), ' + l.chosen)),
            fact('Began', time(report.started)),
            fact('Took', duration(report.seconds)),
            fact('Exit status', String(report.exit_status)),
            fact('Kinds', o.kinds && o.kinds.join(', ')),
            fact('Executions', o.executions && o.executions + (o.recover && o.recover !== 'none' ? ', recovered: ' + o.recover : '')),
            fact('Trigger locks', o.unlock && 'unlock ' + o.unlock),
            fact('Topics', o.topic_prefix !== undefined && theirs(o.topic_prefix + '…')),
            o.audit && fact('Compared as', 'audit' + (o.strict ? ', strict' : '')));
    }

    function failure() {
        var e = report.error;
        return e && el('div', 'alert bad', theirs(e.message), e.hint && el('p', '', el('b', '', 'Next: '), theirs(e.hint)));
    }

    // Lines of the screen; what is indented there belongs to the line above.
    function steps() {
        var lines = ((report.plan && report.plan.refusals) || []).map(function (text) { return 'refused: ' + text; }).concat(data.remarks);
        var items = [], under = [];
        function close() {
            var last = items[items.length - 1];
            if (!under.length) return;
            if (under.length <= MANY || !last) items = items.concat(under);
            else add(last, el('details', '', el('summary', '', 'show ' + plural(under.length, 'line')), el('ul', 'steps', under)));
            under = [];
        }
        lines.forEach(function (line) {
            var indent = /^ */.exec(line)[0].length;
            var item = el('li', indent > 2 ? 'under2' : indent > 0 ? 'under' : '', theirs(line.trim()));
            if (indent) return under.push(item);
            close();
            items.push(item);
        });
        close();
        return items.length && section('Remarks and next steps', el('ul', 'steps', items));
    }

    // ---- kinds ----

    var KINDS = keys(report.results);

    function cell(value, wrong) {
        if (value === null) return el('td', 'n zero', '–');
        return el('td', 'n' + (value === 0 ? ' zero' : wrong ? ' mark' : ''), n(value));
    }

    function reasons(r) {
        var all = keys(r.left_out_by_reason).map(function (k) { return n(r.left_out_by_reason[k]) + ' left out: ' + k; })
            .concat(keys(r.skipped_by_reason).map(function (k) { return n(r.skipped_by_reason[k]) + ' skipped: ' + k; }));
        if (r.topic && r.topic.outside) all.push(n(r.topic.outside) + ' other keys in the topic, not compared');
        return all.map(function (text) { return el('span', 'small', text); });
    }

    function kinds() {
        var writes = report.command === 'rebuild' || report.command === 'repair';
        var compares = KINDS.some(function (k) { return report.results[k].topic; });
        var heads = ['Kind', { n: 'Read' }, { n: 'Left out' }, { n: 'Skipped' }];
        if (writes) heads.push({ n: 'Sent' }, { n: 'Acknowledged' });
        if (compares) heads.push({ n: 'Keys in topic' }, { n: 'Missing' }, { n: 'Extra' }, { n: 'Changed' }, { n: 'Misplaced' }, { n: 'Undecodable' });
        heads.push({ n: 'Time' }, { n: 'MB/s' });
        var rows = KINDS.map(function (kind) {
            var r = report.results[kind], d = r.differences, t = r.topic;
            return el('tr', '', el('td', 'name', kind, reasons(r)), cell(r.read), cell(r.left_out), cell(r.skipped, true),
                writes && [cell(r.sent), cell(r.acknowledged, r.acknowledged !== r.sent)],
                compares && [cell(t && t.keys), cell(t && d.missing, true), cell(t && d.extra, true), cell(t && d.changed + d.stale, true),
                    cell(t && d.misplaced + d.duplicated, true), cell(t && d.undecodable, true)],
                el('td', 'n', duration(r.seconds)), el('td', 'n', r.seconds > 0 ? rate(r.bytes / 1e6 / r.seconds) : '–'));
        });
        return KINDS.length && section('What was handled', el('div', 'wide', table('kinds', heads, rows)));
    }

    function throughput() {
        var rows = KINDS.filter(function (k) { return report.results[k].seconds > 0 && report.results[k].bytes > 0; }).map(function (kind) {
            var r = report.results[kind], speed = r.bytes / 1e6 / r.seconds;
            return [kind, speed, rate(speed) + ' MB/s', '', n(Math.round(r.records / r.seconds)) + ' records/s'];
        });
        return rows.length && section('Throughput', [el('p', 'note', 'Bytes of records by the time of their kind, reading, ' +
            (report.command === 'rebuild' ? 'sending and proving together.' : 'projecting and comparing together.')), bars(rows)]);
    }

    function topics() {
        var list = (report.plan && report.plan.topics) || [];
        return report.command === 'plan' && list.length && section('Topics', el('div', 'wide', table('', ['What', 'Topic', 'Kind', { n: 'Partitions' }, { n: 'Replicas' }, 'Differs from the layout'], list.map(function (t) {
            return el('tr', '', el('td', 'name', t.action), el('td', '', mono(t.name), t.note && el('span', 'small', theirs(t.note))), el('td', '', t.kind || 'left empty'),
                el('td', 'n', n(t.partitions)), el('td', 'n', n(t.replication)),
                el('td', '', t.drift.map(function (d) { return el('div', 'small', theirs(d.config + ' is ' + (d.is === null ? 'not set' : d.is) + ', wanted ' + d.wanted)); })));
        }))));
    }

    // ---- lists with filters ----

    /* spec: items, total (of the run), file (that has all), heads, row(item), text(item) for the search, and
     * filters: [{ name, of(item) -> values }]. Returns the nodes; choose(name, value) sets a filter. */
    function list(spec) {
        var selects = [], limit = ROWS, wait = 0;
        var count = el('p', 'count'), body = el('tbody', ''), more = el('button', 'more');
        var search = el('input', '');
        count.setAttribute('role', 'status');
        more.type = 'button';
        search.type = 'search';

        function matching() {
            var words = search.value.toLowerCase();
            return spec.items.filter(function (item) {
                return selects.every(function (s) { return !s.box.value || s.of(item).indexOf(s.box.value) >= 0; }) &&
                    (!words || spec.text(item).toLowerCase().indexOf(words) >= 0);
            });
        }

        function told(found) {
            var text = n(Math.min(limit, found)) + ' of ' + n(found) + ' shown';
            if (found < spec.items.length) text += ' that match, ' + n(spec.items.length) + ' on this page';
            if (spec.total > spec.items.length)
                text += '; the run has ' + n(spec.total) + (spec.file ? '' : ', --report FILE lists them all');
            return [text, spec.file && ['; all of them: ', mono(spec.file)]];
        }

        // Each cell knows its head, for windows that have no room for columns.
        function row(item) {
            var node = spec.row(item);
            spec.heads.forEach(function (head, i) { node.cells[i].setAttribute('data-head', head); });
            return node;
        }

        function draw() {
            var found = matching();
            body.textContent = '';
            add(body, found.slice(0, limit).map(row));
            count.textContent = '';
            add(count, told(found.length));
            more.hidden = found.length <= limit;
            more.textContent = 'Show ' + n(Math.min(ROWS, found.length - limit)) + ' more';
        }

        function again() { limit = ROWS; draw(); }

        spec.filters.forEach(function (f) {
            var counts = {}, box = el('select', '', el('option', '', 'all'));
            spec.items.forEach(function (item) { f.of(item).forEach(function (v) { counts[v] = (counts[v] || 0) + 1; }); });
            box.firstChild.value = '';
            keys(counts).sort().forEach(function (v) {
                var option = el('option', '', v + ' (' + n(counts[v]) + ')');
                option.value = v;
                box.appendChild(option);
            });
            box.addEventListener('change', again);
            selects.push({ name: f.name, of: f.of, box: box });
        });
        search.addEventListener('input', function () { clearTimeout(wait); wait = setTimeout(again, 120); });
        more.addEventListener('click', function () { limit += ROWS; draw(); });
        draw();
        return {
            choose: function (name, value) {
                selects.forEach(function (s) { s.box.value = s.name === name ? value : ''; });
                search.value = '';
                again();
                count.scrollIntoView({ block: 'center' });
            },
            nodes: [
                el('div', 'filters', selects.map(function (s) { return el('label', '', s.name, s.box); }), el('label', 'search', 'Search', search)),
                count,
                el('table', 'list ' + spec.kind, el('thead', '', el('tr', '', spec.heads.map(function (h) { return el('th', '', h); }))), body),
                more
            ]
        };
    }

    // ---- differences ----

    function pair(p) {
        return el('li', '', mono(p.path), el('div', 'pair', el('span', '', 'store'), p.store === null ? el('i', 'small', 'absent') : mono(p.store),
            el('span', '', 'topic'), p.topic === null ? el('i', 'small', 'absent') : mono(p.topic)));
    }

    function difference(d) {
        return el('tr', '', el('td', '', el('span', 'tag ' + (d.explained ? '' : 'bad'), d['class']), d.explained && el('span', 'small', 'explained: ' + d.explained)),
            el('td', '', d.kind),
            el('td', '', d.key === null ? el('i', 'small', 'a record without key') : mono(d.key), d.store && el('span', 'small', 'store: ', mono(d.store)),
                (d.paths.length > 0 || d.more_paths) && el('ul', 'paths', d.paths.map(pair), d.more_paths && el('li', 'small', 'and more paths'))),
            el('td', '', d.offset === null && el('span', 'small', 'it belongs in'), mono(d.topic + '[' + d.partition + ']' + (d.offset === null ? '' : '@' + d.offset))));
    }

    function differences() {
        var rows = [], all = report.differences + report.explained;
        KINDS.forEach(function (kind) {
            keys(report.results[kind].differences).forEach(function (c) {
                var d = report.results[kind].differences[c], e = report.results[kind].explained[c];
                if (d) rows.push([c + ', ' + kind, d, n(d), 'bad', '']);
                if (e) rows.push([c + ', ' + kind, e, n(e), '', 'explained by Kestra’s normal life' + ((report.options || {}).strict ? '; with --strict they count' : '')]);
            });
        });
        if (!all) return KINDS.some(function (k) { return report.results[k].topic; }) && section('Differences', el('p', '', 'None.'));
        var shown = list({
            items: data.differences, total: all, file: report.differences_file, kind: 'differences', heads: ['Class', 'Kind', 'Key', 'In the topic'], row: difference,
            text: function (d) { return [d.key, d.store, d.topic, d.namespace, d.id].concat(d.paths.map(function (p) { return p.path; })).join(' '); },
            filters: [{ name: 'Class', of: function (d) { return [d['class']]; } }, { name: 'Kind', of: function (d) { return [d.kind]; } },
                { name: 'Namespace', of: function (d) { return d.namespace === null ? [] : [d.namespace]; } }]
        });
        return section('Differences', [bars(rows), shown.nodes]);
    }

    // ---- executions ----

    var TONES = { resumes: 'good', undecided: 'look', 'needs-action': 'look', blocked: 'bad' };
    var MEANINGS = {
        resumes: 'sent as they are, they go on to their end',
        undecided: 'the outcome rests on an expression',
        'needs-action': 'they wait: a person decides',
        blocked: 'they hang, fail, repeat work or harm others'
    };
    var LEVELS = { none: 'as they are', safe: 'with --recover safe', all: 'with --recover all', never: 'by no option' };

    // Only a rebuild has sent anything.
    var SENT = report.command === 'rebuild' ? ['not sent', 'sent'] : ['would not be sent', 'would be sent'];

    function execution(e) {
        return el('tr', '', el('td', '', el('span', 'tag ' + (TONES[e.verdict] || ''), e.verdict || 'ended'), el('span', 'small', SENT[e.emitted ? 1 : 0])),
            el('td', '', mono(e.id === null ? '–' : e.id), el('span', 'small', theirs((e.tenant ? e.tenant + '/' : '') + (e.namespace || '–') + '.' + (e.flow || '–')), e.revision !== null && ' revision ' + e.revision)),
            el('td', '', theirs(e.state || '–'), e.age !== null && el('span', 'small', age(e.age) + ' old')),
            el('td', '', e.codes.join(', '), e.detail && el('span', 'small', theirs(e.detail))),
            el('td', '', e.needs === 'none' ? 'nothing' : e.remedies.map(function (r) { return el('div', '', theirs(r.how)); })));
    }

    function codes(x, shown) {
        return table('codes', ['Code', { n: 'Number' }, 'Alone it is', 'What it means'], keys(x.by_code).filter(function (c) { return x.by_code[c]; }).map(function (c) {
            var word = data.codes[c] || {}, name = el('button', 'link', c);
            name.type = 'button';
            name.addEventListener('click', function () { shown.choose('Code', c); });
            return el('tr', '', el('td', 'name', name), cell(x.by_code[c]), el('td', '', el('span', 'tag ' + (TONES[word.verdict] || ''), word.verdict)), el('td', '', word.text));
        }));
    }

    function executions() {
        var x = report.executions;
        if (!x) return null;
        if (!x.pending && !data.executions.length) return section('Pending executions', el('p', '', 'None.'));
        var shown = list({
            items: data.executions, total: Math.max(x.pending, data.executions.length), file: x.executions_file, kind: 'executions', heads: ['Verdict', 'Execution', 'State', 'Codes', 'What brings it back'], row: execution,
            text: function (e) { return [e.id, e.tenant, e.namespace, e.flow, e.state, e.detail, e.codes.join(' ')].join(' '); },
            filters: [{ name: 'Verdict', of: function (e) { return [e.verdict || 'ended']; } }, { name: 'Code', of: function (e) { return e.codes; } },
                { name: 'Comes back', of: function (e) { return [LEVELS[e.needs]]; } },
                { name: 'Namespace', of: function (e) { return e.namespace === null ? [] : [e.namespace]; } }]
        });
        return section('Pending executions', [
            bars(keys(x.by_verdict).map(function (v) { return [v, x.by_verdict[v], n(x.by_verdict[v]), TONES[v], MEANINGS[v]]; })),
            el('h3', '', 'They come back'),
            bars(keys(x.levels).map(function (l) { return [LEVELS[l], x.levels[l].executions, n(x.levels[l].executions), '', '']; })),
            sum(x.by_code) > 0 && [el('h3', '', 'By code'), el('div', 'wide', codes(x, shown))],
            data.executions.length > 0 && [el('h3', '', 'Each of them'), shown.nodes]
        ]);
    }

    function skipped() {
        if (!report.skipped) return null;
        return section('Skipped documents', [el('p', 'note', 'They cannot be sent as they are: mend or delete them in the store.'), list({
            items: data.skipped, total: report.skipped, file: report.skipped_file, kind: 'skipped', heads: ['Reason', 'Kind', 'Document', 'Detail'],
            row: function (s) { return el('tr', '', el('td', 'tag', s.reason), el('td', '', s.kind), el('td', '', mono(s.table + '/' + s.id)), el('td', '', theirs(s.detail))); },
            text: function (s) { return [s.id, s.table, s.detail].join(' '); },
            filters: [{ name: 'Reason', of: function (s) { return [s.reason]; } }, { name: 'Kind', of: function (s) { return [s.kind]; } }]
        }).nodes]);
    }

    function repair() {
        var r = report.repair;
        return r && section('Repair', [
            el('p', 'note', 'From ', mono(r.from), r.execute ? '' : '. Nothing was changed; --execute sends.'),
            bars([['named', r.named, n(r.named), '', ''], ['right already', r.right, n(r.right), '', ''], ['to send', r.send, n(r.send), 'good', ''],
                ['tombstones', r.tombstones, n(r.tombstones), '', ''], ['may not be sent', r.kept, n(r.kept), 'look', ''], ['differ in the end', r.stay, n(r.stay), 'bad', '']])
        ]);
    }

    // On paper nothing can be opened.
    window.addEventListener('beforeprint', function () {
        document.querySelectorAll('details').forEach(function (d) { d.open = true; });
    });

    var page = document.createDocumentFragment();
    add(page, [
        el('header', 'masthead', el('span', '', el('b', '', 'requeue ' + report.command)), el('span', '', time(report.finished))),
        verdict(), facts(), partial(), failure(), kinds(), steps(), repair(), differences(), executions(), skipped(), topics(), throughput(),
        el('footer', '', report.tool + ', report schema ' + report.schema_version + ', digests ' + report.digest_version +
            '. This page holds ids and values of your documents, asks no server, and needs none.')
    ]);
    document.getElementById('page').replaceChildren(page);
}());
