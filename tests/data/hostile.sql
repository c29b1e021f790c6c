-- A database that is as unkind as its columns allow. Over a restored kestra-0.20:
--
--   psql -f tests/data/hostile.sql URL/DBNAME
--
-- Every row goes in through a function that notes what has to become of it in hostile.expected:
-- reason null: it is a record; 'flow-out', 'deleted', 'verdict': left out; anything else: skipped for
-- that reason. Generated columns that must not be null keep some faults out of every Kestra's database
-- (a document that is no object, or has no id), so they are not here.
\o /dev/null
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
begin;

truncate flows, templates, triggers, executions;
create schema hostile;
create table hostile.expected (
    place text,
    key text,
    reason text,
    primary key (place, key)
);

create function hostile.key_of(value jsonb, variadic names text[]) returns text language sql as $$
    select string_agg(value ->> name, '_' order by n) from unnest(names) with ordinality u (name, n)
$$;

create function hostile.flow(value jsonb, reason text default null, source text default 'id: x', stored text default null)
returns void language plpgsql as $$
declare
    key text := coalesce(stored, hostile.key_of(value, 'tenantId', 'namespace', 'id', 'revision'));
begin
    value := '{"deleted": false, "disabled": false, "tasks": [{"id": "t", "type": "x"}]}' || value;
    insert into flows (key, value, source_code) values (key, value, source);
    insert into hostile.expected values ('flows', key, reason);
end $$;

create function hostile.template(value jsonb, reason text default null, stored text default null)
returns void language plpgsql as $$
declare
    key text := coalesce(stored, hostile.key_of(value, 'tenantId', 'namespace', 'id'));
begin
    value := '{"deleted": false, "tasks": []}' || value;
    insert into templates (key, value) values (key, value);
    insert into hostile.expected values ('templates', key, reason);
end $$;

create function hostile.trigger(value jsonb, reason text default null, stored text default null)
returns void language plpgsql as $$
declare
    key text := coalesce(stored, hostile.key_of(value, 'tenantId', 'namespace', 'flowId', 'triggerId'));
begin
    insert into triggers (key, value) values (key, value);
    insert into hostile.expected values ('triggers', key, reason);
end $$;

create function hostile.execution(value jsonb, reason text default null, stored text default null)
returns void language plpgsql as $$
declare
    key text := coalesce(stored, value ->> 'id');
begin
    value := '{"namespace": "h", "flowId": "f", "flowRevision": 1, "deleted": false, "state": {"current": "RUNNING",
        "duration": 1.5, "startDate": "2024-12-10T08:00:00.000Z", "histories": [
            {"date": "2024-12-10T08:00:00.000Z", "state": "CREATED"},
            {"date": "2024-12-10T08:00:01.500Z", "state": "RUNNING"}]}}' || value;
    insert into executions (key, value) values (key, jsonb_strip_nulls(value));
    insert into hostile.expected values ('executions', key, reason);
end $$;

-- `value` with a member "description" that lets key and record have `total` bytes together, of which
-- `extra` are not in value. Text that does not compress.
create function hostile.filled(value jsonb, key text, extra int, total int) returns jsonb language plpgsql as $$
declare
    whole jsonb := value || '{"description": ""}';
    n int := total - extra - octet_length(key) - octet_length(whole::text);
    noise text := (select string_agg(md5(i::text), '') from generate_series(1, n / 32 + 1) i);
begin
    return jsonb_set(whole, '{description}', to_jsonb(left(noise, n)));
end $$;

create function hostile.nested(depth int) returns jsonb language sql as $$
    select (repeat('[', depth) || repeat(']', depth))::jsonb
$$;

-- ---- flows -----------------------------------------------------------------------------------------

-- Two flows, one flow-last key: both stay out, each revision is named.
select hostile.flow('{"namespace": "h.a_b", "id": "c", "revision": 1}', 'key-collision');
select hostile.flow('{"namespace": "h.a", "id": "b_c", "revision": 2}', 'key-collision');
select hostile.flow('{"namespace": "h.a", "id": "b_c", "revision": 3}', 'key-collision');
select hostile.flow('{"tenantId": "acme", "namespace": "h", "id": "col", "revision": 1}', 'key-collision');
select hostile.flow('{"namespace": "acme_h", "id": "col", "revision": 2}', 'key-collision');

-- With a tenant and without one: two flows, two keys.
select hostile.flow('{"namespace": "h", "id": "both", "revision": 1}');
select hostile.flow('{"tenantId": "acme", "namespace": "h", "id": "both", "revision": 1}');
select hostile.flow('{"tenantId": "acme", "namespace": "h", "id": "both", "revision": 2}');
select hostile.flow('{"tenantId": null, "namespace": "h", "id": "null-tenant", "revision": 1}');
select hostile.flow('{"tenantId": "", "namespace": "h", "id": "empty-tenant", "revision": 1}', 'missing-field');
select hostile.flow('{"tenantId": 7, "namespace": "h", "id": "number-tenant", "revision": 1}', 'missing-field');

-- Keys of all alphabets.
select hostile.flow('{"namespace": "ünï.ß", "id": "日本-🚀", "revision": 1}');
select hostile.flow(E'{"namespace": "h", "id": "a\\nb\\tc \\\\ \\"d\\" \\u0001", "revision": 1}');
select hostile.flow(jsonb_build_object('namespace', repeat('n', 148), 'id', repeat('i', 98), 'revision', 1));

-- Deleted and created again; deleted for good; 40 revisions.
select hostile.flow('{"namespace": "h", "id": "again", "revision": 1}');
select hostile.flow('{"namespace": "h", "id": "again", "revision": 2, "deleted": true, "source": "id: kept"}');
select hostile.flow('{"namespace": "h", "id": "again", "revision": 3}');
select hostile.flow('{"namespace": "h", "id": "gone", "revision": 1}');
select hostile.flow('{"namespace": "h", "id": "gone", "revision": 2, "deleted": true, "source": "id: kept"}');
select hostile.flow('{"namespace": "h", "id": "gone-upgraded", "revision": 1, "deleted": true}');
select hostile.flow(jsonb_build_object('namespace', 'h', 'id', 'forty', 'revision', r), source => 'revision ' || r)
from generate_series(1, 40) r;

-- The source code: none of its own, null, empty, hard to quote, and never a second one.
select hostile.flow('{"namespace": "h", "id": "source-null", "revision": 1, "source": null, "zz": 1}');
select hostile.flow('{"namespace": "h", "id": "source-empty", "revision": 1, "source": ""}');
select hostile.flow('{"namespace": "h", "id": "source-code-empty", "revision": 1}', source => '');
select hostile.flow('{"namespace": "h", "id": "source-hard", "revision": 1}',
                    source => E'a: "\\ \b\f\n\r\t\x01\x1f\x7f / \u00e9 \u2028 \U0001f680"');
select hostile.flow('{"namespace": "h", "id": "source-twice", "revision": 1, "source": "mine",
                      "sourceCode": "of another store", "labelsMap": {"a": "b"}}');
select hostile.flow('{"namespace": "h", "id": "source-deep", "revision": 1, "inputs": {"source": "not this one"}}');

-- Types that are not what Kestra writes.
select hostile.flow('{"namespace": "h", "id": "text-revision", "revision": "1"}', 'missing-field');
select hostile.flow('{"namespace": "h", "id": "minus-revision", "revision": -5}', 'missing-field');
select hostile.flow('{"namespace": "h", "id": 12, "revision": 1}', 'missing-field');
select hostile.flow('{"namespace": "h", "id": true, "revision": 1}', 'missing-field');
select hostile.flow('{"namespace": {"a": 1}, "id": "object-namespace", "revision": 1}', 'missing-field');
select hostile.flow('{"namespace": "", "id": "empty-namespace", "revision": 1}', 'missing-field');
select hostile.flow('{"namespace": "h", "id": "text-deleted", "revision": 1, "deleted": "false"}', 'missing-field');
select hostile.flow('{"namespace": "h", "id": "renamed", "revision": 1}', 'key-mismatch', stored => 'h_old-name_1');

-- The highest revision is broken: the whole flow stays out. A lower one: only that.
select hostile.flow('{"namespace": "h", "id": "top-broken", "revision": 1}', 'flow-out');
select hostile.flow('{"namespace": "h", "id": "top-broken", "revision": 2}', 'flow-out');
select hostile.flow('{"namespace": "h", "id": "top-broken", "revision": 3, "deleted": "true"}', 'missing-field');
select hostile.flow('{"namespace": "h", "id": "low-broken", "revision": 1}', 'key-mismatch', stored => 'h_low-broken_one');
select hostile.flow('{"namespace": "h", "id": "low-broken", "revision": 2}');

-- Exactly as large as a record may be, with the source that is put in; and one byte more, which the
-- shorter key of flow-last would make up for: out all the same.
select hostile.flow(hostile.filled('{"namespace": "h", "id": "at-limit", "revision": 1, "deleted": false, "disabled": false,
                                     "tasks": [{"id": "t", "type": "x"}]}', 'h_at-limit_1', 17, 10485760));
select hostile.flow(hostile.filled('{"namespace": "h", "id": "above", "revision": 2, "deleted": false, "disabled": false,
                                     "tasks": [{"id": "t", "type": "x"}]}', 'h_above_2', 17, 10485761), 'too-large');
select hostile.flow('{"namespace": "h", "id": "above", "revision": 1}', 'flow-out');

-- What executions need.
select hostile.flow('{"namespace": "h", "id": "f", "revision": 1}');
select hostile.flow('{"tenantId": "acme", "namespace": "h", "id": "f", "revision": 1}');

-- ---- templates -------------------------------------------------------------------------------------

select hostile.template('{"namespace": "ünï", "id": "日本"}');
select hostile.template('{"tenantId": "acme", "namespace": "h", "id": "t"}');
select hostile.template('{"namespace": "h", "id": "gone", "deleted": true}', 'deleted');
select hostile.template('{"namespace": "h", "id": "gone-and-broken", "deleted": true}', 'deleted', stored => 'elsewhere');
select hostile.template('{"namespace": "h", "id": "text-deleted", "deleted": "false"}', 'missing-field');
-- One key for two: the one that is stored under it is sent.
select hostile.template('{"namespace": "h_a", "id": "b"}');
select hostile.template('{"namespace": "h", "id": "a_b"}', 'key-mismatch', stored => 'h_a_b (2)');
select hostile.template(hostile.filled('{"namespace": "h", "id": "at-limit", "deleted": false, "tasks": []}',
                                       'h_at-limit', 0, 10485760));
select hostile.template(hostile.filled('{"namespace": "h", "id": "above", "deleted": false, "tasks": []}',
                                       'h_above', 0, 10485761), 'too-large');

-- ---- triggers --------------------------------------------------------------------------------------

select hostile.trigger('{"namespace": "ünï", "flowId": "日本", "triggerId": "🚀", "disabled": false}');
select hostile.trigger('{"tenantId": "acme", "namespace": "h", "flowId": "f", "triggerId": "t_1"}');
select hostile.trigger('{"namespace": "h", "flowId": "f", "triggerId": "locked", "executionId": "e", "workerId": "w",
                         "evaluateRunningDate": "2024-12-10T08:00:00.000Z", "date": "2024-12-10T08:00:00.000Z"}');
select hostile.trigger('{"namespace": "h", "flowId": "f", "triggerId": "only-locks", "executionId": null}');
select hostile.trigger('{"namespace": "h", "flowId": "f", "triggerId": 7}', 'missing-field');
select hostile.trigger('{"namespace": "", "flowId": "f", "triggerId": "empty-namespace"}', 'missing-field');
select hostile.trigger('{"namespace": "h", "flowId": "f", "triggerId": "renamed"}', 'key-mismatch', stored => 'h_f_other');

-- ---- executions ------------------------------------------------------------------------------------

select hostile.execution('{"id": "plain"}');
select hostile.execution('{"id": "paused", "state": {"current": "PAUSED", "duration": 0.5, "startDate": "2024-12-10T08:00:00.000Z"}}');
select hostile.execution('{"id": "deleted", "deleted": true}', 'deleted');
select hostile.execution('{"id": "text-deleted", "deleted": "true"}', 'deleted');
select hostile.execution('{"id": "text-not-deleted", "deleted": "false"}', 'missing-field');
select hostile.execution('{"id": "日本-🚀", "tenantId": "acme"}');
select hostile.execution('{"id": "no-revision", "flowRevision": null}', 'missing-field');
select hostile.execution('{"id": "moved"}', 'key-mismatch', stored => 'stored-elsewhere');
select hostile.execution('{"id": 12345}', 'missing-field');
-- Numbers no machine type holds.
select hostile.execution(jsonb_build_object('id', 'numbers', 'outputs', jsonb_build_object(
    'whole', repeat('1234567890', 30)::numeric,
    'fraction', ('0.' || repeat('0987654321', 30))::numeric,
    'tiny', '1e-300'::numeric, 'huge', '-1e300'::numeric, 'zeros', '90.000000000'::numeric)));
select hostile.execution('{"id": "odd", "labels": {"a": "b", "": "", "é": "\u0001"}, "inputs": {"x\"y\\z": [null, {}, [], ""]}}');
select hostile.execution(jsonb_build_object('id', 'deep', 'inputs', hostile.nested(250)));
select hostile.execution(hostile.filled(
    '{"id": "at-limit", "namespace": "h", "flowId": "f", "flowRevision": 1, "deleted": false,
      "state": {"current": "RUNNING", "duration": 0.5, "startDate": "2024-12-10T08:00:00.000Z"}}', 'at-limit', 0, 10485760));
select hostile.execution(hostile.filled(
    '{"id": "above", "namespace": "h", "flowId": "f", "flowRevision": 1, "deleted": false,
      "state": {"current": "RUNNING", "duration": 0.5, "startDate": "2024-12-10T08:00:00.000Z"}}', 'above', 0, 10485761), 'too-large');

-- Without its flow revision in the topic none is sent, by any option: there is no such revision, it is
-- another tenant's, its flow is skipped, or stays out whole, or has a key that two flows want.
select hostile.execution('{"id": "other-revision", "flowRevision": 2}', 'verdict');
select hostile.execution('{"id": "other-tenant", "tenantId": "globex"}', 'verdict');
select hostile.execution('{"id": "other-flow", "flowId": "F"}', 'verdict');
select hostile.execution('{"id": "of-a-skipped", "flowId": "text-deleted"}', 'verdict');
select hostile.execution('{"id": "of-a-low-one-skipped", "flowId": "low-broken"}', 'verdict');
select hostile.execution('{"id": "of-a-flow-out", "flowId": "top-broken"}', 'verdict');
select hostile.execution('{"id": "of-one-too-large", "flowId": "above", "flowRevision": 2}', 'verdict');
select hostile.execution('{"id": "of-a-collision", "namespace": "h.a", "flowId": "b_c", "flowRevision": 3}', 'verdict');
select hostile.execution('{"id": "ended-without-flow", "flowId": "none", "state": {"current": "SUCCESS", "duration": 0.5,
    "startDate": "2024-12-10T08:00:00.000Z"}}', 'verdict');
-- With it they are, even of a deleted flow, or one with another broken revision.
select hostile.execution('{"id": "of-a-high-one", "flowId": "low-broken", "flowRevision": 2}');
select hostile.execution('{"id": "of-one-deleted", "flowId": "gone", "flowRevision": 1}');
select hostile.execution('{"id": "of-the-deletion", "flowId": "gone", "flowRevision": 2}');
select hostile.execution('{"id": "ended", "state": {"current": "SUCCESS", "duration": 0.5, "startDate": "2024-12-10T08:00:00.000Z"}}');
-- Documents that end an executor, or that it does not read.
select hostile.execution('{"id": "run-without-state", "taskRunList": [{"id": "r", "executionId": "run-without-state",
    "namespace": "h", "flowId": "f", "taskId": "t"}]}', 'verdict');
select hostile.execution('{"id": "run-of-unknown-state", "taskRunList": [{"id": "r", "executionId": "run-of-unknown-state",
    "namespace": "h", "flowId": "f", "taskId": "t", "state": {"current": "SLEEPING"}}]}', 'verdict');

commit;
analyze flows, templates, triggers, executions;
