/*
 * kestra_name.c - see kestra_name.h.
 */
#include "cli/kestra_name.h"

char kestra_name_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

const char *kestra_name_canonical(struct arena *a, struct slice name)
{
    char  *out = arena_alloc(a, name.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] != '-' && name.p[i] != '_')
            out[n++] = kestra_name_lower(name.p[i]);
    out[n] = '\0';
    return out;
}

char *kestra_name_variable(struct arena *a, struct slice name)
{
    char *out = arena_str(a, name);

    for (char *p = out; *p; p++)
        if (*p == '.' || *p == '-')
            *p = '_';
        else if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return out;
}

/* Both names as far as they are the same; at the end of prefix, or at the first difference. */
static void skip_same(const char **written, const char **prefix)
{
    for (;;) {
        *written += strspn(*written, "-_");
        *prefix += strspn(*prefix, "-_");
        if (**prefix == '\0' || kestra_name_lower(**written) != kestra_name_lower(**prefix))
            return;
        (*written)++;
        (*prefix)++;
    }
}

bool kestra_name_is(const char *written, const char *name)
{
    skip_same(&written, &name);
    return *written == '\0' && *name == '\0';
}

const char *kestra_name_behind(const char *written, const char *prefix)
{
    skip_same(&written, &prefix);
    return *prefix == '\0' && *written == '.' ? written + 1 : NULL;
}
