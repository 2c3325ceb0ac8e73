/* A private Kannel of peers.h: bearerbox, smsbox and fakesmsc in a directory and on ports of their own. */
#include "peers.h"
#include "check.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAKESMSC     "/usr/lib/kannel/test/fakesmsc"
#define WAIT_MS      20000
#define REPLY_SIZE   65536
#define ADMIN_SECRET "admin-secret"

static void write_config(const struct kannel *k, const char *path, int box_port, int smsc_port)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(
        f,
        "group = core\nadmin-port = %d\nadmin-interface = 127.0.0.1\nadmin-password = " ADMIN_SECRET "\n"
        "smsbox-port = %d\nsmsbox-interface = 127.0.0.1\nbox-allow-ip = 127.0.0.1\ndlr-storage = internal\n"
        "sms-resend-freq = 1\nsms-resend-retry = 3\n\n",
        k->admin_port, box_port);
    fprintf(
        f,
        "group = smsc\nsmsc = fake\nsmsc-id = fake\nhost = 127.0.0.1\nport = %d\nconnect-allow-ip = 127.0.0.1\n\n",
        smsc_port);
    fprintf(
        f, "group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = %d\nsendsms-interface = 127.0.0.1\n\n",
        k->port);
    fprintf(
        f,
        "group = sendsms-user\nusername = loa\npassword = PASSPASS\nmax-messages = 4\nconcatenation = true\n");
    fclose(f);
}

/* One GET, answered or not: blocking, since the test has nothing else to do. */
static void get(int port, const char *path, char *reply, size_t reply_size)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct timeval patience = { .tv_sec = 5 };
    size_t len = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0) {
        dprintf(fd, "GET %s HTTP/1.0\r\n\r\n", path);
        for (ssize_t n; len + 1 < reply_size && (n = recv(fd, reply + len, reply_size - len - 1, 0)) > 0;)
            len += (size_t)n;
    }
    reply[len] = '\0';
    close(fd);
}

void kannel_admin(const struct kannel *k, const char *command)
{
    char path[128], reply[REPLY_SIZE];
    snprintf(path, sizeof path, "/%s?password=" ADMIN_SECRET, command);
    get(k->admin_port, path, reply, sizeof reply);
    if (strncmp(reply, "HTTP/1.", 7) != 0 || reply[9] != '2')
        fail_msg("kannel did not take \"%s\": %.80s", command, reply);
}

static bool all_connected(void *ctx)
{
    const struct kannel *k = ctx;
    char reply[REPLY_SIZE];
    get(k->admin_port, "/status.txt?password=" ADMIN_SECRET, reply, sizeof reply);
    return strstr(reply, "smsbox:(none)") != NULL && strstr(reply, "(online") != NULL;
}

struct kannel kannel_start(void)
{
    static unsigned number;
    struct kannel k = { .admin_port = free_port(), .port = free_port() };
    int box_port = free_port(), smsc_port = free_port();
    char dir[300], conf[400], log[400], smsc[16];
    snprintf(dir, sizeof dir, "%s/kannel%u", check_tmpdir(), ++number);
    mkdir(dir, 0755);
    snprintf(conf, sizeof conf, "%s/kannel.conf", dir);
    snprintf(k.sent_log, sizeof k.sent_log, "%s/fakesmsc.log", dir);
    snprintf(smsc, sizeof smsc, "%d", smsc_port);
    write_config(&k, conf, box_port, smsc_port);

    snprintf(log, sizeof log, "%s/bearerbox.log", dir);
    k.bearerbox = start_process((const char *const[]){ "bearerbox", "-v", "4", conf, NULL }, log);
    wait_for_port(box_port, WAIT_MS);
    wait_for_port(smsc_port, WAIT_MS);
    snprintf(log, sizeof log, "%s/smsbox.log", dir);
    k.smsbox = start_process((const char *const[]){ "smsbox", "-v", "4", conf, NULL }, log);
    k.fakesmsc = start_process(
        (const char *const[]){ FAKESMSC, "-H", "127.0.0.1", "-r", smsc, "-m", "0", "1 2 text z", NULL },
        k.sent_log);
    wait_for_port(k.port, WAIT_MS);
    if (!wait_until(all_connected, &k, WAIT_MS))
        fail_msg("kannel's parts have not found each other; see %s", dir);
    return k;
}

void kannel_stop(struct kannel *k)
{
    stop_process(k->fakesmsc);
    stop_process(k->smsbox);
    stop_process(k->bearerbox);
}

unsigned kannel_sent(const struct kannel *k, struct buf *out)
{
    struct buf log = BUF_INIT(1 << 20);
    unsigned count = 0;
    if (buf_read_file(&log, k->sent_log) != LOA_OK)
        return 0;
    for (const char *p = buf_cstr(&log); (p = strstr(p, "Got message ")) != NULL; count++) {
        const char *from = strchr(p, '<'), *end = from != NULL ? strchr(from, '\n') : NULL;
        if (end == NULL)
            break; /* still being written */
        buf_add(out, from, (size_t)(end - from) + 1);
        p = end;
    }
    buf_clear(&log);
    return count;
}
