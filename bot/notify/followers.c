#include "loa/followers.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>

static void planned(void *ctx, enum loa_status st, bool made)
{
    struct follower_news *w = ctx;
    (void)made;
    w->told(w->ctx, st);
}

/* ---- on Zalo ---- */

static bool hears_it_anyway(const struct follower_news *w, const struct citizen *c)
{
    return strcmp(c->ckey, w->owner->ckey) == 0 || strcmp(c->ckey, w->contact->ckey) == 0 ||
           strcmp(c->zalo, w->owner->zalo) == 0;
}

/* Whom the dossier is of, and whom its news is addressed to. */
static void mask_names(struct params *p)
{
    static const char *const names[] = { "owner", "recipient" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *name = params_get(p, names[i]);
        struct buf masked = BUF_INIT(1024);
        if (name != NULL) {
            text_mask_name(&masked, name, strlen(name));
            params_set(p, names[i], buf_cstr(&masked));
        }
        buf_clear(&masked);
    }
}

static void account_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    static const char *const ways[] = { "zalo_cs", "zalo_uid", NULL };
    struct follower_news *w = ctx;
    struct notice n;
    if (st != LOA_OK || c->zalo[0] == '\0' || hears_it_anyway(w, c)) {
        w->told(w->ctx, st);
        return;
    }
    notice_init(&n);
    w->fill(w->ctx, &n);
    mask_names(&n.params);
    n.phone[0] = n.email[0] = '\0';
    n.allow_zalo = -1; /* the owner's consent is the owner's; this citizen asked for it */
    n.only_ways = ways;
    notice_set_id(&n, w->env.store, c->ckey, "");
    notice_plan(w->env.planner, &n, c, planned, w);
    notice_clear(&n);
}

/* ---- on the web ---- */

static void tell_web(struct follower_news *w, const char *cid)
{
    char text[128];
    struct notice n;
    notice_init(&n);
    w->fill(w->ctx, &n);
    notice_set_id(&n, w->env.store, cid, "");
    snprintf(text, sizeof text, "#news:%s %d %lld", n.code, n.status, (long long)n.at_ms);
    w->env.tell(w->env.tell_ctx, cid, text, n.nid, w->told, w->ctx);
    notice_clear(&n);
}

unsigned followers_tell(struct follower_news *w, enum loa_status *refused)
{
    unsigned begun = 0;
    for (const char *at = w->list; *at != '\0';) {
        size_t n = strcspn(at, ";");
        char cid[CRYPTO_KEY_HEX];
        enum loa_status st = LOA_OK;
        snprintf(cid, sizeof cid, "%.40s", at);
        if (n > sizeof cid && strncmp(at + sizeof cid, "web;", 4) == 0)
            tell_web(w, cid);
        else if (n > sizeof cid)
            st = citizen_load(w->env.store, cid, account_found, w);
        if (st != LOA_OK)
            *refused = st;
        begun += n > sizeof cid && st == LOA_OK;
        at += n + (at[n] == ';');
    }
    return begun;
}
