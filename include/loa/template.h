/*
 * template - the texts citizens read: loaded from templates/messages/, checked, rendered.
 *
 * One folder per message kind (submitted, accepted, refused, processing, supplement, payment, withdrawn,
 * stopped, ready, returned, apology, …), one file per way: zalo_text.txt  zalo_template.json  sms.txt
 * email.txt  portal.txt. A variant by intake or hand-over is a further file: sms.post.txt beats sms.txt when
 * "post" is among the variants, which are tried in the order given. What email.txt looks like as HTML is
 * _frame.html; email.txt and portal.txt begin with a line "Subject: …", email.txt has a "Preheader: …" too.
 * The markup of zalo_text, email and portal is described in template_markup.h.
 *
 * Language: {{name}} inserts a parameter, escaped for the channel. {{?name}}…{{/name}} keeps the part only
 * when the parameter is not empty, {{!name}}…{{/name}} only when it is. `#` at the start of a line is a
 * comment. Filters: {{due|date}} 25/11/2026  {{due|time}} 16:30 ngày 25/11/2026  {{due|stamp}} 16:30
 * 25/11/2026
 *   {{fee|money}} 150.000 đồng  {{fee|words}}  {{fee|number}} 150000  {{owner|mask}}  {{x|cut:30}}
 *   {{items|list}} a line each  {{items|join}} apart by "; "  {{items|count}}  {{link|site}} the host alone
 * Which parameters there are, of which type, is _params.tsv (param_catalog.h).
 *
 * A set that loads is sound: every text was rendered with the examples of its parameters, with the fewest and
 * with the longest values, within the limits of its way: SMS 3 parts (without diacritics), Zalo text 2000
 * letters, each ZBS parameter its own length and form, e-mail subject 120 letters (cut beyond).
 */
#ifndef LOA_TEMPLATE_H
#define LOA_TEMPLATE_H

#include "loa/channel.h"

#define PARAMS_MAX 48
struct params { /* values are copied, NFC, cleaned of controls */
    struct {
        char *name, *value;
    } item[PARAMS_MAX];
    uint32_t hash[PARAMS_MAX]; /* of the names: looking up is most of rendering */
    unsigned count;
};
void params_init(struct params *p);
void params_clear(struct params *p);
void params_set(struct params *p, const char *name, const char *value); /* NULL or "" removes */
const char *params_get(const struct params *p, const char *name);       /* NULL when not set */
uint32_t params_hash(const char *name);
const char *params_get_hashed(const struct params *p, const char *name,
                              uint32_t hash);                 /* params_hash(name) */
void params_to_json(const struct params *p, struct buf *out); /* one object of strings */
enum loa_status params_from_json(struct params *p, const char *json, size_t len);

struct template_set;
/* `dir` = templates/messages. On LOA_INVALID `err` names every fault as file:line. */
enum loa_status template_set_load(const char *dir, struct errors *err, struct template_set **out);
void template_set_free(struct template_set *s);
bool template_has(const struct template_set *s, const char *kind, enum way way);
bool template_kind_known(const struct template_set *s, const char *kind);
unsigned template_count(const struct template_set *s); /* files, variants included */
/* Are these parameters known, and each written as its type asks? What is not goes to `err`, with the JSON
 * pointer `prefix`/name. For messages whose parameters come from outside. */
bool template_check_params(const struct template_set *s, const struct params *p, const char *prefix,
                           struct errors *err);

struct render_options {
    const char *const *variants; /* NULL-terminated, may be NULL */
    bool sms_keep_marks;         /* [sms] diacritics = keep: where it fits into 3 parts, else without */
};
/* Fills subject, body, html, data, template_id, kind, version, sms_parts, optional and unsubscribe_url;
 * `data` is the template_data of a ZBS message, the buttons of a Zalo text as the OA API takes them, or the
 * buttons of a portal notice as [{"title","url"}]; empty when there are none. LOA_NOT_FOUND: no template of
 * this kind for this way. LOA_INVALID: it cannot be rendered within the channel's limits (a ZBS parameter
 * missing or too long, more SMS parts than allowed); `why` in English names the parameter. */
enum loa_status template_render(const struct template_set *s, const char *kind, enum way way,
                                const struct render_options *opt, const struct params *p, struct text *out,
                                char *why, size_t why_size);
/* Every template with its example parameters, for `loa check` and for people to read. */
void template_print_examples(const struct template_set *s, struct buf *out);

#endif
