/*
 * What outlives a restart: the token pair, and the citizens somebody defined. One JSON file, replaced as a
 * whole. Messages are not kept.
 */
#include "sim.h"
#include "loa/log.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_MAX_BYTES (64u << 20)

static void read_tokens(struct sim_tokens *t, const cJSON *o)
{
    snprintf(t->access, sizeof t->access, "%s", json_str_or(o, "access", ""));
    snprintf(t->previous, sizeof t->previous, "%s", json_str_or(o, "previous", ""));
    snprintf(t->refresh, sizeof t->refresh, "%s", json_str_or(o, "refresh", ""));
    json_int(o, "expires_ms", &t->expires_ms);
    t->revoked = json_bool_or(o, "revoked", false);
}

void sim_state_load(struct sim *s)
{
    struct buf text = BUF_INIT(STATE_MAX_BYTES);
    struct errors *err = errors_new();
    cJSON *o = NULL;
    const cJSON *one;

    if (s->opt.state[0] != '\0' && buf_read_file(&text, s->opt.state) == LOA_OK) {
        if (json_parse(text.data, text.len, &o, NULL, 0) != LOA_OK)
            log_warn("sim_state_unreadable");
        if (json_get(o, "tokens") != NULL)
            read_tokens(&s->tokens, json_get(o, "tokens"));
        cJSON_ArrayForEach(one, json_get(o, "users")) sim_people_define(&s->people, one, sim_now_ms(s), err);
    }
    cJSON_Delete(o);
    errors_free(err);
    buf_clear(&text);
}

static cJSON *state_json(const struct sim *s)
{
    cJSON *o = cJSON_CreateObject(), *t = cJSON_AddObjectToObject(o, "tokens");
    cJSON *users = cJSON_AddArrayToObject(o, "users");

    cJSON_AddStringToObject(t, "access", s->tokens.access);
    cJSON_AddStringToObject(t, "previous", s->tokens.previous);
    cJSON_AddStringToObject(t, "refresh", s->tokens.refresh);
    cJSON_AddNumberToObject(t, "expires_ms", (double)s->tokens.expires_ms);
    cJSON_AddBoolToObject(t, "revoked", s->tokens.revoked);
    for (uint32_t i = 1; i <= s->people.count; i++)
        if (sim_people_get(&s->people, i)->defined)
            cJSON_AddItemToArray(users, sim_person_json(sim_people_get(&s->people, i)));
    return o;
}

void sim_state_save(struct sim *s)
{
    struct buf text = BUF_INIT(STATE_MAX_BYTES);
    char draft[1024];

    if (s->opt.state[0] == '\0')
        return;
    cJSON *o = state_json(s);
    json_print(o, &text);
    cJSON_Delete(o);
    snprintf(draft, sizeof draft, "%s.new", s->opt.state);
    FILE *f = fopen(draft, "w");
    bool ok = f != NULL && fwrite(buf_cstr(&text), 1, text.len, f) == text.len;
    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    if (!ok || rename(draft, s->opt.state) != 0)
        log_warn("sim_state_not_saved", "error", strerror(errno));
    buf_clear(&text);
}
