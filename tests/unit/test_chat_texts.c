/* What the bot says: forms by channel, buttons, faults by file and line, and that every text the program asks
 * for is there. */
#include "check.h"
#include "loa/chat_texts.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sample[] = "# comment\n"
                             "[hello]\n"
                             "text = Chào {{name}}!\n"
                             "  Dòng hai; có dấu chấm phẩy.\n"
                             "  \\n\n"
                             "  {{?due}}Hẹn {{due|date}}.{{/due}}\n"
                             "params = name, due:time\n"
                             "button1 = Theo dõi {{name}} | #follow:{{name}}\n"
                             "button2 = Xem cổng | https://example.vn/a?b=1\n"
                             "button3 = Gọi | tel:18001096\n"
                             "zalo.text = Zalo {{name}}\n"
                             "\n"
                             "[bare]\n"
                             "text = Không có gì\n";

static struct chat_texts *load(const char *content, struct errors *err)
{
    struct chat_texts *t = NULL;
    char dir[256];
    check_file("a.ini", content);
    snprintf(dir, sizeof dir, "%s", check_tmpdir());
    if (chat_texts_load(dir, err, &t) != LOA_OK)
        return NULL;
    return t;
}

static void texts_are_rendered_by_channel(void **state)
{
    (void)state;
    struct chat_texts *t = load(sample, NULL);
    struct chat_said s;
    struct params p;
    chat_said_init(&s);
    params_init(&p);
    params_set(&p, "name", "An");
    check_int("web", chat_texts_render(t, "hello", "web", &p, &s), LOA_OK);
    check_str("an absent part leaves nothing", buf_cstr(&s.text), "Chào An!\nDòng hai; có dấu chấm phẩy.");
    check_int("buttons", s.buttons, 3);
    check_str("title", s.button[0].title, "Theo dõi An");
    check_str("payload", s.button[0].action, "#follow:An");
    check_str("link", s.button[1].action, "https://example.vn/a?b=1");
    check_str("phone", s.button[2].action, "tel:18001096");
    params_set(&p, "due", "1795410000000");
    chat_texts_render(t, "hello", "web", &p, &s);
    check_str("a part and an empty line", buf_cstr(&s.text),
              "Chào An!\nDòng hai; có dấu chấm phẩy.\n\nHẹn 23/11/2026.");
    chat_texts_render(t, "hello", "zalo", &p, &s);
    check_str("its own text", buf_cstr(&s.text), "Zalo An");
    chat_texts_render(t, "bare", "zalo", NULL, &s);
    check_str("the one text for all", buf_cstr(&s.text), "Không có gì");
    check_int("no buttons left over", s.buttons, 0);
    check_int("unknown", chat_texts_render(t, "nothing", "web", NULL, &s), LOA_NOT_FOUND);
    params_clear(&p);
    chat_said_clear(&s);
    chat_texts_free(t);
}

static void a_button_with_an_absent_value_is_left_out(void **state)
{
    (void)state;
    struct chat_texts *t = load(sample, NULL);
    struct chat_said s;
    chat_said_init(&s);
    chat_texts_render(t, "hello", "web", NULL, &s);
    check_int("only those without values", s.buttons, 2);
    chat_said_clear(&s);
    chat_texts_free(t);
}

static void faults_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *label, *content, *where, *code;
    } cases[] = {
        { "no text", "[a]\nparams = x\n", "a.ini:1", "no_text" },
        { "unknown key", "[a]\ntext = x\nsay = y\n", "a.ini:3", "unknown_key" },
        { "unknown parameter", "[a]\ntext = {{x}}\n", "a.ini:2", "unknown_param" },
        { "unknown type", "[a]\ntext = x\nparams = x:colour\n", "a.ini:3", "bad_param" },
        { "a button without a target", "[a]\ntext = x\nbutton1 = Bấm\n", "a.ini:3", "bad_button" },
        { "a button that runs something", "[a]\ntext = x\nbutton1 = Bấm | javascript:alert(1)\n", "a.ini:3",
          "bad_button" },
        { "twice the same", "[a]\ntext = x\n[a]\ntext = y\n", "a.ini:3", "bad_section" },
        { "a line of nothing", "[a]\ntext = x\nwhat\n", "a.ini:3", "bad_line" },
        { "before any section", "text = x\n", "a.ini:1", "bad_line" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errors *err = errors_new();
        struct chat_texts *t = load(cases[i].content, err);
        check_true(cases[i].label, t == NULL && err->count > 0);
        check_str(cases[i].label, strrchr(err->item[0].pointer, '/') + 1, cases[i].where);
        check_str(cases[i].label, err->item[0].code, cases[i].code);
        errors_free(err);
    }
}

static void six_buttons_are_too_many(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1000);
    struct errors *err = errors_new();
    buf_str(&b, "[a]\ntext = x\n");
    for (int i = 1; i <= 6; i++)
        buf_printf(&b, "button%d = Nút | #a\n", i);
    check_true("refused", load(buf_cstr(&b), err) == NULL);
    check_str("code", err->item[0].code, "bad_button");
    errors_free(err);
    buf_clear(&b);
}

/* The ids of turn_say(t, "id", …) in a source; they must be there. */
static unsigned check_ids(const struct chat_texts *t, const char *source)
{
    static const char call[] = "turn_say(t, \"";
    unsigned seen = 0;
    for (const char *at = source; (at = strstr(at, call)) != NULL; seen++) {
        char id[64];
        at += sizeof call - 1;
        snprintf(id, sizeof id, "%.*s", (int)strcspn(at, "\""), at);
        check_true(id, chat_texts_has(t, id));
    }
    return seen;
}

static void every_text_the_program_says_is_there(void **state)
{
    (void)state;
    struct chat_texts *t = NULL;
    struct errors *err = errors_new();
    glob_t found;
    unsigned seen = 0;
    enum loa_status st = chat_texts_load(check_path("templates/chat"), err, &t);
    check_str("the delivered texts have no faults", err->count > 0 ? err->item[0].pointer : "", "");
    check_int("they load", st, LOA_OK);
    check_int("sources", glob(check_path("bot/chat/*.c"), 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct buf source = BUF_INIT(1 << 20);
        buf_read_file(&source, found.gl_pathv[i]);
        seen += check_ids(t, buf_cstr(&source));
        buf_clear(&source);
    }
    check_true("some are said", seen > 20);
    globfree(&found);
    chat_texts_free(t);
    errors_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_rendered_by_channel),
        cmocka_unit_test(a_button_with_an_absent_value_is_left_out),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(six_buttons_are_too_many),
        cmocka_unit_test(every_text_the_program_says_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
