#include "loa/api.h"
#include <string.h>
#include <strings.h>

static bool same_text(const char *a, const char *b, size_t n)
{
    return strlen(a) == n && strncasecmp(a, b, n) == 0;
}

static bool is_listed(const char *list, const char *origin)
{
    for (size_t n; *list != '\0'; list += n) {
        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        if (n > 0 && same_text(origin, list, n))
            return true;
    }
    return false;
}

/* The page came from the host it now calls, or from the address we are known by. */
static bool is_own(const struct service *s, const char *origin, const char *host)
{
    const char *place = strstr(origin, "://"), *url = config_str(s->config, "loa", "public_url"),
               *path = strstr(url, "://");
    if (place != NULL && host != NULL && strcasecmp(place + 3, host) == 0)
        return true;
    return path != NULL && same_text(origin, url, (size_t)(path + 3 - url) + strcspn(path + 3, "/"));
}

bool api_origin_allowed(const struct service *s, const struct http_request *req, const char *list)
{
    const char *origin = http_request_header(req, "origin");
    return origin == NULL || is_listed(list, origin) || is_own(s, origin, http_request_header(req, "host"));
}
