/*
 * GET /v1/reports/reach?period=2026-Q4 | from=YYYY-MM-DD&to=YYYY-MM-DD [&by=unit|channel|kind|month|day]
 * [&unit=&channel=&kind=]
 * [&format=json|csv]: how many different citizens were reached. Fresh to the last step of the archive
 * ([ledger] archive_every_s).
 */
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/local_time.h"
#include "loa/mem.h"
#include "loa/reach.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEARS_MAX 10

struct reach_call {
    struct api_call *call;
    struct reach_query q;
    bool csv;
};

static void answered(void *ctx, enum loa_status st, struct reach_report *r)
{
    struct reach_call *c = ctx;
    struct buf out = BUF_INIT(8u << 20);
    if (st != LOA_OK) {
        api_problem_status(c->call, st);
    } else if (c->csv) {
        reach_csv(&c->q, r, &out);
        api_reply(c->call, 200, "text/csv; charset=utf-8", &out);
    } else {
        reach_json(&c->q, r, &out);
        api_json(c->call, 200, &out);
    }
    reach_report_free(r);
    buf_clear(&out);
    free(c);
}

static const char *asked(const struct api_call *c, const char *name)
{
    const char *text = http_request_query(c->req, name);
    return text != NULL ? text : "";
}

static void read_period(const struct api_call *c, struct reach_query *q, struct errors *err)
{
    const char *period = asked(c, "period"), *from = asked(c, "from"), *to = asked(c, "to");
    int64_t today = local_from_ms(clock_wall_ms()).day_number;
    q->from_day = q->to_day = today;
    bool good = period[0] != '\0'
                    ? reach_period(period, &q->from_day, &q->to_day)
                    : date_parse_day(from, &q->from_day) && (to[0] == '\0' || date_parse_day(to, &q->to_day));
    if (!good)
        errors_add(
            err, "/period", "bad_period",
            "use period=2026-11, 2026-Q4, 2026-H2, 2026 or from=…&to=YYYY-MM-DD",
            "Kỳ báo cáo phải có dạng period=2026-11, 2026-Q4, 2026-H2, 2026 hoặc from=…&to=NĂM-THÁNG-NGÀY.");
    else if (q->to_day < q->from_day || q->to_day - q->from_day > YEARS_MAX * 366)
        errors_add(err, "/to", "bad_period", "`to` is before `from`, or more than ten years after it",
                   "Ngày cuối phải sau ngày đầu và không quá mười năm.");
}

static void read_filters(const struct api_call *c, struct reach_query *q, struct errors *err)
{
    int by = reach_by_from_word(asked(c, "by"));
    if (by < 0)
        errors_add(err, "/by", "unknown_word", "use unit, channel, kind, month or day",
                   "Chỉ chia theo unit, channel, kind, month hoặc day.");
    else
        q->by = (enum reach_by)by;
    const char *unit = asked(c, "unit"), *channel = asked(c, "channel"), *kind = asked(c, "kind");
    const struct unit_info *u = policy_unit(c->service->policy, unit, clock_wall_ms());
    if (unit[0] != '\0' && u == NULL)
        errors_add(err, "/unit", "unknown_unit", "no such unit in units.tsv",
                   "Không có đơn vị này trong units.tsv.");
    if (channel[0] != '\0' && channel_from_word(channel) < 0)
        errors_add(err, "/channel", "unknown_channel", "use portal, zalo, sms or email",
                   "Kênh phải là portal, zalo, sms hoặc email.");
    if (kind[0] != '\0' && !policy_kind_known(c->service->policy, kind))
        errors_add(err, "/kind", "unknown_kind", "no such kind of message", "Không có loại tin này.");
    snprintf(q->unit, sizeof q->unit, "%s", u != NULL ? u->id : "");
    snprintf(q->channel, sizeof q->channel, "%s", channel);
    snprintf(q->kind, sizeof q->kind, "%s", kind);
}

static void get_reach(struct api_call *c)
{
    struct errors *err = errors_new();
    struct reach_call *r = mem_alloc(sizeof *r);
    r->call = c;
    r->csv = strcmp(asked(c, "format"), "csv") == 0;
    read_period(c, &r->q, err);
    read_filters(c, &r->q, err);
    if (err->total > 0) {
        api_problem(c, 400, "invalid", "The question breaks a rule",
                    "Yêu cầu chưa hợp lệ, xem danh sách lỗi.", err);
        free(r);
    } else {
        reach_ask(c->service->store, (const struct policy *const *)&c->service->policy, &r->q, answered, r);
    }
    errors_free(err);
}

void api_reach(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/reports/reach", SCOPE_REPORTS, 0, get_reach },
        { 0 },
    };
    api_routes(s, routes);
}
