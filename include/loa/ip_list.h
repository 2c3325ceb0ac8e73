/*
 * ip_list - addresses and networks that may call: "203.0.113.7, 198.51.100.0/24, 2001:db8::/32".
 * An IPv4 address written inside IPv6 (::ffff:203.0.113.7) counts as IPv4.
 */
#ifndef LOA_IP_LIST_H
#define LOA_IP_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define IP_LIST_MAX 64

struct ip_list {
    struct {
        unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
        unsigned bits;             /* of the 128 that must agree */
    } net[IP_LIST_MAX];
    unsigned count;
};

/* Separated by commas or spaces. On false `bad` gets the part that is no address (cut to fit). */
bool ip_list_parse(const char *text, struct ip_list *out, char *bad, size_t bad_size);
bool ip_list_has(const struct ip_list *l, const char *ip); /* false for what is no address */

/* Who really called: `peer`, or what a proxy on this machine (loopback, unix socket) says in the last
 * element of X-Forwarded-For. "" when unknown. */
void ip_of_caller(const char *peer, const char *forwarded_for, char out[64]);

#endif
