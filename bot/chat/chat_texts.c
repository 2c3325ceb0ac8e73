#include "loa/chat_texts.h"
#include "loa/mem.h"
#include "loa/template_parse.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define ID_MAX          48
#define TEXT_LETTERS    2000
#define TITLE_LETTERS   100
#define VALUE_MAX_BYTES (16 * 1024)
#define TEXT_PARAMS_MAX 24
#define KEYS_MAX        12

enum form { FORM_ANY, FORM_WEB, FORM_ZALO, FORM_SMS_CHANNEL, FORM_COUNT };
static const char *const form_keys[FORM_COUNT] = { "text", "web.text", "zalo.text", "sms.text" };
static const char *const form_channels[FORM_COUNT] = { "", "web", "zalo", "sms" };

struct action {
    struct program title, target;
    bool payload; /* the target begins with '#', which a program would take for a comment */
};

struct message {
    char id[ID_MAX];
    unsigned line;
    struct param_catalog params;
    struct program text[FORM_COUNT];
    bool has[FORM_COUNT];
    struct action button[CHAT_BUTTONS_MAX];
    unsigned buttons;
    UT_hash_handle hh;
};

struct chat_texts {
    struct message *table;
};

/* ---- loading ---- */

/* One key of the section being read; its value grows by the lines that continue it. */
struct key_value {
    char key[ID_MAX];
    unsigned line;
    struct buf value;
};

struct loading {
    struct chat_texts *texts;
    struct errors *err;
    const char *path;
    struct message *now; /* the section being read */
    struct key_value item[KEYS_MAX];
    unsigned items;
    bool failed;
};

#define FAULT(l, at, code, ...)                                                                              \
    do {                                                                                                     \
        fault_at((l)->err, (l)->path, at, code, __VA_ARGS__);                                                \
        (l)->failed = true;                                                                                  \
    } while (0)

static void message_free(struct message *m)
{
    for (unsigned i = 0; i < FORM_COUNT; i++)
        program_clear(&m->text[i]);
    for (unsigned i = 0; i < m->buttons; i++) {
        program_clear(&m->button[i].title);
        program_clear(&m->button[i].target);
    }
    param_catalog_clear(&m->params);
    free(m);
}

static void parse(struct loading *l, struct program *out, unsigned line, const char *text, size_t len,
                  enum text_form form)
{
    struct parse_input in = { .path = l->path,
                              .line = line,
                              .text = text,
                              .len = len,
                              .form = form,
                              .bare_ok = true,
                              .params = &l->now->params,
                              .err = l->err };
    if (program_parse(out, &in) != LOA_OK)
        l->failed = true;
}

static int param_type_of(const char *word)
{
    for (int t = 0; t < PARAM_TYPE_COUNT; t++)
        if (strcmp(word, param_type_word((enum param_type)t)) == 0)
            return t;
    return -1;
}

/* "code, due:time, fee:money" */
static void take_params(struct loading *l, struct key_value *k)
{
    struct param_catalog *c = &l->now->params;
    char *rest = NULL;
    for (char *word = strtok_r(k->value.data, ", ", &rest); word != NULL;
         word = strtok_r(NULL, ", ", &rest)) {
        char *colon = strchr(word, ':');
        if (colon != NULL)
            *colon = '\0';
        int type = colon != NULL ? param_type_of(colon + 1) : PARAM_TEXT;
        if (type < 0 || c->count == TEXT_PARAMS_MAX) {
            FAULT(l, k->line, "bad_param", "tham số \"%s\": kiểu lạ, hoặc quá nhiều tham số",
                  "parameter \"%s\": unknown type, or too many of them", word);
            return;
        }
        c->item[c->count++] = (struct param_spec){
            .name = mem_strdup(word), .type = (enum param_type)type, .always = true, .hash = params_hash(word)
        };
    }
}

static bool target_ok(const char *s)
{
    return *s == '#' || strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0 ||
           strncmp(s, "tel:", 4) == 0 || strncmp(s, "{{", 2) == 0;
}

/* The bar between title and target stands between blanks; the one of a filter does not. */
static char *find_bar(char *s)
{
    char *bar = strstr(s, " | ");
    return bar != NULL ? bar + 1 : NULL;
}

/* "Title | #payload" */
static void take_button(struct loading *l, struct key_value *k)
{
    struct message *m = l->now;
    char *value = k->value.len > 0 ? k->value.data : k->key, *bar = find_bar(value);
    if (bar != NULL)
        *bar++ = '\0';
    char *title = text_trim(value), *target = bar != NULL ? text_trim(bar) : NULL;
    if (target == NULL || *title == '\0' || !target_ok(target) || m->buttons == CHAT_BUTTONS_MAX) {
        FAULT(l, k->line, "bad_button",
              "nút viết là: Tên nút | #lệnh, https://… hoặc tel:…; nhiều nhất %d nút",
              "a button is: Title | #payload, https://… or tel:…; at most %d of them", CHAT_BUTTONS_MAX);
        return;
    }
    struct action *b = &m->button[m->buttons++];
    program_init(&b->title);
    program_init(&b->target);
    b->payload = *target == '#';
    parse(l, &b->title, k->line, title, strlen(title), FORM_LINE);
    parse(l, &b->target, k->line, target + b->payload, strlen(target) - b->payload, FORM_LINE);
}

static void take_text(struct loading *l, struct key_value *k, enum form form)
{
    if (text_length(buf_cstr(&k->value), k->value.len) > TEXT_LETTERS)
        FAULT(l, k->line, "too_long", "dài quá %d chữ", "longer than %d letters", TEXT_LETTERS);
    l->now->has[form] = true;
    parse(l, &l->now->text[form], k->line, buf_cstr(&k->value), k->value.len, FORM_PLAIN);
}

static void take_key(struct loading *l, struct key_value *k)
{
    for (int i = 0; i < FORM_COUNT; i++)
        if (strcmp(k->key, form_keys[i]) == 0) {
            take_text(l, k, (enum form)i);
            return;
        }
    if (strncmp(k->key, "button", 6) == 0)
        take_button(l, k);
    else if (strcmp(k->key, "params") != 0)
        FAULT(l, k->line, "unknown_key",
              "không có khóa \"%s\"; chỉ có text, web.text, zalo.text, sms.text, params, button1 … button5",
              "no key \"%s\"; there are text, web.text, zalo.text, sms.text, params, button1 … button5",
              k->key);
}

/* The parameters first: texts are checked against them. */
static void finish_message(struct loading *l)
{
    for (unsigned i = 0; i < l->items; i++)
        if (strcmp(l->item[i].key, "params") == 0 && l->item[i].value.len > 0)
            take_params(l, &l->item[i]);
    for (unsigned i = 0; i < l->items; i++) {
        take_key(l, &l->item[i]);
        buf_clear(&l->item[i].value);
    }
    if (l->now != NULL && !l->now->has[FORM_ANY])
        FAULT(l, l->now->line, "no_text", "[%s] thiếu text", "[%s] has no text", l->now->id);
    l->now = NULL;
    l->items = 0;
}

static void begin_message(struct loading *l, char *line, unsigned number)
{
    struct message *m = NULL;
    char *close = strchr(line, ']');
    finish_message(l);
    if (close != NULL)
        *close = '\0';
    char *id = text_trim(line + 1);
    HASH_FIND_STR(l->texts->table, id, m);
    if (close == NULL || *id == '\0' || strlen(id) >= ID_MAX || m != NULL) {
        FAULT(l, number, "bad_section", "mục [%s] viết sai hoặc đã có ở trên",
              "section [%s] is badly written or stands above already", id);
        return;
    }
    m = mem_alloc(sizeof *m);
    snprintf(m->id, sizeof m->id, "%s", id);
    m->line = number;
    m->params.item = mem_alloc(TEXT_PARAMS_MAX * sizeof *m->params.item);
    for (unsigned i = 0; i < FORM_COUNT; i++)
        program_init(&m->text[i]);
    HASH_ADD_STR(l->texts->table, id, m);
    l->now = m;
}

static void begin_key(struct loading *l, char *line, unsigned number)
{
    char *value = strchr(line, '=');
    if (value != NULL)
        *value++ = '\0';
    char *key = text_trim(line);
    if (value == NULL || l->now == NULL || *key == '\0' || strlen(key) >= ID_MAX || l->items == KEYS_MAX) {
        FAULT(l, number, "bad_line", "\"%s\": dòng phải là [mục] hoặc khóa = giá trị",
              "\"%s\": expected [section] or key = value", key);
        return;
    }
    struct key_value *k = &l->item[l->items++];
    *k = (struct key_value){ .line = number, .value = BUF_INIT(VALUE_MAX_BYTES) };
    snprintf(k->key, sizeof k->key, "%s", key);
    buf_str(&k->value, text_trim(value));
}

/* "\n" written out is an empty line, which an indented line cannot be. */
static void continue_key(struct loading *l, char *line)
{
    struct buf *value = &l->item[l->items - 1].value;
    char *text = text_trim(line);
    buf_char(value, '\n');
    buf_str(value, strcmp(text, "\\n") == 0 ? "" : text);
}

static void load_file(struct loading *l)
{
    struct buf text = BUF_INIT(TEXT_FILE_MAX_BYTES);
    if (text_file_read(l->path, l->err, &text) != LOA_OK) {
        l->failed = true;
        return;
    }
    struct text_lines lines = { .rest = text.data };
    while (text.len > 0 && text_lines_next(&lines)) {
        char *line = lines.line;
        bool indented = *line == ' ' || *line == '\t';
        if (*text_trim(line) == '\0' || *line == '#' || *line == ';')
            continue;
        if (indented && l->items > 0)
            continue_key(l, line);
        else if (*line == '[')
            begin_message(l, line, lines.number);
        else
            begin_key(l, line, lines.number);
    }
    finish_message(l);
    buf_clear(&text);
}

enum loa_status chat_texts_load(const char *dir, struct errors *err, struct chat_texts **out)
{
    char pattern[1024];
    glob_t found;
    struct loading l = { .err = err };
    snprintf(pattern, sizeof pattern, "%s/*.ini", dir);
    if (glob(pattern, 0, NULL, &found) != 0) {
        fault_add(err, dir, 0, "no_texts", "không có tệp .ini nào", "no .ini file here");
        return LOA_NOT_FOUND;
    }
    l.texts = mem_alloc(sizeof *l.texts);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        l.path = found.gl_pathv[i];
        load_file(&l);
    }
    globfree(&found);
    if (l.failed) {
        chat_texts_free(l.texts);
        return LOA_INVALID;
    }
    *out = l.texts;
    return LOA_OK;
}

void chat_texts_free(struct chat_texts *t)
{
    struct message *m, *next;
    if (t == NULL)
        return;
    HASH_ITER(hh, t->table, m, next)
    {
        HASH_DEL(t->table, m);
        message_free(m);
    }
    free(t);
}

static const struct message *find(const struct chat_texts *t, const char *id)
{
    const struct message *m;
    HASH_FIND_STR(t->table, id, m);
    return m;
}

bool chat_texts_has(const struct chat_texts *t, const char *id)
{
    return find(t, id) != NULL;
}

/* ---- rendering ---- */

void chat_said_init(struct chat_said *s)
{
    buf_init(&s->text, VALUE_MAX_BYTES);
    s->buttons = 0;
}

void chat_said_clear(struct chat_said *s)
{
    buf_clear(&s->text);
    s->buttons = 0;
}

/* A target with an absent parameter goes nowhere. */
static bool complete(const struct program *g, const struct params *p)
{
    for (unsigned i = 0; i < g->count; i++)
        if (g->segment[i].kind == SEGMENT_VALUE &&
            params_get_hashed(p, g->segment[i].param->name, g->segment[i].param->hash) == NULL)
            return false;
    return true;
}

static void render_button(const struct action *b, const struct params *p, struct chat_said *out)
{
    struct buf title = BUF_INIT(2048), cut = BUF_INIT(2048), target = BUF_INIT(2048);
    char why[160];
    if (complete(&b->target, p) && complete(&b->title, p) &&
        program_render(&b->title, p, FORM_LINE, &title, why, sizeof why) == LOA_OK &&
        program_render(&b->target, p, FORM_LINE, &target, why, sizeof why) == LOA_OK) {
        unsigned i = out->buttons++;
        text_truncate(&cut, buf_cstr(&title), title.len, TITLE_LETTERS);
        text_copy(out->button[i].title, sizeof out->button[i].title, buf_cstr(&cut));
        snprintf(out->button[i].action, sizeof out->button[i].action, "%s%s", b->payload ? "#" : "",
                 buf_cstr(&target));
    }
    buf_clear(&title);
    buf_clear(&cut);
    buf_clear(&target);
}

static enum form form_for(const struct message *m, const char *channel)
{
    for (unsigned i = 1; i < FORM_COUNT; i++)
        if (m->has[i] && strcmp(form_channels[i], channel) == 0)
            return (enum form)i;
    return FORM_ANY;
}

enum loa_status chat_texts_render(const struct chat_texts *t, const char *id, const char *channel,
                                  const struct params *p, struct chat_said *out)
{
    static const struct params none = { .count = 0 };
    const struct message *m = find(t, id);
    char why[160];
    if (m == NULL)
        return LOA_NOT_FOUND;
    p = p != NULL ? p : &none;
    buf_reset(&out->text);
    out->buttons = 0;
    enum loa_status st =
        program_render(&m->text[form_for(m, channel)], p, FORM_PLAIN, &out->text, why, sizeof why);
    while (out->text.len > 0 && strchr(" \n", out->text.data[out->text.len - 1]) != NULL)
        out->text.data[--out->text.len] = '\0'; /* what an absent part leaves at the end */
    for (unsigned i = 0; st == LOA_OK && i < m->buttons; i++)
        render_button(&m->button[i], p, out);
    return st;
}
