/*
 * dossier_event - one piece of news about one dossier, as the province's systems tell it, checked and brought
 * into one form.
 *
 * Sources: national sync fields (DongBoHoSoMC, CapNhatTienDoHoSoMC), CloudEvents `data` of type
 * vn.dossier.status. Field names outside are the national ones; here they are English. Every text is NFC,
 * cleaned of controls, cut at its ceiling; an identifier or link is whole or not taken. Pure: no I/O.
 *
 * Values may be strings, numbers or booleans; "" and null are none. Times: yyyyMMddHHmmss (UTC+7) or RFC
 * 3339. Beside the national names (see the members below) these are read: MaDonVi, DonViTiepNhan      where
 * the dossier was filed UyQuyen, NguoiUyQuyen       {HoTen, SoDienThoai, Email}: who hears the news instead
 * of the owner ThongBaoEmail, ThongBaoZalo, ThongBaoSMS LyDo                        reason of a refusal,
 * supplement, stop or delay; before NoiDungXuLy NoiDungBoSung, DanhSachGiayToBoSung [text or {TenGiayTo}],
 * NgayYeuCauBoSung + ThoiHanBoSung (days): what to supplement; also inside the newest entry of
 * DanhSachHoSoBoSung NgayHenTraMoi, NgayHenTraCu a re-appointment; with NguoiKy and LyDo it is an apology
 *   LinkThanhToan, HanThanhToan, MaVanDon
 */
#ifndef LOA_DOSSIER_EVENT_H
#define LOA_DOSSIER_EVENT_H

#include "loa/dossier_code.h"
#include "loa/errors.h"
#include "loa/json.h"
#include <stdint.h>

enum intake_channel { INTAKE_UNKNOWN, INTAKE_DESK, INTAKE_ONLINE, INTAKE_POST }; /* KenhThucHien 1 2 3 */
enum applicant_kind {
    APPLICANT_UNKNOWN,
    APPLICANT_PERSON,
    APPLICANT_BUSINESS,
    APPLICANT_AGENCY,
    APPLICANT_OTHER
};
enum event_flag {
    EVENT_DUE_BEFORE_RECEIPT =
        1,                   /* due, returned or finished on a day before receipt: stored, shown to staff */
    EVENT_PROGRESS_ONLY = 2, /* CapNhatTienDoHoSoMC: carries no contact, its dossier is looked up */
    EVENT_PHONE_BAD = 4,
    EVENT_EMAIL_BAD = 8,
    EVENT_PHONE_MIGRATED = 16,
    EVENT_HAND_OVER_SAID = 32, /* HinhThuc was given, so that by_post false is an answer */
    EVENT_AGENT_SAID = 64,     /* UyQuyen was given, so that authorised false is an answer */
};

struct dossier_event {
    struct dossier_code code;
    char other_code[DOSSIER_CODE_MAX]; /* MaHoSoKhac */
    char source[64], id[128]; /* CloudEvents source and id; "sync:<MaDonVi>" and "" for a sync body */
    int status;               /* 0 … 10 */
    int64_t at_ms;            /* ThoiDiemXuLy, else the event's time, else the date the status itself has */
    unsigned flags;           /* enum event_flag */
    char procedure_code[40], procedure[256]; /* MaTTHC, TenTTHC */
    enum intake_channel intake;
    enum applicant_kind applicant;
    char owner[128], owner_id[16]; /* ChuHoSo; DinhDanhCHS.SoDinhDanh or SoGiayToChuHoSo */
    char phone[16], email[256];    /* a mobile number, an address; "" when absent or bad (see flags) */
    bool authorised;               /* UyQuyen: the three below replace the owner's contact */
    char agent[128], agent_phone[16], agent_email[256]; /* NguoiUyQuyen {HoTen, SoDienThoai, Email} */
    signed char allow_email, allow_zalo, allow_sms;     /* ThongBaoEmail/Zalo/SMS: 1, 0, -1 not said */
    char unit_filed[128], unit_handling[128];           /* MaDonVi / DonViTiepNhan, DonViXuLy */
    char receiver[64], department[128];                 /* NguoiXuLy, PhongBanXuLy */
    int64_t received_ms, due_ms, due_old_ms, returned_ms,
        finished_ms;             /* 0: not given; due_ms is the newest promise */
    char reason[600], note[600]; /* NoiDungXuLy / LyDo, GhiChu / ThongTinTra */
    char items[1200];            /* what to supplement, one per line */
    int64_t deadline_ms;         /* last day to supplement or pay */
    int64_t fee_vnd;             /* 0: none */
    char fee_items[400], pay_link[256];
    bool by_post;                        /* HinhThuc = 1 */
    char result_link[256], tracking[64]; /* e-result; postal tracking code */
    bool apology; /* a re-appointment with an apology: due_old_ms, due_ms, reason, signer */
    char signer[128];
};

struct dossier_context {
    int64_t now_ms;
    const char *source;  /* CloudEvents source, or "sync:<MaDonVi>" */
    const char *id;      /* CloudEvents id, "" when none */
    const char *subject; /* CloudEvents subject; NULL when none */
    int64_t time_ms;     /* the event's own time, 0 when none */
    bool strict;         /* unknown fields are errors */
    bool progress;       /* a CapNhatTienDoHoSoMC item */
    const char *pointer; /* JSON pointer prefix for errors, e.g. "/3/data" */
};

/* LOA_INVALID: `err` lists what is wrong. The struct holds no pointers: copy it freely. A record of the full
 * sync carries no ThoiDiemXuLy; its time then is the date that belongs to its status (receipt, refusal,
 * supplement, end, hand-over), so that the same record sent again is the same event. A time over a day ahead
 * is refused. */
enum loa_status dossier_event_parse(const cJSON *data, const struct dossier_context *ctx,
                                    struct dossier_event *out, struct errors *err);
/* The journal's form: compact JSON, empty fields left out. Reading back gives an equal event. */
void dossier_event_to_json(const struct dossier_event *e, struct buf *out);
/* Room for the worst record as JSON: every byte of it escaped, and the names. */
#define DOSSIER_EVENT_JSON_MAX (8 * sizeof(struct dossier_event))
enum loa_status dossier_event_from_json(const char *json, size_t len, struct dossier_event *out);
/* Fills what `e` does not say (contact, consent, procedure, dates, names, fees …) from what was known of the
 * same dossier. What belongs to one status only (reason, note, items, deadline, apology) is never carried
 * over. A due date that `known` had already replaced gives way to the newer one. */
void dossier_event_complete(struct dossier_event *e, const struct dossier_event *known);

#endif
