/* An address that is taken is safe on an SMTP line, and parses to itself. */
#include "loa/mail_address.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct mail_address m = mail_address_parse((const char *)data, size);
    if (m.why != NULL)
        return m.address[0] == '\0' ? 0 : (abort(), 0);
    if (strpbrk(m.address, "\r\n\t <>\"\\(),:;[]%!") != NULL || strlen(m.address) > 254)
        abort();
    struct mail_address again = mail_address_parse(m.address, strlen(m.address));
    if (strcmp(again.address, m.address) != 0)
        abort();
    char masked[16];
    mail_address_mask(m.address, masked, sizeof masked);
    return 0;
}
