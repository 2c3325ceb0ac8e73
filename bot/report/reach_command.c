/*
 * loa reach show: how many different citizens were reached. loa reach verify: counts that again from the
 * files of the ledger, cell by cell, and compares with what the store says, to the last person.
 */
#include "loa/app.h"
#include "loa/archive_file.h"
#include "loa/cli_store.h"
#include "loa/reach.h"
#include <stdio.h>
#include <string.h>

#define SAID_MAX_BYTES (1u << 20)
#define COUNTS_MAX     5 /* tries, while the archive goes on under our hands */

struct request {
    const char *verb, *config, *period, *unit;
    struct reach_query q;
    bool english, csv, json;
};

static int usage(bool english, int status)
{
    fputs(
        english
            ? "Usage: loa reach show --period 2026-11|2026-Q4|2026-H2|2026|2026-11-23 [--by unit|channel|kind|month|day]\n"
              "                      [--unit U] [--channel C] [--kind K] [--csv|--json] -c FILE\n"
              "       loa reach verify -c FILE\n"
            : "Cách dùng: loa reach show --period 2026-11|2026-Q4|2026-H2|2026|2026-11-23 [--by "
              "unit|channel|kind|month|day]\n"
              "                          [--unit ĐƠN-VỊ] [--channel KÊNH] [--kind LOẠI-TIN] [--csv|--json] -c TỆP\n"
              "           loa reach verify -c TỆP\n",
        status == 0 ? stdout : stderr);
    return status;
}

/* ---- show ---- */

struct showing {
    const struct request *r;
    bool done, good;
};

static void print_table(const struct request *r, const struct reach_report *report)
{
    printf("%-10s %-10s %-10s\n", r->english ? "sent to" : "đã gửi", r->english ? "reached" : "đã nhận",
           r->english ? "seen" : "đã xem");
    for (unsigned i = 0; i < report->rows; i++) {
        const struct reach_row *row = &report->row[i];
        printf("%-10llu %-10llu %-10llu %s  %s\n", (unsigned long long)row->accepted,
               (unsigned long long)row->delivered, (unsigned long long)row->seen, row->key, row->name);
    }
    printf("%-10llu %-10llu %-10llu %s\n", (unsigned long long)report->total.accepted,
           (unsigned long long)report->total.delivered, (unsigned long long)report->total.seen,
           r->english ? "different citizens in all" : "tổng số người khác nhau");
}

static void shown(void *ctx, enum loa_status st, struct reach_report *report)
{
    struct showing *s = ctx;
    struct buf out = BUF_INIT(8u << 20);
    s->done = true;
    s->good = st == LOA_OK;
    if (!s->good)
        return;
    if (s->r->json)
        reach_json(&s->r->q, report, &out);
    else if (s->r->csv)
        reach_csv(&s->r->q, report, &out);
    else
        print_table(s->r, report);
    fputs(buf_cstr(&out), stdout);
    if (s->r->json)
        putchar('\n');
    buf_clear(&out);
    reach_report_free(report);
}

static struct policy *read_policy(const struct cli_store *c)
{
    char dir[ARCHIVE_PATH_MAX];
    struct policy *p = NULL;
    struct errors *err = errors_new();
    snprintf(dir, sizeof dir, "%.900s/policy", config_str(c->config, "loa", "templates"));
    policy_load(dir, err, &p);
    for (unsigned i = 0; i < err->count; i++)
        fprintf(stderr, "%s: %s\n", err->item[i].pointer,
                c->english ? err->item[i].detail : err->item[i].detail_vi);
    errors_free(err);
    return p;
}

static int show(struct cli_store *c, struct request *r)
{
    struct showing s = { .r = r };
    struct policy *p = read_policy(c);
    if (p == NULL)
        return 1;
    const struct unit_info *u = policy_unit(p, r->unit, local_midnight_ms(r->q.to_day));
    if (r->unit != NULL && u == NULL) {
        fprintf(stderr, r->english ? "loa: no such unit: %s\n" : "loa: không có đơn vị %s\n", r->unit);
    } else {
        snprintf(r->q.unit, sizeof r->q.unit, "%s", u != NULL ? u->id : "");
        const struct policy *current = p;
        reach_ask(c->store, &current, &r->q, shown, &s);
        while (!s.done)
            loop_run_once(c->loop);
        if (!s.good)
            fputs(r->english ? "loa: the store does not answer\n" : "loa: kho không trả lời\n", stderr);
    }
    policy_free(p);
    return s.good ? 0 : 1;
}

/* ---- verify ---- */

struct recount {
    struct cli_store *store;
    struct reach_cells *cell[PARTITIONS_MAX];
    long long limit[PARTITIONS_MAX];
    unsigned partition, cells, wrong;
    long long entries;
    bool english;
    struct buf said; /* faults of this count */
    /* what the store says about the cell looked at */
    const char *month, *field;
    struct reach_set *told;
    size_t fields; /* of the partition's months, to find cells that only the store has */
};

static void count_entry(void *ctx, unsigned partition, const cJSON *entry)
{
    struct recount *r = ctx;
    r->entries++;
    reach_cells_add(r->cell[partition], entry);
}

static void take_limit(void *ctx, const struct redis_value *v)
{
    struct recount *r = ctx;
    r->limit[r->partition] = redis_int(v);
}

static void compare_cell(void *ctx, const struct redis_value *v)
{
    struct recount *r = ctx;
    struct reach_set *live = reach_set_new();
    size_t n;
    const char *bytes = redis_str(v, &n);
    if (n > 0)
        reach_set_load(live, bytes, n);
    if (!reach_set_equal(live, r->told)) {
        r->wrong++;
        buf_printf(&r->said,
                   r->english ? "p%02u %s %s: the ledger has %llu persons, the store says %llu\n"
                              : "p%02u %s %s: sổ lưu có %llu người, kho ghi %llu người\n",
                   r->partition, r->month, r->field, (unsigned long long)reach_set_count(r->told),
                   (unsigned long long)reach_set_count(live));
    }
    reach_set_free(live);
}

static void look_at_cell(void *ctx, const char *month, const char *field, struct reach_set *set)
{
    struct recount *r = ctx;
    struct args a;
    r->cells++;
    r->month = month;
    r->field = field;
    r->told = set;
    args_init(&a);
    args_key(&a, r->partition, "r:%s", month);
    args_str(&a, field);
    if (cli_store_command(r->store, r->partition, "HGET", &a, compare_cell, r) != LOA_OK)
        r->wrong++;
    args_clear(&a);
}

static void count_fields(void *ctx, const struct redis_value *v)
{
    struct recount *r = ctx;
    r->fields += (size_t)redis_int(v);
}

struct months {
    struct recount *r;
    char last[16];
};

static void count_month(void *ctx, const char *month, const char *field, struct reach_set *set)
{
    struct months *m = ctx;
    struct args a;
    (void)field, (void)set;
    if (strcmp(m->last, month) == 0)
        return;
    snprintf(m->last, sizeof m->last, "%s", month);
    args_init(&a);
    args_key(&a, m->r->partition, "r:%s", month);
    if (cli_store_command(m->r->store, m->r->partition, "HLEN", &a, count_fields, m->r) != LOA_OK)
        m->r->wrong++;
    args_clear(&a);
}

static void compare_partition(struct recount *r)
{
    struct months m = { .r = r };
    r->fields = 0;
    reach_cells_each(r->cell[r->partition], look_at_cell, r);
    reach_cells_each(r->cell[r->partition], count_month, &m);
    if (r->fields == reach_cells_count(r->cell[r->partition]))
        return;
    r->wrong++;
    buf_printf(&r->said,
               r->english ? "p%02u: the store has %zu cells, the ledger makes %u\n"
                          : "p%02u: kho có %zu ô số liệu, sổ lưu chỉ cho %u ô\n",
               r->partition, r->fields, reach_cells_count(r->cell[r->partition]));
}

static bool read_limits(struct recount *r, unsigned partitions)
{
    bool good = true;
    for (r->partition = 0; good && r->partition < partitions; r->partition++) {
        struct args a;
        args_init(&a);
        args_key(&a, r->partition, "la");
        args_str(&a, "n");
        good = cli_store_command(r->store, r->partition, "HGET", &a, take_limit, r) == LOA_OK;
        args_clear(&a);
    }
    return good;
}

/* One count. LOA_BUSY: the archive went on meanwhile, so differences mean nothing. */
static enum loa_status count_again(struct recount *r, const char *dir, struct errors *err)
{
    struct archive_sum sum;
    unsigned partitions = store_partitions(r->store->store);
    long long before[PARTITIONS_MAX];
    if (!read_limits(r, partitions))
        return LOA_UNAVAILABLE;
    memcpy(before, r->limit, sizeof before);
    archive_verify(dir, r->limit, count_entry, r, err, &sum);
    for (r->partition = 0; r->partition < partitions; r->partition++)
        compare_partition(r);
    if (!read_limits(r, partitions))
        return LOA_UNAVAILABLE;
    return memcmp(before, r->limit, sizeof before) == 0 ? LOA_OK : LOA_BUSY;
}

static struct recount recount_new(struct cli_store *c)
{
    struct recount r = { .store = c, .english = c->english, .said = BUF_INIT(SAID_MAX_BYTES) };
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        r.cell[p] = reach_cells_new();
    return r;
}

static void recount_clear(struct recount *r)
{
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        reach_cells_free(r->cell[p]);
    buf_clear(&r->said);
}

static int verify(struct cli_store *c)
{
    char dir[ARCHIVE_PATH_MAX];
    struct errors *err = errors_new();
    struct recount r = recount_new(c);
    snprintf(dir, sizeof dir, "%.900s/ledger", config_str(c->config, "loa", "data_dir"));
    enum loa_status st = count_again(&r, dir, err);
    for (unsigned i = 1; i < COUNTS_MAX && st == LOA_BUSY && r.wrong > 0; i++) {
        recount_clear(&r);
        errors_reset(err);
        r = recount_new(c);
        st = count_again(&r, dir, err);
    }
    fputs(buf_cstr(&r.said), stdout);
    for (unsigned i = 0; i < err->count; i++)
        printf("%s: %s\n", err->item[i].pointer, c->english ? err->item[i].detail : err->item[i].detail_vi);
    if (st == LOA_UNAVAILABLE)
        fputs(c->english ? "loa: the store does not answer\n" : "loa: kho không trả lời\n", stderr);
    printf(c->english ? "reach: entries=%lld cells=%u wrong=%u faults=%u\n"
                      : "tiếp cận: bản_ghi=%lld ô=%u sai=%u lỗi_tệp=%u\n",
           r.entries, r.cells, r.wrong, err->total);
    int status = st == LOA_UNAVAILABLE || r.wrong > 0 || err->total > 0;
    recount_clear(&r);
    errors_free(err);
    return status;
}

/* ---- the command ---- */

static bool read_option(struct request *r, const char *name, const char *value)
{
    int by = reach_by_from_word(value);
    if (strcmp(name, "-c") == 0)
        r->config = value;
    else if (strcmp(name, "--period") == 0)
        r->period = value;
    else if (strcmp(name, "--unit") == 0)
        r->unit = value;
    else if (strcmp(name, "--channel") == 0)
        snprintf(r->q.channel, sizeof r->q.channel, "%s", value);
    else if (strcmp(name, "--kind") == 0)
        snprintf(r->q.kind, sizeof r->q.kind, "%s", value);
    else if (strcmp(name, "--by") == 0 && by >= 0)
        r->q.by = (enum reach_by)by;
    else
        return false;
    return true;
}

static bool read_request(struct request *r, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--csv") == 0)
            r->csv = true;
        else if (strcmp(argv[i], "--json") == 0)
            r->json = true;
        else if (argv[i][0] != '-' && r->verb == NULL)
            r->verb = argv[i];
        else if (i + 1 == argc || !read_option(r, argv[i], argv[i + 1]))
            return false;
        else
            i++;
    }
    if (r->verb == NULL)
        return false;
    return strcmp(r->verb, "verify") == 0 || (strcmp(r->verb, "show") == 0 && r->period != NULL &&
                                              reach_period(r->period, &r->q.from_day, &r->q.to_day));
}

int app_reach(int argc, char **argv)
{
    struct request r = { .english = strcmp(app_language(&argc, argv), "en") == 0 };
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(r.english, 0);
    if (!read_request(&r, argc, argv))
        return usage(r.english, 2);
    struct cli_store c = { 0 };
    int status = 1;
    if (cli_store_open(&c, r.config, r.english))
        status = strcmp(r.verb, "verify") == 0 ? verify(&c) : show(&c, &r);
    cli_store_close(&c);
    return status;
}
