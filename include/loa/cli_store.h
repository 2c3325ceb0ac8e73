/*
 * cli_store - the store, opened for one command-line command: through a running service's Redis, or by
 * starting the private one for as long as the command takes.
 */
#ifndef LOA_CLI_STORE_H
#define LOA_CLI_STORE_H

#include "loa/config.h"
#include "loa/store.h"

struct cli_store {
    struct loop *loop;
    struct config *config;
    struct crypto *crypto;
    struct redis *redis;
    struct store *store;
    struct private_redis *server;
    bool english;
};

/* Prints what is wrong and returns false on failure. cli_store_close() is due either way. */
bool cli_store_open(struct cli_store *c, const char *config_path, bool english);
/* One command or script, waited for. `take` (may be NULL) sees the reply. */
typedef void cli_reply_fn(void *ctx, const struct redis_value *v);
enum loa_status cli_store_command(struct cli_store *c, unsigned partition, const char *command,
                                  struct args *a, cli_reply_fn *take, void *ctx);
enum loa_status cli_store_script(struct cli_store *c, unsigned partition, const char *script, struct args *a,
                                 cli_reply_fn *take, void *ctx);
void cli_store_close(struct cli_store *c);

#endif
