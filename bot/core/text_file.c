#include "loa/text_file.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>

#define FAULT_MAX_BYTES 2048

void fault_add(struct errors *err, const char *path, unsigned line, const char *code, const char *vi,
               const char *en)
{
    char place[512];

    if (line != 0)
        snprintf(place, sizeof place, "%s:%u", path, line);
    else
        snprintf(place, sizeof place, "%s", path);
    errors_add(err, place, code, en, vi);
}

void fault_at(struct errors *err, const char *path, unsigned line, const char *code, const char *vi,
              const char *en, ...)
{
    struct buf text_vi = BUF_INIT(FAULT_MAX_BYTES), text_en = BUF_INIT(FAULT_MAX_BYTES);
    va_list ap;

    va_start(ap, en);
    buf_vprintf(&text_vi, vi, ap);
    va_end(ap);
    va_start(ap, en);
    buf_vprintf(&text_en, en, ap);
    va_end(ap);
    fault_add(err, path, line, code, buf_cstr(&text_vi), buf_cstr(&text_en));
    buf_clear(&text_vi);
    buf_clear(&text_en);
}

static unsigned line_of_bad_byte(const char *s, size_t n)
{
    unsigned line = 1;

    for (const char *p = s, *end = s + n; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = stop != NULL ? (size_t)(stop - p) : (size_t)(end - p);
        if (!text_is_utf8(p, len))
            return line;
        p += len + 1;
        line++;
    }
    return line;
}

static void drop_carriage_returns(struct buf *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->len; i++)
        if (b->data[i] != '\r' || (i + 1 < b->len && b->data[i + 1] != '\n'))
            b->data[kept++] = b->data[i];
    b->len = kept;
    if (b->data != NULL)
        b->data[kept] = '\0';
}

static enum loa_status read_raw(const char *path, struct errors *err, struct buf *raw)
{
    enum loa_status st = buf_read_file(raw, path);

    if (st == LOA_NOT_FOUND)
        fault_add(err, path, 0, "missing", "không có tệp này", "no such file");
    else if (st == LOA_TOO_BIG)
        fault_add(err, path, 0, "too_big", "tệp quá lớn", "the file is too big");
    else if (st != LOA_OK)
        fault_add(err, path, 0, "unreadable", "không đọc được tệp, hãy kiểm tra quyền đọc",
                  "cannot be read: look at its permissions");
    else if (raw->len != 0 && !text_is_utf8(raw->data, raw->len)) {
        fault_add(err, path, line_of_bad_byte(raw->data, raw->len), "not_utf8",
                  "dòng này không phải UTF-8, hãy lưu tệp lại với mã UTF-8",
                  "this line is not UTF-8: save the file as UTF-8");
        st = LOA_INVALID;
    }
    return st;
}

enum loa_status text_file_read(const char *path, struct errors *err, struct buf *out)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct buf raw = BUF_INIT(TEXT_FILE_MAX_BYTES);

    enum loa_status st = read_raw(path, err, &raw);
    if (st == LOA_OK && raw.len != 0) {
        size_t skip = strncmp(raw.data, byte_order_mark, 3) == 0 ? 3 : 0;
        drop_carriage_returns(&raw);
        text_nfc(out, raw.data + skip, raw.len - skip);
        st = buf_ok(out) ? LOA_OK : LOA_TOO_BIG;
    }
    buf_clear(&raw);
    return st;
}

bool text_lines_next(struct text_lines *it)
{
    if (it->rest == NULL || *it->rest == '\0')
        return false;
    it->line = it->rest;
    it->number++;
    char *end = strchr(it->rest, '\n');
    if (end != NULL)
        *end++ = '\0';
    it->rest = end;
    return true;
}

char *text_trim(char *s)
{
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    s[n] = '\0';
    return s;
}
