/*
 * sim_oa_message - is the `message` of a consultation send (/v3.0/oa/message/cs) what Zalo takes?
 *
 * text <= 2,000 characters; or text with <= 5 buttons in an attachment without template_type; or one media
 * element (url or attachment_id, never both; a gif needs width and height); or a file token; or the
 * request for contact details with exactly one element.
 */
#ifndef SIM_OA_MESSAGE_H
#define SIM_OA_MESSAGE_H

#include "loa/json.h"

struct sim_oa_message {           /* borrowed from the tree */
    const char *text;             /* "" when none */
    const cJSON *buttons;         /* array, or NULL */
    const char *image_url;        /* or NULL */
    const char *title, *subtitle; /* of a request for contact details, or NULL */
};

/* NULL when fine, else the OA error code. */
const char *sim_oa_message_check(const cJSON *message, struct sim_oa_message *out);

#endif
