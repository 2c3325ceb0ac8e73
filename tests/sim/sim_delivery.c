#include "sim_delivery.h"
#include "sim_bounce.h"
#include "sim_events.h"
#include "sim_exchange.h"
#include "sim_outbox.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOUNCE_MAX_BYTES (256 * 1024)
#define EARLY_MS         300 /* how long the answer waits for its own receipt to overtake it */
#define REVERSED_MS      250 /* between receipts told in the wrong order */

struct parcel { /* one message under way */
    struct sim *sim;
    struct parcel *next, *prev;
    uint32_t message;
    enum sim_way way;
    struct sim_receipt_faults faults;
    bool lost, echo;
    struct sim_entry entry;
    char *callback_url, *hashed, *mail_from, *mail_headers;
    char bounce_status[24];
    struct timer timer;
};

struct sim_delivery {
    struct parcel all; /* ring head */
};

struct sim_delivery *sim_delivery_new(struct sim *s)
{
    (void)s;
    struct sim_delivery *d = mem_alloc(sizeof *d);
    d->all.next = d->all.prev = &d->all;
    return d;
}

static void parcel_free(struct parcel *p)
{
    timer_stop(&p->timer);
    free(p->entry.title);
    free(p->entry.text);
    free(p->entry.html);
    free(p->entry.detail);
    free(p->callback_url);
    free(p->hashed);
    free(p->mail_from);
    free(p->mail_headers);
    free(p);
}

/* Nothing more happens to this message. */
static void parcel_done(struct parcel *p)
{
    p->next->prev = p->prev;
    p->prev->next = p->next;
    parcel_free(p);
}

void sim_delivery_free(struct sim_delivery *d)
{
    struct parcel *next;

    if (d == NULL)
        return;
    for (struct parcel *p = d->all.next; p != &d->all; p = next) {
        next = p->next;
        parcel_free(p);
    }
    free(d);
}

static bool has(const struct parcel *p, enum sim_fault_kind k)
{
    return (p->faults.kinds & 1u << k) != 0;
}

/* ---- what the sender is told ---- */

/* eSMS: GET CallbackUrl?SMSID=…; SendStatus 5 says finished, only SendSuccess and SendFailed say how. */
static void tell_esms(struct parcel *p, bool final)
{
    struct sim *s = p->sim;
    const struct sim_message *m = sim_ledger_get(&s->ledger, p->message);
    struct buf url = BUF_INIT(4096);
    char id[SIM_ID_MAX];

    if (p->callback_url == NULL)
        return;
    sim_message_id(&s->ledger, p->message, SIM_ESMS, id);
    buf_printf(&url, "%s%cSMSID=%s&SendStatus=%d&SendSuccess=%d&SendFailed=%d&TotalPrice=%d&TotalReceiver=1",
               p->callback_url, strchr(p->callback_url, '?') != NULL ? '&' : '?', id, final ? 5 : 7,
               final && !p->lost, final && p->lost, (int)m->price_vnd);
    buf_str(&url, "&TotalSent=1&TypeId=2&telcoid=1&RequestId=");
    buf_url(&url, m->ref, strlen(m->ref));
    buf_str(&url, "&phonenumber=");
    buf_url(&url, m->address, strlen(m->address));
    if (buf_ok(&url))
        sim_outbox_post(s->outbox, &(struct sim_callback){ .method = "GET",
                                                           .url = buf_cstr(&url),
                                                           .patience = SIM_PATIENCE_OTHERS });
    buf_clear(&url);
}

/* SpeedSMS: 0 delivered, 1-63 for the time being not, from 64 on never. */
static void tell_speedsms(struct parcel *p, int status)
{
    struct sim *s = p->sim;
    char url[512], body[256], id[SIM_ID_MAX];

    if (s->opt.webhook[0] == '\0')
        return;
    sim_message_id(&s->ledger, p->message, SIM_SPEEDSMS, id);
    snprintf(url, sizeof url, "%s/webhooks/sms/speedsms/%s", s->opt.webhook, s->opt.sms_token);
    snprintf(body, sizeof body, "{\"type\":\"report\",\"tranId\":%s,\"phone\":\"%s\",\"status\":%d}", id,
             sim_ledger_get(&s->ledger, p->message)->address, status);
    sim_outbox_post(s->outbox, &(struct sim_callback){ .method = "POST",
                                                       .url = url,
                                                       .body = body,
                                                       .body_len = strlen(body),
                                                       .header = { "Content-Type: application/json" },
                                                       .patience = SIM_PATIENCE_OTHERS });
}

static void tell_bounce(struct parcel *p)
{
    struct sim *s = p->sim;
    struct buf dsn = BUF_INIT(BOUNCE_MAX_BYTES);
    char url[512];

    if (!p->lost || p->mail_from == NULL || p->mail_from[0] == '\0' || s->opt.webhook[0] == '\0')
        return; /* what has no sender gets no bounce */
    sim_bounce_write(&dsn, &(struct sim_bounce){ .mail_from = p->mail_from,
                                                 .recipient = sim_ledger_get(&s->ledger, p->message)->address,
                                                 .status = p->bounce_status,
                                                 .headers = p->mail_headers,
                                                 .number = p->message,
                                                 .now_ms = sim_now_ms(s) });
    snprintf(url, sizeof url, "%s/webhooks/email/%s", s->opt.webhook, s->opt.email_token);
    if (buf_ok(&dsn))
        sim_outbox_post(s->outbox, &(struct sim_callback){ .method = "POST",
                                                           .url = url,
                                                           .body = dsn.data,
                                                           .body_len = dsn.len,
                                                           .header = { "Content-Type: message/rfc822" },
                                                           .patience = SIM_PATIENCE_OTHERS });
    buf_clear(&dsn);
}

/* One round of what this provider tells about the end of a message. */
static void tell_end(struct parcel *p)
{
    switch (p->way) {
    case SIM_ESMS:
        tell_esms(p, true);
        break;
    case SIM_SPEEDSMS:
        tell_speedsms(p, p->lost ? 64 : 0);
        break;
    case SIM_SMTP:
        tell_bounce(p);
        break;
    default: /* Zalo tells nothing about a message that did not arrive */
        if (!p->lost)
            sim_event_received(p->sim, p->message, p->hashed != NULL ? p->hashed : "");
    }
}

/* What came before the end, told after it. */
static void told_in_reverse(void *ctx)
{
    struct parcel *p = ctx;

    if (p->way == SIM_ESMS)
        tell_esms(p, false);
    else if (p->way == SIM_SPEEDSMS)
        tell_speedsms(p, 1);
    else if (!p->lost)
        tell_end(p);
    parcel_done(p);
}

static void open_unasked(void *ctx)
{
    struct parcel *p = ctx;

    sim_delivery_open(p->sim, p->message);
    parcel_done(p);
}

/* Some citizens open what they get; the rest is done with. */
static void wait_for_opening(struct parcel *p)
{
    struct sim *s = p->sim;
    bool zalo = p->way == SIM_CS || p->way == SIM_UID || p->way == SIM_ZBS;

    if (zalo && !p->lost && sim_random_share(&s->rng) * 100 < (double)s->set.seen_percent)
        timer_start(&p->timer, s->loop, s->set.seen_after_ms, open_unasked, p);
    else
        parcel_done(p);
}

static void tell(void *ctx)
{
    struct parcel *p = ctx;
    bool by_user = p->way == SIM_CS || p->way == SIM_UID;

    if (has(p, SIM_FAULT_RECEIPTS_NEVER)) {
        parcel_done(p);
        return;
    }
    if (has(p, SIM_FAULT_RECEIPTS_REVERSED)) {
        if (by_user)
            sim_delivery_open(p->sim, p->message); /* seen first, received after it */
        else if (p->way != SIM_ZBS)
            tell_end(p);
        timer_start(&p->timer, p->sim->loop, REVERSED_MS, told_in_reverse, p);
        return;
    }
    tell_end(p);
    if (has(p, SIM_FAULT_RECEIPTS_DUPLICATE))
        tell_end(p);
    wait_for_opening(p);
}

/* ---- the device ---- */

static void reach_device(struct parcel *p)
{
    struct sim *s = p->sim;
    struct sim_person *who = sim_people_get(&s->people, p->entry.person);

    p->entry.at_ms = sim_now_ms(s);
    p->entry.message = p->message;
    sim_ledger_delivered(&s->ledger, p->message, p->entry.at_ms);
    sim_threads_add(&s->threads, &p->entry);
    if (who != NULL) {
        who->unseen++;
        who->last_activity_ms = p->entry.at_ms;
    }
}

static void arrive(void *ctx)
{
    struct parcel *p = ctx;
    struct sim *s = p->sim;
    int64_t wait_ms = p->faults.late_ms;

    s->changes++;
    if (p->lost)
        sim_ledger_failed(&s->ledger, p->message);
    else
        reach_device(p);
    if (p->echo)
        sim_event_echo(s, p->message, p->entry.text);
    if (p->way == SIM_ZBS && has(p, SIM_FAULT_RECEIPTS_REVERSED)) /* within eight, the last is told first */
        wait_ms += (7 - p->message % 8) * REVERSED_MS;
    if (wait_ms > 0)
        timer_start(&p->timer, s->loop, wait_ms, tell, p);
    else
        tell(p);
}

void sim_delivery_open(struct sim *s, uint32_t message)
{
    struct sim_message *m = sim_ledger_get(&s->ledger, message);

    if (m == NULL || m->delivered_ms == 0 || m->seen_ms != 0)
        return;
    sim_ledger_seen(&s->ledger, message, sim_now_ms(s));
    s->changes++;
    struct sim_person *who = sim_people_get(&s->people, m->person);
    if (who != NULL && who->unseen > 0)
        who->unseen--;
    if (m->way == SIM_CS || m->way == SIM_UID) /* a message to a phone number is not reported as seen */
        sim_event_seen(s, message);
}

/* ---- taking a message ---- */

static enum sim_device device_of(enum sim_way way)
{
    if (way == SIM_SMTP)
        return SIM_DEVICE_MAIL;
    return way == SIM_ESMS || way == SIM_SPEEDSMS ? SIM_DEVICE_SMS : SIM_DEVICE_ZALO;
}

static struct parcel *parcel_new(struct sim *s, const struct sim_taken *t, uint32_t message)
{
    struct parcel *p = mem_alloc(sizeof *p);

    p->sim = s;
    p->message = message;
    p->way = t->way;
    sim_faults_receipts(&s->faults, t->way, &p->faults);
    p->lost = t->lost || has(p, SIM_FAULT_UNDELIVERED);
    p->echo = t->way == SIM_CS && t->text[0] != '\0';
    p->entry = (struct sim_entry){ .person = t->person,
                                   .device = (uint8_t)device_of(t->way),
                                   .kind = SIM_ENTRY_MESSAGE,
                                   .title = mem_strdup(t->title),
                                   .text = mem_strdup(t->text),
                                   .html = mem_strdup(t->html),
                                   .detail = mem_strdup(t->detail) };
    p->callback_url = mem_strdup(t->callback_url);
    p->hashed = mem_strdup(t->hashed);
    p->mail_from = mem_strdup(t->mail_from);
    p->mail_headers = mem_strdup(t->mail_headers);
    snprintf(p->bounce_status, sizeof p->bounce_status, "%s",
             t->bounce_status != NULL    ? t->bounce_status
             : p->faults.code[0] != '\0' ? p->faults.code
                                         : "5.1.1");
    p->next = &s->delivery->all;
    p->prev = s->delivery->all.prev;
    p->next->prev = p->prev->next = p;
    return p;
}

static int64_t travel_ms(struct sim *s)
{
    int64_t most = s->set.delivery_max_ms, spread = most - s->set.delivery_min_ms;
    return spread > 0 ? most - (int64_t)(sim_random_share(&s->rng) * (double)spread) : most;
}

uint32_t sim_delivery_take(struct sim *s, const struct sim_taken *t, struct sim_reply *r)
{
    struct sim_arrival a = { .way = t->way,
                             .address = t->address,
                             .ref = t->ref,
                             .content = t->text,
                             .person = t->person,
                             .price_vnd = t->price_vnd,
                             .parts = t->parts,
                             .now_ms = sim_now_ms(s) };
    uint32_t message = sim_ledger_add(&s->ledger, &a);
    struct parcel *p = parcel_new(s, t, message);

    if (has(p, SIM_FAULT_RECEIPTS_EARLY)) {
        if (r != NULL)
            r->delay_ms = EARLY_MS;
        arrive(p);
    } else {
        timer_start(&p->timer, s->loop, travel_ms(s), arrive, p);
    }
    return message;
}
