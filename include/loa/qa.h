/*
 * qa - questions and answers the office makes public, for everybody to read and search.
 *
 * Written by one person, published by another; texts that hold a phone number, the number of a paper, a
 * dossier code or an e-mail address are refused (personal.h). Each process keeps what is public in memory and
 * asks the store at most every two seconds whether that has changed. Records: bot/store/qa_put.lua.
 *
 *   GET  /v1/qa?unit=&q=&after=&limit=   public, newest first; every word of `q` must occur, marks or not
 *   GET  /desk/qa?state=                 all of them, newest first
 *   POST /desk/qa                        {"question","answer","unit","case"} -> {"id"}; case: its number
 *   POST /desk/qa/{id}                   the same; changes a draft, or one that was taken back
 *   POST /desk/qa/{id}/publish           lead or editor, not who wrote it
 *   POST /desk/qa/{id}/withdraw          lead or editor
 */
#ifndef LOA_QA_H
#define LOA_QA_H

#include "loa/service.h"

struct qa;
void qa_changed(struct qa *q); /* look again before the next answer */
void qa_free(struct qa *q);

void api_qa(struct service *s);      /* bot/api/qa_api.c, for everybody; sets s->qa */
void api_qa_desk(struct service *s); /* bot/api/qa_desk.c */

#endif
