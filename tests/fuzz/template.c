/*
 * A text as somebody may write it: compiled in every form, rendered with a few values, and run through the
 * markup. Nothing may crash, and what compiles must render.
 */
#include "loa/template.h"
#include "loa/template_markup.h"
#include "loa/template_parse.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char name_code[] = "code", name_due[] = "due", name_fee[] = "fee", name_items[] = "items",
            name_link[] = "link", name_owner[] = "owner";
static struct param_spec specs[] = {
    { .name = name_code, .type = PARAM_CODE, .always = true },
    { .name = name_due, .type = PARAM_TIME },
    { .name = name_fee, .type = PARAM_MONEY },
    { .name = name_items, .type = PARAM_LINES },
    { .name = name_link, .type = PARAM_LINK },
    { .name = name_owner, .type = PARAM_TEXT },
};
static const struct param_catalog catalog = { .item = specs, .count = sizeof specs / sizeof *specs };

static char piece[] = "<p>[[text]] [[url]] [[label]] [[value]] [[rows]]</p>", path[] = "f",
            text_frame[] = "[[body]]";
static const struct frame frame = {
    .html_path = path,
    .text_path = path,
    .text = text_frame,
    .piece = { piece, piece, piece, piece, piece, piece, piece, piece },
};

static void compile_and_render(const char *text, size_t len, enum text_form form)
{
    struct program g;
    struct params p;
    struct buf out = BUF_INIT(1 << 20);
    char why[160];
    struct parse_input in = { .path = "t", .text = text, .len = len, .form = form, .params = &catalog };

    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        specs[i].hash = params_hash(specs[i].name);
    program_init(&g);
    params_init(&p);
    params_set(&p, "code", "H27-261123-0001");
    params_set(&p, "due", "1795599000000");
    params_set(&p, "items", "- Đơn <a>\n\nBản sao");
    params_set(&p, "owner", "Nguyễn Thị Hoàng Anh");
    if (program_parse(&g, &in) == LOA_OK && program_render(&g, &p, form, &out, why, sizeof why) != LOA_OK)
        abort();
    params_clear(&p);
    program_clear(&g);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct markup m;
    char *text = strndup((const char *)data, size);
    size_t len = strlen(text);

    for (int form = FORM_PLAIN; form <= FORM_HTML; form++)
        compile_and_render(text, len, (enum text_form)form);
    if (markup_read("t", text, &frame, NULL, &m) == LOA_OK) {
        compile_and_render(buf_cstr(&m.plain), m.plain.len, FORM_PLAIN);
        compile_and_render(buf_cstr(&m.html), m.html.len, FORM_HTML);
        markup_clear(&m);
    }
    free(text);
    return 0;
}
