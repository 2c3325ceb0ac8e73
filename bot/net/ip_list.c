#include "loa/ip_list.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_BITS   128
#define IPV4_LEAD_BITS 96
static const unsigned char ipv4_lead[12] = { [10] = 0xff, [11] = 0xff };

/* Sets *own_bits to the width of the address as it was written: 32 or 128. */
static bool read_address(const char *s, unsigned char out[16], unsigned *own_bits)
{
    memcpy(out, ipv4_lead, sizeof ipv4_lead);
    *own_bits = ADDRESS_BITS - IPV4_LEAD_BITS;
    if (inet_pton(AF_INET, s, out + sizeof ipv4_lead) == 1)
        return true;
    *own_bits = ADDRESS_BITS;
    return inet_pton(AF_INET6, s, out) == 1;
}

/* Digits alone, at most `max`. */
static bool read_bits(const char *s, unsigned max, unsigned *out)
{
    size_t digits = strspn(s, "0123456789");
    if (digits == 0 || digits > 3 || s[digits] != '\0')
        return false;
    *out = (unsigned)strtoul(s, NULL, 10);
    return *out <= max;
}

static bool read_net(char *s, struct ip_list *out)
{
    unsigned own_bits, bits;
    char *slash = strchr(s, '/');
    if (slash != NULL)
        *slash = '\0';
    if (out->count == IP_LIST_MAX || !read_address(s, out->net[out->count].address, &own_bits))
        return false;
    bits = own_bits;
    if (slash != NULL && !read_bits(slash + 1, own_bits, &bits))
        return false;
    out->net[out->count++].bits = bits + ADDRESS_BITS - own_bits;
    return true;
}

bool ip_list_parse(const char *text, struct ip_list *out, char *bad, size_t bad_size)
{
    out->count = 0;
    while (*(text += strspn(text, " ,")) != '\0') {
        size_t n = strcspn(text, " ,");
        char part[64];
        snprintf(part, sizeof part, "%.*s", (int)(n < sizeof part ? n : sizeof part), text);
        if (n >= sizeof part || !read_net(part, out)) {
            snprintf(bad, bad_size, "%.*s", (int)n, text);
            return false;
        }
        text += n;
    }
    return true;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool ip_list_has(const struct ip_list *l, const char *ip)
{
    unsigned char address[16];
    unsigned own_bits;
    if (!read_address(ip, address, &own_bits))
        return false;
    for (unsigned i = 0; i < l->count; i++)
        if (same_bits(address, l->net[i].address, l->net[i].bits))
            return true;
    return false;
}

static bool is_this_machine(const char *peer)
{
    return strcmp(peer, "unix") == 0 || strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 ||
           strncmp(peer, "::ffff:127.", 11) == 0;
}

void ip_of_caller(const char *peer, const char *forwarded_for, char out[64])
{
    const char *ip = peer != NULL ? peer : "";
    if (is_this_machine(ip) && forwarded_for != NULL) {
        const char *comma = strrchr(forwarded_for, ',');
        ip = comma != NULL ? comma + 1 : forwarded_for;
        ip += strspn(ip, " ");
    }
    size_t n = strcspn(ip, " ");
    snprintf(out, 64, "%.*s", (int)n, ip);
}
