#include "loa/ledger_line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MARK  ",\"x\":\""
#define HEAD_MARK   "{\"ledger\":\""
#define DOSSIER_HEX 16
#define LINE_MAX    8000

static void chain_next(struct ledger_chain *at, const char *body, size_t n)
{
    struct buf b = BUF_INIT(LINE_MAX + LEDGER_CHAIN_SIZE);
    buf_str(&b, at->x);
    buf_add(&b, body, n);
    crypto_sha256_hex(b.data, b.len, at->x);
    at->count++;
    buf_clear(&b);
}

void ledger_line_head(struct buf *out, unsigned partition, const char *day, const struct ledger_chain *at)
{
    buf_printf(out, HEAD_MARK "p%02u\",\"day\":\"%s\",\"before\":%lld,\"prev\":\"%s\"}\n", partition, day,
               at->count, at->x);
}

/* The dossier's code and the citizen's key stay behind. */
static void make_nameless(cJSON *entry, const struct crypto *c, long long person)
{
    const char *code = json_str_or(entry, "code", "");
    char hash[DOSSIER_HEX + 1];
    crypto_mac_hex(c, "ledger-dossier", code, strlen(code), hash, DOSSIER_HEX);
    if (code[0] != '\0')
        cJSON_AddStringToObject(entry, "dossier", hash);
    cJSON_DeleteItemFromObjectCaseSensitive(entry, "code");
    cJSON_DeleteItemFromObjectCaseSensitive(entry, "ckey");
    if (person > 0)
        cJSON_AddNumberToObject(entry, "person", (double)person);
}

void ledger_line_entry(struct buf *out, const struct crypto *c, cJSON *entry, long long person,
                       struct ledger_chain *at)
{
    make_nameless(entry, c, person);
    size_t start = out->len;
    json_print(entry, out);
    if (!buf_ok(out))
        return;
    out->len--; /* the closing brace comes after the chain */
    chain_next(at, out->data + start, out->len - start);
    buf_printf(out, CHAIN_MARK "%s\"}\n", at->x);
}

bool ledger_line_is_head(const char *line, size_t n, unsigned *partition, struct ledger_chain *at)
{
    cJSON *j = NULL;
    int64_t before = 0;
    const size_t mark = sizeof HEAD_MARK - 1;
    if (n < mark || memcmp(line, HEAD_MARK, mark) != 0 || json_parse(line, n, &j, NULL, 0) != LOA_OK)
        return false;
    const char *prev = json_str_or(j, "prev", ""), *name = json_str_or(j, "ledger", "");
    *partition = name[0] == 'p' ? (unsigned)strtoul(name + 1, NULL, 10) : PARTITIONS_MAX;
    bool good = *partition < PARTITIONS_MAX && json_int(j, "before", &before) &&
                strlen(prev) == LEDGER_CHAIN_SIZE - 1;
    if (good) {
        at->count = before;
        snprintf(at->x, sizeof at->x, "%s", prev);
    }
    cJSON_Delete(j);
    return good;
}

bool ledger_line_follows(const char *line, size_t n, struct ledger_chain *at)
{
    const size_t tail = sizeof CHAIN_MARK - 1 + LEDGER_CHAIN_SIZE - 1 + 2; /* ,"x":"…"} */
    struct ledger_chain said;
    unsigned partition;
    if (ledger_line_is_head(line, n, &partition, &said))
        return said.count == at->count && strcmp(said.x, at->x) == 0;
    if (n <= tail || n > LINE_MAX || memcmp(line + n - tail, CHAIN_MARK, sizeof CHAIN_MARK - 1) != 0)
        return false;
    chain_next(at, line, n - tail);
    return memcmp(line + n - LEDGER_CHAIN_SIZE - 1, at->x, LEDGER_CHAIN_SIZE - 1) == 0;
}
