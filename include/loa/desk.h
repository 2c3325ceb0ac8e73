/*
 * desk - the page of the officers, live: bot/desk/desk_socket.c describes what is said.
 */
#ifndef LOA_DESK_H
#define LOA_DESK_H

#include "loa/service.h"

void api_desk(struct service *s);  /* adds the routes */
void desk_live(struct service *s); /* once board, chat, roster … are made */

#endif
