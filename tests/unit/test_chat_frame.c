/* What a page may say in the web chat, and what it is told about the rest. */
#include "check.h"
#include "loa/chat_frame.h"
#include <stdio.h>
#include <string.h>

#define HELLO "{\"type\":\"hello\""
#define SAY   "{\"type\":\"say\",\"id\":\"a-1\""
#define TAP   "{\"type\":\"tap\",\"id\":\"a-2\""
#define RATE  "{\"type\":\"rate\",\"id\":\"a-3\""

static const struct {
    const char *label, *in, *wrong; /* wrong NULL: good */
    enum chat_frame_kind kind;
    const char *text, *id;
} cases[] = {
    { "a question", SAY ",\"text\":\"Làm khai sinh ở đâu?\"}", NULL, FRAME_SAY, "Làm khai sinh ở đâu?",
      "a-1" },
    { "members nobody knows", SAY ",\"text\":\"a\",\"x\":[{}]}", NULL, FRAME_SAY, "a", "a-1" },
    { "emoji and bidi are text", SAY ",\"text\":\"😀\u202e\"}", NULL, FRAME_SAY, "😀\u202e", "a-1" },
    { "markup is text", SAY ",\"text\":\"<script>\"}", NULL, FRAME_SAY, "<script>", "a-1" },
    { "no text", SAY "}", "empty", FRAME_SAY, "", "a-1" },
    { "null text", SAY ",\"text\":null}", "empty", FRAME_SAY, "", "a-1" },
    { "only spaces", SAY ",\"text\":\" \\n\\t \"}", "empty", FRAME_SAY, NULL, "a-1" },
    { "text is a number", SAY ",\"text\":7}", "bad_message", FRAME_SAY, NULL, "a-1" },
    { "text is a list", SAY ",\"text\":[\"a\"]}", "bad_message", FRAME_SAY, NULL, "a-1" },
    { "text is an object", SAY ",\"text\":{}}", "bad_message", FRAME_SAY, NULL, "a-1" },
    { "no id", "{\"type\":\"say\",\"text\":\"a\"}", "bad_id", FRAME_SAY, NULL, "" },
    { "the id is a number", "{\"type\":\"say\",\"id\":1,\"text\":\"a\"}", "bad_id", FRAME_SAY, NULL, "" },
    { "the id has a space", "{\"type\":\"say\",\"id\":\"a b\",\"text\":\"a\"}", "bad_id", FRAME_SAY, NULL,
      "" },
    { "the id has 41 letters",
      "{\"type\":\"say\",\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"text\":\"a\"}", "bad_id",
      FRAME_SAY, NULL, "" },
    { "a button", TAP ",\"payload\":\"#faq:1\",\"title\":\"Có\"}", NULL, FRAME_TAP, "#faq:1", "a-2" },
    { "a button without title", TAP ",\"payload\":\"#yes\"}", NULL, FRAME_TAP, "#yes", "a-2" },
    { "a button without payload", TAP "}", "bad_payload", FRAME_TAP, NULL, "a-2" },
    { "the payload is an object", TAP ",\"payload\":{\"a\":1}}", "bad_payload", FRAME_TAP, NULL, "a-2" },
    { "five", RATE ",\"value\":5}", NULL, FRAME_RATE, "5", "a-3" },
    { "one as text", RATE ",\"value\":\"1\"}", NULL, FRAME_RATE, "1", "a-3" },
    { "six", RATE ",\"value\":6}", "bad_rating", FRAME_RATE, NULL, "a-3" },
    { "zero", RATE ",\"value\":0}", "bad_rating", FRAME_RATE, NULL, "a-3" },
    { "half", RATE ",\"value\":2.5}", "bad_rating", FRAME_RATE, NULL, "a-3" },
    { "no stars", RATE "}", "bad_rating", FRAME_RATE, NULL, "a-3" },
    { "typing", "{\"type\":\"typing\"}", NULL, FRAME_TYPING, "", "" },
    { "hello", HELLO "}", NULL, FRAME_HELLO, "", "" },
    { "the token is a number", HELLO ",\"token\":1}", "bad_hello", FRAME_HELLO, NULL, "" },
    { "the session is a list", HELLO ",\"session\":[]}", "bad_hello", FRAME_HELLO, NULL, "" },
    { "the unit is too long",
      HELLO ",\"unit\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "bad_hello",
      FRAME_HELLO, NULL, "" },
    { "no type", "{\"id\":\"a-1\"}", "unknown_type", FRAME_HELLO, NULL, "a-1" },
    { "another type", "{\"type\":\"ready\"}", "unknown_type", FRAME_HELLO, NULL, "" },
    { "the type is a number", "{\"type\":1}", "unknown_type", FRAME_HELLO, NULL, "" },
    { "a list", "[]", "bad_message", FRAME_HELLO, NULL, "" },
    { "a string", "\"say\"", "bad_message", FRAME_HELLO, NULL, "" },
    { "nothing", "", "bad_message", FRAME_HELLO, NULL, "" },
    { "half of it", "{\"type\":\"say\"", "bad_message", FRAME_HELLO, NULL, "" },
    { "something after it", "{\"type\":\"typing\"} x", "bad_message", FRAME_HELLO, NULL, "" },
    { "broken UTF-8", SAY ",\"text\":\"\xc3(\"}", "bad_message", FRAME_HELLO, NULL, "" },
    { "half a surrogate", SAY ",\"text\":\"\\ud800\"}", "bad_message", FRAME_HELLO, NULL, "" },
};

static void each_frame_is_read_or_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct chat_frame f;
        const char *wrong = chat_frame_read(cases[i].in, strlen(cases[i].in), &f);
        check_str(cases[i].label, wrong, cases[i].wrong);
        check_str(cases[i].label, f.id, cases[i].id);
        if (wrong == NULL)
            check_int(cases[i].label, f.kind, cases[i].kind);
        if (cases[i].text != NULL)
            check_str(cases[i].label, f.text, cases[i].text);
        chat_frame_clear(&f);
    }
}

static void hello_says_who_and_how_far(void **state)
{
    (void)state;
    static const struct {
        const char *label, *offset;
        long long want;
    } offsets[] = {
        { "absent", "", 0 },
        { "a number", ",\"offset\":17", 17 },
        { "negative", ",\"offset\":-1", 1LL << 53 },
        { "beyond counting", ",\"offset\":9223372036854775807", 0 },
        { "a word", ",\"offset\":\"x\"", 0 },
    };
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        char in[256];
        struct chat_frame f;
        snprintf(in, sizeof in, HELLO ",\"token\":\"t\",\"epoch\":\"e\",\"unit\":\"u\"%s}",
                 offsets[i].offset);
        check_str(offsets[i].label, chat_frame_read(in, strlen(in), &f), NULL);
        check_int(offsets[i].label, f.offset, offsets[i].want);
        check_str("token", f.token, "t");
        check_str("epoch", f.epoch, "e");
        check_str("unit", f.unit, "u");
        chat_frame_clear(&f);
    }
}

static void too_long_is_not_even_parsed(void **state)
{
    (void)state;
    struct chat_frame f;
    const char *text = check_repeat("a", 100000);
    check_str("100 kB", chat_frame_read(text, 100000, &f), "bad_message");
    chat_frame_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_frame_is_read_or_named),
        cmocka_unit_test(hello_says_who_and_how_far),
        cmocka_unit_test(too_long_is_not_even_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
