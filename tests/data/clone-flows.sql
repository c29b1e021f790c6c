-- Copy every flow revision, template and trigger of a restored sample N times:
--
--   psql -v n=1000 -f tests/data/clone-flows.sql URL/DBNAME
--
-- Copy K of namespace io.kestra.cap is namespace io.kestra.cap.cK, in the key, in the document
-- (also where a task names a flow's namespace, so copies call copies) and in the source code.
-- Running it again with the same N adds nothing.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
set synchronous_commit = off;
begin;

create function pg_temp.key_of(key text, k int) returns text language sql immutable
    return regexp_replace(key, '(^|_)io\.kestra\.cap_', '\1io.kestra.cap.c' || k || '_');
create function pg_temp.value_of(value jsonb, k int) returns jsonb language sql immutable
    return replace(value::text, '"io.kestra.cap"', '"io.kestra.cap.c' || k || '"')::jsonb;
create function pg_temp.source_of(source text, k int) returns text language sql immutable
    return regexp_replace(source, '(namespace:\s*"?)io\.kestra\.cap\y(?!\.)', '\1io.kestra.cap.c' || k, 'g');

insert into flows (key, value, source_code)
select pg_temp.key_of(key, k), pg_temp.value_of(value, k), pg_temp.source_of(source_code, k)
from flows, generate_series(1, :n) k
where namespace = 'io.kestra.cap'
on conflict do nothing;

insert into templates (key, value)
select pg_temp.key_of(key, k), pg_temp.value_of(value, k)
from templates, generate_series(1, :n) k
where namespace = 'io.kestra.cap'
on conflict do nothing;

insert into triggers (key, value)
select pg_temp.key_of(key, k), pg_temp.value_of(value, k)
from triggers, generate_series(1, :n) k
where namespace = 'io.kestra.cap'
on conflict do nothing;

commit;
analyze flows, templates, triggers;
select count(*) || ' flow revisions' from flows;
select count(*) || ' templates' from templates;
select count(*) || ' triggers' from triggers;
