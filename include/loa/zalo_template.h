/*
 * zalo_template - what we know of the approved ZBS templates: their parameters with limits, and prices.
 *
 * Learned from the platform, kept in memory only, learned anew when it is an hour old, when an event says
 * that a template changed, or when an answer shows that we know it wrong. A template we know nothing of is
 * not judged: the platform will.
 */
#ifndef LOA_ZALO_TEMPLATE_H
#define LOA_ZALO_TEMPLATE_H

#include "loa/channel.h"
#include "loa/json.h"

#define ZALO_TEMPLATES_MAX       256
#define ZALO_TEMPLATE_PARAMS_MAX 32
#define ZALO_TEMPLATE_FRESH_MS   (60 * 60 * INT64_C(1000))
#define ZALO_TEMPLATE_RETRY_MS   (60 * INT64_C(1000)) /* between two questions about one template */

struct zalo_templates;
struct zalo_templates *zalo_templates_new(void);
void zalo_templates_free(struct zalo_templates *t);

/* Should the platform be asked about this template now? True marks it as asked. */
bool zalo_templates_ask(struct zalo_templates *t, const char *id, int64_t now_ms);
/* Takes the `data` of an answer to /template/info/v2. LOA_INVALID when it holds no list of parameters. */
enum loa_status zalo_templates_learn(struct zalo_templates *t, const char *id, const cJSON *data,
                                     int64_t now_ms);
/* It changed, or differs from what we believed: not judged until learned anew. */
void zalo_templates_doubt(struct zalo_templates *t, const char *id);

/* Would the platform refuse these values? NULL: no, or nothing is known. Else the word of the fault (the row
 * of host `local` in codes.tsv) and in `param` the parameter's name. Counts characters, so `template_data`
 * must be NFC. */
const char *zalo_templates_fault(const struct zalo_templates *t, const char *id, const cJSON *template_data,
                                 char *param, size_t param_size);
/* Price of one message by WAY_ZALO_UID or WAY_ZALO_ZBS in VND; -1 unknown. */
int64_t zalo_templates_price(const struct zalo_templates *t, const char *id, enum way way);

#endif
