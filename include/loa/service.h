/*
 * service - everything one running process consists of, in one struct, so that each part can be handed what
 * it needs. Made, started and stopped by bot/serve.c and nowhere else.
 */
#ifndef LOA_SERVICE_H
#define LOA_SERVICE_H

#include "loa/channel.h"
#include "loa/http_server.h"
#include "loa/intake.h"
#include "loa/later.h"
#include "loa/lease.h"
#include "loa/notice.h"
#include "loa/policy.h"
#include "loa/receipt.h"
#include "loa/router.h"
#include "loa/store.h"
#include "loa/template.h"
#include "loa/words.h"
#include "loa/worker.h"

struct api_keys;
struct chat;
struct chat_texts;
struct consent_words;
struct board;
struct canned_book;
struct canned_file;
struct faq_own;
struct handover;
struct hub;
struct roster;
struct desks;
struct faq;
struct wish_words;
struct api_kept;
struct archive;
struct hooks;
struct pages;
struct feedback_rules;
struct feedback_clock;
struct survey_rules;
struct survey_counter;
struct qa;
struct staff;

struct service {
    struct loop *loop;
    struct config *config;
    struct crypto *crypto;
    struct redis *redis;
    struct store *store;
    struct leases *leases;
    struct http_server *server;
    struct http_client *client;
    struct policy *policy;               /* replaced on reload */
    struct template_set *templates;      /* replaced on reload */
    struct words *words;                 /* replaced on reload */
    struct chat_texts *chat_texts;       /* replaced on reload */
    struct desks *desks;                 /* replaced on reload */
    struct canned_file *canned_file;     /* replaced on reload */
    struct consent_words *consent_words; /* replaced on reload */
    struct faq *faq;                     /* replaced on reload */
    struct wish_words *wish_words;       /* replaced on reload */
    unsigned texts_generation;           /* counts reloads: what pointed into the texts before is gone */
    struct feedback_rules *feedback;     /* replaced on reload */
    struct survey_rules *survey;         /* replaced on reload */
    struct planner *planner;
    struct intake *intake;
    struct router *router;
    struct worker *worker;
    struct receipts *receipts;
    struct later *later;
    struct chat *chat;
    struct archive *archive;   /* NULL where this process does no work */
    struct board *board;       /* the desks' queues and people */
    struct handover *handover; /* NULL where this process does no work */
    struct roster *roster;     /* who is on duty when */
    struct canned_book *canned;
    struct faq_own *faq_own;
    struct hub *hub;     /* the pages of the desk that are open here */
    struct hooks *hooks; /* NULL where this process does no work */
    struct api_keys *keys;
    struct api_kept *kept; /* api_keep() */
    struct pages *pages;
    struct qa *qa;
    struct survey_counter *survey_counter;
    struct feedback_clock *feedback_clock; /* NULL where this process does no work */
    struct staff *staff;
    void *channel[CH_COUNT]; /* driver states, NULL: off */
    char process_id[40];
    bool store_open, stopping;
};

/* Tells a person about something that needs hands: logged, kept in the store for GET /v1/alerts, once per
 * code and hour over all processes. */
void service_alert(void *service, const char *code, const char *sentence_vi);

/* ---- texts and tables: loaded together, replaced together ---- */
struct service_texts {
    struct policy *policy;
    struct template_set *templates;
    struct words *words;
    struct chat_texts *chat_texts;
    struct desks *desks;
    struct canned_file *canned_file;
    struct consent_words *consent_words;
    struct faq *faq;
    struct wish_words *wish_words;
    struct feedback_rules *feedback;
    struct survey_rules *survey;
};
enum loa_status service_texts_load(const struct config *cf, struct errors *err, struct service_texts *out);
void service_texts_use(struct service *s, const struct service_texts *t); /* frees the old ones */
void service_texts_free(struct service_texts *t);
/* All of them anew, when all are good; else the old ones stay (SIGHUP, POST /v1/faq/reload). */
enum loa_status service_reload(struct service *s, struct errors *err);
void service_tell_skipped(struct service *s); /* alerts staff when approved answers are left out for faults */
/* The FAQ alone; the old one stays when the new one is not good. */
enum loa_status service_faq_reload(struct service *s, struct errors *err);
struct service_texts service_texts_of(const struct service *s); /* the ones in use */

/* ---- waking the owner of a partition, here or in another process ---- */
void service_wake_router(void *service, unsigned partition);
void service_wake_worker(void *service, unsigned partition, enum way way);
void service_wake_chat(struct service *s, unsigned partition);
void service_wake_all_ways(void *service, unsigned partition); /* only when it is ours */
enum loa_status service_wake_listen(struct service *s);

#endif
