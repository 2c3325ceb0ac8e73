/*
 * sim_options - what `loa sim` is told: the command line once, the settings also while it runs.
 *
 * Options are names and addresses. Settings are numbers that describe how the simulated providers behave
 * (limits, prices, delays): `--set NAME=N` at start, POST /sim/settings later. Both are one table each.
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "loa/errors.h"
#include "loa/json.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sim_settings {
    int64_t delivery_min_ms, delivery_max_ms; /* from taken to on the device */
    int64_t seen_percent, seen_after_ms;      /* how many open what they get by themselves, and when */
    int64_t daily_quota;                      /* ZBS messages a day */
    int64_t balance_vnd;                      /* -1: no end of money */
    int64_t night_rule;                       /* 1: ZBS -133 between 22:00 and 06:00 */
    int64_t oa_per_minute;                    /* calls to the OA host */
    int64_t speedsms_per_minute;
    int64_t token_life_s;
    int64_t require_proof;                    /* 1: appsecret_proof is demanded */
    int64_t echo;                             /* 1: our own OA texts come back as oa_send_text */
    int64_t cs_price_vnd;                     /* one reply after 48 h */
    int64_t sms_price_vnd;                    /* one part */
    int64_t webhook_timeout_ms, retry_factor; /* retries come this many times sooner than the real ones */
    int64_t clock_offset_ms;                  /* the simulator's now, ahead of the real one */
};

struct sim_options {
    const char *listen, *smtp, *webhook;
    const char *app_id, *app_secret, *oa_id, *oa_secret_key, *oa_name;
    const char *access_token, *refresh_token;
    const char *sms_key, *sms_secret, *brandname, *sms_templates, *sms_token, *email_token;
    const char *state, *templates, *web, *codes, *seed;
    bool allow_public, help;
    struct sim_settings settings;
};

/* Fills defaults, then the command line. False for a wrong one, which `why` names. Strings are argv's. */
bool sim_options_read(struct sim_options *o, int argc, char **argv, struct buf *why);
void sim_options_help(FILE *to, bool english);

/* Changes the named settings; nothing when one of them is wrong. */
enum loa_status sim_settings_change(struct sim_settings *s, const cJSON *o, struct errors *err);
cJSON *sim_settings_json(const struct sim_settings *s);

#endif
