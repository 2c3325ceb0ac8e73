/*
 * template - the texts citizens read: loaded from templates/messages/, checked, rendered.
 *
 * One folder per message kind (received, accepted, refused, processing, supplement, payment, withdrawn,
 * stopped, ready, returned, apology, …), one file per way: zalo_text.txt  zalo_template.json  sms.txt
 * email.txt  portal.txt      (email.html is made from email.txt's parts by the shared frame
 * templates/messages/_frame.html) Variants by intake or hand-over are further files: sms.post.txt beats
 * sms.txt when the variant is "post"; variants are tried in the order given. email.txt and portal.txt begin
 * with a line "Subject: …".
 *
 * Language: {{name}} inserts a parameter, escaped for the channel. {{?name}}…{{/name}} keeps the part only
 * when the parameter is not empty, {{!name}}…{{/name}} only when it is. Filters: {{due|date}} dd/MM/yyyy,
 * {{x|time}}, {{fee|money}},
 * {{fee|words}}, {{owner|mask}}, {{x|cut:30}}. The list of known parameters is templates/messages/_params.tsv
 * (name, type, meaning, example); loa check refuses any other name, an unclosed part, an SMS whose example is
 * over 3 parts, a ZBS parameter without its length limit. `#` at the start of a line is a comment.
 */
#ifndef LOA_TEMPLATE_H
#define LOA_TEMPLATE_H

#include "loa/channel.h"

#define PARAMS_MAX 48
struct params { /* values are copied, NFC, cleaned of controls */
    struct {
        char *name, *value;
    } item[PARAMS_MAX];
    unsigned count;
};
void params_init(struct params *p);
void params_clear(struct params *p);
void params_set(struct params *p, const char *name, const char *value); /* NULL or "" removes */
const char *params_get(const struct params *p, const char *name);       /* NULL when not set */
void params_to_json(const struct params *p, struct buf *out);           /* one object of strings */
enum loa_status params_from_json(struct params *p, const char *json, size_t len);

struct template_set;
/* `dir` = templates/messages. On LOA_INVALID `err` names every fault as file:line. */
enum loa_status template_set_load(const char *dir, struct errors *err, struct template_set **out);
void template_set_free(struct template_set *s);
bool template_has(const struct template_set *s, const char *kind, enum way way);
bool template_kind_known(const struct template_set *s, const char *kind);

struct render_options {
    const char *const *variants; /* NULL-terminated, may be NULL */
    bool sms_keep_marks;         /* [sms] diacritics = keep */
};
/* LOA_NOT_FOUND: no template of this kind for this way. LOA_INVALID: it cannot be rendered within the
 * channel's limits (a ZBS parameter missing or too long, more SMS parts than allowed); `why` in English names
 * the parameter. */
enum loa_status template_render(const struct template_set *s, const char *kind, enum way way,
                                const struct render_options *opt, const struct params *p, struct text *out,
                                char *why, size_t why_size);
/* Every template with its example parameters, for `loa check` and for people to read. */
void template_print_examples(const struct template_set *s, struct buf *out);

#endif
