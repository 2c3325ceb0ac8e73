/*
 * loa faq - asks, measures and fits the FAQ without a running service. Its output is for people (ask) and for
 * machines (the last line of eval).
 */
#include "loa/app.h"
#include "loa/config.h"
#include "loa/faq.h"
#include <stdio.h>
#include <string.h>

static const char help_vi[] =
    "Cách dùng: loa faq ask \"CÂU HỎI\" [-c TỆP]\n"
    "           loa faq eval TỆP.tsv [-c TỆP]\n"
    "           loa faq fit TỆP.tsv [-c TỆP]\n\n"
    "  ask   in câu trả lời, hoặc ba gợi ý, hoặc nơi chuyển tới, và lý do chọn\n"
    "  eval  chấm điểm trên tệp đã gán nhãn: câu hỏi<TAB>mã mục hoặc NONE<TAB>kiểu viết\n"
    "  fit   tính lại trọng số và ngưỡng, ghi vào templates/faq/gate.ini\n\n"
    "  -c TỆP  tệp cấu hình; không có thì đọc thư mục templates\n\n"
    "Kết thúc: 0 xong, 1 có lỗi, 2 gọi sai cách.\n";
static const char help_en[] =
    "Usage: loa faq ask \"QUESTION\" [-c FILE]\n"
    "       loa faq eval FILE.tsv [-c FILE]\n"
    "       loa faq fit FILE.tsv [-c FILE]\n\n"
    "  ask   prints the answer, or three suggestions, or where it is handed to, and why\n"
    "  eval  scores a labelled file: question<TAB>entry id or NONE<TAB>style\n"
    "  fit   fits weights and thresholds anew, writes templates/faq/gate.ini\n\n"
    "  -c FILE  configuration; without it the directory templates is read\n\n"
    "Exit status: 0 done, 1 faults, 2 wrong usage.\n";

struct faq_command {
    const char *config_path, *verb, *argument;
    bool vietnamese;
    struct errors *err;
    char dir[512];
};

/* ---- ask ---- */

static const char *pick(const struct faq_command *c, const char *vi, const char *en)
{
    return c->vietnamese ? vi : en;
}

static void print_answer(const struct faq_command *c, const struct faq *f, const struct faq_answer *a)
{
    const struct faq_entry *e = faq_entry(f, a->entry[0]);
    printf("%s\n\n", e->answer);
    printf(pick(c, "Nguồn: %s\nNội dung xác nhận ngày: %s\n", "Source: %s\nContent confirmed on: %s\n"),
           e->source, e->date);
}

static void print_suggestions(const struct faq_command *c, const struct faq *f, const struct faq_answer *a)
{
    puts(pick(c, "Có phải anh/chị hỏi:", "Did you mean:"));
    for (unsigned i = 0; i < a->entries && i < FAQ_BUTTONS_MAX; i++)
        printf("  [%u] %s\n", i + 1, faq_entry(f, a->entry[i])->question);
}

static void print_handover(const struct faq_command *c, const struct faq_answer *a)
{
    puts(*a->sentence ? a->sentence
                      : pick(c, "Chúng tôi chuyển câu hỏi này cho cán bộ hỗ trợ để trả lời anh/chị.",
                             "This question goes to the staff on duty."));
    if (*a->department)
        printf(pick(c, "Nơi phụ trách: %s\n", "In charge: %s\n"), a->department);
}

static void print_tier(const struct faq_command *c, const struct faq *f, const struct faq_answer *a)
{
    switch (a->tier) {
    case FAQ_ANSWER:
        print_answer(c, f, a);
        break;
    case FAQ_ASK:
        print_suggestions(c, f, a);
        break;
    case FAQ_HANDOVER:
        print_handover(c, a);
        break;
    case FAQ_SMALLTALK:
    case FAQ_URGENT:
        puts(a->sentence);
        break;
    }
}

static void print_why(const struct faq_command *c, const struct faq *f, const struct faq_answer *a,
                      const char *question)
{
    static const char *const tier[][2] = { { "trả lời", "answer" },
                                           { "hỏi lại", "ask" },
                                           { "chuyển cán bộ", "hand over" },
                                           { "câu xã giao", "small talk" },
                                           { "khẩn cấp", "urgent" } };
    char normal[FAQ_NORMAL_MAX];
    faq_normal(f, question, strlen(question), normal);
    printf(pick(c, "\n--- Vì sao: %s (chắc %.2f)\n", "\n--- Why: %s (sure %.2f)\n"),
           tier[a->tier][!c->vietnamese], a->sure);
    printf(pick(c, "Đọc là: %s\n", "Read as: %s\n"), normal);
    if (*a->rule)
        printf(pick(c, "Theo dòng: %s\n", "By the row: %s\n"), a->rule);
    for (unsigned i = 0; i < a->entries; i++)
        printf("%u. %-28s %.3f\n", i + 1, faq_entry(f, a->entry[i])->id, a->score[i]);
    for (unsigned i = 0; i < a->reasons; i++)
        printf("   %4.1f%%  %s\n", 100 * a->reason[i].share, a->reason[i].term);
}

static int ask(const struct faq_command *c, struct faq *f)
{
    struct faq_answer a;
    faq_ask(f, c->argument, strlen(c->argument), &a);
    print_tier(c, f, &a);
    print_why(c, f, &a, c->argument);
    return 0;
}

/* ---- eval, fit ---- */

static int measure(const struct faq_command *c, struct faq *f)
{
    struct buf out = BUF_INIT(1 << 20);
    struct faq_figures figures;
    enum loa_status st = strcmp(c->verb, "fit") == 0 ? faq_fit(f, c->argument, c->dir, c->err, &out) : LOA_OK;
    if (st == LOA_OK)
        st = faq_eval(f, c->argument, c->err, &figures, &out);
    fputs(buf_cstr(&out), stdout);
    buf_clear(&out);
    return st == LOA_OK ? 0 : 1;
}

/* ---- the command ---- */

static bool read_options(struct faq_command *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            c->config_path = argv[++i];
        else if (c->verb == NULL)
            c->verb = argv[i];
        else if (c->argument == NULL)
            c->argument = argv[i];
        else
            return false;
    }
    return c->argument != NULL &&
           (strcmp(c->verb, "ask") == 0 || strcmp(c->verb, "eval") == 0 || strcmp(c->verb, "fit") == 0);
}

static bool find_directory(struct faq_command *c)
{
    struct config *config = NULL;
    if (config_load(c->config_path, c->err, &config) != LOA_OK)
        return false;
    snprintf(c->dir, sizeof c->dir, "%s/faq", config_str(config, "loa", "templates"));
    config_free(config);
    return true;
}

static int run(struct faq_command *c)
{
    struct faq *f = NULL;
    if (!find_directory(c) || faq_load(c->dir, c->err, &f) != LOA_OK)
        return 1;
    int status = strcmp(c->verb, "ask") == 0 ? ask(c, f) : measure(c, f);
    faq_free(f);
    return status;
}

int app_faq(int argc, char **argv)
{
    struct faq_command c = { .vietnamese = strcmp(app_language(&argc, argv), "en") != 0 };
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(pick(&c, help_vi, help_en), stdout);
        return 0;
    }
    if (!read_options(&c, argc, argv)) {
        fputs(pick(&c, help_vi, help_en), stderr);
        return 2;
    }
    c.err = errors_new();
    int status = run(&c);
    for (unsigned i = 0; i < c.err->count; i++)
        fprintf(stderr, "%s: %s\n", c.err->item[i].pointer,
                c.vietnamese ? c.err->item[i].detail_vi : c.err->item[i].detail);
    errors_free(c.err);
    return status;
}
