#include "loa/unanswered.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/personal.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>

#define SHOWN_LETTERS 300
#define BYTES_MAX     16384
#define WEEK_MAX      20000 /* per partition and week: beyond, it is somebody's machine that asks */
#define FIELD_HEX     20
#define DAY_S         86400LL

static void kept(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)v;
    if (st != LOA_OK)
        log_warn("unanswered_not_kept", "status", loa_status_word(st));
}

/* {"t":terms,"q":shown,"n":nearest}; false: not a word in it. */
static bool describe(const struct service *s, const char *text, const char *nearest, struct buf *out)
{
    struct buf masked = BUF_INIT(BYTES_MAX), shown = BUF_INIT(BYTES_MAX), terms = BUF_INIT(BYTES_MAX);
    personal_mask(&masked, text, strlen(text));
    text_truncate(&shown, buf_cstr(&masked), masked.len, SHOWN_LETTERS);
    faq_terms(s->faq, buf_cstr(&shown), shown.len, &terms);
    buf_str(out, "{\"t\":");
    buf_json_string(out, buf_cstr(&terms), terms.len);
    buf_str(out, ",\"q\":");
    buf_json_string(out, buf_cstr(&shown), shown.len);
    buf_str(out, ",\"n\":");
    buf_json_string(out, nearest, strlen(nearest));
    buf_char(out, '}');
    bool good = terms.len > 0 && buf_ok(out);
    buf_clear(&masked);
    buf_clear(&shown);
    buf_clear(&terms);
    return good;
}

void unanswered_keep(struct service *s, const char *cid, long long seq, const char *text, const char *nearest)
{
    int64_t days = config_int(s->config, "chat", "keep_days");
    struct local_time now = local_from_ms(clock_wall_ms());
    long long monday = (long long)now.day_number - (now.weekday - 1);
    unsigned p = store_partition_of_citizen(s->store, cid);
    char field[FIELD_HEX + 1], whose[80];
    struct buf plain = BUF_INIT(BYTES_MAX), sealed = BUF_INIT(BYTES_MAX + 64);
    if (describe(s, text, nearest, &plain)) {
        snprintf(whose, sizeof whose, "%.40s-%lld", cid, seq);
        crypto_mac_hex(s->crypto, "unanswered", whose, strlen(whose), field, FIELD_HEX);
        crypto_seal(s->crypto, "uq", plain.data, plain.len, &sealed);
        struct args a;
        args_init(&a);
        args_key(&a, p, "uq:%lld", monday);
        args_str(&a, field);
        args_bin(&a, sealed.data, sealed.len);
        args_int(&a, WEEK_MAX);
        args_int(&a, days * DAY_S);
        enum loa_status st = store_script(s->store, p, "unanswered", &a, kept, NULL);
        args_clear(&a);
        if (st != LOA_OK)
            kept(NULL, st, NULL);
    }
    buf_clear(&plain);
    buf_clear(&sealed);
}
