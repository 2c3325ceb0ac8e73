/* WebSockets and TLS from outside: real sockets, frames written by hand, one loop. */
#include "http_rig.h"
#include <curl/curl.h>
#include <sys/resource.h>

#define MESSAGE_MAX 100000
#define MASK        "\x11\x22\x33\x44"

static struct rig rig;
static struct {
    unsigned opened, closed, messages;
    struct web_socket *last;
    uint64_t last_id;
    size_t len;
    bool text;
} seen;

static void *socket_opens(void *ctx, struct http_request *r, struct web_socket *ws, int *refuse_status)
{
    const char *key = http_request_query(r, "key");
    (void)ctx;
    if (key != NULL && strcmp(key, "wrong") == 0) {
        *refuse_status = 401;
        return NULL;
    }
    if (key != NULL && strcmp(key, "greet") == 0)
        ws_send(ws, "welcome", 7, true);
    seen.opened++;
    seen.last = ws;
    seen.last_id = ws_id(ws);
    return &seen;
}

static void message_comes(void *sock_ctx, struct web_socket *ws, const char *data, size_t len, bool text)
{
    (void)sock_ctx;
    seen.messages++;
    seen.len = len;
    seen.text = text;
    if (len == 5 && memcmp(data, "leave", 5) == 0)
        ws_close(ws, 4001, "as you wish");
    else
        ws_send(ws, data, len, text);
}

static void socket_closes(void *sock_ctx, struct web_socket *ws)
{
    (void)sock_ctx;
    seen.closed++;
    check_int("nothing can be sent any more", ws_send(ws, "x", 1, true), LOA_CANCELLED);
}

static void page(void *ctx, struct http_request *r)
{
    (void)ctx;
    http_reply(r, 200, "text/html", "<p>", 3);
}

static void echo(void *ctx, struct http_request *r)
{
    size_t n;
    const char *body = http_request_body(r, &n);
    (void)ctx;
    http_reply(r, 200, "text/plain", body, n);
}

static void open_with(struct http_server_options opt)
{
    static const struct ws_handler ws = { socket_opens, message_comes, socket_closes, MESSAGE_MAX };
    static const struct http_route routes[] = {
        { .methods = HTTP_GET, .pattern = "/chat", .handler = page, .ws = &ws },
        { .methods = HTTP_POST, .pattern = "/echo", .handler = echo, .max_body_bytes = 1 << 20 },
    };
    memset(&seen, 0, sizeof seen);
    rig_open(&rig, &opt);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        http_server_route(rig.server, &routes[i]);
}

static void wait_for(const unsigned *counter, unsigned want, const char *label)
{
    int64_t until = clock_mono_ms() + RIG_PATIENCE_MS;
    while (*counter < want) {
        if (clock_mono_ms() > until)
            fail_msg("%s: %u, want %u", label, *counter, want);
        rig_turn(&rig);
    }
}

/* ---- a client that writes frames ---- */

#define HANDSHAKE(path)                                                                                      \
    "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"          \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void add_frame(struct buf *b, int first_byte, const char *data, size_t len)
{
    unsigned char head[14] = { (unsigned char)first_byte };
    size_t n = 2;

    if (len < 126) {
        head[1] = (unsigned char)len;
    } else if (len < 65536) {
        head[1] = 126;
        head[2] = (unsigned char)(len >> 8);
        head[3] = (unsigned char)len;
        n = 4;
    } else {
        head[1] = 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
        n = 10;
    }
    head[1] |= 0x80;
    buf_add(b, head, n);
    buf_add(b, MASK, 4);
    for (size_t i = 0; i < len; i++)
        buf_char(b, (char)(data[i] ^ MASK[i % 4]));
}

static bool send_frame(int fd, int first_byte, const char *data, size_t len)
{
    struct buf b = BUF_INIT(1 << 20);
    add_frame(&b, first_byte, data, len);
    bool ok = client_send(&rig, fd, b.data, b.len);
    buf_clear(&b);
    return ok;
}

struct frame {
    int first_byte; /* -1: the server closed the connection */
    size_t len;
    char data[MESSAGE_MAX + 1];
};

static struct frame frame; /* the last one read */

static void read_frame(int fd, struct buf *in)
{
    frame.first_byte = -1;
    frame.len = 0;
    frame.data[0] = '\0';
    if (!client_read(&rig, fd, in, 2))
        return;
    size_t head = 2, len = (unsigned char)in->data[1];
    check_true("frames from the server are not masked", len < 128);
    if (len >= 126) {
        head = len == 126 ? 4 : 10;
        if (!client_read(&rig, fd, in, head))
            return;
        len = 0;
        for (size_t i = 2; i < head; i++)
            len = len << 8 | (unsigned char)in->data[i];
    }
    check_true("frame fits", len <= MESSAGE_MAX);
    if (!client_read(&rig, fd, in, head + len))
        return;
    frame.first_byte = (unsigned char)in->data[0];
    frame.len = len;
    memcpy(frame.data, in->data + head, len);
    frame.data[len] = '\0';
    memmove(in->data, in->data + head + len, in->len - head - len + 1);
    in->len -= head + len;
}

static int close_code(void)
{
    if (frame.first_byte != 0x88 || frame.len < 2)
        return frame.first_byte == -1 ? -1 : 0;
    return (unsigned char)frame.data[0] << 8 | (unsigned char)frame.data[1];
}

static int socket_connect(const char *handshake, struct buf *in)
{
    struct answer a;
    char text[256];
    int fd = client_open(&rig);

    client_say(&rig, fd, handshake);
    client_say(&rig, fd, "\r\n");
    answer_read(&rig, fd, in, false, &a);
    check_int("switching", a.status, 101);
    check_str("key", answer_header(&a, "Sec-WebSocket-Accept", text), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    check_str("no compression", answer_header(&a, "Sec-WebSocket-Extensions", text), NULL);
    buf_clear(&a.body);
    return fd;
}

/* ---- tests ---- */

static void handshakes_are_refused(void **state)
{
    static const struct {
        const char *label, *request;
        int status;
    } cases[] = {
        { "by the handler", HANDSHAKE("/chat?key=wrong") "\r\n", 401 },
        { "wrong version",
          "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
          426 },
        { "no key",
          "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\n\r\n",
          400 },
        { "short key",
          "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: abc\r\n\r\n",
          400 },
        { "key of strange signs",
          "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ:==\r\n\r\n",
          400 },
        { "POST",
          "POST /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
          405 },
        { "with a body", HANDSHAKE("/chat") "Content-Length: 1\r\n\r\nx", 413 },
        { "the page itself", "GET /chat HTTP/1.1\r\nHost: a\r\n\r\n", 200 },
    };
    (void)state;
    open_with((struct http_server_options){ 0 });
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer a;
        ask(&rig, cases[i].request, &a);
        check_int(cases[i].label, a.status, cases[i].status);
        buf_clear(&a.body);
    }
    check_int("none opened", seen.opened, 0);
    check_int("none counted", ws_count(rig.server), 0);
    rig_close(&rig);
}

static void messages_go_both_ways(void **state)
{
    static char large[MESSAGE_MAX];
    struct buf in = BUF_INIT(1 << 20);

    (void)state;
    memset(large, 'L', sizeof large);
    open_with((struct http_server_options){ 0 });
    int fd = socket_connect(HANDSHAKE("/chat"), &in);
    check_int("open", ws_count(rig.server), 1);

    send_frame(fd, 0x81, "xin chào", strlen("xin chào"));
    read_frame(fd, &in);
    check_int("text", frame.first_byte, 0x81);
    check_str("text", frame.data, "xin chào");
    send_frame(fd, 0x82, "\0\1\2", 3);
    read_frame(fd, &in);
    check_int("binary", frame.first_byte, 0x82);
    check_int("binary", (long long)frame.len, 3);
    send_frame(fd, 0x81, "", 0);
    read_frame(fd, &in);
    check_int("empty", (long long)frame.len, 0);
    send_frame(fd, 0x82, large, 60000);
    read_frame(fd, &in);
    check_int("60 kB", (long long)frame.len, 60000);
    check_true("unharmed", memcmp(frame.data, large, 60000) == 0);

    send_frame(fd, 0x01, "one ", 4); /* fragments, with a ping between them */
    send_frame(fd, 0x89, "are you there", 13);
    send_frame(fd, 0x00, "two ", 4);
    send_frame(fd, 0x80, "three", 5);
    bool pong = false, joined = false; /* in either order */
    for (int i = 0; i < 2; i++) {
        read_frame(fd, &in);
        pong |= frame.first_byte == 0x8a && strcmp(frame.data, "are you there") == 0;
        joined |= frame.first_byte == 0x81 && strcmp(frame.data, "one two three") == 0;
    }
    check_true("pong", pong);
    check_true("joined", joined);

    unsigned before = seen.messages;
    send_frame(fd, 0x82, large, MESSAGE_MAX);
    wait_for(&seen.messages, before + 1, "the largest message");
    check_int("the largest message", (long long)seen.len, MESSAGE_MAX);
    close(fd);
    wait_for(&seen.closed, 1, "gone without a farewell");
    check_int("nobody left", ws_count(rig.server), 0);
    buf_clear(&in);
    rig_close(&rig);
}

static void early_words_are_not_lost(void **state)
{
    struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    struct answer a;

    (void)state;
    open_with((struct http_server_options){ 0 });
    buf_str(&out, HANDSHAKE("/chat?key=greet") "\r\n");
    add_frame(&out, 0x81, "first", 5);
    add_frame(&out, 0x81, "second", 6);
    int fd = client_open(&rig);
    client_send(&rig, fd, out.data, out.len);
    answer_read(&rig, fd, &in, false, &a);
    check_int("switching", a.status, 101);
    read_frame(fd, &in);
    check_str("what the server said while deciding", frame.data, "welcome");
    read_frame(fd, &in);
    check_str("what came with the handshake", frame.data, "first");
    read_frame(fd, &in);
    check_str("in order", frame.data, "second");
    close(fd);
    wait_for(&seen.closed, 1, "closed");

    fd = client_open(&rig); /* and gone before the socket has moved */
    client_send(&rig, fd, out.data, out.len);
    close(fd);
    wait_for(&seen.closed, 2, "closed");
    buf_clear(&in);
    buf_clear(&out);
    rig_close(&rig);
}

static void bad_frames_end_it(void **state)
{
    static char large[MESSAGE_MAX + 1];
    static const struct {
        const char *label;
        int first_byte;
        const char *data;
        size_t len;
        int code;
    } cases[] = {
        { "too big", 0x82, large, MESSAGE_MAX + 1, 1009 },
        { "fragment that makes it too big", 0x02, large, MESSAGE_MAX + 1, 1009 },
        { "not UTF-8", 0x81, "\xff\xfe", 2, 1007 },
        { "continuation of nothing", 0x80, "x", 1, 1002 },
        { "reserved opcode", 0x83, "x", 1, 1002 },
        { "reserved bit", 0xc1, "x", 1, 1002 },
        { "fragmented ping", 0x09, "x", 1, 1002 },
        { "farewell", 0x88,
          "\x03\xe8"
          "bye",
          5, 1000 },
        { "own code", 0x88, "\x0f\xa0", 2, 4000 },
        { "code that may not be sent", 0x88, "\x03\xed", 2, 1002 },
    };
    (void)state;
    open_with((struct http_server_options){ 0 });
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf in = BUF_INIT(1 << 20);
        int fd = socket_connect(HANDSHAKE("/chat"), &in);
        send_frame(fd, cases[i].first_byte, cases[i].data, cases[i].len);
        read_frame(fd, &in);
        check_int(cases[i].label, close_code(), cases[i].code);
        send_frame(fd, 0x88, frame.data, 2); /* as the protocol wants it */
        client_expect_close(&rig, fd, cases[i].label);
        wait_for(&seen.closed, (unsigned)i + 1, cases[i].label);
        buf_clear(&in);
    }
    check_int("all gone", ws_count(rig.server), 0);
    rig_close(&rig);
}

static void the_server_may_close(void **state)
{
    struct buf in = BUF_INIT(1 << 20);

    (void)state;
    open_with((struct http_server_options){ 0 });
    int fd = socket_connect(HANDSHAKE("/chat"), &in);
    check_true("found by its id", ws_find(rig.server, seen.last_id) == seen.last);
    check_true("and by no other", ws_find(rig.server, seen.last_id + 1) == NULL);
    check_true("nor a neighbour's", ws_find(rig.server, seen.last_id + (1 << 20)) == NULL);
    ws_send(seen.last, "last words", 10, true);
    send_frame(fd, 0x81, "leave", 5);
    read_frame(fd, &in);
    check_str("what was queued comes first", frame.data, "last words");
    read_frame(fd, &in);
    check_int("code", close_code(), 4001);
    check_str("reason", frame.data + 2, "as you wish");
    check_true("not found any more", ws_find(rig.server, seen.last_id) == NULL);
    send_frame(fd, 0x88, "\x0f\xa1", 2);
    client_expect_close(&rig, fd, "closed");
    wait_for(&seen.closed, 1, "closed");

    fd = socket_connect(HANDSHAKE("/chat"), &in); /* a client that ignores it */
    ws_close(seen.last, 4000, NULL);
    client_expect_close(&rig, fd, "ignored farewell");
    wait_for(&seen.closed, 2, "closed");
    buf_clear(&in);
    rig_close(&rig);
}

static void a_queue_has_a_ceiling(void **state)
{
    static char kb[1024];
    struct buf in = BUF_INIT(16 << 20);
    unsigned sent = 0, turns = 0;

    (void)state;
    open_with((struct http_server_options){ 0 });
    int fd = socket_connect(HANDSHAKE("/chat"), &in);
    check_int("larger than the queue", ws_send(seen.last, kb, 65537, true), LOA_TOO_BIG);
    while (turns < 5) { /* the client does not read: kernel, library and queue fill up */
        if (ws_send(seen.last, kb, sizeof kb, false) == LOA_OK) {
            sent++;
            turns = 0;
        } else {
            turns++;
            rig_turn(&rig);
        }
    }
    check_int("full", ws_send(seen.last, kb, sizeof kb, false), LOA_BUSY);
    for (unsigned i = 0; i < sent; i++) {
        read_frame(fd, &in);
        check_int("nothing is lost or torn", (long long)frame.len, sizeof kb);
    }
    check_int("room again", ws_send(seen.last, "x", 1, true), LOA_OK);
    read_frame(fd, &in);
    check_str("and it goes on", frame.data, "x");
    close(fd);
    buf_clear(&in);
    rig_close(&rig);
}

static void the_dead_are_noticed(void **state)
{
    struct buf in = BUF_INIT(1 << 20);

    (void)state;
    open_with((struct http_server_options){ .idle_timeout_ms = 300 });
    int live = socket_connect(HANDSHAKE("/chat"), &in);
    int64_t until = clock_mono_ms() + 1000;
    unsigned pings = 0;
    while (clock_mono_ms() < until) { /* silent, but answers pings */
        read_frame(live, &in);
        check_int("ping", frame.first_byte, 0x89);
        send_frame(live, 0x8a, frame.data, frame.len);
        pings++;
    }
    check_true("some pings", pings >= 3);
    check_int("still there", ws_count(rig.server), 1);
    wait_for(&seen.closed, 1, "no answer to the ping: gone");
    close(live);
    buf_clear(&in);
    rig_close(&rig);
}

static void the_end_says_goodbye(void **state)
{
    struct buf in = BUF_INIT(1 << 20);

    (void)state;
    open_with((struct http_server_options){ 0 });
    int fd = socket_connect(HANDSHAKE("/chat"), &in);
    http_server_close(rig.server, rig_set, &rig.closed);
    read_frame(fd, &in);
    check_int("going away", close_code(), 1001);
    send_frame(fd, 0x88, frame.data, 2);
    check_wait(rig.loop, &rig.closed, RIG_PATIENCE_MS, "server closes");
    check_int("told", seen.closed, 1);
    close(fd);
    buf_clear(&in);
    loop_free(rig.loop);
}

static size_t resident_bytes(void)
{
    struct buf b = BUF_INIT(1000);
    size_t total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f != NULL && fscanf(f, "%zu %zu", &total, &resident) != 2)
        resident = 0;
    if (f != NULL)
        fclose(f);
    buf_clear(&b);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

#define CROWD 2000

static void many_sockets_cost_little(void **state)
{
    static int fd[CROWD];
    struct buf in = BUF_INIT(1 << 20);
    struct rlimit limit;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    open_with((struct http_server_options){ 0 });
    close(socket_connect(HANDSHAKE("/chat"), &in)); /* whatever is needed once */
    size_t before = resident_bytes();
    for (int i = 0; i < CROWD; i++)
        fd[i] = socket_connect(HANDSHAKE("/chat"), &in);
    print_message("%d sockets, %zu bytes each\n", CROWD, (resident_bytes() - before) / CROWD);
    check_int("open", ws_count(rig.server), CROWD);
    for (int i = 0; i < CROWD; i++) {
        send_frame(fd[i], 0x81, "hello", 5);
        read_frame(fd[i], &in);
        check_str("each has its own", frame.data, "hello");
    }
    for (int i = 0; i < CROWD; i++)
        close(fd[i]);
    wait_for(&seen.closed, CROWD + 1, "all closed");
    check_int("none left", ws_count(rig.server), 0);
    buf_clear(&in);
    rig_close(&rig);
}

/* ---- TLS: curl makes the connection and passes bytes ---- */

static void make_certificate(char cert[300], char key[300])
{
    char command[1000];

    snprintf(cert, 300, "%s/cert.pem", check_tmpdir());
    snprintf(key, 300, "%s/key.pem", check_tmpdir());
    snprintf(command, sizeof command,
             "exec openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
             "-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
             key, cert);
    FILE *openssl = popen(command, "re");
    check_true("openssl makes a certificate", openssl != NULL && pclose(openssl) == 0);
}

struct tls_client {
    CURL *easy;
    CURLM *multi;
};

static void tls_connect(struct tls_client *t, const char *cert)
{
    char url[100];
    int running = 1, left;

    snprintf(url, sizeof url, "https://127.0.0.1:%d/", http_server_port(rig.server, 0));
    t->easy = curl_easy_init();
    t->multi = curl_multi_init();
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_CAINFO, cert);
    curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_multi_add_handle(t->multi, t->easy);
    while (running > 0) {
        curl_multi_perform(t->multi, &running);
        rig_turn(&rig);
    }
    CURLMsg *m = curl_multi_info_read(t->multi, &left);
    check_str("TLS", m != NULL ? curl_easy_strerror(m->data.result) : "no result", "No error");
}

static void tls_close(struct tls_client *t)
{
    curl_multi_remove_handle(t->multi, t->easy);
    curl_easy_cleanup(t->easy);
    curl_multi_cleanup(t->multi);
}

/* Sends all of `out` and reads until `want` bytes are in `in`, at the same time. */
static void tls_exchange(struct tls_client *t, const struct buf *out, struct buf *in, size_t want)
{
    int64_t until = clock_mono_ms() + RIG_PATIENCE_MS;
    size_t at = 0;

    while (at < out->len || in->len < want) {
        char chunk[16384];
        size_t n = 0;
        if (at < out->len && curl_easy_send(t->easy, out->data + at, out->len - at, &n) == CURLE_OK)
            at += n;
        n = 0;
        if (curl_easy_recv(t->easy, chunk, sizeof chunk, &n) == CURLE_OK)
            buf_add(in, chunk, n);
        if (clock_mono_ms() > until)
            fail_msg("sent %zu of %zu, read %zu of %zu", at, out->len, in->len, want);
        rig_turn(&rig);
    }
}

static void the_same_behind_tls(void **state)
{
    char cert[300], key[300];
    struct buf out = BUF_INIT(2 << 20), in = BUF_INIT(2 << 20);
    struct tls_client t;
    static char large[1 << 20];

    (void)state;
    make_certificate(cert, key);
    open_with((struct http_server_options){ .tls_cert = cert, .tls_key = key });
    memset(large, 'T', sizeof large);

    tls_connect(&t, cert);
    buf_str(&out, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n");
    buf_add(&out, large, sizeof large);
    tls_exchange(&t, &out, &in, sizeof large + 150);
    check_true("echoed", strncmp(in.data, "HTTP/1.1 200 OK", 15) == 0);
    const char *body = strstr(in.data, "\r\n\r\n");
    check_true("to the last byte", body != NULL && in.len >= sizeof large);
    tls_close(&t);

    tls_connect(&t, cert);
    buf_reset(&out);
    buf_reset(&in);
    buf_str(&out, HANDSHAKE("/chat") "\r\n");
    add_frame(&out, 0x81, "early", 5);
    const char *switching = "HTTP/1.1 101 Switching Protocols\r\n";
    tls_exchange(&t, &out, &in, strlen(switching) + 90);
    check_true("switching", strncmp(in.data, switching, strlen(switching)) == 0);
    size_t head = (size_t)(strstr(in.data, "\r\n\r\n") + 4 - in.data);
    buf_reset(&out);
    for (int i = 0; i < 20; i++) /* more than any buffer between the two ends */
        add_frame(&out, 0x82, large, 60000);
    tls_exchange(&t, &out, &in, head + 7 + 20 * 60004);
    check_true("early", memcmp(in.data + head,
                               "\x81\x05"
                               "early",
                               7) == 0);
    for (size_t i = 0; i < 20; i++)
        check_true("each frame whole",
                   memcmp(in.data + head + 7 + i * 60004, "\x82\x7e\xea\x60TTTT", 8) == 0);
    tls_close(&t);
    wait_for(&seen.closed, 1, "closed");

    int fd = client_open(&rig); /* no TLS at all */
    client_say(&rig, fd, "GET /chat HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect_close(&rig, fd, "plain text on a TLS port");
    buf_clear(&in);
    buf_clear(&out);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_are_refused),   cmocka_unit_test(messages_go_both_ways),
        cmocka_unit_test(early_words_are_not_lost), cmocka_unit_test(bad_frames_end_it),
        cmocka_unit_test(the_server_may_close),     cmocka_unit_test(a_queue_has_a_ceiling),
        cmocka_unit_test(the_dead_are_noticed),     cmocka_unit_test(the_end_says_goodbye),
        cmocka_unit_test(many_sockets_cost_little), cmocka_unit_test(the_same_behind_tls),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
