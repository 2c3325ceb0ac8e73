#include "check.h"
#include "sim/sim_ledger.h"
#include "sim/sim_threads.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t add(struct sim_ledger *l, enum sim_way way, const char *address, const char *ref,
                    const char *content)
{
    return sim_ledger_add(l, &(struct sim_arrival){ .way = way,
                                                    .address = address,
                                                    .ref = ref,
                                                    .content = content,
                                                    .price_vnd = 300,
                                                    .now_ms = 1000 });
}

static void repeats_are_counted(void **state)
{
    static const struct {
        const char *label, *address, *ref, *content;
        unsigned distinct, repeated, same_words;
    } cases[] = {
        { "the first", "84912345678", "a", "x", 1, 0, 0 },
        { "another", "84912345678", "b", "y", 2, 0, 0 },
        { "the same reference", "84912345678", "b", "z", 2, 1, 0 },
        { "the same words to another address", "84912345670", "c", "x", 3, 1, 0 },
        { "the same words to the same address", "84912345678", "d", "x", 4, 1, 1 },
        { "no reference counts for none", "84912345678", "", "w", 4, 1, 1 },
    };
    struct sim_ledger l;
    (void)state;
    sim_ledger_init(&l, 7);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        add(&l, SIM_ZBS, cases[i].address, cases[i].ref, cases[i].content);
        check_int(cases[i].label, l.total[SIM_ZBS].distinct_refs, cases[i].distinct);
        check_int(cases[i].label, l.total[SIM_ZBS].repeated_refs, cases[i].repeated);
        check_int(cases[i].label, l.total[SIM_ZBS].repeated_contents, cases[i].same_words);
    }
    add(&l, SIM_ESMS, "84912345678", "a", "x");
    check_int("ways are counted apart", l.total[SIM_ESMS].repeated_refs, 0);
    check_int("money", l.total[SIM_ZBS].cost_vnd, 1800);
    check_int("latest of a reference", sim_ledger_find_ref(&l, SIM_ZBS, "b"), 3);
    check_int("unknown reference", sim_ledger_find_ref(&l, SIM_ZBS, "nothing"), 0);
    sim_ledger_clear(&l);
}

static void ids_find_their_message(void **state)
{
    struct sim_ledger l;
    char id[SIM_ID_MAX], other[SIM_ID_MAX];
    (void)state;
    sim_ledger_init(&l, 0x12345678);
    for (int n = 0; n < 3000; n++)
        add(&l, n % SIM_MESSAGE_WAYS, "84912345678", "r", "x");
    for (uint32_t seq = 1; seq <= 3000; seq += 7) {
        enum sim_way way = sim_ledger_get(&l, seq)->way;
        sim_message_id(&l, seq, way, id);
        check_int(id, sim_message_find(&l, way, id), seq);
    }
    sim_message_id(&l, 3, SIM_ZBS, id);
    snprintf(other, sizeof other, "%.19s%c", id, id[19] == '0' ? '1' : '0');
    check_int("a changed id", sim_message_find(&l, SIM_ZBS, other), 0);
    check_int("another way", sim_message_find(&l, SIM_CS, id), 0);
    check_int("no id at all", sim_message_find(&l, SIM_ZBS, ""), 0);
    check_int("words", sim_message_find(&l, SIM_ESMS, "hello"), 0);
    sim_ledger_clear(&l);
}

static void states_move_once(void **state)
{
    struct sim_ledger l;
    (void)state;
    sim_ledger_init(&l, 1);
    uint32_t seq = add(&l, SIM_CS, "u", "", "x");
    sim_ledger_delivered(&l, seq, 2000);
    sim_ledger_delivered(&l, seq, 3000);
    sim_ledger_seen(&l, seq, 4000);
    sim_ledger_seen(&l, 99, 4000);
    check_int("the first time counts", sim_ledger_get(&l, seq)->delivered_ms, 2000);
    check_int("delivered once", l.total[SIM_CS].delivered, 1);
    check_int("seen once", l.total[SIM_CS].seen, 1);
    check_true("nobody", sim_ledger_get(&l, 0) == NULL && sim_ledger_get(&l, 2) == NULL);
    sim_ledger_clear(&l);
}

static void a_million_numbers_fit(void **state)
{
    struct sim_map m = { 0 };
    (void)state;
    for (uint32_t i = 1; i <= 100000; i++)
        *sim_map_at(&m, sim_hash("n", "x", NULL) * i | 1) = i;
    check_int("kept", sim_map_get(&m, sim_hash("n", "x", NULL) * 77777 | 1), 77777);
    check_int("never kept", sim_map_get(&m, sim_hash("n", "y", NULL)), 0);
    check_true("apart", sim_hash("d", "ab", "c") != sim_hash("d", "a", "bc"));
    sim_map_clear(&m);
}

static void old_texts_go(void **state)
{
    struct sim_threads t;
    char text[32];
    (void)state;
    sim_threads_init(&t);
    for (uint32_t i = 1; i <= SIM_THREADS_ENTRIES + 10; i++) {
        snprintf(text, sizeof text, "text %u", i);
        sim_threads_add(&t, &(struct sim_entry){ .message = i, .text = text });
    }
    check_true("the oldest are gone", sim_threads_get(&t, 10) == NULL);
    check_str("the eleventh is the oldest", sim_threads_get(&t, 11)->text, "text 11");
    check_str("by message", sim_threads_of_message(&t, 5010)->text, "text 5010");
    check_true("by a message that is gone", sim_threads_of_message(&t, 3) == NULL);

    char *big = malloc(SIM_THREADS_BYTES / 4 + 1);
    memset(big, 'x', SIM_THREADS_BYTES / 4);
    big[SIM_THREADS_BYTES / 4] = '\0';
    for (int i = 0; i < 6; i++)
        sim_threads_add(&t, &(struct sim_entry){ .html = big });
    check_true("bytes have a ceiling too", t.bytes <= SIM_THREADS_BYTES && t.next - t.first <= 4);
    free(big);
    sim_threads_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_are_counted), cmocka_unit_test(ids_find_their_message),
        cmocka_unit_test(states_move_once),    cmocka_unit_test(a_million_numbers_fit),
        cmocka_unit_test(old_texts_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
