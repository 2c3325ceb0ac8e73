/*
 * template_markup - the light markup of the texts people write (zalo_text.txt, portal.txt, email.txt), turned
 * into a plain text and an HTML text, both still with their {{…}} tags, both line by line like the source, so
 * that faults found later name the right line.
 *
 *   Subject: …                 first lines, where the way has one; Preheader: … in e-mail
 *   = Heading                  - list item            {{items|list}} alone on a line: a list item each
 *   | Label | value            a row of facts; plain: "Label: value"
 *   > [Title](target)          a button; left out when a parameter of the target is empty.
 *                              target: a link, tel:NUMBER, or #command sent to the bot (Zalo)
 *   [text](link)               a link inside a line; plain: "text (link)"
 *   anything else              a paragraph per line
 *
 * Tags around a whole line, {{?due}}| Hẹn trả | {{due|date}}{{/due}}, take the row with them. How the HTML
 * looks is data: templates/messages/_frame.html, cut into pieces by lines `<!-- piece: NAME -->`:
 *   frame ([[subject]] [[preheader]] [[body]])   paragraph heading row list button link (with [[text]],
 *   [[label]], [[value]], [[url]])               table ([[rows]])
 * and templates/messages/_frame.txt is the plain frame ([[body]]).
 */
#ifndef LOA_TEMPLATE_MARKUP_H
#define LOA_TEMPLATE_MARKUP_H

#include "loa/errors.h"

enum frame_piece {
    PIECE_FRAME,
    PIECE_PARAGRAPH,
    PIECE_HEADING,
    PIECE_TABLE,
    PIECE_ROW,
    PIECE_LIST,
    PIECE_BUTTON,
    PIECE_LINK,
    PIECE_COUNT
};
struct frame {
    char *html_path, *text_path;
    char *piece[PIECE_COUNT]; /* all but PIECE_FRAME on one line */
    unsigned line;            /* where PIECE_FRAME begins */
    char *text;               /* the whole of _frame.txt */
};
enum loa_status frame_load(const char *dir, struct errors *err, struct frame *out);
void frame_clear(struct frame *f);

#define MARKUP_BUTTONS_MAX 5
#define MARKUP_MAX_BYTES   (128 * 1024)
struct markup {
    char *subject, *preheader; /* NULL when there is none */
    unsigned subject_line;
    struct buf plain, html; /* html is empty without a frame */
    struct markup_button {
        char *title, *target;
        unsigned line;
    } button[MARKUP_BUTTONS_MAX];
    unsigned buttons;
};
/* `f` NULL: no HTML, and buttons are kept apart; with a frame they also stand in both texts. */
enum loa_status markup_read(const char *path, const char *text, const struct frame *f, struct errors *err,
                            struct markup *out);
void markup_clear(struct markup *m);
/* Appends one line of text as HTML, its tags untouched. */
void markup_escape(struct buf *out, const char *text);

#endif
