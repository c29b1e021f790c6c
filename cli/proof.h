/*
 * proof.h - what a run states, in a form that can be sealed and checked by others.
 *
 * Canonical JSON: no white space, members in the order of their names, texts and whole numbers
 * only; so any tool that sorts members prints the same bytes, and their SHA-256 is the report's
 * `seal`:
 *
 *   jq -cSj .proof report.json | sha256sum
 *
 * It is no signature: it shows that the statement is the one that was made, to somebody who has
 * kept the seal elsewhere.
 */
#ifndef REQUEUE_PROOF_H
#define REQUEUE_PROOF_H

#include "cli/run.h"

void proof_json(const struct run *r, struct buf *out);

#endif
