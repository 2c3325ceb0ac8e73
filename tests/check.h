/*
 * check - a little over cmocka: table-driven cases that say label, got and want when they fail.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

/* Fails the running test, with the label of the case, unless both are equal. NULL equals only NULL. */
void check_str(const char *label, const char *got, const char *want);
void check_int(const char *label, long long got, long long want);
void check_true(const char *label, bool got);

struct loop;
/* Turns the loop until *flag is true; fails the test after `deadline_ms` of real time. */
void check_wait(struct loop *l, const bool *flag, int deadline_ms, const char *label);
/* Makes a new directory under TMPDIR, removed when the test process ends. Never NULL. */
const char *check_tmpdir(void);
/* Writes a file under check_tmpdir(); its path, good until the next call. */
const char *check_file(const char *name, const char *content);
/* `letter` so many times, good until the next call. */
const char *check_repeat(const char *letter, unsigned times);
/* Path of a file of the repository: tests run from its root or with LOA_ROOT set. */
const char *check_path(const char *relative);

#endif
