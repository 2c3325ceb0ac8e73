#include "loa/service.h"
#include <stdio.h>

enum loa_status service_texts_load(const struct config *cf, struct errors *err, struct service_texts *out)
{
    char dir[1024];
    const char *root = config_str(cf, "loa", "templates");
    snprintf(dir, sizeof dir, "%s/policy", root);
    enum loa_status st = policy_load(dir, err, &out->policy);
    if (st == LOA_OK)
        st = words_load(dir, config_str(cf, "loa", "channels_dir"), err, &out->words);
    snprintf(dir, sizeof dir, "%s/messages", root);
    if (st == LOA_OK)
        st = template_set_load(dir, err, &out->templates);
    if (st == LOA_OK && !config_bool(cf, "loa", "quiet_hours"))
        policy_ignore_quiet_hours(out->policy);
    return st;
}

void service_texts_free(struct service_texts *t)
{
    policy_free(t->policy);
    template_set_free(t->templates);
    words_free(t->words);
}

void service_texts_use(struct service *s, const struct service_texts *t)
{
    struct service_texts old = { s->policy, s->templates, s->words };
    s->policy = t->policy;
    s->templates = t->templates;
    s->words = t->words;
    service_texts_free(&old);
}
