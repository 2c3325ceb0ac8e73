#include "loa/calendar.h"
#include "loa/template.h"
#include "loa/template_parse.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_ROOM_BYTES (32 * 1024)
#define CUT_BACK_BYTES   24 /* how far back the end of a word is looked for */

/* ---- filters: one text in, one text out ---- */

/* Systems that know only the day write its first or last moment: then the hour is left out. */
static bool is_day_only(const struct local_time *t)
{
    return (t->hour == 0 && t->minute == 0) || (t->hour == 23 && t->minute == 59);
}

static void filter_time(struct buf *out, const char *v, enum filter_kind kind)
{
    int64_t ms = strtoll(v, NULL, 10);
    struct local_time t = local_from_ms(ms);
    char day[16], full[32];

    date_print_vi(ms, day);
    date_print_vi_time(ms, full);
    if (kind == FILTER_DATE || is_day_only(&t))
        buf_str(out, day);
    else if (kind == FILTER_TIME)
        buf_str(out, full);
    else
        buf_printf(out, "%02d:%02d %s", t.hour, t.minute, day);
}

static void filter_join(struct buf *out, const char *v)
{
    for (const char *p = v; *p != '\0'; p++)
        if (*p == '\n')
            buf_str(out, "; ");
        else
            buf_char(out, *p);
}

static void filter_count(struct buf *out, const char *v)
{
    unsigned n = 1;
    for (const char *p = v; *p != '\0'; p++)
        n += *p == '\n' && p[1] != '\0';
    buf_printf(out, "%u", n);
}

/* "https://dichvucong.gov.vn/x?y" -> "dichvucong.gov.vn" */
static void filter_site(struct buf *out, const char *v)
{
    const char *host = strstr(v, "://");
    host = host != NULL ? host + 3 : v;
    buf_add(out, host, strcspn(host, "/?#"));
}

/* Cuts at the end of a word where one is near: half a word reads like a mistake. */
static void filter_cut(struct buf *out, const char *v, unsigned letters)
{
    static const char dots[] = "…";
    size_t from = out->len, len = strlen(v);

    text_truncate(out, v, len, letters);
    if (out->len - from == len)
        return;
    size_t end = out->len - strlen(dots), keep = end;
    if (v[end - from] != ' ') /* inside a word */
        while (keep > from && out->data[keep] != ' ' && end - keep < CUT_BACK_BYTES)
            keep--;
    if (keep == from || (keep < end && out->data[keep] != ' '))
        return;
    while (keep > from && strchr(" ,;:-(", out->data[keep - 1]) != NULL)
        keep--;
    out->len = keep;
    buf_str(out, dots);
}

static void apply_filter(const struct filter *f, const char *v, struct buf *out)
{
    switch (f->kind) {
    case FILTER_DATE:
    case FILTER_TIME:
    case FILTER_STAMP:
        filter_time(out, v, f->kind);
        break;
    case FILTER_MONEY:
        text_money_vnd(out, strtoll(v, NULL, 10));
        break;
    case FILTER_WORDS:
        text_money_words(out, strtoll(v, NULL, 10));
        break;
    case FILTER_MASK:
        text_mask_name(out, v, strlen(v));
        break;
    case FILTER_CUT:
        filter_cut(out, v, f->n);
        break;
    case FILTER_JOIN:
        filter_join(out, v);
        break;
    case FILTER_COUNT:
        filter_count(out, v);
        break;
    case FILTER_SITE:
        filter_site(out, v);
        break;
    case FILTER_NUMBER: /* travels as digits already */
    case FILTER_LIST:   /* put_list() */
    case FILTER_KIND_COUNT:
        buf_str(out, v);
        break;
    }
}

/* ---- writing a value in the form of its channel ---- */

static void put_html(struct buf *out, const char *v)
{
    for (;;) {
        size_t n = strcspn(v, "\n");
        buf_html(out, v, n);
        if (v[n] == '\0')
            return;
        buf_str(out, "<br>");
        v += n + 1;
    }
}

/* Most of a value is ASCII already: only the rest goes the long way. */
static void put_stripped(struct buf *out, const char *v)
{
    for (;;) {
        size_t plain = 0, marked = 0;
        while (v[plain] != '\0' && v[plain] != '`' && (unsigned char)v[plain] < 0x80)
            plain++;
        buf_add(out, v, plain);
        v += plain;
        while ((unsigned char)v[marked] >= 0x80 || v[marked] == '`')
            marked++;
        if (marked == 0)
            return;
        text_strip_marks(out, v, marked);
        v += marked;
    }
}

static void put_one_line(struct buf *out, const char *v, enum text_form form)
{
    size_t from = out->len;

    if (form == FORM_SMS)
        put_stripped(out, v);
    else
        buf_str(out, v);
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '\n')
            out->data[i] = ' ';
}

static void put_list_item(struct buf *out, const char *s, size_t n, enum text_form form)
{
    if (form == FORM_HTML) {
        buf_str(out, "<li>");
        buf_html(out, s, n);
        buf_str(out, "</li>");
    } else {
        buf_str(out, "- ");
        buf_add(out, s, n);
    }
}

/* Lines may come with a dash of their own. */
static void put_list(struct buf *out, const char *v, enum text_form form)
{
    bool first = true;

    while (*v != '\0') {
        size_t n = strcspn(v, "\n"), skip = strspn(v, " -");
        if (skip < n) {
            if (!first && form != FORM_HTML)
                buf_char(out, '\n');
            put_list_item(out, v + skip, n - skip, form);
            first = false;
        }
        v += n + (v[n] == '\n');
    }
}

static void put_value(struct buf *out, const struct segment *s, const char *v, enum text_form form)
{
    bool list = s->filters != 0 && s->filter[s->filters - 1].kind == FILTER_LIST;

    if (list)
        put_list(out, v, form);
    else if (form == FORM_HTML)
        put_html(out, v);
    else if (form == FORM_PLAIN && s->param->type == PARAM_LINES)
        buf_str(out, v);
    else
        put_one_line(out, v, form);
}

static void put_filtered(struct buf *out, const struct segment *s, const char *v, enum text_form form)
{
    struct buf room[2] = { BUF_INIT(VALUE_ROOM_BYTES), BUF_INIT(VALUE_ROOM_BYTES) };

    for (unsigned i = 0; i < s->filters; i++) {
        struct buf *to = &room[i % 2];
        buf_reset(to);
        apply_filter(&s->filter[i], v, to);
        v = buf_cstr(to);
    }
    put_value(out, s, v, form);
    buf_clear(&room[0]);
    buf_clear(&room[1]);
}

enum loa_status program_render(const struct program *g, const struct params *p, enum text_form form,
                               struct buf *out, char *why, size_t why_size)
{
    for (unsigned i = 0; i < g->count; i++) {
        const struct segment *s = &g->segment[i];
        if (s->kind == SEGMENT_TEXT) {
            buf_add(out, buf_cstr(&g->pool) + s->start, s->len);
            continue;
        }
        const char *v = params_get_hashed(p, s->param->name, s->param->hash);
        if (v != NULL && !param_value_ok(s->param->type, v)) {
            snprintf(why, why_size, "%s: not a %s", s->param->name, param_type_word(s->param->type));
            return LOA_INVALID;
        }
        if ((s->kind == SEGMENT_IF && v == NULL) || (s->kind == SEGMENT_UNLESS && v != NULL))
            i = s->end - 1;
        else if (s->kind == SEGMENT_VALUE && v != NULL && s->filters == 0)
            put_value(out, s, v, form);
        else if (s->kind == SEGMENT_VALUE && v != NULL)
            put_filtered(out, s, v, form);
    }
    return LOA_OK;
}
