/*
 * consent_words - does this text say that somebody wants no more messages, or wants them again? A pure
 * function of the text and of templates/chat/consent.tsv (phrase_book.h), for every channel on which people
 * answer: chat today, replies to SMS the same.
 *
 *   stop    command   the whole text is this word, with channels and topics beside it: "HUY", "DUNG SMS"
 *   stop    maybe     such a word that means something else too when it is typed small and without marks
 *   stop    phrase    inside a sentence about messages: "đừng nhắn", "không muốn nhận"
 *   again   command, phrase
 *   channel zalo | sms | email        topic <word of topics.ini>, "all"
 *   about   message   words for messages themselves
 *   filler  -         says nothing
 *   veto    -         the sentence is about something else: "không nhận được"
 */
#ifndef LOA_CONSENT_WORDS_H
#define LOA_CONSENT_WORDS_H

#include "loa/channel.h"
#include "loa/policy.h"

struct consent_words;
enum loa_status consent_words_load(const char *chat_dir, const struct policy *p, struct errors *err,
                                   struct consent_words **out);
void consent_words_free(struct consent_words *w);
const char *consent_words_version(const struct consent_words *w); /* 12 hex digits of the file's hash */

enum wish { WISH_NONE, WISH_STOP, WISH_AGAIN, WISH_UNSURE };
struct consent_wish {
    enum wish wish;
    unsigned channels; /* bit n: enum channel; 0: none was named */
    char topic[4][24]; /* words of topics.ini */
    unsigned topics;   /* 0: none was named */
};
struct consent_wish consent_parse(const struct consent_words *w, const char *text);

/* The words of the citizen record this wish is about, apart by blanks: "o_zalo", "t_campaign",
 * "t_campaign_sms". Without channel and topic: each topic; to have messages again, the
 * channels too. */
void consent_record_words(const struct consent_wish *w, const struct policy *p, struct buf *out);

#endif
