#include "loa/template_markup.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum block { BLOCK_NONE, BLOCK_TABLE, BLOCK_LIST };

struct writer {
    const char *path;
    const struct frame *frame; /* NULL: plain only */
    struct errors *err;
    struct markup *out;
    enum block block; /* open in the HTML */
    unsigned line;
    bool failed;
};

/* A stretch of the source. */
struct span {
    const char *s;
    size_t n;
};

static struct span span_of(const char *s)
{
    return (struct span){ s, strlen(s) };
}

static void fault(struct writer *w, const char *code, const char *vi, const char *en)
{
    fault_add(w->err, w->path, w->line, code, vi, en);
    w->failed = true;
}

/* ---- inside a line ---- */

/* Length of the tag `s` starts with, 0 when it starts with none. */
static size_t tag_length(struct span s)
{
    if (s.n < 4 || s.s[0] != '{' || s.s[1] != '{')
        return 0;
    const char *stop = memmem(s.s, s.n, "}}", 2);
    return stop != NULL ? (size_t)(stop - s.s) + 2 : 0;
}

/* Is it a tag that opens or closes a part? */
static size_t part_tag_length(struct span s)
{
    size_t n = tag_length(s);
    return n != 0 && strchr("?!/", s.s[2]) != NULL ? n : 0;
}

/* "[text](target)" at the start of `s`: its length, or 0. */
static size_t link_length(struct span s, struct span *text, struct span *target)
{
    if (s.n == 0 || s.s[0] != '[')
        return 0;
    const char *middle = memmem(s.s, s.n, "](", 2);
    if (middle == NULL)
        return 0;
    const char *stop = memchr(middle, ')', s.n - (size_t)(middle - s.s));
    if (stop == NULL)
        return 0;
    *text = (struct span){ s.s + 1, (size_t)(middle - s.s) - 1 };
    *target = (struct span){ middle + 2, (size_t)(stop - middle) - 2 };
    return (size_t)(stop - s.s) + 1;
}

static void escape_around_tags(struct buf *out, struct span s)
{
    while (s.n > 0) {
        size_t n = tag_length(s);
        if (n != 0) {
            buf_add(out, s.s, n);
        } else {
            n = 1;
            buf_html(out, s.s, 1);
        }
        s.s += n;
        s.n -= n;
    }
}

void markup_escape(struct buf *out, const char *text)
{
    escape_around_tags(out, span_of(text));
}

/* A piece of the frame with its marks replaced. */
struct fill {
    const char *mark;
    struct span html;
};
static void put_piece(struct buf *out, const char *piece, const struct fill *fill, size_t fills)
{
    while (*piece != '\0') {
        size_t i = 0;
        while (i < fills && strncmp(piece, fill[i].mark, strlen(fill[i].mark)) != 0)
            i++;
        if (i < fills) {
            buf_add(out, fill[i].html.s, fill[i].html.n);
            piece += strlen(fill[i].mark);
        } else {
            buf_char(out, *piece++);
        }
    }
}

static void put_link(struct writer *w, enum frame_piece piece, struct span text, struct span target)
{
    struct buf t = BUF_INIT(MARKUP_MAX_BYTES), u = BUF_INIT(MARKUP_MAX_BYTES);

    escape_around_tags(&t, text);
    escape_around_tags(&u, target);
    put_piece(
        &w->out->html, w->frame->piece[piece],
        (struct fill[]){ { "[[text]]", { buf_cstr(&t), t.len } }, { "[[url]]", { buf_cstr(&u), u.len } } },
        2);
    buf_clear(&t);
    buf_clear(&u);
}

/* Text of a line with its links, as HTML into w->out->html. */
static void inline_html(struct writer *w, struct span s)
{
    while (s.n > 0) {
        struct span text, target;
        size_t n = link_length(s, &text, &target);
        if (n != 0) {
            put_link(w, PIECE_LINK, text, target);
        } else {
            n = tag_length(s) != 0 ? tag_length(s) : 1;
            escape_around_tags(&w->out->html, (struct span){ s.s, n });
        }
        s.s += n;
        s.n -= n;
    }
}

static void inline_plain(struct buf *out, struct span s)
{
    while (s.n > 0) {
        struct span text, target;
        size_t n = link_length(s, &text, &target);
        if (n != 0) {
            buf_printf(out, "%.*s (%.*s)", (int)text.n, text.s, (int)target.n, target.s);
        } else {
            n = tag_length(s) != 0 ? tag_length(s) : 1;
            buf_add(out, s.s, n);
        }
        s.s += n;
        s.n -= n;
    }
}

/* ---- blocks ---- */

static const enum frame_piece block_piece[] = { [BLOCK_TABLE] = PIECE_TABLE, [BLOCK_LIST] = PIECE_LIST };

/* Closes the open block and opens `next`: the piece's text behind and before [[rows]]. */
static void switch_block(struct writer *w, enum block next)
{
    static const char mark[] = "[[rows]]";

    if (w->frame == NULL || w->block == next)
        return;
    if (w->block != BLOCK_NONE)
        buf_str(&w->out->html, strstr(w->frame->piece[block_piece[w->block]], mark) + strlen(mark));
    if (next != BLOCK_NONE) {
        const char *piece = w->frame->piece[block_piece[next]];
        buf_add(&w->out->html, piece, (size_t)(strstr(piece, mark) - piece));
    }
    w->block = next;
}

static void text_piece(struct writer *w, enum frame_piece piece, struct span s)
{
    const char *frame = w->frame->piece[piece], *mark = strstr(frame, "[[text]]");

    buf_add(&w->out->html, frame, (size_t)(mark - frame));
    inline_html(w, s);
    buf_str(&w->out->html, mark + strlen("[[text]]"));
}

/* The line's own part, and the tags that enclose it. */
struct line {
    struct span lead, middle, tail;
};

/* Length of the closing tag that `s` ends with, when it closes the very tag that `s` begins with; else 0. */
static size_t enclosing_tail(struct span s)
{
    int depth = 0;
    size_t n, last = 0;

    if (part_tag_length(s) == 0 || s.s[2] == '/')
        return 0;
    for (size_t at = 0; at < s.n; at += n) {
        n = part_tag_length((struct span){ s.s + at, s.n - at });
        if (n != 0)
            depth += s.s[at + 2] == '/' ? -1 : 1;
        last = n;
        n = n != 0 ? n : 1;
        if (depth == 0 && at + n < s.n)
            return 0;
    }
    return depth == 0 ? last : 0;
}

static struct line split_tags(struct span s)
{
    struct line l = { { s.s, 0 }, s, { s.s + s.n, 0 } };
    size_t n, tail;

    while ((tail = enclosing_tail(l.middle)) != 0) {
        n = part_tag_length(l.middle);
        l.lead.n += n;
        l.tail = (struct span){ l.tail.s - tail, l.tail.n + tail };
        l.middle = (struct span){ l.middle.s + n, l.middle.n - n - tail };
    }
    return l;
}

static bool only_tags(struct span s)
{
    size_t n;

    while ((n = part_tag_length(s)) != 0) {
        s.s += n;
        s.n -= n;
    }
    return s.n == 0;
}

static bool starts(struct span s, const char *word)
{
    return s.n >= strlen(word) && memcmp(s.s, word, strlen(word)) == 0;
}

static struct span behind(struct span s, size_t n)
{
    s.s += n;
    s.n -= n;
    while (s.n > 0 && *s.s == ' ') {
        s.s++;
        s.n--;
    }
    return s;
}

static void lead_out(struct writer *w, const struct line *l)
{
    buf_add(&w->out->plain, l->lead.s, l->lead.n);
    if (w->frame != NULL)
        buf_add(&w->out->html, l->lead.s, l->lead.n);
}

static void tail_out(struct writer *w, const struct line *l)
{
    buf_add(&w->out->plain, l->tail.s, l->tail.n);
    if (w->frame != NULL)
        buf_add(&w->out->html, l->tail.s, l->tail.n);
}

static void row_line(struct writer *w, const struct line *l)
{
    struct span label = behind(l->middle, 1);
    const char *bar = memchr(label.s, '|', label.n);

    if (bar == NULL) {
        fault(w, "bad_row", "hàng phải có dạng: | Nhãn | giá trị", "a row looks like: | Label | value");
        return;
    }
    struct span value = behind(label, (size_t)(bar - label.s) + 1);
    label.n = (size_t)(bar - label.s);
    while (label.n > 0 && label.s[label.n - 1] == ' ')
        label.n--;
    switch_block(w, BLOCK_TABLE);
    lead_out(w, l);
    buf_printf(&w->out->plain, "%.*s: ", (int)label.n, label.s);
    inline_plain(&w->out->plain, value);
    if (w->frame != NULL) {
        const char *piece = w->frame->piece[PIECE_ROW];
        const char *at_label = strstr(piece, "[[label]]"), *at_value = strstr(piece, "[[value]]");
        buf_add(&w->out->html, piece, (size_t)(at_label - piece));
        inline_html(w, label);
        at_label += strlen("[[label]]");
        buf_add(&w->out->html, at_label, (size_t)(at_value - at_label));
        inline_html(w, value);
        buf_str(&w->out->html, at_value + strlen("[[value]]"));
    }
    tail_out(w, l);
}

static void list_line(struct writer *w, const struct line *l, bool slot)
{
    switch_block(w, BLOCK_LIST);
    lead_out(w, l);
    inline_plain(&w->out->plain, l->middle);
    if (w->frame != NULL && slot) {
        inline_html(w, l->middle);
    } else if (w->frame != NULL) {
        buf_str(&w->out->html, "<li>");
        inline_html(w, behind(l->middle, 1));
        buf_str(&w->out->html, "</li>");
    }
    tail_out(w, l);
}

static void text_line(struct writer *w, const struct line *l, enum frame_piece piece, struct span s)
{
    switch_block(w, BLOCK_NONE);
    lead_out(w, l);
    inline_plain(&w->out->plain, s);
    if (w->frame != NULL)
        text_piece(w, piece, s);
    tail_out(w, l);
}

/* The parameters in a target, each as an opening or closing tag around the button. */
static void guard_target(struct buf *out, struct span target, char sign)
{
    for (size_t n; target.n > 0; target.s += n, target.n -= n) {
        n = tag_length(target);
        if (n == 0) {
            n = 1;
            continue;
        }
        const char *name = target.s + 2;
        buf_printf(out, "{{%c%.*s}}", sign, (int)strcspn(name, "|} "), name);
    }
}

static bool keep_button(struct writer *w, struct span title, struct span target)
{
    struct markup *m = w->out;

    if (m->buttons == MARKUP_BUTTONS_MAX) {
        fault(w, "too_many_buttons", "tối đa 5 nút", "at most 5 buttons");
        return false;
    }
    m->button[m->buttons++] = (struct markup_button){ .title = mem_strndup(title.s, title.n),
                                                      .target = mem_strndup(target.s, target.n),
                                                      .line = w->line };
    return true;
}

static void button_line(struct writer *w, const struct line *l)
{
    struct span title, target, s = behind(l->middle, 1);

    if (s.n == 0 || link_length(s, &title, &target) != s.n || l->lead.n != 0) {
        fault(w, "bad_button", "nút phải có dạng: > [Tên nút]({{link}}), không cần {{?…}} bao quanh",
              "a button looks like: > [Title]({{link}}), with no {{?…}} around it");
        return;
    }
    if (!keep_button(w, title, target))
        return;
    if (w->frame == NULL) {
        buf_str(&w->out->plain, "#"); /* a comment: the line leaves nothing behind */
        return;
    }
    switch_block(w, BLOCK_NONE);
    guard_target(&w->out->plain, target, '?');
    buf_printf(&w->out->plain, "%.*s: %.*s", (int)title.n, title.s, (int)target.n, target.s);
    guard_target(&w->out->plain, target, '/');
    guard_target(&w->out->html, target, '?');
    put_link(w, PIECE_BUTTON, title, target);
    guard_target(&w->out->html, target, '/');
}

static bool is_list_slot(struct span s)
{
    return tag_length(s) == s.n && s.n > 7 && memcmp(s.s + s.n - 7, "|list}}", 7) == 0;
}

/* A part of several lines has its tags on lines of their own: otherwise it could end inside a table. */
static bool tags_balance(struct span s)
{
    int open = 0;

    for (size_t n; s.n > 0; s.s += n, s.n -= n) {
        n = part_tag_length(s);
        if (n != 0)
            open += s.s[2] == '/' ? -1 : 1;
        n = n != 0 ? n : 1;
    }
    return open == 0;
}

static void body_line(struct writer *w, char *text)
{
    struct span whole = span_of(text);
    bool tags_alone = only_tags(whole); /* so is an empty line */
    struct line l = split_tags(whole);

    if (*text != '#' && !tags_alone && !tags_balance(whole))
        fault(w, "part_over_lines", "phần {{?…}} dài nhiều dòng: đặt thẻ mở và thẻ đóng riêng một dòng",
              "a part of several lines needs its tags on lines of their own");
    if (*text == '#') {
        buf_str(&w->out->plain, "#");
    } else if (tags_alone) {
        switch_block(w, BLOCK_NONE);
        lead_out(w, &(struct line){ .lead = whole });
    } else if (starts(l.middle, "= ")) {
        text_line(w, &l, PIECE_HEADING, behind(l.middle, 1));
    } else if (starts(l.middle, "| ")) {
        row_line(w, &l);
    } else if (starts(l.middle, "> ")) {
        button_line(w, &l);
    } else if (starts(l.middle, "- ") || is_list_slot(l.middle)) {
        list_line(w, &l, !starts(l.middle, "- "));
    } else {
        text_line(w, &l, PIECE_PARAGRAPH, l.middle);
    }
}

/* "Subject: …" and "Preheader: …" before the first other line. */
static bool head_line(struct writer *w, char *text)
{
    struct markup *m = w->out;

    if (strncmp(text, "Subject:", 8) == 0 && m->subject == NULL) {
        m->subject = mem_strdup(text_trim(text + 8));
        m->subject_line = w->line;
        return true;
    }
    if (strncmp(text, "Preheader:", 10) == 0 && m->preheader == NULL) {
        m->preheader = mem_strdup(text_trim(text + 10));
        return true;
    }
    return *text == '#' || *text == '\0';
}

enum loa_status markup_read(const char *path, const char *text, const struct frame *f, struct errors *err,
                            struct markup *out)
{
    struct writer w = { .path = path, .frame = f, .err = err, .out = out };
    char *copy = mem_strdup(text);
    struct text_lines lines = { .rest = copy };
    bool head = true;

    *out = (struct markup){ .plain = BUF_INIT(MARKUP_MAX_BYTES), .html = BUF_INIT(MARKUP_MAX_BYTES) };
    while (text_lines_next(&lines)) {
        w.line = lines.number;
        head = head && head_line(&w, lines.line);
        if (head)
            buf_str(&out->plain, "#");
        else
            body_line(&w, lines.line);
        buf_char(&out->plain, '\n');
        buf_char(&out->html, '\n');
    }
    switch_block(&w, BLOCK_NONE);
    free(copy);
    if (w.failed || !buf_ok(&out->plain) || !buf_ok(&out->html)) {
        markup_clear(out);
        return LOA_INVALID;
    }
    return LOA_OK;
}

void markup_clear(struct markup *m)
{
    free(m->subject);
    free(m->preheader);
    buf_clear(&m->plain);
    buf_clear(&m->html);
    for (unsigned i = 0; i < m->buttons; i++) {
        free(m->button[i].title);
        free(m->button[i].target);
    }
    m->buttons = 0;
    m->subject = m->preheader = NULL;
}
