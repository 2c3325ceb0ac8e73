/*
 * loa serve: puts the parts together, starts them in order, stops them in the reverse order. Nothing is
 * decided here.
 *
 * Start: configuration, texts, key, loop, HTTP (alive, not ready), Redis, its settings, the store, drivers,
 * leases. Stop (SIGTERM): no new requests, no new work, what is in flight ends, leases go back, Redis stops,
 * exit 0.
 */
#include "loa/api.h"
#include "loa/app.h"
#include "loa/archive.h"
#include "loa/board.h"
#include "loa/canned.h"
#include "loa/chat.h"
#include "loa/clock.h"
#include "loa/faq.h"
#include "loa/feedback.h"
#include "loa/desk.h"
#include "loa/faq_own.h"
#include "loa/hooks.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/private_redis.h"
#include "loa/qa.h"
#include "loa/redis_guard.h"
#include "loa/roster.h"
#include "loa/secrets.h"
#include "loa/staff.h"
#include "loa/survey.h"
#include "loa/unanswered.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_LIMIT_MS      20000
#define OPEN_RETRY_MS      500
#define LAST_WORDS_MS      5000
#define LAST_WORDS_LOOK_MS 20
#define LISTENERS_MAX      8

struct run { /* one run of the command */
    struct service s;
    struct private_redis *redis_server;
    struct secrets *secrets;
    struct channel_env channel_env;
    struct planner_env planner_env;
    struct timer retry, stop_limit;
    int64_t last_words_until_ms;
    bool english, works, closing;
    int exit_status;
};

static void print_errors(const struct errors *err, bool english)
{
    for (unsigned i = 0; i < err->count; i++)
        fprintf(stderr, "%s: %s\n", err->item[i].pointer,
                english ? err->item[i].detail : err->item[i].detail_vi);
}

static void say(const struct run *r, const char *vi, const char *en)
{
    fprintf(stderr, "loa: %s\n", r->english ? en : vi);
}

/* ---- reload ---- */

static void reload(void *ctx, int signo)
{
    (void)signo;
    struct run *r = ctx;
    struct errors *err = errors_new();
    if (service_reload(&r->s, err) != LOA_OK) {
        print_errors(err, r->english);
        log_error("reload_refused", "faults", log_num(err->total));
    }
    errors_free(err);
}

/* ---- start ---- */

static void on_lease(void *ctx, unsigned partition, int64_t epoch)
{
    struct service *s = ctx;
    later_take_over(s->later, partition, epoch);
    chat_take_over(s->chat, partition);
}

static void off_lease(void *ctx, unsigned partition, int64_t epoch)
{
    struct service *s = ctx;
    chat_let_go(s->chat, partition);
    log_debug("lease_gone", "partition", log_num(partition), "epoch", log_num(epoch));
}

static void other_event(void *ctx, const struct channel_event *e, void (*done)(void *, enum loa_status),
                        void *done_ctx)
{
    struct service *s = ctx;
    bool template_news = e->kind == CE_TEMPLATE_STATUS || e->kind == CE_TEMPLATE_QUALITY ||
                         e->kind == CE_TEMPLATE_QUOTA || e->kind == CE_ACCOUNT_QUOTA;
    if (template_news) {
        struct buf code = BUF_INIT(64), what = BUF_INIT(400);
        buf_printf(&code, "%s:%s", e->name, e->subject);
        buf_printf(&what,
                   "Nhà cung cấp báo %s: mẫu %s, giá trị mới %.80s. Hãy kiểm tra trong trang quản trị.",
                   e->name, e->subject[0] ? e->subject : "(tài khoản)", e->text);
        service_alert(s, buf_cstr(&code), buf_cstr(&what));
        buf_clear(&code);
        buf_clear(&what);
    }
    if (e->kind == CE_FEEDBACK)
        survey_from_provider(s, e, done, done_ctx);
    else
        chat_event(s, e, done, done_ctx);
}

/* A channel without an account is off, not at fault. */
static bool open_channel(struct run *r, enum channel ch, struct errors *err)
{
    const struct channel_ops *ops = channel_ops_of(ch);
    if (ops == NULL || !config_bool(r->s.config, channel_word(ch), "enabled"))
        return true;
    enum loa_status st = ops->open(&r->channel_env, err, &r->s.channel[ch]);
    if (st == LOA_NOT_FOUND)
        log_info("channel_off", "channel", channel_word(ch));
    return st == LOA_OK || st == LOA_NOT_FOUND;
}

static bool open_channels(struct run *r)
{
    struct errors *err = errors_new();
    bool good = true;
    for (unsigned ch = 0; ch < CH_COUNT; ch++)
        good &= open_channel(r, (enum channel)ch, err);
    print_errors(err, r->english);
    errors_free(err);
    return good;
}

struct telling {
    void (*done)(void *ctx, enum loa_status st);
    void *ctx;
};

static void told(void *ctx, enum loa_status st, const struct chat_accepted *a)
{
    struct telling *t = ctx;
    (void)a;
    t->done(t->ctx, st);
    free(t);
}

static void tell_conversation(void *ctx, const char *cid, const char *text, const char *dedupe,
                              void (*done)(void *ctx, enum loa_status st), void *done_ctx)
{
    struct service *s = ctx;
    struct telling *t = mem_alloc(sizeof *t);
    struct chat_input in = { .kind = CHAT_TICK, .channel = "web", .text = text, .dedupe = dedupe };
    *t = (struct telling){ done, done_ctx };
    snprintf(in.cid, sizeof in.cid, "%s", cid);
    chat_receive(s->chat, &in, told, t);
}

/* What the people at the desks need, in every process. */
static void make_desk(struct service *s)
{
    s->board = board_new(s);
    s->roster = roster_new(s);
    s->canned = canned_new(s);
    s->faq_own = faq_own_new(s);
    desk_live(s);
}

static void start_desk(struct service *s)
{
    board_start(s->board);
    roster_start(s->roster);
    canned_start(s->canned);
    faq_own_start(s->faq_own);
}

static void make_stages(struct run *r)
{
    struct service *s = &r->s;
    s->planner = planner_new(&(struct planner_env){ .store = s->store,
                                                    .config = s->config,
                                                    .policy = (const struct policy *const *)&s->policy,
                                                    .templates = (struct template_set *const *)&s->templates,
                                                    .wake = service_wake_worker,
                                                    .wake_ctx = s });
    s->intake = intake_new(s->store, config_int(s->config, "loa", "waiting_max"), service_wake_router, s);
    s->receipts = receipts_new(&(struct receipts_env){ .store = s->store,
                                                       .wake = service_wake_all_ways,
                                                       .wake_ctx = s,
                                                       .other = other_event,
                                                       .other_ctx = s });
    if (!r->works) {
        s->chat = chat_new(s);
        make_desk(s);
        return;
    }
    s->leases = leases_new(s->store, s->process_id, on_lease, off_lease, s);
    secrets_set_leases(r->secrets, s->leases);
    s->survey_counter = survey_counter_new(s->store);
    s->router = router_new(&(struct router_env){
        .loop = s->loop,
        .store = s->store,
        .leases = s->leases,
        .config = s->config,
        .policy = (const struct policy *const *)&s->policy,
        .planner = s->planner,
        .followers = { .store = s->store, .planner = s->planner, .tell = tell_conversation, .tell_ctx = s },
        .survey = (const struct survey_rules *const *)&s->survey,
        .survey_counter = s->survey_counter });
    struct worker_env w = { .loop = s->loop,
                            .process_id = s->process_id,
                            .store = s->store,
                            .leases = s->leases,
                            .planner = s->planner,
                            .config = s->config,
                            .policy = (const struct policy *const *)&s->policy,
                            .templates = (struct template_set *const *)&s->templates,
                            .alert = service_alert,
                            .alert_ctx = s };
    memcpy(w.channel, s->channel, sizeof w.channel);
    s->worker = worker_new(&w);
    struct later_env l = { .loop = s->loop,
                           .store = s->store,
                           .leases = s->leases,
                           .worker = s->worker,
                           .router = s->router,
                           .receipts = s->receipts,
                           .policy = (const struct policy *const *)&s->policy };
    memcpy(l.channel, s->channel, sizeof l.channel);
    s->later = later_new(&l);
    s->chat = chat_new(s);
    s->archive = archive_new(&(struct archive_env){ .loop = s->loop,
                                                    .store = s->store,
                                                    .leases = s->leases,
                                                    .config = s->config,
                                                    .alert = service_alert,
                                                    .alert_ctx = s });
    make_desk(s);
    s->handover = handover_new(s);
    s->feedback_clock = feedback_clock_new(s);
    s->hooks = hooks_new(&(struct hooks_env){ .loop = s->loop,
                                              .store = s->store,
                                              .leases = s->leases,
                                              .client = s->client,
                                              .alert = service_alert,
                                              .alert_ctx = s });
}

static void fail(struct run *r)
{
    r->exit_status = 1;
    raise(SIGTERM);
}

static void store_opened(void *ctx, enum loa_status st);

static void open_store(void *ctx)
{
    struct run *r = ctx;
    if (!r->s.stopping)
        store_open(r->s.store, store_opened, r);
}

static void store_opened(void *ctx, enum loa_status st)
{
    struct run *r = ctx;
    struct service *s = &r->s;
    if (st == LOA_DENIED) {
        say(r,
            "kho Redis này được niêm phong bằng khóa chính khác. Hãy chép đúng tệp master.key vào data_dir.",
            "this store was sealed with another master key: put the right master.key into data_dir");
        fail(r);
    } else if (st != LOA_OK && st != LOA_CONFLICT) {
        timer_start(&r->retry, s->loop, OPEN_RETRY_MS, open_store, r);
    } else {
        if (st == LOA_CONFLICT)
            log_warn("partitions_fixed", "using", log_num(store_partitions(s->store)));
        if (!open_channels(r)) {
            fail(r);
            return;
        }
        make_stages(r);
        s->store_open = true;
        service_tell_skipped(s);
        api_keys_load(s->keys);
        start_desk(s);
        if (r->works) {
            leases_start(s->leases);
            later_start(s->later);
            hooks_start(s->hooks);
            archive_start(s->archive);
            handover_start(s->handover);
            feedback_clock_start(s->feedback_clock);
        }
        log_info("ready", "process", s->process_id, "pid", log_num(getpid()));
    }
}

static void look_at_redis(void *ctx);

static void guarded(void *ctx, enum loa_status st, const struct errors *faults, const struct errors *notes)
{
    struct run *r = ctx;
    if (r->s.store_open || r->s.stopping)
        return;
    if (st != LOA_OK) {
        timer_start(&r->retry, r->s.loop, OPEN_RETRY_MS, look_at_redis, r);
        return;
    }
    print_errors(notes, r->english);
    print_errors(faults, r->english);
    if (faults->total > 0)
        fail(r);
    else
        open_store(r);
}

static void look_at_redis(void *ctx)
{
    struct run *r = ctx;
    const struct config *cf = r->s.config;
    struct redis_guard_options o = { .partitions = (unsigned)config_int(cf, "loa", "partitions"),
                                     .cluster = strncmp(config_str(cf, "redis", "url"), "cluster:", 8) == 0,
                                     .allow_everysec = config_bool(cf, "redis", "allow_everysec"),
                                     .wait_replicas = (unsigned)config_int(cf, "redis", "wait_replicas") };
    if (!r->s.stopping && redis_guard(r->s.redis, &o, guarded, r) != LOA_OK)
        timer_start(&r->retry, r->s.loop, OPEN_RETRY_MS, look_at_redis, r);
}

static void redis_state(void *ctx, bool ready)
{
    struct run *r = ctx;
    metric_set(M_REDIS_UP, NULL, NULL, ready);
    if (!ready || r->s.store_open || r->s.stopping)
        return;
    if (r->redis_server != NULL)
        open_store(r);
    else
        look_at_redis(r);
}

static void http_routes(struct service *s)
{
    api_health(s);
    api_dossier_events(s);
    api_dossiers(s);
    api_messages(s);
    api_feed(s);
    api_staff(s);
    api_staff_login(s);
    api_desk(s);
    api_chat(s);
    api_citizens(s);
    api_inbox(s);
    api_import(s);
    api_hooks(s);
    api_pages(s);
    api_unsubscribe(s);
    api_reach(s);
    api_feedback(s);
    api_feedback_report(s);
    api_survey(s);
    api_survey_report(s);
    api_qa(s);
    api_qa_desk(s);
    api_unanswered(s);
    api_webhooks(s);
    api_reload(s);
}

/* "a, b" -> {"a", "b", NULL}; the strings lie in `copy`. */
static void split_list(char *copy, const char **out, unsigned max)
{
    unsigned n = 0;
    char *rest = NULL;
    for (char *word = strtok_r(copy, ", ", &rest); word != NULL && n < max;
         word = strtok_r(NULL, ", ", &rest))
        out[n++] = word;
    out[n] = NULL;
}

static bool start_http(struct run *r)
{
    const struct config *cf = r->s.config;
    char *list = mem_strdup(config_str(cf, "loa", "listen")), why[200] = "";
    const char *listen[LISTENERS_MAX + 1];
    split_list(list, listen, LISTENERS_MAX);
    const char *cert = config_str(cf, "loa", "tls_cert"), *key = config_str(cf, "loa", "tls_key");
    struct http_server_options opt = { .listen = listen,
                                       .tls_cert = cert[0] ? cert : NULL,
                                       .tls_key = key[0] ? key : NULL,
                                       .max_connections =
                                           (unsigned)config_int(cf, "loa", "max_connections") };
    enum loa_status st = http_server_new(r->s.loop, &opt, why, sizeof why, &r->s.server);
    free(list);
    if (st != LOA_OK) {
        fprintf(stderr,
                r->english ? "loa: cannot listen: %s\n" : "loa: không mở được cổng nhận kết nối: %s\n", why);
        return false;
    }
    http_routes(&r->s);
    return true;
}

static void private_server_ready(void *ctx, enum loa_status st)
{
    struct run *r = ctx;
    if (st == LOA_OK)
        return; /* our connection finds it by itself */
    say(r, "redis-server riêng không khởi động được; xem data_dir/redis/redis.log",
        "the private redis-server does not start; see data_dir/redis/redis.log");
    fail(r);
}

static bool start_private_redis(struct run *r, char url[PRIVATE_REDIS_URL_MAX])
{
    const char *dir = config_str(r->s.config, "loa", "data_dir");
    struct errors *err = errors_new();
    enum loa_status st = private_redis_start(r->s.loop, dir, err, private_server_ready, r, &r->redis_server);
    if (st == LOA_OK)
        st = private_redis_url(dir, url);
    print_errors(err, r->english);
    errors_free(err);
    return st == LOA_OK;
}

static bool start_redis(struct run *r)
{
    char private_url[PRIVATE_REDIS_URL_MAX];
    const char *url = config_str(r->s.config, "redis", "url");
    if (strcmp(url, "private") == 0) {
        if (!start_private_redis(r, private_url))
            return false;
        url = private_url;
    }
    if (redis_new(r->s.loop, url, config_int(r->s.config, "redis", "timeout_ms"), &r->s.redis) != LOA_OK) {
        say(r, "địa chỉ [redis] url không đúng mẫu", "[redis] url is not a valid address");
        return false;
    }
    redis_wait_replicas(r->s.redis, (unsigned)config_int(r->s.config, "redis", "wait_replicas"));
    redis_on_state(r->s.redis, redis_state, r);
    return true;
}

static bool open_key(struct run *r)
{
    char path[1024];
    const char *file = config_str(r->s.config, "loa", "key_file"),
               *dir = config_str(r->s.config, "loa", "data_dir");
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "loa: %s: %s\n", dir, strerror(errno));
        return false;
    }
    snprintf(path, sizeof path, "%s/master.key", dir);
    if (crypto_open(file[0] ? file : path, &r->s.crypto) == LOA_OK)
        return true;
    fprintf(stderr,
            r->english ? "loa: cannot read or make the master key %s\n"
                       : "loa: không đọc hoặc tạo được khóa chính %s\n",
            file[0] ? file : path);
    return false;
}

/* A simulator on loopback beside a live provider would send real citizens test messages, or eat real ones. */
static bool is_local(const char *url)
{
    return strstr(url, "//127.") != NULL || strstr(url, "//localhost") != NULL ||
           strstr(url, "//[::1]") != NULL;
}

static bool not_mixed(const struct run *r)
{
    static const char *const key[] = { "oa_url", "zbs_url", "oauth_url" };
    unsigned local = 0;
    for (unsigned i = 0; i < 3; i++)
        local += is_local(config_str(r->s.config, "zalo", key[i]));
    if (local == 0 || local == 3)
        return true;
    say(r, "[zalo] oa_url, zbs_url, oauth_url trộn lẫn máy mô phỏng và Zalo thật; hãy để cả ba cùng một bên",
        "[zalo] oa_url, zbs_url, oauth_url mix the simulator with the real Zalo; point all three to the same side");
    return false;
}

/* ---- stop ---- */

static void http_closed(void *ctx)
{
    struct run *r = ctx;
    loop_stop(r->s.loop);
}

static void redis_server_stopped(void *ctx)
{
    struct run *r = ctx;
    http_server_close(r->s.server, http_closed, r);
}

static void close_store(void *ctx);

/* The drivers' last calls, a token refresh say, still need the store: it goes only when nothing is on the
 * wire. */
static void leases_back(void *ctx)
{
    struct run *r = ctx;
    if (r->closing) /* forced, and now the leases came back after all */
        return;
    r->closing = true;
    timer_start(&r->stop_limit, r->s.loop, 0, close_store, r);
    for (unsigned ch = 0; ch < CH_COUNT; ch++) {
        if (r->s.channel[ch] != NULL)
            channel_ops_of((enum channel)ch)->close(r->s.channel[ch]);
        r->s.channel[ch] = NULL;
    }
    r->last_words_until_ms = clock_mono_ms() + LAST_WORDS_MS;
}

static void close_store(void *ctx)
{
    struct run *r = ctx;
    bool busy = http_client_in_flight(r->s.client) > 0 || redis_pending(r->s.redis) > 0 || !staff_idle(&r->s);
    if (busy && clock_mono_ms() < r->last_words_until_ms) {
        timer_start(&r->stop_limit, r->s.loop, LAST_WORDS_LOOK_MS, close_store, r);
        return;
    }
    redis_free(r->s.redis); /* completes what still waits, while its receivers exist */
    r->s.redis = NULL;
    store_detach(r->s.store);
    if (r->redis_server != NULL)
        private_redis_stop(r->redis_server, redis_server_stopped, r);
    else
        redis_server_stopped(r);
}

static bool partition_idle(void *ctx, unsigned partition)
{
    const struct run *r = ctx;
    return router_idle(r->s.router, partition) && worker_idle(r->s.worker, partition) &&
           later_idle(r->s.later, partition) && chat_idle(r->s.chat, partition) &&
           handover_idle(r->s.handover, partition) && hooks_idle(r->s.hooks, partition) &&
           archive_idle(r->s.archive, partition);
}

static void stop_forced(void *ctx)
{
    log_warn("stop_forced"); /* what is in flight becomes uncertain, nothing is lost */
    leases_back(ctx);
}

static void stop(void *ctx, int signo)
{
    struct run *r = ctx;
    struct service *s = &r->s;
    if (s->stopping)
        return;
    s->stopping = true;
    log_info("stopping", "signal", log_num(signo));
    timer_stop(&r->retry);
    http_server_stop_intake(s->server);
    timer_start(&r->stop_limit, s->loop, STOP_LIMIT_MS, stop_forced, r);
    if (s->leases == NULL) {
        leases_back(r);
        return;
    }
    router_pause(s->router);
    later_pause(s->later);
    handover_pause(s->handover);
    chat_pause(s->chat);
    worker_pause(s->worker);
    hooks_pause(s->hooks);
    archive_pause(s->archive);
    leases_hand_back(s->leases, partition_idle, leases_back, r);
}

static void free_all(struct run *r)
{
    struct service *s = &r->s;
    http_client_free(s->client);
    archive_free(s->archive);
    hooks_free(s->hooks);
    handover_free(s->handover);
    feedback_clock_free(s->feedback_clock);
    faq_own_free(s->faq_own);
    canned_free(s->canned);
    roster_free(s->roster);
    board_free(s->board);
    chat_free(s->chat);
    later_free(s->later);
    worker_free(s->worker);
    router_free(s->router);
    survey_counter_free(s->survey_counter);
    receipts_free(s->receipts);
    intake_free(s->intake);
    planner_free(s->planner);
    leases_free(s->leases);
    api_keys_free(s->keys);
    pages_free(s->pages);
    staff_free(s);
    qa_free(s->qa);
    secrets_free(r->secrets);
    store_free(s->store);
    private_redis_free(r->redis_server);
    struct service_texts texts = service_texts_of(s);
    service_texts_free(&texts);
    loop_free(s->loop);
    api_free(s);
    crypto_close(s->crypto);
    config_free(s->config);
}

/* ---- the command ---- */

static int usage(bool english, int status)
{
    fputs(
        english
            ? "Usage: loa serve -c FILE\n\nRuns the service. SIGTERM: finish and stop. SIGHUP: load texts and tables again.\n"
            : "Cách dùng: loa serve -c TỆP\n\nChạy dịch vụ. SIGTERM: làm xong việc dở rồi dừng. SIGHUP: đọc lại lời văn và bảng.\n",
        status == 0 ? stdout : stderr);
    return status;
}

static bool load_config(struct run *r, const char *path)
{
    struct errors *err = errors_new();
    struct service_texts texts = { 0 };
    bool good = config_load(path, err, &r->s.config) == LOA_OK &&
                service_texts_load(r->s.config, err, &texts) == LOA_OK;
    print_errors(err, r->english);
    errors_free(err);
    if (good) {
        service_texts_use(&r->s, &texts);
        log_set_level((enum log_level)log_level_from_word(config_str(r->s.config, "loa", "log_level")));
    }
    return good;
}

static bool has_role(const struct config *cf, const char *role)
{
    return strstr(config_str(cf, "loa", "roles"), role) != NULL;
}

static bool start_all(struct run *r)
{
    struct service *s = &r->s;
    r->works = has_role(s->config, "worker") || has_role(s->config, "clock");
    char unique[17];
    crypto_random_hex(unique, 16);
    snprintf(s->process_id, sizeof s->process_id, "%d-%s", (int)getpid(), unique);
    s->loop = loop_new();
    loop_on_signal(s->loop, SIGTERM, stop, r);
    loop_on_signal(s->loop, SIGINT, stop, r);
    loop_on_signal(s->loop, SIGHUP, reload, r);
    signal(SIGPIPE, SIG_IGN);
    s->client = http_client_new(s->loop);
    if (!start_redis(r) || !start_http(r))
        return false;
    s->store = store_new(s->loop, s->redis, s->crypto, (unsigned)config_int(s->config, "loa", "partitions"));
    s->keys = api_keys_new(s->store);
    r->secrets = secrets_new(s->store);
    r->channel_env = (struct channel_env){ .loop = s->loop,
                                           .http = s->client,
                                           .config = s->config,
                                           .crypto = s->crypto,
                                           .secrets = secrets_interface(r->secrets),
                                           .data_dir = config_str(s->config, "loa", "channels_dir"),
                                           .alert = service_alert,
                                           .alert_ctx = s };
    return service_wake_listen(s) == LOA_OK;
}

int app_serve(int argc, char **argv)
{
    struct run *r = mem_alloc(sizeof *r);
    const char *path = NULL;
    r->english = strcmp(app_language(&argc, argv), "en") == 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return usage(r->english, 0);
        if (strcmp(argv[i], "-c") != 0 || i + 1 == argc)
            return usage(r->english, 2);
        path = argv[++i];
    }
    if (!load_config(r, path) || !not_mixed(r) || !open_key(r) || !start_all(r)) {
        free(r);
        return 1; /* nothing was accepted yet: the process may simply end */
    }
    loop_run(r->s.loop);
    int status = r->exit_status;
    free_all(r);
    log_info("stopped");
    free(r);
    return status;
}
