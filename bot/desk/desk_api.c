/*
 * GET /v1/desk/queue (scope desk): how long people wait, for screens in the office and for monitoring.
 *   {"items":[{"desk","name","open","opens_at","waiting","oldest_seconds","talking","officers"}]}
 */
#include "desk_inside.h"
#include "loa/clock.h"
#include <string.h>

static unsigned talking_at(const struct board *b, const char *desk)
{
    const struct board_item *it;
    unsigned n = 0;
    for (unsigned i = 0; (it = board_item_at(b, desk, i)) != NULL; i++)
        n += it->talking;
    return n;
}

static void add_desk(struct buf *b, const struct service *s, const struct desk *d, int64_t now)
{
    int64_t opens = calendar_next_opening(policy_calendar(s->policy), d->unit, now);
    int64_t oldest = board_oldest_ms(s->board, d->id);
    char at[40];
    buf_printf(b, "{\"desk\":\"%s\"", d->id);
    json_text(b, "name", d->name);
    buf_printf(b, ",\"open\":%s", opens == now ? "true" : "false");
    if (opens != now) {
        date_print_rfc3339(opens, at);
        json_text(b, "opens_at", at);
    }
    json_number(b, "waiting", board_waiting(s->board, d->id));
    json_number(b, "oldest_seconds", oldest > 0 && oldest < now ? (now - oldest) / 1000 : 0);
    json_number(b, "talking", talking_at(s->board, d->id));
    json_number(b, "officers", board_officers(s->board, d->id));
    buf_str(b, "}");
}

static void get_queue(struct api_call *c)
{
    const struct service *s = c->service;
    const struct desk *d;
    int64_t now = clock_wall_ms();
    struct buf b = BUF_INIT(1 << 20);
    buf_str(&b, "{\"items\":[");
    for (unsigned i = 0; (d = desk_at(s->desks, i)) != NULL; i++) {
        buf_str(&b, i > 0 ? "," : "");
        add_desk(&b, s, d, now);
    }
    buf_str(&b, "]}");
    api_json(c, 200, &b);
    buf_clear(&b);
}

void api_desk_queue(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/desk/queue", SCOPE_DESK, 0, get_queue },
        { 0 },
    };
    api_routes(s, routes);
}
