/*
 * Redis Cluster: one link to each master, and a map from slot to master learned with CLUSTER SLOTS. MOVED and
 * ASK are followed; a MOVED, a lost link or CLUSTERDOWN has the map loaded again, every 300 ms until it is
 * whole and all its masters are reached. When no node of the map can be reached, all nodes ever heard of and
 * those of the url are tried ("searching").
 */
#include "redis_inside.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS         16384
#define NODES_MAX     128
#define REDIRECTS_MAX 5
#define RELOAD_MS     300
#define NOBODY        (-1)

struct node {
    struct cluster *cluster;
    struct redis_address address;
    bool used;
    bool seed;   /* stands in the url */
    bool mapped; /* stands in the map, as master or replica */
    bool master; /* owns slots */
    struct redis_link *link;
    struct link_call ask;
    struct timer retry;
    unsigned attempts;
};

struct cluster {
    struct redis *redis;
    struct node node[NODES_MAX];
    int16_t owner[SLOTS]; /* index of node[], or NOBODY */
    bool whole;           /* every slot has an owner */
    bool searching;
    bool asking; /* a CLUSTER SLOTS is under way */
    unsigned next_to_ask;
    struct timer reload;
    bool stopped; /* perhaps by a listener in the middle of the below */
};

/* ---- the map ---- */

static struct node *node_at(struct cluster *cl, const struct redis_address *a)
{
    struct node *room = NULL;

    for (struct node *n = cl->node; n < cl->node + NODES_MAX; n++) {
        if (n->used && redis_address_equal(&n->address, a))
            return n;
        if (!n->used && room == NULL)
            room = n;
    }
    if (room != NULL)
        *room = (struct node){ .cluster = cl, .address = *a, .used = true };
    return room;
}

static struct node *node_of_link(struct cluster *cl, const struct redis_link *k)
{
    for (struct node *n = cl->node; n < cl->node + NODES_MAX; n++)
        if (n->used && n->link == k)
            return n;
    return NULL;
}

/* [host, port, …]; a host the server does not know itself means the one we talk to. */
static struct node *node_told(struct cluster *cl, const struct redis_value *v, const struct node *by)
{
    struct redis_address a = { 0 };
    size_t len;
    const char *host = redis_str(redis_at(v, 0), &len);

    if (len == 0 || strcmp(host, "?") == 0) {
        host = by->address.host;
        len = strlen(host);
    }
    return redis_address_set(&a, host, len, redis_int(redis_at(v, 1))) ? node_at(cl, &a) : NULL;
}

/* [first slot, last slot, master, replica …]; returns how many slots found their owner. */
static unsigned map_range(struct cluster *cl, const struct redis_value *range, const struct node *by)
{
    long long first = redis_int(redis_at(range, 0)), last = redis_int(redis_at(range, 1));
    unsigned added = 0;

    for (size_t i = 3; i < redis_count(range); i++) {
        struct node *replica = node_told(cl, redis_at(range, i), by);
        if (replica != NULL)
            replica->mapped = true;
    }
    struct node *master = node_told(cl, redis_at(range, 2), by);
    if (master == NULL || first < 0 || last >= SLOTS)
        return 0;
    master->mapped = master->master = true;
    for (long long slot = first; slot <= last; slot++) {
        added += cl->owner[slot] == NOBODY;
        cl->owner[slot] = (int16_t)(master - cl->node);
    }
    return added;
}

static void map_clear(struct cluster *cl)
{
    for (unsigned slot = 0; slot < SLOTS; slot++)
        cl->owner[slot] = NOBODY;
    for (struct node *n = cl->node; n < cl->node + NODES_MAX; n++)
        n->mapped = n->master = false;
}

static void map_set(struct cluster *cl, const struct redis_value *ranges, const struct node *by)
{
    unsigned owned = 0;

    map_clear(cl);
    for (size_t i = 0; i < redis_count(ranges); i++)
        owned += map_range(cl, redis_at(ranges, i), by);
    cl->whole = owned == SLOTS;
    cl->searching = !cl->whole;
}

/* ---- links ---- */

static void node_up(void *ctx);
static void node_down(void *ctx, const char *why);
static const struct link_events node_events = { .up = node_up, .down = node_down };

static void node_connect(void *ctx)
{
    struct node *n = ctx;
    struct link_options o = redis_link_options(n->cluster->redis, &n->address, n->attempts);

    n->link = redis_link_open(&o, &node_events, n);
}

static bool node_wanted(const struct node *n)
{
    return n->used && (n->master || n->cluster->searching);
}

/* Has a link to every node that is wanted, and none to others; forgets nodes that left the cluster. */
static void tend_nodes(struct cluster *cl)
{
    for (struct node *n = cl->node; n < cl->node + NODES_MAX && !cl->stopped; n++) {
        if (node_wanted(n)) {
            if (n->link == NULL && !timer_running(&n->retry))
                node_connect(n);
            continue;
        }
        struct redis_link *k = n->link;
        timer_stop(&n->retry);
        n->link = NULL;
        n->used = n->seed || n->mapped;
        redis_link_close(k, LOA_UNAVAILABLE);
    }
}

static bool cluster_ready(const void *way)
{
    const struct cluster *cl = way;

    for (const struct node *n = cl->node; n < cl->node + NODES_MAX; n++)
        if (n->used && n->master && !redis_link_up(n->link))
            return false;
    return cl->whole;
}

/* ---- loading the map ---- */

static void reload(void *ctx);

static void reload_in(struct cluster *cl, int64_t ms)
{
    if (!cl->stopped && !timer_running(&cl->reload))
        timer_start(&cl->reload, redis_loop(cl->redis), ms, reload, cl);
}

static void slots_told(struct link_call *call, enum loa_status st, const struct redis_value *v)
{
    struct node *n = (struct node *)(void *)((char *)call - offsetof(struct node, ask));
    struct cluster *cl = n->cluster;
    bool answered = st == LOA_OK && redis_type(v) == REDIS_ARRAY;

    cl->asking = false;
    if (cl->stopped)
        return;
    if (answered) {
        map_set(cl, v, n);
        tend_nodes(cl);
    }
    const char *why = st == LOA_OK && !answered ? redis_str(v, NULL)
                      : cl->whole               ? NULL
                                                : "slots without a master";
    redis_changed(cl->redis, why);
    if (!cluster_ready(cl))
        reload_in(cl, RELOAD_MS);
}

/* Asks one node after the other, so that one with a stale view does not keep us. */
static void reload(void *ctx)
{
    struct cluster *cl = ctx;

    if (cl->asking)
        return;
    for (unsigned i = 0; i < NODES_MAX; i++) {
        struct node *n = &cl->node[cl->next_to_ask++ % NODES_MAX];
        if (n->used && redis_link_up(n->link)) {
            cl->asking = true;
            redis_link_sendf(n->link, &n->ask, slots_told, "CLUSTER SLOTS");
            return;
        }
    }
    cl->searching = true;
    tend_nodes(cl);
    reload_in(cl, RELOAD_MS);
}

static void node_up(void *ctx)
{
    struct node *n = ctx;

    n->attempts = 0;
    if (!n->cluster->whole)
        reload_in(n->cluster, 0);
    redis_changed(n->cluster->redis, NULL);
}

static void node_down(void *ctx, const char *why)
{
    struct node *n = ctx;

    n->link = NULL;
    if (node_wanted(n))
        timer_start(&n->retry, redis_loop(n->cluster->redis), redis_backoff_ms(n->attempts++), node_connect,
                    n);
    reload_in(n->cluster, RELOAD_MS);
    redis_changed(n->cluster->redis, why);
}

/* ---- commands ---- */

static struct redis_link *cluster_link_for(void *way, int partition)
{
    struct cluster *cl = way;

    if (partition >= 0) {
        int owner = cl->owner[redis_partition_slot(partition)];
        return owner != NOBODY && redis_link_up(cl->node[owner].link) ? cl->node[owner].link : NULL;
    }
    for (struct node *n = cl->node; n < cl->node + NODES_MAX; n++)
        if (n->used && n->master && redis_link_up(n->link))
            return n->link;
    return NULL;
}

static bool cluster_address(const void *way, struct redis_address *out)
{
    const struct cluster *cl = way;

    for (const struct node *n = cl->node; n < cl->node + NODES_MAX; n++)
        if (n->used && n->master && redis_link_up(n->link)) {
            *out = n->address;
            return true;
        }
    return false;
}

/* "MOVED 3999 host:port", "ASK 3999 host:port"; the host may be empty, and may be an IPv6 address. */
static struct node *redirect_target(struct cluster *cl, struct redis_command *c, const char *text, long *slot)
{
    struct redis_address a = { 0 };
    char *host;
    const struct node *from = node_of_link(cl, c->link);

    *slot = strtol(text + strcspn(text, " "), &host, 10);
    const char *colon = strrchr(host, ':');
    if (*host != ' ' || colon == NULL || *slot < 0 || *slot >= SLOTS || from == NULL)
        return NULL;
    host++;
    size_t len = (size_t)(colon - host);
    bool unknown = len == 0 || (len == 1 && *host == '?');
    if (!redis_address_set(&a, unknown ? from->address.host : host,
                           unknown ? strlen(from->address.host) : len, strtol(colon + 1, NULL, 10)))
        return NULL;
    return node_at(cl, &a);
}

static void asking_done(struct link_call *call, enum loa_status st, const struct redis_value *v)
{
    (void)call, (void)st, (void)v; /* the command behind it tells */
}

static bool follow(struct cluster *cl, struct redis_command *c, const struct redis_value *v, bool moved)
{
    long slot;
    struct node *n = redirect_target(cl, c, redis_str(v, NULL), &slot);

    if (n == NULL || c->redirects++ == REDIRECTS_MAX)
        return false;
    if (moved) {
        cl->owner[slot] = (int16_t)(n - cl->node);
        n->mapped = n->master = true;
    }
    if (n->link == NULL) {
        if (timer_running(&n->retry)) /* known to be out of reach */
            return false;
        node_connect(n);
    }
    if (!moved)
        redis_link_sendf(n->link, &c->asking, asking_done, "ASKING");
    redis_command_send(c, n->link);
    return true;
}

static bool cluster_error(void *way, struct redis_command *c, const struct redis_value *v)
{
    struct cluster *cl = way;
    bool moved = redis_is_error(v, "MOVED");

    if (moved || redis_says(v, "CLUSTERDOWN"))
        reload_in(cl, moved ? 0 : RELOAD_MS);
    return (moved || redis_is_error(v, "ASK")) && follow(cl, c, v, moved);
}

/* ---- life ---- */

static void *cluster_start(struct redis *r)
{
    struct cluster *cl = mem_alloc(sizeof *cl);
    const struct redis_url *url = redis_url_of(r);

    cl->redis = r;
    map_clear(cl);
    for (unsigned i = 0; i < url->servers; i++)
        node_at(cl, &url->server[i])->seed = true;
    cl->searching = true;
    tend_nodes(cl);
    return cl;
}

static void cluster_stop(void *way, enum loa_status st)
{
    struct cluster *cl = way;

    cl->stopped = true;
    timer_stop(&cl->reload);
    for (struct node *n = cl->node; n < cl->node + NODES_MAX; n++) {
        timer_stop(&n->retry);
        redis_link_close(n->link, st);
        n->link = NULL;
    }
    loop_free_later(redis_loop(cl->redis), cl, free);
}

const struct redis_ways redis_cluster_ways = {
    .start = cluster_start,
    .stop = cluster_stop,
    .link_for = cluster_link_for,
    .ready = cluster_ready,
    .address = cluster_address,
    .error = cluster_error,
};
