/*
 * filecopies.h - of documents that occur more than once in a file: which copy counts.
 *
 * A dump made by appending has a document again where it changed, and one over dated indices may
 * have an execution in two of them (data-model 7.3). Of an execution's copies the latest counts
 * (lib/kestra/latest.h), else, and of all other documents, the one on the later line.
 *
 * Two passes over the file: one sees all ids (8 bytes of hash for each, at most 32 with the room
 * around them, only until the end of the pass), one weighs the few that came again; the second may
 * be left out when copies_any() says so. After that it is only read, by any thread.
 */
#ifndef REQUEUE_FILECOPIES_H
#define REQUEUE_FILECOPIES_H

#include "lib/kestra/document.h"

struct file_copies;

struct file_copies *copies_new(void);
void                copies_free(struct file_copies *c); /* NULL is allowed */

/* First pass: each document. */
void copies_see(struct file_copies *c, enum kind kind, struct slice id);
/* The end of the first pass: did any id come again? */
bool copies_any(struct file_copies *c);

/* Second pass: each document, in the order of the lines. index is borrowed until copies_free. */
void copies_weigh(struct file_copies *c, enum kind kind, const struct document *doc,
                  struct slice index, uint64_t line);

/* Is this the copy that counts? */
bool copies_counts(const struct file_copies *c, enum kind kind, struct slice id, uint64_t line);

#endif
