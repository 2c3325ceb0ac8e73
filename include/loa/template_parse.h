/*
 * template_parse - compiles a text with {{…}} into segments, so that rendering is one pass of copies.
 *
 * The language is described in template.h. Line ends: a tag alone on its line leaves no line behind; a part
 * that fills its whole line takes the line end with it, so an absent part leaves no gap. A line that starts
 * with `#` is a comment.
 */
#ifndef LOA_TEMPLATE_PARSE_H
#define LOA_TEMPLATE_PARSE_H

#include "loa/param_catalog.h"

enum text_form {
    FORM_PLAIN, /* as it stands */
    FORM_LINE,  /* one line: line ends become blanks */
    FORM_SMS,   /* one line without diacritics */
    FORM_HTML   /* fixed text is HTML already, values are escaped */
};

enum filter_kind {
    FILTER_DATE,   /* 25/11/2026 */
    FILTER_TIME,   /* 16:30 ngày 25/11/2026; only the day when the hour is 00:00 or 23:59 */
    FILTER_STAMP,  /* 16:30 25/11/2026, as Zalo wants it */
    FILTER_MONEY,  /* 150.000 đồng */
    FILTER_WORDS,  /* một trăm năm mươi nghìn đồng */
    FILTER_NUMBER, /* 150000 */
    FILTER_MASK,   /* Nguyễn T. H. A*** */
    FILTER_CUT,    /* at most n letters */
    FILTER_LIST,   /* "- " before each line; list items in HTML */
    FILTER_JOIN,   /* lines in one, apart by "; " */
    FILTER_COUNT,  /* how many lines */
    FILTER_SITE,   /* only the host of a link */
    FILTER_KIND_COUNT
};
struct filter {
    enum filter_kind kind;
    unsigned n;
};

#define SEGMENT_FILTERS_MAX 3
enum segment_kind { SEGMENT_TEXT, SEGMENT_VALUE, SEGMENT_IF, SEGMENT_UNLESS };
struct segment {
    enum segment_kind kind;
    const struct param_spec *param; /* all but TEXT; borrowed from the catalog */
    unsigned start, len;            /* TEXT: in program.pool */
    unsigned end;                   /* IF, UNLESS: the first segment behind the part */
    unsigned filters;
    struct filter filter[SEGMENT_FILTERS_MAX];
};

#define PROGRAM_MAX_BYTES    (256 * 1024)
#define PROGRAM_SEGMENTS_MAX 2000
struct program {
    struct segment *segment;
    unsigned count, room;
    struct buf pool; /* the fixed text of all segments */
};

struct parse_input {
    const char *path; /* for faults */
    unsigned line;    /* number of the text's first line; 0 means 1 */
    const char *text;
    size_t len;
    enum text_form form;
    bool bare_ok; /* a parameter that may be empty needs no {{?…}} around it: the caller looks at emptiness */
    const struct param_catalog *params;
    struct errors *err;
};

void program_init(struct program *g);
void program_clear(struct program *g);
/* Appends what `in` says to `g`, which must be inside no open part. LOA_INVALID: `err` names every fault. */
enum loa_status program_parse(struct program *g, const struct parse_input *in);

/* Renders into `out`. LOA_INVALID: a value is not of its type; `why` names it in English. */
struct params;
enum loa_status program_render(const struct program *g, const struct params *p, enum text_form form,
                               struct buf *out, char *why, size_t why_size);

#endif
