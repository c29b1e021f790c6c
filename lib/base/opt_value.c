/* opt_value.c - the values of options: from text into the caller's struct. */
#include "lib/base/opt_value.h"

#include "lib/base/clock.h"

static bool parse_count(const char *text, uint64_t *out)
{
    uint64_t value = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

static bool parse_bytes(const char *text, uint64_t *out)
{
    static const char units[] = "KkMmGgTt";
    char              digits[32];
    size_t            n = strlen(text);
    unsigned          shift = 0;
    const char       *unit;
    uint64_t          value;

    if (n == 0 || n >= sizeof(digits))
        return false;
    memcpy(digits, text, n + 1);
    unit = strchr(units, digits[n - 1]);
    if (unit) {
        shift = 10 * (unsigned)((unit - units) / 2 + 1);
        digits[n - 1] = '\0';
    }
    if (!parse_count(digits, &value) || value > UINT64_MAX >> shift)
        return false;
    *out = value << shift;
    return true;
}

static bool parse_number(enum opt_type type, const char *text, uint64_t *out)
{
    if (type == OPT_BYTES)
        return parse_bytes(text, out);
    if (type == OPT_DURATION)
        return duration_parse(text, out);
    return parse_count(text, out);
}

/* A number that could not be parsed is only too large if a small one in its place can be. */
static bool is_too_large(enum opt_type type, const char *text)
{
    size_t   digits = strspn(text, "0123456789");
    char     small[8];
    uint64_t value;

    if (digits == 0 || strlen(text + digits) > sizeof(small) - 2)
        return false;
    (void)snprintf(small, sizeof(small), "1%s", text + digits);
    return parse_number(type, small, &value);
}

/* A number as a person would write it for this option. */
static const char *show_number(enum opt_type type, uint64_t value, char out[32])
{
    static const struct {
        enum opt_type type;
        uint64_t      size;
        const char   *suffix;
    } units[] = {
        { OPT_BYTES, UINT64_C(1) << 40, "T" },
        { OPT_BYTES, 1u << 30, "G" },
        { OPT_BYTES, 1u << 20, "M" },
        { OPT_BYTES, 1u << 10, "K" },
        { OPT_DURATION, 86400000, "d" },
        { OPT_DURATION, 3600000, "h" },
        { OPT_DURATION, 60000, "m" },
        { OPT_DURATION, 1000, "s" },
        { OPT_DURATION, 1, "ms" },
    };
    uint64_t    size = 1;
    const char *suffix = "";

    for (size_t i = 0; i < COUNT_OF(units) && value > 0; i++) {
        if (units[i].type == type && value % units[i].size == 0) {
            size = units[i].size;
            suffix = units[i].suffix;
            break;
        }
    }
    (void)snprintf(out, 32, "%llu%s", (unsigned long long)(value / size), suffix);
    return out;
}

/* max 0 means that there is none. */
static bool check_range(const struct opt *o, const char *where, const char *text, uint64_t value,
                        struct err *err)
{
    char min[32];
    char max[32];

    if (value >= o->min && (o->max == 0 || value <= o->max))
        return true;
    (void)show_number(o->type, o->min, min);
    if (o->max == 0)
        return err_set(err, ERR_USAGE, "%s: %s is less than %s", where, text, min);
    return err_set(err, ERR_USAGE, "%s: %s is not between %s and %s", where, text, min,
                   show_number(o->type, o->max, max));
}

static bool set_number(const struct opt *o, const char *where, const char *text, uint64_t *field,
                       struct err *err)
{
    const char *what = "a whole number";
    uint64_t    value = 0;

    if (o->type == OPT_BYTES)
        what = "a number of bytes such as 1000, 512K, 64M or 1G";
    else if (o->type == OPT_DURATION)
        what = "a time such as 250ms, 30s, 5m, 2h or 7d";
    if (!parse_number(o->type, text, &value)) {
        if (is_too_large(o->type, text))
            return err_set(err, ERR_USAGE, "%s: %s is too large", where, text);
        return err_set(err, ERR_USAGE, "%s: '%s' is not %s", where, text, what);
    }
    if (!check_range(o, where, text, value, err))
        return false;
    *field = value;
    return true;
}

/* Is word one of "a|b|c"? */
static bool is_choice(const char *choices, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = choices;; p += strcspn(p, "|") + 1) {
        if (slice_eq(slice_of(p, strcspn(p, "|")), slice_of(word, n)))
            return true;
        if (!strchr(p, '|'))
            return false;
    }
}

/* "a|b|c" as "a, b or c". */
static void show_choices(const char *choices, char *out, size_t size)
{
    struct buf  b;
    const char *last = strrchr(choices, '|');

    buf_init(&b, size - 1);
    for (const char *p = choices; *p != '\0'; p++) {
        if (p == last)
            buf_add(&b, " or ");
        else if (*p == '|')
            buf_add(&b, ", ");
        else
            buf_add(&b, "%c", *p);
    }
    (void)snprintf(out, size, "%s", b.p);
    buf_release(&b);
}

static bool set_choice(const struct opt *o, const char *where, const char *text, const char **field,
                       struct err *err)
{
    char choices[256];

    if (!is_choice(o->arg, text)) {
        show_choices(o->arg, choices, sizeof(choices));
        return err_set(err, ERR_USAGE, "%s: '%s' is not %s", where, text, choices);
    }
    *field = text;
    return true;
}

bool opt_add_item(struct opt_list *list, const char *where, const char *text, struct err *err)
{
    if (list->n == OPT_LIST_MAX)
        return err_set(err, ERR_USAGE, "%s: more than %d are given", where, OPT_LIST_MAX);
    list->items[list->n++] = text;
    return true;
}

bool opt_set_value(const struct opt *o, const char *where, const char *text, void *field,
                   struct err *err)
{
    switch (o->type) {
    case OPT_FLAG: *(bool *)field = true; return true;
    case OPT_SET: *(const char **)field = o->def; return true;
    case OPT_STRING: *(const char **)field = text; return true;
    case OPT_CHOICE: return set_choice(o, where, text, field, err);
    case OPT_LIST: return opt_add_item(field, where, text, err);
    case OPT_SECRET: ((struct opt_secret *)field)->file = text; return true;
    case OPT_COUNT:
    case OPT_BYTES:
    case OPT_DURATION: return set_number(o, where, text, field, err);
    }
    abort();
}

void opt_clear_value(const struct opt *o, void *field)
{
    switch (o->type) {
    case OPT_FLAG: *(bool *)field = false; break;
    case OPT_SET:
    case OPT_STRING:
    case OPT_CHOICE: *(const char **)field = NULL; break;
    case OPT_LIST: ((struct opt_list *)field)->n = 0; break;
    case OPT_SECRET: *(struct opt_secret *)field = (struct opt_secret){ NULL, NULL }; break;
    case OPT_COUNT:
    case OPT_BYTES:
    case OPT_DURATION: *(uint64_t *)field = 0; break;
    }
}
