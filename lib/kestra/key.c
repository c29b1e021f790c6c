/*
 * key.c - record keys and partitions.
 */
#include "lib/kestra/key.h"

#include <assert.h>

#define MURMUR2_SEED 0x9747b28cu
#define MURMUR2_M    0x5bd1e995u

/* No spelling of a key of KEY_MAX_BYTES is longer: \u00XX is six bytes for one. */
#define MAX_RAW_BYTES (6 * KEY_MAX_BYTES + 2)

static const char *type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_ABSENT] = "absent",   [JSON_NULL] = "null",       [JSON_BOOL] = "a boolean",
        [JSON_NUMBER] = "a number", [JSON_STRING] = "a string", [JSON_OBJECT] = "an object",
        [JSON_ARRAY] = "an array",
    };

    return names[type];
}

/* "12", not "-1", "1.0", "1e3": Kestra's own key prints a Java integer, so only its spelling will
 * do. */
static bool is_revision(struct slice raw)
{
    for (size_t i = 0; i < raw.n; i++)
        if (raw.p[i] < '0' || raw.p[i] > '9')
            return false;
    return raw.n > 0;
}

static bool full(struct err *err)
{
    return err_set(err, ERR_DATA, "the key is longer than %d bytes", KEY_MAX_BYTES);
}

static bool append_integer(const char *member, struct json_value v, struct buf *out,
                           struct err *err)
{
    if (v.type != JSON_NUMBER)
        return err_set(err, ERR_DATA, "member %s is %s, not an integer", member, type_name(v.type));
    if (!is_revision(v.raw))
        return err_set(err, ERR_DATA, "member %s is %.*s, not an integer from 0", member,
                       SLICE_ARG(v.raw));
    return v.raw.n <= KEY_MAX_BYTES && buf_append(out, v.raw) ? true : full(err);
}

static bool append_text(const char *member, struct json_value v, struct buf *out, struct err *err)
{
    size_t before = out->n;

    if (v.type != JSON_STRING)
        return err_set(err, ERR_DATA, "member %s is %s, not a string", member, type_name(v.type));
    if (v.raw.n > MAX_RAW_BYTES)
        return full(err);
    if (!json_text(v, out, err))
        return err_wrap(err, "member %s", member);
    if (out->n == before)
        return err_set(err, ERR_DATA, "member %s is empty", member);
    return true;
}

/* A part whose null is written -1 is a revision, an integer; every other one is a text
 * (data-model 5.4). */
static bool append_part(const struct key_part *part, struct json_value v, struct buf *out,
                        struct err *err)
{
    bool missing = v.type == JSON_ABSENT || v.type == JSON_NULL;

    if (missing && part->null == KEY_NULL_REFUSE)
        return err_set(err, ERR_DATA, "member %s is %s", part->member, type_name(v.type));
    if (missing)
        return buf_append(out, SLICE("-1")) ? true : full(err);
    if (part->null == KEY_NULL_MINUS1)
        return append_integer(part->member, v, out, err);
    return append_text(part->member, v, out, err);
}

static bool is_skipped(const struct key_part *part, struct json_value v)
{
    return part->null == KEY_NULL_SKIP && (v.type == JSON_ABSENT || v.type == JSON_NULL);
}

static bool append_parts(const struct key_template *t, const struct json_value *values,
                         struct buf *out, struct err *err)
{
    size_t start = out->n;

    for (size_t i = 0; i < t->n_parts; i++) {
        if (is_skipped(&t->parts[i], values[i]))
            continue;
        if (out->n > start && !buf_append(out, slice_str(t->separator)))
            return full(err);
        if (!append_part(&t->parts[i], values[i], out, err))
            return false;
        if (out->n - start > KEY_MAX_BYTES)
            return full(err);
    }
    return true;
}

/* A key is whole or not there. */
static bool take_back(struct buf *out, size_t start)
{
    if (out->n > start) {
        out->n = start;
        out->p[start] = '\0';
    }
    return false;
}

bool key_build(const struct key_template *t, const struct json_value *values, struct buf *out,
               struct err *err)
{
    size_t start = out->n;

    if (!append_parts(t, values, out, err))
        return take_back(out, start);
    if (out->n == start)
        return err_set(err, ERR_DATA, "every member of the key is missing");
    return true;
}

/* The hash of Java's Kafka client (org.apache.kafka.common.utils.Utils), on unsigned 32-bit words.
 */
uint32_t key_murmur2(struct slice key)
{
    const unsigned char *p = (const unsigned char *)key.p;
    size_t               n = key.n;
    uint32_t             h = MURMUR2_SEED ^ (uint32_t)n;

    for (; n >= 4; n -= 4, p += 4) {
        uint32_t k =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

        k *= MURMUR2_M;
        k ^= k >> 24;
        k *= MURMUR2_M;
        h = h * MURMUR2_M ^ k;
    }
    if (n >= 3)
        h ^= (uint32_t)p[2] << 16;
    if (n >= 2)
        h ^= (uint32_t)p[1] << 8;
    if (n >= 1) {
        h ^= p[0];
        h *= MURMUR2_M;
    }
    h ^= h >> 13;
    h *= MURMUR2_M;
    return h ^ h >> 15;
}

int32_t key_partition(struct slice key, int32_t n_partitions)
{
    assert(n_partitions > 0);
    return (int32_t)(key_murmur2(key) & 0x7fffffffu) % n_partitions;
}
