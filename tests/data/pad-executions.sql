-- Make the executions of a restored sample as large as those of real installations:
--
--   psql -f tests/data/pad-executions.sql URL/DBNAME        (before clone-executions.sql)
--
-- Real executions have a mean of 5.8 KB of JSON, and 2.1, 4.5, 11 and 24 KB at the quantiles 10, 50, 90
-- and 99 %; the sample's have a mean of 1.6 KB. Here each execution, in the order of its size, is given the size of
-- its rank in that distribution, by rows in the outputs of its last task run, or in its inputs if it
-- has no task run yet. A row is what a query or an HTTP task puts out: names, numbers, states, times, a
-- storage URI with the execution's id. Deterministic. lz4 makes the result about 4 times smaller.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
begin;

-- Bytes at a place between 0 and 1 of the distribution; its logarithm is a line between known points.
create function pg_temp.size_at(place float8) returns int language sql immutable as $$
    select (1000 * exp(ln(low) + (ln(high) - ln(low)) * (place - p0) / (p1 - p0)))::int
    from (values (0.0, 0.1, 1.2, 2.1), (0.1, 0.5, 2.1, 4.5), (0.5, 0.9, 4.5, 11), (0.9, 0.99, 11, 24),
                 (0.99, 1.0, 24, 57)) known (p0, p1, low, high)
    where place >= p0 and place < p1
$$;

create function pg_temp.row_of(id text, i int) returns jsonb language sql immutable as $$
    select jsonb_build_object(
        'name', (array['Ada','Boole','Curie','Darwin','Euler','Fermi','Gauss','Hertz'])[1 + h0 % 8] || '-' || h1 % 4000,
        'status', (array['ACCEPTED','DELIVERED','REFUSED','PENDING'])[1 + h2 % 4],
        'amount', round((h3 % 1000000) / 100.0, 2),
        'count', h0 % 50,
        'at', '2026-11-' || to_char(1 + h1 % 28, 'FM00') || 'T' || to_char(h2 % 24, 'FM00') || ':30:00Z',
        'valid', h3 % 3 > 0,
        'uri', 'kestra:///io/kestra/cap/' || id || '/part-' || i || '.ion')
    from (select ('x' || substr(m, 1, 7))::bit(28)::int h0, ('x' || substr(m, 8, 7))::bit(28)::int h1,
                 ('x' || substr(m, 15, 7))::bit(28)::int h2, ('x' || substr(m, 22, 7))::bit(28)::int h3
          from md5(id || i) m) hashes
$$;

create temp table want as
select key, pg_temp.size_at((row_number() over (order by length(value::text), key) - 0.5) / count(*) over ())
            - length(value::text) as bytes
from executions;

create temp table padding as
select key, jsonb_agg(one order by i) as items
from (select key, bytes, i, one, sum(length(one::text) + 2) over (partition by key order by i) as filled
      from want, generate_series(1, bytes / 150) i, pg_temp.row_of(key, i) one) all_rows
where filled <= bytes
group by key;

update executions e
set value = case
    when jsonb_array_length(coalesce(e.value -> 'taskRunList', '[]')) > 0
    then jsonb_set(e.value, '{taskRunList,-1,outputs}',
                   coalesce(e.value #> '{taskRunList,-1,outputs}', '{}') || jsonb_build_object('rows', p.items))
    else jsonb_set(e.value, '{inputs}', coalesce(e.value -> 'inputs', '{}') || jsonb_build_object('rows', p.items))
    end
from padding p
where p.key = e.key;

commit;
vacuum analyze executions;
