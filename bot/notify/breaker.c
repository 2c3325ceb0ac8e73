#include "loa/breaker.h"
#include "loa/clock.h"
#include <stdio.h>
#include <string.h>

#define PAUSE_MAX_MS 3600000

void breaker_init(struct breaker *b, int64_t first_pause_ms, unsigned failures_max)
{
    memset(b, 0, sizeof *b);
    b->first_pause_ms = first_pause_ms;
    b->failures_max = failures_max;
}

int64_t breaker_open_ms(const struct breaker *b)
{
    int64_t left = b->way.until_ms - clock_mono_ms();
    return b->way.until_ms != 0 && left > 0 ? left : 0;
}

static bool entry_allows(struct breaker_entry *e)
{
    if (e->until_ms == 0)
        return true;
    if (clock_mono_ms() < e->until_ms)
        return false;
    e->probing = true;
    e->until_ms = clock_mono_ms() + BREAKER_PROBE_MS;
    return true;
}

bool breaker_allows(struct breaker *b, unsigned *limit)
{
    if (!entry_allows(&b->way))
        return false;
    if (b->way.probing && *limit > 1)
        *limit = 1;
    return true;
}

void breaker_not_used(struct breaker *b)
{
    if (!b->way.probing)
        return;
    b->way.probing = false;
    b->way.until_ms = clock_mono_ms();
}

static struct breaker_entry *find(struct breaker *b, const char *template_id, bool make)
{
    for (unsigned i = 0; i < b->count; i++)
        if (strcmp(b->item[i].template_id, template_id) == 0)
            return &b->item[i];
    if (!make || b->count == BREAKER_TEMPLATES_MAX || template_id[0] == '\0')
        return NULL;
    struct breaker_entry *e = &b->item[b->count++];
    memset(e, 0, sizeof *e);
    snprintf(e->template_id, sizeof e->template_id, "%s", template_id);
    return e;
}

bool breaker_allows_template(struct breaker *b, const char *template_id)
{
    struct breaker_entry *e = find(b, template_id, false);
    return e == NULL || entry_allows(e);
}

static void close_entry(struct breaker_entry *e)
{
    e->until_ms = e->pause_ms = 0;
    e->failures = 0;
    e->probing = false;
}

static bool open_entry(struct breaker *b, struct breaker_entry *e, const struct outcome *o)
{
    bool was_open = e->until_ms != 0 && strcmp(e->cause, o->code) == 0;
    int64_t pause = e->pause_ms == 0 ? b->first_pause_ms : e->pause_ms * 2;
    pause = pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause;
    e->pause_ms = pause;
    e->until_ms = clock_mono_ms() + (o->wait_ms > pause ? o->wait_ms : pause);
    e->probing = false;
    snprintf(e->cause, sizeof e->cause, "%s", o->code);
    return !was_open;
}

static bool is_stop(const struct outcome *o)
{
    return o->class == OUTCOME_SENDER_REJECTED || o->class == OUTCOME_AUTH || o->class == OUTCOME_BALANCE ||
           o->class == OUTCOME_THROTTLED;
}

bool breaker_feed(struct breaker *b, const char *template_id, const struct outcome *o)
{
    struct breaker_entry *item = find(b, template_id, false);
    if (is_stop(o) && o->scope == SCOPE_WAY)
        return open_entry(b, &b->way, o);
    if (is_stop(o) && o->scope == SCOPE_TEMPLATE) {
        close_entry(&b->way); /* it answers */
        item = find(b, template_id, true);
        return item != NULL && open_entry(b, item, o);
    }
    if (o->class == OUTCOME_TRANSIENT || o->class == OUTCOME_UNCERTAIN) {
        if (!b->way.probing && ++b->way.failures < b->failures_max)
            return false;
        b->way.failures = 0;
        return open_entry(b, &b->way, o);
    }
    /* Any definite answer, even a refusal of this recipient, shows that the way works. */
    close_entry(&b->way);
    if (item != NULL)
        close_entry(item);
    return false;
}
