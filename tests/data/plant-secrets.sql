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
-- What is no secret and shall not get there either: a host of production's, a person.
insert into secrets values ('db.prod.example.org'), ('Erika Mustermann'), ('erika@example.org');
create function plant_map(place text, n int) returns jsonb language plpgsql as $$
declare m jsonb := '{}';
begin
    for i in 1..n loop
        m := m || jsonb_build_object('k' || i, plant(place));
    end loop;
    return m || jsonb_build_object('n', plant_number(), 'person', 'Erika Mustermann <erika@example.org>',
        'uri', 's3://db.prod.example.org/' || plant(place), 'deep',
        jsonb_build_object(plant(place), jsonb_build_array(plant(place), jsonb_build_object(plant(place), plant_number()))));
end $$;

update executions set value = value || jsonb_build_object(
    'inputs', plant_map('in', 8) || jsonb_build_object('country', 'FR'),
    'outputs', plant_map('out', 4),
    'variables', plant_map('var', 4),
    'labels', jsonb_build_array(jsonb_build_object('key', 'owner', 'value', 'Erika Mustermann'),
                                jsonb_build_object('key', 'system.correlationId', 'value', plant('label'))),
    'notKnownToAnyRelease', plant_map('new', 3));
update executions set value = jsonb_set(value, '{trigger}',
    jsonb_build_object('id', 't', 'type', 'io.kestra.core.models.triggers.types.Webhook',
                       'variables', plant_map('trigger', 4), 'logFile', 'kestra:///' || plant('log')));
update executions set value = jsonb_set(value, '{taskRunList}', (
    select jsonb_agg(run || jsonb_build_object('outputs', plant_map('task', 3), 'value', plant('value')))
    from jsonb_array_elements(value -> 'taskRunList') run))
    where jsonb_array_length(value -> 'taskRunList') > 0;
-- Which place masks a member of a flow is said by the rules of the test. `id` and `type` of a body are no task's.
update flows set source_code = source_code || E'\n# ' || plant('comment') || E'\n',
    value = value || jsonb_build_object('description', plant('description'), 'variables', plant_map('variables', 2),
                                        'labels', jsonb_build_array(jsonb_build_object('key', 'owner', 'value', 'Erika Mustermann')));
update flows set value = jsonb_set(value, '{tasks,0}', value #> '{tasks,0}' || jsonb_build_object(
    'uri', 'jdbc:postgresql://db.prod.example.org/' || plant('uri'),
    'body', jsonb_build_object('id', plant('id'), 'type', plant('type'), 'to', plant_map('body', 2)),
    'script', E'call\n' || (value ->> 'namespace') || '.main'));
update flows set value = jsonb_set(value, '{triggers}', jsonb_build_array(
    jsonb_build_object('id', 'hook', 'type', 'io.kestra.core.models.triggers.types.Webhook', 'key', plant('key')),
    jsonb_build_object('id', 'other', 'type', 'io.kestra.core.models.triggers.types.Flow', 'conditions', jsonb_build_array(
        jsonb_build_object('type', 'io.kestra.core.models.conditions.types.ExecutionFlowCondition',
                           'namespace', value ->> 'namespace', 'flowId', 'linear')))));
