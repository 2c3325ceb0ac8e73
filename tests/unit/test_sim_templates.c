/*
 * Do our texts pass the simulated provider? Every Zalo text and every ZBS template, filled with every set of
 * example parameters, as the strict other side sees it.
 */
#include "check.h"
#include "loa/template_set.h"
#include "sim/sim_cards.h"
#include "sim/sim_oa_message.h"
#include <stdio.h>
#include <string.h>

static struct template_set *texts;
static struct sim_cards *cards;
static unsigned rendered; /* of this way */

static int load(void **state)
{
    struct errors *err = errors_new();
    (void)state;
    bool ok = template_set_load(check_path("templates/messages"), err, &texts) == LOA_OK &&
              sim_cards_load(check_path("templates/messages"), err, &cards) == LOA_OK;
    for (unsigned i = 0; i < err->count; i++)
        print_error("%s: %s\n", err->item[i].pointer, err->item[i].detail);
    errors_free(err);
    return ok ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    template_set_free(texts);
    sim_cards_free(cards);
    return 0;
}

static void check_card(const struct template *t, const char *label, const struct params *p)
{
    struct buf data = BUF_INIT(65536);
    char why[200] = "";
    const char *name = "";

    if (zbs_template_render(t->zbs, p, &data, why, sizeof why) != LOA_OK) {
        buf_clear(&data); /* we refuse it ourselves: it never reaches the provider */
        return;
    }
    rendered++;
    cJSON *o = cJSON_Parse(buf_cstr(&data));
    const struct sim_card *card = sim_cards_find(cards, t->zbs->id);
    check_true(label, card != NULL);
    const char *code = sim_card_check(card, o, &name);
    if (code != NULL)
        fail_msg("%s: %s refused with %s in %s", label, name, code, buf_cstr(&data));
    cJSON_Delete(o);
    buf_clear(&data);
}

/* The message as the driver writes it: the text, and beside it the buttons without a template_type. */
static void check_reply(const struct template *t, const char *label, const struct params *p)
{
    struct text text;
    struct sim_oa_message m;
    char why[200] = "";

    text_message_init(&text);
    if (template_render_one(t, WAY_ZALO_CS, false, p, &text, why, sizeof why) != LOA_OK)
        fail_msg("%s: %s", label, why);
    rendered++;
    cJSON *message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "text", buf_cstr(&text.body));
    if (text.data.len > 0) {
        cJSON *attachment = cJSON_AddObjectToObject(message, "attachment");
        cJSON_AddStringToObject(attachment, "type", "template");
        cJSON_AddItemToObject(cJSON_AddObjectToObject(attachment, "payload"), "buttons",
                              cJSON_Parse(buf_cstr(&text.data)));
    }
    check_str(label, sim_oa_message_check(message, &m), NULL);
    cJSON_Delete(message);
    text_message_clear(&text);
}

static void check_all(enum template_file file,
                      void (*check)(const struct template *, const char *, const struct params *))
{
    char label[200];
    unsigned checked = 0;

    rendered = 0;
    for (enum example which = EXAMPLE_FULL; which <= EXAMPLE_LONGEST; which++) {
        struct params p;
        params_init(&p);
        template_example(texts, which, &p);
        for (unsigned k = 0; k < texts->count; k++) {
            for (unsigned i = 0; i < texts->kind[k].count; i++) {
                const struct template *t = &texts->kind[k].item[i];
                if (t->file != file)
                    continue;
                snprintf(label, sizeof label, "%s, example %d", t->path, which);
                check(t, label, &p);
                checked++;
            }
        }
        params_clear(&p);
    }
    check_true("there are templates, and most can be filled", checked > 0 && rendered * 4 > checked * 3);
}

static void zbs_templates_are_taken(void **state)
{
    (void)state;
    check_all(FILE_ZALO_TEMPLATE, check_card);
}

static void replies_are_taken(void **state)
{
    (void)state;
    check_all(FILE_ZALO_TEXT, check_reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zbs_templates_are_taken),
        cmocka_unit_test(replies_are_taken),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
