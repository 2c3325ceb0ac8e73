/*
 * script - the Redis scripts built into the program (bot/store/<name>.lua): one state transition each.
 */
#ifndef LOA_SCRIPT_H
#define LOA_SCRIPT_H

struct script_source {
    const char *name, *text;
};
extern const struct script_source script_sources[];
extern const unsigned script_source_count;

#endif
