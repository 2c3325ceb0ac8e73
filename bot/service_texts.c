#include "loa/api.h"
#include "loa/canned.h"
#include "loa/chat_texts.h"
#include "loa/consent_words.h"
#include "loa/faq.h"
#include "loa/feedback_rules.h"
#include "loa/handover.h"
#include "loa/log.h"
#include "loa/metrics.h"
#include "loa/service.h"
#include "loa/survey.h"
#include "loa/wish_words.h"
#include <stdio.h>
#include <stdlib.h>

static enum loa_status load_faq(const struct config *cf, struct errors *err, struct faq **out)
{
    char dir[1024], own[1024];
    struct errors *skipped = errors_new();
    snprintf(dir, sizeof dir, "%s/faq", config_str(cf, "loa", "templates"));
    snprintf(own, sizeof own, "%s/faq", config_str(cf, "loa", "data_dir"));
    enum loa_status st = faq_load_with(dir, own, err, skipped, out);
    for (unsigned i = 0; i < skipped->count; i++)
        log_error("faq_entry_skipped", "place", skipped->item[i].pointer, "why", skipped->item[i].detail);
    errors_free(skipped);
    return st;
}

static enum loa_status load_chat(const struct config *cf, const char *policy_dir, struct errors *err,
                                 struct service_texts *out)
{
    char dir[1024];
    snprintf(dir, sizeof dir, "%s/chat", config_str(cf, "loa", "templates"));
    enum loa_status st = chat_texts_load(dir, err, &out->chat_texts);
    if (st == LOA_OK)
        st = wish_words_load(dir, err, &out->wish_words);
    if (st == LOA_OK)
        st = desks_load(policy_dir, err, &out->desks);
    if (st == LOA_OK)
        st = canned_file_load(policy_dir, err, &out->canned_file);
    if (st == LOA_OK)
        st = consent_words_load(dir, out->policy, err, &out->consent_words);
    if (st == LOA_OK)
        st = feedback_rules_load(policy_dir, err, &out->feedback);
    if (st == LOA_OK)
        st = survey_rules_load(policy_dir, err, &out->survey);
    return st == LOA_OK ? load_faq(cf, err, &out->faq) : st;
}

enum loa_status service_texts_load(const struct config *cf, struct errors *err, struct service_texts *out)
{
    char policy[1024], messages[1024];
    const char *root = config_str(cf, "loa", "templates");
    snprintf(policy, sizeof policy, "%s/policy", root);
    snprintf(messages, sizeof messages, "%s/messages", root);
    enum loa_status st = policy_load(policy, err, &out->policy);
    if (st == LOA_OK)
        st = words_load(policy, config_str(cf, "loa", "channels_dir"), err, &out->words);
    if (st == LOA_OK)
        st = template_set_load(messages, err, &out->templates);
    if (st == LOA_OK)
        st = load_chat(cf, policy, err, out);
    if (st == LOA_OK && !config_bool(cf, "loa", "quiet_hours"))
        policy_ignore_quiet_hours(out->policy);
    return st;
}

void service_texts_free(struct service_texts *t)
{
    policy_free(t->policy);
    template_set_free(t->templates);
    words_free(t->words);
    chat_texts_free(t->chat_texts);
    desks_free(t->desks);
    canned_file_free(t->canned_file);
    consent_words_free(t->consent_words);
    feedback_rules_free(t->feedback);
    free(t->survey);
    faq_free(t->faq);
    wish_words_free(t->wish_words);
}

struct service_texts service_texts_of(const struct service *s)
{
    return (struct service_texts){ .policy = s->policy,
                                   .templates = s->templates,
                                   .words = s->words,
                                   .chat_texts = s->chat_texts,
                                   .desks = s->desks,
                                   .canned_file = s->canned_file,
                                   .consent_words = s->consent_words,
                                   .faq = s->faq,
                                   .wish_words = s->wish_words,
                                   .feedback = s->feedback,
                                   .survey = s->survey };
}

/* The metrics of the desks carry their ids. */
static void name_desks(const struct desks *desks)
{
    const char *id[16];
    const struct desk *d;
    unsigned n = 0;
    while (n < 16 && (d = desk_at(desks, n)) != NULL)
        id[n++] = d->id;
    metrics_set_desks(id, n);
}

void service_texts_use(struct service *s, const struct service_texts *t)
{
    struct service_texts old = service_texts_of(s);
    s->policy = t->policy;
    s->templates = t->templates;
    s->words = t->words;
    s->chat_texts = t->chat_texts;
    s->desks = t->desks;
    s->canned_file = t->canned_file;
    s->consent_words = t->consent_words;
    s->feedback = t->feedback;
    s->survey = t->survey;
    name_desks(s->desks);
    s->faq = t->faq;
    s->wish_words = t->wish_words;
    s->texts_generation++;
    service_texts_free(&old);
}

enum loa_status service_faq_reload(struct service *s, struct errors *err)
{
    struct faq *fresh = NULL;
    enum loa_status st = load_faq(s->config, err, &fresh);
    if (st != LOA_OK)
        return st;
    faq_free(s->faq);
    s->faq = fresh;
    s->texts_generation++;
    return LOA_OK;
}

/* An approved answer with a fault is missing, not wrong: somebody has to mend it. */
void service_tell_skipped(struct service *s)
{
    if (faq_skipped(s->faq) > 0)
        service_alert(
            s, "faq_entry_skipped",
            "Có câu trả lời do đơn vị duyệt bị lỗi nên chưa dùng được. Chạy loa check để xem tệp và cách sửa.");
}

enum loa_status service_reload(struct service *s, struct errors *err)
{
    struct service_texts fresh = { 0 };
    enum loa_status st = service_texts_load(s->config, err, &fresh);
    if (st != LOA_OK) {
        service_texts_free(&fresh);
        return st;
    }
    service_texts_use(s, &fresh);
    pages_reload(s->pages);
    service_tell_skipped(s);
    log_info("reloaded", "faq_entries", log_num(faq_count(s->faq)));
    return LOA_OK;
}
