#include "loa/dossier_event.h"
#include "fields.h"
#include "loa/local_time.h"
#include "loa/mail_address.h"
#include "loa/phone.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>

#define COUNT(a)        (sizeof(a) / sizeof(a)[0])
#define PIECES_MAX      4 /* numbers or addresses written into one field */
#define SUPPLEMENT_DAYS 3650
#define RESULT_POST     1
#define SUMMARY_MAX     1000 /* TrichYeuHoSo, characters */
#define RECEIVER_MAX    50   /* NguoiXuLy, characters */

/* What a record may hold. The second half is known and not our business. */
static const char *const record_names[] = {
    "MaHoSo",
    "MaHoSoKhac",
    "MaTTHC",
    "TenTTHC",
    "KenhThucHien",
    "ChuHoSo",
    "SoGiayToChuHoSo",
    "DinhDanhCHS",
    "LoaiDoiTuong",
    "Email",
    "SoDienThoai",
    "NgayTiepNhan",
    "NgayHenTra",
    "NgayHenTraMoi",
    "NgayHenTraCu",
    "NgayTra",
    "NgayKetThucXuLy",
    "NgayTuChoi",
    "NgayNopHoSo",
    "TrangThaiHoSo",
    "TrangThai",
    "ThoiDiemXuLy",
    "ThongTinTra",
    "HinhThuc",
    "DonViXuLy",
    "MaDonVi",
    "DonViTiepNhan",
    "GhiChu",
    "LyDo",
    "NguoiXuLy",
    "PhongBanXuLy",
    "NoiDungXuLy",
    "NguoiKy",
    "DanhSachHoSoBoSung",
    "DanhSachGiayToBoSung",
    "NoiDungBoSung",
    "NgayYeuCauBoSung",
    "ThoiHanBoSung",
    "DanhSachLePhi",
    "LinkThanhToan",
    "HanThanhToan",
    "DanhSachGiayToKetQua",
    "MaVanDon",
    "ThongBaoEmail",
    "ThongBaoZalo",
    "ThongBaoSMS",
    "UyQuyen",
    "NguoiUyQuyen",
    "MaLinhVuc",
    "TenLinhVuc",
    "SoBienNhan",
    "MaDoiTuong",
    "ThongTinKhac",
    "Fax",
    "TrichYeuHoSo",
    "TaiLieuNop",
    "DanhSachTepDinhKemKhac",
    "NoiNopHoSo",
    "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID",
    "DuocThanhToanTrucTuyen",
    "DSKetNoiCSDL",
    "ChucDanh",
    "NgayBatDau",
    "NgayKetThucTheoQuyDinh",
    "HanTiepNhan",
};
static const char *const identity_names[] = { "LoaiDinhDanh", "SoDinhDanh" };
static const char *const agent_names[] = { "HoTen", "SoDienThoai", "Email" };
static const char *const fee_names[] = { "TenPhiLePhi", "MaPhiLePhi", "HinhThucThu", "Gia", "LoaiPhiLePhi" };
static const char *const result_names[] = { "TenGiayTo", "MaThanhPhanHoSo", "GiayToId",
                                            "DuongDanTepTinKetQua", "MaGiayToKetQua" };
static const char *const supplement_names[] = {
    "HoSoBoSungId",         "NguoiYeuCauBoSung",   "NoiDungBoSung",      "NgayBoSung",
    "NguoiTiepNhanBoSung",  "ThongTinTiepNhan",    "NgayTiepNhanBoSung", "TrangThaiBoSung",
    "DanhSachGiayToBoSung", "DanhSachLePhiBoSung", "NgayHenTraTruoc",    "NgayHenTraMoi",
    "NgayYeuCauBoSung",     "ThoiHanBoSung",
};

/* What reading finds out on the way and the event itself does not keep. */
struct reading {
    const struct dossier_context *ctx;
    struct fields f;
    struct dossier_event *e;
    int64_t filed_ms, refused_ms, renewed_ms; /* NgayNopHoSo, NgayTuChoi, NgayHenTraMoi */
    int64_t asked_ms;                         /* the newest supplement was asked for */
    int64_t supplement_due_ms, supplement_due_old_ms;
    int supplement_days;
    char supplement_text[sizeof((struct dossier_event *)0)->reason];
    char supplement_items[sizeof((struct dossier_event *)0)->items];
};

/* ---- whose dossier, which event ---- */

static void fault_code(struct reading *r, const char *why)
{
    if (strcmp(why, "future") == 0)
        field_fault(&r->f, "MaHoSo", "bad_code", "ngày trong mã hồ sơ ở tương lai",
                    "the date inside the dossier code is in the future");
    else if (strcmp(why, "date") == 0)
        field_fault(&r->f, "MaHoSo", "bad_code", "ngày trong mã hồ sơ không có thật",
                    "the date inside the dossier code is not a real day");
    else
        field_fault(&r->f, "MaHoSo", "bad_code", "không phải mã hồ sơ, ví dụ 000.00.00.H06-240820-0001",
                    "not a dossier code such as 000.00.00.H06-240820-0001");
}

/* The code stands in the record, in the event's subject, or in both: then they must agree. */
static void read_code(struct reading *r)
{
    char raw[FIELD_RAW_SIZE];
    struct dossier_code subject;
    const char *why = NULL, *s = r->ctx->subject;
    bool bad_before = r->f.bad, given = field_raw(&r->f, "MaHoSo", raw);
    if (r->f.bad && !bad_before)
        return;
    if (!given && (s == NULL || s[0] == '\0')) {
        field_fault(&r->f, "MaHoSo", "missing", "thiếu mã hồ sơ", "the dossier code is missing");
        return;
    }
    if (!given) {
        text_copy(raw, sizeof raw, s);
        s = NULL;
    }
    if (dossier_code_parse(raw, strlen(raw), r->ctx->now_ms, &r->e->code, &why) != LOA_OK) {
        fault_code(r, why);
        return;
    }
    if (s != NULL && s[0] != '\0' &&
        (dossier_code_parse(s, strlen(s), r->ctx->now_ms, &subject, NULL) != LOA_OK ||
         strcmp(subject.norm, r->e->code.norm) != 0))
        field_fault(&r->f, "MaHoSo", "conflict", "mã hồ sơ khác với subject của sự kiện",
                    "the dossier code differs from the event's subject");
}

static void read_origin(struct reading *r)
{
    const char *source = r->ctx->source ? r->ctx->source : "", *id = r->ctx->id ? r->ctx->id : "";
    if (strlen(source) >= sizeof r->e->source || strlen(id) >= sizeof r->e->id)
        field_fault(&r->f, NULL, "too_long", "source (63 byte) hoặc id (127 byte) của sự kiện quá dài",
                    "the event's source (63 bytes) or id (127 bytes) is too long");
    text_copy(r->e->source, sizeof r->e->source, source);
    text_copy(r->e->id, sizeof r->e->id, id);
    field_id(&r->f, "MaHoSoKhac", r->e->other_code, sizeof r->e->other_code);
    r->e->flags |= r->ctx->progress ? EVENT_PROGRESS_ONLY : 0;
}

/* -2: not given, -1: a fault was reported. */
static int read_status_field(struct reading *r, const char *name)
{
    char raw[FIELD_RAW_SIZE];
    if (!field_raw(&r->f, name, raw))
        return -2;
    size_t n = strspn(raw, "0123456789");
    int v = n > 0 && n <= 2 && raw[n] == '\0' ? raw[n - 1] - '0' + (n == 2 ? 10 * (raw[0] - '0') : 0) : 11;
    if (v <= 10)
        return v;
    field_fault(&r->f, name, "bad_value", "trạng thái phải là số từ 0 đến 10", "the status must be 0 to 10");
    return -1;
}

static void read_status(struct reading *r)
{
    int full = read_status_field(r, "TrangThaiHoSo"), step = read_status_field(r, "TrangThai");
    r->e->status = full >= 0 ? full : step;
    if (full == -2 && step == -2)
        field_fault(&r->f, r->ctx->progress ? "TrangThai" : "TrangThaiHoSo", "missing",
                    "thiếu trạng thái hồ sơ", "the status is missing");
    else if (full >= 0 && step >= 0 && full != step)
        field_fault(&r->f, "TrangThai", "conflict", "TrangThai khác TrangThaiHoSo",
                    "TrangThai differs from TrangThaiHoSo");
}

/* ---- people ---- */

/* A number typed into a spreadsheet has lost its first 0. */
static void mend_number(const cJSON *v, char raw[FIELD_RAW_SIZE])
{
    if (cJSON_IsNumber(v) && strlen(raw) == 9) {
        memmove(raw + 1, raw, 10);
        raw[0] = '0';
    }
}

/* The first usable one of several written into one field. */
static void read_phone(struct reading *r, struct fields *f, char out[16])
{
    char raw[FIELD_RAW_SIZE], *rest = raw;
    if (!field_raw(f, "SoDienThoai", raw))
        return;
    mend_number(json_get(f->obj, "SoDienThoai"), raw);
    struct phone p = phone_parse(raw);
    for (int i = 0; p.kind != PHONE_MOBILE && rest != NULL && i < PIECES_MAX; i++)
        p = phone_parse(strsep(&rest, ",;/"));
    if (p.kind != PHONE_MOBILE) {
        r->e->flags |= EVENT_PHONE_BAD;
        return;
    }
    r->e->flags |= p.migrated ? EVENT_PHONE_MIGRATED : 0;
    text_copy(out, 16, p.e164);
}

static void read_email(struct reading *r, struct fields *f, char out[256])
{
    char raw[FIELD_RAW_SIZE], *rest = raw;
    if (!field_raw(f, "Email", raw))
        return;
    struct mail_address m = mail_address_parse(raw, strlen(raw));
    for (int i = 0; m.why != NULL && rest != NULL && i < PIECES_MAX; i++) {
        const char *piece = strsep(&rest, ",;");
        m = mail_address_parse(piece, strlen(piece));
    }
    if (m.why != NULL)
        r->e->flags |= EVENT_EMAIL_BAD;
    else
        text_copy(out, 256, m.address);
}

/* Papers are written with dots and blanks, and sometimes with a sentence around the number: then it is no
 * key. */
static void read_owner_id(struct reading *r)
{
    char raw[FIELD_RAW_SIZE] = "";
    const cJSON *identity = field_object(&r->f, "DinhDanhCHS");
    if (identity != NULL) {
        struct fields in = fields_inside(&r->f, "DinhDanhCHS", -1, identity);
        if (fields_bounded(&in)) {
            fields_check_names(&in, identity_names, COUNT(identity_names));
            field_raw(&in, "SoDinhDanh", raw);
        }
        r->f.bad |= in.bad;
    }
    if (raw[0] == '\0')
        field_raw(&r->f, "SoGiayToChuHoSo", raw);
    size_t n = 0;
    for (const char *p = raw; *p != '\0'; p++)
        if (*p != ' ' && *p != '.')
            raw[n++] = *p;
    raw[n] = '\0';
    if (n < sizeof r->e->owner_id &&
        raw[strspn(raw, "0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] == '\0')
        text_copy(r->e->owner_id, sizeof r->e->owner_id, raw);
}

static void read_agent(struct reading *r)
{
    signed char said = field_flag(&r->f, "UyQuyen");
    const cJSON *agent = field_object(&r->f, "NguoiUyQuyen");
    r->e->flags |= said >= 0 ? EVENT_AGENT_SAID : 0;
    r->e->authorised = said == 1;
    if (said != 1)
        return;
    if (agent == NULL) {
        if (r->f.strict)
            field_fault(&r->f, "NguoiUyQuyen", "missing", "UyQuyen là true nên cần NguoiUyQuyen {HoTen, …}",
                        "UyQuyen is true, so NguoiUyQuyen {HoTen, …} is needed");
        return;
    }
    struct fields in = fields_inside(&r->f, "NguoiUyQuyen", -1, agent);
    if (fields_bounded(&in)) {
        fields_check_names(&in, agent_names, COUNT(agent_names));
        field_text(&in, "HoTen", r->e->agent, sizeof r->e->agent);
        read_phone(r, &in, r->e->agent_phone);
        read_email(r, &in, r->e->agent_email);
    }
    r->f.bad |= in.bad;
}

static void read_people(struct reading *r)
{
    struct fields *f = &r->f;
    struct dossier_event *e = r->e;
    field_text(f, "ChuHoSo", e->owner, sizeof e->owner);
    read_owner_id(r);
    e->applicant = (enum applicant_kind)field_choice(f, "LoaiDoiTuong", 1, 4, APPLICANT_UNKNOWN);
    read_phone(r, f, e->phone);
    read_email(r, f, e->email);
    read_agent(r);
    e->allow_email = field_flag(f, "ThongBaoEmail");
    e->allow_zalo = field_flag(f, "ThongBaoZalo");
    e->allow_sms = field_flag(f, "ThongBaoSMS");
}

/* ---- what it is about, where, how ---- */

static void read_procedure(struct reading *r)
{
    struct fields *f = &r->f;
    struct dossier_event *e = r->e;
    field_id(f, "MaTTHC", e->procedure_code, sizeof e->procedure_code);
    if (f->strict && e->procedure_code[0] != '\0' && !procedure_code_valid(e->procedure_code))
        field_fault(f, "MaTTHC", "bad_code", "không phải mã thủ tục, ví dụ 1.004227",
                    "not a procedure code such as 1.004227");
    field_text(f, "TenTTHC", e->procedure, sizeof e->procedure);
    e->intake = (enum intake_channel)field_choice(f, "KenhThucHien", 1, 3, INTAKE_UNKNOWN);
    int hand_over = field_choice(f, "HinhThuc", 0, 9, -1);
    e->flags |= hand_over >= 0 ? EVENT_HAND_OVER_SAID : 0;
    e->by_post = hand_over == RESULT_POST;
    field_id(f, "MaVanDon", e->tracking, sizeof e->tracking);
}

static void read_units(struct reading *r)
{
    struct fields *f = &r->f;
    struct dossier_event *e = r->e;
    field_text(f, "MaDonVi", e->unit_filed, sizeof e->unit_filed);
    if (e->unit_filed[0] == '\0')
        field_text(f, "DonViTiepNhan", e->unit_filed, sizeof e->unit_filed);
    if (e->unit_filed[0] == '\0' && strncmp(e->source, "sync:", 5) == 0)
        text_copy(e->unit_filed, sizeof e->unit_filed, e->source + 5);
    field_text(f, "DonViXuLy", e->unit_handling, sizeof e->unit_handling);
    field_text(f, "NguoiXuLy", e->receiver, sizeof e->receiver);
    field_text(f, "PhongBanXuLy", e->department, sizeof e->department);
}

static void check_lengths(struct reading *r)
{
    static const struct {
        const char *name;
        size_t max;
    } limits[] = { { "TrichYeuHoSo", SUMMARY_MAX }, { "NguoiXuLy", RECEIVER_MAX } };
    for (size_t i = 0; r->f.strict && i < COUNT(limits); i++) {
        const char *s = json_str_or(r->f.obj, limits[i].name, "");
        if (text_length(s, strlen(s)) > limits[i].max)
            field_fault(&r->f, limits[i].name, "too_long", "dài hơn giới hạn của trường này",
                        "longer than this field allows");
    }
}

/* ---- supplements, fees, results ---- */

/* Adds a part to a list of texts when it fits whole; when not, "…" ends the list. */
static void add_part(char *list, size_t size, const char *apart, const char *part)
{
    size_t n = strlen(list);
    if (part[0] == '\0' || (n >= 3 && strcmp(list + n - 3, "…") == 0))
        return;
    const char *sign = n > 0 ? apart : "";
    bool fits = n + strlen(sign) + strlen(part) + strlen(apart) + sizeof "…" <= size;
    if (n + strlen(sign) + sizeof "…" <= size)
        snprintf(list + n, size - n, "%s%s", sign, fits ? part : "…");
}

static void read_papers(struct reading *r, struct fields *f)
{
    char name[sizeof((struct dossier_event *)0)->procedure];
    const cJSON *list = field_list(f, "DanhSachGiayToBoSung"), *paper;
    int i = 0;
    cJSON_ArrayForEach(paper, list)
    {
        struct fields in = fields_inside(f, "DanhSachGiayToBoSung", i++, paper);
        name[0] = '\0';
        if (cJSON_IsString(paper))
            field_clean(paper->valuestring, false, name, sizeof name);
        else if (!cJSON_IsObject(paper))
            field_fault(&in, NULL, "bad_type", "phải là tên giấy tờ hoặc đối tượng có TenGiayTo",
                        "must be the paper's name or an object with TenGiayTo");
        else if (fields_bounded(&in))
            field_text(&in, "TenGiayTo", name, sizeof name);
        f->bad |= in.bad;
        add_part(r->supplement_items, sizeof r->supplement_items, "\n", name);
    }
}

/* What to supplement and until when, inside one entry of the list or at the top of the record. */
static void read_supplement(struct reading *r, struct fields *f)
{
    int64_t asked = field_date(f, "NgayYeuCauBoSung");
    int days = field_choice(f, "ThoiHanBoSung", 0, SUPPLEMENT_DAYS, 0);
    r->asked_ms = asked > 0 ? asked : r->asked_ms;
    r->supplement_days = days > 0 ? days : r->supplement_days;
    if (r->supplement_text[0] == '\0')
        field_lines(f, "NoiDungBoSung", r->supplement_text, sizeof r->supplement_text);
    if (r->supplement_items[0] == '\0')
        read_papers(r, f);
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The newest entry counts: by the time it was asked for, and of two alike the later in the list. */
static void read_supplements(struct reading *r)
{
    const cJSON *list = field_list(&r->f, "DanhSachHoSoBoSung"), *entry;
    struct fields newest = { .obj = NULL };
    int64_t newest_ms = 0;
    int i = 0;
    cJSON_ArrayForEach(entry, list)
    {
        struct fields in = fields_inside(&r->f, "DanhSachHoSoBoSung", i++, entry);
        if (!cJSON_IsObject(entry)) {
            field_fault(&in, NULL, "bad_type", "phải là một đối tượng JSON", "must be a JSON object");
        } else if (fields_bounded(&in)) {
            fields_check_names(&in, supplement_names, COUNT(supplement_names));
            int64_t asked = field_date(&in, "NgayBoSung"), taken = field_date(&in, "NgayTiepNhanBoSung");
            int64_t when = latest(asked, taken);
            if (newest.obj == NULL || when >= newest_ms) {
                newest = in;
                newest_ms = when;
                r->asked_ms = asked;
            }
        }
        r->f.bad |= in.bad;
    }
    if (newest.obj != NULL) {
        r->supplement_due_ms = field_date(&newest, "NgayHenTraMoi");
        r->supplement_due_old_ms = field_date(&newest, "NgayHenTraTruoc");
        read_supplement(r, &newest);
        r->f.bad |= newest.bad;
    }
    read_supplement(r, &r->f);
}

static void read_fees(struct reading *r)
{
    struct dossier_event *e = r->e;
    char name[sizeof e->procedure];
    const cJSON *list = field_list(&r->f, "DanhSachLePhi"), *fee;
    int i = 0;
    cJSON_ArrayForEach(fee, list)
    {
        struct fields in = fields_inside(&r->f, "DanhSachLePhi", i++, fee);
        if (!cJSON_IsObject(fee)) {
            field_fault(&in, NULL, "bad_type", "phải là một đối tượng JSON", "must be a JSON object");
        } else if (fields_bounded(&in)) {
            fields_check_names(&in, fee_names, COUNT(fee_names));
            e->fee_vnd += field_money(&in, "Gia");
            field_text(&in, "TenPhiLePhi", name, sizeof name);
            add_part(e->fee_items, sizeof e->fee_items, "; ", name);
        }
        r->f.bad |= in.bad;
    }
    field_link(&r->f, "LinkThanhToan", e->pay_link, sizeof e->pay_link);
}

static void read_results(struct reading *r)
{
    struct dossier_event *e = r->e;
    const cJSON *list = field_list(&r->f, "DanhSachGiayToKetQua"), *paper;
    int i = 0;
    cJSON_ArrayForEach(paper, list)
    {
        struct fields in = fields_inside(&r->f, "DanhSachGiayToKetQua", i++, paper);
        if (!cJSON_IsObject(paper)) {
            field_fault(&in, NULL, "bad_type", "phải là một đối tượng JSON", "must be a JSON object");
        } else if (fields_bounded(&in)) {
            fields_check_names(&in, result_names, COUNT(result_names));
            if (e->result_link[0] == '\0')
                field_link(&in, "DuongDanTepTinKetQua", e->result_link, sizeof e->result_link);
        }
        r->f.bad |= in.bad;
    }
}

/* ---- dates and words ---- */

static int64_t day_of(int64_t ms)
{
    return local_from_ms(ms).day_number;
}

static int64_t end_of_day(int64_t ms)
{
    return local_midnight_ms(day_of(ms) + 1) - 1000;
}

/* A new appointment shows in its own field or inside the newest supplement; the old field may lag behind. */
static void read_due(struct reading *r)
{
    struct dossier_event *e = r->e;
    int64_t top = field_date(&r->f, "NgayHenTra");
    r->renewed_ms = field_date(&r->f, "NgayHenTraMoi");
    e->due_old_ms = field_date(&r->f, "NgayHenTraCu");
    e->due_ms = r->renewed_ms > 0 ? r->renewed_ms : latest(top, r->supplement_due_ms);
    if (e->due_old_ms == 0 && e->due_ms == r->supplement_due_ms)
        e->due_old_ms = r->supplement_due_old_ms;
    if (e->due_old_ms == 0 && e->due_ms != top)
        e->due_old_ms = top;
}

static void read_dates(struct reading *r)
{
    struct dossier_event *e = r->e;
    e->received_ms = field_date(&r->f, "NgayTiepNhan");
    e->returned_ms = field_date(&r->f, "NgayTra");
    e->finished_ms = field_date(&r->f, "NgayKetThucXuLy");
    r->filed_ms = field_date(&r->f, "NgayNopHoSo");
    r->refused_ms = field_date(&r->f, "NgayTuChoi");
    read_due(r);
    const int64_t later[] = { e->due_ms, e->returned_ms, e->finished_ms };
    for (size_t i = 0; e->received_ms > 0 && i < COUNT(later); i++)
        if (later[i] > 0 && day_of(later[i]) < day_of(e->received_ms))
            e->flags |= EVENT_DUE_BEFORE_RECEIPT;
}

static bool is_past(const struct reading *r, int64_t ms)
{
    return ms > 0 && ms <= r->ctx->now_ms + CALENDAR_DAY_MS;
}

/* The date a status has by itself. Where it has none, the last thing the record tells happened. */
static int64_t time_of_status(const struct reading *r)
{
    const struct dossier_event *e = r->e;
    const int64_t own[] = { [1] = r->filed_ms, [2] = e->received_ms, [3] = r->refused_ms,
                            [5] = r->asked_ms, [9] = e->finished_ms, [10] = e->returned_ms };
    if (e->status >= 0 && is_past(r, own[e->status]))
        return own[e->status];
    const int64_t happened[] = { r->filed_ms, e->received_ms, r->refused_ms,
                                 r->asked_ms, e->finished_ms, e->returned_ms };
    int64_t last = 0;
    for (size_t i = 0; i < COUNT(happened); i++)
        if (is_past(r, happened[i]))
            last = latest(last, happened[i]);
    return last;
}

static void read_time(struct reading *r)
{
    bool bad_before = r->f.bad;
    int64_t at = field_date(&r->f, "ThoiDiemXuLy");
    if (at == 0 && r->f.bad && !bad_before)
        return;
    if (at == 0)
        at = r->ctx->time_ms;
    if (at == 0 && !r->ctx->progress)
        at = time_of_status(r);
    r->e->at_ms = at;
    if (at == 0)
        field_fault(&r->f, "ThoiDiemXuLy", "missing", "thiếu thời điểm xử lý",
                    "the time of the event is missing");
    else if (at > r->ctx->now_ms + CALENDAR_DAY_MS)
        field_fault(&r->f, "ThoiDiemXuLy", "future", "thời điểm xử lý ở tương lai hơn một ngày",
                    "the time of the event is more than a day ahead");
}

static void first_of(struct reading *r, const char *name, const char *other, char *out, size_t size)
{
    field_lines(&r->f, name, out, size);
    if (out[0] == '\0')
        field_lines(&r->f, other, out, size);
}

static void read_words(struct reading *r)
{
    struct dossier_event *e = r->e;
    bool handed_over = e->status == 9 || e->status == 10;
    if (handed_over)
        first_of(r, "ThongTinTra", "GhiChu", e->note, sizeof e->note);
    else
        first_of(r, "GhiChu", "ThongTinTra", e->note, sizeof e->note);
    field_lines(&r->f, "LyDo", e->reason, sizeof e->reason);
    if (e->reason[0] == '\0' && e->status == 5)
        text_copy(e->reason, sizeof e->reason, r->supplement_text);
    if (e->reason[0] == '\0')
        field_lines(&r->f, "NoiDungXuLy", e->reason, sizeof e->reason);
}

/* What the citizen has to do now, and until when: only while the status says so. */
static void read_task(struct reading *r)
{
    struct dossier_event *e = r->e;
    int64_t pay_until = field_date(&r->f, "HanThanhToan");
    if (e->status == 5) {
        text_copy(e->items, sizeof e->items, r->supplement_items);
        int64_t asked = r->asked_ms > 0 ? r->asked_ms : e->at_ms;
        if (r->supplement_days > 0 && asked > 0)
            e->deadline_ms = end_of_day(asked + r->supplement_days * CALENDAR_DAY_MS);
    } else if (e->status == 6 && pay_until > 0) {
        bool day_only = pay_until == local_midnight_ms(day_of(pay_until));
        e->deadline_ms = day_only ? end_of_day(pay_until) : pay_until;
    }
}

/* An apology goes out only with a reason, a new date and a signer. */
static void read_apology(struct reading *r)
{
    struct dossier_event *e = r->e;
    field_text(&r->f, "NguoiKy", e->signer, sizeof e->signer);
    e->apology = e->signer[0] != '\0';
    if (!e->apology)
        return;
    if (r->renewed_ms == 0)
        field_fault(&r->f, "NgayHenTraMoi", "missing", "thư xin lỗi cần ngày hẹn trả mới",
                    "an apology needs a new date");
    if (json_get(r->f.obj, "LyDo") == NULL || e->reason[0] == '\0')
        field_fault(&r->f, "LyDo", "missing", "thư xin lỗi cần lý do", "an apology needs a reason");
    if (r->renewed_ms > 0 && r->renewed_ms <= e->due_old_ms)
        field_fault(&r->f, "NgayHenTraMoi", "conflict", "ngày hẹn mới phải sau ngày hẹn cũ",
                    "the new date must be after the old one");
}

enum loa_status dossier_event_parse(const cJSON *data, const struct dossier_context *ctx,
                                    struct dossier_event *out, struct errors *err)
{
    struct dossier_event e;
    memset(&e, 0, sizeof e);
    struct reading r = { .ctx = ctx, .e = &e, .f = { .obj = data, .err = err, .strict = ctx->strict } };
    text_copy(r.f.pointer, sizeof r.f.pointer, ctx->pointer ? ctx->pointer : "");
    if (!cJSON_IsObject(data)) {
        field_fault(&r.f, NULL, "bad_type", "phải là một đối tượng JSON", "must be a JSON object");
        return LOA_INVALID;
    }
    if (!fields_bounded(&r.f))
        return LOA_INVALID;
    read_code(&r);
    read_origin(&r);
    read_status(&r);
    read_procedure(&r);
    read_units(&r);
    read_people(&r);
    read_supplements(&r);
    read_fees(&r);
    read_results(&r);
    read_dates(&r);
    read_time(&r);
    read_words(&r);
    read_task(&r);
    read_apology(&r);
    check_lengths(&r);
    fields_check_names(&r.f, record_names, COUNT(record_names));
    if (r.f.bad)
        return LOA_INVALID;
    *out = e;
    return LOA_OK;
}
