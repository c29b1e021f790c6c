-- Secrets into everything that a staging copy masks: texts, numbers, names of members, comments of
-- sources. Each is in the table `secrets` too. Every execution gets 40 and more, so that there are
-- more than 10,000 of them in each of the samples with its executions cloned.
create table secrets (secret text);
create function secret(place text, i int) returns text language sql as
    $$ select 'PLANTED-' || place || '-' || i || '-' || substr(md5(place || i), 1, 12) $$;
create sequence plants;
create function plant(place text) returns text language plpgsql as $$
declare s text := secret(place, nextval('plants')::int);
begin
    insert into secrets values (s);
    return s;
end $$;
create function plant_number() returns bigint language plpgsql as $$
declare n bigint := 4900000000000000 + nextval('plants') * 7919;
begin
    insert into secrets values (n::text);
    return n;
end $$;
create function plant_map(place text, n int) returns jsonb language plpgsql as $$
declare m jsonb := '{}';
begin
    for i in 1..n loop
        m := m || jsonb_build_object('k' || i, plant(place));
    end loop;
    return m || jsonb_build_object('n', plant_number(), 'deep',
        jsonb_build_object(plant(place), jsonb_build_array(plant(place), jsonb_build_object(plant(place), plant_number()))));
end $$;

update executions set value = value || jsonb_build_object(
    'inputs', plant_map('in', 8) || jsonb_build_object('country', 'FR'),
    'outputs', plant_map('out', 4),
    'variables', plant_map('var', 4),
    'notKnownToAnyRelease', plant_map('new', 3));
update executions set value = jsonb_set(value, '{trigger}',
    jsonb_build_object('id', 't', 'type', 'io.kestra.core.models.triggers.types.Webhook',
                       'variables', plant_map('trigger', 4), 'logFile', 'kestra:///' || plant('log')));
update executions set value = jsonb_set(value, '{taskRunList}', (
    select jsonb_agg(run || jsonb_build_object('outputs', plant_map('task', 3), 'value', plant('value')))
    from jsonb_array_elements(value -> 'taskRunList') run))
    where jsonb_array_length(value -> 'taskRunList') > 0;
-- Which place masks a member of a flow is said by the rules of the test.
update flows set source_code = source_code || E'\n# ' || plant('comment') || E'\n',
    value = value || jsonb_build_object('description', plant('description'), 'variables', plant_map('variables', 2));
update flows set value = jsonb_set(value, '{triggers}', jsonb_build_array(
    jsonb_build_object('id', 'hook', 'type', 'io.kestra.core.models.triggers.types.Webhook', 'key', plant('key')),
    jsonb_build_object('id', 'other', 'type', 'io.kestra.core.models.triggers.types.Flow', 'conditions', jsonb_build_array(
        jsonb_build_object('type', 'io.kestra.core.models.conditions.types.ExecutionFlowCondition',
                           'namespace', value ->> 'namespace', 'flowId', 'linear')))));
