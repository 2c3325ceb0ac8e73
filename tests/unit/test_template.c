/* The shipped texts render within the limits of each way, with all parameters and with the fewest; wrong
 * files are refused at the right line. */
#include "check.h"
#include "loa/json.h"
#include "loa/sms_text.h"
#include "loa/template.h"
#include "loa/template_set.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct template_set *load(const char *dir, struct errors *err, enum loa_status want)
{
    struct template_set *s = NULL;

    enum loa_status st = template_set_load(dir, err, &s);
    if (st != want)
        for (unsigned i = 0; i < err->count; i++)
            printf("%s: %s\n", err->item[i].pointer, err->item[i].detail);
    check_int(dir, st, want);
    return s;
}

static struct template_set *shipped(void)
{
    struct errors *err = errors_new();
    struct template_set *s = load(check_path("templates/messages"), err, LOA_OK);
    errors_free(err);
    return s;
}

static const char *const kinds[] = { "submitted", "accepted",    "refused",  "processing", "supplement",
                                     "payment",   "withdrawn",   "stopped",  "ready",      "returned",
                                     "apology",   "due_changed", "reopened", "test" };
#define KINDS (sizeof kinds / sizeof *kinds)

/* Sets the parameters of `which`, and "name=value" more. */
static void example(const struct template_set *s, enum example which, struct params *p)
{
    params_init(p);
    template_example(s, which, p);
}

static void check_clean(const char *label, const struct buf *b)
{
    struct buf nfc = BUF_INIT(1 << 20);

    text_nfc(&nfc, buf_cstr(b), b->len);
    check_str(label, buf_cstr(b), buf_cstr(&nfc));
    check_true(label, strstr(buf_cstr(b), "{{") == NULL && strstr(buf_cstr(b), "}}") == NULL);
    check_true(label, strstr(buf_cstr(b), "[[") == NULL);
    buf_clear(&nfc);
}

static void check_text(const char *label, enum way way, const struct text *t)
{
    struct sms_size size;
    cJSON *tree = NULL;

    check_clean(label, &t->body);
    check_clean(label, &t->subject);
    check_clean(label, &t->html);
    check_true(label,
               strstr(buf_cstr(&t->body), "\n\n\n") == NULL && strstr(buf_cstr(&t->body), "\n ") == NULL);
    check_int(label, (long long)strlen(t->version), 12);
    switch (way) {
    case WAY_SMS:
        check_true(label, sms_measure(buf_cstr(&t->body), t->body.len, &size));
        check_true(label, !size.ucs2 && size.parts == t->sms_parts && size.parts >= 1 && size.parts <= 3);
        check_true(label,
                   strstr(buf_cstr(&t->body), "  ") == NULL && strchr(buf_cstr(&t->body), '\n') == NULL);
        break;
    case WAY_ZALO_CS:
        check_true(label, text_length(buf_cstr(&t->body), t->body.len) <= 2000);
        break;
    case WAY_EMAIL:
        check_true(label, strstr(buf_cstr(&t->html), "<html lang=\"vi\">") != NULL);
        check_true(label, t->html.len < 100000);
        /* fall through */
    case WAY_PORTAL:
        check_true(label, t->subject.len > 0 && text_length(buf_cstr(&t->subject), t->subject.len) <= 120);
        break;
    default:
        check_true(label, t->template_id[0] != '\0');
        check_int(label, json_parse(buf_cstr(&t->data), t->data.len, &tree, NULL, 0), LOA_OK);
        check_true(label, cJSON_IsObject(tree));
        cJSON_Delete(tree);
    }
}

static void test_every_text(void **state)
{
    static const char *const variants[][3] = {
        { NULL }, { "post", NULL }, { "electronic", "online", NULL }, { "no_such", NULL }
    };
    struct template_set *s = shipped();
    struct text t;
    char label[100], why[160];
    (void)state;

    text_message_init(&t);
    for (int which = EXAMPLE_FULL; which <= EXAMPLE_LONGEST; which++)
        for (size_t k = 0; k < KINDS; k++)
            for (int way = 0; way < WAY_COUNT; way++)
                for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
                    struct render_options opt = { .variants = variants[v] };
                    struct params p;
                    example(s, (enum example)which, &p);
                    snprintf(label, sizeof label, "%s %s %d %zu", kinds[k], way_word((enum way)way), which,
                             v);
                    why[0] = '\0';
                    enum loa_status st =
                        template_render(s, kinds[k], (enum way)way, &opt, &p, &t, why, sizeof why);
                    bool zbs = way == WAY_ZALO_UID || way == WAY_ZALO_ZBS;
                    if (!(zbs && which == EXAMPLE_MINIMAL && st == LOA_INVALID)) {
                        check_str(label, why, "");
                        check_int(label, st, LOA_OK);
                        check_text(label, (enum way)way, &t);
                    }
                    params_clear(&p);
                }
    text_message_clear(&t);
    template_set_free(s);
}

/* A text in one string, for looking for words. */
static void render_all(const struct template_set *s, const char *kind, const char *const *variants,
                       const struct params *p, enum way way, struct buf *out)
{
    struct render_options opt = { .variants = variants };
    struct text t;
    char why[160];

    text_message_init(&t);
    check_int(kind, template_render(s, kind, way, &opt, p, &t, why, sizeof why), LOA_OK);
    buf_reset(out);
    buf_str(out, buf_cstr(&t.subject));
    buf_str(out, buf_cstr(&t.body));
    buf_str(out, buf_cstr(&t.html));
    buf_str(out, buf_cstr(&t.data));
    text_message_clear(&t);
}

/* What each text must say on the ways that have room for it (duties of the receipt, supplement, payment …
 * slips). */
static void test_must_say(void **state)
{
    static const struct {
        const char *kind, *variant, *want;
    } cases[] = {
        { "submitted", NULL, "08 giờ làm việc" },
        { "submitted", NULL, "chưa phải là giấy tiếp nhận" },
        { "accepted", NULL, "Cấp đổi Giấy chứng nhận quyền sử dụng đất" },
        { "accepted", NULL, "Trần Văn Bình" },
        { "accepted", NULL, "08:15 ngày 23/11/2026" },
        { "accepted", NULL, "16:30 ngày 07/12/2026" },
        { "accepted", NULL, "Trung tâm Phục vụ hành chính công tỉnh Hà Tĩnh" },
        { "accepted", NULL, "Sở Nông nghiệp và Môi trường" },
        { "refused", NULL, "Cần xác minh thêm ranh giới thửa đất tại thực địa" },
        { "refused", NULL, "Nộp lại kèm biên bản xác định ranh giới" },
        { "refused", NULL, "khiếu nại" },
        { "processing", NULL, "Sở Nông nghiệp và Môi trường" },
        { "processing", NULL, "Trung tâm Phục vụ hành chính công" },
        { "supplement", NULL, "chỉ yêu cầu bổ sung một lần" },
        { "supplement", NULL, "Trích lục bản đồ địa chính" },
        { "supplement", NULL, "01/12/2026" },
        { "supplement", NULL, "Cần xác minh thêm ranh giới" },
        { "payment", NULL, "150.000 đồng" },
        { "payment", NULL, "một trăm năm mươi nghìn đồng" },
        { "payment", NULL, "Phí thẩm định hồ sơ" },
        { "payment", NULL, "dvc-thanh-toan-truc-tuyen" },
        { "withdrawn", NULL, "yêu cầu của người nộp" },
        { "stopped", NULL, "Cần xác minh thêm ranh giới" },
        { "stopped", NULL, "khiếu nại" },
        { "ready", NULL, "7:30 - 11:30" },
        { "ready", NULL, "sớm 3 ngày" },
        { "ready", NULL, "giá trị pháp lý" },
        { "ready", "post", "bưu chính công ích" },
        { "ready", "post", "EH123456789VN" },
        { "ready", "electronic", "giá trị pháp lý" },
        { "returned", NULL, "https://loa.hatinh.gov.vn/s/k3n8w2" },
        { "apology", NULL, "xin lỗi" },
        { "apology", NULL, "16:30 ngày 30/11/2026" },
        { "apology", NULL, "16:30 ngày 07/12/2026" },
        { "apology", NULL, "Lê Thị Minh" },
        { "due_changed", NULL, "16:30 ngày 07/12/2026" },
        { "reopened", NULL, "chưa đi nhận" },
    };
    static const enum way roomy[] = { WAY_ZALO_CS, WAY_EMAIL, WAY_PORTAL };
    struct template_set *s = shipped();
    struct buf all = BUF_INIT(1 << 20);
    struct params p;
    char label[200];
    (void)state;

    example(s, EXAMPLE_FULL, &p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t w = 0; w < sizeof roomy / sizeof *roomy; w++) {
            const char *variants[] = { cases[i].variant, NULL };
            render_all(s, cases[i].kind, variants, &p, roomy[w], &all);
            snprintf(label, sizeof label, "%s by %s says \"%s\"", cases[i].kind, way_word(roomy[w]),
                     cases[i].want);
            check_true(label, strstr(buf_cstr(&all), cases[i].want) != NULL);
            check_true("the code", strstr(buf_cstr(&all), "000.00.00.H27-261123-0001") != NULL);
        }
    params_clear(&p);
    buf_clear(&all);
    template_set_free(s);
}

/* A result by post never sends anybody to a desk, whatever is known about desks. */
static void test_post_never_says_desk(void **state)
{
    static const char *const forbidden[] = { "nhận tại", "Nhan tai",  "nhan tai",    "Nơi nhận",
                                             "Nơi trả",  "trực tiếp", "Khi đến nhận" };
    static const char *const post[] = { "post", NULL };
    struct template_set *s = shipped();
    struct buf all = BUF_INIT(1 << 20);
    struct params p;
    char label[200];
    (void)state;

    example(s, EXAMPLE_FULL, &p);
    params_set(&p, "post", "1");
    for (size_t k = 0; k < KINDS; k++)
        for (int way = 0; way < WAY_COUNT; way++) {
            render_all(s, kinds[k], post, &p, (enum way)way, &all);
            for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
                snprintf(label, sizeof label, "%s by %s does not say \"%s\"", kinds[k],
                         way_word((enum way)way), forbidden[i]);
                check_true(label, strstr(buf_cstr(&all), forbidden[i]) == NULL);
            }
            check_true("nor speaks of the desk", strstr(buf_cstr(&all), "tại quầy") == NULL);
        }
    params_clear(&p);
    buf_clear(&all);
    template_set_free(s);
}

static void test_personal_data(void **state)
{
    struct template_set *s = shipped();
    struct buf all = BUF_INIT(1 << 20);
    struct params p;
    (void)state;

    example(s, EXAMPLE_FULL, &p);
    for (size_t k = 0; k < KINDS; k++) {
        render_all(s, kinds[k], NULL, &p, WAY_SMS, &all);
        check_true("an SMS names no citizen", strstr(buf_cstr(&all), "Hoang Anh") == NULL);
        render_all(s, kinds[k], NULL, &p, WAY_ZALO_ZBS, &all);
        check_true("a ZBS message masks the name", strstr(buf_cstr(&all), "Hoàng Anh") == NULL);
    }
    params_set(&p, "organisation", "1");
    params_set(&p, "owner", "Công ty TNHH Sao Mai");
    params_set(&p, "recipient", "Công ty TNHH Sao Mai");
    render_all(s, "accepted", NULL, &p, WAY_ZALO_ZBS, &all);
    check_true("an organisation is named",
               strstr(buf_cstr(&all), "\"ho_ten\":\"Công ty TNHH Sao Mai\"") != NULL);
    render_all(s, "accepted", NULL, &p, WAY_ZALO_CS, &all);
    check_true("and greeted so", strstr(buf_cstr(&all), "Kính gửi Công ty TNHH Sao Mai,") != NULL);
    params_clear(&p);
    buf_clear(&all);
    template_set_free(s);
}

static void test_escaping(void **state)
{
    struct template_set *s = shipped();
    struct params p;
    struct text t;
    char why[160];
    (void)state;

    text_message_init(&t);
    example(s, EXAMPLE_FULL, &p);
    params_set(&p, "procedure", "A <b>\"x\"</b> & 'y' \\ {{code}} [z](javascript:1)");
    params_set(&p, "items", "<script>alert(1)</script>\n- two");
    check_int("email", template_render(s, "supplement", WAY_EMAIL, NULL, &p, &t, why, sizeof why), LOA_OK);
    check_true("HTML escapes", strstr(buf_cstr(&t.html), "A &lt;b&gt;&quot;x&quot;&lt;/b&gt; &amp;") != NULL);
    check_true("no tag of a value", strstr(buf_cstr(&t.html), "<script>") == NULL);
    check_true("a list item each", strstr(buf_cstr(&t.html), "<li>two</li>") != NULL);
    check_true("no link of a value", strstr(buf_cstr(&t.html), "href=\"javascript") == NULL);
    check_true("plain stays plain", strstr(buf_cstr(&t.body), "A <b>\"x\"</b> & 'y' \\ {{code}}") != NULL);
    check_int("zbs", template_render(s, "supplement", WAY_ZALO_ZBS, NULL, &p, &t, why, sizeof why), LOA_OK);
    check_true("JSON escapes", strstr(buf_cstr(&t.data), "A <b>\\\"x\\\"</b> & 'y' \\\\ {{code}}") != NULL);
    params_set(&p, "procedure", "Nhà 😀 ở");
    check_int("sms", template_render(s, "accepted", WAY_SMS, NULL, &p, &t, why, sizeof why), LOA_OK);
    check_true("what GSM lacks becomes ?", strstr(buf_cstr(&t.body), "Nha ? o") != NULL);
    params_set(&p, "link", "javascript:alert(1)");
    check_int("a link is a link", template_render(s, "accepted", WAY_EMAIL, NULL, &p, &t, why, sizeof why),
              LOA_INVALID);
    check_str("and why", why, "link: not a link");
    params_clear(&p);
    text_message_clear(&t);
    template_set_free(s);
}

static void test_refusals(void **state)
{
    struct template_set *s = shipped();
    struct params p;
    struct text t;
    char why[160] = "";
    (void)state;

    text_message_init(&t);
    example(s, EXAMPLE_MINIMAL, &p);
    check_int("unknown kind", template_render(s, "nothing", WAY_SMS, NULL, &p, &t, why, sizeof why),
              LOA_NOT_FOUND);
    check_int("no amount, no ZBS", template_render(s, "payment", WAY_ZALO_ZBS, NULL, &p, &t, why, sizeof why),
              LOA_INVALID);
    check_str("names the parameter", why, "so_tien: empty");
    check_true("known kinds", template_kind_known(s, "ready") && !template_kind_known(s, "_frame"));
    check_true("has", template_has(s, "ready", WAY_ZALO_UID) && !template_has(s, "nothing", WAY_SMS));
    check_int("an e-mail that may be unsubscribed from says so",
              template_render(s, "test", WAY_EMAIL, NULL, &p, &t, why, sizeof why), LOA_OK);
    check_true("not without a link", !t.optional && t.unsubscribe_url[0] == '\0');
    params_set(&p, "unsubscribe_link", "https://x.gov.vn/u/1");
    check_int("again", template_render(s, "test", WAY_EMAIL, NULL, &p, &t, why, sizeof why), LOA_OK);
    check_true("with one", t.optional && strcmp(t.unsubscribe_url, "https://x.gov.vn/u/1") == 0);
    params_clear(&p);
    text_message_clear(&t);
    template_set_free(s);
}

static void test_params_from_outside(void **state)
{
    struct template_set *s = shipped();
    struct errors *err = errors_new();
    struct params p;
    (void)state;

    params_init(&p);
    params_set(&p, "code", "H27-261123-0001");
    params_set(&p, "due", "1795599000000");
    check_true("known and well written", template_check_params(s, &p, "/params", err) && err->count == 0);
    params_set(&p, "due", "25/11/2026");
    params_set(&p, "ower", "A");
    check_true("not so", !template_check_params(s, &p, "/params", err));
    check_int("both", err->count, 2);
    check_str("pointer", err->item[0].pointer, "/params/due");
    check_str("code", err->item[0].code, "bad_value");
    check_str("nearest", err->item[1].detail, "unknown parameter, did you mean \"owner\"?");
    params_clear(&p);
    errors_free(err);
    template_set_free(s);
}

static void test_diacritics_kept(void **state)
{
    struct template_set *s = shipped();
    struct render_options keep = { .sms_keep_marks = true };
    struct params p;
    struct text t;
    char why[160];
    (void)state;

    text_message_init(&t);
    example(s, EXAMPLE_MINIMAL, &p);
    template_render(s, "test", WAY_SMS, &keep, &p, &t, why, sizeof why);
    check_true("kept where they fit", strstr(buf_cstr(&t.body), "đây là tin thử") != NULL);
    params_clear(&p);
    example(s, EXAMPLE_LONGEST, &p);
    template_render(s, "accepted", WAY_SMS, &keep, &p, &t, why, sizeof why);
    check_true("dropped where they do not", strstr(buf_cstr(&t.body), "da tiep nhan") != NULL);
    params_clear(&p);
    text_message_clear(&t);
    template_set_free(s);
}

/* ---- wrong files: a folder with a kind of one file, the frame and the parameters of the shipped one ---- */

static void put_file(const char *dir, const char *name, const char *content)
{
    char path[800];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static void copy_shipped(const char *dir, const char *name)
{
    struct buf b = BUF_INIT(1 << 20);
    char from[512];

    snprintf(from, sizeof from, "templates/messages/%s", name);
    assert_int_equal(buf_read_file(&b, check_path(from)), LOA_OK);
    put_file(dir, name, buf_cstr(&b));
    buf_clear(&b);
}

static const char *folder_with(const char *name, const char *content)
{
    static char dir[512];
    static int number;
    char kind[600];

    snprintf(dir, sizeof dir, "%s/messages%d", check_tmpdir(), number++);
    snprintf(kind, sizeof kind, "%s/ready", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(mkdir(kind, 0700), 0);
    copy_shipped(dir, "_params.tsv");
    copy_shipped(dir, "_frame.html");
    copy_shipped(dir, "_frame.txt");
    put_file(kind, "sms.txt", "x");
    put_file(dir, name, content);
    return dir;
}

#define ZBS(params, paragraphs, rows, buttons)                                                               \
    "{\"template_id\":\"1\",\n\"title\":\"Một tiêu đề\",\n\"tag\":\"1\",\n\"params\":[" params               \
    "],\n\"paragraphs\":[" paragraphs "],\n\"rows\":[" rows "],\n\"buttons\":[" buttons "]}"
#define CODE_PARAM "{\"name\":\"ma\",\"type\":4,\"max_length\":30,\"value\":\"{{code|cut:30}}\"}"
#define ROWS       "{\"label\":\"Mã hồ sơ\",\"value\":\"<ma>\"},{\"label\":\"Nơi nộp\",\"value\":\"abc\"}"

static void test_faults(void **state)
{
    static const struct {
        const char *label, *file, *content, *place, *code;
    } cases[] = {
        { "bad name", "ready/telegram.txt", "x", "ready/telegram.txt", "bad_name" },
        { "bad variant", "ready/sms.Post.txt", "x", "ready/sms.Post.txt", "bad_name" },
        { "fault in an SMS", "ready/sms.txt", "a\n{{cod}}", "ready/sms.txt:2", "unknown_param" },
        { "fault in a comment's neighbour", "ready/sms.txt", "# x\n\n{{code", "ready/sms.txt:3",
          "unclosed_tag" },
        { "no subject", "ready/portal.txt", "text", "ready/portal.txt:1", "subject" },
        { "subject where none belongs", "ready/zalo_text.txt", "Subject: x\ny", "ready/zalo_text.txt:1",
          "subject" },
        { "fault in a subject", "ready/portal.txt", "# c\nSubject: {{reason}}\nx", "ready/portal.txt:2",
          "unguarded" },
        { "no preheader", "ready/email.txt", "Subject: x\n\ny", "ready/email.txt:2", "preheader" },
        { "a name in the preheader", "ready/email.txt", "Subject: x\nPreheader: {{code}}\n\ny",
          "ready/email.txt:2", "preheader" },
        { "fault in an e-mail", "ready/email.txt", "Subject: x\nPreheader: y\n\n| a | {{fee}}\n",
          "ready/email.txt:4", "needs_filter" },
        { "bad row", "ready/portal.txt", "Subject: x\n\n| a\n", "ready/portal.txt:3", "bad_row" },
        { "bad button", "ready/portal.txt", "Subject: x\n\n> a\n", "ready/portal.txt:3", "bad_button" },
        { "an empty button", "ready/portal.txt", "Subject: x\n\n> \n", "ready/portal.txt:3", "bad_button" },
        { "a button in a part", "ready/portal.txt", "Subject: x\n\n{{?due}}> [a]({{link}}){{/due}}\n",
          "ready/portal.txt:3", "bad_button" },
        { "fault in a button", "ready/portal.txt", "Subject: x\n\n> [a]({{lnik}})\n", "ready/portal.txt:3",
          "unknown_param" },
        { "part over lines", "ready/portal.txt", "Subject: x\n\n{{?due}}a\nb{{/due}}\n", "ready/portal.txt:3",
          "part_over_lines" },
        { "SMS too long", "ready/sms.txt",
          "{{code}} {{?reason}}{{reason}}{{/reason}} {{?items}}{{items|join}}{{/items}}", "ready/sms.txt",
          "over_limit" },
        { "bad JSON", "ready/zalo_template.json", "{", "ready/zalo_template.json:1", "bad_json" },
        { "ZBS fine", "ready/zalo_template.json", ZBS(CODE_PARAM, "\"Một đoạn văn\"", ROWS, ""), NULL, NULL },
        { "ZBS unknown placeholder", "ready/zalo_template.json",
          ZBS(CODE_PARAM, "\"Một đoạn <x>\"", ROWS, ""), "ready/zalo_template.json:5", "bad_zbs" },
        { "ZBS parameter used nowhere", "ready/zalo_template.json",
          ZBS(CODE_PARAM ",\n{\"name\":\"ten\",\"type\":1,\"max_length\":30,\"value\":\"x\"}",
              "\"Một đoạn văn\"", ROWS, ""),
          "ready/zalo_template.json:5", "bad_zbs" },
        { "ZBS limit over the type's", "ready/zalo_template.json",
          ZBS("{\"name\":\"ma\",\"type\":4,\"max_length\":31,\"value\":\"{{code}}\"}", "\"Một đoạn văn\"",
              ROWS, ""),
          "ready/zalo_template.json:4", "bad_zbs" },
        { "ZBS value without a limit", "ready/zalo_template.json",
          ZBS("{\"name\":\"ma\",\"type\":4,\"max_length\":30,\"value\":\"{{procedure}}\"}",
              "\"Một đoạn văn\"", ROWS, ""),
          "ready/zalo_template.json", "over_limit" },
        { "ZBS fault in a value", "ready/zalo_template.json",
          ZBS("{\"name\":\"ma\",\"type\":4,\"max_length\":30,\"value\":\"{{cod}}\"}", "\"Một đoạn văn\"",
              ROWS, ""),
          "ready/zalo_template.json:4", "unknown_param" },
        { "ZBS date written otherwise", "ready/zalo_template.json",
          ZBS("{\"name\":\"ma\",\"type\":11,\"max_length\":20,\"value\":\"ngày {{happened_at|date}}\"}",
              "\"Một đoạn văn\"", ROWS, ""),
          "ready/zalo_template.json", "over_limit" },
        { "ZBS link in a paragraph", "ready/zalo_template.json",
          ZBS(CODE_PARAM, "\"Xem https://x.vn\"", ROWS, ""), "ready/zalo_template.json:5", "bad_zbs" },
        { "ZBS one row", "ready/zalo_template.json",
          ZBS(CODE_PARAM, "\"Một đoạn văn\"", "{\"label\":\"Mã hồ sơ\",\"value\":\"<ma>\"}", ""),
          "ready/zalo_template.json:6", "bad_zbs" },
        { "frame without body", "_frame.txt", "x", "_frame.txt", "bad_frame" },
        { "frame piece unknown", "_frame.html", "<!-- piece: colour -->\n", "_frame.html:1", "bad_frame" },
        { "parameter twice", "_params.tsv", "a\ttext\talways\t9\tx\ty\na\ttext\talways\t9\tx\ty\n",
          "_params.tsv:2", "bad_param" },
        { "parameter of no type", "_params.tsv", "a\tcolour\talways\t9\tx\ty\n", "_params.tsv:1",
          "bad_param" },
        { "example of another type", "_params.tsv", "a\ttime\talways\t-\tx\ttomorrow\n", "_params.tsv:1",
          "bad_param" },
        { "no length", "_params.tsv", "a\ttext\talways\t-\tx\ty\n", "_params.tsv:1", "bad_param" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        const char *dir = folder_with(cases[i].file, cases[i].content);
        struct template_set *s = NULL;
        check_int(cases[i].label, template_set_load(dir, err, &s),
                  cases[i].code != NULL ? LOA_INVALID : LOA_OK);
        if (cases[i].code != NULL) {
            check_true(cases[i].label, err->count > 0 && s == NULL);
            check_str(cases[i].label, err->item[0].pointer + strlen(dir) + 1, cases[i].place);
            check_str(cases[i].label, err->item[0].code, cases[i].code);
        }
        template_set_free(s);
        errors_free(err);
    }
}

static void test_email_structure(void **state)
{
    static const char source[] = "Subject: S & T\nPreheader: P\n\n"
                                 "# a comment\n"
                                 "First {{code}}, see [here]({{link}}).\n"
                                 "{{?reason}}Only with a reason.{{/reason}}\n"
                                 "| A | {{code}}\n"
                                 "{{?fee}}| B | {{fee|money}}{{/fee}}\n"
                                 "= Head\n"
                                 "- one\n"
                                 "- two\n"
                                 "> [Pay]({{pay_link}})\n"
                                 "> [Look]({{link}})\n";
    struct errors *err = errors_new();
    struct template_set *s = load(folder_with("ready/email.txt", source), err, LOA_OK);
    struct params p;
    struct text t;
    char why[160];
    (void)state;

    text_message_init(&t);
    params_init(&p);
    params_set(&p, "code", "H27");
    params_set(&p, "link", "https://a.gov.vn/?x=1&y=2");
    check_int("renders", template_render(s, "ready", WAY_EMAIL, NULL, &p, &t, why, sizeof why), LOA_OK);
    check_str("subject", buf_cstr(&t.subject), "S & T");
    check_true("plain",
               strstr(buf_cstr(&t.body),
                      "First H27, see here (https://a.gov.vn/?x=1&y=2).\nA: H27\nHead\n- one\n- two\n"
                      "Look: https://a.gov.vn/?x=1&y=2\n") != NULL);
    const char *html = buf_cstr(&t.html);
    check_true("title is escaped", strstr(html, "<title>S &amp; T</title>") != NULL);
    check_true("preheader", strstr(html, ">P</div>") != NULL);
    check_true("link", strstr(html, "href=\"https://a.gov.vn/?x=1&amp;y=2\"") != NULL);
    check_true("row", strstr(html, ">A</th>") != NULL && strstr(html, ">B</th>") == NULL);
    check_true("heading", strstr(html, ">Head</h2>") != NULL);
    check_true("list", strstr(html, "<li>one</li>") != NULL && strstr(html, "<li>two</li>\n</ul>") != NULL);
    check_true("a button without a target is left out",
               strstr(html, "Pay") == NULL && strstr(html, ">Look</a>") != NULL);
    check_true("no comment, no mark", strstr(html, "comment") == NULL && strstr(html, "[[") == NULL);
    params_set(&p, "reason", "r");
    params_set(&p, "fee", "5000");
    check_int("renders", template_render(s, "ready", WAY_EMAIL, NULL, &p, &t, why, sizeof why), LOA_OK);
    check_true("parts", strstr(buf_cstr(&t.html), ">Only with a reason.</p>") != NULL &&
                            strstr(buf_cstr(&t.html), ">B</th>") != NULL);
    params_clear(&p);
    text_message_clear(&t);
    template_set_free(s);
    errors_free(err);
}

/* Every element that is opened is closed, in order. */
static void check_balanced(const char *label, const char *html)
{
    char stack[64][16];
    int depth = 0;

    for (const char *p = html; (p = strchr(p, '<')) != NULL; p++) {
        char name[16];
        bool closing = p[1] == '/';
        const char *word = p + 1 + closing;
        size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789");
        snprintf(name, sizeof name, "%.*s", (int)n, word);
        if (n == 0 || strcmp(name, "meta") == 0 || strcmp(name, "br") == 0)
            continue;
        if (!closing) {
            assert_true(depth < 64);
            snprintf(stack[depth++], sizeof *stack, "%s", name);
        } else {
            check_true(label, depth > 0);
            check_str(label, name, stack[--depth]);
        }
    }
    check_int(label, depth, 0);
}

static void test_html_is_balanced(void **state)
{
    struct template_set *s = shipped();
    struct text t;
    char why[160];
    (void)state;

    text_message_init(&t);
    for (size_t k = 0; k < KINDS; k++)
        for (int which = EXAMPLE_FULL; which <= EXAMPLE_LONGEST; which++) {
            struct params p;
            example(s, (enum example)which, &p);
            check_int(kinds[k], template_render(s, kinds[k], WAY_EMAIL, NULL, &p, &t, why, sizeof why),
                      LOA_OK);
            check_balanced(kinds[k], buf_cstr(&t.html));
            params_clear(&p);
        }
    text_message_clear(&t);
    template_set_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_text),
        cmocka_unit_test(test_must_say),
        cmocka_unit_test(test_post_never_says_desk),
        cmocka_unit_test(test_personal_data),
        cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_params_from_outside),
        cmocka_unit_test(test_diacritics_kept),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_email_structure),
        cmocka_unit_test(test_html_is_balanced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
