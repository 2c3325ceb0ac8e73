/* Whatever bytes come in, every transformation gives well-formed UTF-8, and folding is stable. */
#include "loa/text.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void must_be_utf8(const struct buf *b)
{
    if (b->len > 0 && memchr(b->data, '\0', b->len) == NULL && !text_is_utf8(b->data, b->len))
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const char *s = (const char *)data;
    struct buf out = BUF_INIT(100 * size + 1000), again = BUF_INIT(100 * size + 1000);
    void (*const step[])(struct buf *, const char *, size_t) = { text_nfc, text_strip_marks, text_lower,
                                                                 text_mask_name, text_fold };
    for (size_t i = 0; i < sizeof step / sizeof step[0]; i++) {
        buf_reset(&out);
        step[i](&out, s, size);
        must_be_utf8(&out);
    }
    text_fold(&again, buf_cstr(&out), out.len);
    if (again.len != out.len || memcmp(buf_cstr(&again), buf_cstr(&out), out.len) != 0)
        abort();

    buf_reset(&out);
    text_clean(&out, s, size, true);
    must_be_utf8(&out);
    buf_reset(&again);
    text_truncate(&again, buf_cstr(&out), out.len, size % 50);
    must_be_utf8(&again);
    if (text_length(buf_cstr(&again), again.len) > size % 50)
        abort();
    char small[16];
    text_copy(small, 1 + size % sizeof small, buf_cstr(&out));
    buf_clear(&out);
    buf_clear(&again);
    return 0;
}
