#include "sim_sms_templates.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (256 * 1024)

struct sim_sms_templates {
    char **line;
    unsigned count;
};

enum loa_status sim_sms_templates_load(const char *path, struct errors *err, struct sim_sms_templates **out)
{
    struct buf text = BUF_INIT(FILE_MAX_BYTES);
    enum loa_status st = text_file_read(path, err, &text);
    struct sim_sms_templates *t = mem_alloc(sizeof *t);
    struct text_lines lines = { .rest = text.data };

    while (st == LOA_OK && text.len > 0 && text_lines_next(&lines)) {
        const char *line = text_trim(lines.line);
        if (line[0] == '\0' || line[0] == '#')
            continue;
        t->line = mem_resize(t->line, (t->count + 1) * sizeof *t->line);
        t->line[t->count++] = mem_strdup(line);
    }
    buf_clear(&text);
    if (st == LOA_OK)
        *out = t;
    else
        sim_sms_templates_free(t);
    return st;
}

void sim_sms_templates_free(struct sim_sms_templates *t)
{
    if (t == NULL)
        return;
    for (unsigned i = 0; i < t->count; i++)
        free(t->line[i]);
    free(t->line);
    free(t);
}

static bool starts_letter(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* {P1,20} at `p`: sets the most characters it stands for and returns what follows it; NULL: no placeholder.
 */
static const char *read_place(const char *p, unsigned *max)
{
    static const char digits[] = "0123456789";
    size_t n;

    if (strncmp(p, "{P", 2) != 0)
        return NULL;
    p += 2;
    n = strspn(p, digits);
    if (n == 0 || p[n] != ',')
        return NULL;
    p += n + 1;
    n = strspn(p, digits);
    if (n == 0 || p[n] != '}')
        return NULL;
    *max = (unsigned)strtoul(p, NULL, 10);
    return p + n + 1;
}

/* Where the content may stand after a placeholder, for every place it may stand before: 1 to `max` letters
 * on. */
static void pass_place(const char *content, size_t len, bool *reached, unsigned max)
{
    bool after[SIM_SMS_CONTENT_MAX + 1] = { false };

    for (size_t from = 0; from < len; from++) {
        unsigned letters = 0;
        for (size_t to = from; reached[from] && to < len && letters < max;) {
            do
                to++;
            while (to < len && !starts_letter(content[to]));
            letters++;
            after[to] = true;
        }
    }
    memcpy(reached, after, (len + 1) * sizeof *reached);
}

static void pass_byte(const char *content, size_t len, bool *reached, char c)
{
    for (size_t at = len; at > 0; at--)
        reached[at] = reached[at - 1] && content[at - 1] == c;
    reached[0] = false;
}

bool sim_sms_template_fits(const char *pattern, const char *content)
{
    bool reached[SIM_SMS_CONTENT_MAX + 1] = { [0] = true };
    size_t len = strlen(content);
    unsigned max;

    if (len > SIM_SMS_CONTENT_MAX)
        return false;
    while (*pattern != '\0') {
        const char *rest = read_place(pattern, &max);
        if (rest != NULL)
            pass_place(content, len, reached, max);
        else
            pass_byte(content, len, reached, *pattern);
        pattern = rest != NULL ? rest : pattern + 1;
    }
    return reached[len];
}

bool sim_sms_templates_fit(const struct sim_sms_templates *t, const char *content)
{
    for (unsigned i = 0; t != NULL && i < t->count; i++)
        if (sim_sms_template_fits(t->line[i], content))
            return true;
    return t == NULL;
}
