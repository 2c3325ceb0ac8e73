#include "loa/crypto.h"
#include "loa/mem.h"
#include "loa/template_set.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS_MAX      64
#define KIND_FILES_MAX 64

static const struct {
    const char *stem, *extension;
    bool subject, preheader, html;
} files[FILE_COUNT] = {
    [FILE_ZALO_TEXT] = { "zalo_text", ".txt", false, false, false },
    [FILE_ZALO_TEMPLATE] = { "zalo_template", ".json", false, false, false },
    [FILE_SMS] = { "sms", ".txt", false, false, false },
    [FILE_EMAIL] = { "email", ".txt", true, true, true },
    [FILE_PORTAL] = { "portal", ".txt", true, false, false },
};

struct set_loading {
    const char *dir;
    struct errors *err;
    struct template_set *set;
    struct frame frame;
    bool failed;
};

/* ---- one file ---- */

static bool compile(struct set_loading *l, struct program *g, const char *path, unsigned line,
                    const char *text, size_t len, enum text_form form)
{
    struct parse_input in = { .path = path,
                              .line = line,
                              .text = text,
                              .len = len,
                              .form = form,
                              .params = &l->set->params,
                              .err = l->err };
    if (program_parse(g, &in) == LOA_OK)
        return true;
    l->failed = true;
    return false;
}

/* The same text once more in another form: its faults have been told. */
static void compile_again(struct set_loading *l, struct program *g, const char *path, const char *text,
                          size_t len, enum text_form form)
{
    struct parse_input in = {
        .path = path, .text = text, .len = len, .form = form, .params = &l->set->params, .err = NULL
    };
    if (program_parse(g, &in) != LOA_OK)
        l->failed = true;
}

static void compile_button(struct set_loading *l, struct template *t, const struct markup_button *b)
{
    struct template_button *to = &t->button[t->buttons++];
    struct parse_input in = { .path = t->path,
                              .line = b->line,
                              .text = b->title,
                              .len = strlen(b->title),
                              .form = FORM_LINE,
                              .bare_ok = true,
                              .params = &l->set->params,
                              .err = l->err };

    program_init(&to->title);
    program_init(&to->target);
    if (program_parse(&to->title, &in) != LOA_OK)
        l->failed = true;
    in.text = b->target;
    in.len = strlen(b->target);
    if (program_parse(&to->target, &in) != LOA_OK)
        l->failed = true;
}

static void compile_subject(struct set_loading *l, struct template *t, const struct markup *m)
{
    if (!files[t->file].subject) {
        if (m->subject != NULL) {
            fault_add(l->err, t->path, m->subject_line, "subject", "cách gửi này không có Subject",
                      "this way has no Subject");
            l->failed = true;
        }
    } else if (m->subject == NULL || *m->subject == '\0') {
        fault_add(l->err, t->path, 1, "subject", "dòng đầu phải là \"Subject: …\"",
                  "the first line must be \"Subject: …\"");
        l->failed = true;
    } else {
        compile(l, &t->subject, t->path, m->subject_line, m->subject, strlen(m->subject), FORM_LINE);
    }
}

/* The preheader is read on lock screens, so nothing of the citizen's stands in it. */
static void check_preheader(struct set_loading *l, const struct template *t, const struct markup *m)
{
    bool wanted = files[t->file].preheader;

    if (wanted && m->preheader != NULL && *m->preheader != '\0' && strstr(m->preheader, "{{") == NULL)
        return;
    if (!wanted && m->preheader == NULL)
        return;
    fault_add(l->err, t->path, 2, "preheader",
              "chỉ email.txt có \"Preheader: …\", bắt buộc, không chứa tham số",
              "email.txt alone, and always, has \"Preheader: …\", without parameters");
    l->failed = true;
}

/* What stands for a mark of the frame; "" for an unknown one. */
static void fill_mark(const char *mark, const struct markup *m, enum text_form form, struct buf *out)
{
    if (strncmp(mark, "[[body]]", 8) == 0)
        buf_str(out, buf_cstr(form == FORM_HTML ? &m->html : &m->plain));
    else if (strncmp(mark, "[[subject]]", 11) == 0 && m->subject != NULL)
        markup_escape(out, m->subject);
    else if (strncmp(mark, "[[preheader]]", 13) == 0 && m->preheader != NULL)
        markup_escape(out, m->preheader);
}

/* Compiles the frame as it stands, with its marks replaced by the parts of the text. */
static void compile_framed(struct set_loading *l, struct program *g, const char *frame_path, unsigned line,
                           const char *frame, const struct template *t, const struct markup *m,
                           enum text_form form)
{
    while (*frame != '\0') {
        const char *mark = strstr(frame, "[[");
        size_t n = mark != NULL ? (size_t)(mark - frame) : strlen(frame);
        compile(l, g, frame_path, line, frame, n, form);
        for (size_t i = 0; i < n; i++)
            line += frame[i] == '\n';
        if (mark == NULL)
            return;
        struct buf part = BUF_INIT(MARKUP_MAX_BYTES);
        fill_mark(mark, m, form, &part);
        /* The plain text comes first and has told the faults; the HTML has the same tags. */
        if (form == FORM_PLAIN)
            compile(l, g, t->path, 1, buf_cstr(&part), part.len, form);
        else
            compile_again(l, g, t->path, buf_cstr(&part), part.len, form);
        buf_clear(&part);
        frame = strstr(mark, "]]") != NULL ? strstr(mark, "]]") + 2 : mark + strlen(mark);
    }
}

static void compile_markup(struct set_loading *l, struct template *t, const char *text)
{
    bool framed = files[t->file].html;
    struct markup m;

    if (markup_read(t->path, text, framed ? &l->frame : NULL, l->err, &m) != LOA_OK) {
        l->failed = true;
        return;
    }
    compile_subject(l, t, &m);
    check_preheader(l, t, &m);
    if (framed) {
        compile_framed(l, &t->body, l->frame.text_path, 1, l->frame.text, t, &m, FORM_PLAIN);
        compile_framed(l, &t->html, l->frame.html_path, l->frame.line, l->frame.piece[PIECE_FRAME], t, &m,
                       FORM_HTML);
    } else {
        compile(l, &t->body, t->path, 1, buf_cstr(&m.plain), m.plain.len, FORM_PLAIN);
        for (unsigned i = 0; i < m.buttons; i++)
            compile_button(l, t, &m.button[i]);
    }
    markup_clear(&m);
}

static void compile_file(struct set_loading *l, struct template *t, const struct buf *text)
{
    char digest[65];

    crypto_sha256_hex(text->data, text->len, digest);
    memcpy(t->version, digest, sizeof t->version - 1);
    switch (t->file) {
    case FILE_ZALO_TEMPLATE:
        if (zbs_template_load(t->path, buf_cstr(text), &l->set->params, l->err, &t->zbs) != LOA_OK)
            l->failed = true;
        break;
    case FILE_SMS:
        if (compile(l, &t->body, t->path, 1, buf_cstr(text), text->len, FORM_LINE))
            compile_again(l, &t->bare, t->path, buf_cstr(text), text->len, FORM_SMS);
        break;
    default:
        compile_markup(l, t, buf_cstr(text));
    }
}

/* ---- names ---- */

/* "sms.post.txt" -> FILE_SMS, "post". Returns -1 for anything else. */
static int file_from_name(const char *name, char *variant, size_t size)
{
    for (int f = 0; f < FILE_COUNT; f++) {
        size_t stem = strlen(files[f].stem), ext = strlen(files[f].extension), n = strlen(name);
        if (n < stem + ext || strncmp(name, files[f].stem, stem) != 0 ||
            strcmp(name + n - ext, files[f].extension) != 0)
            continue;
        const char *middle = name + stem;
        size_t len = n - stem - ext;
        if (len != 0 && (*middle != '.' || len < 2 || len > size ||
                         strspn(middle + 1, "abcdefghijklmnopqrstuvwxyz_") < len - 1))
            continue;
        snprintf(variant, size, "%.*s", len > 0 ? (int)len - 1 : 0, middle + 1);
        return f;
    }
    return -1;
}

const char *template_file_word(enum template_file f)
{
    static const char *const words[FILE_COUNT] = { "zalo_text.txt", "zalo_template.json", "sms.txt",
                                                   "email.txt", "portal.txt" };
    return words[f];
}

enum template_file template_file_of(enum way way)
{
    static const enum template_file of[WAY_COUNT] = { [WAY_PORTAL] = FILE_PORTAL,
                                                      [WAY_ZALO_CS] = FILE_ZALO_TEXT,
                                                      [WAY_ZALO_UID] = FILE_ZALO_TEMPLATE,
                                                      [WAY_ZALO_ZBS] = FILE_ZALO_TEMPLATE,
                                                      [WAY_SMS] = FILE_SMS,
                                                      [WAY_EMAIL] = FILE_EMAIL };
    return of[way];
}

/* ---- folders ---- */

static int not_hidden(const struct dirent *d)
{
    return d->d_name[0] != '.' && d->d_name[0] != '_' && d->d_name[strlen(d->d_name) - 1] != '~';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_file(struct set_loading *l, struct template_kind *k, const char *name)
{
    struct buf text = BUF_INIT(TEXT_FILE_MAX_BYTES);
    struct template t = { .path = NULL };
    char path[512];

    snprintf(path, sizeof path, "%s/%s/%s", l->dir, k->name, name);
    int file = file_from_name(name, t.variant, sizeof t.variant);
    if (file < 0 || k->count == KIND_FILES_MAX) {
        fault_add(
            l->err, path, 0, "bad_name",
            "tên tệp phải là zalo_text.txt, zalo_template.json, sms.txt, email.txt hoặc portal.txt, có thể "
            "thêm biến thể như sms.post.txt",
            "the name must be zalo_text.txt, zalo_template.json, sms.txt, email.txt or portal.txt, perhaps "
            "with a variant as in sms.post.txt");
        l->failed = true;
        return;
    }
    t.file = (enum template_file)file;
    t.path = mem_strdup(path);
    program_init(&t.subject);
    program_init(&t.body);
    program_init(&t.html);
    program_init(&t.bare);
    if (text_file_read(path, l->err, &text) == LOA_OK)
        compile_file(l, &t, &text);
    else
        l->failed = true;
    k->item = mem_resize(k->item, (k->count + 1) * sizeof *k->item);
    k->item[k->count++] = t;
    buf_clear(&text);
}

static void load_kind(struct set_loading *l, const char *name)
{
    struct template_kind *k = &l->set->kind[l->set->count++];
    struct dirent **entry = NULL;
    char path[512];

    text_copy(k->name, sizeof k->name, name);
    snprintf(path, sizeof path, "%s/%s", l->dir, name);
    int n = scandir(path, &entry, not_hidden, by_name);
    for (int i = 0; i < n; i++) {
        load_file(l, k, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    if (n <= 0) {
        fault_add(l->err, path, 0, "empty_kind", "thư mục này không có mẫu nào",
                  "this folder holds no template");
        l->failed = true;
    }
}

static void load_kinds(struct set_loading *l)
{
    struct dirent **entry = NULL;
    int n = scandir(l->dir, &entry, not_hidden, by_name);

    for (int i = 0; i < n; i++) {
        const char *name = entry[i]->d_name;
        if (strlen(name) < sizeof l->set->kind->name && l->set->count < KINDS_MAX) {
            load_kind(l, name);
        } else {
            fault_at(l->err, l->dir, 0, "bad_kind", "tên loại tin quá dài hoặc quá nhiều loại: %s",
                     "the name of a kind is too long, or there are too many: %s", name);
            l->failed = true;
        }
        free(entry[i]);
    }
    free(entry);
    if (l->set->count == 0) {
        fault_add(l->err, l->dir, 0, "empty", "không có mẫu tin nào", "no templates here");
        l->failed = true;
    }
}

enum loa_status template_set_load(const char *dir, struct errors *err, struct template_set **out)
{
    struct template_set *s = mem_alloc(sizeof *s);
    struct set_loading l = { .dir = dir, .err = err, .set = s };
    char path[512];

    s->kind = mem_alloc(KINDS_MAX * sizeof *s->kind);
    snprintf(path, sizeof path, "%s/_params.tsv", dir);
    l.failed = param_catalog_load(path, err, &s->params) != LOA_OK;
    l.failed = frame_load(dir, err, &l.frame) != LOA_OK || l.failed;
    if (!l.failed)
        load_kinds(&l);
    frame_clear(&l.frame);
    if (l.failed || template_check_examples(s, err) != LOA_OK) {
        template_set_free(s);
        return LOA_INVALID;
    }
    *out = s;
    return LOA_OK;
}

static void template_clear(struct template *t)
{
    program_clear(&t->subject);
    program_clear(&t->body);
    program_clear(&t->html);
    program_clear(&t->bare);
    for (unsigned i = 0; i < t->buttons; i++) {
        program_clear(&t->button[i].title);
        program_clear(&t->button[i].target);
    }
    zbs_template_free(t->zbs);
    free(t->path);
}

void template_set_free(struct template_set *s)
{
    if (s == NULL)
        return;
    for (unsigned k = 0; k < s->count; k++) {
        for (unsigned i = 0; i < s->kind[k].count; i++)
            template_clear(&s->kind[k].item[i]);
        free(s->kind[k].item);
    }
    free(s->kind);
    param_catalog_clear(&s->params);
    free(s);
}
