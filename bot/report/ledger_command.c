/*
 * loa ledger verify: reads the archive of the ledger from the first line to the last and says what was
 * changed, cut or is missing; then asks the store whether the archive ends where the store says it does.
 */
#include "loa/app.h"
#include "loa/archive_file.h"
#include "loa/cli_store.h"
#include <stdio.h>
#include <string.h>

static int usage(bool english, int status)
{
    fputs(
        english
            ? "Usage: loa ledger verify -c FILE\n\n"
              "Reads data_dir/ledger from the first line to the last. Of several servers: copy all their ledger "
              "folders together first.\n"
            : "Cách dùng: loa ledger verify -c TỆP\n\n"
              "Đọc lại toàn bộ sổ lưu trong data_dir/ledger và chỉ ra chỗ bị sửa, bị cắt hoặc bị thiếu. Nếu chạy "
              "trên nhiều máy, hãy chép chung thư mục ledger của các máy vào một nơi trước.\n",
        status == 0 ? stdout : stderr);
    return status;
}

struct ending {
    const struct archive_sum *sum;
    struct errors *err;
    unsigned partition;
};

/* v: n, x of the hash la */
static void compare(void *ctx, const struct redis_value *v)
{
    struct ending *e = ctx;
    const struct ledger_chain *have = &e->sum->end[e->partition];
    long long n = redis_int(redis_at(v, 0));
    char place[16];
    snprintf(place, sizeof place, "p%02u", e->partition);
    if (have->count < n)
        errors_addf(
            e->err, place, "end_missing",
            "Các bản ghi cuối của phần này không có trong tệp. Hãy chép đủ thư mục ledger của mọi máy, hoặc lấy "
            "lại từ bản sao lưu.",
            "the store has archived %lld entries, the files hold %lld", n, have->count);
    else if (have->count == n && n > 0 && strcmp(have->x, redis_str(redis_at(v, 1), NULL)) != 0)
        errors_add(e->err, place, "end_changed", "the last entry is not the one that the store knows",
                   "Bản ghi cuối của phần này không khớp với kho: tệp đã bị thay.");
}

static bool compare_ends(struct cli_store *c, const struct archive_sum *sum, struct errors *err)
{
    bool asked = true;
    for (unsigned p = 0; asked && p < store_partitions(c->store); p++) {
        struct ending e = { sum, err, p };
        struct args a;
        args_init(&a);
        args_key(&a, p, "la");
        args_str(&a, "n");
        args_str(&a, "x");
        asked = cli_store_command(c, p, "HMGET", &a, compare, &e) == LOA_OK;
        args_clear(&a);
    }
    return asked;
}

static int verify(struct cli_store *c)
{
    char dir[ARCHIVE_PATH_MAX];
    struct errors *err = errors_new();
    struct archive_sum sum;
    snprintf(dir, sizeof dir, "%.900s/ledger", config_str(c->config, "loa", "data_dir"));
    archive_verify(dir, NULL, NULL, NULL, err, &sum);
    bool asked = compare_ends(c, &sum, err);
    for (unsigned i = 0; i < err->count; i++)
        printf("%s: %s\n", err->item[i].pointer, c->english ? err->item[i].detail : err->item[i].detail_vi);
    if (!asked)
        fputs(c->english ? "loa: the store does not answer: its side was not compared\n"
                         : "loa: kho không trả lời nên chưa đối chiếu được với kho\n",
              stderr);
    printf(c->english ? "ledger: entries=%lld files=%u partitions=%u faults=%u\n"
                      : "sổ lưu: bản_ghi=%lld tệp=%u phần=%u lỗi=%u\n",
           sum.entries, sum.files, sum.partitions, err->total);
    int status = err->total > 0 || !asked;
    errors_free(err);
    return status;
}

int app_ledger(int argc, char **argv)
{
    bool english = strcmp(app_language(&argc, argv), "en") == 0;
    const char *verb = NULL, *config = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return usage(english, 0);
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            config = argv[++i];
        else if (verb == NULL)
            verb = argv[i];
        else
            return usage(english, 2);
    }
    if (verb == NULL || strcmp(verb, "verify") != 0)
        return usage(english, 2);
    struct cli_store c = { 0 };
    int status = cli_store_open(&c, config, english) ? verify(&c) : 1;
    cli_store_close(&c);
    return status;
}
