/*
 * clock - the only source of time. Wall time is Unix milliseconds (UTC); monotonic time never goes back
 * and is only good for differences. Tests and training replace both: after clock_freeze() time stands
 * still until clock_advance().
 */
#ifndef LOA_CLOCK_H
#define LOA_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
void clock_freeze(int64_t wall_ms); /* tests: stand still at this wall time */
void clock_advance(int64_t ms);     /* tests: move both clocks forward */
void clock_thaw(void);

#endif
