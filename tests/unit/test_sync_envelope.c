#include "check.h"
#include "loa/sync_envelope.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *label, *body, *unit, *updating; /* the query's */
    const char *source;                         /* NULL: refused */
    bool is_updating;
    unsigned count;
    const char *first; /* pointer of the first item */
} cases[] = {
    { "A",
      "{\"session\":\"s\",\"madonvi\":\"H27.01\",\"service\":\"DongBoHoSoMC\",\"isUpdating\":\"True\",\"data\":[{},{}]}",
      NULL, NULL, "sync:H27.01", true, 2, "/data/0" },
    { "A, other case of the names", "{\"MaDonVi\":\"H27\",\"IsUpdating\":\"False\",\"Data\":[{}]}", NULL,
      NULL, "sync:H27", false, 1, "/data/0" },
    { "A, native boolean", "{\"madonvi\":\"H27\",\"isUpdating\":true,\"data\":[{}]}", NULL, NULL, "sync:H27",
      true, 1, "/data/0" },
    { "A wins over the query", "{\"madonvi\":\"H27\",\"isUpdating\":\"false\",\"data\":[]}", "X", "True",
      "sync:H27", false, 0, NULL },
    { "A without a unit takes the query's", "{\"data\":[{}]}", "H27.02", "True", "sync:H27.02", true, 1,
      "/data/0" },
    { "B", "[{},{},{}]", "000.00.00.H27", "True", "sync:000.00.00.H27", true, 3, "/0" },
    { "B without a query", "[{}]", NULL, NULL, "sync:", false, 1, "/0" },
    { "B, empty", "[]", "H27", "False", "sync:H27", false, 0, NULL },
    { "B, an item that is no record", "[5]", "H27", "maybe", "sync:H27", false, 1, "/0" },
    { "a unit without end", "[{}]", "123456789012345678901234567890123456789012345678901234567890", NULL,
      "sync:1234567890123456789012345678901234567890123456789012345…", false, 1, "/0" },
    { "no list", "{\"madonvi\":\"H27\"}", NULL, NULL, NULL, false, 0, NULL },
    { "a list in the place of a list in words", "{\"data\":\"[]\"}", NULL, NULL, NULL, false, 0, NULL },
    { "a string", "\"x\"", NULL, NULL, NULL, false, 0, NULL },
    { "not JSON", "[{}", NULL, NULL, NULL, false, 0, NULL },
    { "empty", "", NULL, NULL, NULL, false, 0, NULL },
};

static void test_open(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sync_envelope s;
        char pointer[32], first[32] = "";
        const char *label = cases[i].label;
        errors_reset(err);
        enum loa_status st = sync_envelope_open(cases[i].body, strlen(cases[i].body), cases[i].unit,
                                                cases[i].updating, &s, err);
        check_int(label, st, cases[i].source ? LOA_OK : LOA_INVALID);
        check_int(label, err->count, st != LOA_OK);
        unsigned n = 0;
        while (sync_envelope_next(&s, pointer) != NULL)
            if (n++ == 0)
                memcpy(first, pointer, sizeof first);
        check_int(label, n, cases[i].count);
        if (st == LOA_OK) {
            check_str(label, s.source, cases[i].source);
            check_int(label, s.updating, cases[i].is_updating);
            check_int(label, s.count, cases[i].count);
            check_str(label, first, cases[i].first ? cases[i].first : "");
        }
        sync_envelope_clear(&s);
    }
    errors_free(err);
}

static void test_limits(void **state)
{
    (void)state;
    struct sync_envelope s;
    struct buf b = BUF_INIT(SYNC_MAX_BYTES + 10);
    buf_str(&b, "[0");
    for (unsigned i = 0; i < SYNC_ITEMS_MAX; i++)
        buf_str(&b, ",0");
    buf_char(&b, ']');
    check_int("one item too many", sync_envelope_open(b.data, b.len, NULL, NULL, &s, NULL), LOA_TOO_BIG);
    sync_envelope_clear(&s);
    while (b.len <= SYNC_MAX_BYTES)
        buf_char(&b, ' ');
    check_int("too many bytes", sync_envelope_open(b.data, b.len, NULL, NULL, &s, NULL), LOA_TOO_BIG);
    sync_envelope_clear(&s);
    buf_clear(&b);
}

static void test_answer(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(5000);
    struct sync_result r[2] = { { .error_code = SYNC_ACCEPTED, .message = "Đã nhận" },
                                { .error_code = SYNC_REFUSED } };
    struct errors *err = errors_new();
    cJSON *item = cJSON_Parse("{\"MaHoSo\":\" H27-250901-0001 \"}");
    sync_item_code(item, r[0].code);
    cJSON_Delete(item);
    item = cJSON_Parse("[]");
    sync_item_code(item, r[1].code);
    cJSON_Delete(item);
    errors_add(err, "/data/1/MaHoSo", "missing", "x", "thiếu mã hồ sơ");
    errors_add(err, "/data/1/DanhSachLePhi/0/Gia", "bad_money", "x", "số tiền sai");
    sync_fault_message(err, r[1].message);
    sync_answer(r, 2, &out);
    check_str(
        "some", buf_cstr(&out),
        "{\"error_code\":\"1\",\"message\":\"Đã nhận 1/2 hồ sơ\",\"result\":[{\"MaHoSo\":\"H27-250901-0001\","
        "\"error_code\":\"0\",\"message\":\"Đã nhận\"},{\"MaHoSo\":\"\",\"error_code\":\"1\",\"message\":"
        "\"MaHoSo: thiếu mã hồ sơ; Gia: số tiền sai\"}]}");
    buf_reset(&out);
    sync_answer(r, 1, &out);
    check_true("all",
               strstr(buf_cstr(&out), "{\"error_code\":\"0\",\"message\":\"Đã nhận 1/1 hồ sơ\"") == out.data);
    buf_reset(&out);
    sync_answer_failed(SYNC_TRY_AGAIN, "Tạm thời chưa lưu được, hãy gửi lại", &out);
    check_str("none", buf_cstr(&out),
              "{\"error_code\":\"3\",\"message\":\"Tạm thời chưa lưu được, hãy gửi lại\",\"result\":[]}");
    for (int i = 0; i < 100; i++)
        errors_add(err, "/data/1/NgayHenTra", "bad_date", "x", "không phải thời điểm có thật");
    sync_fault_message(err, r[1].message);
    check_true("cut",
               strlen(r[1].message) < SYNC_MESSAGE_SIZE && strlen(r[1].message) > SYNC_MESSAGE_SIZE - 10);
    errors_free(err);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_open), cmocka_unit_test(test_limits),
                                        cmocka_unit_test(test_answer) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
