/*
 * file_world.h - a dump, opened as a store and read through the pipeline with the real projector.
 *
 * Main thread only: all of these fail the test that uses them when something unexpected happens.
 */
#ifndef REQUEUE_FILE_WORLD_H
#define REQUEUE_FILE_WORLD_H

#include "lib/store/pipeline.h"
#include "tests/support/dump_file.h"

#define FLOWS      "kestra_flows_revisions"
#define TEMPLATES  "kestra_templates"
#define TRIGGERS   "kestra_triggers"
#define EXECUTIONS "kestra_executions"

/* A sink that writes "key=value" lines, and skips as "! place/id: reason". */
struct keeper {
    struct sink sink; /* first member */
    struct buf  text;
};

struct file_world {
    struct dump_file       file;
    struct layout         *layout;
    struct store_conf      conf;
    struct project_options options;
    struct store          *store; /* NULL: not open */
    struct store_query     query;
    struct keeper          keeper;
    struct tally           tally;
    struct err             err;
};

/* Fixture: band I, indices with the usual names; nothing is open. */
int file_world_setup(void **state);
int file_world_teardown(void **state);

/* Added to the text of the dump: any hit; an execution with one history, which began at date. */
void file_world_hit(struct file_world *w, const char *index, const char *id, const char *source);
void file_world_execution(struct file_world *w, const char *index, const char *id,
                          const char *state, const char *date);

/* The file as it is: open and use it. Its text: write it, then open it. */
bool file_world_open(struct file_world *w);
void file_world_written(struct file_world *w);
void file_world_must(struct file_world *w, bool ok);
/* Opening or reading fails with ERR_STORE and says so. */
void file_world_fails(struct file_world *w, const char *why);

/* Everything of the query through the pipeline, into the keeper. */
bool        file_world_run(struct file_world *w);
const char *file_world_records(struct file_world *w, enum kind kind);

struct store_counts file_world_count(struct file_world *w, enum kind kind);

bool text_begins(const char *text, const char *with);

#endif
