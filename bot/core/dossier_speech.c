#include "dossier_speech.h"
#include "loa/text.h"
#include <stdbool.h>
#include <string.h>

#define SPEECH_MAX_BYTES 4096
#define WORD_MAX         16

/* What a word stands for, without marks. "tư" and "bốn", "lăm" and "năm": the same figure. */
static const struct {
    const char *word, *sign;
} spoken[] = {
    { "khong", "0" }, { "linh", "0" },  { "le", "0" },   { "mot", "1" },  { "hai", "2" },   { "ba", "3" },
    { "bon", "4" },   { "tu", "4" },    { "nam", "5" },  { "lam", "5" },  { "sau", "6" },   { "bay", "7" },
    { "tam", "8" },   { "chin", "9" },  { "cham", "." }, { "gach", "-" }, { "ngang", "-" }, { "noi", "-" },
    { "tru", "-" },   { "xuyet", "/" }, { "xet", "/" },  { "hat", "h" },  { "hac", "h" },   { "ech", "h" },
    { "hatch", "h" }, { "gie", "g" },   { "go", "g" },   { "phay", "." },
};

static const char *sign_of(const char *word)
{
    for (size_t i = 0; i < sizeof spoken / sizeof spoken[0]; i++)
        if (strcmp(spoken[i].word, word) == 0)
            return spoken[i].sign;
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* The figure a letter is taken for on a small keyboard; 0 when it is none. */
static char figure_like(char c)
{
    return is_digit(c) ? c : c == 'o' ? '0' : c == 'l' || c == 'i' ? '1' : '\0';
}

/* "24o820" -> "240820", "ho6" -> "h06". A word without a figure in it stays a word. */
static void mend_figures(char *word)
{
    size_t digits = 0, from = is_letter(word[0]) && figure_like(word[0]) == '\0' ? 1 : 0;
    for (size_t i = from; word[i] != '\0'; i++) {
        if (figure_like(word[i]) == '\0')
            return;
        digits += is_digit(word[i]);
    }
    for (size_t i = from; digits > 0 && word[i] != '\0'; i++)
        word[i] = figure_like(word[i]);
}

struct speaking {
    struct buf *out;
    bool blank;  /* before this word */
    bool single; /* the last thing written was one figure, spoken or typed alone */
    bool ten;    /* "mười" was said and waits for what follows */
    bool whole;  /* the last figure ended a number of two: "hai mươi lăm" */
};

static char last(const struct speaking *s)
{
    return s->out->len > 0 ? s->out->data[s->out->len - 1] : '\0';
}

/* Figures said one by one belong together; so do a letter and the figures after it. */
static void write_figures(struct speaking *s, const char *figures, bool single)
{
    bool joined = single && s->single;
    if (is_digit(last(s)) && !joined && s->blank)
        buf_char(s->out, ' ');
    buf_str(s->out, figures);
    s->single = single;
}

/* "hai mươi lăm" is 25, "hai mươi" 20, "mười lăm" 15, "mười" 10. */
static void end_ten(struct speaking *s, bool figure_follows)
{
    if (s->ten && !figure_follows)
        write_figures(s, "0", true);
    s->ten = false;
}

static void take_word(struct speaking *s, char *word)
{
    const char *sign = sign_of(word);
    mend_figures(word);
    bool single = (sign != NULL && is_digit(sign[0])) || (is_digit(word[0]) && word[1] == '\0');
    bool ends_two = s->ten && single;
    end_ten(s, single);
    if (strcmp(word, "muoi") == 0) {
        if (!s->single || s->whole || last(s) == '0')
            write_figures(s, "1", true);
        s->ten = true;
    } else if (sign != NULL && is_digit(sign[0])) {
        write_figures(s, sign, true);
    } else if (sign != NULL && (sign[0] == '.' || sign[0] == '-' || sign[0] == '/')) {
        if (last(s) != sign[0]) /* "gạch ngang" is one */
            buf_str(s->out, sign);
        s->single = false;
    } else if (is_digit(word[0])) {
        write_figures(s, word, single);
    } else if (sign != NULL || word[1] == '\0' || (is_letter(word[0]) && is_digit(word[1]))) {
        if (last(s) != '.')
            buf_char(s->out, ' ');
        buf_str(s->out, sign != NULL ? sign : word);
        s->single = false;
    } else {
        buf_str(s->out, " ? ");
        s->single = false;
    }
    s->whole = ends_two;
}

static void take_sign(struct speaking *s, char c)
{
    end_ten(s, false);
    if (c == '.' || c == '-' || c == '/')
        buf_char(s->out, c);
    else if (c == '_' || c == ',')
        buf_char(s->out, c == '_' ? '-' : '.');
    else
        buf_str(s->out, " ? ");
    s->single = false;
}

void dossier_speech(const char *text, size_t len, struct buf *out)
{
    struct buf folded = BUF_INIT(SPEECH_MAX_BYTES);
    struct speaking s = { .out = out };
    text_fold(&folded, text, len < SPEECH_MAX_BYTES / 4 ? len : SPEECH_MAX_BYTES / 4);
    for (const char *at = buf_cstr(&folded); *at != '\0';) {
        char word[WORD_MAX + 1];
        size_t n = 0;
        while (is_digit(at[n]) || is_letter(at[n]))
            n++;
        if (n > 0 && n <= WORD_MAX) {
            memcpy(word, at, n);
            word[n] = '\0';
            take_word(&s, word);
        } else if (n > 0 || *at != ' ') {
            take_sign(&s, n > 0 ? '?' : *at);
        }
        s.blank = *at == ' ';
        at += n > 0 ? n : 1;
    }
    end_ten(&s, false);
    buf_clear(&folded);
}
