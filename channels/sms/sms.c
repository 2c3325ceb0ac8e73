/*
 * The SMS driver: one provider at a time, described by data. It measures and checks a text before it leaves,
 * writes the request, classifies the answer. What it does not know it calls uncertain, and never sends again
 * by itself: a stalled gateway delivers later.
 */
#include "loa/channel.h"
#include "loa/clock.h"
#include "loa/ip_list.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/phone.h"
#include "loa/sms_brand.h"
#include "loa/sms_provider.h"
#include "loa/sms_text.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_BYTES     4096
#define CALLBACK_MAX_BYTES 1024

struct call;

struct sms {
    struct channel_env env;
    struct sms_provider *provider;
    struct sms_brands *brands;
    struct ip_list allowed;
    char *base, *webhook;
    struct call *calls; /* what waits for an answer */
    unsigned in_flight, in_flight_max;
};

typedef void poll_done_fn(void *ctx, const struct channel_events *ev);

/* One request under way. Outlives the driver when that closes first: then `sms` is NULL. */
struct call {
    struct sms *sms;
    struct call *next, **link;
    uint64_t http_id; /* 0: nothing was sent, `refused` waits for the next turn */
    send_done_fn *done;
    poll_done_fn *poll_done;
    void *ctx;
    struct outcome refused;
    unsigned parts;
    char phone[16], provider_id[80], ref[40];
};

static const char *setting(const struct sms *s, const char *key)
{
    return config_str(s->env.config, "sms", key);
}

/* ---- calls ---- */

static struct call *call_new(struct sms *s, void *ctx)
{
    struct call *c = mem_alloc(sizeof *c);
    c->sms = s;
    c->ctx = ctx;
    c->next = s->calls;
    c->link = &s->calls;
    if (c->next != NULL)
        c->next->link = &c->next;
    s->calls = c;
    s->in_flight++;
    return c;
}

static void call_unlink(struct call *c)
{
    if (c->sms == NULL)
        return;
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    c->sms->in_flight--;
    c->sms = NULL;
}

/* Tells the caller once. The call may live on until its request is really gone. */
static void call_complete(struct call *c, const struct outcome *o, const struct channel_events *ev)
{
    send_done_fn *done = c->done;
    poll_done_fn *poll_done = c->poll_done;
    call_unlink(c);
    c->done = NULL;
    c->poll_done = NULL;
    if (done != NULL)
        done(c->ctx, o);
    if (poll_done != NULL)
        poll_done(c->ctx, ev);
}

static void refused_later(void *ctx)
{
    struct call *c = ctx;
    call_complete(c, &c->refused, NULL);
    free(c);
}

/* ---- a send ---- */

static void alert_unknown(const struct sms *s, const struct outcome *o)
{
    char sentence[240];
    metric_add(M_UNMAPPED_CODES, "sms", NULL, 1);
    if (s->env.alert == NULL)
        return;
    snprintf(sentence, sizeof sentence,
             "Nhà cung cấp SMS %s trả về mã lạ \"%s\"; hãy bổ sung vào bảng channels/sms/%s.tsv.",
             s->provider->name, o->code, s->provider->name);
    s->env.alert(s->env.alert_ctx, "sms_unknown_code", sentence);
}

static void send_answered(void *ctx, const struct http_answer *a)
{
    struct call *c = ctx;
    struct outcome o;
    bool known;
    if (c->sms != NULL) {
        const struct sms *s = c->sms;
        sms_reply_classify(s->provider, a, c->phone, clock_wall_ms(), &known, &o);
        bool taken = o.class == OUTCOME_ACCEPTED || o.class == OUTCOME_DUPLICATE;
        if (taken && o.cost_vnd < 0)
            o.cost_vnd = (int64_t)c->parts * config_int(s->env.config, "sms", "price_vnd");
        if (!known)
            alert_unknown(s, &o);
        call_complete(c, &o, NULL);
    }
    free(c);
}

/* Puts the text into the form it will be sent in. Returns why it cannot be, NULL when it can. */
static const char *prepare_text(const struct sms *s, const struct send *d, struct buf *out,
                                struct sms_size *size)
{
    bool keep = strcmp(setting(s, "diacritics"), "keep") == 0;
    struct buf nfc = BUF_INIT(TEXT_MAX_BYTES);
    text_nfc(&nfc, buf_cstr(&d->text->body), d->text->body.len);
    if (keep)
        buf_add(out, buf_cstr(&nfc), nfc.len);
    else
        text_strip_marks(out, buf_cstr(&nfc), nfc.len);
    bool fits = buf_ok(&nfc) && buf_ok(out);
    buf_clear(&nfc);
    if (!fits || !sms_measure(buf_cstr(out), out->len, size))
        return "too_long";
    if (buf_cstr(out)[strspn(buf_cstr(out), " \r\n\t")] == '\0')
        return "empty";
    if (size->ucs2 && !keep)
        return "bad_letter";
    return size->parts > config_int(s->env.config, "sms", "max_parts") ? "too_long" : NULL;
}

static void fill_values(const struct sms *s, struct sms_values *v)
{
    const char *type = setting(s, "sms_type");
    v->value[SMS_API_KEY] = setting(s, "api_key");
    v->value[SMS_SECRET_KEY] = setting(s, "secret_key");
    v->value[SMS_USERNAME] = setting(s, "username");
    v->value[SMS_PASSWORD] = setting(s, "password");
    v->value[SMS_TYPE] = *type != '\0' ? type : s->provider->sms_type;
    v->value[SMS_SANDBOX] = config_bool(s->env.config, "sms", "sandbox") ? "1" : "0";
    v->value[SMS_WEBHOOK] = s->webhook;
}

static enum loa_status start_request(struct sms *s, const struct sms_call *spec, const struct sms_values *v,
                                     http_answer_fn *answered, struct call *c)
{
    struct sms_request r;
    enum loa_status st = sms_request_make(s->provider, spec, s->base, v, &r);
    if (st != LOA_OK)
        return st;
    struct http_call call = {
        .method = r.method,
        .url = buf_cstr(&r.url),
        .headers = r.headers,
        .user = s->provider->user != NULL ? buf_cstr(&r.user) : NULL,
        .password = buf_cstr(&r.password),
        .body = spec->body != NULL ? buf_cstr(&r.body) : NULL,
        .body_len = r.body.len,
        .timeout_ms = config_int(s->env.config, "sms", "timeout_ms"),
    };
    st = http_client_call(s->env.http, &call, answered, c, &c->http_id);
    sms_request_clear(&r);
    return st;
}

static enum loa_status send_text(struct sms *s, const struct send *d, const struct buf *text,
                                 const struct sms_size *size, struct call *c)
{
    struct buf callback = BUF_INIT(CALLBACK_MAX_BYTES);
    struct sms_values v = { 0 };
    char national[16];
    fill_values(s, &v);
    phone_national(c->phone, national);
    v.value[SMS_PHONE] = s->provider->national_phone ? national : c->phone;
    v.value[SMS_BRANDNAME] = sms_brand_of(s->brands, d->unit, setting(s, "brandname"));
    v.value[SMS_TEXT] = buf_cstr(text);
    v.value[SMS_REF] = d->ref;
    v.value[SMS_UNICODE] = size->ucs2 ? "1" : "0";
    v.value[SMS_CODING] = size->ucs2 ? "2" : "0";
    v.value[SMS_DCS] = size->ucs2 ? "8" : "0";
    sms_callback_make(s->provider, &v, &callback);
    v.value[SMS_CALLBACK] = buf_cstr(&callback);
    enum loa_status st =
        buf_ok(&callback) ? start_request(s, &s->provider->send, &v, send_answered, c) : LOA_INVALID;
    buf_clear(&callback);
    return st;
}

/* Why this message will not be sent, as a code of host "loa"; NULL after the request has left or could not
 * start for now, which is in *st. */
static const char *try_send(struct sms *s, const struct send *d, struct call *c, enum loa_status *st)
{
    struct phone phone = phone_parse(d->address);
    struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct sms_size size;
    if (phone.kind != PHONE_MOBILE)
        return "not_mobile";
    snprintf(c->phone, sizeof c->phone, "%s", phone.e164);
    const char *why = prepare_text(s, d, &text, &size);
    if (why == NULL) {
        c->parts = size.parts;
        *st = send_text(s, d, &text, &size, c);
        if (*st == LOA_INVALID)
            why = "bad_request";
    }
    buf_clear(&text);
    return why;
}

static enum loa_status sms_send(void *state, const struct send *d, send_done_fn *done, void *ctx)
{
    struct sms *s = state;
    assert(d->way == WAY_SMS);
    if (s->in_flight >= s->in_flight_max)
        return LOA_BUSY;
    struct call *c = call_new(s, ctx);
    enum loa_status st = LOA_OK;
    c->done = done;
    const char *refused = try_send(s, d, c, &st);
    if (refused != NULL) {
        sms_provider_outcome(s->provider, "loa", refused, &c->refused);
        loop_defer(s->env.loop, refused_later, c);
        return LOA_OK;
    }
    if (st != LOA_OK) {
        call_unlink(c);
        free(c);
    }
    return st;
}

/* ---- polling ---- */

static void poll_answered(void *ctx, const struct http_answer *a)
{
    struct call *c = ctx;
    struct channel_events ev = { 0 };
    if (c->sms != NULL) {
        sms_poll_parse(c->sms->provider, a, c->provider_id, c->ref, &ev);
        call_complete(c, NULL, &ev);
        channel_events_clear(&ev);
    }
    free(c);
}

/* LOA_NOT_FOUND: this provider, or a message without its id, cannot be asked about. */
static enum loa_status sms_poll(void *state, enum way way, const char *provider_id, const char *ref,
                                void (*done)(void *ctx, const struct channel_events *ev), void *ctx)
{
    struct sms *s = state;
    struct sms_values v = { 0 };
    assert(way == WAY_SMS);
    if (s->provider->poll.path == NULL || provider_id == NULL || *provider_id == '\0')
        return LOA_NOT_FOUND;
    if (s->in_flight >= s->in_flight_max)
        return LOA_BUSY;
    struct call *c = call_new(s, ctx);
    snprintf(c->provider_id, sizeof c->provider_id, "%s", provider_id);
    snprintf(c->ref, sizeof c->ref, "%s", ref != NULL ? ref : "");
    fill_values(s, &v);
    v.value[SMS_ID] = provider_id;
    c->poll_done = done;
    enum loa_status st = start_request(s, &s->provider->poll, &v, poll_answered, c);
    if (st != LOA_OK) {
        call_unlink(c);
        free(c);
    }
    return st;
}

/* ---- callbacks ---- */

static enum loa_status sms_verify(void *state, const struct webhook *w)
{
    const struct sms *s = state;
    const char *token = setting(s, "webhook_token");
    if (*token == '\0' || w->token == NULL || !crypto_equal_str(w->token, token))
        return LOA_DENIED;
    if (s->allowed.count == 0)
        return LOA_OK;
    char ip[64];
    ip_of_caller(w->peer, w->header != NULL ? w->header(w->header_ctx, "x-forwarded-for") : NULL, ip);
    return ip_list_has(&s->allowed, ip) ? LOA_OK : LOA_DENIED;
}

static enum loa_status sms_parse(void *state, const struct webhook *w, struct channel_events *out)
{
    const struct sms *s = state;
    return sms_report_parse(s->provider, w, out);
}

static bool sms_dedupes(void *state, enum way way)
{
    const struct sms *s = state;
    assert(way == WAY_SMS);
    return s->provider->dedupes;
}

/* ---- opening and closing ---- */

static const char *first_of(const char *a, const char *b)
{
    return *a != '\0' ? a : b;
}

/* An address copied from a manual may hold the beginning of the path already: it counts once. */
static char *base_address(const char *url, const char *path)
{
    const char *host = strstr(url, "://");
    size_t host_end = host != NULL ? (size_t)(host + 3 - url) : 0;
    host_end += strcspn(url + host_end, "/");
    size_t n = strlen(url);
    while (n > host_end && url[n - 1] == '/')
        n--;
    bool repeated = n > host_end && strncmp(url + host_end, path, n - host_end) == 0;
    return mem_strndup(url, repeated ? host_end : n);
}

static char *webhook_address(const struct config *cf, const char *provider)
{
    const char *token = config_str(cf, "sms", "webhook_token");
    const char *base = first_of(config_str(cf, "sms", "dlr_url_base"), config_str(cf, "loa", "public_url"));
    struct buf b = BUF_INIT(CALLBACK_MAX_BYTES);
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/')
        n--;
    if (*token != '\0') {
        buf_add(&b, base, n);
        buf_printf(&b, "/webhooks/sms/%s/", provider);
        buf_url(&b, token, strlen(token));
    }
    char *address = mem_strdup(buf_ok(&b) ? buf_cstr(&b) : "");
    buf_clear(&b);
    return address;
}

/* What the provider cannot do without. */
static bool needs_met(const struct config *cf, const struct sms_provider *p, struct errors *err)
{
    bool met = true;
    for (const char *need = p->needs; need != NULL && *need != '\0'; need += strspn(need, " ")) {
        char key[32];
        size_t n = strcspn(need, " ");
        snprintf(key, sizeof key, "%.*s", (int)n, need);
        need += n;
        if (*config_str(cf, "sms", key) != '\0')
            continue;
        met = false;
        char place[48];
        snprintf(place, sizeof place, "[sms] %s", key);
        fault_at(err, place, 0, "missing", "nhà cung cấp %s cần khóa này", "%s needs this setting", p->name);
    }
    return met;
}

static bool brand_fine(const struct config *cf, struct errors *err)
{
    const char *brand = config_str(cf, "sms", "brandname");
    bool fine = *brand == '\0' || sms_brand_valid(brand);
    if (!fine)
        fault_at(err, "[sms] brandname", 0, "bad_brandname",
                 "\"%s\": tối đa 11 ký tự gồm chữ không dấu, số, - _ . và dấu cách, không được toàn số",
                 "\"%s\": at most 11 of A-Z a-z 0-9 - _ . and space, not digits alone", brand);
    return fine;
}

/* It is written into requests as it stands. */
static bool type_fine(const struct config *cf, struct errors *err)
{
    const char *type = config_str(cf, "sms", "sms_type");
    bool fine = type[strspn(type, "0123456789")] == '\0';
    if (!fine)
        fault_at(err, "[sms] sms_type", 0, "bad_sms_type", "hãy ghi một số", "write a number");
    return fine;
}

static bool ips_fine(const struct config *cf, struct errors *err, struct ip_list *out)
{
    char bad[64];
    bool fine = ip_list_parse(config_str(cf, "sms", "webhook_ips"), out, bad, sizeof bad);
    if (!fine)
        fault_at(err, "[sms] webhook_ips", 0, "bad_ip", "\"%s\" không phải địa chỉ IP",
                 "\"%s\" is no IP address", bad);
    return fine;
}

/* Loads all that the settings name. LOA_NOT_FOUND: SMS is off, or no provider is set. */
static enum loa_status load(const struct config *cf, const char *data_dir, struct errors *err, struct sms *s)
{
    const char *name = config_str(cf, "sms", "provider");
    if (!config_bool(cf, "sms", "enabled") || *name == '\0')
        return LOA_NOT_FOUND;
    bool fine = brand_fine(cf, err);
    fine &= type_fine(cf, err);
    fine &= ips_fine(cf, err, &s->allowed);
    fine &= sms_brands_load(data_dir, err, &s->brands) == LOA_OK;
    if (sms_provider_load(data_dir, name, err, &s->provider) != LOA_OK)
        fine = false;
    else
        fine &= needs_met(cf, s->provider, err);
    return fine ? LOA_OK : LOA_INVALID;
}

static void sms_free(struct sms *s)
{
    sms_provider_free(s->provider);
    sms_brands_free(s->brands);
    free(s->base);
    free(s->webhook);
    free(s);
}

static enum loa_status sms_open(const struct channel_env *env, struct errors *err, void **state)
{
    struct sms *s = mem_alloc(sizeof *s);
    enum loa_status st = load(env->config, env->data_dir, err, s);
    if (st != LOA_OK) {
        sms_free(s);
        return st;
    }
    s->env = *env;
    s->in_flight_max = (unsigned)config_int(env->config, "sms", "in_flight");
    s->base = base_address(first_of(setting(s, "url"), s->provider->url), s->provider->send.path);
    s->webhook = webhook_address(env->config, s->provider->name);
    *state = s;
    return LOA_OK;
}

static void sms_close(void *state)
{
    struct sms *s = state;
    if (s == NULL)
        return;
    s->in_flight_max = 0; /* a completion may want to send the next one */
    while (s->calls != NULL) {
        struct call *c = s->calls;
        struct channel_events none = { 0 };
        struct outcome o = c->refused;
        if (c->http_id != 0)
            sms_provider_outcome(s->provider, "net", "cancelled", &o);
        call_complete(c, &o, &none);
        if (c->http_id != 0)
            http_client_cancel(s->env.http, c->http_id);
    }
    sms_free(s);
}

static void sms_check(const struct config *cf, const char *data_dir, struct errors *err)
{
    struct sms *s = mem_alloc(sizeof *s);
    load(cf, data_dir, err, s);
    sms_free(s);
}

const struct channel_ops sms_channel = {
    .channel = CH_SMS,
    .open = sms_open,
    .close = sms_close,
    .send = sms_send,
    .poll = sms_poll,
    .verify = sms_verify,
    .parse = sms_parse,
    .dedupes = sms_dedupes,
    .check = sms_check,
};
