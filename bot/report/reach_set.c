#include "loa/mem.h"
#include "loa/reach.h"
#include <roaring/roaring.h>
#include <stdlib.h>

struct reach_set {
    roaring_bitmap_t *bits;
};

struct reach_set *reach_set_new(void)
{
    struct reach_set *s = mem_alloc(sizeof *s);
    s->bits = roaring_bitmap_create();
    return s;
}

void reach_set_free(struct reach_set *s)
{
    if (s != NULL)
        roaring_bitmap_free(s->bits);
    free(s);
}

void reach_set_add(struct reach_set *s, uint32_t person)
{
    roaring_bitmap_add(s->bits, person);
}

void reach_set_join(struct reach_set *s, const struct reach_set *other)
{
    roaring_bitmap_or_inplace(s->bits, other->bits);
}

uint64_t reach_set_count(const struct reach_set *s)
{
    return roaring_bitmap_get_cardinality(s->bits);
}

bool reach_set_equal(const struct reach_set *a, const struct reach_set *b)
{
    return roaring_bitmap_equals(a->bits, b->bits);
}

void reach_set_save(struct reach_set *s, struct buf *out)
{
    roaring_bitmap_run_optimize(s->bits);
    size_t n = roaring_bitmap_portable_size_in_bytes(s->bits);
    char *bytes = mem_alloc(n);
    buf_add(out, bytes, roaring_bitmap_portable_serialize(s->bits, bytes));
    free(bytes);
}

enum loa_status reach_set_load(struct reach_set *s, const void *p, size_t n)
{
    roaring_bitmap_t *read = roaring_bitmap_portable_deserialize_safe(p, n);
    if (read == NULL)
        return LOA_INVALID;
    roaring_bitmap_or_inplace(s->bits, read);
    roaring_bitmap_free(read);
    return LOA_OK;
}
