#include "check.h"
#include "loa/dossier_event.h"
#include "loa/local_time.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Monday 2026-11-23, 08:00. */
static int64_t now(void)
{
    return local_to_ms(2026, 11, 23, 8, 0, 0);
}

static cJSON *parse_json(const char *text)
{
    char why[200];
    cJSON *v = NULL;
    if (json_parse(text, strlen(text), &v, why, sizeof why) != LOA_OK)
        fail_msg("test data: %s in %s", why, text);
    return v;
}

static enum loa_status parse_with(const struct dossier_context *ctx, const char *text,
                                  struct dossier_event *e, struct errors *err)
{
    cJSON *v = parse_json(text);
    memset(e, 0, sizeof *e);
    enum loa_status st = dossier_event_parse(v, ctx, e, err);
    cJSON_Delete(v);
    return st;
}

static enum loa_status parse(const char *text, struct dossier_event *e, struct errors *err)
{
    struct dossier_context ctx = {
        .now_ms = now(), .source = "urn:motcua", .id = "e1", .pointer = "/3/data", .strict = true
    };
    return parse_with(&ctx, text, e, err);
}

#define CODE "\"MaHoSo\":\"000.00.00.H06-240820-0001\""
#define MIN  CODE ",\"TrangThaiHoSo\":\"2\",\"ThoiDiemXuLy\":\"20261123073000\""

static void check_date(const char *label, int64_t ms, const char *want)
{
    char got[16] = "";
    if (ms != 0)
        date_print_national(ms, got);
    check_str(label, got, want);
}

static const char full[] =
    "{\"MaHoSo\":\" h27.01.02 - 250901 - 0007 \",\"MaHoSoKhac\":\"G22.99-1\",\"MaTTHC\":\"1.004227\","
    "\"TenTTHC\":\"Đăng ký  kết hôn\",\"KenhThucHien\":\"2\",\"ChuHoSo\":\"Nguye\\u0302\\u0303n Văn A\","
    "\"DinhDanhCHS\":{\"LoaiDinhDanh\":\"1\",\"SoDinhDanh\":\"042 099 001234\"},\"SoGiayToChuHoSo\":\"x\","
    "\"LoaiDoiTuong\":1,\"Email\":\"a@Example.VN\",\"SoDienThoai\":\"0912 345 678\","
    "\"NgayTiepNhan\":\"20261120090000\",\"NgayHenTra\":\"20261127170000\",\"TrangThaiHoSo\":\"2\","
    "\"ThoiDiemXuLy\":\"2026-11-20T02:05:00Z\",\"HinhThuc\":\"1\",\"MaDonVi\":\"H27.01.02\","
    "\"DonViXuLy\":\"UBND phường Thành Sen\",\"GhiChu\":\"mang theo bản gốc\\r\\nđúng giờ\",\"NguoiXuLy\":\"Trần Thị B\","
    "\"PhongBanXuLy\":\"Một cửa\",\"NoiDungXuLy\":\"Tiếp nhận\",\"ThongBaoEmail\":true,\"ThongBaoZalo\":\"False\","
    "\"DanhSachLePhi\":[{\"TenPhiLePhi\":\"Lệ phí hộ tịch\",\"Gia\":\"50000\"},"
    "{\"TenPhiLePhi\":\"Bản sao\",\"Gia\":8000,\"MaPhiLePhi\":\"\"}],\"LinkThanhToan\":\"https://pay.vn/x?a=1&b=2\","
    "\"DanhSachGiayToKetQua\":[{\"TenGiayTo\":\"Giấy chứng nhận\",\"DuongDanTepTinKetQua\":\"https://kq.vn/1.pdf\"}],"
    "\"MaVanDon\":\"EB123456789VN\",\"TrichYeuHoSo\":\"riêng tư\",\"Fax\":\"\",\"TaiLieuNop\":[]}";

static void test_full(void **state)
{
    (void)state;
    struct dossier_event e;
    struct errors *err = errors_new();
    check_int("taken", parse(full, &e, err), LOA_OK);
    check_str("code", e.code.norm, "H27.01.02-250901-0007");
    check_str("code as received", e.code.received, "h27.01.02 - 250901 - 0007");
    check_str("other code", e.other_code, "G22.99-1");
    check_str("source", e.source, "urn:motcua");
    check_str("id", e.id, "e1");
    check_int("status", e.status, 2);
    check_date("at", e.at_ms, "20261120090500");
    check_int("flags", e.flags, EVENT_HAND_OVER_SAID);
    check_str("procedure code", e.procedure_code, "1.004227");
    check_str("procedure", e.procedure, "Đăng ký  kết hôn");
    check_int("intake", e.intake, INTAKE_ONLINE);
    check_int("applicant", e.applicant, APPLICANT_PERSON);
    check_str("owner in NFC", e.owner, "Nguyễn Văn A");
    check_str("owner's number", e.owner_id, "042099001234");
    check_str("phone", e.phone, "84912345678");
    check_str("email", e.email, "a@example.vn");
    check_int("e-mail allowed", e.allow_email, 1);
    check_int("Zalo refused", e.allow_zalo, 0);
    check_int("SMS not said", e.allow_sms, -1);
    check_str("filed", e.unit_filed, "H27.01.02");
    check_str("handling", e.unit_handling, "UBND phường Thành Sen");
    check_str("receiver", e.receiver, "Trần Thị B");
    check_str("department", e.department, "Một cửa");
    check_date("received", e.received_ms, "20261120090000");
    check_date("due", e.due_ms, "20261127170000");
    check_date("no old due", e.due_old_ms, "");
    check_str("reason", e.reason, "Tiếp nhận");
    check_str("note keeps its lines", e.note, "mang theo bản gốc\nđúng giờ");
    check_int("fee", e.fee_vnd, 58000);
    check_str("fee items", e.fee_items, "Lệ phí hộ tịch; Bản sao");
    check_str("pay link", e.pay_link, "https://pay.vn/x?a=1&b=2");
    check_str("result", e.result_link, "https://kq.vn/1.pdf");
    check_str("tracking", e.tracking, "EB123456789VN");
    check_true("by post", e.by_post);
    check_true("no apology, no deadline", !e.apology && e.deadline_ms == 0 && e.items[0] == '\0');
    errors_free(err);
}

/* Each case: the one fault, and in strict mode nothing else. */
static const struct {
    const char *label, *json, *pointer, *code;
} fault_cases[] = {
    { "no code", "{\"TrangThaiHoSo\":\"2\",\"ThoiDiemXuLy\":\"20261123073000\"}", "/3/data/MaHoSo",
      "missing" },
    { "wrong code", "{\"MaHoSo\":\"H06240820-0001\",\"TrangThai\":1,\"ThoiDiemXuLy\":\"20261123073000\"}",
      "/3/data/MaHoSo", "bad_code" },
    { "unreal day in the code",
      "{\"MaHoSo\":\"H06-240230-0001\",\"TrangThai\":1,\"ThoiDiemXuLy\":\"20261123\"}", "/3/data/MaHoSo",
      "bad_code" },
    { "code that is a list", "{\"MaHoSo\":[],\"TrangThai\":1,\"ThoiDiemXuLy\":\"20261123\"}",
      "/3/data/MaHoSo", "bad_type" },
    { "no status", "{" CODE ",\"ThoiDiemXuLy\":\"20261123073000\"}", "/3/data/TrangThaiHoSo", "missing" },
    { "status 11", "{" CODE ",\"TrangThaiHoSo\":\"11\",\"ThoiDiemXuLy\":\"20261123073000\"}",
      "/3/data/TrangThaiHoSo", "bad_value" },
    { "status in words", "{" CODE ",\"TrangThai\":\"xong\",\"ThoiDiemXuLy\":\"20261123073000\"}",
      "/3/data/TrangThai", "bad_value" },
    { "status -1", "{" CODE ",\"TrangThai\":-1,\"ThoiDiemXuLy\":\"20261123073000\"}", "/3/data/TrangThai",
      "bad_value" },
    { "status 2.5", "{" CODE ",\"TrangThai\":2.5,\"ThoiDiemXuLy\":\"20261123073000\"}", "/3/data/TrangThai",
      "bad_value" },
    { "two statuses", "{" MIN ",\"TrangThai\":\"3\"}", "/3/data/TrangThai", "conflict" },
    { "no time", "{" CODE ",\"TrangThaiHoSo\":\"4\"}", "/3/data/ThoiDiemXuLy", "missing" },
    { "unreal time", "{" CODE ",\"TrangThaiHoSo\":\"4\",\"ThoiDiemXuLy\":\"20260230070000\"}",
      "/3/data/ThoiDiemXuLy", "bad_date" },
    { "more than a day ahead", "{" CODE ",\"TrangThaiHoSo\":\"4\",\"ThoiDiemXuLy\":\"20261124080001\"}",
      "/3/data/ThoiDiemXuLy", "future" },
    { "before any dossier", "{" CODE ",\"TrangThaiHoSo\":\"4\",\"ThoiDiemXuLy\":\"19700101000000\"}",
      "/3/data/ThoiDiemXuLy", "bad_date" },
    { "unreal due date", "{" MIN ",\"NgayHenTra\":\"31/12/2026\"}", "/3/data/NgayHenTra", "bad_date" },
    { "record in the place of a text", "{" MIN ",\"GhiChu\":{}}", "/3/data/GhiChu", "bad_type" },
    { "text in the place of a list", "{" MIN ",\"DanhSachLePhi\":\"50000\"}", "/3/data/DanhSachLePhi",
      "bad_type" },
    { "fee that is no number", "{" MIN ",\"DanhSachLePhi\":[{\"Gia\":\"5000\"},{\"Gia\":\"5k\"}]}",
      "/3/data/DanhSachLePhi/1/Gia", "bad_money" },
    { "fee below zero", "{" MIN ",\"DanhSachLePhi\":[{\"Gia\":-5}]}", "/3/data/DanhSachLePhi/0/Gia",
      "bad_money" },
    { "fee without record", "{" MIN ",\"DanhSachLePhi\":[5]}", "/3/data/DanhSachLePhi/0", "bad_type" },
    { "unknown field", "{" MIN ",\"NgayHenTr\":\"20261127\"}", "/3/data/NgayHenTr", "unknown_field" },
    { "unknown field with a slash", "{" MIN ",\"a/b~c\":1}", "/3/data/a~1b~0c", "unknown_field" },
    { "unknown field inside", "{" MIN ",\"DanhSachLePhi\":[{\"gia\":\"5000\"}]}",
      "/3/data/DanhSachLePhi/0/gia", "unknown_field" },
    { "unknown kind of applicant", "{" MIN ",\"LoaiDoiTuong\":\"7\"}", "/3/data/LoaiDoiTuong", "bad_value" },
    { "consent in other words", "{" MIN ",\"ThongBaoSMS\":\"maybe\"}", "/3/data/ThongBaoSMS", "bad_value" },
    { "script as a link", "{" MIN ",\"LinkThanhToan\":\"javascript:alert(1)\"}", "/3/data/LinkThanhToan",
      "bad_link" },
    { "procedure code", "{" MIN ",\"MaTTHC\":\"12345\"}", "/3/data/MaTTHC", "bad_code" },
    { "other code too long",
      "{" MIN ",\"MaHoSoKhac\":\"123456789012345678901234567890123456789012345678901\"}",
      "/3/data/MaHoSoKhac", "too_long" },
    { "nobody authorised", "{" MIN ",\"UyQuyen\":true}", "/3/data/NguoiUyQuyen", "missing" },
    { "apology without reason", "{" MIN ",\"NguoiKy\":\"Trưởng phòng\",\"NgayHenTraMoi\":\"20261201\"}",
      "/3/data/LyDo", "missing" },
    { "apology whose reason is the handling note",
      "{" MIN ",\"NguoiKy\":\"A\",\"NgayHenTraMoi\":\"20261201\",\"NoiDungXuLy\":\"chuyển phòng\"}",
      "/3/data/LyDo", "missing" },
    { "apology without a new date", "{" MIN ",\"NguoiKy\":\"Trưởng phòng\",\"LyDo\":\"chậm\"}",
      "/3/data/NgayHenTraMoi", "missing" },
    { "apology with an earlier date",
      "{" MIN
      ",\"NguoiKy\":\"A\",\"LyDo\":\"x\",\"NgayHenTraCu\":\"20261205\",\"NgayHenTraMoi\":\"20261201\"}",
      "/3/data/NgayHenTraMoi", "conflict" },
    { "not a record", "[]", "/3/data", "bad_type" },
};

static void test_faults(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    for (size_t i = 0; i < sizeof fault_cases / sizeof fault_cases[0]; i++) {
        struct dossier_event e;
        const char *label = fault_cases[i].label;
        errors_reset(err);
        check_int(label, parse(fault_cases[i].json, &e, err), LOA_INVALID);
        check_int(label, err->count, 1);
        check_str(label, err->item[0].pointer, fault_cases[i].pointer);
        check_str(label, err->item[0].code, fault_cases[i].code);
        check_true(label, err->item[0].detail[0] != '\0' && err->item[0].detail_vi[0] != '\0');
        check_true("untouched", e.code.norm[0] == '\0');
    }
    errors_free(err);
}

static void test_nearest_name(void **state)
{
    (void)state;
    struct dossier_event e;
    struct errors *err = errors_new();
    parse("{" MIN ",\"NgayHenTr\":\"20261127\"}", &e, err);
    check_str("English", err->item[0].detail, "there is no such field; did you mean NgayHenTra?");
    check_str("Vietnamese", err->item[0].detail_vi, "không có trường này; có phải ý bạn là NgayHenTra?");
    errors_free(err);
}

/* What is a fault of a strict sender is overlooked in the national sync. */
static void test_lenient(void **state)
{
    (void)state;
    struct dossier_context ctx = { .now_ms = now(), .source = "sync:H27.01", .id = "" };
    struct dossier_event e;
    struct errors *err = errors_new();
    const char *text =
        "{" MIN ",\"X\":1,\"LoaiDoiTuong\":\"7\",\"ThongBaoSMS\":\"maybe\",\"MaTTHC\":\"12345\","
        "\"LinkThanhToan\":\"javascript:alert(1)\",\"UyQuyen\":\"1\",\"KenhThucHien\":\"\"}";
    check_int("taken", parse_with(&ctx, text, &e, err), LOA_OK);
    check_int("no fault", err->total, 0);
    check_int("applicant", e.applicant, APPLICANT_UNKNOWN);
    check_int("consent", e.allow_sms, -1);
    check_str("no link", e.pay_link, "");
    check_true("authorised, nobody named: nobody is told", e.authorised && e.agent_phone[0] == '\0');
    check_str("unit from the envelope", e.unit_filed, "H27.01");
    errors_free(err);
}

static void test_subject(void **state)
{
    (void)state;
    struct dossier_context ctx = { .now_ms = now(), .subject = "000.00.00.h06–240820–0001" };
    struct dossier_event e;
    struct errors *err = errors_new();
    check_int("the same, written otherwise", parse_with(&ctx, "{" MIN "}", &e, err), LOA_OK);
    check_int("subject alone",
              parse_with(&ctx, "{\"TrangThai\":2,\"ThoiDiemXuLy\":\"20261123073000\"}", &e, err), LOA_OK);
    check_str("is the code", e.code.norm, "000.00.00.H06-240820-0001");
    ctx.subject = "000.00.00.H06-240820-0002";
    check_int("another", parse_with(&ctx, "{" MIN "}", &e, err), LOA_INVALID);
    check_str("said", err->item[0].code, "conflict");
    errors_free(err);
}

/* Times: the field, the event, the date of the status, the last that happened. */
static const struct {
    const char *label, *fields;
    bool event_time;
    const char *want; /* NULL: refused */
} time_cases[] = {
    { "the field", "\"TrangThai\":2,\"ThoiDiemXuLy\":\"20261122100000\"", true, "20261122100000" },
    { "native number", "\"TrangThai\":2,\"ThoiDiemXuLy\":20261122100000", false, "20261122100000" },
    { "tomorrow is still taken", "\"TrangThai\":2,\"ThoiDiemXuLy\":\"20261124080000\"", false,
      "20261124080000" },
    { "the event's", "\"TrangThai\":2,\"NgayTiepNhan\":\"20261120090000\"", true, "20261123070000" },
    { ".NET's none", "\"TrangThai\":2,\"ThoiDiemXuLy\":\"00010101000000\"", true, "20261123070000" },
    { "filed online",
      "\"TrangThaiHoSo\":1,\"NgayNopHoSo\":\"20261119080000\",\"NgayTiepNhan\":\"20261120090000\"", false,
      "20261119080000" },
    { "accepted", "\"TrangThaiHoSo\":2,\"NgayTiepNhan\":\"20261120090000\",\"NgayTra\":\"20261121090000\"",
      false, "20261120090000" },
    { "refused", "\"TrangThaiHoSo\":3,\"NgayTiepNhan\":\"20261120090000\",\"NgayTuChoi\":\"20261120100000\"",
      false, "20261120100000" },
    { "supplement",
      "\"TrangThaiHoSo\":5,\"NgayTiepNhan\":\"20261120090000\",\"DanhSachHoSoBoSung\":[{\"NgayBoSung\":"
      "\"20261121080000\"},{\"NgayBoSung\":\"20261120110000\"}]",
      false, "20261121080000" },
    { "finished",
      "\"TrangThaiHoSo\":9,\"NgayTiepNhan\":\"20261120090000\",\"NgayKetThucXuLy\":\"20261122090000\"", false,
      "20261122090000" },
    { "handed over",
      "\"TrangThaiHoSo\":10,\"NgayKetThucXuLy\":\"20261122090000\",\"NgayTra\":\"20261122100000\"", false,
      "20261122100000" },
    { "no date of its own: the last that happened",
      "\"TrangThaiHoSo\":8,\"NgayTiepNhan\":\"20261120090000\",\"DanhSachHoSoBoSung\":[{\"NgayBoSung\":"
      "\"20261121080000\"}]",
      false, "20261121080000" },
    { "a planned date has not happened",
      "\"TrangThaiHoSo\":4,\"NgayTiepNhan\":\"20261120090000\",\"NgayKetThucXuLy\":\"20261130090000\"", false,
      "20261120090000" },
    { "nothing", "\"TrangThaiHoSo\":4,\"NgayHenTra\":\"20261120090000\"", false, NULL },
};

static void test_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof time_cases / sizeof time_cases[0]; i++) {
        struct dossier_context ctx = { .now_ms = now(),
                                       .time_ms = time_cases[i].event_time ? now() - 3600000 : 0 };
        struct dossier_event e;
        char text[1000];
        snprintf(text, sizeof text, "{" CODE ",%s}", time_cases[i].fields);
        enum loa_status st = parse_with(&ctx, text, &e, NULL);
        check_int(time_cases[i].label, st, time_cases[i].want ? LOA_OK : LOA_INVALID);
        if (st == LOA_OK)
            check_date(time_cases[i].label, e.at_ms, time_cases[i].want);
    }
}

static const struct {
    const char *label, *fields, *due, *due_old;
    unsigned flags;
} due_cases[] = {
    { "none", "", "", "", 0 },
    { "empty", ",\"NgayHenTra\":\"\"", "", "", 0 },
    { "plain", ",\"NgayHenTra\":\"20261127170000\"", "20261127170000", "", 0 },
    { "the supplement's newer date wins over the lagging one",
      ",\"NgayHenTra\":\"20261127170000\",\"DanhSachHoSoBoSung\":[{\"NgayBoSung\":\"20261110\",\"NgayHenTraMoi\":"
      "\"20261204170000\"}]",
      "20261204170000", "20261127170000", 0 },
    { "the newest supplement, wherever it stands",
      ",\"NgayHenTra\":\"20261127170000\",\"DanhSachHoSoBoSung\":[{\"NgayBoSung\":\"20261112\",\"NgayHenTraTruoc\":"
      "\"20261204170000\",\"NgayHenTraMoi\":\"20261208170000\"},{\"NgayBoSung\":\"20261110\",\"NgayHenTraMoi\":"
      "\"20261204170000\"}]",
      "20261208170000", "20261204170000", 0 },
    { "the top has caught up",
      ",\"NgayHenTra\":\"20261210170000\",\"DanhSachHoSoBoSung\":[{\"NgayHenTraMoi\":"
      "\"20261204170000\"}]",
      "20261210170000", "", 0 },
    { "re-appointment", ",\"NgayHenTra\":\"20261127170000\",\"NgayHenTraMoi\":\"20261204170000\"",
      "20261204170000", "20261127170000", 0 },
    { "re-appointment that names the old date",
      ",\"NgayHenTraCu\":\"20261126170000\",\"NgayHenTraMoi\":\"20261204170000\"", "20261204170000",
      "20261126170000", 0 },
    { "due before receipt", ",\"NgayTiepNhan\":\"20261120090000\",\"NgayHenTra\":\"20261119170000\"",
      "20261119170000", "", EVENT_DUE_BEFORE_RECEIPT },
    { "due on the day of receipt", ",\"NgayTiepNhan\":\"20261120090000\",\"NgayHenTra\":\"20261120\"",
      "20261120000000", "", 0 },
    { "returned before receipt", ",\"NgayTiepNhan\":\"20261120090000\",\"NgayTra\":\"20261119170000\"", "",
      "", EVENT_DUE_BEFORE_RECEIPT },
};

static void test_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof due_cases / sizeof due_cases[0]; i++) {
        struct dossier_event e;
        char text[1000];
        snprintf(text, sizeof text, "{" MIN "%s}", due_cases[i].fields);
        check_int(due_cases[i].label, parse(text, &e, NULL), LOA_OK);
        check_date(due_cases[i].label, e.due_ms, due_cases[i].due);
        check_date(due_cases[i].label, e.due_old_ms, due_cases[i].due_old);
        check_int(due_cases[i].label, e.flags, due_cases[i].flags);
    }
}

static const struct {
    const char *label, *fields, *phone, *email;
    unsigned flags;
} contact_cases[] = {
    { "none", "", "", "", 0 },
    { "good", ",\"SoDienThoai\":\"+84912345678\",\"Email\":\"a@x.vn\"", "84912345678", "a@x.vn", 0 },
    { "number that lost its 0", ",\"SoDienThoai\":912345678", "84912345678", "", 0 },
    { "old number", ",\"SoDienThoai\":\"01681234567\"", "84381234567", "", EVENT_PHONE_MIGRATED },
    { "landline", ",\"SoDienThoai\":\"02412345678\"", "", "", EVENT_PHONE_BAD },
    { "landline and mobile", ",\"SoDienThoai\":\"02412345678; 0912345678\"", "84912345678", "", 0 },
    { "two apart by a slash", ",\"SoDienThoai\":\"0912345678/0987654321\"", "84912345678", "", 0 },
    { "rubbish", ",\"SoDienThoai\":\"không có\",\"Email\":\"không có\"", "", "",
      EVENT_PHONE_BAD | EVENT_EMAIL_BAD },
    { "injection", ",\"Email\":\"a@x.vn\\r\\nRCPT TO:<b@x.vn>\"", "", "", EVENT_EMAIL_BAD },
    { "two addresses", ",\"Email\":\"x; b@x.vn\"", "", "b@x.vn", 0 },
};

static void test_contact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof contact_cases / sizeof contact_cases[0]; i++) {
        struct dossier_event e;
        char text[500];
        snprintf(text, sizeof text, "{" MIN "%s}", contact_cases[i].fields);
        check_int(contact_cases[i].label, parse(text, &e, NULL), LOA_OK);
        check_str(contact_cases[i].label, e.phone, contact_cases[i].phone);
        check_str(contact_cases[i].label, e.email, contact_cases[i].email);
        check_int(contact_cases[i].label, e.flags, contact_cases[i].flags);
    }
    struct dossier_event e;
    check_int("authorised",
              parse("{" MIN ",\"UyQuyen\":\"True\",\"NguoiUyQuyen\":{\"HoTen\":\"Lê C\",\"SoDienThoai\":"
                    "\"0987654321\",\"Email\":\"c@x.vn\"},\"SoDienThoai\":\"0912345678\"}",
                    &e, NULL),
              LOA_OK);
    check_true("authorised", e.authorised && e.flags == EVENT_AGENT_SAID);
    check_str("their name", e.agent, "Lê C");
    check_str("their phone", e.agent_phone, "84987654321");
    check_str("their address", e.agent_email, "c@x.vn");
    check_str("the owner's stays", e.phone, "84912345678");
    parse("{" MIN ",\"UyQuyen\":false,\"NguoiUyQuyen\":{\"HoTen\":\"Lê C\"}}", &e, NULL);
    check_true("not authorised", !e.authorised && e.agent[0] == '\0');
    parse("{" MIN ",\"SoGiayToChuHoSo\":\"CMND 123456789 cấp ngày 1/1/2010\"}", &e, NULL);
    check_str("a sentence is no key", e.owner_id, "");
    parse("{" MIN ",\"SoGiayToChuHoSo\":\"0100109106-001\"}", &e, NULL);
    check_str("tax code of a branch", e.owner_id, "0100109106-001");
}

static void test_supplement(void **state)
{
    (void)state;
    struct dossier_event e;
    const char *text =
        "{" CODE
        ",\"TrangThaiHoSo\":\"5\",\"ThoiDiemXuLy\":\"20261123073000\",\"NoiDungXuLy\":\"ghi chú nội bộ\","
        "\"DanhSachHoSoBoSung\":["
        "{\"NgayBoSung\":\"20261101\",\"NoiDungBoSung\":\"lần cũ\",\"DanhSachGiayToBoSung\":[\"Giấy cũ\"]},"
        "{\"NgayBoSung\":\"20261123\",\"NoiDungBoSung\":\"Bản sao mờ\",\"NgayYeuCauBoSung\":\"20261123070000\","
        "\"ThoiHanBoSung\":\"5\",\"DanhSachGiayToBoSung\":[{\"TenGiayTo\":\"Căn cước\"},\"Tờ khai\",{}]}]}";
    check_int("taken", parse(text, &e, NULL), LOA_OK);
    check_str("items", e.items, "Căn cước\nTờ khai");
    check_str("reason", e.reason, "Bản sao mờ");
    check_date("to the end of the fifth day", e.deadline_ms, "20261128235959");
    text = "{" CODE ",\"TrangThaiHoSo\":\"5\",\"ThoiDiemXuLy\":\"20261123073000\",\"LyDo\":\"Thiếu giấy\","
           "\"DanhSachGiayToBoSung\":[\"Tờ khai\"],\"ThoiHanBoSung\":3}";
    check_int("at the top", parse(text, &e, NULL), LOA_OK);
    check_str("items", e.items, "Tờ khai");
    check_str("reason", e.reason, "Thiếu giấy");
    check_date("counted from the event", e.deadline_ms, "20261126235959");
    text = "{" CODE ",\"TrangThaiHoSo\":\"9\",\"ThoiDiemXuLy\":\"20261123073000\",\"ThoiHanBoSung\":3,"
           "\"DanhSachGiayToBoSung\":[\"Tờ khai\"],\"ThongTinTra\":\"tại quầy 3\",\"GhiChu\":\"x\"}";
    check_int("an old supplement of a finished dossier", parse(text, &e, NULL), LOA_OK);
    check_true("is over", e.items[0] == '\0' && e.deadline_ms == 0 && e.reason[0] == '\0');
    check_str("where to collect comes first", e.note, "tại quầy 3");
    text =
        "{" CODE ",\"TrangThaiHoSo\":\"6\",\"ThoiDiemXuLy\":\"20261123073000\",\"HanThanhToan\":\"20261125\","
        "\"DanhSachLePhi\":[{\"TenPhiLePhi\":\"Phí\",\"Gia\":\"1.250.000\"}]}";
    check_int("payment", parse(text, &e, NULL), LOA_OK);
    check_date("until the end of the day", e.deadline_ms, "20261125235959");
    check_int("fee", e.fee_vnd, 1250000);
}

static void test_money(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        long long want; /* -1: refused */
    } cases[] = {
        { "\"50000\"", 50000 },
        { "50000", 50000 },
        { "\"50.000\"", 50000 },
        { "\"50,000\"", 50000 },
        { "\"1.250.000\"", 1250000 },
        { "\"50000.00\"", 50000 },
        { "\"50000,0\"", 50000 },
        { "\"50.000,00\"", 50000 },
        { "\"\"", 0 },
        { "\"0\"", 0 },
        { "null", 0 },
        { "1e5", 100000 },
        { "\"1000000000000\"", 1000000000000 },
        { "\"1000000000001\"", -1 },
        { "\"99999999999999\"", -1 },
        { "\"1.25.000\"", -1 },
        { "\"1.250,000\"", -1 },
        { "\"50000.5\"", -1 },
        { "50000.5", -1 },
        { "\"5 000\"", -1 },
        { "\"1250.000\"", -1 },
        { "\"miễn phí\"", -1 },
        { "true", -1 },
        { "\"-1\"", -1 },
        { "\"50.000.000.000.000\"", -1 },
        { "\".5\"", -1 },
        { "\"5.\"", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dossier_event e;
        char text[300];
        snprintf(text, sizeof text, "{" MIN ",\"DanhSachLePhi\":[{\"Gia\":%s}]}", cases[i].in);
        check_int(cases[i].in, parse(text, &e, NULL), cases[i].want < 0 ? LOA_INVALID : LOA_OK);
        if (cases[i].want >= 0)
            check_int(cases[i].in, e.fee_vnd, cases[i].want);
    }
}

static void test_progress(void **state)
{
    (void)state;
    struct dossier_context ctx = { .now_ms = now(), .source = "sync:H27", .id = "", .progress = true };
    struct dossier_event e;
    struct errors *err = errors_new();
    const char *step =
        "{" CODE ",\"NguoiXuLy\":\"Trần B\",\"ChucDanh\":\"Chuyên viên\",\"ThoiDiemXuLy\":"
        "\"20261123073000\",\"PhongBanXuLy\":\"Phòng Tư pháp\",\"NoiDungXuLy\":\"Thẩm định\","
        "\"TrangThai\":\"4\",\"NgayBatDau\":\"20261123\",\"NgayKetThucTheoQuyDinh\":\"20261125\"}";
    check_int("taken", parse_with(&ctx, step, &e, err), LOA_OK);
    check_int("marked", e.flags, EVENT_PROGRESS_ONLY);
    check_str("department", e.department, "Phòng Tư pháp");
    check_int("without a time",
              parse_with(&ctx, "{" CODE ",\"TrangThai\":\"2\",\"NgayTiepNhan\":\"20261120\"}", &e, err),
              LOA_INVALID);
    check_str("said", err->item[0].pointer, "/ThoiDiemXuLy");
    errors_free(err);
}

static void test_apology(void **state)
{
    (void)state;
    struct dossier_event e;
    const char *text =
        "{" CODE ",\"TrangThaiHoSo\":\"4\",\"ThoiDiemXuLy\":\"20261123073000\",\"NgayHenTra\":"
        "\"20261124170000\",\"NgayHenTraMoi\":\"20261201170000\",\"LyDo\":\"Chờ ý kiến\",\"NguoiKy\":"
        "\"Phó Giám đốc Lê D\"}";
    check_int("taken", parse(text, &e, NULL), LOA_OK);
    check_true("an apology", e.apology);
    check_str("signed", e.signer, "Phó Giám đốc Lê D");
    check_str("why", e.reason, "Chờ ý kiến");
    check_date("new", e.due_ms, "20261201170000");
    check_date("old", e.due_old_ms, "20261124170000");
}

/* Every text has its ceiling, and the longest event of all still fits the journal. */
static void test_ceilings(void **state)
{
    (void)state;
    static char text[200000], word[6001];
    struct dossier_event e, back;
    for (size_t i = 0; i < 6000; i += 3)
        memcpy(word + i, "ệ", 3);
    static const char *const names[] = { "TenTTHC",      "ChuHoSo", "MaDonVi", "DonViXuLy", "NguoiXuLy",
                                         "PhongBanXuLy", "GhiChu",  "LyDo",    "NguoiKy" };
    struct buf b = BUF_INIT(sizeof text);
    buf_printf(&b, "{" CODE
                   ",\"TrangThaiHoSo\":5,\"ThoiDiemXuLy\":\"20261123073000\",\"NgayHenTraMoi\":\"20261201\"");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        buf_printf(&b, ",\"%s\":\"%s\"", names[i], word);
    buf_str(&b, ",\"DanhSachGiayToBoSung\":[");
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "%s\"Giấy số %d \\\"%.90s\\\"\"", i ? "," : "", i, word);
    buf_str(&b, "],\"DanhSachLePhi\":[");
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "%s{\"TenPhiLePhi\":\"Phí số %d\",\"Gia\":1000}", i ? "," : "", i);
    buf_str(&b, "]}");
    struct dossier_context ctx = { .now_ms = now() };
    check_int("taken", parse_with(&ctx, buf_cstr(&b), &e, NULL), LOA_OK);
    check_int("owner is full", (long long)strlen(e.owner), 126);
    check_str("and says so", e.owner + 123, "…");
    check_true("items end with a sign", strcmp(e.items + strlen(e.items) - 4, "\n…") == 0);
    check_true("fee items too", strcmp(e.fee_items + strlen(e.fee_items) - 5, "; …") == 0);
    check_int("all fees count", e.fee_vnd, 40000);
    struct buf json = BUF_INIT(16384);
    dossier_event_to_json(&e, &json);
    check_true("fits", buf_ok(&json));
    check_int("reads back", dossier_event_from_json(json.data, json.len, &back), LOA_OK);
    check_true("equal", memcmp(&e, &back, sizeof e) == 0);
    buf_clear(&b);
    buf_clear(&json);
}

static void test_journal(void **state)
{
    (void)state;
    struct dossier_event e, back;
    struct buf json = BUF_INIT(16384);
    check_int("taken", parse(full, &e, NULL), LOA_OK);
    dossier_event_to_json(&e, &json);
    memset(&back, 0, sizeof back);
    check_int("reads back", dossier_event_from_json(json.data, json.len, &back), LOA_OK);
    check_true("equal", memcmp(&e, &back, sizeof e) == 0);
    buf_reset(&json);
    check_int("the shortest", parse("{" MIN "}", &e, NULL), LOA_OK);
    dossier_event_to_json(&e, &json);
    check_str("empty members are left out", buf_cstr(&json),
              "{\"code\":\"000.00.00.H06-240820-0001\",\"source\":\"urn:motcua\",\"id\":\"e1\",\"status\":2,"
              "\"at\":1795393800000}");
    static const char *const bad[] = { "",
                                       "{}",
                                       "[]",
                                       "{\"code\":\"x\"}",
                                       "{\"code\":\"H27-250901-0007\",\"status\":11}",
                                       "{\"code\":\"H27-250901-0007\",\"status\":\"x\"}",
                                       "{\"code\":\"H27-250901-0007\",\"ok_sms\":2}",
                                       "{\"code\":\"H27-250901-0007\",\"phone\":\"12345678901234567890\"}",
                                       "{\"code\":\"H27-250901-0007\",\"owner\":5}" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_int(bad[i], dossier_event_from_json(bad[i], strlen(bad[i]), &back), LOA_INVALID);
    const char *future = "{\"code\":\"H27-991231-0001\"}";
    check_int("the date is not judged again", dossier_event_from_json(future, strlen(future), &back), LOA_OK);
    check_true("consent not said", back.allow_sms == -1 && back.allow_zalo == -1 && back.allow_email == -1);
    buf_clear(&json);
}

static void test_complete(void **state)
{
    (void)state;
    struct dossier_event known, e;
    struct dossier_context step = { .now_ms = now(), .progress = true };
    check_int("known", parse(full, &known, NULL), LOA_OK);
    parse_with(&step, "{" CODE ",\"TrangThai\":4,\"ThoiDiemXuLy\":\"20261123073000\",\"NoiDungXuLy\":\"x\"}",
               &e, NULL);
    dossier_event_complete(&e, &known);
    check_str("phone", e.phone, "84912345678");
    check_str("email", e.email, "a@example.vn");
    check_str("owner", e.owner, "Nguyễn Văn A");
    check_str("procedure", e.procedure, "Đăng ký  kết hôn");
    check_str("unit", e.unit_handling, "UBND phường Thành Sen");
    check_date("due", e.due_ms, "20261127170000");
    check_int("consent", e.allow_zalo, 0);
    check_int("fee", e.fee_vnd, 58000);
    check_true("hand-over", e.by_post);
    check_str("its own reason", e.reason, "x");
    check_str("no old note", e.note, "");
    check_int("its own status", e.status, 4);

    parse("{" MIN ",\"SoDienThoai\":\"rubbish\",\"HinhThuc\":\"0\",\"ThongBaoZalo\":true,\"ChuHoSo\":\"B\"}",
          &e, NULL);
    dossier_event_complete(&e, &known);
    check_str("a wrong number is not replaced by an old one", e.phone, "");
    check_true("said: at the desk", !e.by_post);
    check_int("said: Zalo is fine", e.allow_zalo, 1);
    check_str("said: another name", e.owner, "B");

    parse("{" MIN ",\"UyQuyen\":true,\"NguoiUyQuyen\":{\"HoTen\":\"C\",\"SoDienThoai\":\"0987654321\"}}",
          &known, NULL);
    parse("{" MIN "}", &e, NULL);
    dossier_event_complete(&e, &known);
    check_true("authorised as before", e.authorised && strcmp(e.agent_phone, "84987654321") == 0);
    parse("{" MIN ",\"UyQuyen\":false}", &e, NULL);
    dossier_event_complete(&e, &known);
    check_true("no longer", !e.authorised && e.agent_phone[0] == '\0');

    parse("{" MIN ",\"NgayHenTra\":\"20261124\",\"NgayHenTraMoi\":\"20261201\"}", &known, NULL);
    parse("{" MIN ",\"NgayHenTra\":\"20261124\"}", &e, NULL);
    dossier_event_complete(&e, &known);
    check_date("a lagging due date gives way", e.due_ms, "20261201000000");
    parse("{" MIN ",\"NgayHenTra\":\"20261203\"}", &e, NULL);
    dossier_event_complete(&e, &known);
    check_date("a newer one stays", e.due_ms, "20261203000000");
}

static void test_too_many_members(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(100000);
    struct dossier_event e;
    struct errors *err = errors_new();
    buf_str(&b, "{" MIN);
    for (int i = 0; i < 300; i++)
        buf_printf(&b, ",\"x%d\":1", i);
    buf_char(&b, '}');
    check_int("refused", parse(buf_cstr(&b), &e, err), LOA_INVALID);
    check_str("why", err->item[0].code, "too_many");
    buf_clear(&b);
    errors_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),         cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nearest_name), cmocka_unit_test(test_lenient),
        cmocka_unit_test(test_subject),      cmocka_unit_test(test_time),
        cmocka_unit_test(test_due),          cmocka_unit_test(test_contact),
        cmocka_unit_test(test_supplement),   cmocka_unit_test(test_money),
        cmocka_unit_test(test_progress),     cmocka_unit_test(test_apology),
        cmocka_unit_test(test_ceilings),     cmocka_unit_test(test_journal),
        cmocka_unit_test(test_complete),     cmocka_unit_test(test_too_many_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
