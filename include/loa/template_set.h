/*
 * template_set - what stands inside a struct template_set; only for bot/notify/template_*.c.
 */
#ifndef LOA_TEMPLATE_SET_H
#define LOA_TEMPLATE_SET_H

#include "loa/template.h"
#include "loa/template_markup.h"
#include "loa/template_parse.h"

enum template_file { FILE_ZALO_TEXT, FILE_ZALO_TEMPLATE, FILE_SMS, FILE_EMAIL, FILE_PORTAL, FILE_COUNT };

struct template_button {
    struct program title, target;
};

/* zalo_template.json: what Zalo approved, and how we fill it. Names and limits: ZBS template rules. */
#define ZBS_PARAMS_MAX 10
struct zbs_param {
    char *name;
    int type; /* 1 … 15, Zalo's own numbers */
    unsigned max_length;
    bool require;
    struct program value;
};
struct zbs_template {
    char id[40];
    bool by_uid; /* may go to an OA user id: it has a price_uid */
    struct zbs_param param[ZBS_PARAMS_MAX];
    unsigned params;
};

struct template
{
    enum template_file file;
    char variant[24]; /* "" for the plain one */
    char *path;
    char version[13];
    struct program subject, body, html;
    struct program bare; /* SMS: body without diacritics */
    struct template_button button[MARKUP_BUTTONS_MAX];
    unsigned buttons;
    struct zbs_template *zbs; /* FILE_ZALO_TEMPLATE only */
};

struct template_kind {
    char name[40];
    struct template *item;
    unsigned count;
};

struct template_set {
    struct param_catalog params;
    struct template_kind *kind; /* by name */
    unsigned count;
};

/* The best file of this kind and way: the first variant there is, else the plain one. NULL when none. */
const struct template *template_find(const struct template_set *s, const char *kind, enum template_file file,
                                     const char *const *variants);
enum template_file template_file_of(enum way way);
const char *template_file_word(enum template_file f); /* "zalo_text.txt" */

/* Renders one template; as template_render(). */
enum loa_status template_render_one(const struct template *t, enum way way, bool sms_keep_marks,
                                    const struct params *p, struct text *out, char *why, size_t why_size);

/* zalo_template.json -> *out. `text` is the whole file. */
enum loa_status zbs_template_load(const char *path, const char *text, const struct param_catalog *params,
                                  struct errors *err, struct zbs_template **out);
void zbs_template_free(struct zbs_template *z);
enum loa_status zbs_template_render(const struct zbs_template *z, const struct params *p, struct buf *data,
                                    char *why, size_t why_size);

/* Sets of parameters to try a text with: all but the flags, all, only those that are always there, all and as
 * long as they get in life. */
enum example { EXAMPLE_FULL, EXAMPLE_FLAGS, EXAMPLE_MINIMAL, EXAMPLE_LONGEST };
void template_example(const struct template_set *s, enum example which, struct params *out);
/* Renders every template with every example; what breaks a limit is a fault. */
enum loa_status template_check_examples(const struct template_set *s, struct errors *err);

#endif
