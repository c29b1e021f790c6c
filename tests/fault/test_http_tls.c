/*
 * test_http_tls.c - requests over TLS, to `openssl s_server` with certificates made here.
 *
 * Authority -> certificate for "localhost". The server gives the file `answer` for GET /answer.
 */
#include "tests/support/test.h"

#include "lib/base/mem.h"
#include "tests/support/http_world.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS 24

struct server {
    pid_t pid;
    int   port;
};

static char folder[] = "/tmp/requeue-http-tls-XXXXXX";

/* ---- openssl -------------------------------------------------------------------------- */

/* In the folder; out -1: its output is dropped. */
static pid_t start_openssl(const char *const *args, int out)
{
    pid_t pid = fork();

    if (pid == 0) {
        char *argv[MAX_ARGS + 2] = { (char *)(uintptr_t) "openssl" };

        for (size_t i = 0; i < MAX_ARGS && args[i]; i++)
            argv[i + 1] = (char *)(uintptr_t)args[i];
        /* It ends with the test, also when that fails. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (chdir(folder) == -1 || !freopen("/dev/null", "r", stdin) ||
            !freopen("/dev/null", "w", stderr) ||
            (out == -1 ? !freopen("/dev/null", "w", stdout) : dup2(out, STDOUT_FILENO) == -1))
            _exit(126);
        (void)execvp("openssl", argv);
        _exit(127);
    }
    assert_int_not_equal(pid, -1);
    return pid;
}

static void run_openssl(const char *const *args)
{
    int status = -1;

    assert_int_not_equal(waitpid(start_openssl(args, -1), &status, 0), -1);
    if (status != 0)
        fail_msg("openssl %s: status %x", args[0], (unsigned)status);
}

static void write_file(const char *name, const char *text)
{
    char  path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_not_equal(fputs(text, file), EOF);
    assert_int_equal(fclose(file), 0);
}

/* A key and a certificate NAME.key, NAME.pem of "localhost"; days may be past. */
static void make_certificate(const char *name, const char *extension, bool by_authority)
{
    char              key[64];
    char              pem[64];
    const char *const args[] = {
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        by_authority ? "/CN=server" : "/CN=authority",
        "-addext",
        extension,
        "-keyout",
        key,
        "-out",
        pem,
        by_authority ? "-CA" : NULL,
        "ca.pem",
        "-CAkey",
        "ca.key",
        NULL,
    };

    (void)snprintf(key, sizeof(key), "%s.key", name);
    (void)snprintf(pem, sizeof(pem), "%s.pem", name);
    run_openssl(args);
}

static int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    make_certificate("ca", "keyUsage=keyCertSign", false);
    make_certificate("server", "subjectAltName=DNS:localhost", true);
    write_file("answer", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    return 0;
}

static int remove_files(void **state)
{
    static const char *const names[] = { "ca.pem",     "ca.key", "server.pem",
                                         "server.key", "answer", "locked.key" };
    char                     path[256];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

/* Waits for its line "ACCEPT 127.0.0.1:PORT". */
static struct server start_server(bool asks_client)
{
    const char *const args[] = {
        "s_server",
        "-accept",
        "127.0.0.1:0",
        "-cert",
        "server.pem",
        "-key",
        "server.key",
        "-HTTP",
        asks_client ? "-Verify" : NULL,
        "1",
        "-CAfile",
        "ca.pem",
        "-verify_return_error",
        NULL,
    };
    struct server s = { 0 };
    int           ends[2];
    FILE         *out;
    char          line[256];

    assert_int_equal(pipe(ends), 0);
    s.pid = start_openssl(args, ends[1]);
    (void)close(ends[1]);
    out = fdopen(ends[0], "r");
    assert_non_null(out);
    while (s.port == 0 && fgets(line, sizeof(line), out)) {
        if (strncmp(line, "ACCEPT ", 7) == 0)
            s.port = (int)strtol(strrchr(line, ':') + 1, NULL, 10);
    }
    (void)fclose(out);
    assert_int_not_equal(s.port, 0);
    return s;
}

static void end_server(const struct server *s)
{
    (void)kill(s->pid, SIGKILL);
    (void)waitpid(s->pid, NULL, 0);
}

/* ---- tests ---------------------------------------------------------------------------- */

static const char *in_folder(char path[256], const char *name)
{
    (void)snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static bool ask(struct http_world *w, const struct server *s, const char *host)
{
    http_world_close(w);
    (void)snprintf(w->url, sizeof(w->url), "https://%s:%d", host, s->port);
    http_world_open(w, w->url);
    return http_world_get(w, "/answer");
}

static void assert_refused(const struct http_world *w, const char *says, const char *hint)
{
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_false(w->err.retriable);
    assert_text_has(w->err.msg, w->url);
    assert_text_has(w->err.msg, says);
    assert_text_has(w->err.hint, hint);
    assert_int_equal(w->answer.tries, 1);
}

static void certificates_are_checked(void **state)
{
    struct http_world *w = *state;
    struct server      s = start_server(false);
    char               ca[256];
    bool               known_ok;
    bool               insecure_ok;

    assert_false(ask(w, &s, "localhost"));
    assert_refused(w, "its certificate comes from an authority that is not known here",
                   "--store-ca");

    w->conf.ca_file = in_folder(ca, "ca.pem");
    known_ok = ask(w, &s, "localhost");
    http_world_check(w, known_ok);
    assert_string_equal(w->answer.body.p, "{}");

    assert_false(ask(w, &s, "127.0.0.1"));
    assert_refused(w, "its certificate is for another host name", "name the server as");

    w->conf.ca_file = NULL;
    w->conf.insecure = true;
    insecure_ok = ask(w, &s, "127.0.0.1");
    http_world_check(w, insecure_ok);
    end_server(&s);
}

static void a_client_certificate_is_shown(void **state)
{
    struct http_world *w = *state;
    struct server      s = start_server(true);
    char               ca[256];
    char               pem[256];
    char               key[256];

    w->conf.ca_file = in_folder(ca, "ca.pem");
    assert_false(ask(w, &s, "localhost"));
    assert_refused(w, "the server wants a client certificate", "--store-cert and --store-key");
    w->conf.cert_file = in_folder(pem, "server.pem");
    w->conf.key_file = in_folder(key, "server.key");
    http_world_check(w, ask(w, &s, "localhost"));
    assert_string_equal(w->answer.body.p, "{}");

    /* A key that belongs to another certificate. */
    w->conf.key_file = in_folder(key, "ca.key");
    assert_false(ask(w, &s, "localhost"));
    assert_int_equal(w->err.kind, ERR_USAGE);
    assert_text_has(w->err.msg, "the client certificate or its key cannot be used");
    end_server(&s);
}

static void files_that_cannot_be_used_are_told_at_once(void **state)
{
    struct http_world *w = *state;
    char               path[256];

    w->conf.url = "https://h";
    w->conf.ca_file = in_folder(path, "absent.pem");
    assert_false(http_open(&w->conf, &w->h, &w->err));
    assert_int_equal(w->err.kind, ERR_USAGE);
    assert_text_has(w->err.msg, path);

    w->conf.ca_file = in_folder(path, "answer");
    assert_false(http_open(&w->conf, &w->h, &w->err));
    assert_int_equal(w->err.kind, ERR_USAGE);
    assert_text_has(w->err.msg, "this is no PEM file");

    w->conf.ca_file = NULL;
    w->conf.key_file = in_folder(path, "server.key");
    assert_false(http_open(&w->conf, &w->h, &w->err));
    assert_int_equal(w->err.kind, ERR_USAGE);
    assert_text_has(w->err.msg, "without its certificate");
    w->h = NULL;
}

/* OpenSSL would ask the terminal for it. */
static void a_key_with_a_pass_phrase_is_refused(void **state)
{
    static const char *const args[] = { "pkey",    "-in",      "server.key", "-out", "locked.key",
                                        "-aes256", "-passout", "pass:word",  NULL };
    struct http_world       *w = *state;
    char                     pem[256];
    char                     key[256];

    run_openssl(args);
    w->conf.url = "https://h";
    w->conf.cert_file = in_folder(pem, "server.pem");
    w->conf.key_file = in_folder(key, "locked.key");
    assert_false(http_open(&w->conf, &w->h, &w->err));
    assert_int_equal(w->err.kind, ERR_USAGE);
    assert_text_has(w->err.msg, "the key has a pass phrase");
    w->h = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_world_begin, http_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(certificates_are_checked),
        TEST(a_client_certificate_is_shown),
        TEST(files_that_cannot_be_used_are_told_at_once),
        TEST(a_key_with_a_pass_phrase_is_refused),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
