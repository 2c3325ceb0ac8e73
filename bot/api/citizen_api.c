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
#include "loa/clock.h"
#include "loa/mail_address.h"
#include "loa/mem.h"
#include "loa/phone.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CITIZEN_MAX_BYTES 16384
#define IDENTITIES_MAX    8

struct putting {
    struct api_call *call;
    char identity[IDENTITIES_MAX][300];
    unsigned count, waiting;
    char ckey[CRYPTO_KEY_HEX], phone[16], email[256], zalo[40], consents[64];
    cJSON *contacts; /* what is sealed */
    bool failed, created;
};

static void putting_free(struct putting *p)
{
    cJSON_Delete(p->contacts);
    free(p);
}

static void putting_leave(struct putting *p)
{
    if (--p->waiting > 0)
        return;
    struct buf out = BUF_INIT(256);
    if (p->failed) {
        api_problem_status(p->call, LOA_UNAVAILABLE);
    } else {
        buf_printf(&out, "{\"key\":\"%s\",\"created\":%s}", p->ckey, p->created ? "true" : "false");
        api_json(p->call, p->created ? 201 : 200, &out);
    }
    buf_clear(&out);
    putting_free(p);
}

static void alias_stored(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    struct putting *p = ctx;
    p->failed |= st != LOA_OK;
    putting_leave(p);
}

static void put_alias(struct putting *p, const char *identity)
{
    struct store *s = p->call->service->store;
    char key[CRYPTO_KEY_HEX];
    citizen_key(p->call->service->crypto, identity, key);
    unsigned partition = store_partition_of_citizen(s, key);
    struct args a;
    args_init(&a);
    args_key(&a, partition, "c:%s", key);
    args_str(&a, "as");
    args_str(&a, p->ckey);
    p->waiting++;
    if (strcmp(key, p->ckey) == 0 || store_command(s, partition, "HSET", &a, alias_stored, p) != LOA_OK) {
        p->failed |= strcmp(key, p->ckey) != 0;
        p->waiting--;
    }
    args_clear(&a);
}

/* The main record first, the aliases after it: an alias never points to nothing. */
static void main_stored(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct putting *p = ctx;
    p->failed |= st != LOA_OK;
    p->created = redis_int(v) == 1;
    for (unsigned i = 1; st == LOA_OK && i < p->count; i++)
        put_alias(p, p->identity[i]);
    putting_leave(p);
}

static void store_main(struct putting *p)
{
    struct service *s = p->call->service;
    char context[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(CITIZEN_MAX_BYTES), sealed = BUF_INIT(CITIZEN_MAX_BYTES + 64),
               zalo = BUF_INIT(256);
    citizen_key(s->crypto, p->identity[0], p->ckey);
    citizen_context(context, p->ckey);
    json_print(p->contacts, &plain);
    crypto_seal(s->crypto, context, plain.data, plain.len, &sealed);
    if (p->zalo[0] != '\0')
        crypto_seal(s->crypto, context, p->zalo, strlen(p->zalo), &zalo);
    unsigned partition = store_partition_of_citizen(s->store, p->ckey);
    struct args a;
    args_init(&a);
    args_key(&a, partition, "c:%s", p->ckey);
    args_bin(&a, sealed.data, sealed.len);
    args_bin(&a, zalo.data, zalo.len);
    args_str(&a, p->consents);
    args_int(&a, clock_wall_ms());
    p->waiting = 1;
    enum loa_status st = store_script(s->store, partition, "citizen_put", &a, main_stored, p);
    args_clear(&a);
    buf_clear(&plain);
    buf_clear(&sealed);
    buf_clear(&zalo);
    if (st != LOA_OK) {
        p->failed = true;
        putting_leave(p);
    }
}

/* ---- reading the body ---- */

/* A phone or an address may be changed or shared; a paper number is the surest main identity. */
static int rank(const char *identity)
{
    static const char *const kind[] = { "cccd:", "tax:", "phone:", "email:", "zalo:" };
    for (int i = 0; i < 5; i++)
        if (strncmp(identity, kind[i], strlen(kind[i])) == 0)
            return i;
    return 5;
}

static int by_rank(const void *a, const void *b)
{
    return rank(a) - rank(b);
}

static void add_identity(struct putting *p, const char *text, const char *pointer, struct errors *err)
{
    if (p->count == IDENTITIES_MAX) {
        errors_add(err, pointer, "too_many", "at most 8 identities", "Tối đa 8 định danh.");
        return;
    }
    if (citizen_identity(text, p->identity[p->count]) != LOA_OK) {
        errors_add(err, pointer, "bad_identity", "use cccd:…, tax:…, phone:…, email:… or zalo:…",
                   "Định danh phải có dạng cccd:…, tax:…, phone:…, email:… hoặc zalo:….");
        return;
    }
    p->count++;
}

static void read_identities(struct putting *p, const cJSON *body, struct errors *err)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(body, "identities"))
    {
        add_identity(p, cJSON_IsString(item) ? item->valuestring : "", "/identities", err);
    }
    if (json_str(body, "identity") != NULL)
        add_identity(p, json_str(body, "identity"), "/identity", err);
    if (p->count == 0 && err->total == 0)
        errors_add(err, "/identities", "missing", "at least one identity is needed",
                   "Cần ít nhất một định danh.");
    qsort(p->identity, p->count, sizeof p->identity[0], by_rank);
}

static void read_phone(struct putting *p, const cJSON *body, struct errors *err)
{
    const char *text = json_str(body, "phone");
    if (text == NULL || text[0] == '\0')
        return;
    struct phone phone = phone_parse(text);
    if (phone.kind == PHONE_MOBILE)
        snprintf(p->phone, sizeof p->phone, "%s", phone.e164);
    else
        errors_add(err, "/phone", "bad_phone", "not a mobile number of Vietnam",
                   "Không phải số di động Việt Nam. Ví dụ đúng: 0912345678.");
}

static void read_email(struct putting *p, const cJSON *body, struct errors *err)
{
    const char *text = json_str(body, "email");
    if (text == NULL || text[0] == '\0')
        return;
    struct mail_address m = mail_address_parse(text, strlen(text));
    if (m.address[0] != '\0')
        snprintf(p->email, sizeof p->email, "%s", m.address);
    else
        errors_add(err, "/email", "bad_email", m.why ? m.why : "not an address",
                   "Địa chỉ thư điện tử không đúng.");
}

static void read_consents(struct putting *p, const cJSON *body, struct errors *err)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(body, "consents"))
    {
        int ch = channel_from_word(item->string);
        if (ch < 0 || !cJSON_IsBool(item)) {
            errors_add(err, "/consents", "bad_consent", "channels with true or false",
                       "Mỗi kênh (zalo, sms, email) nhận true hoặc false.");
            continue;
        }
        size_t n = strlen(p->consents);
        snprintf(p->consents + n, sizeof p->consents - n, "%s=%d;", channel_word((enum channel)ch),
                 cJSON_IsTrue(item));
    }
}

static void keep_text(cJSON *to, const cJSON *from, const char *name, size_t max)
{
    const char *s = json_str(from, name);
    if (s != NULL && s[0] != '\0' && strlen(s) <= max)
        cJSON_AddStringToObject(to, name, s);
}

static void make_contacts(struct putting *p, const cJSON *body)
{
    p->contacts = cJSON_CreateObject();
    keep_text(p->contacts, body, "name", 127);
    keep_text(p->contacts, body, "unit", 63);
    keep_text(p->contacts, body, "kind", 31);
    if (p->phone[0] != '\0')
        cJSON_AddStringToObject(p->contacts, "phone", p->phone);
    if (p->email[0] != '\0')
        cJSON_AddStringToObject(p->contacts, "email", p->email);
    cJSON *list = cJSON_AddArrayToObject(p->contacts, "identities");
    for (unsigned i = 0; i < p->count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(p->identity[i]));
    snprintf(p->zalo, sizeof p->zalo, "%s", json_str_or(body, "zalo", ""));
}

static void put_citizen(struct api_call *c)
{
    cJSON *body = api_body_json(c);
    if (body == NULL)
        return;
    struct putting *p = mem_alloc(sizeof *p);
    struct errors *err = errors_new();
    p->call = c;
    read_identities(p, body, err);
    read_phone(p, body, err);
    read_email(p, body, err);
    read_consents(p, body, err);
    if (err->total == 0) {
        make_contacts(p, body);
        store_main(p);
    } else {
        api_problem(c, 400, "invalid", "The record breaks a rule",
                    "Thông tin người dân chưa hợp lệ, xem danh sách lỗi.", err);
        putting_free(p);
    }
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
        const char *why = citizen_refuses(z->no, (enum way)w, clock_wall_ms());
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

struct erasing {
    struct api_call *call;
    unsigned waiting;
    bool failed;
};

static void erasing_leave(struct erasing *e)
{
    if (--e->waiting > 0)
        return;
    struct buf out = BUF_INIT(32);
    buf_str(&out, "{\"erased\":true}");
    if (e->failed)
        api_problem_status(e->call, LOA_UNAVAILABLE); /* asked again it finishes what is left */
    else
        api_json(e->call, 200, &out);
    buf_clear(&out);
    free(e);
}

static void summary_gone(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    struct erasing *e = ctx;
    e->failed |= st != LOA_OK;
    erasing_leave(e);
}

/* The dossier keeps its timeline and loses the sealed summary with name and contact. */
static void forget_dossier(struct erasing *e, const char *code)
{
    struct store *s = e->call->service->store;
    unsigned p = store_partition_of(s, code);
    struct args a;
    args_init(&a);
    args_key(&a, p, "d:%s", code);
    args_str(&a, "sum");
    e->waiting++;
    if (store_command(s, p, "HDEL", &a, summary_gone, e) != LOA_OK) {
        e->failed = true;
        e->waiting--;
    }
    args_clear(&a);
}

static void erased(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct erasing *e = ctx;
    e->failed |= st != LOA_OK;
    for (size_t i = 0; st == LOA_OK && i < redis_count(v); i++)
        forget_dossier(e, redis_str(redis_at(v, i), NULL));
    erasing_leave(e);
}

static void delete_citizen(struct api_call *c)
{
    const char *key = http_request_param(c->req, "key");
    if (!is_key(key)) {
        api_problem_status(c, LOA_NOT_FOUND);
        return;
    }
    struct erasing *e = mem_alloc(sizeof *e);
    *e = (struct erasing){ .call = c, .waiting = 1 };
    unsigned p = store_partition_of_citizen(c->service->store, key);
    struct args a;
    args_init(&a);
    args_key(&a, p, "c:%s", key);
    args_str(&a, key);
    args_int(&a, clock_wall_ms());
    if (store_script(c->service->store, p, "erase", &a, erased, e) != LOA_OK) {
        e->failed = true;
        erasing_leave(e);
    }
    args_clear(&a);
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
