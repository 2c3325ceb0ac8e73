/* guard - ends the WebSockets of sessions that are over; what others use of it stands in staff.h. */
#ifndef STAFF_GUARD_H
#define STAFF_GUARD_H

#include "staff_inside.h"

void guard_start(struct staff *t);
void guard_stop(struct staff *t);

#endif
