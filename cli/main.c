/*
 * main.c - starts the command in a thread of its own and supervises it: signals and progress.
 *
 * The first SIGINT or SIGTERM asks the command to stop: it drains what is in flight, writes the
 * report and ends with 4. The second one leaves at once.
 */
#include "cli/commands.h"

#include "cli/say.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <unistd.h>

#define TICK_MS 20

struct job {
    struct session  *session;
    atomic_bool      done;
    enum exit_status exit;
};

static void run_command(void *arg)
{
    struct job *job = arg;

    switch (job->session->conf->command) {
    case COMMAND_CHECK: job->exit = command_check(job->session); break;
    case COMMAND_PLAN: job->exit = command_plan(job->session); break;
    case COMMAND_REBUILD: job->exit = command_rebuild(job->session); break;
    case COMMAND_VERIFY: job->exit = command_verify(job->session); break;
    case COMMAND_EXECUTIONS: job->exit = command_executions(job->session); break;
    case COMMAND_REPAIR: job->exit = command_repair(job->session); break;
    case COMMAND_TOPICS: job->exit = command_topics(job->session); break;
    case COMMAND_CONFIG:
    case COMMAND_MASK:
    case COMMAND_HELP:
    case COMMAND_VERSION:
    case COMMAND_COUNT: job->exit = EXIT_BUG; break;
    }
    atomic_store(&job->done, true);
}

static enum exit_status supervise(struct session *s)
{
    struct job     job = { .session = s };
    struct thread *t;
    bool           asked = false;

    t = thread_start(run_command, &job);
    while (!atomic_load(&job.done)) {
        int sig = thread_wait_signal(TICK_MS);

        if (sig > 0 && asked)
            _exit(128 + sig);
        if (sig > 0) {
            asked = true;
            stop_ask(&s->stop);
            log_msg(LOG_WARN,
                    "stopping: what is in flight is being drained (once more leaves at once)");
        }
        progress_tick(&s->progress, clock_mono_ns());
        metrics_tick(&s->metrics, s, clock_mono_ns());
    }
    thread_join(t);
    return job.exit;
}

/* With its metrics: what cannot be told at the start ends it before anything is touched. */
static enum exit_status run(struct session *s)
{
    const struct config *c = s->conf;
    struct err           err = ERR_INIT;
    enum exit_status     status;

    if (!metrics_open(&s->metrics, c->metrics_file, command_name(c->command), &err))
        return command_fail(&err);
    status = supervise(s);
    if (metrics_close(&s->metrics, (int)status, &err))
        return status;
    say_error(&err);
    return exit_worse(status, EXIT_USAGE);
}

int main(int argc, char **argv)
{
    struct config   *conf = mem_alloc(sizeof(*conf));
    struct session  *session = mem_alloc(sizeof(*session));
    struct err       err = ERR_INIT;
    enum exit_status status;

    thread_block_signals();
    mem_keep_freed();
    log_setup(LOG_INFO, false);
    if (!options_parse(argc, argv, conf, &err)) {
        status = command_fail(&err);
    } else if (conf->command == COMMAND_HELP) {
        status = command_help(conf);
    } else if (conf->command == COMMAND_VERSION) {
        status = command_version();
    } else if (conf->command == COMMAND_CONFIG) {
        status = command_config(conf);
    } else if (conf->command == COMMAND_MASK) {
        status = command_mask(conf);
    } else {
        log_setup(conf->verbose ? LOG_DEBUG : LOG_INFO, strcmp(conf->log_format, "json") == 0);
        for (size_t i = 0; !conf->quiet && i < conf->notes.n; i++)
            log_msg(LOG_INFO, "%s", conf->notes.items[i]);
        session_init(session, conf);
        status = run(session);
        session_close(session);
    }
    options_release(conf);
    mem_free(session);
    mem_free(conf);
    return (int)status;
}
