/*
 * faq - how fast questions are answered in process.
 *
 *   faq FAQ_DIR LABELLED_FILE ROUNDS     one question per line, up to the first TAB
 *
 * Prints one JSON object: questions asked, how many per second, the quantiles of one.
 */
#include "loa/faq.h"
#include "wire.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 4096

static struct {
    char **question;
    size_t count;
} Q;

static bool read_questions(const char *path)
{
    char line[LINE_BYTES];
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\t\n")] = '\0';
        Q.question = realloc(Q.question, (Q.count + 1) * sizeof *Q.question);
        if (Q.question == NULL)
            return false;
        Q.question[Q.count++] = strdup(line);
    }
    if (f != NULL)
        fclose(f);
    return Q.count > 0;
}

static int64_t ask_all(struct faq *f, int64_t *took_us)
{
    struct faq_answer a;
    int64_t begun = wire_now_us();
    for (size_t i = 0; i < Q.count; i++) {
        int64_t at = wire_now_us();
        faq_ask_briefly(f, Q.question[i], strlen(Q.question[i]), &a);
        if (took_us != NULL)
            took_us[i] = wire_now_us() - at;
    }
    return wire_now_us() - begun;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct faq *f = NULL;
    struct errors *err = errors_new();
    if (argc != 4 || !read_questions(argv[2]) || faq_load(argv[1], err, &f) != LOA_OK) {
        fprintf(stderr, "usage: faq FAQ_DIR LABELLED_FILE ROUNDS\n");
        return 2;
    }
    size_t rounds = strtoul(argv[3], NULL, 10), n = rounds * Q.count;
    int64_t total_us = 0, *took_us = n > 0 ? calloc(n, sizeof *took_us) : NULL;
    if (took_us == NULL)
        return 2;
    ask_all(f, NULL); /* warm */
    for (size_t r = 0; r < rounds; r++)
        total_us += ask_all(f, took_us + r * Q.count);
    qsort(took_us, n, sizeof *took_us, by_size);
    printf("{\"n\":%zu,\"per_s\":%.0f,\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64 "}\n", n,
           (double)n * 1e6 / (double)total_us, took_us[n / 2], took_us[n * 99 / 100]);
    free(took_us);
    faq_free(f);
    errors_free(err);
    return 0;
}
