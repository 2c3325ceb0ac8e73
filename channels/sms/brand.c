#include "loa/sms_brand.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BRAND_MAX  11
#define UNIT_SIZE  40
#define BRANDS_MAX 5000

struct sms_brands {
    struct brand {
        char unit[UNIT_SIZE], name[BRAND_MAX + 1];
    } * item;
    unsigned count;
};

struct loader {
    struct sms_brands *brands;
    struct errors *err;
    bool faulty;
};

bool sms_brand_valid(const char *brand)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                      digits[] = "0123456789";
    size_t n = strlen(brand), fine = 0;
    for (; fine < n; fine++)
        if (strchr(letters, brand[fine]) == NULL && strchr(digits, brand[fine]) == NULL &&
            strchr("-_. ", brand[fine]) == NULL)
            return false;
    return n > 0 && n <= BRAND_MAX && strspn(brand, digits) < n;
}

static const struct brand *find(const struct sms_brands *b, const char *unit, size_t n)
{
    for (unsigned i = 0; i < b->count; i++)
        if (strlen(b->item[i].unit) == n && memcmp(b->item[i].unit, unit, n) == 0)
            return &b->item[i];
    return NULL;
}

static void add_row(void *ctx, const struct tsv_row *r)
{
    struct loader *l = ctx;
    struct sms_brands *b = l->brands;
    const char *unit = r->cell[0], *name = r->cell[1];
    bool fine = *unit != '\0' && strlen(unit) < UNIT_SIZE && sms_brand_valid(name);
    bool twice = fine && find(b, unit, strlen(unit)) != NULL;
    if (!fine || twice || b->count == BRANDS_MAX) {
        l->faulty = true;
        fault_at(l->err, r->path, r->line, "bad_brandname",
                 "cần mã đơn vị (mỗi đơn vị một dòng) và tên định danh tối đa 11 ký tự, không được toàn số",
                 "expected a unit, once, and a brandname of at most 11 characters, not digits alone");
        return;
    }
    b->item = mem_resize(b->item, (b->count + 1) * sizeof *b->item);
    struct brand *item = &b->item[b->count++];
    snprintf(item->unit, sizeof item->unit, "%s", unit);
    snprintf(item->name, sizeof item->name, "%s", name);
}

enum loa_status sms_brands_load(const char *dir, struct errors *err, struct sms_brands **out)
{
    struct loader l = { .brands = mem_alloc(sizeof *l.brands), .err = err };
    char path[512];
    snprintf(path, sizeof path, "%s/sms/brandnames.tsv", dir);
    enum loa_status st = access(path, F_OK) == 0 ? tsv_read(path, 2, 2, err, add_row, &l) : LOA_OK;
    if (st == LOA_OK && l.faulty)
        st = LOA_INVALID;
    if (st == LOA_OK)
        *out = l.brands;
    else
        sms_brands_free(l.brands);
    return st;
}

void sms_brands_free(struct sms_brands *b)
{
    if (b == NULL)
        return;
    free(b->item);
    free(b);
}

const char *sms_brand_of(const struct sms_brands *b, const char *unit, const char *fallback)
{
    size_t n = unit != NULL ? strlen(unit) : 0;
    while (n > 0) {
        const struct brand *found = find(b, unit, n);
        if (found != NULL)
            return found->name;
        while (n > 0 && unit[n - 1] != '.')
            n--;
        n -= n > 0; /* the dot */
    }
    return fallback;
}
