#include "loa/mem.h"
#include "loa/policy_data.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MERGERS_MAX 8 /* a successor of a successor … */

/* ---- days in which a row holds ---- */

bool validity_holds(struct validity v, int64_t at_ms)
{
    return at_ms >= v.from_ms && at_ms < v.to_ms;
}

/* `to` is the last day on which the row holds. */
static bool read_validity(const char *from, const char *to, struct validity *out)
{
    int64_t day;

    *out = (struct validity){ 0, INT64_MAX };
    if (*from != '\0') {
        if (!date_parse_day(from, &day))
            return false;
        out->from_ms = local_midnight_ms(day);
    }
    if (*to != '\0') {
        if (!date_parse_day(to, &day))
            return false;
        out->to_ms = local_midnight_ms(day + 1);
    }
    return out->from_ms < out->to_ms;
}

/* ---- loading ---- */

struct places_loading {
    struct policy *p;
    struct errors *err;
    bool failed;
};

static void row_fault(struct places_loading *l, const struct tsv_row *row, const char *vi, const char *en)
{
    fault_add(l->err, row->path, row->line, "bad_row", vi, en);
    l->failed = true;
}

/* Makes room for one more row of `size` bytes in *table. */
static bool grow(struct places_loading *l, const struct tsv_row *row, void *table, unsigned count,
                 size_t size)
{
    void **rows = table;

    if (count >= PLACES_MAX) {
        row_fault(l, row, "bảng quá dài", "the table is too long");
        return false;
    }
    *rows = mem_resize(*rows, (count + 1) * size);
    return true;
}

static bool days_of_row(struct places_loading *l, const struct tsv_row *row, unsigned column,
                        struct validity *out)
{
    if (read_validity(row->cell[column], row->cell[column + 1], out))
        return true;
    row_fault(l, row, "ngày phải là yyyy-MM-dd, ngày đầu không sau ngày cuối",
              "days are yyyy-MM-dd, the first not after the last");
    return false;
}

/* portals.tsv: match name link hotline from to */
static void portal_row(void *ctx, const struct tsv_row *row)
{
    struct places_loading *l = ctx;
    struct portal_row r = { 0 };

    if (strncmp(row->cell[2], "https://", 8) != 0) {
        row_fault(l, row, "đường dẫn phải bắt đầu bằng https://", "the link must begin with https://");
        return;
    }
    if (!days_of_row(l, row, 4, &r.valid) || !grow(l, row, &l->p->portal, l->p->portals, sizeof r))
        return;
    r.match = mem_strdup(row->cell[0]);
    r.name = mem_strdup(row->cell[1]);
    r.link = mem_strdup(row->cell[2]);
    r.hotline = mem_strdup(row->cell[3]);
    l->p->portal[l->p->portals++] = r;
}

/* agencies.tsv: code name from to successor */
static void agency_row(void *ctx, const struct tsv_row *row)
{
    struct places_loading *l = ctx;
    struct agency_row r = { 0 };

    if (!days_of_row(l, row, 2, &r.valid) || !grow(l, row, &l->p->agency, l->p->agencies, sizeof r))
        return;
    r.code = mem_strdup(row->cell[0]);
    r.name = mem_strdup(row->cell[1]);
    r.successor = mem_strdup(row->cell[4]);
    l->p->agency[l->p->agencies++] = r;
}

/* What a name is looked up by: folded, without "UBND". */
static char *name_key(const char *name)
{
    static const char *const prefixes[] = { "ubnd ", "uy ban nhan dan " };
    struct buf folded = BUF_INIT(1024);
    const char *rest;

    text_fold(&folded, name, strnlen(name, 300));
    rest = buf_cstr(&folded);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(rest, prefixes[i], strlen(prefixes[i])) == 0)
            rest += strlen(prefixes[i]);
    char *key = mem_strdup(rest);
    buf_clear(&folded);
    return key;
}

enum unit_column {
    UNIT_ID,
    UNIT_NAME,
    UNIT_SHORT,
    UNIT_PARENT,
    UNIT_PHONE,
    UNIT_CODE_OLD,
    UNIT_CODE_NEW,
    UNIT_GSO,
    UNIT_FROM,
    UNIT_TO,
    UNIT_SUCCESSOR,
    UNIT_COLUMNS
};

/* Copies the cells of a row into one block. */
static char *copy_cells(const struct tsv_row *row, unsigned n, const char **cell)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += strlen(row->cell[i]) + 1;
    char *block = mem_alloc(bytes), *at = block;
    for (unsigned i = 0; i < n; i++) {
        size_t len = strlen(row->cell[i]) + 1;
        memcpy(at, row->cell[i], len);
        cell[i] = at;
        at += len;
    }
    return block;
}

static void unit_row(void *ctx, const struct tsv_row *row)
{
    struct places_loading *l = ctx;
    struct unit_row r = { 0 };
    const char *cell[UNIT_COLUMNS];

    for (unsigned i = 0; i < l->p->units; i++)
        if (strcmp(l->p->unit[i].info.id, row->cell[UNIT_ID]) == 0)
            row_fault(l, row, "mã đơn vị này đã có ở trên", "this unit id stands above already");
    if (!days_of_row(l, row, UNIT_FROM, &r.valid) || !grow(l, row, &l->p->unit, l->p->units, sizeof r))
        return;
    r.cells = copy_cells(row, UNIT_COLUMNS, cell);
    r.info = (struct unit_info){ .id = cell[UNIT_ID],
                                 .name = cell[UNIT_NAME],
                                 .short_name = cell[UNIT_SHORT],
                                 .parent = cell[UNIT_PARENT],
                                 .phone = cell[UNIT_PHONE],
                                 .successor = cell[UNIT_SUCCESSOR] };
    r.code_old = cell[UNIT_CODE_OLD];
    r.code_new = cell[UNIT_CODE_NEW];
    r.gso = cell[UNIT_GSO];
    r.name_key = name_key(r.info.name);
    r.short_key = name_key(r.info.short_name);
    l->p->unit[l->p->units++] = r;
}

/* phone_prefixes.tsv: prefix operator */
static void prefix_row(void *ctx, const struct tsv_row *row)
{
    struct places_loading *l = ctx;

    if (row->cell[0][0] != '0' || strspn(row->cell[0], "0123456789") != strlen(row->cell[0])) {
        row_fault(l, row, "đầu số phải là chữ số, bắt đầu bằng 0", "a prefix is digits and begins with 0");
        return;
    }
    if (!grow(l, row, &l->p->prefix, l->p->prefixes, sizeof *l->p->prefix))
        return;
    l->p->prefix[l->p->prefixes++] =
        (struct prefix_row){ .prefix = mem_strdup(row->cell[0]), .operator_name = mem_strdup(row->cell[1]) };
}

static const struct unit_row *unit_by_id(const struct policy *p, const char *id)
{
    for (unsigned i = 0; i < p->units; i++)
        if (strcmp(p->unit[i].info.id, id) == 0)
            return &p->unit[i];
    return NULL;
}

/* Parents and successors must be units too: a slip here would lose a dossier's place. */
static void check_relations(struct places_loading *l, const char *dir)
{
    char path[512];

    snprintf(path, sizeof path, "%s/units.tsv", dir);
    for (unsigned i = 0; i < l->p->units; i++) {
        const struct unit_info *u = &l->p->unit[i].info;
        const char *of[] = { u->parent, u->successor };
        for (int k = 0; k < 2; k++) {
            if (*of[k] == '\0' || unit_by_id(l->p, of[k]) != NULL)
                continue;
            fault_at(l->err, path, 0, "bad_unit", "%s: không có đơn vị \"%s\"", "%s: no unit \"%s\"", u->id,
                     of[k]);
            l->failed = true;
        }
    }
}

/* Every message tells where to look the dossier up, so there must be a portal for any dossier at any time. */
static void check_portals(struct places_loading *l, const char *dir)
{
    char path[512];

    for (unsigned i = 0; i < l->p->portals; i++) {
        const struct portal_row *r = &l->p->portal[i];
        if (strcmp(r->match, "*") == 0 && r->valid.from_ms == 0 && r->valid.to_ms == INT64_MAX &&
            *r->name != '\0')
            return;
    }
    snprintf(path, sizeof path, "%s/portals.tsv", dir);
    row_fault(l, &(struct tsv_row){ .path = path }, "thiếu dòng * có tên, không giới hạn ngày",
              "a row * with a name and without days is missing");
}

bool policy_load_places(const char *dir, struct errors *err, struct policy *p)
{
    static const struct {
        const char *name;
        unsigned columns;
        tsv_row_fn *fn;
    } tables[] = { { "portals.tsv", 6, portal_row },
                   { "agencies.tsv", 5, agency_row },
                   { "units.tsv", UNIT_COLUMNS, unit_row },
                   { "phone_prefixes.tsv", 2, prefix_row } };
    struct places_loading l = { .p = p, .err = err };
    char path[512];
    bool ok = true;

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, tables[i].name);
        ok = tsv_read(path, tables[i].columns, tables[i].columns, err, tables[i].fn, &l) == LOA_OK && ok;
    }
    check_relations(&l, dir);
    check_portals(&l, dir);
    return ok && !l.failed;
}

void policy_free_places(struct policy *p)
{
    for (unsigned i = 0; i < p->portals; i++) {
        free(p->portal[i].match);
        free(p->portal[i].name);
        free(p->portal[i].link);
        free(p->portal[i].hotline);
    }
    for (unsigned i = 0; i < p->agencies; i++) {
        free(p->agency[i].code);
        free(p->agency[i].name);
        free(p->agency[i].successor);
    }
    for (unsigned i = 0; i < p->units; i++) {
        free(p->unit[i].cells);
        free(p->unit[i].name_key);
        free(p->unit[i].short_key);
    }
    for (unsigned i = 0; i < p->prefixes; i++) {
        free(p->prefix[i].prefix);
        free(p->prefix[i].operator_name);
    }
    free(p->portal);
    free(p->agency);
    free(p->unit);
    free(p->prefix);
}

/* ---- asking ---- */

static const struct portal_row *find_portal(const struct policy *p, const char *match, int64_t at_ms)
{
    for (unsigned i = 0; i < p->portals; i++)
        if (strcmp(p->portal[i].match, match) == 0 && validity_holds(p->portal[i].valid, at_ms))
            return &p->portal[i];
    return NULL;
}

/* {code} becomes the dossier's code. */
static void fill_link(const char *link, const char *code, char *out, size_t size)
{
    struct buf b = BUF_INIT(size - 1);
    const char *mark = strstr(link, "{code}");

    if (mark == NULL) {
        buf_str(&b, link);
    } else {
        buf_add(&b, link, (size_t)(mark - link));
        buf_url(&b, code, strlen(code));
        buf_str(&b, mark + strlen("{code}"));
    }
    snprintf(out, size, "%s", buf_ok(&b) ? buf_cstr(&b) : "");
    buf_clear(&b);
}

void policy_portal(const struct policy *p, const char *source, const char *dossier_code, const char *level1,
                   int64_t at_ms, struct portal_info *out)
{
    const struct portal_row *r = NULL;
    char by_source[80];

    if (source != NULL && *source != '\0') {
        snprintf(by_source, sizeof by_source, "source:%s", source);
        r = find_portal(p, by_source, at_ms);
    }
    if (r == NULL && level1 != NULL)
        r = find_portal(p, level1, at_ms);
    if (r == NULL)
        r = find_portal(p, "*", at_ms);
    *out = (struct portal_info){ .name = "", .hotline = "" };
    if (r == NULL)
        return;
    out->name = r->name;
    out->hotline = r->hotline;
    fill_link(r->link, dossier_code != NULL ? dossier_code : "", out->link, sizeof out->link);
}

const char *policy_agency_name(const struct policy *p, const char *level1, int64_t at_ms)
{
    const char *last = NULL;

    for (unsigned i = 0; i < p->agencies; i++) {
        if (strcmp(p->agency[i].code, level1) != 0)
            continue;
        last = p->agency[i].name;
        if (validity_holds(p->agency[i].valid, at_ms))
            break;
    }
    return last;
}

static bool same(const char *cell, const char *asked)
{
    return *cell != '\0' && strcmp(cell, asked) == 0;
}

const struct unit_info *policy_unit(const struct policy *p, const char *id, int64_t at_ms)
{
    const struct unit_row *found = NULL;

    if (id == NULL || *id == '\0')
        return NULL;
    char *key = name_key(id);
    for (unsigned i = 0; i < p->units; i++) {
        const struct unit_row *u = &p->unit[i];
        if (!same(u->info.id, id) && !same(u->code_old, id) && !same(u->code_new, id) && !same(u->gso, id) &&
            !same(u->name_key, key) && !same(u->short_key, key))
            continue;
        found = u;
        if (validity_holds(u->valid, at_ms))
            break;
    }
    free(key);
    return found != NULL ? &found->info : NULL;
}

const struct unit_info *policy_unit_then(const struct policy *p, const char *id, int64_t at_ms)
{
    const struct unit_info *u = policy_unit(p, id, at_ms);
    for (unsigned merged = 0; u != NULL && merged < MERGERS_MAX; merged++) {
        const struct unit_row *row = unit_by_id(p, u->id);
        if (u->successor[0] == '\0' || row->valid.to_ms > at_ms)
            break;
        u = policy_unit(p, u->successor, at_ms);
    }
    return u;
}

const struct unit_info *policy_unit_at(const struct policy *p, unsigned i)
{
    return i < p->units ? &p->unit[i].info : NULL;
}

const char *policy_phone_operator(const struct policy *p, const char *e164)
{
    const char *operator_name = NULL;
    size_t longest = 0;

    if (strncmp(e164, "84", 2) != 0)
        return NULL;
    for (unsigned i = 0; i < p->prefixes; i++) {
        size_t n = strlen(p->prefix[i].prefix);
        if (n > longest && strncmp(e164 + 2, p->prefix[i].prefix + 1, n - 1) == 0) {
            longest = n;
            operator_name = p->prefix[i].operator_name;
        }
    }
    return operator_name;
}
