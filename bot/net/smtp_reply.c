#include "smtp_inside.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 998 /* RFC 5322 2.1.1, without CRLF */

struct smtp_line smtp_line_parse(char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    for (int i = 0; i < 3; i++)
        if (!isdigit((unsigned char)line[i]))
            return (struct smtp_line){ .text = line };
    if (line[3] != '\0' && line[3] != ' ' && line[3] != '-')
        return (struct smtp_line){ .text = line };

    int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    return (struct smtp_line){ .code = code,
                               .more = line[3] == '-',
                               .text = line[3] != '\0' ? line + 4 : line + 3 };
}

/* "5.1.1 …" -> 5: class, subject and detail of RFC 3463; 0 when there is none. */
static size_t enhanced_length(const char *s)
{
    size_t i = 2;

    if (strchr("245", s[0]) == NULL || s[0] == '\0' || s[1] != '.')
        return 0;
    for (int part = 0; part < 2; part++) {
        size_t digits = strspn(s + i, "0123456789");
        if (digits < 1 || digits > 3)
            return 0;
        i += digits;
        if (part == 0 && s[i++] != '.')
            return 0;
    }
    return s[i] == ' ' || s[i] == '\0' ? i : 0;
}

static void clean(char *out, size_t size, const char *s)
{
    size_t i = 0;
    for (; s[i] != '\0' && i + 1 < size; i++)
        out[i] = (char)(isprint((unsigned char)s[i]) ? s[i] : '?');
    out[i] = '\0';
}

void smtp_answer_fill(struct smtp_answer *a, const struct smtp_line *line)
{
    const char *queued = strstr(line->text, "queued as ");
    size_t n = enhanced_length(line->text);

    a->code = line->code;
    memcpy(a->enhanced, line->text, n);
    a->enhanced[n] = '\0';
    clean(a->text, sizeof a->text, line->text);
    a->queue_id[0] = '\0';
    if (line->code / 100 == 2 && queued != NULL)
        clean(a->queue_id, sizeof a->queue_id, queued + strlen("queued as "));
}

static bool line_is_safe(const char *s, size_t n)
{
    return n <= LINE_MAX_BYTES && memchr(s, '\r', n) == NULL && memchr(s, '\0', n) == NULL;
}

bool smtp_wire_text(struct buf *out, const char *message, size_t len)
{
    const char *end = message + len;

    while (message < end) {
        const char *nl = memchr(message, '\n', (size_t)(end - message));
        const char *stop = nl != NULL ? nl - 1 : end; /* where CRLF should stand */
        if (nl != NULL && (nl == message || *stop != '\r'))
            return false;
        if (!line_is_safe(message, (size_t)(stop - message)))
            return false;
        if (*message == '.')
            buf_char(out, '.');
        buf_add(out, message, (size_t)(stop - message));
        buf_str(out, "\r\n");
        message = nl != NULL ? nl + 1 : end;
    }
    buf_str(out, ".\r\n");
    return buf_ok(out);
}
