#include "loa/metrics.h"
#include "loa/text.h"
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LABELS_MAX 2
#define WORDS_MAX  16 /* words of one label, "other" included */

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

struct label {
    const char *name;
    const char *words[WORDS_MAX]; /* NULL-terminated; "other" comes after the last */
};

static const struct label code = { "code", { "2xx", "3xx", "4xx", "5xx" } };
static const struct label intake_result = { "result",
                                            { "accepted", "duplicate", "rejected", "unavailable" } };
static const struct label routed_result = {
    "result", { "notify", "silent", "stale", "flagged", "no_contact", "follower" }
};
static const struct label channel = {
    "channel", { "portal", "zalo", "sms", "email", "zalo_cs", "zalo_uid", "zalo_zbs" } /* channels and ways */
};
static const struct label class = { "class",
                                    { "accepted", "duplicate", "recipient_invalid", "recipient_refused",
                                      "content_rejected", "sender_rejected", "auth", "balance", "throttled",
                                      "transient", "uncertain" } };
static const struct label receipt_kind = {
    "kind", { "delivered", "seen", "failed", "progress", "duplicate", "unknown" }
};
static const struct label state = {
    "state", { "sent", "delivered", "seen", "failed", "expired", "suppressed", "uncertain" }
};
static const struct label lane = { "lane", { "urgent", "normal", "bulk" } };
static const struct label desk_act = { "act",
                                       { "taken", "stolen", "passed", "back", "closed", "late", "unanswered",
                                         "left", "silent", "given_up" } };
static char desk_words[WORDS_MAX - 1][40];
static struct label desk = { "desk", { NULL } }; /* see metrics_set_desks() */

static const struct label chat_result = { "result", { "accepted", "duplicate", "unavailable" } };
static const struct label chat_channel = { "channel", { "zalo", "web" } };
static const struct label chat_kind = {
    "kind", { "text", "tap", "follow", "shared", "media", "rating", "officer", "tick" }
};
static const struct label lookup_result = { "result",
                                            { "full", "progress", "unknown", "code_fault", "slowed",
                                              "proof_asked", "digits_wrong", "digits_right", "locked", "mine",
                                              "following", "followed", "unfollowed", "news" } };
static const struct label chat_event = { "event",
                                         { "faq_answered", "faq_asked", "faq_again", "unanswered",
                                           "smalltalk", "handed_over", "urgent", "proven", "lookup",
                                           "consent", "erase", "feedback", "survey", "human_first_reply" } };

static const struct description {
    const char *name, *help;
    enum metric_kind kind;
    const struct label *label[LABELS_MAX];
} descriptions[M_COUNT] = {
    [M_HTTP_REQUESTS] = { "loa_http_requests_total", "Requests answered", COUNTER, { &code } },
    [M_HTTP_SECONDS] = { "loa_http_seconds", "Time to answer a request", HISTOGRAM },
    [M_WS_OPEN] = { "loa_ws_open", "Open WebSockets", GAUGE },
    [M_INTAKE_EVENTS] = { "loa_intake_events_total", "Dossier events taken in", COUNTER, { &intake_result } },
    [M_ROUTED] = { "loa_routed_total", "Decisions of the router", COUNTER, { &routed_result } },
    [M_SEND_OUTCOME] = { "loa_send_outcomes_total", "Answers of providers", COUNTER, { &channel, &class } },
    [M_SEND_SECONDS] = { "loa_send_seconds", "Request written to reply", HISTOGRAM, { &channel } },
    [M_HANDOVER_SECONDS] = { "loa_handover_seconds",
                             "Accepted by us to request leaving",
                             HISTOGRAM,
                             { &channel } },
    [M_RECEIPTS] = { "loa_receipts_total", "Receipts of providers", COUNTER, { &channel, &receipt_kind } },
    [M_MESSAGE_FINAL] = { "loa_messages_final_total",
                          "Messages by final state",
                          COUNTER,
                          { &channel, &state } },
    [M_UNMAPPED_CODES] = { "loa_unmapped_codes_total", "Provider codes in no table", COUNTER, { &channel } },
    [M_LANE_DEPTH] = { "loa_lane_depth", "Messages waiting", GAUGE, { &channel, &lane } },
    [M_LANE_AGE_SECONDS] = { "loa_lane_age_seconds",
                             "Age of the oldest due message",
                             GAUGE,
                             { &channel, &lane } },
    [M_BREAKER_OPEN] = { "loa_breaker_open", "1 while a way is stopped", GAUGE, { &channel } },
    [M_LEASES] = { "loa_leases", "Partitions owned by this process", GAUGE },
    [M_REDIS_UP] = { "loa_redis_up", "1 while the store answers", GAUGE },
    [M_REDIS_SECONDS] = { "loa_redis_seconds", "Round trip of a command", HISTOGRAM },
    [M_REDIS_PENDING] = { "loa_redis_pending", "Commands waiting for an answer", GAUGE },
    [M_COST_VND] = { "loa_cost_vnd_total", "Cost of sent messages in VND", COUNTER, { &channel } },
    [M_CHAT_INPUTS] = { "loa_chat_inputs_total", "Words of citizens taken in", COUNTER, { &chat_result } },
    [M_CHAT_TURNS] = { "loa_chat_turns_total",
                       "Inputs of conversations answered",
                       COUNTER,
                       { &chat_channel, &chat_kind } },
    [M_CHAT_ANSWER_SECONDS] = { "loa_chat_answer_seconds",
                                "Word taken in to answer durable",
                                HISTOGRAM,
                                { &chat_channel } },
    [M_CHAT_LOOKUPS] = { "loa_chat_lookups_total", "Questions about dossiers", COUNTER, { &lookup_result } },
    [M_CHAT_EVENTS] = { "loa_chat_events_total", "What became of them", COUNTER, { &chat_event } },
    [M_CHAT_ACTIVE] = { "loa_chat_active", "Turns being worked on", GAUGE },
    [M_LEDGER_ARCHIVED] = { "loa_ledger_archived_total", "Ledger entries that reached the archive", COUNTER },
    [M_DESK_WAITING] = { "loa_desk_waiting",
                         "Conversations that wait for an officer, over all processes",
                         GAUGE,
                         { &desk } },
    [M_DESK_AGE_SECONDS] = { "loa_desk_age_seconds",
                             "How long the first of them has waited",
                             GAUGE,
                             { &desk } },
    [M_DESK_ACTS] = { "loa_desk_acts_total",
                      "What happened to conversations at the desks",
                      COUNTER,
                      { &desk_act } },
    [M_DESK_FIRST_WORD_SECONDS] = { "loa_desk_first_word_seconds",
                                    "Handed over to the first word of an officer, office hours only",
                                    HISTOGRAM },
    [M_TEMPLATE_ERRORS] = { "loa_template_errors_total", "Messages that could not be rendered", COUNTER },
};

/* Up to an hour: people answer too. */
static const double bounds[] = { .001, .0025, .005, .01, .025, .05, .1,  .25, .5,
                                 1,    2.5,   5,    10,  30,   60,  300, 900, 3600 };
#define BOUNDS (sizeof bounds / sizeof bounds[0])

struct histogram {
    uint64_t bucket[BOUNDS], count; /* not cumulative; beyond the last bound only in `count` */
    double sum;
};

static double values[M_COUNT][WORDS_MAX][WORDS_MAX];
static struct histogram histograms[M_COUNT][WORDS_MAX];

static unsigned label_size(const struct label *l)
{
    unsigned n = 0;
    while (l != NULL && l->words[n] != NULL)
        n++;
    return n;
}

/* The place of a label value; past the last word for an unknown one: "other". */
static unsigned label_index(const struct label *l, const char *word)
{
    unsigned size = label_size(l);
    for (unsigned i = 0; i < size && word != NULL; i++)
        if (strcmp(l->words[i], word) == 0)
            return i;
    return size;
}

static double *value_of(enum metric m, const char *a, const char *b)
{
    const struct description *d = &descriptions[m];
    assert(m < M_COUNT && d->kind != HISTOGRAM);
    return &values[m][label_index(d->label[0], a)][label_index(d->label[1], b)];
}

void metric_add(enum metric m, const char *a, const char *b, double v)
{
    *value_of(m, a, b) += v;
}

void metric_set(enum metric m, const char *a, const char *b, double v)
{
    assert(descriptions[m].kind == GAUGE);
    *value_of(m, a, b) = v;
}

void metric_observe(enum metric m, const char *a, double seconds)
{
    assert(m < M_COUNT && descriptions[m].kind == HISTOGRAM);
    struct histogram *h = &histograms[m][label_index(descriptions[m].label[0], a)];
    h->count++;
    h->sum += seconds;
    for (unsigned i = 0; i < BOUNDS; i++)
        if (seconds <= bounds[i]) {
            h->bucket[i]++;
            return;
        }
}

void metrics_set_desks(const char *const *ids, unsigned count)
{
    unsigned n = count < WORDS_MAX - 1 ? count : WORDS_MAX - 1;
    for (unsigned i = 0; i < WORDS_MAX; i++) {
        desk.words[i] = NULL;
        values[M_DESK_WAITING][i][0] = values[M_DESK_AGE_SECONDS][i][0] = 0;
        if (i < n) {
            text_copy(desk_words[i], sizeof desk_words[i], ids[i]);
            desk.words[i] = desk_words[i];
        }
    }
}

/* ---- printing ---- */

/* Appends `name="word"`, after a comma when something is there already. */
static void print_label(struct buf *out, const struct label *l, unsigned i, bool *first)
{
    if (l == NULL)
        return;
    buf_printf(out, "%s%s=\"%s\"", *first ? "{" : ",", l->name, l->words[i] != NULL ? l->words[i] : "other");
    *first = false;
}

static void print_value(struct buf *out, const struct description *d, unsigned i, unsigned j, double v)
{
    bool first = true,
         other = (d->label[0] && !d->label[0]->words[i]) || (d->label[1] && !d->label[1]->words[j]);
    if (other && v == 0)
        return;
    buf_str(out, d->name);
    print_label(out, d->label[0], i, &first);
    print_label(out, d->label[1], j, &first);
    buf_printf(out, "%s %.15g\n", first ? "" : "}", v);
}

static void print_bucket(struct buf *out, const struct description *d, unsigned i, const char *le, uint64_t n)
{
    bool first = true;
    buf_printf(out, "%s_bucket", d->name);
    print_label(out, d->label[0], i, &first);
    buf_printf(out, "%sle=\"%s\"} %llu\n", first ? "{" : ",", le, (unsigned long long)n);
}

static void print_total(struct buf *out, const struct description *d, unsigned i, const char *suffix,
                        double v)
{
    bool first = true;
    buf_printf(out, "%s%s", d->name, suffix);
    print_label(out, d->label[0], i, &first);
    buf_printf(out, "%s %.15g\n", first ? "" : "}", v);
}

static void print_histogram(struct buf *out, const struct description *d, unsigned i,
                            const struct histogram *h)
{
    uint64_t below = 0;
    if (h->count == 0 && d->label[0] != NULL)
        return;
    for (unsigned k = 0; k < BOUNDS; k++) {
        char le[16];
        below += h->bucket[k];
        snprintf(le, sizeof le, "%g", bounds[k]);
        print_bucket(out, d, i, le, below);
    }
    print_bucket(out, d, i, "+Inf", h->count);
    print_total(out, d, i, "_sum", h->sum);
    print_total(out, d, i, "_count", (double)h->count);
}

static void print_metric(struct buf *out, unsigned m)
{
    static const char *const kinds[] = { "counter", "gauge", "histogram" };
    const struct description *d = &descriptions[m];
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", d->name, d->help, d->name, kinds[d->kind]);
    for (unsigned i = 0; i <= label_size(d->label[0]); i++) {
        if (d->kind == HISTOGRAM)
            print_histogram(out, d, i, &histograms[m][i]);
        else
            for (unsigned j = 0; j <= label_size(d->label[1]); j++)
                print_value(out, d, i, j, values[m][i][j]);
    }
}

void metrics_print(struct buf *out)
{
    for (unsigned m = 0; m < M_COUNT; m++)
        print_metric(out, m);
}
