/*
 * POST /v1/citizens/import[?dry_run=1]: many citizens from a spreadsheet saved as CSV (UTF-8, comma or
 * semicolon).
 *
 * The first row names the columns, in Vietnamese or English (see `columns`). Everything is read first; one
 * bad cell and nothing is stored: 422 with {row, column, code, detail, detail_vi} for the first hundred
 * faults and their total. Then all rows are stored, a bounded number at a time, as PUT /v1/citizens does; a
 * repeat is harmless. Both passes work in slices, so that the loop goes on meanwhile.
 */
#include "loa/api.h"
#include "loa/citizen_store.h"
#include "loa/csv.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT_MAX_BYTES (16u << 20)
#define COLUMNS_MAX      16
#define SLICE_ROWS       200 /* checked per turn of the loop */
#define IN_FLIGHT        256 /* citizens on their way into the store */
#define ANSWER_MAX       (256u << 10)

enum column {
    COL_CCCD,
    COL_TAX,
    COL_PHONE,
    COL_EMAIL,
    COL_NAME,
    COL_UNIT,
    COL_SMS,
    COL_MAIL,
    COL_ZALO,
    COL_COUNT
};

/* Folded: without marks, lower case, "_" for blanks. */
static const struct {
    const char *name;
    enum column column;
} columns[] = {
    { "cccd", COL_CCCD },
    { "so_cccd", COL_CCCD },
    { "ma_so_thue", COL_TAX },
    { "mst", COL_TAX },
    { "tax", COL_TAX },
    { "dien_thoai", COL_PHONE },
    { "so_dien_thoai", COL_PHONE },
    { "phone", COL_PHONE },
    { "email", COL_EMAIL },
    { "thu_dien_tu", COL_EMAIL },
    { "ho_ten", COL_NAME },
    { "ho_va_ten", COL_NAME },
    { "name", COL_NAME },
    { "don_vi", COL_UNIT },
    { "unit", COL_UNIT },
    { "nhan_sms", COL_SMS },
    { "consent_sms", COL_SMS },
    { "nhan_email", COL_MAIL },
    { "consent_email", COL_MAIL },
    { "nhan_zalo", COL_ZALO },
    { "consent_zalo", COL_ZALO },
};

struct import {
    struct api_call *call;
    struct errors *errors; /* pointer: "row/column" */
    char *text;
    size_t len;
    struct csv csv;
    int at[COL_COUNT]; /* which cell of a row, -1: no such column */
    char title[COL_COUNT][64];
    unsigned columns, rows, in_flight;
    unsigned long stored, created;
    bool dry_run, read_all, failed, broken;
};

static void import_free(struct import *m)
{
    errors_free(m->errors);
    free(m->text);
    free(m);
}

/* ---- answers ---- */

static void fault(struct import *m, const char *column, const char *code, const char *en, const char *vi)
{
    struct buf where = BUF_INIT(512);
    buf_printf(&where, "%u/%s", m->csv.line, column);
    errors_add(m->errors, buf_cstr(&where), code, en, vi);
    buf_clear(&where);
}

static void fault_json(const struct error_item *e, struct buf *out)
{
    const char *column = strchr(e->pointer, '/') + 1;
    buf_printf(out, "{\"row\":%lu,\"column\":", strtoul(e->pointer, NULL, 10));
    buf_json_string(out, column, strlen(column));
    buf_printf(out, ",\"code\":\"%s\",\"detail\":", e->code);
    buf_json_string(out, e->detail, strlen(e->detail));
    buf_str(out, ",\"detail_vi\":");
    buf_json_string(out, e->detail_vi, strlen(e->detail_vi));
    buf_str(out, "}");
}

static void refuse(struct import *m)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    buf_printf(
        &out,
        "{\"type\":\"urn:loa:problem:bad_rows\",\"title\":\"Some rows break a rule; nothing was stored\","
        "\"status\":422,\"code\":\"bad_rows\","
        "\"detail_vi\":\"Tệp có lỗi, chưa ghi dòng nào. Hãy sửa các ô dưới đây rồi gửi lại.\","
        "\"rows\":%u,\"total\":%u,\"trace_id\":\"%s\",\"errors\":[",
        m->rows, m->errors->total, http_request_trace_id(m->call->req));
    for (unsigned i = 0; i < m->errors->count; i++) {
        buf_str(&out, i ? "," : "");
        fault_json(&m->errors->item[i], &out);
    }
    buf_str(&out, "]}");
    http_reply(m->call->req, 422, "application/problem+json", buf_cstr(&out), out.len);
    free(m->call);
    buf_clear(&out);
    import_free(m);
}

static void answer(struct import *m)
{
    struct buf out = BUF_INIT(256);
    buf_printf(&out, "{\"dry_run\":%s,\"rows\":%u,\"stored\":%lu,\"created\":%lu,\"updated\":%lu}",
               m->dry_run ? "true" : "false", m->rows, m->stored, m->created, m->stored - m->created);
    if (m->failed)
        api_problem_status(m->call, LOA_UNAVAILABLE); /* sent again it finishes what is left */
    else
        api_json(m->call, 200, &out);
    buf_clear(&out);
    import_free(m);
}

/* ---- one row ---- */

static const char *cell_of(const struct import *m, char *const *cell, unsigned count, enum column c)
{
    return m->at[c] >= 0 && (unsigned)m->at[c] < count ? cell[m->at[c]] : "";
}

/* Faults found by the form are kept with row and column. */
static void hand_over(struct import *m, const struct errors *err, const char *column)
{
    for (unsigned i = 0; i < err->count; i++)
        fault(m, column, err->item[i].code, err->item[i].detail, err->item[i].detail_vi);
}

static void read_identity(struct import *m, struct citizen_form *f, const char *kind, enum column c,
                          const char *value)
{
    char text[300];
    struct errors *err = errors_new();
    size_t digits = strspn(value, "0123456789");
    bool lost_zero = c == COL_CCCD && value[digits] == '\0' && digits != 9 && digits != 12;
    snprintf(text, sizeof text, "%s:%.250s", kind, value);
    if (lost_zero)
        errors_add(err, "", "bad_cccd", "9 or 12 digits; did the spreadsheet drop a leading zero?",
                   "Số giấy tờ phải có 9 hoặc 12 chữ số; bảng tính có thể đã làm mất số 0 ở đầu.");
    else
        citizen_form_identity(f, text, "", err);
    hand_over(m, err, m->title[c]);
    errors_free(err);
}

static void read_contact(struct import *m, struct citizen_form *f, enum column c, const char *value)
{
    struct errors *err = errors_new();
    if (c == COL_PHONE)
        citizen_form_phone(f, value, "", err);
    else
        citizen_form_email(f, value, "", err);
    bool good = err->total == 0;
    hand_over(m, err, m->title[c]);
    errors_free(err);
    if (good)
        read_identity(m, f, c == COL_PHONE ? "phone" : "email", c, value);
}

static void read_wish(struct import *m, struct citizen_form *f, enum column c, enum channel ch,
                      const char *value)
{
    static const char *const yes[] = { "1", "co", "yes", "true", "x" }, *const no[] = { "0", "khong", "no",
                                                                                        "false" };
    struct buf folded = BUF_INIT(64);
    int wants = -1;
    text_fold(&folded, value, strlen(value));
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        wants = strcmp(buf_cstr(&folded), yes[i]) == 0 ? 1 : wants;
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        wants = strcmp(buf_cstr(&folded), no[i]) == 0 ? 0 : wants;
    buf_clear(&folded);
    if (wants >= 0)
        citizen_form_consent(f, ch, wants == 1);
    else
        fault(m, m->title[c], "bad_consent", "use 1 or 0, yes or no, or leave it empty",
              "Ghi 1 hoặc 0, có hoặc không; để trống nếu chưa hỏi.");
}

static void keep_text(struct import *m, enum column c, const char *value, char *to, size_t size)
{
    struct buf clean = BUF_INIT(4 * size);
    text_clean(&clean, value, strlen(value), false);
    if (buf_ok(&clean) && clean.len < size)
        snprintf(to, size, "%s", buf_cstr(&clean));
    else
        fault(m, m->title[c], "too_long", "the text is too long", "Nội dung ô quá dài.");
    buf_clear(&clean);
}

static void read_row(struct import *m, char *const *cell, unsigned count, struct citizen_form *f)
{
    static const enum channel wish[] = { CH_SMS, CH_EMAIL, CH_ZALO };
    memset(f, 0, sizeof *f);
    if (count > m->columns)
        fault(m, "", "too_many_cells",
              "more cells than the first row has; is a separator inside a cell not quoted?",
              "Dòng có nhiều ô hơn dòng tiêu đề; ô chứa dấu phân cách phải đặt trong dấu ngoặc kép.");
    for (unsigned c = 0; c < COL_COUNT; c++) {
        const char *value = cell_of(m, cell, count, (enum column)c);
        if (value[0] == '\0')
            continue;
        switch ((enum column)c) {
        case COL_CCCD:
            read_identity(m, f, "cccd", COL_CCCD, value);
            break;
        case COL_TAX:
            read_identity(m, f, "tax", COL_TAX, value);
            break;
        case COL_PHONE:
        case COL_EMAIL:
            read_contact(m, f, (enum column)c, value);
            break;
        case COL_NAME:
            keep_text(m, COL_NAME, value, f->name, sizeof f->name);
            break;
        case COL_UNIT:
            keep_text(m, COL_UNIT, value, f->unit, sizeof f->unit);
            break;
        default:
            read_wish(m, f, (enum column)c, wish[c - COL_SMS], value);
        }
    }
}

/* ---- the first row ---- */

static int column_of(const char *title)
{
    struct buf folded = BUF_INIT(256);
    int found = -1;
    text_fold(&folded, title, strlen(title));
    for (size_t i = 0; i < folded.len; i++)
        if (folded.data[i] == ' ' || folded.data[i] == '-')
            folded.data[i] = '_';
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (strcmp(columns[i].name, buf_cstr(&folded)) == 0)
            found = (int)columns[i].column;
    buf_clear(&folded);
    return found;
}

static void read_titles(struct import *m, char *const *cell, unsigned count)
{
    m->columns = count;
    for (unsigned i = 0; i < COL_COUNT; i++)
        m->at[i] = -1;
    for (unsigned i = 0; i < count && i < COLUMNS_MAX; i++) {
        int c = column_of(cell[i]);
        char shown[64];
        text_copy(shown, sizeof shown, cell[i]);
        if (c < 0) {
            fault(
                m, shown, "unknown_column",
                "use cccd, ho_ten, dien_thoai, email, don_vi, ma_so_thue, nhan_sms, nhan_email, nhan_zalo",
                "Tên cột phải là cccd, ho_ten, dien_thoai, email, don_vi, ma_so_thue, nhan_sms, nhan_email, nhan_zalo.");
        } else if (m->at[c] >= 0) {
            fault(m, shown, "column_twice", "this column is there twice", "Cột này có hai lần.");
        } else {
            m->at[c] = (int)i;
            memcpy(m->title[c], shown, sizeof shown);
        }
    }
    if (count > COLUMNS_MAX)
        fault(m, "", "too_many_columns", "at most 16 columns", "Tối đa 16 cột.");
    if (m->at[COL_CCCD] < 0 && m->at[COL_TAX] < 0 && m->at[COL_PHONE] < 0 && m->at[COL_EMAIL] < 0)
        fault(m, "", "no_identity_column", "one column of cccd, ma_so_thue, dien_thoai or email is needed",
              "Cần ít nhất một cột cccd, ma_so_thue, dien_thoai hoặc email.");
}

/* The text is read in place, so each pass begins with a fresh copy. */
static bool begin_pass(struct import *m)
{
    char *cell[COLUMNS_MAX];
    unsigned count;
    const char *body = http_request_body(m->call->req, &m->len);
    memcpy(m->text, body, m->len + 1);
    csv_init(&m->csv, m->text, m->len);
    enum csv_result r = csv_next(&m->csv, cell, COLUMNS_MAX, &count);
    if (r == CSV_ROW)
        read_titles(m, cell, count);
    else
        fault(m, "", r == CSV_END ? "empty" : "bad_quotes",
              "a first row with the names of the columns is needed", "Cần một dòng đầu ghi tên các cột.");
    return m->errors->total == 0;
}

static bool next_row(struct import *m, struct citizen_form *f)
{
    char *cell[COLUMNS_MAX];
    unsigned count;
    enum csv_result r = csv_next(&m->csv, cell, COLUMNS_MAX, &count);
    m->broken = r == CSV_BROKEN;
    if (r == CSV_ROW)
        read_row(m, cell, count, f);
    return r == CSV_ROW;
}

/* ---- the second pass: storing ---- */

static void fill(void *ctx);

static void stored(void *ctx, enum loa_status st, const char *ckey, bool created)
{
    (void)ckey;
    struct import *m = ctx;
    m->in_flight--;
    m->failed |= st != LOA_OK;
    m->stored += st == LOA_OK;
    m->created += st == LOA_OK && created;
    if (m->in_flight == 0) {
        if (m->read_all || m->failed)
            answer(m);
        else
            loop_defer(m->call->service->loop, fill, m);
    }
}

static void fill(void *ctx)
{
    struct import *m = ctx;
    struct citizen_form form;
    while (m->in_flight < IN_FLIGHT && !m->read_all) {
        m->read_all = !next_row(m, &form);
        if (m->read_all)
            break;
        m->in_flight++;
        citizen_store(m->call->service->store, &form, stored, m);
    }
    if (m->in_flight == 0)
        answer(m);
}

/* ---- the first pass: checking ---- */

static void checked(struct import *m)
{
    if (m->broken)
        fault(m, "", "bad_quotes", "a quote here has no partner; nothing after it could be read",
              "Dấu ngoặc kép ở dòng này không khép lại; các dòng sau chưa đọc được.");
    else if (m->rows == 0)
        fault(m, "", "empty", "there is no row after the names of the columns", "Tệp không có dòng nào.");
    if (m->errors->total > 0) {
        refuse(m);
    } else if (m->dry_run) {
        answer(m);
    } else {
        begin_pass(m);
        fill(m);
    }
}

static void check_slice(void *ctx)
{
    struct import *m = ctx;
    struct citizen_form form;
    for (unsigned i = 0; i < SLICE_ROWS; i++) {
        unsigned before = m->errors->total;
        if (!next_row(m, &form)) {
            checked(m);
            return;
        }
        m->rows++;
        if (form.count == 0 && m->errors->total == before)
            fault(m, "", "no_identity", "the row has neither cccd, tax number, phone nor e-mail",
                  "Dòng không có số giấy tờ, mã số thuế, điện thoại hay thư điện tử.");
    }
    loop_defer(m->call->service->loop, check_slice, m);
}

static void post_import(struct api_call *c)
{
    size_t n;
    const char *body = http_request_body(c->req, &n);
    const char *dry = http_request_query(c->req, "dry_run");
    if (!text_is_utf8(body, n)) {
        api_problem(c, 400, "bad_encoding", "The file is not UTF-8",
                    "Tệp không phải UTF-8. Khi lưu bảng tính, hãy chọn CSV UTF-8.", NULL);
        return;
    }
    struct import *m = mem_alloc(sizeof *m);
    m->call = c;
    m->errors = errors_new();
    m->text = mem_alloc(n + 1);
    m->dry_run = dry != NULL && strcmp(dry, "0") != 0;
    if (begin_pass(m))
        check_slice(m);
    else
        refuse(m);
}

void api_import(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_POST, "/v1/citizens/import", SCOPE_CITIZENS, IMPORT_MAX_BYTES, post_import },
        { 0 },
    };
    api_routes(s, routes);
}
