#include "loa/citizen_store.h"
#include "loa/clock.h"
#include "loa/consent.h"
#include "loa/json.h"
#include "loa/mail_address.h"
#include "loa/mem.h"
#include "loa/phone.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTACTS_MAX_BYTES 8192

/* ---- the form ---- */

void citizen_form_identity(struct citizen_form *f, const char *text, const char *pointer, struct errors *err)
{
    if (f->count == CITIZEN_IDENTITIES_MAX) {
        errors_add(err, pointer, "too_many", "at most 8 identities", "Tối đa 8 định danh.");
        return;
    }
    if (citizen_identity(text, f->identity[f->count]) != LOA_OK) {
        errors_add(err, pointer, "bad_identity", "use cccd:…, tax:…, phone:…, email:… or zalo:…",
                   "Định danh phải có dạng cccd:…, tax:…, phone:…, email:… hoặc zalo:….");
        return;
    }
    f->count++;
}

void citizen_form_phone(struct citizen_form *f, const char *text, const char *pointer, struct errors *err)
{
    struct phone phone = phone_parse(text);
    if (phone.kind == PHONE_MOBILE)
        snprintf(f->phone, sizeof f->phone, "%s", phone.e164);
    else
        errors_add(err, pointer, "bad_phone", "not a mobile number of Vietnam",
                   "Không phải số di động Việt Nam. Ví dụ đúng: 0912345678.");
}

void citizen_form_email(struct citizen_form *f, const char *text, const char *pointer, struct errors *err)
{
    struct mail_address m = mail_address_parse(text, strlen(text));
    if (m.address[0] != '\0')
        snprintf(f->email, sizeof f->email, "%s", m.address);
    else
        errors_add(err, pointer, "bad_email", m.why ? m.why : "not an address",
                   "Địa chỉ thư điện tử không đúng.");
}

void citizen_form_consent(struct citizen_form *f, enum channel ch, bool wants)
{
    size_t n = strlen(f->consents);
    snprintf(f->consents + n, sizeof f->consents - n, "%s=%d;", channel_word(ch), wants);
}

/* ---- storing: the main record first, then its aliases, so that an alias never points to nothing ---- */

struct storing {
    struct store *store;
    struct citizen_form form;
    unsigned waiting;
    char ckey[CRYPTO_KEY_HEX];
    bool failed, created;
    citizen_stored_fn *done;
    void *ctx;
};

static void leave(struct storing *p)
{
    if (--p->waiting > 0)
        return;
    p->done(p->ctx, p->failed ? LOA_UNAVAILABLE : LOA_OK, p->ckey, p->created);
    free(p);
}

static void leave_later(void *ctx)
{
    leave(ctx);
}

static void alias_stored(void *ctx, enum loa_status st)
{
    struct storing *p = ctx;
    p->failed |= st != LOA_OK;
    leave(p);
}

static void put_alias(struct storing *p, const char *identity)
{
    char key[CRYPTO_KEY_HEX];
    citizen_key(store_crypto(p->store), identity, key);
    if (strcmp(key, p->ckey) == 0)
        return;
    if (citizen_link(p->store, key, p->ckey, alias_stored, p) == LOA_OK)
        p->waiting++;
    else
        p->failed = true;
}

static void main_stored(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct storing *p = ctx;
    p->failed |= st != LOA_OK;
    p->created = redis_int(v) == 1;
    for (unsigned i = 1; st == LOA_OK && i < p->form.count; i++)
        put_alias(p, p->form.identity[i]);
    leave(p);
}

static void add_text(cJSON *j, const char *name, const char *text)
{
    if (text[0] != '\0')
        cJSON_AddStringToObject(j, name, text);
}

static void contacts_json(const struct citizen_form *f, struct buf *out)
{
    cJSON *j = cJSON_CreateObject();
    add_text(j, "name", f->name);
    add_text(j, "unit", f->unit);
    add_text(j, "kind", f->kind);
    add_text(j, "phone", f->phone);
    add_text(j, "email", f->email);
    cJSON *list = cJSON_AddArrayToObject(j, "identities");
    for (unsigned i = 0; i < f->count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(f->identity[i]));
    json_print(j, out);
    cJSON_Delete(j);
}

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

static enum loa_status store_main(struct storing *p)
{
    const struct citizen_form *f = &p->form;
    const struct crypto *crypto = store_crypto(p->store);
    char context[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(CONTACTS_MAX_BYTES), sealed = BUF_INIT(CONTACTS_MAX_BYTES + 64),
               zalo = BUF_INIT(256);
    citizen_context(context, p->ckey);
    contacts_json(f, &plain);
    crypto_seal(crypto, context, plain.data, plain.len, &sealed);
    if (f->zalo[0] != '\0')
        crypto_seal(crypto, context, f->zalo, strlen(f->zalo), &zalo);
    unsigned partition = store_partition_of_citizen(p->store, p->ckey);
    struct args a;
    args_init(&a);
    args_key(&a, partition, "c:%s", p->ckey);
    args_bin(&a, sealed.data, sealed.len);
    args_bin(&a, zalo.data, zalo.len);
    args_str(&a, f->consents);
    args_int(&a, clock_wall_ms());
    enum loa_status st = store_script(p->store, partition, "citizen_put", &a, main_stored, p);
    args_clear(&a);
    buf_clear(&plain);
    buf_clear(&sealed);
    buf_clear(&zalo);
    return st;
}

void citizen_store(struct store *s, const struct citizen_form *f, citizen_stored_fn *done, void *ctx)
{
    struct storing *p = mem_alloc(sizeof *p);
    *p = (struct storing){ .store = s, .form = *f, .waiting = 1, .done = done, .ctx = ctx };
    qsort(p->form.identity, p->form.count, sizeof p->form.identity[0], by_rank);
    citizen_key(store_crypto(s), p->form.identity[0], p->ckey);
    if (store_main(p) != LOA_OK) {
        p->failed = true;
        loop_defer(store_loop(s), leave_later, p);
    }
}
