/*
 * sync_envelope - the bodies of DongBoHoSoMC and CapNhatTienDoHoSoMC as province systems send them, and the
 * answer they expect. Pure: no I/O.
 *
 *   variant A  {"session", "madonvi", "service", "isUpdating": "True"|"False", "data": [record …]}
 *   variant B  [record …], with ?MaDinhDanhDV=…&isUpdating=True in the address
 *   answer     {"error_code": "0", "message", "result": [{"MaHoSo", "error_code", "message"} …]}
 *
 * `session` is a credential: it is neither kept nor checked, our own key in the header is.
 */
#ifndef LOA_SYNC_ENVELOPE_H
#define LOA_SYNC_ENVELOPE_H

#include "loa/dossier_code.h"
#include "loa/errors.h"
#include "loa/json.h"

#define SYNC_ITEMS_MAX    10000
#define SYNC_MAX_BYTES    (16u << 20)
#define SYNC_CODE_SIZE    (DOSSIER_CODE_MAX * 2)
#define SYNC_MESSAGE_SIZE 300

/* error_code of an item or of the whole answer. Some clients only know 0, so everything else means: look. */
#define SYNC_ACCEPTED  "0"
#define SYNC_REFUSED   "1" /* the item breaks a rule; of the whole answer: at least one item does */
#define SYNC_BAD       "2" /* the envelope cannot be read */
#define SYNC_TRY_AGAIN "3" /* not stored: send it again, repeats are harmless */

struct sync_envelope {
    char source[64]; /* "sync:" and the sender's unit: what dossier_context.source wants */
    bool updating;   /* the sender takes the dossiers for known ones */
    unsigned count;
    cJSON *tree; /* the insides are the module's */
    const cJSON *next;
    unsigned index;
    bool bare; /* variant B */
};

/* The query values are decoded, NULL when absent; variant A's own win. LOA_TOO_BIG over a limit; LOA_INVALID.
 * `out` may be cleared in any case. */
enum loa_status sync_envelope_open(const char *body, size_t len, const char *query_unit,
                                   const char *query_updating, struct sync_envelope *out, struct errors *err);
/* The next record and its JSON pointer; NULL after the last. It lives as long as the envelope. */
const cJSON *sync_envelope_next(struct sync_envelope *s, char pointer[32]);
void sync_envelope_clear(struct sync_envelope *s);

struct sync_result {
    char code[SYNC_CODE_SIZE]; /* MaHoSo as it came, see sync_item_code() */
    const char *error_code;    /* static, SYNC_… */
    char message[SYNC_MESSAGE_SIZE];
};
/* What stands in the record for MaHoSo, cut to fit; "" when nothing readable does. */
void sync_item_code(const cJSON *item, char out[SYNC_CODE_SIZE]);
/* The faults of one item as one Vietnamese sentence that names the fields. */
void sync_fault_message(const struct errors *err, char out[SYNC_MESSAGE_SIZE]);
void sync_answer(const struct sync_result *result, unsigned count, struct buf *out);
/* The answer when no item was looked at. */
void sync_answer_failed(const char *error_code, const char *message, struct buf *out);

#endif
