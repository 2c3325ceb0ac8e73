/*
 * mem - allocation that cannot fail: running out of memory ends the process, and the journal brings the
 * work back. Sizes that come from outside are checked against a ceiling before they get here.
 */
#ifndef LOA_MEM_H
#define LOA_MEM_H

#include <stddef.h>

void *mem_alloc(size_t bytes);              /* zeroed; caller frees with free() */
void *mem_resize(void *p, size_t bytes);    /* like realloc, new bytes are not zeroed */
char *mem_strdup(const char *s);            /* NULL gives NULL */
char *mem_strndup(const char *s, size_t n); /* at most n bytes, NUL-terminated */

#endif
