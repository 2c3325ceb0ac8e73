#include "loa/board.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL         "loa:desk"
#define DEBOUNCE_MS     40
#define SWEEP_MS        10000 /* all partitions, should a word have been lost */
#define PEOPLE_MS       1000
#define PEOPLE_FORGET_S 86400
#define PERSON_FRESH_MS 4000 /* connected: seen so lately */
#define PEOPLE_MAX      2000
#define DESKS_MAX       64
#define FIRST_MAX_BYTES 1024

/* One partition's share of a desk. */
struct share {
    unsigned waiting, count;
    struct board_item *item; /* waiting ones first */
};

struct part {
    struct board *board;
    unsigned partition;
    bool dirty, asking;
    unsigned desks; /* as asked: a reload may change them under way */
    struct share share[DESKS_MAX];
};

/* All partitions together. */
struct column {
    char desk[36];
    unsigned waiting, count;
    int64_t oldest_ms;
    struct board_item **item; /* into the shares */
};

struct here { /* connected to this process */
    struct board_person person;
    unsigned pages;
};

struct board {
    struct service *service;
    struct part part[PARTITIONS_MAX];
    struct column column[DESKS_MAX];
    unsigned columns;
    struct here *here;
    unsigned heres;
    struct board_person *person;
    unsigned persons;
    bool asking_people, started;
    int64_t people_since_ms; /* known without a gap since then; 0: not known now */
    struct timer debounce, sweep, people;
    board_changed_fn *changed;
    void *ctx;
};

bool board_list_has(const char *list, const char *word)
{
    size_t n = strlen(word);
    while (*list != '\0') {
        list += strspn(list, ", ");
        size_t len = strcspn(list, ", ");
        if (len == n && n > 0 && memcmp(list, word, n) == 0)
            return true;
        list += len;
    }
    return false;
}

/* ---- columns: the shares of all partitions, in order ---- */

static struct column *column_of(const struct board *b, const char *desk)
{
    for (unsigned i = 0; i < b->columns; i++)
        if (strcmp(b->column[i].desk, desk) == 0)
            return (struct column *)&b->column[i];
    return NULL;
}

static bool urgent(const struct board_item *it)
{
    return strcmp(it->reason, "urgent") == 0;
}

/* Those who wait before those who talk; among them life and limb first, then who came first. */
static int by_turn(const void *a, const void *b)
{
    const struct board_item *x = *(struct board_item *const *)a, *y = *(struct board_item *const *)b;
    if (x->talking != y->talking)
        return x->talking - y->talking;
    if (!x->talking && urgent(x) != urgent(y))
        return urgent(y) - urgent(x);
    int64_t s = x->talking ? x->talking_ms : x->waiting_ms, t = y->talking ? y->talking_ms : y->waiting_ms;
    return s != t ? (s > t) - (s < t) : strcmp(x->cid, y->cid);
}

static void column_build(struct board *b, unsigned i)
{
    struct column *col = &b->column[i];
    col->waiting = col->count = 0;
    col->oldest_ms = 0;
    for (unsigned p = 0; p < store_partitions(b->service->store); p++) {
        const struct share *s = i < b->part[p].desks ? &b->part[p].share[i] : NULL;
        if (s == NULL)
            continue;
        col->waiting += s->waiting;
        col->item = mem_resize(col->item, (col->count + s->count + 1) * sizeof(struct board_item *));
        for (unsigned k = 0; k < s->count; k++)
            col->item[col->count++] = &s->item[k];
    }
    if (col->count > 1)
        qsort(col->item, col->count, sizeof(struct board_item *), by_turn);
    for (unsigned k = 0; k < col->count && !col->item[k]->talking; k++)
        if (col->oldest_ms == 0 || col->item[k]->waiting_ms < col->oldest_ms)
            col->oldest_ms = col->item[k]->waiting_ms;
}

static void say_changed(struct board *b, const char *desk)
{
    if (b->changed != NULL)
        b->changed(b->ctx, desk);
}

static void shares_clear(struct part *p)
{
    for (unsigned i = 0; i < DESKS_MAX; i++) {
        free(p->share[i].item);
        p->share[i] = (struct share){ 0 };
    }
    p->desks = 0;
}

/* A reload may have brought other desks: everything is read anew then. */
static void columns_follow(struct board *b)
{
    const struct desk *d;
    bool same = true;
    unsigned n = 0;
    for (; n < DESKS_MAX && (d = desk_at(b->service->desks, n)) != NULL; n++)
        same = same && n < b->columns && strcmp(b->column[n].desk, d->id) == 0;
    if (same && n == b->columns)
        return;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++) {
        shares_clear(&b->part[p]);
        b->part[p].dirty = true;
    }
    for (b->columns = 0; b->columns < n; b->columns++) {
        struct column *col = &b->column[b->columns];
        text_copy(col->desk, sizeof col->desk, desk_at(b->service->desks, b->columns)->id);
        col->waiting = col->count = 0;
    }
}

/* ---- reading a partition ---- */

static void copy(char *out, size_t size, const struct redis_value *v)
{
    text_copy(out, size, redis_str(v, NULL));
}

/* The first words were sealed by handover_begin(). */
static void read_first(struct board *b, struct board_item *it, const struct redis_value *v)
{
    size_t n;
    const char *sealed64 = redis_str(v, &n);
    char context[STORE_KEY_MAX];
    struct buf sealed = BUF_INIT(FIRST_MAX_BYTES), plain = BUF_INIT(FIRST_MAX_BYTES);
    store_key(context, 0, "cv:%s", it->cid);
    if (n > 0 && crypto_base64_decode(&sealed, sealed64, n) == LOA_OK &&
        crypto_unseal(b->service->crypto, context, sealed.data, sealed.len, &plain) == LOA_OK)
        text_copy(it->first, sizeof it->first, buf_cstr(&plain));
    buf_clear(&sealed);
    buf_clear(&plain);
}

/* cid, mode, waiting since, talking since, channel, reason, promised by, escalations, officer, name, first,
 * wk, wu */
static void read_item(struct board *b, const char *desk, const struct redis_value *v, struct board_item *it)
{
    copy(it->cid, sizeof it->cid, redis_at(v, 0));
    text_copy(it->desk, sizeof it->desk, desk);
    it->talking = strcmp(redis_str(redis_at(v, 1), NULL), "talk") == 0;
    it->waiting_ms = redis_int(redis_at(v, 2));
    it->talking_ms = redis_int(redis_at(v, 3));
    copy(it->channel, sizeof it->channel, redis_at(v, 4));
    copy(it->reason, sizeof it->reason, redis_at(v, 5));
    it->due_ms = redis_int(redis_at(v, 6));
    it->escalated = (unsigned)redis_int(redis_at(v, 7));
    copy(it->officer, sizeof it->officer, redis_at(v, 8));
    copy(it->officer_name, sizeof it->officer_name, redis_at(v, 9));
    read_first(b, it, redis_at(v, 10));
    it->proven = redis_str(redis_at(v, 11), NULL)[0] != '\0' && redis_int(redis_at(v, 12)) > clock_wall_ms();
}

static bool share_read(struct board *b, const char *desk, const struct redis_value *v, struct share *s)
{
    const struct redis_value *items = redis_at(v, 1);
    struct share fresh = { .waiting = (unsigned)redis_int(redis_at(v, 0)),
                           .count = (unsigned)redis_count(items) };
    if (fresh.count > 0)
        fresh.item = mem_alloc(fresh.count * sizeof *fresh.item);
    for (unsigned k = 0; k < fresh.count; k++)
        read_item(b, desk, redis_at(items, k), &fresh.item[k]);
    bool same = fresh.waiting == s->waiting && fresh.count == s->count &&
                (fresh.count == 0 || memcmp(fresh.item, s->item, fresh.count * sizeof *fresh.item) == 0);
    free(s->item);
    *s = fresh;
    return !same;
}

static void look(struct board *b);

static void listed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct part *p = ctx;
    struct board *b = p->board;
    p->asking = false;
    if (st != LOA_OK) {
        p->dirty = true; /* the sweep comes by */
        return;
    }
    if (p->dirty && redis_count(v) != b->columns) { /* the desks changed meanwhile */
        look(b);
        return;
    }
    p->desks = b->columns;
    bool any = false;
    for (unsigned i = 0; i < b->columns; i++)
        if (share_read(b, b->column[i].desk, redis_at(v, i), &p->share[i])) {
            column_build(b, i);
            any = true;
            say_changed(b, b->column[i].desk);
        } else {
            column_build(b, i); /* its items have moved in memory */
        }
    if (any)
        say_changed(b, "");
    if (p->dirty)
        look(b);
}

static void list(struct part *p)
{
    struct board *b = p->board;
    struct args a;
    args_init(&a);
    args_key(&a, p->partition, "hw");
    args_int(&a, BOARD_SHOWN_MAX);
    for (unsigned i = 0; i < b->columns; i++)
        args_str(&a, b->column[i].desk);
    p->dirty = false;
    p->asking = store_script(b->service->store, p->partition, "desk_list", &a, listed, p) == LOA_OK;
    p->dirty = !p->asking;
    args_clear(&a);
}

static void look_now(void *ctx)
{
    struct board *b = ctx;
    columns_follow(b);
    for (unsigned i = 0; i < store_partitions(b->service->store); i++)
        if (b->part[i].dirty && !b->part[i].asking)
            list(&b->part[i]);
}

static void look(struct board *b)
{
    if (b->started && !timer_running(&b->debounce))
        timer_start(&b->debounce, b->service->loop, DEBOUNCE_MS, look_now, b);
}

static void set_metrics(const struct board *b)
{
    int64_t now = clock_wall_ms();
    for (unsigned i = 0; i < b->columns; i++) {
        const struct column *col = &b->column[i];
        double age_s = col->oldest_ms > 0 && col->oldest_ms < now ? (double)(now - col->oldest_ms) / 1000 : 0;
        metric_set(M_DESK_WAITING, col->desk, NULL, col->waiting);
        metric_set(M_DESK_AGE_SECONDS, col->desk, NULL, age_s);
    }
}

static void sweep(void *ctx)
{
    struct board *b = ctx;
    for (unsigned i = 0; i < store_partitions(b->service->store); i++)
        b->part[i].dirty = true;
    look(b);
    set_metrics(b);
    timer_start(&b->sweep, b->service->loop, SWEEP_MS, sweep, b);
}

/* ---- people ---- */

static void tell_people(struct board *b);

static void tell_people_again(void *ctx)
{
    tell_people(ctx);
}

static bool person_read(const struct redis_value *v, int64_t now_ms, struct board_person *out)
{
    struct board_person p = { .seen_ms = redis_int(redis_at(v, 1)) };
    size_t n;
    const char *json = redis_str(redis_at(v, 2), &n);
    cJSON *about = NULL;
    if (json_parse(json, n, &about, NULL, 0) != LOA_OK)
        return false;
    p.here = now_ms - p.seen_ms < PERSON_FRESH_MS;
    copy(p.login, sizeof p.login, redis_at(v, 0));
    text_copy(p.name, sizeof p.name, json_str_or(about, "name", p.login));
    text_copy(p.desks, sizeof p.desks, json_str_or(about, "desks", ""));
    cJSON_Delete(about);
    *out = p;
    return true;
}

static int by_login(const void *a, const void *b)
{
    return strcmp(((const struct board_person *)a)->login, ((const struct board_person *)b)->login);
}

static bool same_people(const struct board *b, const struct board_person *fresh, unsigned n)
{
    if (n != b->persons)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (strcmp(b->person[i].login, fresh[i].login) != 0 || b->person[i].here != fresh[i].here ||
            strcmp(b->person[i].desks, fresh[i].desks) != 0)
            return false;
    return true;
}

static void people_told(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct board *b = ctx;
    int64_t now = clock_wall_ms();
    size_t most = redis_count(v) < PEOPLE_MAX ? redis_count(v) : PEOPLE_MAX;
    b->asking_people = false;
    if (st != LOA_OK) {
        b->people_since_ms = 0;
        return;
    }
    if (b->people_since_ms == 0)
        b->people_since_ms = now;
    struct board_person *fresh = mem_alloc((most + 1) * sizeof *fresh);
    unsigned n = 0;
    for (size_t i = 0; i < most; i++)
        n += person_read(redis_at(v, i), now, &fresh[n]);
    qsort(fresh, n, sizeof *fresh, by_login);
    bool same = same_people(b, fresh, n);
    free(b->person);
    b->person = fresh;
    b->persons = n;
    if (!same)
        say_changed(b, "");
}

static void add_person(struct args *a, const struct board_person *p)
{
    struct buf json = BUF_INIT(2048);
    buf_str(&json, "{\"name\":");
    buf_json_string(&json, p->name, strlen(p->name));
    buf_str(&json, ",\"desks\":");
    buf_json_string(&json, p->desks, strlen(p->desks));
    buf_str(&json, "}");
    args_str(a, p->login);
    args_bin(a, json.data, json.len);
    buf_clear(&json);
}

static void tell_people(struct board *b)
{
    int64_t now = clock_wall_ms();
    struct args a;
    args_init(&a);
    args_key(&a, 0, "dp");
    args_key(&a, 0, "di");
    args_int(&a, now);
    args_int(&a, now - PEOPLE_FORGET_S * 1000LL);
    for (unsigned i = 0; i < b->heres; i++)
        add_person(&a, &b->here[i].person);
    if (!b->asking_people) {
        b->asking_people = store_script(b->service->store, 0, "desk_people", &a, people_told, b) == LOA_OK;
        if (!b->asking_people)
            b->people_since_ms = 0;
    }
    args_clear(&a);
    timer_start(&b->people, b->service->loop, PEOPLE_MS, tell_people_again, b);
}

static void published(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)st, (void)v; /* a lost word is made good within a second */
}

/* The others learn at once that somebody came. */
static void people_changed(struct board *b)
{
    if (!b->started)
        return;
    tell_people(b);
    (void)!redis_commandf(b->service->redis, -1, published, NULL, "PUBLISH " CHANNEL " people");
}

void board_arrive(struct board *b, const struct board_person *p)
{
    struct here *h = NULL;
    for (unsigned i = 0; i < b->heres && h == NULL; i++)
        if (strcmp(b->here[i].person.login, p->login) == 0)
            h = &b->here[i];
    if (h == NULL) {
        b->here = mem_resize(b->here, (b->heres + 1) * sizeof *b->here);
        h = &b->here[b->heres++];
        h->pages = 0;
    }
    h->person = *p;
    h->pages++;
    people_changed(b);
}

void board_leave(struct board *b, const char *login)
{
    for (unsigned i = 0; i < b->heres; i++)
        if (strcmp(b->here[i].person.login, login) == 0 && --b->here[i].pages == 0)
            b->here[i] = b->here[--b->heres];
}

/* "07": that partition; "people"; empty: anything may have changed. */
static void news(void *ctx, const char *channel, const char *data, size_t len)
{
    struct board *b = ctx;
    (void)channel;
    if (len == 6) {
        if (b->started)
            tell_people(b);
        return;
    }
    unsigned p = len == 2 ? (unsigned)strtoul(data, NULL, 10) : PARTITIONS_MAX;
    for (unsigned i = 0; i < PARTITIONS_MAX; i++)
        if (p == PARTITIONS_MAX || i == p)
            b->part[i].dirty = true;
    look(b);
}

/* ---- asking ---- */

unsigned board_waiting(const struct board *b, const char *desk)
{
    const struct column *col = column_of(b, desk);
    return col != NULL ? col->waiting : 0;
}

int64_t board_oldest_ms(const struct board *b, const char *desk)
{
    const struct column *col = column_of(b, desk);
    return col != NULL ? col->oldest_ms : 0;
}

unsigned board_ahead(const struct board *b, const char *desk, int64_t since_ms)
{
    const struct column *col = column_of(b, desk);
    unsigned shown = 0, ahead = 0;
    for (unsigned i = 0; col != NULL && i < col->count && !col->item[i]->talking; i++) {
        shown++;
        ahead += urgent(col->item[i]) || col->item[i]->waiting_ms < since_ms;
    }
    /* Those beyond what is kept came later than those kept, but most likely before somebody new. */
    return col != NULL && ahead == shown ? col->waiting : ahead;
}

const struct board_item *board_item_at(const struct board *b, const char *desk, unsigned i)
{
    const struct column *col = column_of(b, desk);
    return col != NULL && i < col->count ? col->item[i] : NULL;
}

const struct board_person *board_person_at(const struct board *b, unsigned i)
{
    return i < b->persons ? &b->person[i] : NULL;
}

const struct board_person *board_person(const struct board *b, const char *login)
{
    struct board_person key = { .seen_ms = 0 };
    text_copy(key.login, sizeof key.login, login);
    return b->persons > 0 ? bsearch(&key, b->person, b->persons, sizeof key, by_login) : NULL;
}

/* While the store was away nobody could tell that he is here. */
int64_t board_seen_ms(const struct board *b, const char *login)
{
    const struct board_person *p = board_person(b, login);
    int64_t since = b->people_since_ms != 0 ? b->people_since_ms : clock_wall_ms();
    return p != NULL && p->seen_ms > since ? p->seen_ms : since;
}

unsigned board_officers(const struct board *b, const char *desk)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->persons; i++)
        n += b->person[i].here && board_list_has(b->person[i].desks, desk);
    return n;
}

unsigned board_talks(const struct board *b, const char *login)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->columns; i++)
        for (unsigned k = 0; k < b->column[i].count; k++)
            n += b->column[i].item[k]->talking && strcmp(b->column[i].item[k]->officer, login) == 0;
    return n;
}

/* ---- life ---- */

void board_on_change(struct board *b, board_changed_fn *fn, void *ctx)
{
    b->changed = fn;
    b->ctx = ctx;
}

struct board *board_new(struct service *s)
{
    struct board *b = mem_alloc(sizeof *b);
    b->service = s;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        b->part[p] = (struct part){ .board = b, .partition = p };
    if (redis_subscribe(s->redis, CHANNEL, news, b) != LOA_OK)
        log_error("board_not_live"); /* only with too many channels: the sweep finds what changed */
    return b;
}

void board_start(struct board *b)
{
    b->started = true;
    sweep(b);
    tell_people(b);
}

void board_free(struct board *b)
{
    if (b == NULL)
        return;
    timer_stop(&b->debounce);
    timer_stop(&b->sweep);
    timer_stop(&b->people);
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        shares_clear(&b->part[p]);
    for (unsigned i = 0; i < DESKS_MAX; i++)
        free(b->column[i].item);
    free(b->here);
    free(b->person);
    free(b);
}
