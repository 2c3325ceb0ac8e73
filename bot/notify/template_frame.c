#include "loa/mem.h"
#include "loa/template_markup.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    const char *marks[3]; /* each must stand in the piece */
} pieces[PIECE_COUNT] = {
    [PIECE_FRAME] = { "frame", { "[[subject]]", "[[preheader]]", "[[body]]" } },
    [PIECE_PARAGRAPH] = { "paragraph", { "[[text]]" } },
    [PIECE_HEADING] = { "heading", { "[[text]]" } },
    [PIECE_TABLE] = { "table", { "[[rows]]" } },
    [PIECE_ROW] = { "row", { "[[label]]", "[[value]]" } },
    [PIECE_LIST] = { "list", { "[[rows]]" } },
    [PIECE_BUTTON] = { "button", { "[[url]]", "[[text]]" } },
    [PIECE_LINK] = { "link", { "[[url]]", "[[text]]" } },
};

static int piece_from_line(const char *line)
{
    static const char open[] = "<!-- piece: ";
    char word[24];

    if (strncmp(line, open, strlen(open)) != 0)
        return -1;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(line + strlen(open), " "), line + strlen(open));
    for (int i = 0; i < PIECE_COUNT; i++)
        if (strcmp(pieces[i].word, word) == 0)
            return i;
    return PIECE_COUNT;
}

static bool check_pieces(const struct frame *f, struct errors *err)
{
    bool ok = true;

    for (int i = 0; i < PIECE_COUNT; i++) {
        for (int m = 0; m < 3 && pieces[i].marks[m] != NULL; m++) {
            if (f->piece[i] != NULL && strstr(f->piece[i], pieces[i].marks[m]) != NULL)
                continue;
            fault_at(err, f->html_path, 0, "bad_frame", "phần \"%s\" phải có %s", "piece \"%s\" needs %s",
                     pieces[i].word, pieces[i].marks[m]);
            ok = false;
        }
    }
    return ok;
}

static bool cut_pieces(struct frame *f, char *text, struct errors *err)
{
    struct buf body[PIECE_COUNT];
    struct text_lines lines = { .rest = text };
    int current = -1;
    bool ok = true;

    for (int i = 0; i < PIECE_COUNT; i++)
        buf_init(&body[i], TEXT_FILE_MAX_BYTES);
    while (text_lines_next(&lines)) {
        int piece = piece_from_line(lines.line);
        if (piece == PIECE_COUNT) {
            fault_add(err, f->html_path, lines.number, "bad_frame", "không có phần nào tên như vậy",
                      "no piece has this name");
            ok = false;
        } else if (piece >= 0) {
            current = piece;
            if (piece == PIECE_FRAME)
                f->line = lines.number + 1;
        } else if (current == PIECE_FRAME) {
            buf_str(&body[current], lines.line);
            buf_char(&body[current], '\n');
        } else if (current >= 0) {
            buf_str(&body[current], text_trim(lines.line));
        }
    }
    for (int i = 0; i < PIECE_COUNT; i++) {
        f->piece[i] = mem_strdup(buf_cstr(&body[i]));
        buf_clear(&body[i]);
    }
    return ok && check_pieces(f, err);
}

static enum loa_status load_text(struct frame *f, struct errors *err)
{
    struct buf text = BUF_INIT(TEXT_FILE_MAX_BYTES);

    enum loa_status st = text_file_read(f->text_path, err, &text);
    if (st == LOA_OK && strstr(buf_cstr(&text), "[[body]]") == NULL) {
        fault_add(err, f->text_path, 0, "bad_frame", "phải có [[body]]", "needs [[body]]");
        st = LOA_INVALID;
    }
    f->text = mem_strdup(buf_cstr(&text));
    buf_clear(&text);
    return st;
}

static char *path_in(const char *dir, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return mem_strdup(path);
}

enum loa_status frame_load(const char *dir, struct errors *err, struct frame *out)
{
    struct buf html = BUF_INIT(TEXT_FILE_MAX_BYTES);

    *out =
        (struct frame){ .html_path = path_in(dir, "_frame.html"), .text_path = path_in(dir, "_frame.txt") };
    enum loa_status st = text_file_read(out->html_path, err, &html);
    if (st == LOA_OK && !cut_pieces(out, html.data, err))
        st = LOA_INVALID;
    enum loa_status text_st = load_text(out, err);
    buf_clear(&html);
    if (st == LOA_OK)
        st = text_st;
    if (st != LOA_OK)
        frame_clear(out);
    return st;
}

void frame_clear(struct frame *f)
{
    for (int i = 0; i < PIECE_COUNT; i++)
        free(f->piece[i]);
    free(f->html_path);
    free(f->text_path);
    free(f->text);
    *f = (struct frame){ 0 };
}
