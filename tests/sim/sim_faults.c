#include "sim_faults.h"
#include <stdio.h>
#include <string.h>

static const char *const kind_words[SIM_FAULT_KINDS] = {
    [SIM_FAULT_NONE] = "none",
    [SIM_FAULT_SLOW] = "slow",
    [SIM_FAULT_SILENT] = "silent",
    [SIM_FAULT_DROP] = "drop",
    [SIM_FAULT_DROP_AFTER] = "drop_after",
    [SIM_FAULT_HTTP500] = "http500",
    [SIM_FAULT_THROTTLE] = "throttle",
    [SIM_FAULT_ERROR] = "error",
    [SIM_FAULT_RECEIPTS_DUPLICATE] = "receipts_duplicate",
    [SIM_FAULT_RECEIPTS_EARLY] = "receipts_early",
    [SIM_FAULT_RECEIPTS_LATE] = "receipts_late",
    [SIM_FAULT_RECEIPTS_REVERSED] = "receipts_reversed",
    [SIM_FAULT_RECEIPTS_NEVER] = "receipts_never",
    [SIM_FAULT_UNDELIVERED] = "undelivered",
    [SIM_FAULT_BALANCE_EMPTY] = "balance_empty",
    [SIM_FAULT_TEMPLATE_REJECTED] = "template_rejected",
    [SIM_FAULT_TEMPLATE_DISABLED] = "template_disabled",
    [SIM_FAULT_TOKEN_REVOKED] = "token_revoked",
};

#define DEFAULT_MS 3000

const char *sim_fault_word(enum sim_fault_kind k)
{
    return kind_words[k];
}

static enum sim_fault_kind kind_from_word(const char *w)
{
    for (int k = SIM_FAULT_NONE + 1; k < SIM_FAULT_KINDS; k++)
        if (strcmp(w, kind_words[k]) == 0)
            return k;
    return SIM_FAULT_NONE;
}

static bool check(const struct sim_fault *x, const cJSON *o, struct errors *err)
{
    unsigned before = err->total;
    bool needs_code = x->kind == SIM_FAULT_ERROR;

    if (x->ways == 0)
        errors_add(err, "/provider", "unknown",
                   "one of cs uid zbs oauth info esms speedsms smtp zalo sms all",
                   "không có nhà cung cấp này");
    if (x->kind == SIM_FAULT_NONE)
        errors_add(err, "/fault", "unknown", "see GET /sim/faults for the list", "không có loại sự cố này");
    if (needs_code && x->code[0] == '\0')
        errors_add(err, "/code", "missing", "which error code", "cần mã lỗi");
    if (!(x->rate > 0 && x->rate <= 1))
        errors_add(err, "/rate", "range", "above 0, up to 1", "lớn hơn 0, tối đa 1");
    if (x->ms < 0 || x->ms > 600000)
        errors_add(err, "/ms", "range", "0 to 600000", "từ 0 đến 600000");
    if (x->left == 0)
        errors_add(err, "/count", "range", "1 or more", "từ 1 trở lên");
    if (json_get(o, "rate") != NULL && !cJSON_IsNumber(json_get(o, "rate")))
        errors_add(err, "/rate", "type", "a number", "phải là số");
    return err->total == before;
}

const struct sim_fault *sim_faults_add(struct sim_faults *f, const cJSON *o, struct errors *err)
{
    const cJSON *rate = json_get(o, "rate");
    struct sim_fault x = { .ms = DEFAULT_MS, .rate = 1, .left = -1 };
    int64_t seed;

    x.ways = sim_ways_from_word(json_str_or(o, "provider", ""));
    x.kind = kind_from_word(json_str_or(o, "fault", ""));
    x.rate = cJSON_IsNumber(rate) ? rate->valuedouble : 1;
    json_int(o, "ms", &x.ms);
    json_int(o, "count", &x.left);
    snprintf(x.code, sizeof x.code, "%s", json_str_or(o, "code", ""));
    snprintf(x.stage, sizeof x.stage, "%s", json_str_or(o, "stage", "rcpt"));
    snprintf(x.template_id, sizeof x.template_id, "%s", json_str_or(o, "template_id", ""));
    if (!check(&x, o, err))
        return NULL;
    if (f->count == SIM_FAULTS_MAX) {
        errors_add(err, "", "full", "too many faults at once", "quá nhiều sự cố cùng lúc");
        return NULL;
    }
    x.id = ++f->next_id;
    x.rng = json_int(o, "seed", &seed) ? (uint64_t)seed : f->seed + x.id;
    f->list[f->count] = x;
    return &f->list[f->count++];
}

unsigned sim_faults_remove(struct sim_faults *f, uint32_t id, unsigned ways)
{
    unsigned kept = 0, before = f->count;

    for (unsigned i = 0; i < before; i++) {
        const struct sim_fault *x = &f->list[i];
        bool goes = id != 0 ? x->id == id : ways == 0 || (x->ways & ways) != 0;
        if (!goes)
            f->list[kept++] = *x;
    }
    f->count = kept;
    return before - kept;
}

cJSON *sim_faults_json(const struct sim_faults *f)
{
    cJSON *list = cJSON_CreateArray();

    for (unsigned i = 0; i < f->count; i++) {
        const struct sim_fault *x = &f->list[i];
        cJSON *o = cJSON_CreateObject(), *ways = cJSON_AddArrayToObject(o, "providers");
        cJSON_AddNumberToObject(o, "id", x->id);
        cJSON_AddStringToObject(o, "fault", kind_words[x->kind]);
        for (unsigned w = 0; w < SIM_WAYS; w++)
            if ((x->ways & 1u << w) != 0)
                cJSON_AddItemToArray(ways, cJSON_CreateString(sim_way_word(w)));
        cJSON_AddStringToObject(o, "code", x->code);
        cJSON_AddNumberToObject(o, "ms", (double)x->ms);
        cJSON_AddNumberToObject(o, "rate", x->rate);
        cJSON_AddNumberToObject(o, "left", (double)x->left);
        cJSON_AddNumberToObject(o, "hits", x->hits);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

/* One throw of the fault's own dice. A fault that is used up stays in the list, for its count of hits. */
static bool fires(struct sim_fault *x, enum sim_way way)
{
    if ((x->ways & 1u << way) == 0 || x->left == 0)
        return false;
    if (x->rate < 1 && sim_random_share(&x->rng) >= x->rate)
        return false;
    if (x->left > 0)
        x->left--;
    x->hits++;
    return true;
}

const struct sim_fault *sim_faults_request(struct sim_faults *f, enum sim_way way)
{
    for (unsigned i = 0; i < f->count; i++) {
        struct sim_fault *x = &f->list[i];
        if (x->kind <= SIM_FAULT_LAST_REQUEST && fires(x, way))
            return x;
    }
    return NULL;
}

void sim_faults_receipts(struct sim_faults *f, enum sim_way way, struct sim_receipt_faults *out)
{
    *out = (struct sim_receipt_faults){ 0 };
    for (unsigned i = 0; i < f->count; i++) {
        struct sim_fault *x = &f->list[i];
        if (x->kind <= SIM_FAULT_LAST_REQUEST || x->kind > SIM_FAULT_LAST_RECEIPT || !fires(x, way))
            continue;
        out->kinds |= 1u << x->kind;
        if (x->kind == SIM_FAULT_RECEIPTS_LATE)
            out->late_ms = x->ms;
        if (x->kind == SIM_FAULT_UNDELIVERED)
            snprintf(out->code, sizeof out->code, "%s", x->code);
    }
}

bool sim_faults_balance_empty(struct sim_faults *f, enum sim_way way)
{
    for (unsigned i = 0; i < f->count; i++)
        if (f->list[i].kind == SIM_FAULT_BALANCE_EMPTY && fires(&f->list[i], way))
            return true;
    return false;
}

enum sim_fault_kind sim_faults_template(const struct sim_faults *f, const char *template_id)
{
    for (unsigned i = 0; i < f->count; i++) {
        const struct sim_fault *x = &f->list[i];
        bool about_templates =
            x->kind == SIM_FAULT_TEMPLATE_REJECTED || x->kind == SIM_FAULT_TEMPLATE_DISABLED;
        if (about_templates && x->left != 0 &&
            (x->template_id[0] == '\0' || strcmp(x->template_id, template_id) == 0))
            return x->kind;
    }
    return SIM_FAULT_NONE;
}
