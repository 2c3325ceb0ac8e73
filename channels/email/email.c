#include "email_inside.h"
#include "loa/email_classify.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *setting(const struct config *cf, const char *key)
{
    return config_str(cf, "email", key);
}

static void fault(struct errors *err, const char *key, const char *code, const char *en, const char *vi)
{
    char place[48];
    snprintf(place, sizeof place, "[email] %s", key);
    errors_add(err, place, code, en, vi);
}

/* ---- settings ---- */

/* Neither sender nor bounce domain is set: this place does not use e-mail. */
static bool unused(const struct config *cf)
{
    return setting(cf, "from")[0] == '\0' && setting(cf, "bounce_domain")[0] == '\0';
}

static bool check_from(const struct config *cf, struct errors *err)
{
    struct email_mailbox from = email_mailbox_parse(setting(cf, "from"));

    if (from.address.why == NULL && !from.address.needs_smtputf8)
        return true;
    fault(err, "from", "bad_sender", "write it as \"Name <address>\" with a plain ASCII address",
          "hãy ghi dạng \"Tên đơn vị <địa chỉ>\", địa chỉ chỉ dùng chữ không dấu");
    return false;
}

static bool check_reply_to(const struct config *cf, struct errors *err)
{
    const char *s = setting(cf, "reply_to");

    if (s[0] == '\0' || mail_address_parse(s, strlen(s)).why == NULL)
        return true;
    fault(err, "reply_to", "bad_address", "not an e-mail address: mend it or leave it empty",
          "không phải địa chỉ thư điện tử: hãy sửa lại hoặc để trống");
    return false;
}

static bool check_bounce_domain(const struct config *cf, struct errors *err)
{
    const char *domain = setting(cf, "bounce_domain");
    char probe[MAIL_ADDRESS_MAX];
    int n = snprintf(probe, sizeof probe, "b@%s", domain);
    struct mail_address a = mail_address_parse(probe, strlen(probe));

    if (n < (int)sizeof probe && a.why == NULL && strcmp(a.address, probe) == 0)
        return true;
    fault(err, "bounce_domain", "bad_domain",
          "write the domain that undeliverable mail comes back to, such as bounce.agency.gov.vn",
          "hãy ghi tên miền nhận thư báo không gửi được, ví dụ bounce.so.gov.vn");
    return false;
}

static bool settings_are_good(const struct config *cf, struct errors *err)
{
    bool from = check_from(cf, err), reply_to = check_reply_to(cf, err);
    bool domain = check_bounce_domain(cf, err);
    return from && reply_to && domain;
}

/* ---- the code table ---- */

static enum loa_status load_codes(const char *data_dir, struct errors *err, struct outcome_table **out)
{
    char path[512];
    const char *host = NULL, *code = NULL;

    snprintf(path, sizeof path, "%s/email/codes.tsv", data_dir);
    enum loa_status st = outcome_table_load(path, err, out);
    if (st == LOA_OK && !email_codes_complete(*out, &host, &code)) {
        fault_at(err, path, 0, "missing_code", "thiếu dòng cho mã %s:%s", "there is no row for %s:%s", host,
                 code);
        outcome_table_free(*out);
        *out = NULL;
        st = LOA_INVALID;
    }
    return st;
}

static void email_check(const struct config *cf, const char *data_dir, struct errors *err)
{
    struct outcome_table *codes = NULL;

    load_codes(data_dir, err, &codes);
    outcome_table_free(codes);
    if (config_bool(cf, "email", "enabled") && !unused(cf))
        settings_are_good(cf, err);
}

void email_unmapped(const struct email *e, const struct outcome *o)
{
    metric_add(M_UNMAPPED_CODES, "email", NULL, 1);
    if (e->env.alert != NULL)
        e->env.alert(
            e->env.alert_ctx, o->code,
            "Máy chủ thư trả về một mã chưa có trong bảng. Hãy bổ sung vào channels/email/codes.tsv.");
}

/* ---- life ---- */

static void take_settings(struct email *e, const struct config *cf)
{
    const char *reply_to = setting(cf, "reply_to");

    e->from = email_mailbox_parse(setting(cf, "from"));
    if (reply_to[0] != '\0')
        snprintf(e->reply_to, sizeof e->reply_to, "%s",
                 mail_address_parse(reply_to, strlen(reply_to)).address);
    e->smtp_url = setting(cf, "smtp_url");
    e->user = setting(cf, "username");
    e->password = setting(cf, "password");
    e->ca_file = setting(cf, "ca_file");
    e->bounce_domain = setting(cf, "bounce_domain");
    e->webhook_token = setting(cf, "webhook_token");
    e->require_tls = config_bool(cf, "email", "require_tls");
    e->max_connections = (unsigned)config_int(cf, "email", "max_connections");
    e->in_flight_max = (unsigned)config_int(cf, "email", "in_flight");
    e->timeout_ms = config_int(cf, "email", "timeout_ms");
}

static enum loa_status email_open(const struct channel_env *env, struct errors *err, void **state)
{
    struct outcome_table *codes = NULL;

    if (unused(env->config))
        return LOA_NOT_FOUND;
    if (!settings_are_good(env->config, err))
        return LOA_INVALID;
    enum loa_status st = load_codes(env->data_dir, err, &codes);
    if (st != LOA_OK)
        return st;
    struct email *e = mem_alloc(sizeof *e);
    e->env = *env;
    e->codes = codes;
    take_settings(e, env->config);
    *state = e;
    return LOA_OK;
}

static void email_close(void *state)
{
    struct email *e = state;

    if (e == NULL)
        return;
    email_send_abandon_all(e);
    outcome_table_free(e->codes);
    free(e);
}

/* ---- the driver ---- */

static enum loa_status email_send(void *state, const struct send *s, send_done_fn *done, void *ctx)
{
    return email_send_start(state, s, done, ctx);
}

static enum loa_status email_verify(void *state, const struct webhook *w)
{
    return email_webhook_verify(state, w);
}

static enum loa_status email_parse(void *state, const struct webhook *w, struct channel_events *out)
{
    return email_webhook_parse(state, w, out);
}

/* A mail server takes the same mail twice; the citizen's mail program sees the same Message-ID. */
static bool email_dedupes(void *state, enum way way)
{
    (void)state, (void)way;
    return false;
}

const struct channel_ops email_channel = {
    .channel = CH_EMAIL,
    .open = email_open,
    .close = email_close,
    .send = email_send,
    .verify = email_verify,
    .parse = email_parse,
    .dedupes = email_dedupes,
    .check = email_check,
};
