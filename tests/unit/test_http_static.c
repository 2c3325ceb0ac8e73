#include "http_rig.h"
#include "loa/http_static.h"
#include <sys/stat.h>
#include <zlib.h>

static struct rig rig;
static struct http_static *files;
static char dir[300];

static void serve(void *ctx, struct http_request *r)
{
    (void)ctx;
    if (!http_static_reply(files, r, http_request_param(r, "name"), http_request_query(r, "cache")))
        http_reply(r, 404, "text/plain", "none", 4);
}

static void put(const char *name, const char *text, int times)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    check_true(path, f != NULL);
    while (times-- > 0)
        fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    char path[600], why[200] = "";

    (void)state;
    snprintf(dir, sizeof dir, "%s/web", check_tmpdir());
    snprintf(path, sizeof path, "%s/img", dir);
    mkdir(dir, 0700);
    mkdir(path, 0700);
    put("page.html", "<p>Xin chào, đây là trang thử.</p>\n", 100);
    put("small.js", "1", 1);
    put("img/logo.svg", "<svg/>", 50);
    put(".hidden", "x", 1);
    put("data.bin", "x", 1000);
    snprintf(path, sizeof path, "%s/link.txt", dir);
    check_int("link", symlink("/etc/passwd", path) == 0 || errno == EEXIST, 1);
    check_int(why, http_static_load(dir, why, sizeof why, &files), LOA_OK);
    rig_open(&rig, &(struct http_server_options){ 0 });
    http_server_route(rig.server, &(struct http_route){ HTTP_GET, "/w/{*name}", serve, NULL, 0, NULL });
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_close(&rig);
    http_static_free(files);
    return 0;
}

static int get(const char *name, const char *headers, struct answer *a)
{
    char request[800];
    snprintf(request, sizeof request, "GET /w/%s HTTP/1.1\r\nHost: a\r\n%s\r\n", name, headers);
    ask(&rig, request, a);
    return a->status;
}

static void files_are_served(void **state)
{
    static const struct {
        const char *name;
        int status;
        const char *type;
        long long len;
    } cases[] = {
        { "page.html", 200, "text/html; charset=utf-8", 4100 },
        { "small.js", 200, "text/javascript; charset=utf-8", 1 },
        { "img/logo.svg", 200, "image/svg+xml", 300 },
        { "img%2flogo.svg", 200, "image/svg+xml", 300 },
        { "data.bin", 200, "application/octet-stream", 1000 },
        { "", 404, "text/plain", 4 },
        { "img", 404, "text/plain", 4 },
        { ".hidden", 404, "text/plain", 4 },
        { "link.txt", 404, "text/plain", 4 },
        { "../secret", 404, "text/plain", 4 },
        { "none", 404, "text/plain", 4 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer a;
        char text[256];
        check_int(cases[i].name, get(cases[i].name, "", &a), cases[i].status);
        check_str(cases[i].name, answer_header(&a, "Content-Type", text), cases[i].type);
        check_str("plain", answer_header(&a, "Content-Encoding", text), NULL);
        check_int(cases[i].name, (long long)a.body.len, cases[i].len);
        buf_clear(&a.body);
    }
}

static void compression_is_offered(void **state)
{
    static const struct {
        const char *accept;
        bool gzip;
    } cases[] = {
        { "Accept-Encoding: gzip\r\n", true },
        { "Accept-Encoding: br, GZIP ;q=0.5, *\r\n", true },
        { "Accept-Encoding: gzip;q=0, br;q=1\r\n", false },
        { "Accept-Encoding: br\r\n", false },
        { "Accept-Encoding: gzipped\r\n", false },
        { "Accept-Encoding:\r\n", false },
    };
    struct answer a;
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        get("page.html", cases[i].accept, &a);
        check_str(cases[i].accept, answer_header(&a, "Content-Encoding", text),
                  cases[i].gzip ? "gzip" : NULL);
        check_str("either way", answer_header(&a, "Vary", text), "Accept-Encoding");
        buf_clear(&a.body);
    }
    get("small.js", "Accept-Encoding: gzip\r\n", &a);
    check_str("not worth it", answer_header(&a, "Content-Encoding", text), NULL);
    buf_clear(&a.body);

    get("page.html", "Accept-Encoding: gzip\r\n", &a);
    check_true("smaller", a.body.len < 400);
    unsigned char plain[5000];
    z_stream z = { .next_in = (unsigned char *)a.body.data,
                   .avail_in = (unsigned)a.body.len,
                   .next_out = plain,
                   .avail_out = sizeof plain };
    inflateInit2(&z, 15 + 16);
    check_int("unpacks", inflate(&z, Z_FINISH), Z_STREAM_END);
    check_int("to all of it", (long long)z.total_out, 4100);
    inflateEnd(&z);
    buf_clear(&a.body);
}

static void what_is_known_is_not_sent_again(void **state)
{
    struct answer a;
    char etag[256], packed[256], text[256], header[600];

    (void)state;
    get("page.html", "", &a);
    check_true("etag", answer_header(&a, "ETag", etag) != NULL);
    check_str("asks each time", answer_header(&a, "Cache-Control", text), "no-cache");
    buf_clear(&a.body);
    get("page.html", "Accept-Encoding: gzip\r\n", &a);
    check_true("another one", strcmp(answer_header(&a, "ETag", packed), etag) != 0);
    buf_clear(&a.body);
    get("page.html?cache=public,max-age=300", "", &a);
    check_str("as told", answer_header(&a, "Cache-Control", text), "public,max-age=300");
    buf_clear(&a.body);

    const char *const formats[] = { "If-None-Match: %s\r\n", "If-None-Match: \"x\", W/%s\r\n" };
    for (int i = 0; i < 2; i++) {
        snprintf(header, sizeof header, formats[i], etag);
        check_int(header, get("page.html", header, &a), 304);
        check_int("nothing", (long long)a.body.len, 0);
        check_str("same etag", answer_header(&a, "ETag", text), etag);
        buf_clear(&a.body);
    }
    check_int("any", get("page.html", "If-None-Match: *\r\n", &a), 304);
    check_int("an old one", get("page.html", "If-None-Match: \"00\"\r\n", &a), 200);
    buf_clear(&a.body);
}

static void a_reload_brings_the_new(void **state)
{
    struct answer a;
    char why[200], path[600];
    size_t len;

    (void)state;
    put("small.js", "22", 1);
    check_str("still the old", http_static_text(files, "small.js", &len), "1");
    check_int("reload", http_static_reload(files, why, sizeof why), LOA_OK);
    check_str("the new", http_static_text(files, "small.js", &len), "22");
    check_int("its length", (long long)len, 2);
    check_true("none", http_static_text(files, "none", &len) == NULL);

    snprintf(path, sizeof path, "%s.away", dir);
    rename(dir, path);
    check_int("gone", http_static_reload(files, why, sizeof why), LOA_NOT_FOUND);
    check_int("but still served", get("small.js", "", &a), 200);
    buf_clear(&a.body);
    rename(path, dir);
    put("large.txt", "0123456789abcdef", 300000);
    check_int("too big", http_static_reload(files, why, sizeof why), LOA_TOO_BIG);
    check_true("named", strstr(why, "large.txt: too big") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_served),
        cmocka_unit_test(compression_is_offered),
        cmocka_unit_test(what_is_known_is_not_sent_again),
        cmocka_unit_test(a_reload_brings_the_new),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
