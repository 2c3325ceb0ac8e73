#include "check.h"
#include "loa/cloudevents.h"
#include "loa/local_time.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA  "\"data\":{\"MaHoSo\":\"x\"}"
#define ATTRS "\"specversion\":\"1.0\",\"id\":\"a1\",\"source\":\"urn:mc\",\"type\":\"vn.dossier.status\""
#define EVENT "{" ATTRS "," DATA "}"

static const char *no_header(const void *ctx, const char *name)
{
    (void)ctx, (void)name;
    return NULL;
}

static enum loa_status open_as(const char *type, const char *body, struct cloudevents *l, struct errors *err)
{
    struct cloudevents_request rq = {
        .content_type = type, .body = body, .len = strlen(body), .header = no_header
    };
    return cloudevents_open(&rq, l, err);
}

static const struct {
    const char *label, *type, *body, *code; /* code NULL: opens */
    unsigned count;
} open_cases[] = {
    { "structured", "application/cloudevents+json", EVENT, NULL, 1 },
    { "structured with charset", "Application/CloudEvents+JSON; charset=\"UTF-8\"", EVENT, NULL, 1 },
    { "batch", "application/cloudevents-batch+json;charset=utf-8", "[" EVENT "," EVENT "]", NULL, 2 },
    { "empty batch", "application/cloudevents-batch+json", "[]", NULL, 0 },
    { "plain JSON, one", "application/json", EVENT, NULL, 1 },
    { "plain JSON, many", "application/json", "[" EVENT "]", NULL, 1 },
    { "no type", NULL, EVENT, NULL, 1 },
    { "other charset", "application/json; charset=windows-1258", EVENT, "bad_content_type", 0 },
    { "text", "text/plain", EVENT, "bad_content_type", 0 },
    { "form", "application/x-www-form-urlencoded", "a=1", "bad_content_type", 0 },
    { "Avro", "application/cloudevents+avro", "x", "bad_content_type", 0 },
    { "not JSON", "application/json", "{", "bad_json", 0 },
    { "empty", "application/json", "", "bad_json", 0 },
    { "a record without an envelope", "application/json", "{\"MaHoSo\":\"x\"}", "not_cloudevents", 0 },
    { "a string", "application/json", "\"x\"", "not_cloudevents", 0 },
};

static void test_open(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    for (size_t i = 0; i < sizeof open_cases / sizeof open_cases[0]; i++) {
        struct cloudevents l;
        struct cloudevent e;
        const char *label = open_cases[i].label;
        errors_reset(err);
        enum loa_status st = open_as(open_cases[i].type, open_cases[i].body, &l, err);
        check_int(label, st, open_cases[i].code ? LOA_INVALID : LOA_OK);
        check_str(label, err->count > 0 ? err->item[0].code : NULL, open_cases[i].code);
        unsigned n = 0;
        while (st == LOA_OK && cloudevents_next(&l, &e, err)) {
            check_true(label, e.ok);
            check_int(label, e.index, n++);
        }
        check_int(label, n, open_cases[i].count);
        cloudevents_clear(&l);
    }
    errors_free(err);
}

static void test_attributes(void **state)
{
    (void)state;
    struct cloudevents l;
    struct cloudevent e;
    const char *body =
        "[{\"specversion\":\"1.0\",\"id\":\" A-1 \",\"source\":\"https://mc.vn/h27\",\"type\":"
        "\"vn.dossier.status\",\"subject\":\"H27-250901-0001\",\"time\":\"2026-11-23T08:00:00+07:00\","
        "\"datacontenttype\":\"application/json; charset=utf-8\",\"traceparent\":\"00-x\"," DATA "}]";
    check_int("opens", open_as("application/cloudevents-batch+json", body, &l, NULL), LOA_OK);
    check_true("one", cloudevents_next(&l, &e, NULL) && e.ok);
    check_str("id", e.id, "A-1");
    check_str("source", e.source, "https://mc.vn/h27");
    check_str("type", e.type, CLOUDEVENT_TYPE);
    check_str("subject", e.subject, "H27-250901-0001");
    check_int("time", e.time_ms, local_to_ms(2026, 11, 23, 8, 0, 0));
    check_str("where its data stands", e.pointer, "/0/data");
    check_str("data", json_str(e.data, "MaHoSo"), "x");
    check_true("the last", !cloudevents_next(&l, &e, NULL) && !cloudevents_next(&l, &e, NULL));
    cloudevents_clear(&l);
}

/* The bad one in the middle has this fault; its neighbours are well. */
static const struct {
    const char *label, *event, *pointer, *code;
} bad_cases[] = {
    { "no id", "{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"vn.dossier.status\"," DATA "}", "/1/id",
      "missing" },
    { "empty id",
      "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"s\",\"type\":\"vn.dossier.status\"," DATA "}",
      "/1/id", "bad_value" },
    { "id is a list",
      "{\"specversion\":\"1.0\",\"id\":[],\"source\":\"s\",\"type\":\"vn.dossier.status\"," DATA "}", "/1/id",
      "bad_type" },
    { "no source", "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"vn.dossier.status\"," DATA "}",
      "/1/source", "missing" },
    { "long source",
      "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"vn.dossier.status\",\"source\":"
      "\"https://example.vn/12345678901234567890123456789012345678901234567890\"," DATA "}",
      "/1/source", "too_long" },
    { "no type", "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\"," DATA "}", "/1/type", "missing" },
    { "other type", "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"x\"," DATA "}",
      "/1/type", "bad_value" },
    { "no version", "{\"id\":\"1\",\"source\":\"s\",\"type\":\"vn.dossier.status\"," DATA "}",
      "/1/specversion", "missing" },
    { "other version",
      "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"s\",\"type\":\"vn.dossier.status\"," DATA "}",
      "/1/specversion", "bad_value" },
    { "unreal time", "{" ATTRS ",\"time\":\"yesterday\"," DATA "}", "/1/time", "bad_date" },
    { "no data", "{" ATTRS "}", "/1/data", "missing" },
    { "data is a string", "{" ATTRS ",\"data\":\"{}\"}", "/1/data", "bad_type" },
    { "data in base64", "{" ATTRS ",\"data_base64\":\"e30=\"}", "/1/data_base64", "bad_type" },
    { "data in XML", "{" ATTRS ",\"datacontenttype\":\"text/xml\"," DATA "}", "/1/datacontenttype",
      "bad_content_type" },
    { "not an event", "5", "/1", "bad_type" },
};

static void test_neighbours(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        struct cloudevents l;
        struct cloudevent e;
        char body[2000];
        const char *label = bad_cases[i].label;
        snprintf(body, sizeof body, "[" EVENT ",%s," EVENT "]", bad_cases[i].event);
        check_int(label, open_as("application/cloudevents-batch+json", body, &l, err), LOA_OK);
        for (unsigned n = 0; n < 3; n++) {
            errors_reset(err);
            check_true(label, cloudevents_next(&l, &e, err));
            check_int(label, e.ok, n != 1);
            check_int(label, err->count, n == 1);
            if (n != 1)
                continue;
            check_str(label, err->item[0].pointer, bad_cases[i].pointer);
            check_str(label, err->item[0].code, bad_cases[i].code);
        }
        check_true(label, !cloudevents_next(&l, &e, err));
        cloudevents_clear(&l);
    }
    errors_free(err);
}

static const char *some_headers(const void *ctx, const char *name)
{
    static const char *const table[][2] = {
        { "ce-specversion", "1.0" },           { "ce-id", "%C4%91-1%" },
        { "ce-source", "\"urn:mc\"" },         { "ce-type", CLOUDEVENT_TYPE },
        { "ce-subject", "H27%2D250901-0001" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i][0], name) == 0 && (ctx == NULL || strcmp(ctx, name) != 0))
            return table[i][1];
    return NULL;
}

static void test_binary(void **state)
{
    (void)state;
    struct cloudevents l;
    struct cloudevent e;
    struct errors *err = errors_new();
    struct cloudevents_request rq = {
        .content_type = "application/json", .body = "{\"MaHoSo\":\"x\"}", .len = 14, .header = some_headers
    };
    check_int("opens", cloudevents_open(&rq, &l, err), LOA_OK);
    check_true("one", cloudevents_next(&l, &e, err) && e.ok);
    check_str("id, percent-decoded", e.id, "đ-1%");
    check_str("source, without quotes", e.source, "urn:mc");
    check_str("subject", e.subject, "H27-250901-0001");
    check_str("the body is the data", e.pointer, "");
    check_str("data", json_str(e.data, "MaHoSo"), "x");
    check_true("only one", !cloudevents_next(&l, &e, err));
    cloudevents_clear(&l);

    rq.header_ctx = "ce-source";
    check_int("opens without source", cloudevents_open(&rq, &l, err), LOA_OK);
    check_true("is a fault", cloudevents_next(&l, &e, err) && !e.ok);
    check_str("of the source", err->item[0].pointer, "/source");
    cloudevents_clear(&l);

    errors_reset(err);
    rq = (struct cloudevents_request){ "application/json", "[1]", 3, some_headers, NULL };
    check_int("opens with a list", cloudevents_open(&rq, &l, err), LOA_OK);
    check_true("is a fault", cloudevents_next(&l, &e, err) && !e.ok);
    check_str("of the data", err->item[0].pointer, "/data");
    cloudevents_clear(&l);

    errors_reset(err);
    rq.content_type = "text/xml";
    check_int("XML", cloudevents_open(&rq, &l, err), LOA_INVALID);
    cloudevents_clear(&l);
    rq = (struct cloudevents_request){ "application/cloudevents+json", EVENT, strlen(EVENT), some_headers,
                                       NULL };
    check_int("structured beats stray headers", cloudevents_open(&rq, &l, err), LOA_OK);
    check_true("its own id", cloudevents_next(&l, &e, err) && strcmp(e.id, "a1") == 0);
    cloudevents_clear(&l);
    errors_free(err);
}

static void test_limits(void **state)
{
    (void)state;
    struct cloudevents l;
    struct cloudevent e;
    struct buf b = BUF_INIT(CLOUDEVENTS_MAX_BYTES + 10);
    for (unsigned n = CLOUDEVENTS_MAX; n <= CLOUDEVENTS_MAX + 1; n++) {
        buf_reset(&b);
        for (unsigned i = 0; i < n; i++)
            buf_str(&b, i == 0 ? "[" EVENT : "," EVENT);
        buf_char(&b, ']');
        check_int("as many as allowed, one more", open_as("application/json", buf_cstr(&b), &l, NULL),
                  n == CLOUDEVENTS_MAX ? LOA_OK : LOA_TOO_BIG);
        unsigned good = 0;
        while (cloudevents_next(&l, &e, NULL))
            good += e.ok;
        check_int("all good", good, n == CLOUDEVENTS_MAX ? n : 0);
        check_str("the last one's place", n == CLOUDEVENTS_MAX ? e.pointer : "",
                  n == CLOUDEVENTS_MAX ? "/9999/data" : "");
        cloudevents_clear(&l);
    }
    buf_reset(&b);
    while (b.len <= CLOUDEVENTS_MAX_BYTES)
        buf_char(&b, ' ');
    check_int("too many bytes", open_as("application/json", buf_cstr(&b), &l, NULL), LOA_TOO_BIG);
    cloudevents_clear(&l);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_open), cmocka_unit_test(test_attributes),
                                        cmocka_unit_test(test_neighbours), cmocka_unit_test(test_binary),
                                        cmocka_unit_test(test_limits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
