/*
 * problem - error answers as application/problem+json (RFC 9457), one shape for the whole program:
 *
 *   {"type":"urn:loa:problem:CODE","title":…,"status":…,"code":CODE,"detail_vi":…,"errors":[…],"trace_id":…}
 *
 * `code` is the stable word that machines read; `title` is the English sentence for developers, `detail_vi`
 * the Vietnamese one for people; `errors` lists the faults of the input, one per field.
 */
#ifndef LOA_PROBLEM_H
#define LOA_PROBLEM_H

#include "loa/errors.h"
#include "loa/http_server.h"

/* Answers the request, as http_reply() does. `errors` may be NULL or empty. 429 and 503 get `Retry-After: 5`
 * unless http_reply_header() set another. */
void problem_reply(struct http_request *r, int status, const char *code, const char *title_en,
                   const char *detail_vi, const struct errors *errors);

#endif
