#include "loa/text.h"
#include <string.h>
#include <unistr.h>

bool text_is_utf8(const char *s, size_t n)
{
    return memchr(s, '\0', n) == NULL && u8_check((const uint8_t *)s, n) == NULL;
}
