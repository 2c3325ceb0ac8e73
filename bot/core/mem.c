#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *p)
{
    if (p == NULL) {
        fputs("loa: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *mem_alloc(size_t bytes)
{
    return or_die(calloc(1, bytes ? bytes : 1));
}

void *mem_resize(void *p, size_t bytes)
{
    return or_die(realloc(p, bytes ? bytes : 1));
}

char *mem_strdup(const char *s)
{
    return s == NULL ? NULL : or_die(strdup(s));
}

char *mem_strndup(const char *s, size_t n)
{
    return or_die(strndup(s, n));
}
