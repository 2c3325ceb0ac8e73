#include "check.h"
#include "loa/buf.h"
#include "loa/csv.h"
#include <string.h>

/* Rows apart by "/", cells by "|", each row begun by its line; "!" where the text is broken. */
static void print_rows(const char *text, struct buf *out)
{
    struct buf copy = BUF_INIT(4096);
    struct csv c;
    char *cell[4];
    unsigned count;
    enum csv_result r;
    buf_str(&copy, text);
    buf_str(&copy, " ");
    copy.data[--copy.len] = '\0';
    csv_init(&c, copy.data, copy.len);
    while ((r = csv_next(&c, cell, 4, &count)) == CSV_ROW) {
        buf_printf(out, "%s%u:", out->len > 0 ? "/" : "", c.line);
        for (unsigned i = 0; i < count; i++)
            buf_printf(out, "%s%s", i ? "|" : "", i < 4 ? cell[i] : "…");
    }
    buf_str(out, r == CSV_BROKEN ? "!" : "");
    buf_clear(&copy);
}

static void tables(void **state)
{
    (void)state;
    static const struct {
        const char *label, *in, *want;
    } cases[] = {
        { "commas", "a,b\n1,2\n", "1:a|b/2:1|2" },
        { "semicolons", "a;b\n1,5;2\n", "1:a|b/2:1,5|2" },
        { "tabs", "a\tb\n1\t2", "1:a|b/2:1|2" },
        { "byte order mark",
          "\xef\xbb\xbf"
          "a,b\n",
          "1:a|b" },
        { "CR LF and CR", "a,b\r\n1,2\r3,4", "1:a|b/2:1|2/3:3|4" },
        { "quoted separators and quotes", "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "1:a|b/2:x,y|say \"hi\"" },
        { "a line end inside quotes keeps the count of lines", "a,b\n\"x\ny\",2\n3,4",
          "1:a|b/2:x\ny|2/4:3|4" },
        { "a quoted separator does not decide", "\"a;b;c\",d\n1,2", "1:a;b;c|d/2:1|2" },
        { "blanks outside quotes do not count", " a , \" b \" \n", "1:a| b " },
        { "empty cells", ",,\n", "1:||" },
        { "empty lines are passed over", "a\n\n\r\nb\n", "1:a/4:b" },
        { "more cells than room", "1,2,3,4,5", "1:1|2|3|4|…" },
        { "one cell, no line end", "a", "1:a" },
        { "nothing", "", "" },
        { "only a mark", "\xef\xbb\xbf", "" },
        { "quote never closed", "a\n\"x", "1:a!" },
        { "text after a quote", "a\n\"x\"y,z", "1:a!" },
        { "a quote in the middle is text", "5\" pipe,b", "1:5\" pipe|b" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = BUF_INIT(4096);
        print_rows(cases[i].in, &out);
        check_str(cases[i].label, buf_cstr(&out), cases[i].want);
        buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(tables) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
