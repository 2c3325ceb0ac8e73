/* The language of texts: what each construct renders to, and the fault with its line for each mistake. */
#include "check.h"
#include "loa/template.h"
#include "loa/template_parse.h"
#include <stdio.h>
#include <string.h>

static char name_code[] = "code", name_owner[] = "owner", name_due[] = "due", name_fee[] = "fee",
            name_items[] = "items", name_link[] = "link", name_late[] = "late", name_reason[] = "reason";
static struct param_spec specs[] = {
    { .name = name_code, .type = PARAM_CODE, .always = true },
    { .name = name_owner, .type = PARAM_TEXT },
    { .name = name_due, .type = PARAM_TIME },
    { .name = name_fee, .type = PARAM_MONEY },
    { .name = name_items, .type = PARAM_LINES },
    { .name = name_link, .type = PARAM_LINK },
    { .name = name_late, .type = PARAM_FLAG },
    { .name = name_reason, .type = PARAM_TEXT },
};
static const struct param_catalog catalog = { .item = specs, .count = sizeof specs / sizeof *specs };

static void hash_names(void)
{
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        specs[i].hash = params_hash(specs[i].name);
}

static enum loa_status parse(struct program *g, const char *text, enum text_form form, bool bare_ok,
                             struct errors *err)
{
    struct parse_input in = { .path = "t",
                              .text = text,
                              .len = strlen(text),
                              .form = form,
                              .bare_ok = bare_ok,
                              .params = &catalog,
                              .err = err };
    hash_names();
    program_init(g);
    return program_parse(g, &in);
}

/* `values`: "name=value|name=value" */
static void set_params(struct params *p, const char *values)
{
    char copy[2048];

    params_init(p);
    snprintf(copy, sizeof copy, "%s", values);
    for (char *rest = copy, *pair; (pair = strsep(&rest, "|")) != NULL && *pair != '\0';) {
        char *value = strchr(pair, '=');
        *value++ = '\0';
        params_set(p, pair, value);
    }
}

static void check_render(const char *label, const char *text, enum text_form form, const char *values,
                         const char *want)
{
    struct errors *err = errors_new();
    struct program g;
    struct params p;
    struct buf out = BUF_INIT(65536);
    char why[160] = "";

    check_int(label, parse(&g, text, form, true, err), LOA_OK);
    set_params(&p, values);
    check_int(label, program_render(&g, &p, form, &out, why, sizeof why), LOA_OK);
    check_str(label, buf_cstr(&out), want);
    buf_clear(&out);
    params_clear(&p);
    program_clear(&g);
    errors_free(err);
}

/* 2026-11-25 16:30 in Viet Nam */
#define DUE "due=1795599000000"

static void test_render(void **state)
{
    static const struct {
        const char *label, *text, *values, *want;
        enum text_form form;
    } cases[] = {
        { "fixed text", "a b", "", "a b", FORM_PLAIN },
        { "a value", "x {{code}} y", "code=H27", "x H27 y", FORM_PLAIN },
        { "blanks inside a tag", "{{ code }}", "code=H27", "H27", FORM_PLAIN },
        { "an absent value leaves nothing", "[{{owner}}]", "", "[]", FORM_PLAIN },
        { "part kept", "a{{?owner}} b {{owner}}{{/owner}} c", "owner=N", "a b N c", FORM_PLAIN },
        { "part dropped", "a{{?owner}} b {{owner}}{{/owner}} c", "", "a c", FORM_PLAIN },
        { "other part", "{{?due}}x{{/due}}{{!due}}y{{/due}}", "", "y", FORM_PLAIN },
        { "other part not", "{{?due}}x{{/due}}{{!due}}y{{/due}}", DUE, "x", FORM_PLAIN },
        { "nested, outer absent", "{{?owner}}a{{?due}}b{{/due}}c{{/owner}}d", DUE, "d", FORM_PLAIN },
        { "nested, inner absent", "{{?owner}}a{{?due}}b{{/due}}c{{/owner}}d", "owner=N", "acd", FORM_PLAIN },
        { "date", "{{due|date}}", DUE, "25/11/2026", FORM_PLAIN },
        { "time", "{{due|time}}", DUE, "16:30 ngày 25/11/2026", FORM_PLAIN },
        { "stamp", "{{due|stamp}}", DUE, "16:30 25/11/2026", FORM_PLAIN },
        { "money", "{{fee|money}}", "fee=150000", "150.000 đồng", FORM_PLAIN },
        { "words", "{{fee|words}}", "fee=150000", "một trăm năm mươi nghìn đồng", FORM_PLAIN },
        { "number", "{{fee|number}}", "fee=150000", "150000", FORM_PLAIN },
        { "mask", "{{owner|mask}}", "owner=Nguyễn Thị Hoàng Anh", "Nguyễn T. H. A***", FORM_PLAIN },
        { "cut", "{{owner|cut:6}}", "owner=Nguyễn Văn", "Nguyễ…", FORM_PLAIN },
        { "cut at the end of a word", "{{reason|cut:12}}", "reason=Giấy ủy quyền, bản sao", "Giấy ủy…",
          FORM_PLAIN },
        { "cut before a comma", "{{reason|cut:16}}", "reason=Giấy ủy quyền, bản sao", "Giấy ủy quyền…",
          FORM_PLAIN },
        { "not cut when it fits", "{{reason|cut:22}}", "reason=Giấy ủy quyền, bản sao",
          "Giấy ủy quyền, bản sao", FORM_PLAIN },
        { "two filters", "{{owner|mask|cut:9}}", "owner=Nguyễn Thị Hoàng Anh", "Nguyễn…", FORM_PLAIN },
        { "site", "{{link|site}}", "link=https://dichvucong.gov.vn/x?a=b", "dichvucong.gov.vn", FORM_PLAIN },
        { "list", "{{items|list}}", "items=Đơn\n- Bản sao\n", "- Đơn\n- Bản sao", FORM_PLAIN },
        { "list in HTML", "{{items|list}}", "items=Đơn <1>\nB", "<li>Đơn &lt;1&gt;</li><li>B</li>",
          FORM_HTML },
        { "join", "{{items|join}}", "items=Đơn\nBản sao", "Đơn; Bản sao", FORM_PLAIN },
        { "count", "{{items|count}}", "items=a\nb\nc", "3", FORM_PLAIN },
        { "HTML escapes values, not the text", "<b>{{owner}}</b>", "owner=<a href='x'>&",
          "<b>&lt;a href=&#39;x&#39;&gt;&amp;</b>", FORM_HTML },
        { "HTML keeps line ends", "{{items}}", "items=a\nb", "a<br>b", FORM_HTML },
        { "SMS strips text and values", "Kính gửi {{owner}}, đến", "owner=Đỗ Ước", "Kinh gui Do Uoc, den",
          FORM_SMS },
        { "a text of hidden signs alone is no SMS", "\xd8\x9c", "", "", FORM_SMS },
        { "SMS joins lines", "a\nb", "", "a b", FORM_SMS },
        { "a value cannot bring a line into a line", "{{owner}}!", "owner=a\nb", "a b!", FORM_PLAIN },
        { "a value cannot bring a tag", "{{owner}}", "owner={{code}}", "{{code}}", FORM_PLAIN },
        { "comment lines vanish", "# one\na\n# two\nb\n", "", "a\nb\n", FORM_PLAIN },
        { "a sign inside a line is no comment", "a #1\n", "", "a #1\n", FORM_PLAIN },
        { "a line of its own goes with its part", "a\n{{?owner}}b{{/owner}}\nc\n", "", "a\nc\n", FORM_PLAIN },
        { "and stays with it", "a\n{{?owner}}b{{/owner}}\nc\n", "owner=N", "a\nb\nc\n", FORM_PLAIN },
        { "tags on lines of their own", "a\n{{?owner}}\nb\n{{/owner}}\nc\n", "owner=N", "a\nb\nc\n",
          FORM_PLAIN },
        { "and absent", "a\n{{?owner}}\nb\n{{/owner}}\nc\n", "", "a\nc\n", FORM_PLAIN },
        { "nested tags around a line", "{{?owner}}{{?due}}b{{/due}}{{/owner}}\nc\n", DUE, "c\n", FORM_PLAIN },
        { "single braces are text", "{a} {", "", "{a} {", FORM_PLAIN },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_render(cases[i].label, cases[i].text, cases[i].form, cases[i].values, cases[i].want);
}

static void test_faults(void **state)
{
    static const struct {
        const char *label, *text, *code, *place;
        enum text_form form;
    } cases[] = {
        { "unknown name", "a\n{{cod}}", "unknown_param", "t:2", FORM_PLAIN },
        { "unknown name of a part", "{{?nothing_like_it}}", "unknown_param", "t:1", FORM_PLAIN },
        { "tag not closed", "a\nb\n{{code", "unclosed_tag", "t:3", FORM_PLAIN },
        { "tag over two lines", "{{code\n}}", "unclosed_tag", "t:1", FORM_PLAIN },
        { "part not closed", "\n{{?due}}x\n\n", "unclosed_part", "t:2", FORM_PLAIN },
        { "closing what is not open", "x{{/due}}", "not_open", "t:1", FORM_PLAIN },
        { "crossed parts", "{{?due}}\n{{?owner}}\n{{/due}}\n{{/owner}}{{/due}}", "crossed", "t:3",
          FORM_PLAIN },
        { "unknown filter", "{{code|upper}}", "bad_filter", "t:1", FORM_PLAIN },
        { "filter of another type", "{{code|date}}", "bad_filter", "t:1", FORM_PLAIN },
        { "cut without number", "{{code|cut}}", "bad_filter", "t:1", FORM_PLAIN },
        { "cut with a bad number", "{{code|cut:0}}", "bad_filter", "t:1", FORM_PLAIN },
        { "number where none belongs", "{{?owner}}{{owner|mask:3}}{{/owner}}", "bad_filter", "t:1",
          FORM_PLAIN },
        { "list is last", "{{?items}}{{items|list|cut:3}}{{/items}}", "bad_filter", "t:1", FORM_PLAIN },
        { "too many filters", "{{code|cut:4|cut:3|cut:2|cut:1}}", "bad_filter", "t:1", FORM_PLAIN },
        { "time needs a form", "{{?due}}{{due}}{{/due}}", "needs_filter", "t:1", FORM_PLAIN },
        { "money needs a form", "{{?fee}}{{fee|cut:3}}{{/fee}}", "needs_filter", "t:1", FORM_PLAIN },
        { "lines in an SMS", "{{?items}}{{items}}{{/items}}", "needs_filter", "t:1", FORM_SMS },
        { "may be empty", "{{owner}}", "unguarded", "t:1", FORM_PLAIN },
        { "guarded by another", "{{?due}}{{owner}}{{/due}}", "unguarded", "t:1", FORM_PLAIN },
        { "flag as value", "{{?late}}{{late}}{{/late}}", "bad_flag", "t:1", FORM_PLAIN },
        { "nested too deep", "{{?due}}{{?due}}{{?due}}{{?due}}{{?due}}{{?due}}{{?due}}{{?due}}{{?due}}",
          "too_deep", "t:1", FORM_PLAIN },
        { "comment lines count", "# a\n# b\n{{x_y}}", "unknown_param", "t:3", FORM_PLAIN },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        struct program g;
        check_int(cases[i].label, parse(&g, cases[i].text, cases[i].form, false, err), LOA_INVALID);
        check_true(cases[i].label, err->count > 0);
        check_str(cases[i].label, err->item[0].code, cases[i].code);
        check_str(cases[i].label, err->item[0].pointer, cases[i].place);
        program_clear(&g);
        errors_free(err);
    }
}

static void test_nearest_name(void **state)
{
    struct errors *err = errors_new();
    struct program g;
    (void)state;
    parse(&g, "{{onwer}}", FORM_PLAIN, false, err);
    check_str("nearest", err->item[0].detail, "unknown parameter \"onwer\", did you mean \"owner\"?");
    check_str("nearest vi", err->item[0].detail_vi, "không có tham số \"onwer\", có phải là \"owner\"?");
    program_clear(&g);
    errors_free(err);
}

static void test_values_of_a_wrong_type(void **state)
{
    static const struct {
        const char *text, *values, *why;
    } cases[] = {
        { "{{due|date}}", "due=tomorrow", "due: not a time" },
        { "{{?due}}x{{/due}}", "due=1.5", "due: not a time" },
        { "{{fee|money}}", "fee=-1", "fee: not a money" },
        { "{{link}}", "link=javascript:alert(1)", "link: not a link" },
        { "{{link}}", "link=https://a b", "link: not a link" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program g;
        struct params p;
        struct buf out = BUF_INIT(1000);
        char why[160] = "";
        parse(&g, cases[i].text, FORM_PLAIN, true, NULL);
        set_params(&p, cases[i].values);
        check_int(cases[i].values, program_render(&g, &p, FORM_PLAIN, &out, why, sizeof why), LOA_INVALID);
        check_str(cases[i].values, why, cases[i].why);
        buf_clear(&out);
        params_clear(&p);
        program_clear(&g);
    }
}

static void test_params(void **state)
{
    struct params p;
    struct buf json = BUF_INIT(4096);
    (void)state;

    params_init(&p);
    params_set(&p, "owner", "Nguye\xcc\x82\xcc\x83n\x07 A");
    check_str("composed, without controls", params_get(&p, "owner"), "Nguyễn A");
    params_set(&p, "owner", "B");
    check_int("set twice is one", p.count, 1);
    params_set(&p, "items", "a\r\nb");
    check_str("lines keep their ends", params_get(&p, "items"), "a\nb");
    params_set(&p, "owner", "  ");
    check_str("blank removes", params_get(&p, "owner"), NULL);
    params_set(&p, "owner", "\"q\"");
    params_to_json(&p, &json);
    params_clear(&p);
    check_int("read back", params_from_json(&p, buf_cstr(&json), json.len), LOA_OK);
    check_str("read back a", params_get(&p, "items"), "a\nb");
    check_str("read back b", params_get(&p, "owner"), "\"q\"");
    params_clear(&p);
    check_int("not an object", params_from_json(&p, "[]", 2), LOA_INVALID);
    check_int("not strings", params_from_json(&p, "{\"a\":1}", 7), LOA_INVALID);
    params_clear(&p);
    buf_clear(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render),       cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nearest_name), cmocka_unit_test(test_values_of_a_wrong_type),
        cmocka_unit_test(test_params),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
