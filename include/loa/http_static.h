/*
 * http_static - the files of one directory (templates/web), read into memory once and served from there.
 *
 * Each file is known by its path below the directory ("desk.html", "img/logo.svg") and carries its content
 * type, an ETag (from its SHA-256) and, where it helps, a gzip copy. Hidden files and links out of the
 * directory are left out. Limits: 4 MB a file, 32 MB and 1000 files in all. Nothing is read while serving, so
 * no name, however odd, reaches the file system.
 */
#ifndef LOA_HTTP_STATIC_H
#define LOA_HTTP_STATIC_H

#include "loa/http_server.h"

struct http_static;

/* LOA_NOT_FOUND, LOA_IO, LOA_TOO_BIG with a sentence in `why`. */
enum loa_status http_static_load(const char *dir, char *why, size_t why_size, struct http_static **out);
void http_static_free(struct http_static *f);
/* Reads the directory again; on failure everything stays as it was. */
enum loa_status http_static_reload(struct http_static *f, char *why, size_t why_size);

/* Answers with the file: 200 or, when the client has it already, 304. `cache_control` NULL means "no-cache":
 * keep it, ask each time. False, and no answer, when there is no such file. */
bool http_static_reply(const struct http_static *f, struct http_request *r, const char *name,
                       const char *cache_control);
/* The content, for pages that are filled in before they go out; NULL when there is no such file. Valid until
 * the next reload. */
const char *http_static_text(const struct http_static *f, const char *name, size_t *len);

#endif
