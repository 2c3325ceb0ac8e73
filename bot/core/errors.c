#include "loa/errors.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

#define DETAIL_MAX_BYTES 2048 /* a sentence, not an essay: input quoted in it is cut by its author */

struct errors *errors_new(void)
{
    return mem_alloc(sizeof(struct errors));
}

void errors_reset(struct errors *e)
{
    if (e == NULL)
        return;
    for (unsigned i = 0; i < e->count; i++) {
        free(e->item[i].pointer);
        free(e->item[i].detail);
        free(e->item[i].detail_vi);
        e->item[i] = (struct error_item){ 0 };
    }
    e->count = e->total = 0;
}

void errors_free(struct errors *e)
{
    errors_reset(e);
    free(e);
}

static char *copy(const char *s)
{
    return mem_strdup(s ? s : "");
}

void errors_add(struct errors *e, const char *pointer, const char *code, const char *detail,
                const char *detail_vi)
{
    if (e == NULL)
        return;
    e->total++;
    if (e->count == ERRORS_MAX)
        return;
    e->item[e->count++] = (struct error_item){
        .pointer = copy(pointer), .code = code, .detail = copy(detail), .detail_vi = copy(detail_vi)
    };
}

void errors_addf(struct errors *e, const char *pointer, const char *code, const char *detail_vi,
                 const char *fmt, ...)
{
    if (e == NULL)
        return;
    struct buf detail = BUF_INIT(DETAIL_MAX_BYTES);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&detail, fmt, ap);
    va_end(ap);
    errors_add(e, pointer, code, buf_cstr(&detail), detail_vi);
    buf_clear(&detail);
}

static void member(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, value, strlen(value));
}

void errors_json(const struct errors *e, struct buf *out)
{
    buf_char(out, '[');
    for (unsigned i = 0; e != NULL && i < e->count; i++) {
        const struct error_item *it = &e->item[i];
        buf_str(out, i > 0 ? ",{" : "{");
        member(out, "pointer", it->pointer);
        buf_char(out, ',');
        member(out, "code", it->code);
        buf_char(out, ',');
        member(out, "detail", it->detail);
        buf_char(out, ',');
        member(out, "detail_vi", it->detail_vi);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}
