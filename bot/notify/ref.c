#include "loa/worker.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NID_LEN (NOTICE_ID_SIZE - 1)

void ref_make(char out[40], const char *nid, unsigned step, unsigned attempt)
{
    snprintf(out, 40, "%.22ss%ut%02u", nid, step % 10, attempt % 1000);
}

bool ref_parse(const char *ref, char nid[NOTICE_ID_SIZE], unsigned *partition, unsigned *step,
               unsigned *attempt)
{
    size_t n = strlen(ref);
    if (n < NID_LEN + 5 || n > NID_LEN + 6 || strspn(ref, "0123456789abcdef") != NID_LEN)
        return false;
    const char *tail = ref + NID_LEN;
    if (tail[0] != 's' || tail[1] < '0' || tail[1] > '9' || tail[2] != 't' ||
        strspn(tail + 3, "0123456789") != strlen(tail + 3))
        return false;
    memcpy(nid, ref, NID_LEN);
    nid[NID_LEN] = '\0';
    *step = (unsigned)(tail[1] - '0');
    *attempt = (unsigned)strtoul(tail + 3, NULL, 10);
    return notice_id_partition(nid, partition);
}
