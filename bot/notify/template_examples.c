#include "loa/template_set.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <string.h>

/* As many letters as the parameter has in life, in lines where it has lines. */
static void longest_text(const struct param_spec *spec, struct buf *out)
{
    static const char *const words[] = { "Đường ", "Nguyễn ", "Hữu ", "Thọ ", "phường ",
                                         "Thành ", "Sen ",    "số ",  "1, " };
    struct buf long_text = BUF_INIT(16384);

    for (unsigned i = 0; text_length(buf_cstr(&long_text), long_text.len) <= spec->max_letters; i++)
        buf_str(&long_text, spec->type == PARAM_LINES && i % 12 == 11 ? "\n" : words[i % 9]);
    text_truncate(out, buf_cstr(&long_text), long_text.len, spec->max_letters);
    buf_clear(&long_text);
}

static void longest_value(const struct param_spec *spec, struct buf *out)
{
    switch (spec->type) {
    case PARAM_TEXT:
    case PARAM_LINES:
        longest_text(spec, out);
        break;
    case PARAM_MONEY:
        buf_str(out, "999999999999");
        break;
    case PARAM_NUMBER:
        buf_str(out, "9999");
        break;
    case PARAM_TIME:
    case PARAM_FLAG:
        buf_str(out, spec->example);
        break;
    default: /* a link, a code: the example, made longer */
        buf_str(out, spec->example);
        while (out->len < spec->max_letters)
            buf_char(out, '8');
    }
}

void template_example(const struct template_set *s, enum example which, struct params *out)
{
    struct buf value = BUF_INIT(16384);

    for (unsigned i = 0; i < s->params.count && out->count < PARAMS_MAX; i++) {
        const struct param_spec *spec = &s->params.item[i];
        if ((which == EXAMPLE_MINIMAL && !spec->always) ||
            (which == EXAMPLE_FULL && spec->type == PARAM_FLAG))
            continue;
        buf_reset(&value);
        if (which == EXAMPLE_LONGEST)
            longest_value(spec, &value);
        params_set(out, spec->name, which == EXAMPLE_LONGEST ? buf_cstr(&value) : spec->example);
    }
    buf_clear(&value);
}

static const enum way first_way[FILE_COUNT] = { WAY_ZALO_CS, WAY_ZALO_ZBS, WAY_SMS, WAY_EMAIL, WAY_PORTAL };

/* With the least there can be, an approved Zalo template may rightly refuse: the next way takes over. */
static bool may_refuse(const struct template *t, enum example which)
{
    return t->file == FILE_ZALO_TEMPLATE && which == EXAMPLE_MINIMAL;
}

static bool check_one(const struct template *t, enum example which, const struct params *p, struct text *text,
                      struct errors *err)
{
    static const char *const words_vi[] = { "ví dụ", "ví dụ đủ mọi phần", "ví dụ ngắn nhất",
                                            "ví dụ dài nhất" };
    static const char *const words_en[] = { "the example", "the example with all parts",
                                            "the shortest example", "the longest example" };
    char why[160] = "", vi[320], en[320];

    if (template_render_one(t, first_way[t->file], false, p, text, why, sizeof why) == LOA_OK ||
        may_refuse(t, which))
        return true;
    snprintf(vi, sizeof vi, "với %s, mẫu vượt giới hạn (%s): rút ngắn, hoặc thêm |cut:N", words_vi[which],
             why);
    snprintf(en, sizeof en, "with %s: %s; shorten it, or add |cut:N", words_en[which], why);
    fault_add(err, t->path, 0, "over_limit", vi, en);
    return false;
}

enum loa_status template_check_examples(const struct template_set *s, struct errors *err)
{
    struct text text;
    bool ok = true;

    text_message_init(&text);
    for (int which = EXAMPLE_FULL; which <= EXAMPLE_LONGEST; which++) {
        struct params p;
        params_init(&p);
        template_example(s, (enum example)which, &p);
        for (unsigned k = 0; k < s->count; k++)
            for (unsigned i = 0; i < s->kind[k].count; i++)
                ok = check_one(&s->kind[k].item[i], (enum example)which, &p, &text, err) && ok;
        params_clear(&p);
    }
    text_message_clear(&text);
    return ok ? LOA_OK : LOA_INVALID;
}

static void print_one(const struct template_kind *k, const struct template *t, const struct params *p,
                      struct buf *out)
{
    struct text text;
    char why[160] = "";

    text_message_init(&text);
    buf_printf(out, "── %s · %s%s%s", k->name, template_file_word(t->file), *t->variant ? " · " : "",
               t->variant);
    if (template_render_one(t, first_way[t->file], false, p, &text, why, sizeof why) != LOA_OK)
        buf_printf(out, "\n(%s)\n", why);
    else if (t->file == FILE_SMS)
        buf_printf(out, " · %u SMS, %zu\n%s\n", text.sms_parts, text.body.len, buf_cstr(&text.body));
    else if (t->file == FILE_ZALO_TEMPLATE)
        buf_printf(out, " · %s\n%s\n", text.template_id, buf_cstr(&text.data));
    else {
        buf_printf(out, "\n%s%s%s%s%s%s\n", text.subject.len ? "[" : "", buf_cstr(&text.subject),
                   text.subject.len ? "]\n" : "", buf_cstr(&text.body), text.data.len ? "\n" : "",
                   buf_cstr(&text.data));
    }
    buf_char(out, '\n');
    text_message_clear(&text);
}

void template_print_examples(const struct template_set *s, struct buf *out)
{
    for (unsigned k = 0; k < s->count; k++)
        for (unsigned i = 0; i < s->kind[k].count; i++) {
            const struct template *t = &s->kind[k].item[i];
            struct params p;
            params_init(&p);
            template_example(s, EXAMPLE_FULL, &p);
            if (param_catalog_find(&s->params, t->variant) != NULL) /* "post" is a variant and a flag */
                params_set(&p, t->variant, "1");
            print_one(&s->kind[k], t, &p, out);
            params_clear(&p);
        }
}
