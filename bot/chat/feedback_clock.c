/* What happens to cases because time passes: senders are told, people are warned. */
#include "loa/chat.h"
#include "loa/clock.h"
#include "loa/feedback.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS    1000
#define LOOK_LIMIT 50

struct part {
    struct feedback_clock *clock;
    unsigned partition;
    bool looking;
};

struct feedback_clock {
    struct service *s;
    struct timer look;
    struct part part[PARTITIONS_MAX];
};

/* "PA-26-17|answer|3": what stands before and after the first bar. */
static bool split(const char *member, struct case_number *n, char event[16])
{
    const char *bar = strchr(member, '|');
    if (bar == NULL || !case_number_from_id(member, n))
        return false;
    snprintf(event, 16, "%.*s", (int)strcspn(bar + 1, "|"), bar + 1);
    return true;
}

static void removed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)v;
    if (st != LOA_OK)
        log_debug("feedback_mark_not_removed"); /* it is told again, and known then */
}

static void remove_from(struct service *s, unsigned p, const char *set, const char *member)
{
    struct args a;
    args_init(&a);
    args_key(&a, p, "%s", set);
    args_str(&a, member);
    if (store_command(s->store, p, "ZREM", &a, removed, NULL) != LOA_OK)
        removed(NULL, LOA_UNAVAILABLE, NULL);
    args_clear(&a);
}

/* ---- telling the sender ---- */

struct telling {
    struct service *s;
    unsigned partition;
    char member[96];
};

static void told(void *ctx, enum loa_status st, const struct chat_accepted *a)
{
    (void)a;
    struct telling *t = ctx;
    if (st == LOA_OK)
        remove_from(t->s, t->partition, "fb:t", t->member);
    free(t);
}

/* item: member, cid, channel */
static void tell(struct service *s, unsigned partition, const struct redis_value *item)
{
    struct case_number n;
    char event[16], number[CASE_NUMBER_SIZE], text[64];
    const char *member = redis_str(redis_at(item, 0), NULL), *cid = redis_str(redis_at(item, 1), NULL);
    if (!split(member, &n, event) || cid[0] == '\0') {
        remove_from(s, partition, "fb:t", member);
        return;
    }
    case_number_print(&n, number);
    snprintf(text, sizeof text, "feedback:%s:%s", event, number);
    struct telling *t = mem_alloc(sizeof *t);
    *t = (struct telling){ .s = s, .partition = partition };
    snprintf(t->member, sizeof t->member, "%s", member);
    struct chat_input in = {
        .kind = CHAT_TICK, .address = "", .text = text, .dedupe = member, .at_ms = clock_wall_ms()
    };
    snprintf(in.cid, sizeof in.cid, "%s", cid);
    snprintf(in.channel, sizeof in.channel, "%s", redis_str(redis_at(item, 2), NULL));
    chat_receive(s->chat, &in, told, t);
}

/* ---- warning people ---- */

static void warn(struct service *s, unsigned partition, const char *member)
{
    struct case_number n;
    char event[16], number[CASE_NUMBER_SIZE], code[64];
    const char *unit = strrchr(member, '|');
    if (split(member, &n, event)) {
        const struct unit_info *u = policy_unit(s->policy, unit + 1, clock_wall_ms());
        struct buf sentence = BUF_INIT(512);
        case_number_print(&n, number);
        snprintf(code, sizeof code, "feedback_%s:%s", event, number);
        buf_printf(&sentence, "%s: %s (%s).", number, words_say(s->words, "feedback", event, NULL),
                   u != NULL ? u->name : unit + 1);
        service_alert(s, code, buf_cstr(&sentence));
        buf_clear(&sentence);
    }
    remove_from(s, partition, "fb:w", member);
}

/* ---- the look ---- */

static void looked(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct part *p = ctx;
    struct service *s = p->clock->s;
    p->looking = false;
    if (st == LOA_STALE)
        lease_lost(s->leases, p->partition);
    if (st != LOA_OK)
        return;
    const struct redis_value *tells = redis_at(v, 0), *warnings = redis_at(v, 1);
    for (size_t i = 0; i < redis_count(tells); i++)
        tell(s, p->partition, redis_at(tells, i));
    for (size_t i = 0; i < redis_count(warnings); i++)
        warn(s, p->partition, redis_str(redis_at(warnings, i), NULL));
}

static void look_at(struct part *p)
{
    struct service *s = p->clock->s;
    if (p->looking || !lease_owned(s->leases, p->partition))
        return;
    struct args a;
    args_init(&a);
    args_key(&a, p->partition, "lease");
    args_int(&a, lease_epoch(s->leases, p->partition));
    args_int(&a, clock_wall_ms());
    args_int(&a, LOOK_LIMIT);
    p->looking = store_script(s->store, p->partition, "feedback_look", &a, looked, p) == LOA_OK;
    args_clear(&a);
}

static void look(void *ctx)
{
    struct feedback_clock *c = ctx;
    for (unsigned p = 0; p < store_partitions(c->s->store) && !c->s->stopping; p++)
        look_at(&c->part[p]);
    timer_start(&c->look, c->s->loop, LOOK_MS, look, c);
}

struct feedback_clock *feedback_clock_new(struct service *s)
{
    struct feedback_clock *c = mem_alloc(sizeof *c);
    c->s = s;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++) {
        c->part[p].clock = c;
        c->part[p].partition = p;
    }
    return c;
}

void feedback_clock_start(struct feedback_clock *c)
{
    timer_start(&c->look, c->s->loop, LOOK_MS, look, c);
}

void feedback_clock_free(struct feedback_clock *c)
{
    if (c == NULL)
        return;
    timer_stop(&c->look);
    free(c);
}
