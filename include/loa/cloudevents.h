/*
 * cloudevents - reads dossier news sent as CloudEvents 1.0 over HTTP: structured mode
 * (application/cloudevents+json), batch mode (application/cloudevents-batch+json) and binary mode (attributes
 * in ce-* headers, the record as body). Plain application/json is taken when its content is an event or an
 * array of events. Pure: no I/O.
 *
 *   struct cloudevents l;
 *   if (cloudevents_open(&request, &l, err) == LOA_OK)
 *       while (errors_reset(err), cloudevents_next(&l, &ev, err))
 *           ev.ok ? take(&ev) : refuse(ev.index, err);
 *   cloudevents_clear(&l);
 *
 * One bad event never spoils its neighbours: its faults are in `err` with pointers such as "/3/id".
 */
#ifndef LOA_CLOUDEVENTS_H
#define LOA_CLOUDEVENTS_H

#include "loa/errors.h"
#include "loa/json.h"
#include <stdint.h>

#define CLOUDEVENTS_MAX       10000
#define CLOUDEVENTS_MAX_BYTES (16u << 20)
#define CLOUDEVENT_TYPE       "vn.dossier.status" /* the one type there is */

struct cloudevents_request {
    const char *content_type; /* NULL: none was given */
    const char *body;
    size_t len;
    const char *(*header)(const void *ctx, const char *name); /* lower-case names; NULL when absent */
    const void *header_ctx;
};

struct cloudevent {
    unsigned index; /* in the batch, from 0 */
    bool ok;        /* false: do not use what follows except `id`, which may be "" */
    char id[128], source[64], type[64], subject[128]; /* cleaned; longer ones are faults */
    int64_t time_ms;                                  /* 0: not given */
    const cJSON *data;                                /* an object; lives as long as the list */
    char pointer[24];                                 /* of `data`: "/3/data", "/data", "" in binary mode */
};

struct cloudevents { /* the insides are the module's */
    cJSON *tree;
    const cJSON *next;
    unsigned count, index;
    bool batch, binary;
};

/* LOA_TOO_BIG over a limit; LOA_INVALID with code "bad_content_type", "bad_json" or "not_cloudevents". `out`
 * may be cleared in any case. */
enum loa_status cloudevents_open(const struct cloudevents_request *rq, struct cloudevents *out,
                                 struct errors *err);
/* The next event, good or bad; false after the last. */
bool cloudevents_next(struct cloudevents *l, struct cloudevent *out, struct errors *err);
void cloudevents_clear(struct cloudevents *l);

#endif
