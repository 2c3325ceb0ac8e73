/* The answer as JSON and as CSV. */
#include "loa/csv.h"
#include "loa/local_time.h"
#include "loa/reach.h"
#include <stdio.h>
#include <string.h>

static void print_day(int64_t day, char out[16])
{
    char digits[16];
    date_print_national(local_midnight_ms(day), digits);
    snprintf(out, 16, "%.4s-%.2s-%.2s", digits, digits + 4, digits + 6);
}

static void print_counts(const struct reach_row *r, struct buf *out)
{
    buf_printf(out, "\"accepted\":%llu,\"reached\":%llu,\"seen\":%llu", (unsigned long long)r->accepted,
               (unsigned long long)r->delivered, (unsigned long long)r->seen);
}

void reach_json(const struct reach_query *q, const struct reach_report *r, struct buf *out)
{
    char from[16], to[16];
    print_day(q->from_day, from);
    print_day(q->to_day, to);
    buf_printf(out, "{\"from\":\"%s\",\"to\":\"%s\",\"persons\":{", from, to);
    print_counts(&r->total, out);
    buf_str(out, "},\"rows\":[");
    for (unsigned i = 0; i < r->rows; i++) {
        buf_str(out, i ? ",{\"key\":" : "{\"key\":");
        buf_json_string(out, r->row[i].key, strlen(r->row[i].key));
        buf_str(out, ",\"name\":");
        buf_json_string(out, r->row[i].name, strlen(r->row[i].name));
        buf_char(out, ',');
        print_counts(&r->row[i], out);
        buf_char(out, '}');
    }
    buf_str(out, "]}");
}

static void csv_row(const struct reach_row *r, struct buf *out)
{
    csv_cell(out, r->key);
    buf_char(out, ',');
    csv_cell(out, r->name);
    buf_printf(out, ",%llu,%llu,%llu\r\n", (unsigned long long)r->accepted, (unsigned long long)r->delivered,
               (unsigned long long)r->seen);
}

void reach_csv(const struct reach_query *q, const struct reach_report *r, struct buf *out)
{
    struct reach_row total = r->total;
    char from[16], to[16];
    print_day(q->from_day, from);
    print_day(q->to_day, to);
    snprintf(total.key, sizeof total.key, "%s..%s", from, to);
    snprintf(total.name, sizeof total.name, "Tổng số người (mỗi người tính một lần)");
    buf_str(out, "\xEF\xBB\xBF"
                 "key,name,accepted,reached,seen\r\n");
    csv_row(&total, out);
    for (unsigned i = 0; i < r->rows; i++)
        csv_row(&r->row[i], out);
}
