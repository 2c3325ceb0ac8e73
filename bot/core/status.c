#include "loa/status.h"

const char *loa_status_word(enum loa_status st)
{
    static const char *const word[] = {
        [LOA_OK] = "ok",
        [LOA_INVALID] = "invalid",
        [LOA_TOO_BIG] = "too_big",
        [LOA_NOT_FOUND] = "not_found",
        [LOA_CONFLICT] = "conflict",
        [LOA_DENIED] = "denied",
        [LOA_BUSY] = "busy",
        [LOA_TIMEOUT] = "timeout",
        [LOA_UNAVAILABLE] = "unavailable",
        [LOA_STALE] = "stale",
        [LOA_IO] = "io",
        [LOA_CANCELLED] = "cancelled",
    };
    if ((unsigned)st >= sizeof word / sizeof word[0])
        return "unknown";
    return word[st];
}
