/*
 * text - Unicode for Vietnamese (libunistring inside). All strings are UTF-8.
 *
 * Sources: Unicode NFC/NFD; TCVN 6909:2001 for the letters; đ/Đ have no decomposition, so every folding
 * maps them by hand.
 */
#ifndef LOA_TEXT_H
#define LOA_TEXT_H

#include "loa/buf.h"
#include <stdint.h>

bool text_is_utf8(const char *s, size_t n); /* well-formed, no NUL */
void text_nfc(struct buf *out, const char *s,
              size_t n); /* appends the NFC form; invalid bytes become U+FFFD */
/* Removes C0/C1 controls, zero-width and bidi controls. Every kind of space and TAB becomes a space, every
 * kind of line end "\n", or a space unless `keep_newline`. Invalid bytes become U+FFFD. */
void text_clean(struct buf *out, const char *s, size_t n, bool keep_newline);
size_t text_length(const char *s, size_t n); /* code points */
/* Cuts to at most `max` code points, never inside a letter; adds U+2026 when something was cut. */
void text_truncate(struct buf *out, const char *s, size_t n, size_t max);
/* Copies a C string into a fixed array, cut between code points; always NUL-terminated. out_size > 0. */
void text_copy(char *out, size_t out_size, const char *s);
/* Vietnamese without diacritics in plain ASCII ("Hồ sơ đã duyệt" -> "Ho so da duyet"); typographic signs
 * become their ASCII neighbours; what has no neighbour is kept and left for the caller to refuse. */
void text_strip_marks(struct buf *out, const char *s, size_t n);
/* Lower case without diacritics, single spaces: for comparing what people type. */
void text_fold(struct buf *out, const char *s, size_t n);
void text_lower(struct buf *out, const char *s, size_t n);
/* "Nguyễn Thị Hoàng Anh" -> "Nguyễn T. H. A***": enough for the owner to recognise, not for a stranger. */
void text_mask_name(struct buf *out, const char *s, size_t n);
/* 100000 -> "100.000 đồng"; and in words "một trăm nghìn đồng"; from TEXT_MONEY_WORDS_MAX on in figures. */
#define TEXT_MONEY_WORDS_MAX 1000000000000000LL
void text_money_vnd(struct buf *out, int64_t vnd);
void text_money_words(struct buf *out, int64_t vnd);

#endif
