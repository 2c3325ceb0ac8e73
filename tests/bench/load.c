/*
 * load - posts dossier events of some 700 bytes, one CloudEvent a request, over keep-alive connections,
 * without pipelining.
 *
 *   load PORT KEY FIRST COUNT CONNECTIONS RATE WHOM [TIMES_FILE]
 *     FIRST   number of the first event: its dossier code and its citizen follow from it, so no two are alike
 *     RATE    events per second, 0: as fast as they are answered
 *     WHOM    phone | email: the contact each event carries
 *     TIMES_FILE  "number microseconds" of each 202
 *
 * Prints one JSON object: what was accepted, when it began and ended, and the quantiles of the answers.
 */
#include "wire.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define CONNECTIONS_MAX 1024
#define REQUEST_MAX     4096
#define STALL_MS        30000

struct sender {
    struct wire wire;
    long number;
    int64_t sent_us;
    bool busy;
};

static struct {
    int port, epoll;
    const char *key;
    bool email;
    long first, count, next, accepted, bad;
    unsigned connections;
    double rate;
    int64_t begun_us;
    int64_t *took_us, *answered_us;
    struct sender sender[CONNECTIONS_MAX];
} load;

static int make_request(long number, char out[REQUEST_MAX])
{
    char day[16], contact[64], body[REQUEST_MAX / 2];
    time_t now = time(NULL) + 7 * 3600;
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(day, sizeof day, "%y%m%d", &tm);
    snprintf(contact, sizeof contact,
             load.email ? "\"Email\":\"dan%07ld@example.vn\"" : "\"SoDienThoai\":\"098%07ld\"", number);
    int n = snprintf(
        body, sizeof body,
        "{\"specversion\":\"1.0\",\"type\":\"vn.dossier.status\",\"source\":\"https://dvc.example.gov.vn\","
        "\"id\":\"e-%s-%07ld\",\"subject\":\"H27.18.01-%s-%07ld\",\"data\":{\"MaHoSo\":\"H27.18.01-%s-%07ld\","
        "\"MaTTHC\":\"1.004227\",\"TenTTHC\":\"Đăng ký biến động quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất\","
        "\"ChuHoSo\":\"Nguyễn Thị Hoàng Anh\",%s,\"LoaiDoiTuong\":\"1\",\"KenhThucHien\":\"2\",\"TrangThaiHoSo\":\"2\","
        "\"DonViXuLy\":\"18073\",\"NguoiXuLy\":\"Đặng Quốc Khánh\",\"ThoiDiemXuLy\":\"20%s070000\","
        "\"NgayTiepNhan\":\"20%s070000\",\"NgayHenTra\":\"20%s170000\",\"HinhThuc\":\"1\",\"TrichYeuHoSo\":\"Thửa đất số 18, tờ bản đồ 42, xã Thạch Hà\"}}",
        day, number, day, number, day, number, contact, day, day, day);
    return snprintf(out, REQUEST_MAX,
                    "POST /v1/dossier-events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                    "Content-Type: application/cloudevents+json\r\nContent-Length: %d\r\n\r\n%s",
                    load.key, n, body);
}

static bool open_sender(struct sender *s)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };
    return wire_connect(&s->wire, load.port) && epoll_ctl(load.epoll, EPOLL_CTL_ADD, s->wire.fd, &ev) == 0;
}

static void send_next(struct sender *s)
{
    char request[REQUEST_MAX];
    if (load.next == load.count || (s->wire.fd < 0 && !open_sender(s)))
        return;
    s->number = load.next++;
    int n = make_request(load.first + s->number, request);
    s->sent_us = wire_now_us();
    s->busy = wire_write(&s->wire, request, (size_t)n);
    load.bad += !s->busy;
}

static void answered(struct sender *s, const struct wire_message *m)
{
    int64_t now = wire_now_us();
    s->busy = false;
    load.took_us[s->number] = now - s->sent_us;
    load.answered_us[s->number] = now;
    if (wire_status(m) == 202)
        load.accepted++;
    else if (load.bad++ == 0)
        fprintf(stderr, "load: %.*s\n", (int)(m->head_len + m->body_len), m->head);
}

static void readable(struct sender *s)
{
    struct wire_message m;
    if (!wire_read(&s->wire)) {
        load.bad += s->busy;
        s->busy = false;
        wire_close(&s->wire);
        return;
    }
    while (wire_next(&s->wire, &m)) {
        answered(s, &m);
        wire_done(&s->wire, &m);
    }
}

/* Without a rate every idle connection sends at once; with one, only what the clock has made due. */
static void pump(void)
{
    double due =
        load.rate > 0 ? (double)(wire_now_us() - load.begun_us) / 1e6 * load.rate : (double)load.count;
    for (unsigned i = 0; i < load.connections && (double)load.next < due; i++)
        if (!load.sender[i].busy)
            send_next(&load.sender[i]);
}

static void run(void)
{
    struct epoll_event ev[CONNECTIONS_MAX];
    int64_t moved_us = wire_now_us();
    while (load.accepted + load.bad < load.count && wire_now_us() - moved_us < STALL_MS * 1000LL) {
        pump();
        int n = epoll_wait(load.epoll, ev, CONNECTIONS_MAX, load.rate > 0 ? 1 : 1000);
        for (int i = 0; i < n; i++)
            readable(ev[i].data.ptr);
        if (n > 0)
            moved_us = wire_now_us();
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void write_times(const char *path)
{
    FILE *f = path ? fopen(path, "w") : NULL;
    for (long i = 0; f != NULL && i < load.count; i++)
        fprintf(f, "%ld %" PRId64 "\n", load.first + i, load.answered_us[i]);
    if (f != NULL)
        fclose(f);
}

static void summary(void)
{
    int64_t end = 0;
    for (long i = 0; i < load.count; i++)
        end = load.answered_us[i] > end ? load.answered_us[i] : end;
    qsort(load.took_us, (size_t)load.count, sizeof *load.took_us, by_size);
    char request[REQUEST_MAX];
    int bytes = make_request(load.first, request);
    const char *body = strstr(request, "\r\n\r\n");
    printf("{\"accepted\":%ld,\"bad\":%ld,\"body_bytes\":%d,\"begun_us\":%" PRId64 ",\"ended_us\":%" PRId64
           ",\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64 "}\n",
           load.accepted, load.bad, (int)(bytes - (body + 4 - request)), load.begun_us, end,
           load.took_us[load.count / 2], load.took_us[load.count * 99 / 100]);
}

int main(int argc, char **argv)
{
    if (argc < 8) {
        fprintf(stderr, "usage: load PORT KEY FIRST COUNT CONNECTIONS RATE phone|email [TIMES_FILE]\n");
        return 2;
    }
    load.port = (int)strtol(argv[1], NULL, 10);
    load.key = argv[2];
    load.first = strtol(argv[3], NULL, 10);
    load.count = strtol(argv[4], NULL, 10);
    load.connections = (unsigned)strtoul(argv[5], NULL, 10);
    load.rate = strtod(argv[6], NULL);
    load.email = strcmp(argv[7], "email") == 0;
    load.took_us = calloc((size_t)load.count + 1, sizeof *load.took_us);
    load.answered_us = calloc((size_t)load.count + 1, sizeof *load.answered_us);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load.connections > CONNECTIONS_MAX || load.count < 1 || load.took_us == NULL ||
        load.answered_us == NULL)
        return 2;
    for (unsigned i = 0; i < load.connections; i++)
        load.sender[i].wire.fd = -1;
    load.begun_us = wire_now_us();
    run();
    write_times(argv[8]);
    summary();
    return load.bad > 0 || load.accepted < load.count;
}
