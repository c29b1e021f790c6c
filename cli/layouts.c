/*
 * layouts.c - see layouts.h.
 */
#include "cli/layouts.h"

#include "lib/base/file.h"
#include "lib/base/yaml.h"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

struct folder {
    char path[PATH_MAX];
};

static bool is_folder(const char *path)
{
    DIR *d = opendir(path);

    if (!d)
        return false;
    (void)closedir(d);
    return true;
}

/* The folder of the running program, with its trailing '/'. */
static bool program_folder(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    char   *slash;

    if (n <= 0)
        return false;
    out[n] = '\0';
    slash = strrchr(out, '/');
    if (!slash)
        return false;
    slash[1] = '\0';
    return true;
}

static bool find_folder(struct folder *f, struct err *err)
{
    static const char *const places[] = { "../share/requeue/layouts", "../schemas/layouts",
                                          "../../schemas/layouts", "../../../schemas/layouts" };
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in the program changes the environment */
    const char *env = getenv("REQUEUE_LAYOUTS");
    char        base[PATH_MAX];

    if (env) {
        (void)snprintf(f->path, sizeof(f->path), "%s", env);
        return is_folder(f->path) ||
               err_set(err, ERR_USAGE, "REQUEUE_LAYOUTS: %s is no folder that can be read", env) ||
               err_hint(err, "unset it, or name the folder share/requeue/layouts of the install");
    }
    for (size_t i = 0; program_folder(base) && i < COUNT_OF(places); i++) {
        int n = snprintf(f->path, sizeof(f->path), "%s%s", base, places[i]);

        if (n > 0 && (size_t)n < sizeof(f->path) && is_folder(f->path))
            return true;
    }
    (void)err_set(err, ERR_USAGE, "the layout files of requeue were not found beside the program");
    return err_hint(err, "set REQUEUE_LAYOUTS to the folder schemas/layouts");
}

static bool is_file_name(const char *name)
{
    size_t n = strlen(name);

    return strchr(name, '/') || (n > 4 && strcmp(name + n - 4, ".yml") == 0);
}

static bool load_text(void *ctx, const char *name, struct arena *a, struct buf *out,
                      const char **file, struct err *err)
{
    const struct folder *f = ctx;
    char                 path[PATH_MAX + 64];

    if (is_file_name(name))
        (void)snprintf(path, sizeof(path), "%s", name);
    else
        (void)snprintf(path, sizeof(path), "%s/%s.yml", f->path, name);
    *file = arena_str(a, slice_str(path));
    return file_read(path, out, err) ||
           err_hint(err, "--layout takes the name of a band, or a file ending in .yml");
}

/* The bands there are, sorted: files that start with a capital letter. common.yml and the like are
 * only extended. */
static size_t list_bands(const struct folder *f, char names[][16], size_t max)
{
    struct dirent **entries;
    int             n = scandir(f->path, &entries, NULL, alphasort);
    size_t          found = 0;

    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        const char *dot = strrchr(name, '.');

        if (dot && strcmp(dot, ".yml") == 0 && name[0] >= 'A' && name[0] <= 'Z' &&
            dot - name < 16 && found < max)
            (void)snprintf(names[found++], 16, "%.*s", (int)(dot - name), name);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return found;
}

#define MAX_BANDS 64

static void add_names(char names[][16], size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_add(out, "%s%s", i ? " " : "", names[i]);
}

static bool unknown_band(const struct store_info *info, char names[][16], size_t n, struct err *err)
{
    struct buf bands = { 0 };

    buf_init(&bands, 4096);
    add_names(names, n, &bands);
    if (!info->has_tables)
        (void)err_set(err, ERR_USAGE,
                      "the store does not say of which Kestra it is: it has no migration history, "
                      "and its documents have the members of no band, or it has none of flows");
    else if (info->n_versions == 0)
        (void)err_set(err, ERR_USAGE,
                      "the store does not say of which Kestra it is: flyway_schema_history is "
                      "missing or empty, and its tables are those of no band");
    else
        (void)err_set(err, ERR_USAGE,
                      "no layout fits the store's %zu migrations, of which %s is the newest",
                      info->n_versions, info->versions[0] ? info->versions[0] : "-");
    (void)err_hint(err, "%sname the band with --layout: %s; or give a layout file",
                   info->has_tables ? "" : "see --index-prefix and --index, or ", bands.p);
    buf_release(&bands);
    return false;
}

/* A name that --layout gives and that is no file must be one of the bands. */
static bool check_band(const struct folder *f, const char *wanted, struct err *err)
{
    char       names[MAX_BANDS][16];
    size_t     n = list_bands(f, names, MAX_BANDS);
    struct buf bands = { 0 };

    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], wanted) == 0)
            return true;
    buf_init(&bands, 4096);
    add_names(names, n, &bands);
    (void)err_set(err, ERR_USAGE, "option --layout: there is no band \"%s\"", wanted);
    (void)err_hint(err, "bands are %s; a file is named with a / or ends in .yml",
                   n > 0 ? bands.p : "none");
    buf_release(&bands);
    return false;
}

/* Is all that this band brought in the store? A band that does not say what it brought is never
 * guessed. */
static bool has_signs(struct store *store, const struct layout *l, bool has_tables, bool *all,
                      struct err *err)
{
    const struct strings *signs = has_tables ? &l->evidence : &l->hints;

    *all = signs->n > 0;
    for (size_t i = 0; *all && i < signs->n; i++)
        if (!store->has(store, l, signs->items[i], all, err))
            return false;
    return true;
}

/* Newest band first: bands are named in the order of their releases. */
static bool detect(struct folder *f, struct store *store, const struct store_info *info,
                   struct layout **out, struct err *err)
{
    char   names[MAX_BANDS][16];
    size_t n = list_bands(f, names, MAX_BANDS);

    if (n == 0) {
        (void)err_set(err, ERR_USAGE, "%s has no layouts", f->path);
        return err_hint(err, "set REQUEUE_LAYOUTS to the folder schemas/layouts of requeue");
    }
    for (size_t i = n; i > 0; i--) {
        struct layout *l;
        bool           fits = false;

        if (!layout_load(names[i - 1], load_text, f, &l, err))
            return false;
        if (info->n_versions > 0) {
            fits = layout_matches_flyway(l, info->versions, info->n_versions);
        } else if (!has_signs(store, l, info->has_tables, &fits, err)) {
            layout_free(l);
            return false;
        }
        if (fits) {
            *out = l;
            return true;
        }
        layout_free(l);
    }
    return unknown_band(info, names, n, err);
}

static const char *how_detected(const struct store_info *info)
{
    if (info->n_versions > 0)
        return "detected from flyway_schema_history";
    if (info->has_tables)
        return "guessed from tables and members: there is no migration history";
    return "guessed from members of the documents (a search store has no migration history): name "
           "it with --layout if this is wrong";
}

bool layouts_choose(const char *wanted, struct store *store, const struct store_info *info,
                    struct layout **out, char why[160], struct err *err)
{
    struct folder f;

    if (!find_folder(&f, err))
        return false;
    if (wanted) {
        (void)snprintf(why, 160, "given by --layout");
        return (is_file_name(wanted) || check_band(&f, wanted, err)) &&
               layout_load(wanted, load_text, &f, out, err);
    }
    if (!detect(&f, store, info, out, err))
        return false;
    (void)snprintf(why, 160, "%s", how_detected(info));
    return true;
}
