/* Reply lines of any server, and texts on their way out: strings stay whole, and a mail ends where we end it.
 */
#include "../../bot/net/smtp_inside.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_reply(const uint8_t *data, size_t size)
{
    struct smtp_answer a = { 0 };
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    struct smtp_line line = smtp_line_parse(text);
    must(line.code >= 0 && line.code <= 999);
    smtp_answer_fill(&a, &line);
    must(memchr(a.text, '\0', sizeof a.text) != NULL && memchr(a.enhanced, '\0', sizeof a.enhanced) != NULL);
    must(memchr(a.queue_id, '\0', sizeof a.queue_id) != NULL && strpbrk(a.text, "\r\n") == NULL);
    free(text);
}

static void check_wire(const uint8_t *data, size_t size)
{
    struct buf wire = BUF_INIT(1 << 20);

    if (smtp_wire_text(&wire, (const char *)data, size)) {
        const char *dot = wire.len > 3 ? memmem(wire.data, wire.len, "\r\n.\r\n", 5) : NULL;
        must(dot == NULL || dot + 5 == wire.data + wire.len);
        must(memcmp(wire.data + wire.len - 3, ".\r\n", 3) == 0);
        for (size_t i = 0; i < wire.len; i++) {
            must(wire.data[i] != '\n' || (i > 0 && wire.data[i - 1] == '\r'));
            must(wire.data[i] != '\r' || wire.data[i + 1] == '\n');
        }
        must(wire.len < 4 || memcmp(wire.data, ".\r\n", 3) != 0);
    }
    buf_clear(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_reply(data, size);
    check_wire(data, size);
    return 0;
}
