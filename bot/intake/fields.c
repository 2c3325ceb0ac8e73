#include "fields.h"
#include "loa/local_time.h"
#include "loa/nearest.h"
#include "loa/text.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MONEY_DIGITS   13
#define UNKNOWN_MAX    20              /* names to complain about: the rest will be of the same kind */
#define MONEY_MAX      1000000000000LL /* a fee of a thousand billion is a slip of the pen */
#define NAME_QUOTE_MAX 64
#define YEAR_OLDEST    1990

/* RFC 6901: ~ and / are escaped; an endless name is cut. */
static void add_reference(struct buf *pointer, const char *name)
{
    char cut[NAME_QUOTE_MAX];
    text_copy(cut, sizeof cut, name);
    buf_char(pointer, '/');
    for (const char *p = cut; *p != '\0'; p++) {
        if (*p == '~' || *p == '/')
            buf_str(pointer, *p == '~' ? "~0" : "~1");
        else
            buf_char(pointer, *p);
    }
}

void field_fault(struct fields *f, const char *name, const char *code, const char *vi, const char *en)
{
    struct buf pointer = BUF_INIT(2 * FIELD_POINTER_SIZE);
    buf_str(&pointer, f->pointer);
    if (name != NULL)
        add_reference(&pointer, name);
    errors_add(f->err, buf_cstr(&pointer), code, en, vi);
    f->bad = true;
    buf_clear(&pointer);
}

static void fault_type(struct fields *f, const char *name)
{
    field_fault(f, name, "bad_type", "giá trị phải là chuỗi, số hoặc đúng/sai",
                "the value must be a string, a number or a boolean");
}

/* A value as text; NULL when there is none. `small` holds what is not a string. */
static const char *scalar(struct fields *f, const char *name, char small[32])
{
    const cJSON *v = json_get(f->obj, name);
    if (v == NULL || cJSON_IsNull(v))
        return NULL;
    if (cJSON_IsString(v))
        return v->valuestring;
    if (cJSON_IsBool(v))
        return cJSON_IsTrue(v) ? "true" : "false";
    if (!cJSON_IsNumber(v)) {
        fault_type(f, name);
        return NULL;
    }
    bool whole = fabs(v->valuedouble) < 1e15 && v->valuedouble == floor(v->valuedouble);
    snprintf(small, 32, whole ? "%.0f" : "%.15g", v->valuedouble);
    return small;
}

static void trim(struct buf *b)
{
    while (b->len > 0 && (b->data[b->len - 1] == ' ' || b->data[b->len - 1] == '\n'))
        b->data[--b->len] = '\0';
}

/* Most values are codes, dates and numbers: nothing to normalise, nothing to cut. */
static bool copy_plain(const char *text, char *out, size_t out_size)
{
    size_t n = 0;
    for (; n < out_size && text[n] > ' ' && text[n] < 0x7f; n++)
        out[n] = text[n];
    if (n == out_size || text[n] != '\0')
        return false;
    out[n] = '\0';
    return true;
}

void field_clean(const char *text, bool lines, char *out, size_t out_size)
{
    if (copy_plain(text, out, out_size))
        return;
    /* What cannot fit anyway is not worth normalising: decomposed letters shrink to a third at most. */
    size_t n = strnlen(text, 4 * out_size);
    struct buf nfc = BUF_INIT(12 * out_size), clean = BUF_INIT(12 * out_size);
    text_nfc(&nfc, text, n);
    text_clean(&clean, buf_cstr(&nfc), nfc.len, lines);
    trim(&clean);
    const char *from = buf_cstr(&clean) + strspn(buf_cstr(&clean), " \n");
    text_copy(out, out_size, from);
    if (strlen(from) >= out_size) {
        text_copy(out, out_size - strlen("…"), from);
        memcpy(out + strlen(out), "…", sizeof "…");
    }
    buf_clear(&nfc);
    buf_clear(&clean);
}

void field_text(struct fields *f, const char *name, char *out, size_t out_size)
{
    char small[32];
    const char *text = scalar(f, name, small);
    out[0] = '\0';
    if (text != NULL)
        field_clean(text, false, out, out_size);
}

void field_lines(struct fields *f, const char *name, char *out, size_t out_size)
{
    char small[32];
    const char *text = scalar(f, name, small);
    out[0] = '\0';
    if (text != NULL)
        field_clean(text, true, out, out_size);
}

bool field_raw(struct fields *f, const char *name, char out[FIELD_RAW_SIZE])
{
    char small[32];
    const char *text = scalar(f, name, small);
    out[0] = '\0';
    if (text == NULL)
        return false;
    if (strlen(text) >= FIELD_RAW_SIZE) {
        field_fault(f, name, "too_long", "giá trị quá dài", "the value is too long");
        return false;
    }
    field_clean(text, false, out, FIELD_RAW_SIZE);
    return out[0] != '\0';
}

void field_id(struct fields *f, const char *name, char *out, size_t out_size)
{
    char raw[FIELD_RAW_SIZE];
    out[0] = '\0';
    if (!field_raw(f, name, raw))
        return;
    if (strlen(raw) >= out_size)
        field_fault(f, name, "too_long", "mã quá dài", "the identifier is too long");
    else
        text_copy(out, out_size, raw);
}

int field_choice(struct fields *f, const char *name, int min, int max, int none)
{
    char raw[FIELD_RAW_SIZE];
    int64_t v;
    if (!field_raw(f, name, raw))
        return none;
    cJSON text = { .type = cJSON_String, .valuestring = raw };
    if (json_int_value(&text, &v) && v >= min && v <= max)
        return (int)v;
    if (f->strict)
        field_fault(f, name, "bad_value", "giá trị không nằm trong danh mục",
                    "the value is not in the catalogue");
    return none;
}

int64_t field_date(struct fields *f, const char *name)
{
    char raw[FIELD_RAW_SIZE];
    int64_t ms = 0;
    if (!field_raw(f, name, raw))
        return 0;
    bool real = date_parse_national(raw, &ms) || date_parse_rfc3339(raw, &ms);
    int year = local_from_ms(ms).year;
    if (real && year == 1)
        return 0;
    if (real && year >= YEAR_OLDEST)
        return ms;
    field_fault(f, name, "bad_date", "không phải thời điểm có thật dạng yyyyMMddHHmmss, ví dụ 20261123153000",
                "not a real time such as 20261123153000 (yyyyMMddHHmmss, UTC+7) or RFC 3339");
    return 0;
}

signed char field_flag(struct fields *f, const char *name)
{
    char raw[FIELD_RAW_SIZE];
    bool yes;
    if (!field_raw(f, name, raw))
        return -1;
    cJSON text = { .type = cJSON_String, .valuestring = raw };
    if (json_bool_value(&text, &yes))
        return yes;
    if (f->strict)
        field_fault(f, name, "bad_value", "hãy ghi true hoặc false", "write true or false");
    return -1;
}

static int64_t take_digits(const char **s, size_t n, int64_t v)
{
    for (; n > 0; n--)
        v = v * 10 + (*(*s)++ - '0');
    return v;
}

/* Digits in one row, or in groups of three apart by one kind of sign; then nothing, or a fraction of zeros.
 */
static bool parse_money(const char *s, int64_t *out)
{
    static const char digits[] = "0123456789";
    size_t n = strspn(s, digits);
    if (n == 0 || n > MONEY_DIGITS)
        return false;
    int64_t v = take_digits(&s, n, 0);
    char apart = '\0';
    while (n <= 3 && v < MONEY_MAX && (*s == '.' || *s == ',') && (apart == '\0' || *s == apart) &&
           strspn(s + 1, digits) == 3) {
        apart = *s++;
        v = take_digits(&s, 3, v);
    }
    if ((*s == '.' || *s == ',') && *s != apart) {
        size_t zeros = strspn(s + 1, "0");
        s += zeros == 1 || zeros == 2 ? 1 + zeros : 0;
    }
    *out = v;
    return *s == '\0' && v <= MONEY_MAX;
}

int64_t field_money(struct fields *f, const char *name)
{
    char raw[FIELD_RAW_SIZE];
    int64_t vnd = 0;
    if (!field_raw(f, name, raw) || parse_money(raw, &vnd))
        return vnd;
    field_fault(f, name, "bad_money", "số tiền phải là số đồng nguyên, không âm, ví dụ 50000",
                "the amount must be whole đồng, not negative, such as 50000");
    return 0;
}

void field_link(struct fields *f, const char *name, char *out, size_t out_size)
{
    char raw[FIELD_RAW_SIZE];
    out[0] = '\0';
    if (!field_raw(f, name, raw))
        return;
    bool web = strncmp(raw, "https://", 8) == 0 || strncmp(raw, "http://", 7) == 0;
    if (web && strlen(raw) < out_size && strpbrk(raw, " \"<>\\") == NULL)
        text_copy(out, out_size, raw);
    else if (f->strict)
        field_fault(f, name, "bad_link", "liên kết phải bắt đầu bằng https://, không có dấu cách và đủ ngắn",
                    "the link must start with https://, without blanks, and be short enough");
}

static const cJSON *nested(struct fields *f, const char *name, int type, const char *vi, const char *en)
{
    const cJSON *v = json_get(f->obj, name);
    if (v == NULL || cJSON_IsNull(v) || (cJSON_IsString(v) && v->valuestring[0] == '\0'))
        return NULL;
    if ((v->type & 0xff) == type)
        return v;
    field_fault(f, name, "bad_type", vi, en);
    return NULL;
}

const cJSON *field_object(struct fields *f, const char *name)
{
    return nested(f, name, cJSON_Object, "phải là một đối tượng JSON", "must be a JSON object");
}

const cJSON *field_list(struct fields *f, const char *name)
{
    const cJSON *list = nested(f, name, cJSON_Array, "phải là một danh sách JSON", "must be a JSON array");
    if (list != NULL && cJSON_GetArraySize(list) > FIELD_LIST_MAX) {
        field_fault(f, name, "too_many", "danh sách quá dài", "the list is too long");
        return NULL;
    }
    return list;
}

struct fields fields_inside(const struct fields *f, const char *name, int index, const cJSON *obj)
{
    struct fields in = { .obj = obj, .err = f->err, .strict = f->strict };
    if (index < 0)
        snprintf(in.pointer, sizeof in.pointer, "%.180s/%.60s", f->pointer, name);
    else
        snprintf(in.pointer, sizeof in.pointer, "%.180s/%.60s/%d", f->pointer, name, index);
    return in;
}

bool fields_bounded(struct fields *f)
{
    if (cJSON_GetArraySize(f->obj) <= FIELD_MEMBERS_MAX)
        return true;
    field_fault(f, NULL, "too_many", "bản ghi có quá nhiều trường", "the record has too many members");
    return false;
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

void fields_check_names(struct fields *f, const char *const *names, size_t count)
{
    const cJSON *member;
    unsigned unknown = 0;
    cJSON_ArrayForEach(member, f->obj)
    {
        if (!f->strict || unknown == UNKNOWN_MAX || is_among(member->string, names, count))
            continue;
        unknown++;
        char vi[160], en[160];
        const char *near = nearest_name(member->string, names, count);
        snprintf(vi, sizeof vi, "không có trường này; có phải ý bạn là %s?", near);
        snprintf(en, sizeof en, "there is no such field; did you mean %s?", near);
        field_fault(f, member->string, "unknown_field", vi, en);
    }
}
