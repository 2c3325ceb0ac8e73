/*
 * sim_sms_templates - the SMS texts a brandname has registered, one per line, `#` starts a comment.
 *
 * {P1,20} stands for 1 to 20 characters, as in eSMS' GetTemplate. Everything else must be there to the
 * letter.
 */
#ifndef SIM_SMS_TEMPLATES_H
#define SIM_SMS_TEMPLATES_H

#include "loa/errors.h"
#include <stdbool.h>

#define SIM_SMS_CONTENT_MAX 2048 /* bytes */

struct sim_sms_templates;
enum loa_status sim_sms_templates_load(const char *path, struct errors *err, struct sim_sms_templates **out);
void sim_sms_templates_free(struct sim_sms_templates *t);
/* Does one of them fit? NULL fits everything. */
bool sim_sms_templates_fit(const struct sim_sms_templates *t, const char *content);
bool sim_sms_template_fits(const char *pattern, const char *content);

#endif
