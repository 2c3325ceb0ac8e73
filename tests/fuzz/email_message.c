/* Subject, name and bodies as citizens and officers may write them: the mail stays one mail with our header
 * only. */
#include "loa/email_message.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* CRLF only, at most 76 characters, ASCII; header fields are the ones we write. */
static void check_line(const char *line, size_t n, bool in_header)
{
    static const char *const fields[] = { "Date: ",          "From: ",           "To: ",
                                          "Subject: ",       "Message-ID: ",     "MIME-Version: ",
                                          "Content-Type: ",  "Content-Language", "Auto-Submitted: ",
                                          "X-Auto-Response", "Content-Transfer", " " };
    bool known = !in_header;

    must(n <= 76 && memchr(line, '\r', n) == NULL && memchr(line, '\0', n) == NULL);
    for (size_t i = 0; i < n; i++)
        must((unsigned char)line[i] < 0x80);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        known |= n >= strlen(fields[i]) && memcmp(line, fields[i], strlen(fields[i])) == 0;
    must(known);
}

static void check_mail(const struct buf *b)
{
    bool in_header = true;

    for (const char *p = b->data, *end = p + b->len; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        must(nl != NULL && nl > p && nl[-1] == '\r');
        in_header &= nl - 1 > p;
        check_line(p, (size_t)(nl - 1 - p), in_header);
        p = nl + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text t;
    struct buf out = BUF_INIT(EMAIL_MESSAGE_MAX_BYTES);
    struct email_mailbox from = email_mailbox_parse("a@x.vn");
    size_t third = size / 3, name = size < sizeof from.name ? size : sizeof from.name - 1;

    text_message_init(&t);
    buf_add(&t.subject, data, third);
    buf_add(&t.body, data + third, third);
    buf_add(&t.html, data + 2 * third, size - 2 * third);
    char *mailbox = malloc(name + 10);
    memcpy(mailbox, data, name);
    memcpy(mailbox + name, " <b@x.vn>", 10);
    struct email_mailbox named = email_mailbox_parse(mailbox);
    const struct email_message m = { .from = named.address.why == NULL ? &named : &from,
                                     .to = "c@x.vn",
                                     .text = &t,
                                     .ref = "abc",
                                     .date_ms = 1795397400000 };
    if (email_message_build(&m, &out) == LOA_OK)
        check_mail(&out);
    free(mailbox);
    text_message_clear(&t);
    buf_clear(&out);
    return 0;
}
