/*
 * app - the subcommands of the program. Each takes argv from its own name on and returns the exit status:
 * 0 done, 1 the work failed, 2 wrong usage.
 */
#ifndef LOA_APP_H
#define LOA_APP_H

int app_serve(int argc, char **argv);  /* bot/serve.c */
int app_check(int argc, char **argv);  /* bot/check.c */
int app_key(int argc, char **argv);    /* bot/api/key_command.c */
int app_staff(int argc, char **argv);  /* bot/staff/staff_command.c */
int app_faq(int argc, char **argv);    /* bot/chat/faq_command.c */
int app_ledger(int argc, char **argv); /* bot/report/ledger_command.c */
int app_reach(int argc, char **argv);  /* bot/report/reach_command.c */
int app_sim(int argc, char **argv);    /* tests/sim/sim.c */

/* "vi" (default) or "en", from --lang=… anywhere in argv, which it removes; else LOA_LANG. */
const char *app_language(int *argc, char **argv);

#endif
