#include "loa/app.h"
#include <stdlib.h>
#include <string.h>

/* The program asks first and takes the option out; the subcommand asks again and must hear the same. */
static const char *chosen;

static const char *supported(const char *word)
{
    return word != NULL && strcmp(word, "en") == 0 ? "en" : "vi";
}

const char *app_language(int *argc, char **argv)
{
    static const char option[] = "--lang=";
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        if (strncmp(argv[i], option, sizeof option - 1) == 0)
            chosen = supported(argv[i] + sizeof option - 1);
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    argv[kept] = NULL;
    return chosen != NULL ? chosen : supported(getenv("LOA_LANG"));
}
