#include "loa/service.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>

#define ALERT_QUIET_S 3600
#define ALERTS_KEPT   1000

static void kept(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)st, (void)v; /* the log line was written all the same */
}

struct alert {
    struct service *s;
    char code[64], sentence[240];
};

static void alert_kept(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct alert *a = ctx;
    bool first = st != LOA_OK || redis_type(v) != REDIS_NIL; /* the store is away: better twice than never */
    if (first)
        log_error("alert", "code", a->code, "what", a->sentence);
    if (first && st == LOA_OK &&
        redis_commandf(a->s->redis, 0, kept, NULL, "XADD loa:{p00}:alerts MAXLEN ~ %d * code %s text %s",
                       ALERTS_KEPT, a->code, a->sentence) != LOA_OK)
        log_warn("alert_not_kept");
    free(a);
}

void service_alert(void *service, const char *code, const char *sentence_vi)
{
    struct alert *a = mem_alloc(sizeof *a);
    a->s = service;
    snprintf(a->code, sizeof a->code, "%s", code);
    snprintf(a->sentence, sizeof a->sentence, "%s", sentence_vi);
    if (redis_commandf(a->s->redis, 0, alert_kept, a, "SET loa:{p00}:alerted:%s 1 NX EX %d", a->code,
                       ALERT_QUIET_S) != LOA_OK)
        alert_kept(a, LOA_UNAVAILABLE, NULL);
}
