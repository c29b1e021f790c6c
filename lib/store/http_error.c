/* http_error.c - how a request that got no answer is told (see http_internal.h). */
#include "lib/store/http_internal.h"

#include <errno.h>

/* The options that hints speak of, named once. */
#define OPT_CA     "--store-ca"
#define OPT_CERT   "--store-cert and --store-key"
#define WRITE_TLS  "write https:// instead of http://, or correct the port"
#define WRITE_HTTP "write http:// instead of https://, or correct the port"
#define ENVIRONMENT                                                                                \
    "http_proxy, https_proxy or all_proxy of the environment names it: correct that, or name the " \
    "search server in no_proxy"

/* One way to fail. The first line that fits counts. */
struct known {
    CURLcode    code;
    const char *says; /* must be in libcurl's words; NULL: any */
    bool        retriable;
    const char *what;
    const char *hint; /* NULL: none */
};

/* clang-format off */
static const struct known known_failures[] = {
    { CURLE_URL_MALFORMAT, NULL, false, "the URL cannot be used", "check host and path of the URL" },
    { CURLE_COULDNT_RESOLVE_PROXY, NULL, true, "the name of the proxy cannot be resolved", ENVIRONMENT },
    { CURLE_PROXY, NULL, true, "the proxy gives no connection", ENVIRONMENT },
    { CURLE_RECV_ERROR, "CONNECT tunnel failed", true, "the proxy gives no connection", ENVIRONMENT },
    { CURLE_COULDNT_RESOLVE_HOST, NULL, true, "the name of the host cannot be resolved",
      "check the name, and the name servers of this machine" },

    /* OpenSSL 3.0 says "wrong version number", 3.2 and later "packet length too long" as well. */
    { CURLE_SSL_CONNECT_ERROR, "wrong version number", false, "the port does not speak TLS", WRITE_HTTP },
    { CURLE_SSL_CONNECT_ERROR, "packet length too long", false, "the port does not speak TLS", WRITE_HTTP },
    { CURLE_SSL_CONNECT_ERROR, "unknown protocol", false, "the port does not speak TLS", WRITE_HTTP },
    { CURLE_SSL_CONNECT_ERROR, "certificate required", false, "the server wants a client certificate",
      "name one with " OPT_CERT },
    { CURLE_SSL_CONNECT_ERROR, "alert handshake failure", false, "the server refused the TLS connection",
      "it may want a client certificate: name one with " OPT_CERT },
    { CURLE_SSL_CONNECT_ERROR, "alert", false, "the server refused the TLS connection",
      "it may not accept the client certificate, or this machine's versions of TLS" },
    { CURLE_SSL_CONNECT_ERROR, "unsupported protocol", false, "the server speaks a version of TLS too old for this machine",
      "allow newer versions of TLS on the server" },
    { CURLE_SSL_CONNECT_ERROR, NULL, true, "TLS cannot be agreed on: the connection ended",
      "if the server does not speak TLS on this port, write http:// instead of https://" },
    { CURLE_RECV_ERROR, "certificate required", false, "the server wants a client certificate",
      "name one with " OPT_CERT },
    { CURLE_RECV_ERROR, "alert bad certificate", false, "the server does not accept the client certificate",
      "name another one with " OPT_CERT },
    { CURLE_RECV_ERROR, "alert unknown ca", false, "the server does not accept the client certificate: it does not know its authority",
      "name another one with " OPT_CERT },
    { CURLE_PEER_FAILED_VERIFICATION, "expired", false, "its certificate has expired",
      "renew the certificate of the server; if it is new, check the clock of this machine" },
    { CURLE_PEER_FAILED_VERIFICATION, "not yet valid", false, "its certificate is not valid yet",
      "check the clocks of this machine and of the server" },
    { CURLE_PEER_FAILED_VERIFICATION, "match", false, "its certificate is for another host name",
      "name the server as its certificate does" },
    { CURLE_PEER_FAILED_VERIFICATION, "issuer", false, "its certificate comes from an authority that is not known here",
      "name the PEM file of that authority with " OPT_CA },
    { CURLE_PEER_FAILED_VERIFICATION, "self-signed", false, "its certificate comes from an authority that is not known here",
      "name the PEM file of that authority with " OPT_CA },
    { CURLE_PEER_FAILED_VERIFICATION, "self signed", false, "its certificate comes from an authority that is not known here",
      "name the PEM file of that authority with " OPT_CA },
    { CURLE_PEER_FAILED_VERIFICATION, NULL, false, "its certificate is not to be trusted", NULL },
    { CURLE_SSL_CACERT_BADFILE, NULL, false, "the file of authorities cannot be used", "check the file that " OPT_CA " names: PEM is wanted" },
    { CURLE_SSL_CERTPROBLEM, NULL, false, "the client certificate or its key cannot be used",
      "check the files of " OPT_CERT ": PEM, belonging together, the key without a pass phrase" },

    { CURLE_SEND_ERROR, NULL, true, "the connection broke while the request was sent", NULL },
    { CURLE_RECV_ERROR, NULL, true, "the connection broke before the answer was whole", NULL },
    { CURLE_ABORTED_BY_CALLBACK, NULL, true, "the server closed the connection without an answer", NULL },
    { CURLE_BAD_CONTENT_ENCODING, NULL, true, "the compressed answer is damaged or cut short", NULL },
    { CURLE_WEIRD_SERVER_REPLY, NULL, false, "what answers there is no HTTP server", "check host and port" },
};
/* clang-format on */

static bool is_usage(CURLcode code)
{
    return code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_URL_MALFORMAT;
}

/* "search server https://es-1:9200, POST /kestra_flows/_search: what". The query stays out. */
static bool tell(const struct http_failure *f, bool retriable, const char *what, const char *hint,
                 struct err *err)
{
    enum err_kind              kind = is_usage(f->code) ? ERR_USAGE : ERR_STORE;
    const struct http_request *r = f->request;
    char                       hosts[64] = "";

    /* With several hosts it went round all of them. */
    if (f->n_hosts > 1 && !f->sent)
        (void)snprintf(hosts, sizeof(hosts), " (the last one tried of %zu hosts)", f->n_hosts);
    (void)err_set(err, kind, "search server %s%s, %s %.*s: %s", f->place, hosts, r->method,
                  (int)strcspn(r->path, "?"), r->path, what);
    if (hint)
        (void)err_hint(err, "%s", hint);
    err->retriable = retriable;
    return false;
}

static bool tell_unreachable(const struct http_failure *f, struct err *err)
{
    char        why[128];
    char        what[256];
    const char *hint = "check host and port, and that the server runs";

    if (f->os_error == 0)
        (void)snprintf(why, sizeof(why), "nobody takes the connection");
    else
        (void)snprintf(why, sizeof(why), "%s", strerrordesc_np(f->os_error));
    if (f->os_error == EHOSTUNREACH || f->os_error == ENETUNREACH)
        hint = "there is no way to that address from this machine: check network, VPN, firewall";
    (void)snprintf(what, sizeof(what), "cannot be reached: %s", why);
    return tell(f, true, what, hint, err);
}

static bool tell_timeout(const struct http_failure *f, struct err *err)
{
    char     what[160];
    unsigned s = (f->waited_ms + 500) / 1000;

    if (!f->sent) {
        (void)snprintf(what, sizeof(what), "no connection within %u s", s);
        return tell(f, true, what, "check host and port; a firewall may drop what is sent there",
                    err);
    }
    if (f->said && strstr(f->said, "too slow"))
        (void)snprintf(what, sizeof(what), "not one byte came for %u s", HTTP_SILENCE_S);
    else if (f->n_body > 0)
        (void)snprintf(what, sizeof(what), "the answer was not whole within %u s", s);
    else
        (void)snprintf(what, sizeof(what), "no answer within %u s", s);
    return tell(f, true, what, "is the server overloaded? look at its load and its log", err);
}

static bool tell_cut(const struct http_failure *f, struct err *err)
{
    char what[160];

    if (f->n_body > 0)
        (void)snprintf(what, sizeof(what), "the answer was cut short after %llu bytes",
                       (unsigned long long)f->n_body);
    else
        (void)snprintf(what, sizeof(what), "the answer was cut short");
    return tell(f, true, what, NULL, err);
}

static bool tell_oddity(const struct http_failure *f, struct err *err)
{
    char what[160];

    switch (f->oddity) {
    case HTTP_ODD_TLS:
    case HTTP_ODD_TO_TLS: return tell(f, false, "the port speaks TLS", WRITE_TLS, err);
    case HTTP_ODD_FOREIGN:
        return tell(f, false, "what answers there is no HTTP server", "check host and port", err);
    case HTTP_ODD_LARGE:
        (void)snprintf(what, sizeof(what), "the answer is larger than %zu bytes, the limit",
                       f->max_body);
        return tell(f, false, what, NULL, err);
    case HTTP_ODD_CUT:
    case HTTP_ODD_NONE: break;
    }
    return tell_cut(f, err);
}

static const struct known *find_known(const struct http_failure *f)
{
    for (size_t i = 0; i < COUNT_OF(known_failures); i++) {
        const struct known *k = &known_failures[i];

        if (k->code == f->code && (!k->says || (f->said && strstr(f->said, k->says))))
            return k;
    }
    return NULL;
}

bool http_failure_tell(const struct http_failure *f, struct err *err)
{
    const struct known *k = find_known(f);
    const char         *hint = NULL;

    if (f->oddity != HTTP_ODD_NONE)
        return tell_oddity(f, err);
    if (k)
        return tell(f, k->retriable, k->what, k->hint, err);
    if (f->code == CURLE_COULDNT_CONNECT)
        return tell_unreachable(f, err);
    if (f->code == CURLE_OPERATION_TIMEDOUT)
        return tell_timeout(f, err);
    if (f->code == CURLE_PARTIAL_FILE)
        return tell_cut(f, err);
    /* Elasticsearch with TLS just hangs up on who speaks plain HTTP. */
    if (!f->tls)
        hint = "if the server speaks TLS on this port, write https:// instead of http://";
    if (f->code == CURLE_GOT_NOTHING)
        return tell(f, true, "the server closed the connection without an answer", hint, err);
    /* Fixed texts of libcurl, that hold nothing of ours. */
    return tell(f, f->sent, curl_easy_strerror(f->code), NULL, err);
}
