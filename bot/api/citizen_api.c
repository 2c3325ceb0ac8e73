/*
 * Citizens: contacts, unit, consents. An identity travels in bodies only; in paths and logs there is loa's
 * own opaque key.
 *
 *   PUT /v1/citizens
 * {"identities":["cccd:…","phone:…"],"name","phone","email","zalo","unit","consents":{"sms":false}} POST
 * /v1/citizens/find  {"identity":"phone:…"} GET /v1/citizens/{key}  DELETE /v1/citizens/{key}  (erasure:
 * contacts, inbox, queued messages, dossier summaries) The first identity of the kinds cccd, tax, phone,
 * email is the main one; the others become aliases of it.
 */
#include "loa/api.h"
#include "loa/citizen_store.h"
#include "loa/clock.h"
#include "loa/erase.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CITIZEN_MAX_BYTES 16384

/* ---- reading the body ---- */

static void read_identities(struct citizen_form *f, const cJSON *body, struct errors *err)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(body, "identities"))
    {
        citizen_form_identity(f, cJSON_IsString(item) ? item->valuestring : "", "/identities", err);
    }
    if (json_str(body, "identity") != NULL)
        citizen_form_identity(f, json_str(body, "identity"), "/identity", err);
    if (f->count == 0 && err->total == 0)
        errors_add(err, "/identities", "missing", "at least one identity is needed",
                   "Cần ít nhất một định danh.");
}

static void read_consents(struct citizen_form *f, const cJSON *body, struct errors *err)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(body, "consents"))
    {
        int ch = channel_from_word(item->string);
        if (ch < 0 || !cJSON_IsBool(item))
            errors_add(err, "/consents", "bad_consent", "channels with true or false",
                       "Mỗi kênh (zalo, sms, email) nhận true hoặc false.");
        else
            citizen_form_consent(f, (enum channel)ch, cJSON_IsTrue(item));
    }
}

/* Too long is left out: the record is worth more than the text. */
static void keep_text(char *to, size_t size, const cJSON *from, const char *name)
{
    const char *s = json_str_or(from, name, "");
    if (strlen(s) < size)
        memcpy(to, s, strlen(s) + 1);
}

static void read_form(struct citizen_form *f, const cJSON *body, struct errors *err)
{
    const char *phone = json_str_or(body, "phone", ""), *email = json_str_or(body, "email", "");
    read_identities(f, body, err);
    if (phone[0] != '\0')
        citizen_form_phone(f, phone, "/phone", err);
    if (email[0] != '\0')
        citizen_form_email(f, email, "/email", err);
    read_consents(f, body, err);
    keep_text(f->name, sizeof f->name, body, "name");
    keep_text(f->unit, sizeof f->unit, body, "unit");
    keep_text(f->kind, sizeof f->kind, body, "kind");
    keep_text(f->zalo, sizeof f->zalo, body, "zalo");
}

static void citizen_put(void *ctx, enum loa_status st, const char *ckey, bool created)
{
    struct api_call *c = ctx;
    struct buf out = BUF_INIT(256);
    if (st != LOA_OK) {
        api_problem_status(c, st);
    } else {
        buf_printf(&out, "{\"key\":\"%s\",\"created\":%s}", ckey, created ? "true" : "false");
        api_json(c, created ? 201 : 200, &out);
    }
    buf_clear(&out);
}

static void put_citizen(struct api_call *c)
{
    cJSON *body = api_body_json(c);
    if (body == NULL)
        return;
    struct citizen_form form = { .count = 0 };
    struct errors *err = errors_new();
    read_form(&form, body, err);
    if (err->total == 0)
        citizen_store(c->service->store, &form, citizen_put, c);
    else
        api_problem(c, 400, "invalid", "The record breaks a rule",
                    "Thông tin người dân chưa hợp lệ, xem danh sách lỗi.", err);
    cJSON_Delete(body);
    errors_free(err);
}

/* ---- reading and erasing ---- */

static void print_citizen(const struct citizen *z, struct buf *out)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "key", z->ckey);
    cJSON_AddStringToObject(j, "name", z->name);
    cJSON_AddStringToObject(j, "phone", z->phone);
    cJSON_AddStringToObject(j, "email", z->email);
    cJSON_AddStringToObject(j, "unit", z->unit);
    cJSON_AddBoolToObject(j, "zalo_linked", z->zalo[0] != '\0');
    cJSON_AddBoolToObject(j, "zalo_follows", z->zalo_follows);
    cJSON *consents = cJSON_AddObjectToObject(j, "consents");
    for (unsigned w = WAY_ZALO_ZBS; w < WAY_COUNT; w++) {
        const char *why = citizen_refuses(z->no, NULL, (enum way)w, clock_wall_ms());
        cJSON_AddBoolToObject(consents, channel_word(way_channel((enum way)w)),
                              why == NULL || strcmp(why, "opted_out") != 0);
    }
    json_print(j, out);
    cJSON_Delete(j);
}

static void citizen_found(void *ctx, enum loa_status st, const struct citizen *z)
{
    struct api_call *c = ctx;
    struct buf out = BUF_INIT(8192);
    if (st != LOA_OK || !z->known) {
        api_problem_status(c, st != LOA_OK ? st : LOA_NOT_FOUND);
    } else {
        print_citizen(z, &out);
        api_json(c, 200, &out);
    }
    buf_clear(&out);
}

static void load(struct api_call *c, const char *ckey, citizen_fn *done)
{
    enum loa_status st = citizen_load(c->service->store, ckey, done, c);
    if (st != LOA_OK)
        api_problem_status(c, st);
}

static void find_citizen(struct api_call *c)
{
    char identity[300], ckey[CRYPTO_KEY_HEX];
    cJSON *body = api_body_json(c);
    if (body == NULL)
        return;
    bool good = citizen_identity(json_str_or(body, "identity", ""), identity) == LOA_OK;
    cJSON_Delete(body);
    if (!good) {
        api_problem(c, 400, "bad_identity", "use cccd:…, tax:…, phone:…, email:… or zalo:…",
                    "Định danh phải có dạng cccd:…, tax:…, phone:…, email:… hoặc zalo:….", NULL);
        return;
    }
    citizen_key(c->service->crypto, identity, ckey);
    load(c, ckey, citizen_found);
}

static bool is_key(const char *s)
{
    return strlen(s) == CRYPTO_KEY_HEX - 1 && strspn(s, "0123456789abcdef") == CRYPTO_KEY_HEX - 1;
}

static void get_citizen(struct api_call *c)
{
    const char *key = http_request_param(c->req, "key");
    if (is_key(key))
        load(c, key, citizen_found);
    else
        api_problem_status(c, LOA_NOT_FOUND);
}

static void erased(void *ctx, enum loa_status st)
{
    struct api_call *c = ctx;
    struct buf out = BUF_INIT(32);
    buf_str(&out, "{\"erased\":true}");
    if (st == LOA_OK)
        api_json(c, 200, &out);
    else
        api_problem_status(c, LOA_UNAVAILABLE); /* asked again it finishes what is left */
    buf_clear(&out);
}

static void delete_citizen(struct api_call *c)
{
    const char *key = http_request_param(c->req, "key");
    if (is_key(key))
        citizen_erase(c->service->store, key, "", erased, c);
    else
        api_problem_status(c, LOA_NOT_FOUND);
}

void api_citizens(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_PUT, "/v1/citizens", SCOPE_CITIZENS, CITIZEN_MAX_BYTES, put_citizen },
        { HTTP_POST, "/v1/citizens/find", SCOPE_CITIZENS, CITIZEN_MAX_BYTES, find_citizen },
        { HTTP_GET, "/v1/citizens/{key}", SCOPE_CITIZENS, 0, get_citizen },
        { HTTP_DELETE, "/v1/citizens/{key}", SCOPE_CITIZENS, 0, delete_citizen },
        { 0 },
    };
    api_routes(s, routes);
}
