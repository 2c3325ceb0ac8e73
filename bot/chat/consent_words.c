#include "loa/consent_words.h"
#include "loa/mem.h"
#include "loa/phrase_book.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum group {
    STOP_COMMAND,
    STOP_MAYBE,
    STOP_PHRASE,
    AGAIN_COMMAND,
    AGAIN_PHRASE,
    CHANNEL,
    TOPIC,
    ABOUT,
    FILLER,
    VETO,
    GROUP_COUNT
};

static const struct phrase_group groups[GROUP_COUNT + 1] = {
    [STOP_COMMAND] = { "stop", "command" },
    [STOP_MAYBE] = { "stop", "maybe" },
    [STOP_PHRASE] = { "stop", "phrase" },
    [AGAIN_COMMAND] = { "again", "command" },
    [AGAIN_PHRASE] = { "again", "phrase" },
    [CHANNEL] = { "channel", NULL },
    [TOPIC] = { "topic", NULL },
    [ABOUT] = { "about", "message" },
    [FILLER] = { "filler", "" },
    [VETO] = { "veto", "" },
};

struct consent_words {
    struct phrase_book *book;
};

static bool meaning_known(const void *ctx, unsigned group, const char *meaning)
{
    const struct policy *p = ctx;
    if (group == CHANNEL)
        return channel_from_word(meaning) > CH_PORTAL;
    return strcmp(meaning, "all") == 0 || policy_topic(p, meaning) != NULL;
}

enum loa_status consent_words_load(const char *chat_dir, const struct policy *p, struct errors *err,
                                   struct consent_words **out)
{
    char path[512];
    struct consent_words *w = mem_alloc(sizeof *w);
    snprintf(path, sizeof path, "%s/consent.tsv", chat_dir);
    enum loa_status st = phrase_book_load(path, groups, meaning_known, p, err, &w->book);
    if (st == LOA_OK)
        *out = w;
    else
        free(w);
    return st;
}

void consent_words_free(struct consent_words *w)
{
    if (w == NULL)
        return;
    phrase_book_free(w->book);
    free(w);
}

const char *consent_words_version(const struct consent_words *w)
{
    return phrase_book_version(w->book);
}

/* ---- reading a text ---- */

static void add_topic(struct consent_wish *w, const char *word)
{
    for (unsigned i = 0; i < w->topics; i++)
        if (strcmp(w->topic[i], word) == 0)
            return;
    if (w->topics < sizeof w->topic / sizeof w->topic[0])
        text_copy(w->topic[w->topics++], sizeof w->topic[0], word);
}

static void read_scope(const struct phrase_hits *h, struct consent_wish *w)
{
    for (unsigned i = 0; i < h->count; i++) {
        if (h->hit[i].group == CHANNEL)
            w->channels |= 1u << channel_from_word(h->hit[i].meaning);
        if (h->hit[i].group == TOPIC && strcmp(h->hit[i].meaning, "all") != 0)
            add_topic(w, h->hit[i].meaning);
    }
}

/* "đừng" and "dừng" are sure with their marks, in capitals, or beside what they are said of. */
static bool sure(const char *text, const struct phrase_hits *h, const struct consent_wish *w)
{
    bool small = false, marks = false;
    for (const char *s = text; *s != '\0'; s++) {
        small = small || (*s >= 'a' && *s <= 'z');
        marks = marks || (unsigned char)*s >= 0x80;
    }
    return marks || !small || phrase_hits_of(h, ABOUT) > 0 || w->topics > 0;
}

static enum wish judge(const char *text, const struct phrase_hits *h, const struct consent_wish *w)
{
    bool object = phrase_hits_of(h, ABOUT) > 0 || w->channels != 0 || w->topics > 0;
    bool alone = h->unknown == 0;
    bool stop =
        (phrase_hits_of(h, STOP_PHRASE) > 0 && object) || (phrase_hits_of(h, STOP_COMMAND) > 0 && alone);
    bool maybe = phrase_hits_of(h, STOP_MAYBE) > 0 && alone;
    bool again_phrase = phrase_hits_of(h, AGAIN_PHRASE) > 0;
    bool again = (again_phrase && (object || alone)) || (phrase_hits_of(h, AGAIN_COMMAND) > 0 && alone);
    if (phrase_hits_of(h, VETO) > 0)
        return WISH_NONE;
    if (stop || maybe)
        return again || (!stop && !sure(text, h, w)) ? WISH_UNSURE : WISH_STOP;
    return again ? WISH_AGAIN : WISH_NONE;
}

struct consent_wish consent_parse(const struct consent_words *words, const char *text)
{
    struct consent_wish w = { .wish = WISH_NONE };
    struct phrase_hits h;
    phrase_book_read(words->book, text, &h);
    read_scope(&h, &w);
    w.wish = judge(text, &h, &w);
    return w.wish != WISH_NONE ? w : (struct consent_wish){ .wish = WISH_NONE };
}

/* ---- the citizen's record ---- */

static void add_record_word(struct buf *out, const char *kind, const char *a, const char *b)
{
    buf_printf(out, "%s%s_%s%s%s", out->len > 0 ? " " : "", kind, a, b[0] != '\0' ? "_" : "", b);
}

static void add_channels(const struct consent_wish *w, const char *kind, const char *topic, struct buf *out)
{
    for (unsigned ch = CH_PORTAL + 1; ch < CH_COUNT; ch++) {
        if ((w->channels & 1u << ch) == 0)
            continue;
        const char *word = channel_word((enum channel)ch);
        add_record_word(out, kind, topic[0] != '\0' ? topic : word, topic[0] != '\0' ? word : "");
    }
}

void consent_record_words(const struct consent_wish *w, const struct policy *p, struct buf *out)
{
    const struct topic *t;
    if (w->channels != 0 && w->topics == 0)
        add_channels(w, "o", "", out);
    for (unsigned i = 0; i < w->topics; i++) {
        if (w->channels != 0)
            add_channels(w, "t", w->topic[i], out);
        if (w->channels == 0 || w->wish == WISH_AGAIN)
            add_record_word(out, "t", w->topic[i], "");
    }
    if (w->channels != 0 || w->topics != 0)
        return;
    for (unsigned i = 0; (t = policy_topic_at(p, i)) != NULL; i++)
        add_record_word(out, "t", t->word, "");
    for (unsigned ch = CH_PORTAL + 1; w->wish == WISH_AGAIN && ch < CH_COUNT; ch++)
        add_record_word(out, "o", channel_word((enum channel)ch), "");
}
