-- Ended executions of which something would run if a Kestra read them: LISTENER-OPEN, and up to 0.12 TASK-OPEN and
-- TASKS-OPEN; beside each one of which nothing would: LISTENER-DONE, TASK-DONE.
create function ended(state text) returns jsonb language sql as $$
    select jsonb_build_object('current', state, 'histories', jsonb_build_array(
        jsonb_build_object('state', 'CREATED', 'date', '2026-11-01T10:00:00.000Z'), jsonb_build_object('state', state, 'date', '2026-11-01T10:00:01.000Z')),
        'duration', 1, 'startDate', '2026-11-01T10:00:00.000Z', 'endDate', '2026-11-01T10:00:01.000Z') $$;
create function run(execution text, flow text, task text, state text) returns jsonb language sql as $$
    select jsonb_build_object('id', execution || '-' || task, 'executionId', execution, 'namespace', 'io.kestra.cap', 'flowId', flow,
                              'taskId', task, 'state', ended(state)) $$;
create function execution(id text, flow text, state text, runs jsonb) returns void language sql as $$
    insert into executions (key, value) values (id, jsonb_build_object('id', id, 'namespace', 'io.kestra.cap', 'flowId', flow, 'flowRevision', 1,
        'inputs', jsonb_build_object('country', 'FR'), 'taskRunList', runs, 'state', ended(state), 'deleted', false)) $$;
create function flow(id text, members jsonb) returns void language sql as $$
    insert into flows (key, value, source_code) values ('io.kestra.cap_' || id || '_1',
        jsonb_build_object('id', id, 'namespace', 'io.kestra.cap', 'revision', 1, 'disabled', false, 'deleted', false) || members, 'id: ' || id) $$;
create function task(id text) returns jsonb language sql as $$
    select jsonb_build_object('id', id, 'type', 'io.kestra.core.tasks.debugs.Return', 'format', id) $$;

select flow('listening', jsonb_build_object('tasks', jsonb_build_array(task('a')),
    'listeners', jsonb_build_array(jsonb_build_object('tasks', jsonb_build_array(task('l'))))));
select execution('LISTENER-OPEN', 'listening', 'SUCCESS', jsonb_build_array(run('LISTENER-OPEN', 'listening', 'a', 'SUCCESS')));
select execution('LISTENER-DONE', 'listening', 'SUCCESS', jsonb_build_array(run('LISTENER-DONE', 'listening', 'a', 'SUCCESS'),
    run('LISTENER-DONE', 'listening', 'l', 'SUCCESS')));

select flow('parallel-open', jsonb_build_object('tasks', jsonb_build_array(jsonb_build_object('id', 'p',
    'type', 'io.kestra.core.tasks.flows.Parallel', 'tasks', jsonb_build_array(task('x'), task('y'))))));
select execution('TASK-OPEN', 'parallel-open', 'FAILED', jsonb_build_array(run('TASK-OPEN', 'parallel-open', 'p', 'FAILED'),
    run('TASK-OPEN', 'parallel-open', 'x', 'FAILED'), run('TASK-OPEN', 'parallel-open', 'y', 'CREATED')));
select execution('TASK-DONE', 'parallel-open', 'FAILED', jsonb_build_array(run('TASK-DONE', 'parallel-open', 'p', 'FAILED'),
    run('TASK-DONE', 'parallel-open', 'x', 'FAILED'), run('TASK-DONE', 'parallel-open', 'y', 'SUCCESS')));

select flow('left', jsonb_build_object('tasks', jsonb_build_array(task('a'), task('b'))));
select execution('TASKS-OPEN', 'left', 'FAILED', jsonb_build_array(run('TASKS-OPEN', 'left', 'a', 'SUCCESS')));
