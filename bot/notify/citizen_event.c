/*
 * A Zalo user is at first only an id. Its record c:<key of "zalo:id"> stands alone until the citizen shares a
 * phone number; then it becomes an alias of the phone's record, which takes the Zalo id over.
 */
#include "loa/citizen.h"
#include "loa/clock.h"
#include "loa/consent.h"
#include "loa/mem.h"
#include "loa/phone.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct touching {
    struct store *store;
    char user[40], phone[16];
    int64_t at_ms;
    const char *follows; /* "1", "0" or "" */
    void (*done)(void *ctx, enum loa_status st);
    void *ctx;
};

static void end(struct touching *t, enum loa_status st)
{
    t->done(t->ctx, st);
    free(t);
}

static void touched(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    end(ctx, st);
}

static void touch(struct touching *t, const char *ckey)
{
    unsigned p = store_partition_of_citizen(t->store, ckey);
    char context[STORE_KEY_MAX];
    struct buf sealed = BUF_INIT(256);
    citizen_context(context, ckey);
    crypto_seal(store_crypto(t->store), context, t->user, strlen(t->user), &sealed);
    struct args a;
    args_init(&a);
    args_key(&a, p, "c:%s", ckey);
    args_int(&a, t->at_ms);
    args_str(&a, t->follows);
    args_bin(&a, sealed.data, sealed.len);
    enum loa_status st = store_script(t->store, p, "touch", &a, touched, t);
    args_clear(&a);
    buf_clear(&sealed);
    if (st != LOA_OK)
        end(t, st);
}

static void record_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct touching *t = ctx;
    if (st == LOA_OK)
        touch(t, c->ckey);
    else
        end(t, st);
}

static void load_record(struct touching *t, const char *ckey)
{
    enum loa_status st = citizen_load(t->store, ckey, record_found, t);
    if (st != LOA_OK)
        end(t, st);
}

static void key_of(const struct touching *t, const char *kind, const char *value, char out[CRYPTO_KEY_HEX])
{
    char identity[300];
    snprintf(identity, sizeof identity, "%s:%s", kind, value);
    citizen_key(store_crypto(t->store), identity, out);
}

static void linked(void *ctx, enum loa_status st)
{
    struct touching *t = ctx;
    char main_key[CRYPTO_KEY_HEX];
    key_of(t, "phone", t->phone, main_key);
    if (st == LOA_OK)
        load_record(t, main_key);
    else
        end(t, st);
}

/* The phone's record is the main one from now on; a touch before the link is repeated on it at once. */
static void link_phone(struct touching *t)
{
    char zalo_key[CRYPTO_KEY_HEX], main_key[CRYPTO_KEY_HEX];
    key_of(t, "zalo", t->user, zalo_key);
    key_of(t, "phone", t->phone, main_key);
    enum loa_status st = citizen_link(t->store, zalo_key, main_key, linked, t);
    if (st != LOA_OK)
        end(t, st);
}

static void nothing(void *ctx)
{
    end(ctx, LOA_OK);
}

void citizen_event(struct store *s, const struct channel_event *e,
                   void (*done)(void *ctx, enum loa_status st), void *ctx)
{
    struct touching *t = mem_alloc(sizeof *t);
    *t = (struct touching){ .store = s, .done = done, .ctx = ctx, .follows = "" };
    int64_t now = clock_wall_ms();
    t->at_ms = e->at_ms > 0 && e->at_ms < now ? e->at_ms : now;
    snprintf(t->user, sizeof t->user, "%s", e->user);
    struct phone phone = phone_parse(e->phone);
    snprintf(t->phone, sizeof t->phone, "%s", phone.kind == PHONE_MOBILE ? phone.e164 : "");
    char ckey[CRYPTO_KEY_HEX];
    if (e->kind == CE_FOLLOW || e->kind == CE_UNFOLLOW)
        t->follows = e->kind == CE_FOLLOW ? "1" : "0";
    bool touches = e->kind == CE_FOLLOW || e->kind == CE_UNFOLLOW || e->kind == CE_INTERACTION ||
                   e->kind == CE_CITIZEN_TEXT || e->kind == CE_SHARED_INFO;
    if (!touches || t->user[0] == '\0' || e->channel != CH_ZALO) {
        loop_defer(store_loop(s), nothing, t);
    } else if (e->kind == CE_SHARED_INFO && t->phone[0] != '\0') {
        link_phone(t);
    } else {
        key_of(t, "zalo", t->user, ckey);
        load_record(t, ckey);
    }
}
