/*
 * judge_impl.h - what the judge*.c files share; no other file includes it.
 *
 * What is kept is kept by text: revisions and templates by their store keys, children by their
 * parent, ticks by their trigger. A revision's JSON is kept only until its tree is built, which is
 * at the first judgement that needs it, when its templates are there too.
 */
#ifndef REQUEUE_JUDGE_IMPL_H
#define REQUEUE_JUDGE_IMPL_H

#include "lib/base/hash.h"
#include "lib/base/idset.h"
#include "lib/base/map.h"
#include "lib/kestra/judge.h"

struct revision {
    char             *json; /* until the tree is built; NULL: built, or not there */
    size_t            n;
    struct flow_tree *tree;
    char              detail[160]; /* why it cannot be read */
};

struct text {
    char  *p;
    size_t n;
};

struct family {
    struct child *children;
    size_t        n, room;
};

/* Whose child an execution is. */
struct kin {
    struct slice parent;
    size_t       at; /* in its family */
};

struct judge {
    const struct layout          *layout;
    const struct project_options *options;
    struct judge_source           source;
    const struct flow_index      *flows;
    bool                          has_newest;
    struct instant                newest;

    struct arena *scratch;   /* of the judgement at hand */
    struct arena *kept;      /* as long as the judge */
    struct map   *revisions; /* struct revision */
    struct map   *templates; /* struct text; p NULL: not there */
    size_t        next_template;
    struct map   *families; /* struct family, by the parent's id */
    struct map   *parents;  /* struct kin, by the child's id */
    struct map   *ticks;    /* struct slice, by trigger */
    struct idset *emitted;
    struct idset *releasing; /* those of them whose end an executor is to see */
    struct idset *stale;
    struct idset *told; /* of what is told once: ended ones, lost ones */
    struct idset *lost; /* revisions that did not get into the topic */
    bool          children_known;
    struct map   *runs;    /* struct run_known, by the task run's id */
    struct map   *waiting; /* parents that were not judged yet: not NULL until they are kept */
    bool          stopped_waiting;
    struct slice  ended[JUDGE_MAX_ENDED];
    size_t        n_ended;
    struct link  *links;
    size_t        n_links, room_links;
    struct err    err;
};

static inline struct digest judge_digest(struct slice id)
{
    return digest_bytes(DIGEST_TAG_RAW, id);
}

/* A copy that lives as long as the judge; no text stays none. */
static inline struct slice judge_copy(struct judge *j, struct slice s)
{
    return s.p ? arena_copy(j->kept, s) : s;
}

/* judge.c: will that revision be in the topic? Its tree, once. A document, read into scratch. */
bool            judge_revision_sent(const struct judge *j, struct slice key, struct slice flow);
void            judge_build_tree(struct judge *j, struct revision *r);
MUST_CHECK bool judge_read(struct judge *j, const struct document *doc, struct execution *out);
/* To be sent by no option. */
bool judge_is_unfit(const struct finding *f);

#endif
