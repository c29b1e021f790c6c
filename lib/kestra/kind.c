/* kind.c - the kinds of entities that are replayed. */
#include "lib/kestra/kind.h"

static const char *const names[] = {
    [KIND_FLOW_LAST] = "flow-last",
    [KIND_FLOW] = "flow",
    [KIND_TEMPLATE] = "template",
    [KIND_TRIGGER] = "trigger",
    [KIND_SUBFLOW_LINK] = "subflow-link",
    [KIND_EXECUTION] = "execution",
    [KIND_COUNT] = "none",
};

const char *kind_name(enum kind kind)
{
    return names[kind];
}

/* The kinds that one word stands for; 0: unknown. */
static unsigned word_set(struct slice word)
{
    if (slice_eq(word, SLICE("all")))
        return KIND_ALL;
    for (unsigned k = 0; k < KIND_COUNT; k++) {
        if (kind_is_stored((enum kind)k) && slice_eq(word, slice_str(names[k])))
            return k == KIND_FLOW ? KIND_BIT(KIND_FLOW) | KIND_BIT(KIND_FLOW_LAST) : KIND_BIT(k);
    }
    return 0;
}

bool kind_parse_list(const char *text, unsigned *out, struct err *err)
{
    unsigned    set = 0;
    const char *p = text;

    for (;;) {
        struct slice word = slice_of(p, strcspn(p, ","));
        unsigned     bits = word_set(word);

        if (bits == 0) {
            (void)err_set(err, ERR_USAGE, "unknown kind '%.*s'", SLICE_ARG(word));
            return err_hint(err, "kinds are flow-last, flow (which includes flow-last), template, "
                                 "trigger, execution and all, separated by commas");
        }
        set |= bits;
        if (p[word.n] == '\0')
            break;
        p += word.n + 1;
    }
    *out = set;
    return true;
}
