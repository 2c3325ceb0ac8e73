#include "standing.h"
#include "loa/calendar.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zalo_standing {
    struct channel_env env;
    struct zalo_link *link;
    const struct zalo_oauth *oauth;
    const struct outcome_table *codes;
    const char *oa_id;
    struct timer tick;
    int64_t looked_ms, asked_ms; /* monotonic; -1 never: the daily look, the last question */
    bool quota_low;
};

static void alert(struct zalo_standing *s, const char *word)
{
    struct outcome told;
    char code[48];
    outcome_from_table(s->codes, "standing", word, &told);
    snprintf(code, sizeof code, "zalo_%s", word);
    if (s->env.alert != NULL)
        s->env.alert(s->env.alert_ctx, code, told.sentence_vi);
}

void zalo_standing_quota(struct zalo_standing *s, int64_t left, int64_t total)
{
    if (left < 0 || total <= 0)
        return;
    bool low = left < total / 10;
    if (low && !s->quota_low)
        alert(s, "quota_low");
    s->quota_low = low;
}

/* "31/12/2026" -> the end of that day. */
static bool package_end_ms(const char *date, int64_t *out)
{
    char national[16];
    if (date == NULL || strlen(date) != 10 || date[2] != '/' || date[5] != '/')
        return false;
    snprintf(national, sizeof national, "%.4s%.2s%.2s235959", date + 6, date + 3, date);
    return date_parse_national(national, out);
}

static void heard_oa(void *ctx, const struct zalo_reply *r)
{
    struct zalo_standing *s = ctx;
    const cJSON *id = json_get(r->data, "oaid");
    int64_t end;

    if (!zalo_reply_ok(r))
        return;
    /* As a number the id is too big to be exact: only a string can be compared. */
    if (cJSON_IsString(id) && s->oa_id[0] != '\0' && strcmp(id->valuestring, s->oa_id) != 0)
        alert(s, "wrong_oa");
    if (!json_bool_or(r->data, "is_verified", true))
        alert(s, "unverified");
    if (package_end_ms(json_str(r->data, "package_valid_through_date"), &end) &&
        end - clock_wall_ms() < ZALO_PACKAGE_NOTICE_MS)
        alert(s, "package_ends");
}

static void heard_quality(void *ctx, const struct zalo_reply *r)
{
    struct zalo_standing *s = ctx;
    const char *now = json_str_or(r->data, "oaCurrentQuality", "");
    const char *week = json_str_or(r->data, "oa7dayQuality", "");
    if (!zalo_reply_ok(r))
        return;
    log_info("zalo_quality", "now", now, "week", week);
    if (strcmp(now, "LOW") == 0 || strcmp(week, "LOW") == 0)
        alert(s, "quality_low");
}

static void heard_quota(void *ctx, const struct zalo_reply *r)
{
    int64_t left = -1, total = -1;
    if (!zalo_reply_ok(r))
        return;
    json_int(r->data, "remainingQuota", &left);
    json_int(r->data, "dailyQuota", &total);
    zalo_standing_quota(ctx, left, total);
}

static bool ask(struct zalo_standing *s, void (*build)(struct zalo_request *), zalo_link_fn *heard)
{
    struct zalo_request r;
    zalo_request_init(&r);
    build(&r);
    enum loa_status st = zalo_link_call(s->link, &r, heard, s);
    zalo_request_clear(&r);
    return st == LOA_OK;
}

static bool older(int64_t when_ms, int64_t than_ms)
{
    return when_ms < 0 || clock_mono_ms() - when_ms >= than_ms;
}

static void look(struct zalo_standing *s)
{
    int64_t good_ms = zalo_link_last_good_ms(s->link);
    bool daily = older(s->looked_ms, ZALO_STANDING_DAY_MS);
    bool quiet = older(good_ms, ZALO_STANDING_QUIET_MS) && older(s->asked_ms, ZALO_STANDING_QUIET_MS);

    if (!daily && !quiet)
        return;
    if (!ask(s, zalo_request_getoa, heard_oa))
        return; /* no token at the moment: the next tick */
    s->asked_ms = clock_mono_ms();
    if (daily && ask(s, zalo_request_quality, heard_quality) && ask(s, zalo_request_quota, heard_quota))
        s->looked_ms = clock_mono_ms();
}

static void ticked(void *ctx)
{
    struct zalo_standing *s = ctx;
    timer_start(&s->tick, s->env.loop, ZALO_STANDING_TICK_MS, ticked, s);
    if (zalo_oauth_is_owner(s->oauth))
        look(s);
}

struct zalo_standing *zalo_standing_new(const struct channel_env *env, struct zalo_link *link,
                                        const struct zalo_oauth *oauth, const struct outcome_table *codes,
                                        const char *oa_id)
{
    struct zalo_standing *s = mem_alloc(sizeof *s);
    s->env = *env;
    s->link = link;
    s->oauth = oauth;
    s->codes = codes;
    s->oa_id = oa_id;
    s->looked_ms = s->asked_ms = -1;
    timer_start(&s->tick, env->loop, ZALO_STANDING_TICK_MS, ticked, s);
    return s;
}

void zalo_standing_free(struct zalo_standing *s)
{
    if (s == NULL)
        return;
    timer_stop(&s->tick);
    free(s);
}
