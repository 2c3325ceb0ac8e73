/* Loads and checks a provider's description: every fault with its line, nothing half loaded. */
#include "loa/sms_provider.h"
#include "loa/ini.h"
#include "loa/json.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- where each key of the file goes ---- */

/* Words are kept aside and turned into the fields they stand for once the file is read. */
struct words {
    char *phone, *dedupes, *send_type, *reply_format, *report_format, *report_when, *incoming_when;
};

struct loader {
    struct sms_provider *provider;
    struct words words;
    const char *path;
    struct errors *err;
    bool faulty;
};

#define FAULT(l, line, ...)                                                                                  \
    do {                                                                                                     \
        (l)->faulty = true;                                                                                  \
        fault_at((l)->err, (l)->path, (line), "bad_description", __VA_ARGS__);                               \
    } while (0)

#define IN_PROVIDER(field) false, offsetof(struct sms_provider, field)
#define IN_WORDS(field)    true, offsetof(struct words, field)

static const struct key {
    const char *section, *key;
    bool word;
    size_t offset;
    bool template; /* may hold {{names}} */
} keys[] = {
    { "provider", "url", IN_PROVIDER(url) },
    { "provider", "needs", IN_PROVIDER(needs) },
    { "provider", "sms_type", IN_PROVIDER(sms_type) },
    { "provider", "phone", IN_WORDS(phone) },
    { "provider", "dedupes", IN_WORDS(dedupes) },
    { "auth", "user", IN_PROVIDER(user), .template = true },
    { "auth", "password", IN_PROVIDER(password), .template = true },
    { "send", "method", IN_PROVIDER(send.method) },
    { "send", "path", IN_PROVIDER(send.path), .template = true },
    { "send", "type", IN_WORDS(send_type) },
    { "send", "body", IN_PROVIDER(send.body), .template = true },
    { "send", "callback", IN_PROVIDER(callback), .template = true },
    { "reply", "format", IN_WORDS(reply_format) },
    { "reply", "code", IN_PROVIDER(code) },
    { "reply", "id", IN_PROVIDER(id) },
    { "reply", "cost", IN_PROVIDER(cost) },
    { "reply", "error", IN_PROVIDER(error) },
    { "reply", "invalid", IN_PROVIDER(invalid) },
    { "reply", "invalid_code", IN_PROVIDER(invalid_code) },
    { "reply", "retry_after", IN_PROVIDER(retry_after) },
    { "report", "format", IN_WORDS(report_format) },
    { "report", "when", IN_WORDS(report_when) },
    { "report", "list", IN_PROVIDER(report.list) },
    { "report", "ref", IN_PROVIDER(report.ref) },
    { "report", "id", IN_PROVIDER(report.id) },
    { "report", "phone", IN_PROVIDER(report.phone) },
    { "report", "status", IN_PROVIDER(report.status) },
    { "report", "at", IN_PROVIDER(report.at) },
    { "incoming", "when", IN_WORDS(incoming_when) },
    { "incoming", "id", IN_PROVIDER(incoming.id) },
    { "incoming", "phone", IN_PROVIDER(incoming.phone) },
    { "incoming", "text", IN_PROVIDER(incoming.text) },
    { "incoming", "at", IN_PROVIDER(incoming.at) },
    { "poll", "method", IN_PROVIDER(poll.method) },
    { "poll", "path", IN_PROVIDER(poll.path), .template = true },
    { "poll", "code", IN_PROVIDER(poll_code) },
    { "poll", "ok", IN_PROVIDER(poll_ok) },
    { "poll", "list", IN_PROVIDER(polled.list) },
    { "poll", "id", IN_PROVIDER(polled.id) },
    { "poll", "phone", IN_PROVIDER(polled.phone) },
    { "poll", "status", IN_PROVIDER(polled.status) },
};
#define KEYS (sizeof keys / sizeof keys[0])

static char **slot_of(struct loader *l, const struct key *k)
{
    char *base = k->word ? (char *)&l->words : (char *)l->provider;
    return (char **)(base + k->offset);
}

static const struct key *find_key(const char *section, const char *key)
{
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].key, key) == 0)
            return &keys[i];
    return NULL;
}

/* ---- reading ---- */

static struct sms_pairs *pairs_of(struct sms_provider *p, const char *section)
{
    return strcmp(section, "headers") == 0  ? &p->headers
           : strcmp(section, "texts") == 0  ? &p->texts
           : strcmp(section, "states") == 0 ? &p->states
                                            : NULL;
}

static void check_template(struct loader *l, const struct ini_item *e)
{
    char bad[32];
    if (!sms_template_fine(e->value, bad))
        FAULT(l, e->line, "không có chỗ chèn {{%s}}", "there is no {{%s}} to insert", bad);
}

static void add_pair(struct loader *l, struct sms_pairs *pairs, const struct ini_item *e)
{
    unsigned max = pairs == &l->provider->headers ? SMS_HEADERS_MAX : SMS_RULES_MAX;
    if (pairs->count == max) {
        FAULT(l, e->line, "mục [%s] có quá %u dòng", "[%s] has more than %u lines", e->section, max);
        return;
    }
    if (pairs == &l->provider->headers)
        check_template(l, e);
    pairs->item[pairs->count++] =
        (struct sms_pair){ .name = mem_strdup(e->key), .value = mem_strdup(e->value), .line = e->line };
}

static void read_item(void *ctx, const struct ini_item *e)
{
    struct loader *l = ctx;
    struct sms_pairs *pairs = pairs_of(l->provider, e->section);
    if (e->key == NULL)
        return;
    if (pairs != NULL) {
        add_pair(l, pairs, e);
        return;
    }
    const struct key *k = find_key(e->section, e->key);
    if (k == NULL) {
        FAULT(l, e->line, "mô tả nhà cung cấp không có khóa [%s] %s",
              "a provider description has no key [%s] %s", e->section, e->key);
        return;
    }
    char **slot = slot_of(l, k);
    if (*slot != NULL) {
        FAULT(l, e->line, "[%s] %s khai hai lần", "[%s] %s is given twice", e->section, e->key);
        return;
    }
    if (k->template)
        check_template(l, e);
    if (*e->value != '\0')
        *slot = mem_strdup(e->value);
}

/* ---- words to fields ---- */

/* The place of `word` among the two or three allowed, 0 when it is not given. */
static unsigned one_of(struct loader *l, const char *key, const char *word, const char *a, const char *b,
                       const char *c)
{
    const char *const allowed[] = { a, b, c };
    for (unsigned i = 0; i < 3 && word != NULL; i++)
        if (allowed[i] != NULL && strcmp(word, allowed[i]) == 0)
            return i;
    if (word != NULL)
        FAULT(l, 0, "%s: hãy ghi %s hoặc %s%s%s", "%s: write %s or %s%s%s", key, a, b, c ? ", " : "",
              c ? c : "");
    return 0;
}

static void split_when(struct loader *l, const char *key, const char *when, struct sms_view *v)
{
    const char *equals = when != NULL ? strchr(when, '=') : NULL;
    if (when == NULL)
        return;
    if (equals == NULL || equals == when) {
        FAULT(l, 0, "%s: hãy ghi dạng trường=giá trị", "%s: write field=value", key);
        return;
    }
    v->when_field = mem_strndup(when, (size_t)(equals - when));
    v->when_value = mem_strdup(equals + 1);
}

static void apply_words(struct loader *l)
{
    struct sms_provider *p = l->provider;
    const struct words *w = &l->words;
    p->national_phone = one_of(l, "[provider] phone", w->phone, "84", "0", NULL) == 1;
    p->dedupes = one_of(l, "[provider] dedupes", w->dedupes, "no", "yes", NULL) == 1;
    p->send.content = (enum sms_content)one_of(l, "[send] type", w->send_type, "json", "form", "text");
    p->reply_is_json = one_of(l, "[reply] format", w->reply_format, "json", "text", NULL) == 0;
    p->report_is_json = one_of(l, "[report] format", w->report_format, "json", "query", NULL) == 0;
    split_when(l, "[report] when", w->report_when, &p->report);
    split_when(l, "[incoming] when", w->incoming_when, &p->incoming);
}

/* ---- what a whole description must have ---- */

static void need(struct loader *l, bool there, const char *what)
{
    if (!there)
        FAULT(l, 0, "thiếu %s", "%s is missing", what);
}

static void check_code(struct loader *l, const struct sms_pair *at, const char *code)
{
    struct sms_provider *p = l->provider;
    if (p->codes != NULL && !outcome_table_has(p->codes, p->name, code))
        FAULT(l, at->line, "bảng mã không có dòng %s:%s", "the code table has no row %s:%s", p->name, code);
}

static void check_states(struct loader *l)
{
    for (unsigned i = 0; i < l->provider->states.count; i++) {
        const struct sms_pair *s = &l->provider->states.item[i];
        if (strncmp(s->value, "failed ", 7) == 0)
            check_code(l, s, s->value + 7);
        else if (strcmp(s->value, "delivered") != 0 && strcmp(s->value, "progress") != 0)
            FAULT(l, s->line, "%s: hãy ghi delivered, progress hoặc failed MÃ",
                  "%s: write delivered, progress or failed CODE", s->name);
    }
}

/* Renders the body with sample values: what comes out must be JSON where it says so. */
static void check_body(struct loader *l, const struct sms_call *call)
{
    struct sms_values v = { 0 };
    struct sms_request r;
    cJSON *json = NULL;
    char why[160];
    for (unsigned i = 0; i < SMS_VALUE_COUNT; i++)
        v.value[i] = "1";
    if (l->faulty || call->body == NULL || call->content != SMS_CONTENT_JSON)
        return;
    if (sms_request_make(l->provider, call, "http://localhost", &v, &r) != LOA_OK)
        return;
    if (json_parse(buf_cstr(&r.body), r.body.len, &json, why, sizeof why) != LOA_OK)
        FAULT(l, 0, "[send] body không phải JSON: %s", "[send] body is not JSON: %s", why);
    cJSON_Delete(json);
    sms_request_clear(&r);
}

static void check_whole(struct loader *l)
{
    struct sms_provider *p = l->provider;
    need(l, p->url != NULL, "[provider] url");
    need(l, p->send.method != NULL, "[send] method");
    need(l, p->send.path != NULL, "[send] path");
    need(l, p->reply_is_json ? p->code != NULL : p->texts.count > 0, "[reply] code / [texts]");
    need(l, (p->invalid == NULL) == (p->invalid_code == NULL), "[reply] invalid + invalid_code");
    need(l, p->report.status != NULL && (p->report.id != NULL || p->report.ref != NULL),
         "[report] status, id / ref");
    need(l, p->states.count > 0, "[states]");
    need(l, p->incoming.text == NULL || p->incoming.when_field != NULL, "[incoming] when");
    need(l, p->poll.path == NULL || (p->poll.method && p->poll_code && p->poll_ok && p->polled.status),
         "[poll] method, code, ok, status");
    need(l, p->callback == NULL || strncmp(p->callback, "{{webhook}}", 11) == 0,
         "[send] callback = {{webhook}}…");
    check_body(l, &p->send);
    check_states(l);
    for (unsigned i = 0; i < p->texts.count; i++)
        check_code(l, &p->texts.item[i], p->texts.item[i].value);
    if (p->invalid_code != NULL && p->codes != NULL && !outcome_table_has(p->codes, p->name, p->invalid_code))
        FAULT(l, 0, "bảng mã không có dòng %s:%s", "the code table has no row %s:%s", p->name,
              p->invalid_code);
}

/* What the driver itself looks up, whatever the provider. */
static void check_common(struct loader *l, const char *path)
{
    static const char *const rows[][2] = {
        { "net", "not_sent" }, { "net", "no_answer" },  { "net", "bad_answer" }, { "net", "cancelled" },
        { "http", "429" },     { "http", "4xx" },       { "http", "5xx" },       { "loa", "empty" },
        { "loa", "too_long" }, { "loa", "bad_letter" }, { "loa", "not_mobile" }, { "loa", "bad_request" },
    };
    const char *description = l->path;
    l->path = path;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && l->provider->common != NULL; i++)
        if (!outcome_table_has(l->provider->common, rows[i][0], rows[i][1]))
            FAULT(l, 0, "thiếu dòng %s:%s", "row %s:%s is missing", rows[i][0], rows[i][1]);
    l->path = description;
}

/* ---- the outside ---- */

static bool name_is_plain(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < sizeof((struct sms_provider *)0)->name &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

static void load_table(struct loader *l, const char *dir, const char *name, struct outcome_table **out)
{
    char path[512];
    snprintf(path, sizeof path, "%s/sms/%s.tsv", dir, name);
    if (outcome_table_load(path, l->err, out) != LOA_OK)
        l->faulty = true;
    else if (strcmp(name, "common") == 0)
        check_common(l, path);
}

/* Checks what was read and hands it over, or frees it all. */
static enum loa_status finish(struct loader *l, enum loa_status read, struct sms_provider **out)
{
    if (read != LOA_OK)
        l->faulty = true;
    else {
        apply_words(l);
        check_whole(l);
    }
    for (size_t i = 0; i < KEYS; i++)
        if (keys[i].word)
            free(*slot_of(l, &keys[i]));
    if (l->faulty)
        sms_provider_free(l->provider);
    else
        *out = l->provider;
    return l->faulty ? LOA_INVALID : LOA_OK;
}

enum loa_status sms_provider_load(const char *dir, const char *name, struct errors *err,
                                  struct sms_provider **out)
{
    char path[512];
    struct loader l = { .path = path, .err = err };
    snprintf(path, sizeof path, "%s/sms/%s.ini", dir, name);
    if (!name_is_plain(name)) {
        FAULT(&l, 0, "tên nhà cung cấp chỉ gồm chữ thường, số, - và _",
              "a provider's name is a-z, 0-9, - and _");
        return LOA_INVALID;
    }
    l.provider = mem_alloc(sizeof *l.provider);
    snprintf(l.provider->name, sizeof l.provider->name, "%s", name);
    load_table(&l, dir, name, &l.provider->codes);
    load_table(&l, dir, "common", &l.provider->common);
    return finish(&l, ini_read(path, err, read_item, &l), out);
}

enum loa_status sms_provider_parse(const char *name, const char *text, size_t len, struct errors *err,
                                   struct sms_provider **out)
{
    struct loader l = { .provider = mem_alloc(sizeof *l.provider), .path = name, .err = err };
    snprintf(l.provider->name, sizeof l.provider->name, "%s", name);
    return finish(&l, ini_read_text(name, text, len, err, read_item, &l), out);
}

static void free_pairs(struct sms_pairs *pairs)
{
    for (unsigned i = 0; i < pairs->count; i++) {
        free(pairs->item[i].name);
        free(pairs->item[i].value);
    }
}

void sms_provider_free(struct sms_provider *p)
{
    struct loader l = { .provider = p };
    if (p == NULL)
        return;
    for (size_t i = 0; i < KEYS; i++)
        if (!keys[i].word)
            free(*slot_of(&l, &keys[i]));
    free(p->report.when_field);
    free(p->report.when_value);
    free(p->incoming.when_field);
    free(p->incoming.when_value);
    free_pairs(&p->headers);
    free_pairs(&p->texts);
    free_pairs(&p->states);
    outcome_table_free(p->codes);
    outcome_table_free(p->common);
    free(p);
}

bool sms_provider_outcome(const struct sms_provider *p, const char *host, const char *code, struct outcome *o)
{
    if (outcome_table_has(p->codes, host, code))
        return outcome_from_table(p->codes, host, code, o);
    return outcome_from_table(p->common, host, code, o);
}
