/*
 * sms_provider - an SMS provider as data: <channels_dir>/sms/NAME.ini and its code table NAME.tsv.
 *
 * A description says how one request is written, where the answer's code and id stand, and how delivery
 * reports are read. Another provider is another pair of files, no code:
 *
 *   [provider] url, phone (0 | 84), dedupes (yes: it refuses a second message with our ref), needs (settings
 *              of [sms] it cannot do without), sms_type (when the setting is empty)
 *   [auth]     user, password: HTTP Basic
 *   [headers]  Name = template: with every request; left out when it comes out empty
 *   [send]     method, path, type (json | form | text), body, callback (the report address we ask for)
 *   [reply]    format (json | text), code, id, cost, error, invalid + invalid_code, retry_after
 *   [texts]    beginning of a text reply = code
 *   [report]   format (query | json), when, list, ref, id, phone, status, at
 *   [incoming] when, id, phone, text, at: a citizen's SMS, in the same format
 *   [states]   status = delivered | progress | failed CODE, first fit wins; status is a word, a number, a
 *              range 1-63 or 64-, and may ask for a counter above zero: 5+SendSuccess
 *   [poll]     method, path, code, ok, and the fields of [report] in its JSON answer
 *
 * Templates insert {{api_key}} {{secret_key}} {{username}} {{password}} {{brandname}} {{sms_type}}
 * {{sandbox}} (0 | 1) {{phone}} {{text}} {{ref}} {{unicode}} (0 | 1) {{coding}} (0 | 2) {{dcs}} (0 | 8)
 * {{callback}} {{webhook}} {{id}}, escaped for the place they stand in. Fields of an answer are paths into
 * its JSON, "data.tranId" or "list.0.id"; several apart by spaces: the first that is there.
 *
 * A code is looked up as NAME:code in the provider's table, then in common.tsv, which also holds what is the
 * same everywhere: http:503, http:4xx, net:no_answer, loa:too_long.
 */
#ifndef LOA_SMS_PROVIDER_H
#define LOA_SMS_PROVIDER_H

#include "loa/channel.h"
#include <cjson/cJSON.h>

#define SMS_HEADERS_MAX 12
#define SMS_RULES_MAX   32

enum sms_content { SMS_CONTENT_JSON, SMS_CONTENT_FORM, SMS_CONTENT_TEXT };

struct sms_pair {
    char *name, *value;
    unsigned line; /* in the description */
};

struct sms_pairs { /* a section of free names, in the order of the file */
    struct sms_pair item[SMS_RULES_MAX];
    unsigned count;
};

struct sms_view { /* where the fields of a report stand; NULL: it has none */
    char *when_field, *when_value;
    char *list, *ref, *id, *phone, *status, *at, *text;
};

struct sms_call { /* how a request is written */
    char *method, *path, *body;
    enum sms_content content;
};

struct sms_provider {
    char name[16];
    char *url, *needs, *sms_type;
    bool national_phone; /* 0912… instead of 84912… */
    bool dedupes;
    char *user, *password;
    struct sms_pairs headers;
    struct sms_call send, poll; /* poll.path NULL: it cannot be asked */
    char *callback;
    bool reply_is_json;
    char *code, *id, *cost, *error, *invalid, *invalid_code, *retry_after;
    struct sms_pairs texts, states;
    bool report_is_json;
    struct sms_view report, incoming, polled;
    char *poll_code, *poll_ok;
    struct outcome_table *codes, *common;
};

/* ---- describe.c ---- */

/* Reads the description and both tables from `<dir>/sms/`. Faults as file:line. */
enum loa_status sms_provider_load(const char *dir, const char *name, struct errors *err,
                                  struct sms_provider **out);
/* The description alone, from memory and without its tables: it can be checked, not used. */
enum loa_status sms_provider_parse(const char *name, const char *text, size_t len, struct errors *err,
                                   struct sms_provider **out);
void sms_provider_free(struct sms_provider *p);

/* Fills `o` by a code of this provider, or of all. An unknown one: transient, two tries, and false. */
bool sms_provider_outcome(const struct sms_provider *p, const char *host, const char *code,
                          struct outcome *o);

/* ---- request.c ---- */

enum sms_value {
    SMS_API_KEY,
    SMS_SECRET_KEY,
    SMS_USERNAME,
    SMS_PASSWORD,
    SMS_BRANDNAME,
    SMS_TYPE,
    SMS_SANDBOX,
    SMS_PHONE,
    SMS_TEXT,
    SMS_REF,
    SMS_UNICODE,
    SMS_CODING,
    SMS_DCS,
    SMS_CALLBACK,
    SMS_WEBHOOK,
    SMS_ID,
    SMS_VALUE_COUNT
};
struct sms_values {
    const char *value[SMS_VALUE_COUNT]; /* borrowed; NULL counts as "" */
};

/* Is every {{name}} of this template known? Otherwise `bad` gets the name. */
bool sms_template_fine(const char *template, char bad[32]);

struct sms_request { /* a request ready to go, sms_request_clear() */
    struct buf url, body, user, password;
    struct buf header[SMS_HEADERS_MAX + 1];
    const char *headers[SMS_HEADERS_MAX + 2];
    const char *method;
};
/* LOA_INVALID: a header value would hold a line break, or something is far too long. `base` is the address
 * without the path. */
enum loa_status sms_request_make(const struct sms_provider *p, const struct sms_call *call, const char *base,
                                 const struct sms_values *v, struct sms_request *out);
void sms_request_clear(struct sms_request *r); /* wipes what it held */
/* The report address for one message; "" when the provider is not told one. */
void sms_callback_make(const struct sms_provider *p, const struct sms_values *v, struct buf *out);

/* ---- reply.c ---- */

/* Classifies an answer to a send. `phone` (84…) is compared with the numbers the provider calls invalid. */
void sms_reply_classify(const struct sms_provider *p, const struct http_answer *a, const char *phone,
                        int64_t now_ms, bool *known, struct outcome *o);

/* ---- report.c ---- */

#define SMS_QUERY_MAX_BYTES (16 * 1024)
#define SMS_BODY_MAX_BYTES  (256 * 1024)

/* A delivery report or a citizen's SMS as it came in. LOA_INVALID: not understood; LOA_TOO_BIG. The same
 * report always gets the same dedupe key, whatever the order. */
enum loa_status sms_report_parse(const struct sms_provider *p, const struct webhook *w,
                                 struct channel_events *out);
/* The answer to a poll. `id` and `ref` are what was asked for. Nothing is added unless it was a success. */
void sms_poll_parse(const struct sms_provider *p, const struct http_answer *a, const char *id,
                    const char *ref, struct channel_events *out);

/* ---- fields.c: one value out of JSON or a query, by its path ---- */

struct sms_source {
    const cJSON *json; /* or */
    const char *query;
};
/* The first of the space-separated `paths` that holds a text or number. False when none, or `paths` NULL. */
bool sms_field(const struct sms_source *s, const char *paths, char *out, size_t out_size);
const cJSON *sms_json_at(const cJSON *root, const char *path, size_t path_len);

#endif
