/* What an intent sees of a turn: payloads, what is remembered and what is written with the commit. */
#include "../../bot/chat/chat_inside.h"
#include "check.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CID "0123456789012345678901234567890123456789"

struct rig { /* a turn without a store: only what needs none is asked of it */
    struct service service;
    struct chat chat;
    struct chat_fields state;
    struct chat_entry entry;
    struct turn *turn;
};

static void open_turn(struct rig *r, enum chat_input_kind kind, const char *text)
{
    char path[256];
    if (r->service.crypto == NULL) {
        snprintf(path, sizeof path, "%s/key", check_tmpdir());
        check_int("key", crypto_open(path, &r->service.crypto), LOA_OK);
        r->service.store = store_new(NULL, NULL, r->service.crypto, 16);
        r->chat.service = &r->service;
    }
    free(r->entry.text);
    r->entry.kind = kind;
    r->entry.text = mem_strdup(text);
    snprintf(r->entry.id, sizeof r->entry.id, "1795410000000-7");
    chat_fields_set(&r->state, "ch", "web", 3);
    r->turn = turn_new(&r->chat, NULL, CID, &r->state, &r->entry);
}

/* As chat_owner.c does after a commit: what was set is the state of the next turn. */
static void commit(struct rig *r)
{
    struct turn *t = r->turn;
    turn_seal_memory(t);
    for (unsigned i = 0; i < t->unsets; i++)
        chat_fields_set(&r->state, t->unset[i], "", 0);
    for (unsigned i = 0; i < t->set.count; i++)
        chat_fields_set(&r->state, t->set.item[i].name, t->set.item[i].value, t->set.item[i].len);
    turn_free(t);
    r->turn = NULL;
}

static void close_rig(struct rig *r)
{
    if (r->turn != NULL)
        turn_free(r->turn);
    chat_fields_clear(&r->state);
    store_free(r->service.store);
    crypto_close(r->service.crypto);
    free(r->entry.text);
}

static void payloads(void **state)
{
    (void)state;
    static const struct {
        const char *label, *text, *word, *want;
        enum chat_input_kind kind;
    } cases[] = {
        { "tapped", "#menu", "menu", "", CHAT_TAP },
        { "typed is the same", "#menu", "menu", "", CHAT_TEXT },
        { "with an argument", "#faq:khai-sinh", "faq", "khai-sinh", CHAT_TAP },
        { "an argument may hold colons", "#faq:a:b", "faq", "a:b", CHAT_TAP },
        { "an empty argument", "#faq:", "faq", "", CHAT_TAP },
        { "another word that begins alike", "#menus", "menu", NULL, CHAT_TAP },
        { "no sign before it", "menu", "menu", NULL, CHAT_TEXT },
        { "inside a sentence", "bấm #menu", "menu", NULL, CHAT_TEXT },
        { "a picture is none", "#menu", "menu", NULL, CHAT_MEDIA },
        { "an officer's words are none", "#menu", "menu", NULL, CHAT_OFFICER },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig r = { 0 };
        open_turn(&r, cases[i].kind, cases[i].text);
        check_str(cases[i].label, turn_payload(r.turn, cases[i].word), cases[i].want);
        close_rig(&r);
    }
}

static void what_is_expected_is_asked_for_once(void **state)
{
    (void)state;
    struct rig r = { 0 };
    char name[24], word[64];
    clock_freeze(1795410000000);
    open_turn(&r, CHAT_TEXT, "mã hồ sơ");
    check_true("nothing at first", !turn_take_expected(r.turn, name, word));
    turn_expect(r.turn, &intent_faq, "code", 60000);
    commit(&r);
    open_turn(&r, CHAT_TEXT, "H27.1");
    check_true("expected", turn_take_expected(r.turn, name, word));
    check_str("of whom", name, "faq");
    check_str("what", word, "code");
    commit(&r);
    open_turn(&r, CHAT_TEXT, "H27.1");
    check_true("only once", !turn_take_expected(r.turn, name, word));
    turn_expect(r.turn, &intent_faq, "code", 60000);
    commit(&r);
    clock_advance(60001);
    open_turn(&r, CHAT_TEXT, "H27.1");
    check_true("too late", !turn_take_expected(r.turn, name, word));
    clock_thaw();
    close_rig(&r);
}

static void memory_is_kept_and_forgotten(void **state)
{
    (void)state;
    struct rig r = { 0 };
    open_turn(&r, CHAT_TEXT, "a");
    cJSON_AddStringToObject(turn_memory(r.turn, &intent_faq), "id", "khai-sinh");
    cJSON_AddStringToObject(turn_memory(r.turn, &intent_talk), "x", "y");
    commit(&r);
    check_true("sealed in the state", strstr(chat_fields_get(&r.state, "dg", NULL), "khai-sinh") == NULL);
    open_turn(&r, CHAT_TEXT, "b");
    check_str("kept", json_str(turn_memory(r.turn, &intent_faq), "id"), "khai-sinh");
    turn_forget(r.turn, &intent_faq);
    commit(&r);
    open_turn(&r, CHAT_TEXT, "c");
    check_str("forgotten", json_str(turn_memory(r.turn, &intent_faq), "id"), NULL);
    check_str("the other one stays", json_str(turn_memory(r.turn, &intent_talk), "x"), "y");
    turn_seal_memory(r.turn);
    check_int("unchanged memory is not written again", r.turn->set.count, 0);
    close_rig(&r);
}

static void too_much_memory_is_dropped(void **state)
{
    (void)state;
    struct rig r = { 0 };
    open_turn(&r, CHAT_TEXT, "a");
    cJSON_AddStringToObject(turn_memory(r.turn, &intent_faq), "long", check_repeat("x", CHAT_MEMORY_MAX));
    commit(&r);
    check_str("the dialog begins anew", chat_fields_get(&r.state, "dg", NULL), "");
    close_rig(&r);
}

static void fields_are_set_and_deleted(void **state)
{
    (void)state;
    struct rig r = { 0 };
    open_turn(&r, CHAT_TEXT, "a");
    turn_set(r.turn, "md", "wait");
    turn_set(r.turn, "dk", "mot-cua");
    turn_set(r.turn, "dk", "");
    check_int("what was never there need not be deleted", r.turn->unsets, 0);
    commit(&r);
    open_turn(&r, CHAT_TEXT, "b");
    check_str("mode", turn_mode(r.turn), "wait");
    turn_set(r.turn, "md", "");
    check_int("to be deleted", r.turn->unsets, 1);
    turn_set(r.turn, "md", "talk");
    check_int("or not after all", r.turn->unsets, 0);
    turn_set(r.turn, "md", "");
    commit(&r);
    open_turn(&r, CHAT_TEXT, "c");
    check_str("gone", turn_mode(r.turn), "bot");
    close_rig(&r);
}

static void proof_holds_for_a_while(void **state)
{
    (void)state;
    struct rig r = { 0 };
    clock_freeze(1795410000000);
    open_turn(&r, CHAT_TEXT, "a");
    check_str("nobody", turn_proven(r.turn), "");
    turn_prove(r.turn, CID, clock_wall_ms() + 1000);
    check_str("at once", turn_proven(r.turn), CID);
    commit(&r);
    open_turn(&r, CHAT_TEXT, "b");
    check_str("still", turn_proven(r.turn), CID);
    clock_advance(1001);
    check_str("over", turn_proven(r.turn), "");
    snprintf(r.entry.who, sizeof r.entry.who, "%s", "abc");
    check_str("the portal's session says so itself", turn_proven(r.turn), "abc");
    clock_thaw();
    close_rig(&r);
}

static void lines_have_limits(void **state)
{
    (void)state;
    struct rig r = { 0 };
    struct buf json = BUF_INIT(65536);
    open_turn(&r, CHAT_TEXT, "a");
    for (int i = 0; i < TURN_LINES_MAX + 3; i++)
        turn_say_plain(r.turn, "x\"<b>");
    check_int("lines", r.turn->lines, TURN_LINES_MAX);
    for (int i = 0; i < CHAT_BUTTONS_MAX + 3; i++)
        turn_button(r.turn, "Nút", "#a");
    turn_button_url(r.turn, "Cổng", "https://example.vn");
    line_json(r.turn->line[TURN_LINES_MAX - 1], &json);
    cJSON *j = cJSON_Parse(buf_cstr(&json));
    check_str("text", json_str(j, "text"), "x\"<b>");
    check_int("buttons", cJSON_GetArraySize(json_get(j, "buttons")), CHAT_BUTTONS_MAX);
    cJSON_Delete(j);
    buf_clear(&json);
    close_rig(&r);
}

static void numbers_of_inputs_without_a_line_stay_the_same(void **state)
{
    (void)state;
    struct rig r = { 0 };
    open_turn(&r, CHAT_FOLLOW, "");
    check_int("from its place in the stream", turn_seq(r.turn), 1795410000000007);
    r.entry.seq = 12;
    check_int("else its number", turn_seq(r.turn), 12);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads),
        cmocka_unit_test(what_is_expected_is_asked_for_once),
        cmocka_unit_test(memory_is_kept_and_forgotten),
        cmocka_unit_test(too_much_memory_is_dropped),
        cmocka_unit_test(fields_are_set_and_deleted),
        cmocka_unit_test(proof_holds_for_a_while),
        cmocka_unit_test(lines_have_limits),
        cmocka_unit_test(numbers_of_inputs_without_a_line_stay_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
