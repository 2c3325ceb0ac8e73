/* gate.ini: the weights of the score, of the gate, its two thresholds; and what they decide. */
#include "faq_inside.h"
#include "loa/ini.h"
#include "loa/text_file.h"
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *section, *key;
    size_t at;
    double min, max;
    const char *help;
};

#define ROW(section, key, member, min, max, help)                                                            \
    {                                                                                                        \
        section, key, offsetof(struct faq_gate, member), min, max, help                                      \
    }
static const struct row rows[] = {
    ROW("score", "word", kind[FK_WORD], 0, 10, "một từ trùng nhau"),
    ROW("score", "pair", kind[FK_PAIR], 0, 10, "hai từ liền nhau trùng nhau"),
    ROW("score", "sound", kind[FK_SOUND], 0, 10, "hai từ liền nhau đọc giống nhau (viết sai chính tả)"),
    ROW("score", "written", kind[FK_WRITTEN], 0, 10, "dấu thanh, dấu mũ cũng trùng"),
    ROW("score", "concept", kind[FK_CONCEPT], 0, 10, "cùng khái niệm trong lexicon.tsv"),
    ROW("score", "concepts", kind[FK_CONCEPTS], 0, 10, "cùng hai khái niệm đi với nhau"),
    ROW("score", "entry", entry, 0, 10, "phần của cả mục (BM25)"),
    ROW("score", "phrasing", phrasing, 0, 10, "phần của cách hỏi giống nhất"),
    ROW("score", "letters", letters, 0, 10, "phần của các nhóm 3-4 chữ cái (gõ sai, viết liền)"),
    ROW("score", "answer_text", answer_text, 0, 1, "từ trong câu trả lời so với từ trong câu hỏi"),
    ROW("score", "filler", filler, 0, 1, "từ đưa đẩy trong fillers.tsv"),
    ROW("score", "norm", norm, 0, 1, "câu hỏi mẫu dài bị giảm bao nhiêu"),
    ROW("score", "k1", k1, 0, 10, "BM25: bão hòa khi từ lặp lại"),
    ROW("score", "b", b, 0, 1, "BM25: mục dài bị giảm bao nhiêu"),
    ROW("gate", "score", weight[GATE_SCORE], -1e4, 1e4, "điểm của mục đứng đầu"),
    ROW("gate", "margin", weight[GATE_MARGIN], -1e4, 1e4, "hơn mục thứ hai bao nhiêu"),
    ROW("gate", "relative", weight[GATE_RELATIVE], -1e4, 1e4, "hơn mục thứ hai mấy phần"),
    ROW("gate", "explained", weight[GATE_EXPLAINED], -1e4, 1e4, "phần câu hỏi mà mục ấy nói tới, theo từ"),
    ROW("gate", "pairs", weight[GATE_PAIRS], -1e4, 1e4, "như trên, theo cặp từ và khái niệm"),
    ROW("gate", "length", weight[GATE_LENGTH], -1e4, 1e4, "độ dài câu hỏi"),
    ROW("gate", "best", weight[GATE_BEST], -1e4, 1e4, "giống cách hỏi mẫu nhất đến đâu"),
    ROW("gate", "letters", weight[GATE_LETTERS], -1e4, 1e4, "giống về chữ cái đến đâu"),
    ROW("gate", "written", weight[GATE_WRITTEN], -1e4, 1e4, "phần các từ gõ có dấu mà dấu cũng trùng"),
    ROW("gate", "bias", weight[GATE_BIAS], -1e4, 1e4, "hằng số"),
    ROW("threshold", "answer", threshold_answer, 0, 1, "chắc từ mức này: trả lời ngay"),
    ROW("threshold", "margin", threshold_margin, 0, 1,
        "hơn mục thứ hai ít nhất mấy phần mới trả lời ngay; kém hơn thì hỏi lại"),
    ROW("threshold", "ask", threshold_ask, 0, 1,
        "chắc từ mức này: hỏi lại với ba nút; dưới nữa: chuyển cán bộ"),
};
#define ROWS (sizeof rows / sizeof *rows)

struct reading {
    struct errors *err;
    struct faq_gate *out;
    bool seen[ROWS], failed;
};

static double *value_at(struct faq_gate *g, const struct row *r)
{
    return (double *)(void *)((char *)g + r->at);
}

static void item_fault(struct reading *rd, const struct ini_item *item, const char *vi, const char *en)
{
    fault_at(rd->err, item->path, item->line, "bad_value", vi, en, item->section, item->key);
    rd->failed = true;
}

static void gate_item(void *ctx, const struct ini_item *item)
{
    struct reading *rd = ctx;
    if (item->key == NULL)
        return;
    for (size_t i = 0; i < ROWS; i++) {
        char *end;
        if (strcmp(rows[i].section, item->section) != 0 || strcmp(rows[i].key, item->key) != 0)
            continue;
        double v = strtod(item->value, &end);
        if (end == item->value || *end != '\0' || !(v >= rows[i].min && v <= rows[i].max))
            item_fault(rd, item, "[%s] %s: không phải số trong khoảng cho phép",
                       "[%s] %s: not a number in range");
        else
            *value_at(rd->out, &rows[i]) = v;
        rd->seen[i] = true;
        return;
    }
    item_fault(rd, item, "không có mục [%s] %s", "no such key: [%s] %s");
}

enum loa_status faq_gate_read(const char *path, struct errors *err, struct faq_gate *out)
{
    struct reading rd = { .err = err, .out = out };
    enum loa_status st = ini_read(path, err, gate_item, &rd);
    for (size_t i = 0; i < ROWS && st == LOA_OK; i++)
        if (!rd.seen[i]) {
            fault_at(err, path, 0, "missing", "thiếu [%s] %s", "missing [%s] %s", rows[i].section,
                     rows[i].key);
            rd.failed = true;
        }
    return st == LOA_OK && rd.failed ? LOA_INVALID : st;
}

void faq_gate_print(const struct faq_gate *g, struct buf *out)
{
    struct faq_gate copy = *g;
    const char *section = "";
    buf_str(out, "# Cách tính điểm và các ngưỡng. `loa faq fit` tính lại [gate] và [threshold].\n");
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(section, rows[i].section) != 0)
            buf_printf(out, "\n[%s]\n", section = rows[i].section);
        buf_printf(out, "%s = %.6g ; %s\n", rows[i].key, *value_at(&copy, &rows[i]), rows[i].help);
    }
}

double faq_gate_sure(const struct faq_gate *g, const double x[GATE_COUNT])
{
    double sum = 0;
    for (unsigned i = 0; i < GATE_COUNT; i++)
        sum += g->weight[i] * x[i];
    return 1 / (1 + exp(-sum));
}
