/*
 * loa check - looks at everything people edit before the service does: settings, texts, policy tables, the
 * providers' data. Faults go to stdout as `file:line: what to do`, one per line.
 */
#include "loa/app.h"
#include "loa/canned.h"
#include "loa/channel.h"
#include "loa/chat_texts.h"
#include "loa/config.h"
#include "loa/consent_words.h"
#include "loa/faq.h"
#include "loa/handover.h"
#include "loa/policy.h"
#include "loa/template.h"
#include "loa/wish_words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    const char *config_path;
    bool examples, list, vietnamese;
    struct errors *err, *warnings; /* faults; what is worth knowing but stops nothing */
    struct config *config;
    struct template_set *templates;
    struct policy *policy;
    struct desks *desks;
    struct canned_file *canned;
    struct chat_texts *chat_texts;
    struct consent_words *consent_words;
    struct wish_words *wish_words;
    char chat_dir[512], messages_dir[512], policy_dir[512], faq_dir[512], faq_own[512];
};

static const char help_vi[] =
    "Cách dùng: loa check [-c TỆP] [--examples] [--list]\n\n"
    "Kiểm tra cấu hình, mẫu tin, bảng quy tắc và dữ liệu nhà cung cấp; báo từng lỗi dạng tệp:dòng: cách sửa.\n\n"
    "  -c TỆP      tệp cấu hình; không có thì dùng giá trị mặc định và biến môi trường\n"
    "  --examples  in mọi mẫu tin với giá trị ví dụ để đọc duyệt\n"
    "  --list      in mọi mục cấu hình với giá trị mặc định và giải thích\n\n"
    "Kết thúc: 0 không có lỗi, 1 có lỗi, 2 gọi sai cách.\n";
static const char help_en[] =
    "Usage: loa check [-c FILE] [--examples] [--list]\n\n"
    "Checks settings, texts, policy tables and provider data; each fault as file:line: what to do.\n\n"
    "  -c FILE     configuration; without it: defaults and environment\n"
    "  --examples  print every text with example values, to be read by people\n"
    "  --list      print every setting with its default and what it does\n\n"
    "Exit status: 0 no faults, 1 faults, 2 wrong usage.\n";

/* ---- the checks ---- */

static void check_config(struct check *c)
{
    if (config_load(c->config_path, c->err, &c->config) != LOA_OK)
        return;
    const char *dir = config_str(c->config, "loa", "templates");
    snprintf(c->messages_dir, sizeof c->messages_dir, "%s/messages", dir);
    snprintf(c->policy_dir, sizeof c->policy_dir, "%s/policy", dir);
    snprintf(c->faq_dir, sizeof c->faq_dir, "%s/faq", dir);
    snprintf(c->chat_dir, sizeof c->chat_dir, "%s/chat", dir);
    snprintf(c->faq_own, sizeof c->faq_own, "%s/faq", config_str(c->config, "loa", "data_dir"));
}

static void check_texts(struct check *c)
{
    template_set_load(c->messages_dir, c->err, &c->templates);
    policy_load(c->policy_dir, c->err, &c->policy);
    faq_check(c->faq_dir, c->faq_own, c->err, c->warnings);
    desks_load(c->policy_dir, c->err, &c->desks);
    canned_file_load(c->policy_dir, c->err, &c->canned);
    chat_texts_load(c->chat_dir, c->err, &c->chat_texts);
    if (c->policy != NULL)
        consent_words_load(c->chat_dir, c->policy, c->err, &c->consent_words);
    wish_words_load(c->chat_dir, c->err, &c->wish_words);
}

/* A status whose message has no text would be silence where the law asks for news. */
static void check_every_kind_has_texts(struct check *c)
{
    const struct status_rule *r;

    for (unsigned i = 0; (r = policy_rule_at(c->policy, i)) != NULL; i++) {
        if (r->kind == NULL || template_has(c->templates, r->kind, WAY_PORTAL))
            continue;
        char detail[200], detail_vi[200];
        snprintf(detail, sizeof detail, "kind %s needs at least portal.txt", r->kind);
        snprintf(detail_vi, sizeof detail_vi, "loại tin %s cần ít nhất portal.txt", r->kind);
        errors_add(c->err, c->messages_dir, "no_text", detail, detail_vi);
    }
}

static void check_channels(struct check *c)
{
    const char *dir = config_str(c->config, "loa", "channels_dir");

    for (int ch = 0; ch < CH_COUNT; ch++) {
        const struct channel_ops *ops = channel_ops_of((enum channel)ch);
        if (ops != NULL && ops->check != NULL)
            ops->check(c->config, dir, c->err);
    }
}

static void run_checks(struct check *c)
{
    check_config(c);
    if (c->config == NULL)
        return;
    check_texts(c);
    if (c->templates != NULL && c->policy != NULL)
        check_every_kind_has_texts(c);
    check_channels(c);
}

/* ---- telling ---- */

static void print_list(const struct check *c, const struct errors *list)
{
    for (unsigned i = 0; i < list->count; i++)
        printf("%s: %s\n", list->item[i].pointer,
               c->vietnamese ? list->item[i].detail_vi : list->item[i].detail);
}

static void print_faults(const struct check *c)
{
    print_list(c, c->err);
    printf(c->vietnamese ? "%u lỗi\n" : "faults: %u\n", c->err->total);
}

static void print_summary(const struct check *c)
{
    printf(c->vietnamese ? "Không có lỗi: cấu hình, %u mẫu tin, quy tắc và dữ liệu nhà cung cấp\n"
                         : "No faults: settings, %u texts, policy and provider data\n",
           template_count(c->templates));
}

static void print_buf(void (*fill)(const struct check *c, struct buf *out), const struct check *c)
{
    struct buf out = BUF_INIT(4 << 20);

    fill(c, &out);
    fputs(buf_cstr(&out), stdout);
    buf_clear(&out);
}

static void fill_examples(const struct check *c, struct buf *out)
{
    template_print_examples(c->templates, out);
}

static void fill_settings(const struct check *c, struct buf *out)
{
    config_print_table(out, c->vietnamese);
}

static int report(const struct check *c)
{
    if (c->examples && c->templates != NULL)
        print_buf(fill_examples, c);
    if (c->warnings->total > 0)
        puts(c->vietnamese ? "Nên xem:" : "Worth a look:");
    print_list(c, c->warnings);
    if (c->err->total == 0)
        print_summary(c);
    else
        print_faults(c);
    return c->err->total == 0 ? 0 : 1;
}

/* ---- the command ---- */

/* Returns false for an option it does not know. */
static bool read_options(struct check *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            c->config_path = argv[++i];
        else if (strcmp(argv[i], "--examples") == 0)
            c->examples = true;
        else if (strcmp(argv[i], "--list") == 0)
            c->list = true;
        else
            return false;
    }
    return true;
}

int app_check(int argc, char **argv)
{
    struct check c = { .vietnamese = strcmp(app_language(&argc, argv), "en") != 0 };
    const char *help = c.vietnamese ? help_vi : help_en;
    int status = 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (!read_options(&c, argc, argv)) {
        fputs(help, stderr);
        return 2;
    }
    if (c.list) {
        print_buf(fill_settings, &c);
        return 0;
    }
    c.err = errors_new();
    c.warnings = errors_new();
    run_checks(&c);
    status = report(&c);
    template_set_free(c.templates);
    policy_free(c.policy);
    desks_free(c.desks);
    canned_file_free(c.canned);
    chat_texts_free(c.chat_texts);
    consent_words_free(c.consent_words);
    wish_words_free(c.wish_words);
    config_free(c.config);
    errors_free(c.err);
    errors_free(c.warnings);
    return status;
}
