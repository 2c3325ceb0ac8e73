/* Answers of the token endpoint, and the stored record: a pair is whole or not there; what is printed reads
 * back. */
#include "loa/zalo_oauth.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void answer(int status, const char *body, size_t len)
{
    struct zalo_pair pair;
    char code[64];
    memset(&pair, 0, sizeof pair);
    bool granted = zalo_grant_read(status, body, len, &pair, code, sizeof code) == ZALO_GRANTED;
    must(granted == (pair.access[0] != '\0' && pair.refresh[0] != '\0'));
    must(!granted || pair.life_ms >= 1000);
}

static void record(const char *text, size_t len)
{
    struct zalo_token_record r, again;
    struct buf out = BUF_INIT(64 * 1024);
    if (zalo_token_record_parse(text, len, &r) == LOA_OK) {
        zalo_token_record_print(&r, &out);
        must(buf_ok(&out) && zalo_token_record_parse(buf_cstr(&out), out.len, &again) == LOA_OK);
        must(strcmp(r.pair.access, again.pair.access) == 0 && r.generation == again.generation);
    }
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    answer(data[0] & 1 ? 200 : 500, (const char *)data + 1, size - 1);
    record((const char *)data + 1, size - 1);
    return 0;
}
