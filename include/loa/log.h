/*
 * log - one line per event: `2026-11-23T08:30:00.123+07:00 info event=send_result delivery=… channel=zalo`.
 *
 * log_event(level, "event_name", "key", value …, NULL): keys and values are strings in pairs, values are
 * quoted when needed. Phone numbers, tokens and bodies never go in: use log_phone() for a masked number
 * ("+84*****678"). As a second net, any value whose key is token, secret, password, body, phone … prints as
 * "***". Lines go to stderr, one write(2) each.
 */
#ifndef LOA_LOG_H
#define LOA_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
int log_level_from_word(const char *word); /* debug info warn error; -1 unknown */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

#define log_debug(...) log_event(LOG_LEVEL_DEBUG, __VA_ARGS__, NULL)
#define log_info(...)  log_event(LOG_LEVEL_INFO, __VA_ARGS__, NULL)
#define log_warn(...)  log_event(LOG_LEVEL_WARN, __VA_ARGS__, NULL)
#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__, NULL)

/* Formats into one of eight rotating static buffers of 48 bytes: good for the arguments of one log line. */
const char *log_num(long long v);
const char *log_phone(const char *phone);
const char *log_addr(const char *mail); /* "n***@example.vn" */

#endif
