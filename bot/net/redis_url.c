#include "redis_inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDIS_PORT    6379
#define SENTINEL_PORT 26379

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies s[0..n) with %XX decoded. */
static enum loa_status decode(char *out, size_t size, const char *s, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)s[i];
        if (c == '%') {
            if (i + 2 >= n || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0)
                return LOA_INVALID;
            c = hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]);
            i += 2;
        }
        if (c == '\0')
            return LOA_INVALID;
        if (len + 1 >= size)
            return LOA_TOO_BIG;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return LOA_OK;
}

/* user:password or :password; a user without a password is a slip of the pen. */
static enum loa_status parse_login(struct redis_url *u, const char *s, size_t n)
{
    const char *colon = memchr(s, ':', n);

    if (colon == NULL || colon + 1 == s + n)
        return LOA_INVALID;
    enum loa_status st = decode(u->user, sizeof u->user, s, (size_t)(colon - s));
    if (st == LOA_OK)
        st = decode(u->password, sizeof u->password, colon + 1, (size_t)(s + n - colon - 1));
    return st;
}

static enum loa_status parse_port(const char *s, size_t n, int *out)
{
    int port = 0;

    if (n == 0 || n > 5)
        return LOA_INVALID;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return LOA_INVALID;
        port = port * 10 + (s[i] - '0');
    }
    if (port < 1 || port > 65535)
        return LOA_INVALID;
    *out = port;
    return LOA_OK;
}

static enum loa_status copy_host(struct redis_address *a, const char *s, size_t n)
{
    if (n == 0)
        return LOA_INVALID;
    if (n >= sizeof a->host)
        return LOA_TOO_BIG;
    for (size_t i = 0; i < n; i++) {
        char c = s[i], letter = (char)(c | 0x20);
        if (!(c >= '0' && c <= '9') && !(letter >= 'a' && letter <= 'z') && c != '.' && c != '-' &&
            c != '_' && c != ':')
            return LOA_INVALID;
    }
    memcpy(a->host, s, n);
    a->host[n] = '\0';
    return LOA_OK;
}

/* host  host:port  [::1]  [::1]:port */
static enum loa_status parse_server(struct redis_address *a, const char *s, size_t n)
{
    const char *end = s + n, *host_end = memchr(s, ':', n), *rest;

    if (n > 0 && *s == '[') {
        host_end = memchr(s++, ']', n);
        if (host_end == NULL)
            return LOA_INVALID;
        rest = host_end + 1;
    } else {
        rest = host_end = host_end == NULL ? end : host_end;
    }
    enum loa_status st = copy_host(a, s, (size_t)(host_end - s));
    if (st != LOA_OK || rest == end)
        return st;
    return *rest == ':' ? parse_port(rest + 1, (size_t)(end - rest - 1), &a->port) : LOA_INVALID;
}

static enum loa_status parse_servers(struct redis_url *u, const char *s, size_t n, int default_port)
{
    const char *end = s + n;

    for (;;) {
        if (u->servers == REDIS_SERVERS_MAX)
            return LOA_TOO_BIG;
        const char *comma = memchr(s, ',', (size_t)(end - s));
        struct redis_address *a = &u->server[u->servers++];
        a->port = default_port;
        enum loa_status st = parse_server(a, s, (size_t)((comma ? comma : end) - s));
        if (st != LOA_OK || comma == NULL)
            return st;
        s = comma + 1;
    }
}

static enum loa_status parse_unix(struct redis_url *u, const char *path)
{
    size_t n = strlen(path);

    if (path[0] != '/' || path[1] == '\0')
        return LOA_INVALID;
    u->servers = 1;
    return decode(u->server[0].host, REDIS_UNIX_MAX + 1, path, n);
}

/* What follows the servers: a name for Sentinel, else nothing or the only database we use, 0. */
static enum loa_status parse_path(struct redis_url *u, const char *path)
{
    if (u->mode == REDIS_MODE_SENTINEL) {
        if (path[0] != '/' || path[1] == '\0' || strchr(path + 1, '/') != NULL)
            return LOA_INVALID;
        return decode(u->master, sizeof u->master, path + 1, strlen(path + 1));
    }
    bool fine = path[0] == '\0' || strcmp(path, "/") == 0 || strcmp(path, "/0") == 0;
    return fine ? LOA_OK : LOA_INVALID;
}

static enum loa_status parse_rest(struct redis_url *u, const char *s, bool is_unix)
{
    /* A slash in a password has to be written %2F, so the first one ends the servers. */
    const char *slash = s + strcspn(s, "/");
    const char *at = memrchr(s, '@', (size_t)(slash - s));

    if (at != NULL) {
        enum loa_status st = parse_login(u, s, (size_t)(at - s));
        if (st != LOA_OK)
            return st;
        s = at + 1;
    }
    if (is_unix)
        return parse_unix(u, s);
    int port = u->mode == REDIS_MODE_SENTINEL ? SENTINEL_PORT : REDIS_PORT;
    enum loa_status st = parse_servers(u, s, (size_t)(slash - s), port);
    if (st == LOA_OK && u->mode == REDIS_MODE_SINGLE && u->servers != 1)
        return LOA_INVALID;
    return st == LOA_OK ? parse_path(u, slash) : st;
}

static const struct {
    const char *prefix;
    enum redis_mode mode;
    bool is_unix;
} schemes[] = {
    { "unix://", REDIS_MODE_SINGLE, true },
    { "redis://", REDIS_MODE_SINGLE, false },
    { "sentinel://", REDIS_MODE_SENTINEL, false },
    { "cluster://", REDIS_MODE_CLUSTER, false },
};

enum loa_status redis_url_parse(const char *text, struct redis_url *out)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i].prefix);
        if (strncmp(text, schemes[i].prefix, n) != 0)
            continue;
        struct redis_url u = { .mode = schemes[i].mode };
        enum loa_status st = parse_rest(&u, text + n, schemes[i].is_unix);
        if (st == LOA_OK)
            *out = u;
        return st;
    }
    return LOA_INVALID;
}

bool redis_address_equal(const struct redis_address *a, const struct redis_address *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool redis_address_set(struct redis_address *a, const char *host, size_t host_len, long long port)
{
    if (port < 1 || port > 65535 || copy_host(a, host, host_len) != LOA_OK)
        return false;
    a->port = (int)port;
    return true;
}

const char *redis_address_text(const struct redis_address *a, char out[REDIS_ADDRESS_TEXT])
{
    if (a->host[0] == '/')
        snprintf(out, REDIS_ADDRESS_TEXT, "%s", a->host);
    else
        snprintf(out, REDIS_ADDRESS_TEXT, strchr(a->host, ':') ? "[%s]:%d" : "%s:%d", a->host, a->port);
    return out;
}
