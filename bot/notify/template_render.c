#include "loa/sms_text.h"
#include "loa/template_set.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>

#define ZALO_TEXT_MAX_LETTERS 2000
#define ZALO_TITLE_MAX        100
#define SUBJECT_MAX_LETTERS   120
#define SMS_PARTS_ALLOWED     3

/* ---- tidying: what absent parts leave behind ---- */

static void shorten(struct buf *b, size_t len)
{
    b->len = len;
    if (b->data != NULL)
        b->data[len] = '\0';
}

/* Single blanks, none at the ends; a cut text before a full stop does not end in four dots. */
static void tidy_line(struct buf *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->len; i++) {
        bool blank = b->data[i] == ' ' && (kept == 0 || b->data[kept - 1] == ' ');
        bool fourth_dot = b->data[i] == '.' && kept >= 3 && memcmp(b->data + kept - 3, "...", 3) == 0;
        if (!blank && !fourth_dot)
            b->data[kept++] = b->data[i];
    }
    while (kept > 0 && b->data[kept - 1] == ' ')
        kept--;
    shorten(b, kept);
}

/* At most one empty line between paragraphs, none at the ends, no blank at the start of a line. */
static void tidy_paragraphs(struct buf *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->len; i++) {
        bool line_start = kept == 0 || b->data[kept - 1] == '\n';
        bool after_gap = kept == 0 || (kept > 1 && line_start && b->data[kept - 2] == '\n');
        bool dropped = (b->data[i] == '\n' && after_gap) || (b->data[i] == ' ' && line_start);
        if (!dropped)
            b->data[kept++] = b->data[i];
    }
    while (kept > 0 && (b->data[kept - 1] == '\n' || b->data[kept - 1] == ' '))
        kept--;
    shorten(b, kept);
}

/* ---- SMS ---- */

static void replace_letter(struct buf *b, size_t at)
{
    size_t n = 1;

    while (at + n < b->len && ((unsigned char)b->data[at + n] & 0xC0) == 0x80)
        n++;
    b->data[at] = '?';
    memmove(b->data + at + 1, b->data + at + n, b->len - at - n + 1);
    b->len -= n - 1;
}

/* What GSM has no letter for (an emoji in a reason) would double the price of the whole message. */
static bool measure_as_gsm(struct buf *b, struct sms_size *size)
{
    while (sms_measure(buf_cstr(b), b->len, size)) {
        if (!size->ucs2)
            return true;
        replace_letter(b, (size_t)(size->first_bad - b->data));
    }
    return false;
}

static enum loa_status render_sms_form(const struct template *t, const struct params *p, bool marks,
                                       struct text *out, char *why, size_t why_size)
{
    const struct program *program = marks ? &t->body : &t->bare;
    struct sms_size size = { 0 };

    buf_reset(&out->body);
    enum loa_status st = program_render(program, p, marks ? FORM_LINE : FORM_SMS, &out->body, why, why_size);
    if (st != LOA_OK)
        return st;
    tidy_line(&out->body);
    bool measured =
        marks ? sms_measure(buf_cstr(&out->body), out->body.len, &size) : measure_as_gsm(&out->body, &size);
    if (!measured || size.parts == 0 || size.parts > SMS_PARTS_ALLOWED) {
        snprintf(why, why_size, "%u SMS parts, at most %d", size.parts, SMS_PARTS_ALLOWED);
        return LOA_INVALID;
    }
    out->sms_parts = size.parts;
    return LOA_OK;
}

/* With diacritics a part holds 67 letters instead of 153: a text that does not fit goes without them. */
static enum loa_status render_sms(const struct template *t, const struct params *p, bool keep_marks,
                                  struct text *out, char *why, size_t why_size)
{
    if (keep_marks && render_sms_form(t, p, true, out, why, why_size) == LOA_OK)
        return LOA_OK;
    return render_sms_form(t, p, false, out, why, why_size);
}

/* ---- buttons ---- */

static void put_json_member(struct buf *out, const char *name, const struct buf *value)
{
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, buf_cstr(value), value->len);
}

/* Zalo's button types by what the target is. */
static void put_zalo_action(struct buf *out, const struct buf *target)
{
    const char *s = buf_cstr(target);

    if (strncmp(s, "tel:", 4) == 0) {
        buf_str(out, "\"type\":\"oa.open.phone\",\"payload\":{\"phone_code\":");
        buf_json_string(out, s + 4, target->len - 4);
        buf_char(out, '}');
    } else if (*s == '#') {
        buf_str(out, "\"type\":\"oa.query.hide\",");
        put_json_member(out, "payload", target);
    } else {
        buf_str(out, "\"type\":\"oa.open.url\",\"payload\":{");
        put_json_member(out, "url", target);
        buf_char(out, '}');
    }
}

/* A target with an absent parameter goes nowhere. */
static bool target_complete(const struct program *g, const struct params *p)
{
    for (unsigned i = 0; i < g->count; i++)
        if (g->segment[i].kind == SEGMENT_VALUE && params_get(p, g->segment[i].param->name) == NULL)
            return false;
    return true;
}

static enum loa_status put_button(const struct template_button *b, enum way way, const struct params *p,
                                  struct buf *out, char *why, size_t why_size)
{
    struct buf title = BUF_INIT(1024), target = BUF_INIT(2048), cut = BUF_INIT(1024);

    enum loa_status st = program_render(&b->title, p, FORM_LINE, &title, why, why_size);
    if (st == LOA_OK)
        st = program_render(&b->target, p, FORM_LINE, &target, why, why_size);
    if (st == LOA_OK) {
        text_truncate(&cut, buf_cstr(&title), title.len, ZALO_TITLE_MAX);
        buf_str(out, out->len > 1 ? ",{" : "{");
        put_json_member(out, "title", &cut);
        buf_char(out, ',');
        if (way == WAY_ZALO_CS)
            put_zalo_action(out, &target);
        else
            put_json_member(out, "url", &target);
        buf_char(out, '}');
    }
    buf_clear(&title);
    buf_clear(&target);
    buf_clear(&cut);
    return st;
}

static enum loa_status render_buttons(const struct template *t, enum way way, const struct params *p,
                                      struct text *out, char *why, size_t why_size)
{
    enum loa_status st = LOA_OK;

    buf_char(&out->data, '[');
    for (unsigned i = 0; i < t->buttons && st == LOA_OK; i++)
        if (target_complete(&t->button[i].target, p))
            st = put_button(&t->button[i], way, p, &out->data, why, why_size);
    buf_char(&out->data, ']');
    if (out->data.len == 2)
        buf_reset(&out->data);
    return st;
}

/* ---- texts with paragraphs ---- */

static enum loa_status render_subject(const struct template *t, const struct params *p, struct text *out,
                                      char *why, size_t why_size)
{
    struct buf full = BUF_INIT(64 * 1024);

    enum loa_status st = program_render(&t->subject, p, FORM_LINE, &full, why, why_size);
    if (st == LOA_OK) {
        tidy_line(&full);
        text_truncate(&out->subject, buf_cstr(&full), full.len, SUBJECT_MAX_LETTERS);
    }
    buf_clear(&full);
    return st;
}

static enum loa_status render_document(const struct template *t, enum way way, const struct params *p,
                                       struct text *out, char *why, size_t why_size)
{
    enum loa_status st = render_subject(t, p, out, why, why_size);
    if (st == LOA_OK)
        st = program_render(&t->body, p, FORM_PLAIN, &out->body, why, why_size);
    if (st == LOA_OK)
        tidy_paragraphs(&out->body);
    if (st == LOA_OK && t->html.count != 0)
        st = program_render(&t->html, p, FORM_HTML, &out->html, why, why_size);
    if (st == LOA_OK && t->buttons != 0)
        st = render_buttons(t, way, p, out, why, why_size);
    if (st == LOA_OK && way == WAY_ZALO_CS &&
        text_length(buf_cstr(&out->body), out->body.len) > ZALO_TEXT_MAX_LETTERS) {
        snprintf(why, why_size, "more than %d letters", ZALO_TEXT_MAX_LETTERS);
        st = LOA_INVALID;
    }
    return st;
}

static enum loa_status render_zbs(const struct template *t, const struct params *p, struct text *out,
                                  char *why, size_t why_size)
{
    snprintf(out->template_id, sizeof out->template_id, "%s", t->zbs->id);
    return zbs_template_render(t->zbs, p, &out->data, why, why_size);
}

static void mark_optional(const struct params *p, struct text *out)
{
    const char *link = params_get(p, "unsubscribe_link");

    out->optional = link != NULL;
    snprintf(out->unsubscribe_url, sizeof out->unsubscribe_url, "%s", link != NULL ? link : "");
}

enum loa_status template_render_one(const struct template *t, enum way way, bool sms_keep_marks,
                                    const struct params *p, struct text *out, char *why, size_t why_size)
{
    enum loa_status st;

    buf_reset(&out->subject);
    buf_reset(&out->body);
    buf_reset(&out->html);
    buf_reset(&out->data);
    out->template_id[0] = '\0';
    out->sms_parts = 0;
    memcpy(out->version, t->version, sizeof out->version);
    mark_optional(p, out);
    if (t->file == FILE_SMS)
        st = render_sms(t, p, sms_keep_marks, out, why, why_size);
    else if (t->file == FILE_ZALO_TEMPLATE)
        st = render_zbs(t, p, out, why, why_size);
    else
        st = render_document(t, way, p, out, why, why_size);
    bool fits = buf_ok(&out->subject) && buf_ok(&out->body) && buf_ok(&out->html) && buf_ok(&out->data);
    if (st == LOA_OK && !fits) {
        snprintf(why, why_size, "the text is too long");
        st = LOA_INVALID;
    }
    return st;
}

/* ---- choosing ---- */

static const struct template_kind *find_kind(const struct template_set *s, const char *kind)
{
    unsigned low = 0, high = s->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = strcmp(kind, s->kind[middle].name);
        if (order == 0)
            return &s->kind[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct template *find_variant(const struct template_kind *k, enum template_file file,
                                           const char *variant)
{
    for (unsigned i = 0; i < k->count; i++)
        if (k->item[i].file == file && strcmp(k->item[i].variant, variant) == 0)
            return &k->item[i];
    return NULL;
}

const struct template *template_find(const struct template_set *s, const char *kind, enum template_file file,
                                     const char *const *variants)
{
    const struct template_kind *k = find_kind(s, kind);

    if (k == NULL)
        return NULL;
    for (; variants != NULL && *variants != NULL; variants++) {
        const struct template *t = find_variant(k, file, *variants);
        if (t != NULL)
            return t;
    }
    return find_variant(k, file, "");
}

bool template_kind_known(const struct template_set *s, const char *kind)
{
    return find_kind(s, kind) != NULL;
}

unsigned template_count(const struct template_set *s)
{
    unsigned n = 0;

    for (unsigned k = 0; k < s->count; k++)
        n += s->kind[k].count;
    return n;
}

bool template_has(const struct template_set *s, const char *kind, enum way way)
{
    const struct template *t = template_find(s, kind, template_file_of(way), NULL);
    return t != NULL && (way != WAY_ZALO_UID || t->zbs->by_uid);
}

enum loa_status template_render(const struct template_set *s, const char *kind, enum way way,
                                const struct render_options *opt, const struct params *p, struct text *out,
                                char *why, size_t why_size)
{
    const struct template *t =
        template_find(s, kind, template_file_of(way), opt != NULL ? opt->variants : NULL);

    if (t == NULL || (way == WAY_ZALO_UID && !t->zbs->by_uid))
        return LOA_NOT_FOUND;
    snprintf(out->kind, sizeof out->kind, "%s", kind);
    return template_render_one(t, way, opt != NULL && opt->sms_keep_marks, p, out, why, why_size);
}
