#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INI_NAME_MAX 64

/* Cuts `; comment` off a value; inside quotes nothing is a comment. Returns false for an unclosed quote. */
static bool clean_value(char **value)
{
    char *v = text_trim(*value);

    if (*v == '"') {
        char *close = strchr(v + 1, '"');
        if (close == NULL)
            return false;
        *close = '\0';
        *value = v + 1;
        return true;
    }
    for (char *p = v; *p != '\0'; p++)
        if ((*p == ';' || *p == '#') && (p == v || p[-1] == ' ' || p[-1] == '\t')) {
            *p = '\0';
            break;
        }
    *value = text_trim(v);
    return true;
}

/* "[name]" -> name; NULL when the line is no section head. */
static char *section_name(char *line)
{
    char *close = strchr(line, ']');

    if (*line != '[' || close == NULL)
        return NULL;
    *close = '\0';
    char *name = text_trim(line + 1);
    return *name != '\0' && strlen(name) < INI_NAME_MAX ? name : NULL;
}

static bool read_line(struct ini_item *item, char *line, struct errors *err)
{
    char *name = section_name(line);
    if (name != NULL) {
        item->section = name;
        item->key = item->value = NULL;
        return true;
    }
    char *value = strchr(line, '=');
    if (value != NULL)
        *value++ = '\0';
    char *key = text_trim(line);
    if (value == NULL || *key == '\0' || *key == '[' || strlen(key) >= INI_NAME_MAX || !clean_value(&value)) {
        fault_add(err, item->path, item->line, "bad_line", "dòng này phải là [mục] hoặc khóa = giá trị",
                  "expected [section] or key = value");
        return false;
    }
    item->key = key;
    item->value = value;
    return true;
}

/* Reads `text` line by line, cutting it up in place. */
static enum loa_status read_lines(const char *path, char *text, struct errors *err, ini_item_fn *fn,
                                  void *ctx)
{
    enum loa_status st = LOA_OK;
    struct ini_item item = { .path = path, .section = "" };
    struct text_lines lines = { .rest = text };

    while (text_lines_next(&lines)) {
        char *line = text_trim(lines.line);
        item.line = lines.number;
        if (*line == '\0' || *line == '#' || *line == ';')
            continue;
        if (read_line(&item, line, err))
            fn(ctx, &item);
        else
            st = LOA_INVALID;
    }
    return st;
}

enum loa_status ini_read(const char *path, struct errors *err, ini_item_fn *fn, void *ctx)
{
    struct buf text = BUF_INIT(TEXT_FILE_MAX_BYTES);

    enum loa_status st = text_file_read(path, err, &text);
    if (st == LOA_OK)
        st = read_lines(path, text.data, err, fn, ctx);
    buf_clear(&text);
    return st;
}

enum loa_status ini_read_text(const char *name, const char *s, size_t n, struct errors *err, ini_item_fn *fn,
                              void *ctx)
{
    char *text = mem_strndup(s, n);

    enum loa_status st = read_lines(name, text, err, fn, ctx);
    free(text);
    return st;
}

bool ini_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    char *end;

    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (end == s || *end != '\0' || errno != 0 || v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool ini_duration_ms(const char *s, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    char *end;

    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (end == s || errno != 0 || v < 0 || v > 100000000)
        return false;
    if (v == 0 && *end == '\0') {
        *out = 0;
        return true;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0) {
            *out = v * units[i].ms;
            return true;
        }
    return false;
}

bool ini_bool(const char *s, bool *out)
{
    static const char *const yes[] = { "yes", "on", "true", "1", "có" };
    static const char *const no[] = { "no", "off", "false", "0", "không" };

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
            *out = strcmp(s, yes[i]) == 0;
            return true;
        }
    }
    return false;
}
