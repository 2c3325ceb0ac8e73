#include "loa/template_set.h"
#include <stdio.h>

bool template_check_params(const struct template_set *s, const struct params *p, const char *prefix,
                           struct errors *err)
{
    bool ok = true;

    for (unsigned i = 0; i < p->count; i++) {
        const char *name = p->item[i].name;
        const struct param_spec *spec = param_catalog_find(&s->params, name);
        char pointer[200];
        snprintf(pointer, sizeof pointer, "%s/%s", prefix, name);
        if (spec == NULL) {
            const char *nearest = param_catalog_nearest(&s->params, name);
            errors_addf(err, pointer, "unknown_param", "không có tham số này trong mẫu tin",
                        "unknown parameter%s%s%s", nearest != NULL ? ", did you mean \"" : "",
                        nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
            ok = false;
        } else if (!param_value_ok(spec->type, p->item[i].value)) {
            errors_addf(err, pointer, "bad_value", "giá trị không đúng kiểu của tham số", "not a %s",
                        param_type_word(spec->type));
            ok = false;
        }
    }
    return ok;
}
