#include "sim_people.h"
#include "loa/crypto.h"
#include "loa/mem.h"
#include "loa/phone.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const zalo_words[] = { "ok", "none", "inactive", "old_app", "banned" };
static const char *const mailbox_words[] = { "ok", "unknown", "full" };

/* A phone's Zalo id is made from its digits, so it can be read back without a table. */
#define UID_BASE   1000000000000000000ULL
#define UID_FACTOR 10000019ULL

static void uid_of_phone(const char *phone, char out[SIM_UID_MAX])
{
    snprintf(out, SIM_UID_MAX, "%llu", UID_BASE + strtoull(phone, NULL, 10) * UID_FACTOR);
}

static bool phone_of_uid(const char *uid, char out[16])
{
    unsigned long long n = strtoull(uid, NULL, 10);
    char again[SIM_UID_MAX];

    if (n < UID_BASE || (n - UID_BASE) % UID_FACTOR != 0)
        return false;
    snprintf(out, 16, "%llu", (n - UID_BASE) / UID_FACTOR);
    uid_of_phone(out, again);
    return strcmp(again, uid) == 0 && phone_parse(out).kind == PHONE_MOBILE && out[strlen(out) - 1] != '9';
}

struct sim_person *sim_people_get(const struct sim_people *p, uint32_t number)
{
    return number != 0 && number <= p->count ? &p->list[number - 1] : NULL;
}

/* The new person; its number is p->count. */
static struct sim_person *add(struct sim_people *p)
{
    if (p->count == p->cap) {
        p->cap = p->cap != 0 ? p->cap * 2 : 64;
        p->list = mem_resize(p->list, p->cap * sizeof *p->list);
    }
    struct sim_person *who = &p->list[p->count++];
    *who = (struct sim_person){ 0 };
    return who;
}

static void index_person(struct sim_people *p, uint32_t number)
{
    const struct sim_person *who = sim_people_get(p, number);

    if (who->phone[0] != '\0')
        *sim_map_at(&p->by_phone, sim_hash("phone", who->phone, NULL)) = number;
    if (who->uid[0] != '\0')
        *sim_map_at(&p->by_uid, sim_hash("uid", who->uid, NULL)) = number;
    if (who->email != NULL)
        *sim_map_at(&p->by_email, sim_hash("email", who->email, NULL)) = number;
}

uint32_t sim_people_by_phone(struct sim_people *p, const char *phone)
{
    uint32_t number = sim_map_get(&p->by_phone, sim_hash("phone", phone, NULL));
    if (number != 0)
        return number;

    struct sim_person *who = add(p);
    snprintf(who->phone, sizeof who->phone, "%s", phone);
    if (phone[0] != '\0' && phone[strlen(phone) - 1] == '9')
        who->zalo = SIM_ZALO_NONE;
    else
        uid_of_phone(phone, who->uid);
    index_person(p, p->count);
    return p->count;
}

uint32_t sim_people_by_uid(struct sim_people *p, const char *uid)
{
    char phone[16];
    uint32_t number = sim_map_get(&p->by_uid, sim_hash("uid", uid, NULL));

    if (number == 0 && phone_of_uid(uid, phone))
        number = sim_people_by_phone(p, phone);
    const struct sim_person *who = sim_people_get(p, number);
    return who != NULL && strcmp(who->uid, uid) == 0 ? number : 0;
}

uint32_t sim_people_by_email(struct sim_people *p, const char *email)
{
    uint32_t number = sim_map_get(&p->by_email, sim_hash("email", email, NULL));
    if (number != 0)
        return number;

    struct sim_person *who = add(p);
    who->email = mem_strdup(email);
    if (strncmp(email, "nobody", 6) == 0)
        who->mailbox = SIM_MAILBOX_UNKNOWN;
    else if (strncmp(email, "full", 4) == 0)
        who->mailbox = SIM_MAILBOX_FULL;
    index_person(p, p->count);
    return p->count;
}

uint32_t sim_people_by_phone_hash(struct sim_people *p, const char *sha256_hex)
{
    for (; p->hashed < p->count; p->hashed++) {
        const struct sim_person *who = &p->list[p->hashed];
        char hex[65];
        if (who->phone[0] == '\0')
            continue;
        crypto_sha256_hex(who->phone, strlen(who->phone), hex);
        *sim_map_at(&p->by_hash, sim_hash("hash", hex, NULL)) = p->hashed + 1;
    }
    return sim_map_get(&p->by_hash, sim_hash("hash", sha256_hex, NULL));
}

void sim_people_clear(struct sim_people *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        free(p->list[i].name);
        free(p->list[i].email);
        free(p->list[i].portal_url);
    }
    free(p->list);
    sim_map_clear(&p->by_phone);
    sim_map_clear(&p->by_uid);
    sim_map_clear(&p->by_email);
    sim_map_clear(&p->by_hash);
    *p = (struct sim_people){ 0 };
}

/* ---- from and to JSON ---- */

static int word_index(const char *const words[], size_t n, const char *w)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], w) == 0)
            return (int)i;
    return -1;
}
#define WORD_INDEX(words, w) word_index(words, sizeof(words) / sizeof(words)[0], w)

static void bad(struct errors *err, const char *pointer, const char *why, const char *why_vi)
{
    errors_add(err, pointer, "invalid", why, why_vi);
}

/* Who is meant: by Zalo id, else by phone, else by mailbox; made up when new. */
static uint32_t find_or_add(struct sim_people *p, const char *uid, const char *phone, const char *email)
{
    uint32_t number = uid != NULL ? sim_people_by_uid(p, uid) : 0;
    if (number == 0 && phone != NULL)
        number = sim_people_by_phone(p, phone);
    if (number == 0 && email != NULL)
        number = sim_people_by_email(p, email);
    if (number == 0 && uid != NULL) {
        add(p);
        number = p->count;
    }
    return number;
}

static void replace(char **place, const char *value)
{
    if (value == NULL)
        return;
    free(*place);
    *place = mem_strdup(value);
}

static void set_states(struct sim_person *who, const cJSON *o, int64_t now_ms, struct errors *err)
{
    int zalo = WORD_INDEX(zalo_words, json_str_or(o, "zalo", zalo_words[who->zalo]));
    int mailbox = WORD_INDEX(mailbox_words, json_str_or(o, "mailbox", mailbox_words[who->mailbox]));
    int64_t ms;

    if (zalo < 0)
        bad(err, "/zalo", "not one of ok none inactive old_app banned", "giá trị không hợp lệ");
    else
        who->zalo = (uint8_t)zalo;
    if (mailbox < 0)
        bad(err, "/mailbox", "not one of ok unknown full", "giá trị không hợp lệ");
    else
        who->mailbox = (uint8_t)mailbox;
    who->sms_lost = strcmp(json_str_or(o, "sms", who->sms_lost ? "lost" : "ok"), "lost") == 0;

    bool followed = who->follows;
    who->follows = json_bool_or(o, "follows", followed);
    if (who->follows && !followed)
        who->last_interaction_ms = now_ms; /* following is an interaction */
    if (json_int(o, "last_interaction", &ms))
        who->last_interaction_ms = ms;
    if (json_int(o, "last_interaction_ago_s", &ms))
        who->last_interaction_ms = now_ms - ms * 1000;
}

static void set_optouts(struct sim_person *who, const cJSON *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return;
    who->refuses_type = who->refuses_oa = false;
    cJSON_ArrayForEach(item, list)
    {
        who->refuses_type |= cJSON_IsString(item) && strcmp(item->valuestring, "type") == 0;
        who->refuses_oa |= cJSON_IsString(item) && strcmp(item->valuestring, "oa") == 0;
    }
}

static bool is_web_url(const char *url)
{
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

uint32_t sim_people_define(struct sim_people *p, const cJSON *o, int64_t now_ms, struct errors *err)
{
    const char *uid = json_str(o, "uid"), *email = json_str(o, "email"), *written = json_str(o, "phone");
    const char *portal = json_str(o, "portal_url");
    struct phone phone = phone_parse(written != NULL ? written : "");
    unsigned before = err->total;

    if (written != NULL && phone.kind != PHONE_MOBILE)
        bad(err, "/phone", "not a mobile number", "không phải số di động");
    if (uid != NULL && (strlen(uid) >= SIM_UID_MAX || uid[0] == '\0'))
        bad(err, "/uid", "1 to 23 characters", "từ 1 đến 23 ký tự");
    if (portal != NULL && !is_web_url(portal))
        bad(err, "/portal_url", "not an http(s) address", "không phải địa chỉ http(s)");
    if (uid == NULL && written == NULL && email == NULL)
        bad(err, "", "needs uid, phone or email", "cần uid, phone hoặc email");
    if (err->total != before)
        return 0;

    uint32_t number = find_or_add(p, uid, written != NULL ? phone.e164 : NULL, email);
    struct sim_person *who = sim_people_get(p, number);
    set_states(who, o, now_ms, err);
    set_optouts(who, json_get(o, "optouts"));
    if (written != NULL)
        snprintf(who->phone, sizeof who->phone, "%s", phone.e164);
    if (uid != NULL)
        snprintf(who->uid, sizeof who->uid, "%s", uid);
    else if (who->zalo != SIM_ZALO_NONE && who->uid[0] == '\0' && who->phone[0] != '\0')
        uid_of_phone(who->phone, who->uid);
    replace(&who->name, json_str(o, "name"));
    replace(&who->email, email);
    replace(&who->portal_url, portal);
    who->defined = true;
    p->hashed = 0; /* the phone may be new: look at everybody again */
    index_person(p, number);
    return number;
}

cJSON *sim_person_json(const struct sim_person *who)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *optouts = cJSON_CreateArray();

    if (who->uid[0] != '\0')
        cJSON_AddStringToObject(o, "uid", who->uid);
    if (who->phone[0] != '\0')
        cJSON_AddStringToObject(o, "phone", who->phone);
    if (who->name != NULL)
        cJSON_AddStringToObject(o, "name", who->name);
    if (who->email != NULL)
        cJSON_AddStringToObject(o, "email", who->email);
    if (who->portal_url != NULL)
        cJSON_AddStringToObject(o, "portal_url", who->portal_url);
    cJSON_AddBoolToObject(o, "follows", who->follows);
    cJSON_AddNumberToObject(o, "last_interaction", (double)who->last_interaction_ms);
    cJSON_AddStringToObject(o, "zalo", zalo_words[who->zalo]);
    cJSON_AddStringToObject(o, "sms", who->sms_lost ? "lost" : "ok");
    cJSON_AddStringToObject(o, "mailbox", mailbox_words[who->mailbox]);
    if (who->refuses_type)
        cJSON_AddItemToArray(optouts, cJSON_CreateString("type"));
    if (who->refuses_oa)
        cJSON_AddItemToArray(optouts, cJSON_CreateString("oa"));
    cJSON_AddItemToObject(o, "optouts", optouts);
    return o;
}
