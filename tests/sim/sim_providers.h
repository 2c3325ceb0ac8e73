/*
 * sim_providers - the handlers of the simulated HTTP providers. What each accepts and refuses is what the
 * provider's documents say; see the comments in the .c files.
 */
#ifndef SIM_PROVIDERS_H
#define SIM_PROVIDERS_H

#include "sim_exchange.h"

/* ---- Zalo: accounts ---- */
sim_handler sim_oauth_token;
sim_refuse sim_oauth_refuse;
enum sim_access {
    SIM_ACCESS_OK,
    SIM_ACCESS_MISSING,
    SIM_ACCESS_WRONG,
    SIM_ACCESS_EXPIRED,
    SIM_ACCESS_NO_PROOF
};
enum sim_access sim_access_check(struct sim *s, const struct http_request *req);
void sim_tokens_start(struct sim *s); /* the first pair, from the options */
void sim_tokens_revoke(struct sim *s, bool refresh_too);

/* ---- Zalo: Official Account host ---- */
sim_handler sim_oa_message, sim_oa_template, sim_oa_quota, sim_oa_account, sim_oa_user, sim_oa_gone;
sim_refuse sim_oa_refuse;

/* ---- Zalo: ZBS host ---- */
sim_handler sim_zbs_send, sim_zbs_send_hash, sim_zbs_status, sim_zbs_quota, sim_zbs_quality, sim_zbs_template,
    sim_zbs_templates;
sim_refuse sim_zbs_refuse;

/* ---- SMS ---- */
sim_handler sim_esms_send, sim_esms_status, sim_esms_balance;
sim_refuse sim_esms_refuse;
sim_handler sim_speedsms_send, sim_speedsms_status, sim_speedsms_user;
sim_refuse sim_speedsms_refuse;

/* {"error":0,"message":"Success","data":data}; takes over `data`. */
void sim_zalo_success(struct sim_reply *r, cJSON *data);
/* {"error":code,"message":words}: with HTTP 200, as Zalo does. With a field: "<field> is invalid". */
void sim_zalo_refuse(struct sim *s, struct sim_reply *r, const char *host, const char *code,
                     const char *field);
/* The body as a JSON object, or NULL; the caller frees it. `empty` tells an absent body from a bad one. */
cJSON *sim_request_json(const struct http_request *req, bool *empty);

#endif
