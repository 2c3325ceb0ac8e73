/*
 * loa sim - starts the simulator, says where it listens, runs until told to stop.
 */
#include "sim.h"
#include "sim_cards.h"
#include "sim_codes.h"
#include "sim_control.h"
#include "sim_delivery.h"
#include "sim_exchange.h"
#include "sim_outbox.h"
#include "sim_providers.h"
#include "sim_smtp.h"
#include "sim_sms_templates.h"
#include "loa/app.h"
#include "loa/crypto.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_errors(const struct errors *err, bool english)
{
    for (unsigned i = 0; i < err->count; i++)
        fprintf(stderr, "loa sim: %s: %s\n", err->item[i].pointer,
                english ? err->item[i].detail : err->item[i].detail_vi);
}

static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0 ||
           strncmp(listen, "localhost:", 10) == 0 || strncmp(listen, "unix:", 5) == 0;
}

/* ---- start ---- */

static void world_init(struct sim *s)
{
    s->set = s->opt.settings;
    s->rng = strtoull(s->opt.seed, NULL, 10);
    s->faults.seed = s->rng;
    s->started_ms = sim_now_ms(s);
    s->changes = 1;
    sim_ledger_init(&s->ledger, (uint32_t)crypto_random_u64());
    sim_threads_init(&s->threads);
    sim_tokens_start(s);
    sim_state_load(s);
}

/* A data file that is not where we stand is looked for where `make install` puts it, beside the program. */
static const char *find_data(const char *path, char *place, size_t size)
{
    char program[512];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    char *slash;

    if (path[0] == '/' || access(path, R_OK) == 0 || n <= 0)
        return path;
    program[n] = '\0';
    if ((slash = strrchr(program, '/')) != NULL)
        *slash = '\0';
    snprintf(place, size, "%s/../share/loa/%s", program, path);
    return access(place, R_OK) == 0 ? place : path;
}

static void find_all_data(struct sim_options *o)
{
    static char place[3][1024];

    o->templates = find_data(o->templates, place[0], sizeof place[0]);
    o->web = find_data(o->web, place[1], sizeof place[1]);
    o->codes = find_data(o->codes, place[2], sizeof place[2]);
}

static enum loa_status load_data(struct sim *s, struct errors *err)
{
    enum loa_status st = sim_codes_load(s->opt.codes, err, &s->codes);

    if (st == LOA_OK)
        st = sim_cards_load(s->opt.templates, err, &s->cards);
    if (st == LOA_OK && s->opt.sms_templates[0] != '\0')
        st = sim_sms_templates_load(s->opt.sms_templates, err, &s->sms_templates);
    return st;
}

static enum loa_status listen(struct sim *s, struct errors *err)
{
    const char *const addresses[] = { s->opt.listen, NULL };
    char why[256] = "";
    enum loa_status st = http_server_new(s->loop, &(struct http_server_options){ .listen = addresses }, why,
                                         sizeof why, &s->http);

    if (st == LOA_OK)
        st = sim_smtp_start(s, s->opt.smtp, why, sizeof why);
    if (st != LOA_OK)
        errors_addf(err, "listen", "listen", why, "%s", why);
    return st;
}

static enum loa_status start(struct sim *s, struct errors *err)
{
    enum loa_status st = load_data(s, err);

    if (st == LOA_OK)
        st = listen(s, err);
    if (st != LOA_OK)
        return st;
    s->client = http_client_new(s->loop);
    s->outbox = sim_outbox_new(s);
    s->delivery = sim_delivery_new(s);
    sim_exchange_start(s);
    sim_control_start(s);
    return sim_pages_start(s, err);
}

/* ---- stop: nothing new, then what is open, then the loop ---- */

static void one_gone(void *ctx)
{
    struct sim *s = ctx;
    if (--s->closing == 0)
        loop_stop(s->loop);
}

static void stop(void *ctx, int signo)
{
    struct sim *s = ctx;

    (void)signo;
    if (s->closing != 0)
        return;
    s->closing = 1;              /* ourselves, so that the loop ends even when nothing was open */
    http_client_free(s->client); /* ends callbacks, and acts that wait for one */
    s->client = NULL;
    sim_exchange_stop(s);
    if (s->smtp != NULL) {
        s->closing++;
        sim_smtp_stop(s->smtp, one_gone, s);
    }
    if (s->http != NULL) {
        s->closing++;
        http_server_close(s->http, one_gone, s);
    }
    loop_defer(s->loop, one_gone, s);
}

static void world_free(struct sim *s)
{
    sim_delivery_free(s->delivery);
    sim_outbox_free(s->outbox);
    sim_pages_free(s->pages);
    sim_cards_free(s->cards);
    sim_codes_free(s->codes);
    sim_sms_templates_free(s->sms_templates);
    sim_ledger_clear(&s->ledger);
    sim_threads_clear(&s->threads);
    sim_people_clear(&s->people);
    free(s->bound);
    free(s->controls);
    free(s->smtp);
}

static void on_ready(struct sim *s)
{
    loop_on_signal(s->loop, SIGTERM, stop, s);
    loop_on_signal(s->loop, SIGINT, stop, s);
    printf("sim ready http=%d smtp=%d\n", http_server_port(s->http, 0), sim_smtp_port(s->smtp));
    fflush(stdout);
}

static int run(struct sim *s, bool english)
{
    struct errors *err = errors_new();
    enum loa_status st;

    find_all_data(&s->opt);
    s->loop = loop_new();
    world_init(s);
    st = start(s, err);
    if (st == LOA_OK)
        on_ready(s);
    else
        stop(s, 0);
    loop_run(s->loop);
    if (st == LOA_OK)
        sim_state_save(s);
    print_errors(err, english);
    errors_free(err);
    world_free(s);
    loop_free(s->loop);
    return st == LOA_OK ? 0 : 1;
}

int app_sim(int argc, char **argv)
{
    bool english = strcmp(app_language(&argc, argv), "en") == 0;
    struct buf why = BUF_INIT(512);
    struct sim s = { 0 };
    int status = 2;

    if (!sim_options_read(&s.opt, argc, argv, &why))
        fprintf(stderr,
                english ? "loa sim: cannot use %s; see loa sim --help\n"
                        : "loa sim: không hiểu %s; xem loa sim --help\n",
                buf_cstr(&why));
    else if (s.opt.help)
        sim_options_help(stdout, english);
    else if (!s.opt.allow_public && (!is_loopback(s.opt.listen) || !is_loopback(s.opt.smtp)))
        fputs(english
                  ? "loa sim: other machines could reach this address; add --allow-public if you mean it\n"
                  : "loa sim: máy khác có thể truy cập địa chỉ này; thêm --allow-public nếu thật sự muốn\n",
              stderr);
    else
        status = run(&s, english);
    buf_clear(&why);
    return s.opt.help ? 0 : status;
}
