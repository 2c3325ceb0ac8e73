/* The target of a request: address, escapes, query. */
#include "http_internal.h"
#include "loa/text.h"
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%xx" at `s` stands for; -1 when it is no escape. */
static int escaped_byte(const char *s)
{
    int high = hex(s[1]);
    int low = high < 0 ? -1 : hex(s[2]);
    return low < 0 ? -1 : high * 16 + low;
}

bool http_target_split(char *target, char **path, char **query)
{
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        target = strchr(target, ':') + 3;
        target += strcspn(target, "/?");
    }
    if (*target != '/')
        return false;
    *path = target;
    char *mark = strchr(target, '?');
    if (mark != NULL)
        *mark++ = '\0';
    *query = mark != NULL ? mark : target + strlen(target);
    return true;
}

bool http_path_decode(char *path)
{
    char *out = path;

    for (const char *in = path; *in != '\0'; in++) {
        int byte = (unsigned char)*in;
        if (*in == '%') {
            byte = escaped_byte(in);
            in += 2;
        }
        if (byte < ' ' || byte == 0x7f) /* also -1: '%' without two digits */
            return false;
        *out++ = *in != '/' && byte == '/' ? HTTP_SLASH : (char)byte;
    }
    *out = '\0';
    return text_is_utf8(path, (size_t)(out - path));
}

void http_path_slashes(char *path)
{
    for (; *path != '\0'; path++)
        if (*path == HTTP_SLASH)
            *path = '/';
}

/* Decodes [in, end) to `out` and ends it; gives the place after. */
static char *decode_form(char *out, const char *in, const char *end)
{
    for (; in < end; in++) {
        int byte = *in == '%' && end - in > 2 ? escaped_byte(in) : -1;
        if (byte > 0) {
            *out++ = (char)byte;
            in += 2;
        } else {
            *out++ = *in == '+' ? ' ' : *in;
        }
    }
    *out++ = '\0';
    return out;
}

unsigned http_query_decode(const char *query, char *out)
{
    unsigned pairs = 0;

    for (const char *in = query; *in != '\0'; in += strspn(in, "&")) {
        const char *end = in + strcspn(in, "&");
        const char *equals = memchr(in, '=', (size_t)(end - in));
        const char *value = equals != NULL ? equals + 1 : end;
        if (end > in) {
            out = decode_form(out, in, equals != NULL ? equals : end);
            out = decode_form(out, value, end);
            pairs++;
        }
        in = end;
    }
    return pairs;
}
