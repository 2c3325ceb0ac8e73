/* The text after `url =` and the addresses servers tell us. */
#include "../../bot/net/redis_inside.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[REDIS_ADDRESS_TEXT], *url = malloc(size + 1);
    struct redis_url u = { 0 };
    struct redis_address a = { 0 };

    memcpy(url, data, size);
    url[size] = '\0';
    if (redis_url_parse(url, &u) == LOA_OK) {
        assert(u.servers >= 1 && u.servers <= REDIS_SERVERS_MAX);
        assert((u.mode == REDIS_MODE_SENTINEL) == (u.master[0] != '\0'));
        assert(u.user[0] == '\0' || u.password[0] != '\0');
        for (unsigned i = 0; i < u.servers; i++)
            assert(strlen(redis_address_text(&u.server[i], text)) > 1);
    }
    if (redis_address_set(&a, (const char *)data, size, 6379))
        assert(strlen(a.host) == size && strchr(a.host, '/') == NULL);
    free(url);
    return 0;
}
