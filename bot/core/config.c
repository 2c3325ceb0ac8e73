#include "loa/config.h"
#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/settings.h"
#include "loa/text_file.h"
#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VALUE_MAX_BYTES 8192
#define NAME_MAX_BYTES  96
#define SAMPLE_MARK     "…"

struct value {
    char *text;     /* NULL: the default holds */
    int64_t number; /* of numbers and switches */
    unsigned line;  /* where the file gave it, 0 elsewhere */
};

struct config {
    struct value *value; /* one per row of settings[] */
};

/* Where a value was read, for the fault that may follow. */
struct place {
    const char *path;
    unsigned line;
    struct errors *err;
};

static bool equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ---- values ---- */

/* "20/s" with suffix "/s" -> 20. The number may be nothing but digits before the suffix. */
static bool read_suffixed(const char *text, const char *suffix, int64_t max, int64_t *out)
{
    char digits[24];
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n >= sizeof digits || !equal(text + n, suffix))
        return false;
    snprintf(digits, sizeof digits, "%.*s", (int)n, text);
    return ini_int(digits, 0, max, out);
}

static bool read_bytes(const char *text, int64_t *out)
{
    static const struct {
        const char *suffix;
        unsigned shift;
    } units[] = { { "", 0 }, { "k", 10 }, { "M", 20 } };
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++)
        if (read_suffixed(text, units[i].suffix, INT64_MAX >> units[i].shift, out)) {
            *out <<= units[i].shift;
            return true;
        }
    return false;
}

static bool read_bool(const char *text, int64_t *out)
{
    bool yes = false;
    bool known = ini_bool(text, &yes);
    *out = yes;
    return known;
}

/* Calls `test` with each space-separated choice until one fits. */
static bool any_choice(const char *choices, const char *text, size_t len,
                       bool (*test)(const char *choice, size_t n, const char *text, size_t len))
{
    while (*choices != '\0') {
        size_t n = strcspn(choices, " ");
        if (test(choices, n, text, len))
            return true;
        choices += n + (choices[n] == ' ');
    }
    return false;
}

static bool is_choice(const char *choice, size_t n, const char *text, size_t len)
{
    return n == len && memcmp(choice, text, n) == 0;
}

/* "private" stands alone, "redis://" is how an address begins. */
static bool starts_with_choice(const char *choice, size_t n, const char *text, size_t len)
{
    bool scheme = choice[n - 1] == '/';
    return scheme ? len > n && memcmp(choice, text, n) == 0 : is_choice(choice, n, text, len);
}

static bool only_choices(const char *choices, const char *text)
{
    while (*text != '\0') {
        text += strspn(text, " ,");
        size_t n = strcspn(text, " ,");
        if (n > 0 && !any_choice(choices, text, n, is_choice))
            return false;
        text += n;
    }
    return true;
}

/* Is `text` a value of this setting? Numbers come back in *number. */
static bool value_fits(const struct setting *s, const char *text, int64_t *number)
{
    switch (s->type) {
    case SETTING_TEXT:
    case SETTING_SECRET:
    case SETTING_PATH:
        return true;
    case SETTING_URL:
        return any_choice(s->choices, text, strlen(text), starts_with_choice);
    case SETTING_WORD:
        return any_choice(s->choices, text, strlen(text), is_choice);
    case SETTING_WORDS:
        return only_choices(s->choices, text);
    case SETTING_BOOL:
        return read_bool(text, number);
    case SETTING_INT:
        return read_suffixed(text, "", s->max, number) && *number >= s->min;
    case SETTING_RATE:
        return read_suffixed(text, "/s", s->max, number) && *number >= s->min;
    case SETTING_BYTES:
        return read_bytes(text, number) && *number >= s->min && *number <= s->max;
    }
    return false;
}

/* Says what a value of this setting looks like; the value itself may be a secret and is not repeated. */
static void report_bad_value(const struct setting *s, const struct place *at)
{
    long long min = s->min, max = s->max;
    switch (s->type) {
    case SETTING_BOOL:
        fault_at(at->err, at->path, at->line, "bad_value", "[%s] %s: hãy ghi yes hoặc no",
                 "[%s] %s: write yes or no", s->section, s->key);
        break;
    case SETTING_INT:
        fault_at(at->err, at->path, at->line, "bad_value", "[%s] %s: hãy ghi một số nguyên từ %lld đến %lld",
                 "[%s] %s: write a whole number from %lld to %lld", s->section, s->key, min, max);
        break;
    case SETTING_RATE:
        fault_at(at->err, at->path, at->line, "bad_value",
                 "[%s] %s: hãy ghi dạng N/s, N từ %lld đến %lld, ví dụ 20/s",
                 "[%s] %s: write N/s with N from %lld to %lld, for example 20/s", s->section, s->key, min,
                 max);
        break;
    case SETTING_BYTES:
        fault_at(at->err, at->path, at->line, "bad_value",
                 "[%s] %s: hãy ghi số byte từ %lld đến %lld, hoặc dạng 64k, 1M",
                 "[%s] %s: write bytes from %lld to %lld, or 64k, 1M", s->section, s->key, min, max);
        break;
    case SETTING_URL:
        fault_at(at->err, at->path, at->line, "bad_value", "[%s] %s: địa chỉ phải bắt đầu bằng một trong: %s",
                 "[%s] %s: an address begins with one of: %s", s->section, s->key, s->choices);
        break;
    default:
        fault_at(at->err, at->path, at->line, "bad_value", "[%s] %s: hãy ghi một trong: %s",
                 "[%s] %s: write one of: %s", s->section, s->key, s->choices);
        break;
    }
}

static void forget(const struct setting *s, struct value *v)
{
    if (v->text != NULL && s->type == SETTING_SECRET)
        sodium_memzero(v->text, strlen(v->text));
    free(v->text);
    v->text = NULL;
}

static void put_default(const struct setting *s, struct value *v)
{
    forget(s, v);
    v->number = 0;
    bool fits = *s->fallback == '\0' || value_fits(s, s->fallback, &v->number);
    assert(fits);
    (void)fits;
}

/* Takes a value from a file, the environment or the command line. "" and samples put the default back. */
static enum loa_status put_value(struct config *c, unsigned row, const char *text, const struct place *at)
{
    const struct setting *s = &settings[row];
    struct value *v = &c->value[row];
    if (*text == '\0' || strstr(text, SAMPLE_MARK) != NULL) {
        put_default(s, v);
        return LOA_OK;
    }
    int64_t number = 0;
    if (strlen(text) > VALUE_MAX_BYTES || !value_fits(s, text, &number)) {
        report_bad_value(s, at);
        return LOA_INVALID;
    }
    forget(s, v);
    v->text = mem_strdup(text);
    v->number = number;
    return LOA_OK;
}

/* A secret kept in a file of its own: the first line counts. Only regular files, so that nothing blocks. */
static enum loa_status put_secret_file(struct config *c, unsigned row, const char *path,
                                       const struct place *at)
{
    const struct setting *s = &settings[row];
    if (*path == '\0' || strstr(path, SAMPLE_MARK) != NULL)
        return LOA_OK;
    struct buf text = BUF_INIT(VALUE_MAX_BYTES);
    struct stat st;
    bool regular = stat(path, &st) == 0 && S_ISREG(st.st_mode);
    enum loa_status result = regular ? buf_read_file(&text, path) : LOA_NOT_FOUND;
    if (result == LOA_OK && text.len > 0) {
        text.data[strcspn(text.data, "\r\n")] = '\0';
        result = put_value(c, row, text.data, at);
        sodium_memzero(text.data, text.len);
    } else {
        fault_at(at->err, at->path, at->line, "bad_secret_file",
                 "[%s] %s_file: không đọc được tệp hoặc tệp rỗng: hãy xem lại đường dẫn và quyền đọc",
                 "[%s] %s_file: the file cannot be read or is empty: check its path and mode", s->section,
                 s->key);
        result = LOA_INVALID;
    }
    buf_clear(&text);
    return result;
}

/* ---- names ---- */

/* "api_key_file" -> the row of the secret "api_key"; -1 when there is none. */
static int find_secret_file(const char *section, const char *key)
{
    char name[NAME_MAX_BYTES];
    size_t n = strlen(key), suffix = strlen("_file");
    if (n <= suffix || n >= sizeof name || !equal(key + n - suffix, "_file"))
        return -1;
    snprintf(name, sizeof name, "%.*s", (int)(n - suffix), key);
    int row = settings_find(section, name);
    return row >= 0 && settings[row].type == SETTING_SECRET ? row : -1;
}

static bool section_known(const char *name)
{
    return equal(settings_nearest_section(name), name);
}

static void report_unknown_section(const char *section, const struct place *at)
{
    fault_at(at->err, at->path, at->line, "unknown_section", "không có mục [%s]; có phải ý bạn là [%s]?",
             "there is no section [%s]; did you mean [%s]?", section, settings_nearest_section(section));
}

static void report_unknown_key(const char *section, const char *key, const struct place *at)
{
    const struct setting *near = settings_nearest(section, key);
    if (*section == '\0')
        fault_at(at->err, at->path, at->line, "no_section", "%s: hãy đặt dưới một mục, ví dụ [%s]",
                 "%s: put it under a section such as [%s]", key, near->section);
    else
        fault_at(at->err, at->path, at->line, "unknown_key",
                 "mục [%s] không có khóa %s; có phải ý bạn là [%s] %s?",
                 "[%s] has no key %s; did you mean [%s] %s?", section, key, near->section, near->key);
}

/* ---- the file ---- */

struct file_reader {
    struct config *config;
    const char *path;
    struct errors *err;
    bool faulty;
};

static bool given_twice(struct value *v, const struct place *at, const struct setting *s)
{
    if (v->line == 0) {
        v->line = at->line;
        return false;
    }
    fault_at(at->err, at->path, at->line, "given_twice", "[%s] %s đã khai ở dòng %u: chỉ giữ một dòng",
             "[%s] %s was already given on line %u: keep one", s->section, s->key, v->line);
    return true;
}

static bool read_key(struct file_reader *r, const struct ini_item *e, const struct place *at)
{
    int row = settings_find(e->section, e->key);
    int secret = row < 0 ? find_secret_file(e->section, e->key) : -1;
    int known = row >= 0 ? row : secret;
    if (known < 0) {
        report_unknown_key(e->section, e->key, at);
        return false;
    }
    if (given_twice(&r->config->value[known], at, &settings[known]))
        return false;
    enum loa_status st = row >= 0 ? put_value(r->config, (unsigned)row, e->value, at)
                                  : put_secret_file(r->config, (unsigned)secret, e->value, at);
    return st == LOA_OK;
}

/* One fault for an unknown section, none for the keys in it. */
static void read_item(void *ctx, const struct ini_item *e)
{
    struct file_reader *r = ctx;
    struct place at = { .path = e->path, .line = e->line, .err = r->err };
    bool known = *e->section == '\0' || section_known(e->section);
    if (e->key == NULL && !known) {
        report_unknown_section(e->section, &at);
        r->faulty = true;
    } else if (e->key != NULL && known && !read_key(r, e, &at)) {
        r->faulty = true;
    }
}

/* ---- the environment ---- */

static const char *from_environment(const struct setting *s, const char *suffix, char name[NAME_MAX_BYTES])
{
    int n = snprintf(name, NAME_MAX_BYTES, "LOA_%s_%s%s", s->section, s->key, suffix);
    assert(n < NAME_MAX_BYTES);
    for (int i = 0; i < n; i++)
        name[i] = (char)toupper((unsigned char)name[i]);
    return getenv(name);
}

static bool read_environment(struct config *c, struct errors *err)
{
    bool fine = true;
    for (unsigned row = 0; row < settings_count; row++) {
        char name[NAME_MAX_BYTES];
        struct place at = { .path = name, .err = err };
        const char *file = NULL;
        if (settings[row].type == SETTING_SECRET)
            file = from_environment(&settings[row], "_FILE", name);
        if (file != NULL)
            fine &= put_secret_file(c, row, file, &at) == LOA_OK;
        const char *text = from_environment(&settings[row], "", name);
        if (text != NULL)
            fine &= put_value(c, row, text, &at) == LOA_OK;
    }
    return fine;
}

/* ---- rules over several settings ---- */

static bool pair_is_whole(const struct config *c, const char *section, const char *a, const char *b,
                          struct errors *err, const char *path)
{
    bool whole = (*config_str(c, section, a) == '\0') == (*config_str(c, section, b) == '\0');
    if (!whole)
        fault_at(err, path, 0, "half_a_pair", "[%s] %s và %s đi với nhau: khai cả hai hoặc bỏ cả hai",
                 "[%s] %s and %s go together: give both or neither", section, a, b);
    return whole;
}

static bool secret_is_long(const struct config *c, const char *section, const char *key, size_t min,
                           struct errors *err, const char *path)
{
    size_t n = strlen(config_str(c, section, key));
    bool fine = n == 0 || n >= min;
    if (!fine)
        fault_at(err, path, 0, "weak_secret", "[%s] %s: hãy dùng ít nhất %zu ký tự ngẫu nhiên",
                 "[%s] %s: use at least %zu random characters", section, key, min);
    return fine;
}

static bool rules_hold(const struct config *c, struct errors *err, const char *path)
{
    bool fine = pair_is_whole(c, "loa", "tls_cert", "tls_key", err, path);
    fine &= secret_is_long(c, "sms", "webhook_token", 12, err, path);
    fine &= secret_is_long(c, "email", "webhook_token", 12, err, path);
    fine &= secret_is_long(c, "portal", "session_secret", 16, err, path);
    return fine;
}

/* ---- the outside ---- */

static struct config *config_new(void)
{
    struct config *c = mem_alloc(sizeof *c);
    c->value = mem_alloc(settings_count * sizeof *c->value);
    for (unsigned i = 0; i < settings_count; i++)
        put_default(&settings[i], &c->value[i]);
    return c;
}

/* What remains once the file is read: the environment, the rules, and handing it over when all is well. */
static enum loa_status finish(struct file_reader *r, enum loa_status st, struct config **out)
{
    if (st == LOA_OK || st == LOA_INVALID) {
        bool fine = st == LOA_OK && !r->faulty;
        fine &= read_environment(r->config, r->err);
        fine &= rules_hold(r->config, r->err, r->path);
        st = fine ? LOA_OK : LOA_INVALID;
    }
    if (st == LOA_OK)
        *out = r->config;
    else
        config_free(r->config);
    return st;
}

enum loa_status config_load(const char *path, struct errors *err, struct config **out)
{
    struct file_reader r = { .config = config_new(), .path = path ? path : "LOA_*", .err = err };
    enum loa_status st = path != NULL ? ini_read(path, err, read_item, &r) : LOA_OK;
    return finish(&r, st, out);
}

enum loa_status config_parse(const char *name, const char *text, size_t len, struct errors *err,
                             struct config **out)
{
    struct file_reader r = { .config = config_new(), .path = name, .err = err };
    enum loa_status st = ini_read_text(name, text, len, err, read_item, &r);
    return finish(&r, st, out);
}

void config_free(struct config *c)
{
    if (c == NULL)
        return;
    for (unsigned i = 0; i < settings_count; i++)
        forget(&settings[i], &c->value[i]);
    free(c->value);
    free(c);
}

static const struct value *value_of(const struct config *c, const char *section, const char *key,
                                    const struct setting **s)
{
    int row = settings_find(section, key);
    assert(row >= 0);
    *s = &settings[row];
    return &c->value[row];
}

const char *config_str(const struct config *c, const char *section, const char *key)
{
    const struct setting *s;
    const struct value *v = value_of(c, section, key, &s);
    return v->text != NULL ? v->text : s->fallback;
}

int64_t config_int(const struct config *c, const char *section, const char *key)
{
    const struct setting *s;
    const struct value *v = value_of(c, section, key, &s);
    assert(s->type >= SETTING_BOOL);
    return v->number;
}

bool config_bool(const struct config *c, const char *section, const char *key)
{
    return config_int(c, section, key) != 0;
}

bool config_has_word(const struct config *c, const char *section, const char *key, const char *word)
{
    const char *text = config_str(c, section, key);
    size_t want = strlen(word);
    while (*text != '\0') {
        text += strspn(text, " ,");
        size_t n = strcspn(text, " ,");
        if (n == want && memcmp(text, word, n) == 0)
            return true;
        text += n;
    }
    return false;
}

enum loa_status config_set(struct config *c, const char *section, const char *key, const char *value,
                           struct errors *err)
{
    char name[2 * NAME_MAX_BYTES];
    snprintf(name, sizeof name, "%s.%s", section, key);
    struct place at = { .path = name, .err = err };
    int row = settings_find(section, key);
    if (row < 0) {
        report_unknown_key(section, key, &at);
        return LOA_INVALID;
    }
    return put_value(c, (unsigned)row, value, &at);
}

/* ---- the manual ---- */

static void print_head(struct buf *out, bool vietnamese)
{
    buf_str(
        out,
        vietnamese
            ? "; Cấu hình của loa. Mỗi khóa đều có thể đặt bằng biến môi trường LOA_MỤC_KHÓA, biến này được "
              "ưu tiên.\n"
              "; Giá trị có dấu … là chỗ cần điền; chưa điền thì coi như để trống.\n"
              "; Khóa bí mật nên để trong tệp riêng: thay vì api_key = … hãy ghi api_key_file = "
              "/etc/loa/sms.key\n"
              "; Sửa xong, chạy: loa check -c TỆP\n"
            : "; Configuration of loa. Each key may also be given as LOA_SECTION_KEY in the environment, "
              "which wins.\n"
              "; A value with … is a place to fill in; until then it counts as unset.\n"
              "; Better keep secrets in files of their own: api_key_file = /etc/loa/sms.key instead of "
              "api_key = …\n"
              "; Afterwards run: loa check -c FILE\n");
}

static void print_setting(struct buf *out, const struct setting *s, bool vietnamese)
{
    buf_printf(out, "\n; %s\n", vietnamese ? s->vi : s->en);
    buf_printf(out, "%s = %s\n", s->key, *s->fallback != '\0' ? s->fallback : SAMPLE_MARK);
}

void config_print_table(struct buf *out, bool vietnamese)
{
    print_head(out, vietnamese);
    for (unsigned i = 0; i < settings_section_count; i++) {
        const struct settings_section *sec = &settings_sections[i];
        buf_printf(out, "\n; ---- %s ----\n[%s]\n", vietnamese ? sec->vi : sec->en, sec->name);
        for (unsigned j = 0; j < settings_count; j++)
            if (equal(settings[j].section, sec->name))
                print_setting(out, &settings[j], vietnamese);
    }
}
