/* What an intent sees of a turn: what came in, what goes out, what is remembered. */
#include "chat_inside.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/text.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- fields ---- */

static int find_field(const struct chat_fields *f, const char *name)
{
    for (unsigned i = 0; i < f->count; i++)
        if (strcmp(f->item[i].name, name) == 0)
            return (int)i;
    return -1;
}

void chat_fields_set(struct chat_fields *f, const char *name, const void *value, size_t len)
{
    int at = find_field(f, name);
    if (at >= 0) {
        free(f->item[at].value);
        f->item[at] = f->item[--f->count];
    }
    if (len == 0)
        return;
    assert(f->count < CHAT_FIELDS_MAX && strlen(name) < sizeof f->item[0].name);
    unsigned i = f->count++;
    snprintf(f->item[i].name, sizeof f->item[i].name, "%s", name);
    f->item[i].value = mem_alloc(len + 1);
    memcpy(f->item[i].value, value, len);
    f->item[i].len = len;
}

void chat_fields_read(struct chat_fields *f, const struct redis_value *list)
{
    for (size_t i = 0; i + 1 < redis_count(list) && f->count < CHAT_FIELDS_MAX; i += 2) {
        size_t n;
        const char *name = redis_str(redis_at(list, i), NULL), *value = redis_str(redis_at(list, i + 1), &n);
        if (strlen(name) < sizeof f->item[0].name)
            chat_fields_set(f, name, value, n);
    }
}

void chat_fields_clear(struct chat_fields *f)
{
    for (unsigned i = 0; i < f->count; i++)
        free(f->item[i].value);
    f->count = 0;
}

const char *chat_fields_get(const struct chat_fields *f, const char *name, size_t *len)
{
    int at = find_field(f, name);
    if (len != NULL)
        *len = at >= 0 ? f->item[at].len : 0;
    return at >= 0 ? f->item[at].value : "";
}

/* ---- life ---- */

struct turn *turn_new(struct chat *c, struct conv *v, const char *cid, struct chat_fields *state,
                      struct chat_entry *e)
{
    struct turn *t = mem_alloc(sizeof *t);
    t->chat = c;
    t->conv = v;
    t->entry = e;
    t->state = state;
    t->text = e->text;
    buf_init(&t->address, 256);
    buf_init(&t->folded, CHAT_TEXT_MAX_BYTES * 4);
    snprintf(t->cid, sizeof t->cid, "%s", cid);
    snprintf(t->channel, sizeof t->channel, "%s", chat_fields_get(state, "ch", NULL));
    return t;
}

void turn_free(struct turn *t)
{
    for (unsigned i = 0; i < t->lines; i++) {
        chat_said_clear(&t->line[i]->said);
        free(t->line[i]->say);
        free(t->line[i]);
    }
    chat_fields_clear(&t->set);
    cJSON_Delete(t->memory);
    buf_clear(&t->memory_before);
    buf_clear(&t->address);
    buf_clear(&t->folded);
    free(t);
}

/* ---- what came in ---- */

enum chat_input_kind turn_kind(const struct turn *t)
{
    return t->entry->kind;
}

const char *turn_text(const struct turn *t)
{
    return t->text;
}

const char *turn_folded(const struct turn *t)
{
    struct turn *mutable = (struct turn *)t; /* made when somebody asks */
    if (t->folded.cap == 0)
        text_fold(&mutable->folded, t->text, strlen(t->text));
    return buf_cstr(&t->folded);
}

const char *turn_payload(const struct turn *t, const char *word)
{
    size_t n = strlen(word);
    if (t->entry->kind != CHAT_TAP && t->entry->kind != CHAT_TEXT)
        return NULL;
    if (t->text[0] != '#' || strncmp(t->text + 1, word, n) != 0)
        return NULL;
    const char *rest = t->text + 1 + n;
    return *rest == '\0' ? rest : *rest == ':' ? rest + 1 : NULL;
}

const char *turn_cid(const struct turn *t)
{
    return t->cid;
}

const char *turn_channel(const struct turn *t)
{
    return t->channel;
}

const char *turn_address(const struct turn *t)
{
    struct turn *mutable = (struct turn *)t; /* opened when somebody asks */
    char context[STORE_KEY_MAX];
    size_t n;
    const char *sealed = chat_fields_get(t->state, "to", &n);
    if (n > 0 && t->address.len == 0 &&
        crypto_unseal(store_crypto(t->chat->service->store), chat_context(context, t->cid), sealed, n,
                      &mutable->address) != LOA_OK)
        log_error("chat_address_unreadable", "conversation", t->cid);
    return buf_cstr(&t->address);
}

const char *turn_actor(const struct turn *t)
{
    return t->entry->actor;
}

const char *turn_field(const struct turn *t, const char *name)
{
    return chat_fields_get(t->state, name, NULL);
}

const char *turn_mode(const struct turn *t)
{
    const char *mode = turn_field(t, "md");
    return mode[0] != '\0' ? mode : "bot";
}

/* An input without a line has no number: the place in the stream is as good, and the same on repeat. */
long long turn_seq(const struct turn *t)
{
    char *end;
    if (t->entry->seq > 0)
        return t->entry->seq;
    long long ms = strtoll(t->entry->id, &end, 10);
    return ms * 1000 + strtoll(*end == '-' ? end + 1 : end, NULL, 10) % 1000;
}

int64_t turn_at_ms(const struct turn *t)
{
    return t->entry->at_ms;
}

struct service *turn_service(const struct turn *t)
{
    return t->chat->service;
}

const struct faq_answer *turn_faq(struct turn *t)
{
    struct service *s = t->chat->service;
    if (t->faq_asked && t->faq_generation == s->texts_generation)
        return &t->faq;
    faq_ask_briefly(s->faq, t->text, strlen(t->text), &t->faq);
    t->faq_asked = true;
    t->faq_generation = s->texts_generation; /* what it points at goes with the next reload */
    return &t->faq;
}

/* ---- what goes out ---- */

struct line *turn_line(struct turn *t, char from)
{
    if (t->lines == TURN_LINES_MAX)
        return NULL;
    struct line *l = mem_alloc(sizeof *l);
    l->from = from;
    chat_said_init(&l->said);
    t->line[t->lines++] = l;
    return l;
}

static struct line *last_line(struct turn *t)
{
    return t->lines > 0 ? t->line[t->lines - 1] : NULL;
}

void turn_say(struct turn *t, const char *id, const struct params *p)
{
    struct line *l = turn_line(t, 'b');
    if (l == NULL)
        return;
    enum loa_status st = chat_texts_render(t->chat->service->chat_texts, id, t->channel, p, &l->said);
    assert(st != LOA_NOT_FOUND); /* a misspelt id is a bug */
    if (st != LOA_OK || l->said.text.len == 0) {
        metric_add(M_TEMPLATE_ERRORS, NULL, NULL, 1);
        log_error("chat_text_failed", "text", id);
    }
}

void turn_say_plain(struct turn *t, const char *approved_text)
{
    struct line *l = turn_line(t, turn_kind(t) == CHAT_OFFICER ? 'o' : 'b');
    if (l != NULL)
        buf_str(&l->said.text, approved_text);
}

static void add_button(struct turn *t, const char *title, const char *action)
{
    struct line *l = last_line(t);
    struct buf cut = BUF_INIT(1024);
    if (l == NULL || l->said.buttons == CHAT_BUTTONS_MAX || strlen(action) >= sizeof l->said.button[0].action)
        return;
    unsigned i = l->said.buttons++;
    text_truncate(&cut, title, strlen(title), 100);
    text_copy(l->said.button[i].title, sizeof l->said.button[i].title, buf_cstr(&cut));
    snprintf(l->said.button[i].action, sizeof l->said.button[i].action, "%s", action);
    buf_clear(&cut);
}

void turn_button(struct turn *t, const char *title, const char *payload)
{
    add_button(t, title, payload);
}

void turn_button_url(struct turn *t, const char *title, const char *url)
{
    add_button(t, title, url);
}

void turn_ask_phone(struct turn *t)
{
    struct line *l = last_line(t);
    if (l != NULL)
        l->ask_phone = strcmp(t->channel, "zalo") == 0;
}

void turn_note(struct turn *t, const char *text)
{
    struct line *l = turn_line(t, 'n');
    if (l != NULL)
        buf_str(&l->said.text, text);
}

static void put(struct buf *out, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    buf_printf(out, ",\"%s\":", name);
    buf_json_string(out, value, strlen(value));
}

static void button_json(const char *title, const char *action, struct buf *out)
{
    buf_str(out, "{\"title\":");
    buf_json_string(out, title, strlen(title));
    if (action[0] == '#')
        put(out, "payload", action);
    else if (strncmp(action, "tel:", 4) == 0)
        put(out, "phone", action + 4);
    else
        put(out, "url", action);
    buf_char(out, '}');
}

void line_json(const struct line *l, struct buf *out)
{
    buf_str(out, "{\"text\":");
    buf_json_string(out, buf_cstr(&l->said.text), l->said.text.len);
    for (unsigned i = 0; i < l->said.buttons; i++) {
        buf_str(out, i == 0 ? ",\"buttons\":[" : ",");
        button_json(l->said.button[i].title, l->said.button[i].action, out);
    }
    if (l->said.buttons > 0)
        buf_char(out, ']');
    put(out, "kind", l->kind);
    put(out, "officer", l->officer);
    put(out, "client", l->client);
    put(out, "unsent", l->unsent);
    put(out, "nid", l->nid);
    buf_char(out, '}');
}

/* ---- what is remembered ---- */

static cJSON *memory(struct turn *t)
{
    char context[STORE_KEY_MAX];
    size_t n;
    if (t->memory != NULL)
        return t->memory;
    buf_init(&t->memory_before, CHAT_MEMORY_MAX + 1);
    const char *sealed = chat_fields_get(t->state, "dg", &n);
    if (n > 0 &&
        (crypto_unseal(store_crypto(t->chat->service->store), chat_context(context, t->cid), sealed, n,
                       &t->memory_before) != LOA_OK ||
         json_parse(buf_cstr(&t->memory_before), t->memory_before.len, &t->memory, NULL, 0) != LOA_OK))
        log_error("chat_memory_unreadable", "conversation", t->cid);
    if (t->memory == NULL)
        t->memory = cJSON_CreateObject();
    return t->memory;
}

static cJSON *child(cJSON *j, const char *name)
{
    cJSON *c = cJSON_GetObjectItemCaseSensitive(j, name);
    return c != NULL ? c : cJSON_AddObjectToObject(j, name);
}

cJSON *turn_memory(struct turn *t, const struct intent *i)
{
    return child(child(memory(t), "m"), i->name);
}

void turn_forget(struct turn *t, const struct intent *i)
{
    cJSON *all = cJSON_GetObjectItemCaseSensitive(memory(t), "m");
    cJSON_DeleteItemFromObjectCaseSensitive(all, i->name);
}

void turn_expect(struct turn *t, const struct intent *i, const char *expected, int64_t limit_ms)
{
    cJSON *m = memory(t);
    cJSON_DeleteItemFromObjectCaseSensitive(m, "x");
    cJSON *x = cJSON_AddObjectToObject(m, "x");
    cJSON_AddStringToObject(x, "i", i->name);
    cJSON_AddStringToObject(x, "w", expected);
    cJSON_AddNumberToObject(x, "u", (double)(clock_wall_ms() + limit_ms));
}

bool turn_take_expected(struct turn *t, char intent[24], char word[64])
{
    size_t n;
    int64_t until = 0;
    chat_fields_get(t->state, "dg", &n);
    if (n == 0)
        return false;
    cJSON *m = memory(t), *x = cJSON_DetachItemFromObjectCaseSensitive(m, "x");
    if (x == NULL)
        return false;
    snprintf(intent, 24, "%s", json_str_or(x, "i", ""));
    snprintf(word, 64, "%s", json_str_or(x, "w", ""));
    json_int(x, "u", &until);
    cJSON_Delete(x);
    return until > clock_wall_ms();
}

static void drop_empty(cJSON *j)
{
    for (cJSON *c = j != NULL ? j->child : NULL, *next; c != NULL; c = next) {
        next = c->next;
        if (cJSON_IsObject(c))
            drop_empty(c);
        if (cJSON_IsObject(c) && c->child == NULL)
            cJSON_Delete(cJSON_DetachItemViaPointer(j, c));
    }
}

void turn_seal_memory(struct turn *t)
{
    char context[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(CHAT_MEMORY_MAX), sealed = BUF_INIT(CHAT_MEMORY_MAX + 64);
    if (t->memory == NULL)
        return;
    drop_empty(t->memory);
    if (t->memory->child != NULL)
        json_print(t->memory, &plain);
    if (!buf_ok(&plain)) {
        log_error("chat_memory_too_big", "conversation", t->cid);
        buf_reset(&plain); /* the dialog begins anew */
    }
    if (strcmp(buf_cstr(&plain), buf_cstr(&t->memory_before)) == 0) {
        /* as it was */
    } else if (plain.len > 0) {
        crypto_seal(store_crypto(t->chat->service->store), chat_context(context, t->cid), plain.data,
                    plain.len, &sealed);
        chat_fields_set(&t->set, "dg", sealed.data, sealed.len);
    } else {
        turn_set(t, "dg", "");
    }
    buf_clear(&plain);
    buf_clear(&sealed);
}

static void keep(struct turn *t, const char *field)
{
    for (unsigned i = 0; i < t->unsets; i++)
        if (strcmp(t->unset[i], field) == 0) {
            t->unsets--;
            memmove(t->unset[i], t->unset[t->unsets], sizeof t->unset[i]);
            return;
        }
}

void turn_set(struct turn *t, const char *field, const char *value)
{
    keep(t, field);
    chat_fields_set(&t->set, field, value, strlen(value));
    if (value[0] != '\0' || turn_field(t, field)[0] == '\0')
        return;
    assert(t->unsets < TURN_FIELDS_MAX);
    snprintf(t->unset[t->unsets++], sizeof t->unset[0], "%s", field);
}

void turn_erase(struct turn *t)
{
    char epoch[17];
    crypto_random_hex(epoch, 16);
    chat_fields_clear(&t->set);
    t->unsets = 0;
    cJSON_Delete(t->memory);
    t->memory = NULL;
    buf_reset(&t->memory_before);
    turn_set(t, "erase", epoch);
    t->erases = true;
}

void turn_prove(struct turn *t, const char *ckey, int64_t until_ms)
{
    char until[24] = "";
    if (ckey[0] != '\0')
        snprintf(until, sizeof until, "%lld", (long long)until_ms);
    turn_set(t, "wk", ckey);
    turn_set(t, "wu", until);
}

/* What this very turn has set counts before what was there. */
static const char *current(const struct turn *t, const char *field)
{
    for (unsigned i = 0; i < t->unsets; i++)
        if (strcmp(t->unset[i], field) == 0)
            return "";
    const char *set = chat_fields_get(&t->set, field, NULL);
    return set[0] != '\0' ? set : turn_field(t, field);
}

const char *turn_proven(const struct turn *t)
{
    if (t->entry->who[0] != '\0')
        return t->entry->who; /* the portal's session came with the word */
    return strtoll(current(t, "wu"), NULL, 10) > clock_wall_ms() ? current(t, "wk") : "";
}

void turn_count(struct turn *t, const char *event, const char *detail)
{
    metric_add(M_CHAT_EVENTS, event, NULL, 1);
    if (t->counts == TURN_COUNTS_MAX)
        return;
    snprintf(t->count[t->counts].event, sizeof t->count[0].event, "%s", event);
    snprintf(t->count[t->counts++].detail, sizeof t->count[0].detail, "%s", detail);
}
