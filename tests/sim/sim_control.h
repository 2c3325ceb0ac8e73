/*
 * sim_control - /sim/…: for tests, trainers and the page. Not part of any provider.
 *
 *   POST GET DELETE /sim/faults     what goes wrong (sim_faults.h); DELETE ?id=N or ?provider=W or all
 *   GET /sim/messages?after=&limit= every message taken, in order (sim_truth.c)
 *   GET /sim/stats                  totals per way, callbacks, tokens
 *   POST /sim/reset                 forgets messages, counts and faults; {"people":true} people too
 *   POST GET /sim/users             defines citizens (sim_people.h): one, a list, or {"users":[…]}
 *   POST /sim/act                   a citizen does something (sim_acts.c)
 *   POST GET /sim/templates         {"template_id","status","quality","daily_quota"}
 *   POST GET /sim/settings          the numbers of sim_options.h
 *   GET /sim/view, /sim/mail        for the page (sim_view.c)
 *
 * Errors are 4xx with {"errors":[…]}. A request from another site's page (Origin) is refused.
 */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "sim.h"

void sim_control_start(struct sim *s); /* adds the routes */

typedef void sim_control_fn(struct sim *s, struct http_request *req, const cJSON *body); /* body: POST only */
sim_control_fn sim_truth_messages, sim_truth_stats, sim_act, sim_view, sim_view_mail;

void sim_control_reply(struct http_request *req, int status, cJSON *o); /* frees `o` */
void sim_control_refuse(struct http_request *req, int status, const char *pointer, const char *why,
                        const char *why_vi);

/* The page and its files, read from --web at start. */
enum loa_status sim_pages_start(struct sim *s, struct errors *err);
void sim_pages_free(struct sim_pages *p);

#endif
