/*
 * yardstick_drain.c - how fast a search server hands an index out, with nothing done to its
 * documents.
 *
 *   yardstick_drain [--parse] INDEX scroll|pit SLICES [PAGE-BYTES]
 *
 * Reads everything through a sliced scroll sorted by _doc, or through one point in time and
 * _shard_doc (Elasticsearch from 7.12 on), each slice in a thread with a connection of its own, in
 * pages of about PAGE-BYTES (8 MB) and at most 10000 documents, and throws it away. The server is
 * that of $REQUEUE_TEST_SEARCH. Prints one line of JSON: wall and CPU time of the whole. With
 * --parse yajl runs over each page without callbacks, and parse_cpu_seconds is what that took. It
 * uses nothing of the program that it is compared with.
 */
#include "tests/tools/yardstick.h"

#include <curl/curl.h>
#include <yajl/yajl_parse.h>

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define MAX_SLICES 64
#define MAX_HITS   10000
#define PROBE_HITS 200
#define ID_MAX     8192

struct page {
    char  *bytes; /* ends with a zero byte that is not counted */
    size_t len;
    size_t cap;
};

struct slice {
    pthread_t   thread;
    int         id;
    CURL       *curl;
    struct page page;
    long        documents;
    long        expected;
    size_t      bytes;
    double      parse_cpu;
};

/* Set before the threads start. */
static const char        *server;
static const char        *index_name;
static bool               with_pit;
static bool               with_parse;
static int                n_slices;
static int                page_hits;
static char               pit_id[ID_MAX];
static struct curl_slist *headers;

static size_t take(char *bytes, size_t size, size_t n, void *opaque)
{
    struct page *p = opaque;

    (void)size; /* always 1 */
    if (p->len + n + 1 > p->cap) {
        p->cap = 2 * (p->len + n + 1);
        p->bytes = realloc(p->bytes, p->cap);
        if (!p->bytes)
            die("out of memory");
    }
    memcpy(p->bytes + p->len, bytes, n);
    p->len += n;
    p->bytes[p->len] = '\0';
    return n;
}

static void open_connection(struct slice *s)
{
    s->curl = curl_easy_init();
    if (!s->curl)
        die("no handle");
    (void)curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, &s->page);
    (void)curl_easy_setopt(s->curl, CURLOPT_BUFFERSIZE, 512L * 1024);
    (void)curl_easy_setopt(s->curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, 300L);
}

/* The answer is in the slice's page; only success comes back. */
static void ask(struct slice *s, const char *method, const char *path, const char *body)
{
    char     url[1024];
    long     status = 0;
    CURLcode code;

    (void)snprintf(url, sizeof(url), "%s/%s", server, path);
    (void)curl_easy_setopt(s->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, body);
    (void)curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, method);
    s->page.len = 0;
    code = curl_easy_perform(s->curl);
    if (code != CURLE_OK)
        die("%s: %s", path, curl_easy_strerror(code));
    (void)curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        die("%s: HTTP %ld %.300s", path, status, s->page.len > 0 ? s->page.bytes : "");
}

/* The string after a name that is near the beginning of the answer. */
static bool find_string(const struct page *p, const char *name, char *out)
{
    const char *start = strstr(p->bytes, name);
    size_t      len;

    if (!start)
        return false;
    start += strlen(name);
    len = strcspn(start, "\"");
    if (len >= ID_MAX)
        die("an id of %zu bytes", len);
    memcpy(out, start, len);
    out[len] = '\0';
    return true;
}

static long find_number(const struct page *p, const char *name)
{
    const char *start = strstr(p->bytes, name);

    return start ? strtol(start + strlen(name), NULL, 10) : -1;
}

/* How many documents a page has. In a string such a text would have its quotes escaped. */
static long count(const struct page *p)
{
    static const char name[] = "{\"_index\":";
    const char       *at = p->bytes;
    const char       *end = p->bytes + p->len;
    long              n = 0;

    while ((at = memmem(at, (size_t)(end - at), name, sizeof(name) - 1)) != NULL) {
        at += sizeof(name) - 1;
        n++;
    }
    return n;
}

static void parse(struct slice *s)
{
    double      before = seconds(CLOCK_THREAD_CPUTIME_ID);
    yajl_handle h = yajl_alloc(NULL, NULL, NULL);

    if (yajl_parse(h, (const unsigned char *)s->page.bytes, s->page.len) != yajl_status_ok ||
        yajl_complete_parse(h) != yajl_status_ok)
        die("a page is not JSON");
    yajl_free(h);
    s->parse_cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - before;
}

/* Count the page in; false when it was the last, empty one. */
static bool count_in(struct slice *s, bool first)
{
    long n = count(&s->page);

    if (find_number(&s->page, "\"failed\":") != 0 || strstr(s->page.bytes, "\"timed_out\":true"))
        die("a page without all its shards: %.300s", s->page.bytes);
    if (first)
        s->expected = find_number(&s->page, "\"total\":{\"value\":");
    s->documents += n;
    s->bytes += s->page.len;
    if (with_parse)
        parse(s);
    return n > 0;
}

/* What belongs into the body of each search of this slice, with a comma behind. */
static void slice_text(const struct slice *s, char *out, size_t cap)
{
    out[0] = '\0';
    if (n_slices > 1)
        (void)snprintf(out, cap, "\"slice\":{\"id\":%d,\"max\":%d},", s->id, n_slices);
}

static void drain_scroll(struct slice *s)
{
    char path[512];
    char body[ID_MAX + 128];
    char part[64];
    char id[ID_MAX];
    bool more;

    slice_text(s, part, sizeof(part));
    (void)snprintf(path, sizeof(path), "%s/_search?scroll=5m&size=%d", index_name, page_hits);
    (void)snprintf(body, sizeof(body), "{%s\"track_total_hits\":true,\"sort\":[\"_doc\"]}", part);
    ask(s, "POST", path, body);
    more = count_in(s, true);
    while (find_string(&s->page, "\"_scroll_id\":\"", id) && more) {
        (void)snprintf(body, sizeof(body), "{\"scroll\":\"5m\",\"scroll_id\":\"%s\"}", id);
        ask(s, "POST", "_search/scroll", body);
        more = count_in(s, false);
    }
    (void)snprintf(body, sizeof(body), "{\"scroll_id\":\"%s\"}", id);
    ask(s, "DELETE", "_search/scroll", body);
}

static void drain_pit(struct slice *s)
{
    char body[ID_MAX + 512];
    char part[64];
    char after[128] = "";
    bool first = true;

    slice_text(s, part, sizeof(part));
    do {
        const char *sort;

        (void)snprintf(
            body, sizeof(body),
            "{%s%s\"size\":%d,\"track_total_hits\":%s,\"sort\":[{\"_shard_doc\":\"asc\"}],"
            "\"pit\":{\"id\":\"%s\",\"keep_alive\":\"5m\"}}",
            part, after, page_hits, first ? "true" : "false", pit_id);
        ask(s, "POST", "_search", body);
        if (!count_in(s, first))
            return;
        first = false;
        sort = memrchr(s->page.bytes, '[', s->page.len);
        if (!sort)
            die("a page without a place to go on from");
        (void)snprintf(after, sizeof(after), "\"search_after\":%.*s],", (int)strcspn(sort, "]"),
                       sort);
    } while (true);
}

static void *drain(void *arg)
{
    struct slice *s = arg;

    if (with_pit)
        drain_pit(s);
    else
        drain_scroll(s);
    return NULL;
}

/* How many documents make a page of so many bytes, by the mean of the first ones. */
static void choose_hits(struct slice *s, size_t page_bytes)
{
    char   path[512];
    size_t hits;
    long   n;

    (void)snprintf(path, sizeof(path), "%s/_search?size=%d", index_name, PROBE_HITS);
    ask(s, "POST", path, "{}");
    n = count(&s->page);
    hits = n > 0 ? page_bytes / (s->page.len / (size_t)n) : MAX_HITS;
    page_hits = (int)(hits < 1 ? 1 : hits > MAX_HITS ? MAX_HITS : hits);
}

static void read_all(struct slice *slices)
{
    char path[512];
    char body[ID_MAX + 32];

    if (with_pit) {
        (void)snprintf(path, sizeof(path), "%s/_pit?keep_alive=5m", index_name);
        ask(&slices[0], "POST", path, "");
        if (!find_string(&slices[0].page, "\"id\":\"", pit_id))
            die("no point in time: %.300s", slices[0].page.bytes);
    }
    for (int i = 0; i < n_slices; i++) {
        if (pthread_create(&slices[i].thread, NULL, drain, &slices[i]) != 0)
            die("no thread");
    }
    for (int i = 0; i < n_slices; i++)
        (void)pthread_join(slices[i].thread, NULL);
    if (with_pit) {
        (void)snprintf(body, sizeof(body), "{\"id\":\"%s\"}", pit_id);
        ask(&slices[0], "DELETE", "_pit", body);
    }
}

static void report(const struct slice *slices, struct took took)
{
    struct slice sum = { 0 };

    for (int i = 0; i < n_slices; i++) {
        if (slices[i].documents != slices[i].expected)
            die("slice %d has %ld documents, read were %ld", i, slices[i].expected,
                slices[i].documents);
        sum.documents += slices[i].documents;
        sum.bytes += slices[i].bytes;
        sum.parse_cpu += slices[i].parse_cpu;
    }
    took_print(took, sum.documents, sum.bytes);
    (void)printf(", \"page_records\": %d", page_hits);
    if (with_parse)
        (void)printf(", \"parse_cpu_seconds\": %.3f", sum.parse_cpu);
    (void)puts("}");
}

int main(int argc, char **argv)
{
    static struct slice slices[MAX_SLICES];
    const char         *usage = "yardstick_drain [--parse] INDEX scroll|pit SLICES [PAGE-BYTES]";
    long                page_bytes = 8L * 1024 * 1024;
    struct took         began;

    if (argc > 1 && strcmp(argv[1], "--parse") == 0) {
        with_parse = true;
        argc--;
        argv++;
    }
    if (argc < 4 || argc > 5)
        die("usage: %s", usage);
    index_name = argv[1];
    with_pit = strcmp(argv[2], "pit") == 0;
    n_slices = (int)strtol(argv[3], NULL, 10);
    if (argc == 5)
        page_bytes = strtol(argv[4], NULL, 10);
    if ((!with_pit && strcmp(argv[2], "scroll") != 0) || n_slices < 1 || n_slices > MAX_SLICES ||
        page_bytes < 1)
        die("usage: %s", usage);
    server = getenv("REQUEUE_TEST_SEARCH");
    if (!server)
        die("REQUEUE_TEST_SEARCH is not set");

    (void)curl_global_init(CURL_GLOBAL_ALL);
    headers = curl_slist_append(NULL, "Content-Type: application/json");
    for (int i = 0; i < n_slices; i++) {
        slices[i].id = i;
        open_connection(&slices[i]);
    }
    choose_hits(&slices[0], (size_t)page_bytes);
    began = took_begin();
    read_all(slices);
    report(slices, took_end(began));
    for (int i = 0; i < n_slices; i++) {
        curl_easy_cleanup(slices[i].curl);
        free(slices[i].page.bytes);
    }
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
