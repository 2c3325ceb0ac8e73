/*
 * zalo_request - the calls of the Zalo platform as method, URL and body. Pure: nothing is sent here.
 *
 * Two hosts with two habits: the OA host (messages to a user id) takes one URL-encoded JSON `data=` in a GET,
 * the ZBS host (approved templates to a phone) takes plain query parameters. Texts are made NFC on the way
 * out, because both count characters.
 */
#ifndef LOA_ZALO_REQUEST_H
#define LOA_ZALO_REQUEST_H

#include "loa/json.h"

enum zalo_host { ZALO_OA, ZALO_ZBS, ZALO_HOST_COUNT };
const char *zalo_host_word(enum zalo_host h); /* "oa" "zbs": the host column of codes.tsv */

#define ZALO_REQUEST_MAX_BYTES (64 * 1024)
#define ZALO_TEXT_MAX          2000 /* characters of a reply-window text */
#define ZALO_BUTTONS_MAX       5
#define ZALO_TITLE_MAX         100 /* characters of a button's title */
#define ZALO_PAYLOAD_MAX       1000

struct zalo_request {
    enum zalo_host host;
    const char *method;
    struct buf path; /* "/v3.0/oa/message/cs", with query where there is one */
    struct buf body; /* JSON; empty for GET */
};
void zalo_request_init(struct zalo_request *r);
void zalo_request_clear(struct zalo_request *r);

/* A text within the reply window. `extras` is NULL or what the template put beside the text: an array of
 * buttons [{title, type, payload}], or an object {buttons, quote_message_id, request_user_info:{title,
 * subtitle, image_url}}, each member optional; asking for the user's details replaces text and buttons.
 * Returns NULL, or the word of the fault: the row of host `local` in codes.tsv. */
const char *zalo_request_text(struct zalo_request *r, const char *user_id, const char *text, size_t text_len,
                              const cJSON *extras);

/* What a template put beside its text (template_data, buttons), as it goes on the wire: every string NFC. The
 * caller frees it with cJSON_Delete(). NULL when it is no JSON. */
cJSON *zalo_json_nfc(const char *json, size_t len);

/* An approved template to a user id. `data`: an object with at least one member. */
const char *zalo_request_uid_template(struct zalo_request *r, const char *user_id, const char *template_id,
                                      const cJSON *data);

struct zalo_phone_options {
    bool hashed;      /* send SHA-256 of the number instead of the number */
    bool development; /* only to administrators of the app, from the test wallet */
};
/* An approved template to a phone, in any usual spelling. `tracking_id` comes back with the receipt. */
const char *zalo_request_phone_template(struct zalo_request *r, const char *phone, const char *template_id,
                                        const cJSON *data, const char *tracking_id,
                                        const struct zalo_phone_options *opt);

void zalo_request_status(struct zalo_request *r, const char *message_id);
void zalo_request_template_info(struct zalo_request *r, const char *template_id);
void zalo_request_quota(struct zalo_request *r);   /* ZBS: messages left today */
void zalo_request_quality(struct zalo_request *r); /* ZBS: how citizens rate what we send */
void zalo_request_getoa(struct zalo_request *r);   /* who the token speaks for, and its package */
void zalo_request_user_detail(struct zalo_request *r, const char *user_id);

#endif
