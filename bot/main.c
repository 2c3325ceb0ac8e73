/*
 * loa - one program, several commands. Each command lives in its own file and takes argv from its own name
 * on; here is only the list of them. Exit status: 0 done, 1 the work failed, 2 wrong usage.
 */
#include "loa/app.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help_vi, *help_en;
};

static const struct command commands[] = {
    { "serve", app_serve, "chạy dịch vụ", "run the service" },
    { "key", app_key, "tạo, liệt kê, thu hồi khóa API", "create, list and revoke API keys" },
    { "staff", app_staff, "tài khoản cán bộ đăng nhập trang làm việc", "accounts of the people at the desk" },
    { "check", app_check, "kiểm tra cấu hình, mẫu tin, quy tắc", "checks settings, texts and policy" },
    { "faq", app_faq, "hỏi thử, chấm điểm bộ câu hỏi thường gặp",
      "asks and measures the answers to questions" },
    { "ledger", app_ledger, "đọc lại sổ lưu kết quả, tìm chỗ bị sửa hoặc thiếu",
      "reads the archived ledger again, finds what was changed or is missing" },
    { "reach", app_reach, "bao nhiêu người dân đã nhận được tin; đếm lại từ sổ lưu",
      "how many different citizens were reached; counts again from the ledger" },
    { "sim", app_sim, "đóng vai Zalo, tổng đài SMS, máy chủ thư: để chạy thử và tập huấn",
      "plays Zalo, SMS aggregators, a mail server: for trials and training" },
    { NULL, NULL, NULL, NULL },
};

static int print_help(FILE *to, int status, const char *lang)
{
    bool en = strcmp(lang, "en") == 0;

    fputs(en ? "loa - messages from public administration to citizens\n\n"
               "Usage: loa COMMAND [OPTIONS]\n\nCommands:\n"
             : "loa - nhắn tin hồ sơ hành chính công tới người dân\n\n"
               "Cách dùng: loa LỆNH [TÙY CHỌN]\n\nCác lệnh:\n",
          to);
    for (const struct command *c = commands; c->name != NULL; c++)
        fprintf(to, "  %-8s %s\n", c->name, en ? c->help_en : c->help_vi);
    fputs(en ? "\n  --help        this text; loa COMMAND --help tells more\n"
               "  --version     the version\n"
               "  --lang=vi|en  language of the texts for people\n"
             : "\n  --help        bản hướng dẫn này; loa LỆNH --help nói kỹ hơn\n"
               "  --version     phiên bản\n"
               "  --lang=vi|en  ngôn ngữ hiển thị (mặc định: vi)\n",
          to);
    return status;
}

int main(int argc, char **argv)
{
    const char *lang = app_language(&argc, argv);
    const char *word = argc > 1 ? argv[1] : "";

    if (strcmp(word, "--version") == 0) {
        puts("loa " LOA_VERSION);
        return 0;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        return print_help(stdout, 0, lang);
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strcmp(word, c->name) == 0)
            return c->run(argc - 1, argv + 1);

    if (word[0] != '\0')
        fprintf(stderr,
                strcmp(lang, "en") == 0 ? "loa: no such command: %s\n\n" : "loa: không có lệnh: %s\n\n",
                word);
    return print_help(stderr, 2, lang);
}
