#include "loa/template_parse.h"
#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_PARTS_MAX 8
#define TAG_MAX_BYTES  120

struct open_part {
    unsigned segment, line;
    bool starts_line; /* nothing stands before it on its line */
};

struct parser {
    const struct parse_input *in;
    struct program *out;
    const char *at, *end;
    unsigned line;
    bool fresh;       /* nothing seen on this line yet */
    unsigned barrier; /* fixed text must not grow into a segment before this one */
    struct open_part open[OPEN_PARTS_MAX];
    unsigned depth;
    bool failed;
};

#define TYPE(t) (1u << (t))
#define ANY     (~0u)
static const struct {
    const char *word;
    enum filter_kind kind;
    unsigned types; /* bits of enum param_type */
    bool takes_number;
} filters[] = {
    { "date", FILTER_DATE, TYPE(PARAM_TIME), false },
    { "time", FILTER_TIME, TYPE(PARAM_TIME), false },
    { "stamp", FILTER_STAMP, TYPE(PARAM_TIME), false },
    { "money", FILTER_MONEY, TYPE(PARAM_MONEY), false },
    { "words", FILTER_WORDS, TYPE(PARAM_MONEY), false },
    { "number", FILTER_NUMBER, TYPE(PARAM_MONEY) | TYPE(PARAM_NUMBER), false },
    { "mask", FILTER_MASK, TYPE(PARAM_TEXT), false },
    { "cut", FILTER_CUT, ANY & ~TYPE(PARAM_LINK), true },
    { "list", FILTER_LIST, TYPE(PARAM_LINES), false },
    { "join", FILTER_JOIN, TYPE(PARAM_LINES), false },
    { "count", FILTER_COUNT, TYPE(PARAM_LINES), false },
    { "site", FILTER_SITE, TYPE(PARAM_LINK), false },
};

void program_init(struct program *g)
{
    *g = (struct program){ .pool = BUF_INIT(PROGRAM_MAX_BYTES) };
}

void program_clear(struct program *g)
{
    free(g->segment);
    buf_clear(&g->pool);
    program_init(g);
}

#define FAULT(x, code, vi, ...)                                                                              \
    do {                                                                                                     \
        fault_at((x)->in->err, (x)->in->path, (x)->line, code, vi, __VA_ARGS__);                             \
        (x)->failed = true;                                                                                  \
    } while (0)

static struct segment *add_segment(struct parser *x, enum segment_kind kind)
{
    struct program *g = x->out;

    if (g->count == g->room) {
        g->room = g->room == 0 ? 16 : g->room * 2;
        g->segment = mem_resize(g->segment, g->room * sizeof *g->segment);
    }
    assert(g->segment != NULL);
    struct segment *s = &g->segment[g->count++];
    *s = (struct segment){ .kind = kind };
    return s;
}

static void add_text(struct parser *x, const char *s, size_t n)
{
    struct program *g = x->out;
    struct segment *last = g->count > x->barrier ? &g->segment[g->count - 1] : NULL;

    if (n == 0)
        return;
    if (last == NULL || last->kind != SEGMENT_TEXT) {
        last = add_segment(x, SEGMENT_TEXT);
        last->start = (unsigned)g->pool.len;
    }
    if (x->in->form == FORM_SMS)
        text_strip_marks(&g->pool, s, n);
    else
        buf_add(&g->pool, s, n);
    last->len = (unsigned)g->pool.len - last->start;
}

static void add_line_end(struct parser *x)
{
    add_text(x, x->in->form == FORM_LINE || x->in->form == FORM_SMS ? " " : "\n", 1);
    x->fresh = true;
}

/* ---- tags ---- */

static const struct param_spec *known_param(struct parser *x, const char *name)
{
    const struct param_spec *spec = param_catalog_find(x->in->params, name);
    if (spec != NULL)
        return spec;
    const char *nearest = param_catalog_nearest(x->in->params, name);
    if (nearest != NULL)
        FAULT(x, "unknown_param", "không có tham số \"%s\", có phải là \"%s\"?",
              "unknown parameter \"%s\", did you mean \"%s\"?", name, nearest);
    else
        FAULT(x, "unknown_param", "không có tham số \"%s\", xem _params.tsv",
              "unknown parameter \"%s\", see _params.tsv", name);
    return NULL;
}

/* Is the parameter known to be there, because the text is inside {{?name}}? */
static bool is_guarded(const struct parser *x, const struct param_spec *spec)
{
    for (unsigned i = 0; i < x->depth; i++) {
        const struct segment *s = &x->out->segment[x->open[i].segment];
        if (s->kind == SEGMENT_IF && s->param == spec)
            return true;
    }
    return false;
}

static void parse_filter(struct parser *x, const struct param_spec *spec, char *word, struct segment *s)
{
    char *number = strchr(word, ':');
    int64_t n = 0;

    if (number != NULL)
        *number++ = '\0';
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        if (strcmp(filters[i].word, word) != 0)
            continue;
        if ((filters[i].types & TYPE(spec->type)) == 0)
            FAULT(x, "bad_filter", "|%s không dùng cho \"%s\" (kiểu %s)", "|%s does not fit \"%s\" (type %s)",
                  word, spec->name, param_type_word(spec->type));
        else if (filters[i].takes_number != (number != NULL) ||
                 (number != NULL && !ini_int(number, 1, 4000, &n)))
            FAULT(x, "bad_filter", "|%s viết sai, ví dụ đúng: |cut:30", "|%s is badly written, as in |cut:30",
                  word);
        else if (s->filters != 0 && s->filter[s->filters - 1].kind == FILTER_LIST)
            FAULT(x, "bad_filter", "|list phải đứng cuối, không đứng trước |%s",
                  "|list must come last, not before |%s", word);
        else if (s->filters == SEGMENT_FILTERS_MAX)
            FAULT(x, "bad_filter", "quá nhiều bộ lọc, tối đa %d", "too many filters, at most %d",
                  SEGMENT_FILTERS_MAX);
        else
            s->filter[s->filters++] = (struct filter){ .kind = filters[i].kind, .n = (unsigned)n };
        return;
    }
    FAULT(x, "bad_filter", "không có bộ lọc |%s", "unknown filter |%s", word);
}

/* Some types have no one natural form, so a filter must choose it. */
static void check_form(struct parser *x, const struct param_spec *spec, const struct segment *s)
{
    enum filter_kind first = s->filters != 0 ? s->filter[0].kind : FILTER_KIND_COUNT;
    bool one_line = x->in->form == FORM_LINE || x->in->form == FORM_SMS;

    if (spec->type == PARAM_TIME && first > FILTER_STAMP)
        FAULT(x, "needs_filter", "\"%s\" là thời gian: thêm |date, |time hoặc |stamp",
              "\"%s\" is a time: add |date, |time or |stamp", spec->name);
    else if (spec->type == PARAM_MONEY && (first < FILTER_MONEY || first > FILTER_NUMBER))
        FAULT(x, "needs_filter", "\"%s\" là số tiền: thêm |money, |words hoặc |number",
              "\"%s\" is money: add |money, |words or |number", spec->name);
    else if (spec->type == PARAM_LINES && one_line && first != FILTER_JOIN && first != FILTER_COUNT)
        FAULT(x, "needs_filter", "\"%s\" có nhiều dòng: thêm |join hoặc |count",
              "\"%s\" has several lines: add |join or |count", spec->name);
    else if (spec->type == PARAM_FLAG)
        FAULT(x, "bad_flag", "\"%s\" chỉ dùng trong {{?%s}}…", "\"%s\" is only for {{?%s}}…", spec->name,
              spec->name);
}

static void parse_value(struct parser *x, char *tag)
{
    char *rest = tag;
    const struct param_spec *spec = known_param(x, text_trim(strsep(&rest, "|")));
    struct segment s = { .kind = SEGMENT_VALUE, .param = spec };

    if (spec == NULL)
        return;
    while (rest != NULL)
        parse_filter(x, spec, text_trim(strsep(&rest, "|")), &s);
    check_form(x, spec, &s);
    if (!spec->always && !x->in->bare_ok && !is_guarded(x, spec))
        FAULT(x, "unguarded", "\"%s\" có thể trống: đặt trong {{?%s}}…",
              "\"%s\" may be empty: put it in {{?%s}}…", spec->name, spec->name);
    *add_segment(x, SEGMENT_VALUE) = s;
    x->fresh = false;
}

/* A line end right behind a tag that stands alone on its line belongs to the tag. */
static void swallow_line_end(struct parser *x)
{
    if (x->at < x->end && *x->at == '\n') {
        x->at++;
        x->line++;
        x->fresh = true;
    }
}

static void open_part(struct parser *x, enum segment_kind kind, const char *name)
{
    const struct param_spec *spec = known_param(x, name);

    if (spec == NULL)
        return;
    if (x->depth == OPEN_PARTS_MAX) {
        FAULT(x, "too_deep", "quá nhiều phần lồng nhau, tối đa %d", "parts are nested too deep, at most %d",
              OPEN_PARTS_MAX);
        return;
    }
    struct open_part *part = &x->open[x->depth++];
    *part = (struct open_part){ .segment = x->out->count, .line = x->line };
    struct segment *s = add_segment(x, kind);
    s->param = spec;
    x->barrier = x->out->count;
    if (x->fresh && x->at < x->end && *x->at == '\n')
        swallow_line_end(x);
    else
        part->starts_line = x->fresh;
}

static void close_part(struct parser *x, const char *name)
{
    if (x->depth == 0) {
        FAULT(x, "not_open", "{{/%s}} không có phần mở đầu {{?%s}}",
              "{{/%s}} closes nothing: no {{?%s}} before", name, name);
        return;
    }
    struct open_part *part = &x->open[x->depth - 1];
    const char *want = x->out->segment[part->segment].param->name;
    if (strcmp(want, name) != 0) {
        FAULT(x, "crossed", "cần đóng {{/%s}} (mở ở dòng %u) trước {{/%s}}",
              "close {{/%s}} (opened in line %u) before {{/%s}}", want, part->line, name);
        return;
    }
    bool at_line_end = x->at < x->end && *x->at == '\n';
    if (at_line_end && !x->fresh && part->starts_line)
        add_line_end(x);
    if (at_line_end && x->fresh)
        swallow_line_end(x);
    x->depth--;
    x->out->segment[part->segment].end = x->out->count;
    x->barrier = x->out->count;
}

/* x->at stands on "{{". */
static void parse_tag(struct parser *x)
{
    char tag[TAG_MAX_BYTES];
    const char *start = x->at + 2;
    size_t room = (size_t)(x->end - start);
    const char *stop = room >= 2 ? memmem(start, room, "}}", 2) : NULL;

    if (stop == NULL || (size_t)(stop - start) >= sizeof tag || memchr(start, '\n', (size_t)(stop - start))) {
        FAULT(x, "unclosed_tag", "%s chưa được đóng bằng }} trên cùng dòng",
              "%s is not closed by }} in its line", "{{");
        add_text(x, x->at, 2);
        x->at = start;
        x->fresh = false;
        return;
    }
    memcpy(tag, start, (size_t)(stop - start));
    tag[stop - start] = '\0';
    x->at = stop + 2;
    char *name = text_trim(tag);
    switch (*name) {
    case '?':
        open_part(x, SEGMENT_IF, text_trim(name + 1));
        break;
    case '!':
        open_part(x, SEGMENT_UNLESS, text_trim(name + 1));
        break;
    case '/':
        close_part(x, text_trim(name + 1));
        break;
    default:
        parse_value(x, name);
    }
}

static void skip_comment(struct parser *x)
{
    const char *stop = memchr(x->at, '\n', (size_t)(x->end - x->at));
    x->at = stop != NULL ? stop + 1 : x->end;
    x->line++;
}

/* Fixed text up to the next tag or line end. */
static void parse_text(struct parser *x)
{
    const char *p = x->at;

    while (p < x->end && *p != '\n' && !(p[0] == '{' && p + 1 < x->end && p[1] == '{'))
        p++;
    add_text(x, x->at, (size_t)(p - x->at));
    x->fresh = x->fresh && p == x->at;
    x->at = p;
}

static bool starts_comment(const struct parser *x)
{
    return *x->at == '#' && (x->at == x->in->text || x->at[-1] == '\n');
}

enum loa_status program_parse(struct program *g, const struct parse_input *in)
{
    struct parser x = { .in = in,
                        .out = g,
                        .at = in->text,
                        .end = in->text + in->len,
                        .line = in->line != 0 ? in->line : 1,
                        .fresh = true,
                        .barrier = g->count };

    while (x.at < x.end && g->count < PROGRAM_SEGMENTS_MAX) {
        if (starts_comment(&x)) {
            skip_comment(&x);
        } else if (*x.at == '\n') {
            add_line_end(&x);
            x.at++;
            x.line++;
        } else if (x.at[0] == '{' && x.at + 1 < x.end && x.at[1] == '{') {
            parse_tag(&x);
        } else {
            parse_text(&x);
        }
    }
    if (x.at < x.end || !buf_ok(&g->pool))
        FAULT(&x, "too_big", "văn bản quá dài (%s)", "the text is too long (%s)", in->path);
    for (unsigned i = x.depth; i > 0; i--) {
        struct segment *s = &g->segment[x.open[i - 1].segment];
        x.line = x.open[i - 1].line;
        s->end = g->count;
        FAULT(&x, "unclosed_part", "phần mở ở đây chưa được đóng bằng {{/%s}}",
              "the part opened here is never closed by {{/%s}}", s->param->name);
    }
    return x.failed ? LOA_INVALID : LOA_OK;
}
