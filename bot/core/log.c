#include "loa/log.h"
#include "loa/buf.h"
#include "loa/calendar.h"
#include "loa/clock.h"
#include "loa/mail_address.h"
#include "loa/phone.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES  2048
#define VALUE_MAX_BYTES 512

static enum log_level threshold = LOG_LEVEL_INFO;
static const char *const level_word[] = { "debug", "info", "warn", "error" };

/* The second net: a value under one of these keys never prints, whoever asked for it. */
static const char *const secret_key[] = { "token",         "secret",       "password",     "key",
                                          "body",          "phone",        "email",        "text",
                                          "authorization", "access_token", "refresh_token" };

void log_set_level(enum log_level level)
{
    threshold = level;
}

enum log_level log_get_level(void)
{
    return threshold;
}

int log_level_from_word(const char *word)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(word, level_word[i]) == 0)
            return i;
    return -1;
}

static bool is_secret(const char *key)
{
    for (size_t i = 0; i < sizeof secret_key / sizeof secret_key[0]; i++)
        if (strcmp(key, secret_key[i]) == 0)
            return true;
    return false;
}

static void put_value(struct buf *b, const char *value)
{
    size_t n = strnlen(value, VALUE_MAX_BYTES);
    bool plain = n > 0;
    for (size_t i = 0; plain && i < n; i++)
        plain = (unsigned char)value[i] > 0x20 && value[i] != '"' && value[i] != '=' && value[i] != 0x7f;
    if (plain)
        buf_add(b, value, n);
    else
        buf_json_string(b, value, n);
}

void log_event(enum log_level level, const char *event, ...)
{
    if (level < threshold)
        return;
    char when[40];
    date_print_rfc3339(clock_wall_ms(), when);
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    buf_printf(&line, "%s %s event=%s", when, level_word[level], event);
    va_list ap;
    va_start(ap, event);
    const char *key;
    while ((key = va_arg(ap, const char *)) != NULL) {
        const char *value = va_arg(ap, const char *);
        buf_printf(&line, " %s=", key);
        put_value(&line, is_secret(key) ? "***" : value ? value : "-");
    }
    va_end(ap);
    line.failed = false; /* a line over the ceiling is cut, not dropped */
    line.max_bytes++;
    buf_char(&line, '\n');
    ssize_t ignored = write(STDERR_FILENO, line.data, line.len);
    (void)ignored; /* nowhere left to complain */
    buf_clear(&line);
}

static char *rotating(void)
{
    static char slot[8][48];
    static unsigned next;
    return slot[next++ % 8];
}

const char *log_num(long long v)
{
    char *s = rotating();
    snprintf(s, 48, "%lld", v);
    return s;
}

const char *log_phone(const char *phone)
{
    char *s = rotating();
    phone_mask(phone, s);
    return s;
}

const char *log_addr(const char *mail)
{
    char *s = rotating();
    mail_address_mask(mail, s, 48);
    return s;
}
