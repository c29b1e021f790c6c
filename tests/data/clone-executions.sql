-- Make N more executions out of those of a restored sample:
--
--   psql -v n=100000 [-v pending=0.1] -f tests/data/clone-executions.sql URL/DBNAME
--
-- The sample's executions are copied round after round until there are N copies, in their own
-- proportions of states: 65 % of them are pending, which no real store has. With `pending` that
-- share of the copies is: most rounds then copy the ended executions only (their parents, if these
-- are pending, are then missing), the others all, so that parents and children of what is pending
-- are there. In round K every id that an execution or a task run has (wherever it
-- stands: keys, parents, outputs, labels, storage URIs) begins with K as four hexadecimal digits,
-- so parents, children and task runs of one round belong to each other; and what happened on the
-- day of the sample happened K mod 1000 days earlier. Deterministic: the same N gives the same rows.
--
-- Once per database: a second run would meet its own copies. Only `executions` grows; its indices
-- are taken away and built again, which is several times faster. All in one transaction.
\set ON_ERROR_STOP 1
\set QUIET 1
\if :{?pending} \else
    \set pending -1
\endif
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
set synchronous_commit = off;
set maintenance_work_mem = '256MB';
begin;

create temp table known_id as
select key as id from executions
union
select run ->> 'id' from executions, jsonb_path_query(value, '$.taskRunList[*]') run;

create temp table sample_day as
select to_char(max(value #>> '{state,startDate}')::timestamptz at time zone 'UTC', 'YYYY-MM-DD') as day
from executions;

-- A document with holes: \x01 where the round goes, \x02 where the day goes; JSON text has neither.
create function pg_temp.with_holes(body text) returns text language plpgsql as $$
declare
    known text;
begin
    for known in select id from known_id where strpos(body, id) > 0 loop
        body := replace(body, known, E'\x01' || substr(known, 5));
    end loop;
    return replace(body, (select day from sample_day), E'\x02');
end $$;

create temp table pattern as
select (row_number() over (order by key) - 1) as place,
       E'\x01' || substr(key, 5) as key,
       pg_temp.with_holes(value::text) as body,
       coalesce(value #>> '{state,current}', '') in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED',
                                                     'SKIPPED') as ended
from executions;

-- Of all rounds, the share that copies what is pending as well.
create temp table whole_rounds as
select case when :pending::numeric < 0 then 1
            else least(1, :pending::numeric * count(*) filter (where ended)
                          / (count(*) filter (where not ended) * (1 - :pending::numeric))) end as share
from pattern;

create temp table copy as
select k, place
from (select k, place, row_number() over (order by k, place) as n
      from (select k, floor(k * share) > floor((k - 1) * share) as whole
            from whole_rounds,
                 generate_series(1, (select ceil(:n::numeric / count(*) filter (where ended or share = 1))::int
                                     from pattern, whole_rounds)) k) r
      join pattern p on r.whole or p.ended) c
where n <= :n;

create temp table secondary_index as
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
from pg_index
where indrelid = 'executions'::regclass and not indisprimary;

select 'drop index ' || name from secondary_index \gexec

insert into executions (key, value)
select replace(p.key, E'\x01', r.mark),
       replace(replace(p.body, E'\x01', r.mark), E'\x02', r.day)::jsonb
from (select k, place,
             lpad(to_hex(k), 4, '0') as mark,
             to_char((select day from sample_day)::date - (k % 1000)::int, 'YYYY-MM-DD') as day
      from copy) r
join pattern p using (place);

select definition from secondary_index \gexec
commit;
analyze executions;
select count(*) || ' executions, ' || pg_size_pretty(sum(length(value::text))) || ' of JSON' from executions;
