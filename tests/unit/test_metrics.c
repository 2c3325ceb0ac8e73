/* metrics: the Prometheus text, and the ceiling on label values. */
#include "check.h"
#include "loa/metrics.h"
#include <string.h>

static struct buf printed = BUF_INIT(1 << 20);

static bool has_line(const char *line)
{
    buf_reset(&printed);
    metrics_print(&printed);
    size_t n = strlen(line);
    for (const char *p = buf_cstr(&printed); p != NULL && *p != '\0'; p = strchr(p, '\n'), p = p ? p + 1 : p)
        if (strncmp(p, line, n) == 0 && p[n] == '\n')
            return true;
    return false;
}

static void test_lines(void **state)
{
    static const char *const lines[] = {
        "# TYPE loa_send_outcomes_total counter",
        "loa_send_outcomes_total{channel=\"sms\",class=\"accepted\"} 3",
        "loa_send_outcomes_total{channel=\"sms\",class=\"other\"} 1",
        "loa_send_outcomes_total{channel=\"email\",class=\"auth\"} 0",
        "loa_http_requests_total{code=\"2xx\"} 1",
        "loa_redis_up 1",
        "loa_ws_open 0",
        "loa_template_errors_total 1",
        "loa_cost_vnd_total{channel=\"sms\"} 2000350",
        "loa_http_seconds_bucket{le=\"0.001\"} 0",
        "loa_http_seconds_bucket{le=\"0.0025\"} 1",
        "loa_http_seconds_bucket{le=\"60\"} 2",
        "loa_http_seconds_bucket{le=\"+Inf\"} 3",
        "loa_http_seconds_count 3",
        "loa_send_seconds_bucket{channel=\"sms\",le=\"0.5\"} 1",
        "loa_send_seconds_sum{channel=\"sms\"} 0.5",
    };
    (void)state;
    metric_add(M_SEND_OUTCOME, "sms", "accepted", 2);
    metric_add(M_SEND_OUTCOME, "sms", "accepted", 1);
    metric_add(M_SEND_OUTCOME, "sms", "never heard of", 1);
    metric_add(M_HTTP_REQUESTS, "2xx", NULL, 1);
    metric_add(M_TEMPLATE_ERRORS, NULL, NULL, 1);
    metric_add(M_COST_VND, "sms", NULL, 2000350);
    metric_set(M_REDIS_UP, NULL, NULL, 5);
    metric_set(M_REDIS_UP, NULL, NULL, 1);
    metric_observe(M_HTTP_SECONDS, NULL, 0.002);
    metric_observe(M_HTTP_SECONDS, NULL, 60);
    metric_observe(M_HTTP_SECONDS, NULL, 61);
    metric_observe(M_SEND_SECONDS, "sms", 0.5);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!has_line(lines[i]))
            fail_msg("missing: %s", lines[i]);
    check_true("no \"other\" before it is needed",
               strstr(buf_cstr(&printed), "email\",class=\"other") == NULL);
    check_true("no empty histogram with a label",
               strstr(buf_cstr(&printed), "loa_send_seconds_sum{channel=\"zalo") == NULL);
}

/* Every metric of the enum has a name, and no two the same. */
static void test_described(void **state)
{
    unsigned types = 0;
    (void)state;
    buf_reset(&printed);
    metrics_print(&printed);
    for (const char *p = buf_cstr(&printed); (p = strstr(p, "# TYPE loa_")) != NULL; p++)
        types++;
    check_int("descriptions", types, M_COUNT);
    buf_clear(&printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines), cmocka_unit_test(test_described) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
