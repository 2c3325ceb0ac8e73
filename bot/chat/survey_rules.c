#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/survey.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define Z_95     1.959963984540054 /* of the normal distribution */
#define MAC_HEX  16
#define NID_HEX  (NOTICE_ID_SIZE - 1)
#define DAYS_MAX 365

/* ---- rules ---- */

struct loading {
    struct survey_rules *rules;
    struct errors *err;
    bool failed;
};

/* "accepted, returned" -> ",accepted,returned," */
static bool take_kinds(struct survey_rules *r, const char *value)
{
    struct buf list = BUF_INIT(sizeof r->kinds - 1);
    buf_char(&list, ',');
    for (size_t n; *value != '\0'; value += n) {
        value += strspn(value, ", ");
        n = strcspn(value, ", ");
        buf_add(&list, value, n);
        if (n > 0)
            buf_char(&list, ',');
    }
    bool good = buf_ok(&list);
    snprintf(r->kinds, sizeof r->kinds, "%s", buf_cstr(&list));
    buf_clear(&list);
    return good;
}

static bool take_step(struct survey_rules *r, const char *key, const char *value)
{
    int64_t step = 0;
    if (!ini_int(key, 1, SURVEY_STEPS, &step) || strlen(value) >= sizeof r->step[0])
        return false;
    snprintf(r->step[step], sizeof r->step[0], "%s", value);
    return true;
}

static bool take(struct survey_rules *r, const struct ini_item *i)
{
    int64_t n = 0;
    if (strcmp(i->section, "scale") == 0)
        return take_step(r, i->key, i->value);
    if (strcmp(i->section, "invite") == 0 && strcmp(i->key, "kinds") == 0)
        return take_kinds(r, i->value);
    if (strcmp(i->section, "invite") == 0 && strcmp(i->key, "days") == 0 &&
        ini_int(i->value, 1, DAYS_MAX, &n)) {
        r->life_ms = n * CALENDAR_DAY_MS;
        return true;
    }
    if (strcmp(i->section, "report") == 0 && strcmp(i->key, "public_least") == 0 &&
        ini_int(i->value, 1, 1000, &n)) {
        r->public_least = (unsigned)n;
        return true;
    }
    return false;
}

static void take_item(void *ctx, const struct ini_item *item)
{
    struct loading *l = ctx;
    char place[512];
    if (item->key == NULL || take(l->rules, item))
        return;
    snprintf(place, sizeof place, "%s:%u", item->path, item->line);
    errors_add(l->err, place, "bad_value", "unknown key, or its value is out of range",
               "Khóa lạ, hoặc giá trị không hợp lệ.");
    l->failed = true;
}

enum loa_status survey_rules_load(const char *policy_dir, struct errors *err, struct survey_rules **out)
{
    char path[1024];
    struct loading l = { .rules = mem_alloc(sizeof *l.rules), .err = err };
    l.rules->life_ms = 30 * CALENDAR_DAY_MS;
    l.rules->public_least = 5;
    snprintf(path, sizeof path, "%s/survey.ini", policy_dir);
    enum loa_status st = ini_read(path, err, take_item, &l);
    for (unsigned i = 1; st == LOA_OK && i <= SURVEY_STEPS && !l.failed; i++)
        if (l.rules->step[i][0] == '\0') {
            errors_addf(err, path, "missing", "Thang đánh giá phải đủ 5 mức.",
                        "step %u of [scale] is missing", i);
            l.failed = true;
        }
    if (st == LOA_OK && l.failed)
        st = LOA_INVALID;
    if (st == LOA_OK)
        *out = l.rules;
    else
        free(l.rules);
    return st;
}

bool survey_invites(const struct survey_rules *r, const char *kind)
{
    char word[64];
    snprintf(word, sizeof word, ",%.60s,", kind);
    return kind[0] != '\0' && strstr(r->kinds, word) != NULL;
}

/* ---- tokens ---- */

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void token_hex(const struct crypto *c, const char *nid, char out[NID_HEX + MAC_HEX + 1])
{
    snprintf(out, NID_HEX + 1, "%s", nid);
    crypto_mac_hex(c, "survey", nid, NID_HEX, out + NID_HEX, MAC_HEX);
}

void survey_token(const struct crypto *c, const char *nid, struct buf *out)
{
    char hex[NID_HEX + MAC_HEX + 1];
    unsigned char raw[(NID_HEX + MAC_HEX) / 2];
    token_hex(c, nid, hex);
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    crypto_base64url(out, raw, sizeof raw);
}

enum loa_status survey_token_read(const struct crypto *c, const char *token, char nid[NOTICE_ID_SIZE])
{
    char want[NID_HEX + MAC_HEX + 1];
    unsigned partition;
    struct buf raw = BUF_INIT(64), hex = BUF_INIT(128);
    enum loa_status st = LOA_INVALID;
    if (strlen(token) < SURVEY_TOKEN_MAX && crypto_base64_decode(&raw, token, strlen(token)) == LOA_OK &&
        raw.len == (NID_HEX + MAC_HEX) / 2) {
        buf_hex(&hex, raw.data, raw.len);
        snprintf(nid, NOTICE_ID_SIZE, "%.*s", NID_HEX, buf_cstr(&hex));
        token_hex(c, nid, want);
        if (notice_id_partition(nid, &partition) && crypto_equal(want, hex.data, NID_HEX + MAC_HEX))
            st = LOA_OK;
    }
    buf_clear(&raw);
    buf_clear(&hex);
    return st;
}

/* ---- inviting ---- */

bool survey_param(struct params *p, const struct survey_rules *r, const struct crypto *c,
                  const char *public_url, const struct notice *n, const struct citizen *who)
{
    struct buf token = BUF_INIT(64), link = BUF_INIT(512);
    bool invited = survey_invites(r, n->kind) && strstr(who->no, "t_survey=") == NULL;
    if (invited) {
        survey_token(c, n->nid, &token);
        buf_printf(&link, "%s/s/%s", public_url, buf_cstr(&token));
        params_set(p, "survey_link", buf_cstr(&link));
        params_set(p, "survey_token", buf_cstr(&token));
    }
    buf_clear(&token);
    buf_clear(&link);
    return invited;
}

/* ---- figures ---- */

void survey_figures(const struct survey_counts *c, struct survey_figures *out)
{
    *out = (struct survey_figures){ 0 };
    for (unsigned i = 1; i <= SURVEY_STEPS; i++) {
        out->n += c->score[i];
        out->satisfied += i >= SURVEY_SATISFIED ? c->score[i] : 0;
    }
    if (out->n == 0)
        return;
    double n = (double)out->n, p = (double)out->satisfied / n, zz = Z_95 * Z_95;
    double middle = (p + zz / (2 * n)) / (1 + zz / n);
    double half = Z_95 / (1 + zz / n) * sqrt(p * (1 - p) / n + zz / (4 * n * n));
    out->share = p;
    out->low = fmax(0, middle - half);
    out->high = fmin(1, middle + half);
}
