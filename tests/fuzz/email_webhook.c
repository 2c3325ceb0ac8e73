/* What the mail server posts to the bounce webhook, addressed rightly and wrongly: events with whole strings,
 * and no ref without a valid mac. */
#include "../../channels/email/email_inside.h"
#include "loa/email_verp.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct email driver = { .bounce_domain = "bounce.test" };
static struct crypto *keys;
static char right_address[EMAIL_VERP_MAX];

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void prepare(void)
{
    char dir[] = "/tmp/loa-fuzz.XXXXXX", path[64];

    must(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/key", dir);
    must(crypto_open(path, &keys) == LOA_OK);
    must(unlink(path) == 0 && rmdir(dir) == 0);
    driver.env.crypto = keys;
    must(outcome_table_load("channels/email/codes.tsv", NULL, &driver.codes) == LOA_OK);
    must(email_verp_make(keys, "abc123", "bounce.test", right_address) == LOA_OK);
}

static void parse(const struct buf *mail, bool addressed)
{
    const struct webhook w = { .body = buf_cstr(mail), .body_len = mail->len };
    struct channel_events ev = { 0 };

    if (email_webhook_parse(&driver, &w, &ev) == LOA_OK)
        must(ev.count >= 1);
    for (unsigned i = 0; i < ev.count; i++) {
        const struct channel_event *e = &ev.item[i];
        must(strcmp(e->ref, addressed ? "abc123" : "") == 0);
        must(strlen(e->dedupe) == 40 && text_is_utf8(e->text, strnlen(e->text, sizeof e->text)));
        must(addressed || e->kind == CE_UNKNOWN);
    }
    channel_events_clear(&ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf mail = BUF_INIT(1 << 20);

    if (keys == NULL)
        prepare();
    buf_add(&mail, data, size);
    parse(&mail, false);
    buf_reset(&mail);
    /* A folded line at the start of the input belongs to the second field, not to the address. */
    buf_printf(&mail, "X-Original-To: %s\r\nReceived: x\r\n", right_address);
    buf_add(&mail, data, size);
    parse(&mail, true);
    buf_clear(&mail);
    return 0;
}
