/*
 * yaml.h - a YAML file as a small tree with line numbers (the one door to libyaml).
 *
 * For layout files: mappings, sequences and scalars. Anchors, aliases, tags, several documents and
 * repeated keys are refused with file and line. Limits: YAML_MAX_BYTES, YAML_MAX_DEPTH,
 * YAML_MAX_NODES. Everything lives in the arena the caller gives. Errors: ERR_USAGE, "NAME:LINE:
 * what is wrong".
 */
#ifndef REQUEUE_YAML_H
#define REQUEUE_YAML_H

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define YAML_MAX_BYTES (1u << 20)
#define YAML_MAX_DEPTH 16
#define YAML_MAX_NODES 20000

enum yaml_type { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
    enum yaml_type    type;
    unsigned          line;     /* 1-based, of the value */
    unsigned          key_line; /* 1-based, of the key; 0 without one */
    const char       *key;      /* in a mapping: this entry's key; else NULL */
    const char       *text;     /* scalar: NUL-terminated, without quotes; "" for an empty one */
    bool              plain;    /* scalar without quotes: may mean null, true, 42 */
    size_t            n;        /* children */
    struct yaml_node *first;    /* children in order */
    struct yaml_node *next;
};

/* name: for messages. An empty text gives an empty mapping. */
MUST_CHECK bool yaml_parse(struct slice text, const char *name, struct arena *a,
                           struct yaml_node **root, struct err *err);

/* The entry of a mapping, or NULL (also when node is NULL or no mapping). */
const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);

#endif
