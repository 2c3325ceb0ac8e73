/* config and settings: values, faults with their line, the environment, secrets in files, the sample file. */
#include "check.h"
#include "loa/config.h"
#include "loa/settings.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *fault_text(const struct errors *err, struct buf *out)
{
    buf_reset(out);
    for (unsigned i = 0; i < err->count; i++)
        buf_printf(out, "%s%s %s", i > 0 ? " | " : "", err->item[i].pointer, err->item[i].detail);
    return buf_cstr(out);
}

static struct config *parse(const char *label, const char *text)
{
    struct errors *err = errors_new();
    struct buf faults = BUF_INIT(8192);
    struct config *c = NULL;
    enum loa_status st = config_parse("loa.conf", text, strlen(text), err, &c);
    check_str(label, fault_text(err, &faults), "");
    check_int(label, st, LOA_OK);
    buf_clear(&faults);
    errors_free(err);
    return c;
}

static void test_values(void **state)
{
    static const struct {
        const char *label, *text, *section, *key, *want;
        int64_t number;
    } cases[] = {
        { "a default", "", "loa", "listen", "127.0.0.1:8080", -1 },
        { "a default number", "", "loa", "partitions", "16", 16 },
        { "a default switch", "", "loa", "quiet_hours", "on", 1 },
        { "text", "[sms]\nprovider = esms\n", "sms", "provider", "esms", -1 },
        { "quoted text with signs", "[email]\nfrom = \"Trung tâm; A <no-reply@a.vn>\"\n", "email", "from",
          "Trung tâm; A <no-reply@a.vn>", -1 },
        { "a comment after the value", "[sms]\nbrandname = TTPVHCC ; 2026\n", "sms", "brandname", "TTPVHCC",
          -1 },
        { "a rate", "[sms]\nrate = 20/s\n", "sms", "rate", "20/s", 20 },
        { "bytes", "[loa]\nmax_event_bytes = 65536\n", "loa", "max_event_bytes", "65536", 65536 },
        { "kilobytes", "[loa]\nmax_event_bytes = 64k\n", "loa", "max_event_bytes", "64k", 65536 },
        { "megabytes", "[loa]\nmax_event_bytes = 2M\n", "loa", "max_event_bytes", "2M", 2 << 20 },
        { "a switch off", "[loa]\nquiet_hours = off\n", "loa", "quiet_hours", "off", 0 },
        { "several words", "[loa]\nroles = api, clock\n", "loa", "roles", "api, clock", -1 },
        { "the private store", "[redis]\nurl = private\n", "redis", "url", "private", -1 },
        { "a sample is unset", "[zalo]\napp_id = …\n", "zalo", "app_id", "", -1 },
        { "a sample with text around it is unset", "[email]\nbounce_domain = bounce.…\n", "email",
          "bounce_domain", "", -1 },
        { "an empty value keeps the default", "[loa]\nlisten =\n", "loa", "listen", "127.0.0.1:8080", -1 },
        { "a sample keeps a default number", "[sms]\nmax_parts = …\n", "sms", "max_parts", "3", 3 },
        { "a key that ends in _file by itself", "[loa]\nkey_file = /etc/loa/master.key\n", "loa", "key_file",
          "/etc/loa/master.key", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *c = parse(cases[i].label, cases[i].text);
        check_str(cases[i].label, config_str(c, cases[i].section, cases[i].key), cases[i].want);
        if (cases[i].number >= 0)
            check_int(cases[i].label, config_int(c, cases[i].section, cases[i].key), cases[i].number);
        config_free(c);
    }
}

static void test_faults(void **state)
{
    static const struct {
        const char *label, *text, *want;
    } cases[] = {
        { "misspelt key", "[sms]\nbrandnam = A\n",
          "loa.conf:2 [sms] has no key brandnam; did you mean [sms] brandname?" },
        { "key of another section", "[sms]\nsmtp_url = smtp://a\n",
          "loa.conf:2 [sms] has no key smtp_url; did you mean [email] smtp_url?" },
        { "misspelt section, its keys are not repeated", "\n[emial]\nfrom = a\nx = y\n",
          "loa.conf:2 there is no section [emial]; did you mean [email]?" },
        { "key before any section", "listen = 1\n",
          "loa.conf:1 listen: put it under a section such as [loa]" },
        { "not a number", "[loa]\npartitions = many\n",
          "loa.conf:2 [loa] partitions: write a whole number from 1 to 64" },
        { "out of range", "[loa]\npartitions = 0\n",
          "loa.conf:2 [loa] partitions: write a whole number from 1 to 64" },
        { "a negative number", "[sms]\nprice_vnd = -1\n",
          "loa.conf:2 [sms] price_vnd: write a whole number from 0 to 1000000" },
        { "a number beyond 64 bits", "[sms]\nprice_vnd = 99999999999999999999\n",
          "loa.conf:2 [sms] price_vnd: write a whole number from 0 to 1000000" },
        { "a rate without unit", "[sms]\nrate = 20\n",
          "loa.conf:2 [sms] rate: write N/s with N from 1 to 100000, for example 20/s" },
        { "bytes beyond the range", "[loa]\nmax_event_bytes = 9999999999999M\n",
          "loa.conf:2 [loa] max_event_bytes: write bytes from 4096 to 67108864, or 64k, 1M" },
        { "a bad switch", "[sms]\nenabled = maybe\n", "loa.conf:2 [sms] enabled: write yes or no" },
        { "an unknown word", "[sms]\ndiacritics = some\n",
          "loa.conf:2 [sms] diacritics: write one of: strip keep" },
        { "one unknown word of several", "[loa]\nroles = api,boss\n",
          "loa.conf:2 [loa] roles: write one of: api worker clock" },
        { "a bad address", "[sms]\nurl = ftp://a\n",
          "loa.conf:2 [sms] url: an address begins with one of: http:// https://" },
        { "an address of nothing", "[sms]\nurl = http://\n",
          "loa.conf:2 [sms] url: an address begins with one of: http:// https://" },
        { "given twice", "[sms]\nprovider = a\n\nprovider = b\n",
          "loa.conf:4 [sms] provider was already given on line 2: keep one" },
        { "half a pair", "[loa]\ntls_cert = a.pem\n",
          "loa.conf [loa] tls_cert and tls_key go together: give both or neither" },
        { "a short token", "[sms]\nwebhook_token = short\n",
          "loa.conf [sms] webhook_token: use at least 12 random characters" },
        { "no secret file", "[sms]\napi_key_file = /nonexistent/key\n",
          "loa.conf:2 [sms] api_key_file: the file cannot be read or is empty: check its path and mode" },
        { "a device is no secret file", "[sms]\napi_key_file = /dev/zero\n",
          "loa.conf:2 [sms] api_key_file: the file cannot be read or is empty: check its path and mode" },
        { "_file only for secrets", "[sms]\nbrandname_file = a\n",
          "loa.conf:2 [sms] has no key brandname_file; did you mean [sms] brandname?" },
        { "not a line", "[sms]\nprovider\n", "loa.conf:2 expected [section] or key = value" },
        { "all faults are listed", "[sms]\nx = 1\n[zalo]\nrate = 1\n",
          "loa.conf:2 [sms] has no key x; did you mean [sms] url? | loa.conf:4 [zalo] rate: write N/s with N from 1 to "
          "100000, for example 20/s" },
    };
    struct buf got = BUF_INIT(8192);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        struct config *c = NULL;
        enum loa_status st = config_parse("loa.conf", cases[i].text, strlen(cases[i].text), err, &c);
        check_int(cases[i].label, st, LOA_INVALID);
        check_true("nothing is handed out", c == NULL);
        check_str(cases[i].label, fault_text(err, &got), cases[i].want);
        for (unsigned k = 0; k < err->count; k++)
            check_true("it is said in Vietnamese too", err->item[k].detail_vi[0] != '\0');
        errors_free(err);
    }
    buf_clear(&got);
}

static void test_secret_file(void **state)
{
    char text[700];
    (void)state;
    snprintf(text, sizeof text, "[sms]\napi_key_file = %s\n", check_file("key", "sesame open\n"));
    struct config *c = parse("secret file", text);
    check_str("one line, no newline", config_str(c, "sms", "api_key"), "sesame open");
    config_free(c);
}

static void test_environment(void **state)
{
    (void)state;
    setenv("LOA_SMS_RATE", "7/s", 1);
    setenv("LOA_LOA_LISTEN", "127.0.0.1:1", 1);
    setenv("LOA_SMS_API_KEY_FILE", check_file("key2", "from a file"), 1);
    struct config *c = parse("environment", "[sms]\nrate = 3/s\n");
    check_int("the environment wins over the file", config_int(c, "sms", "rate"), 7);
    check_str("and over the default", config_str(c, "loa", "listen"), "127.0.0.1:1");
    check_str("secret files too", config_str(c, "sms", "api_key"), "from a file");
    config_free(c);

    struct errors *err = errors_new();
    struct buf got = BUF_INIT(8192);
    setenv("LOA_SMS_RATE", "fast", 1);
    check_int("a bad value", config_load(NULL, err, &c), LOA_INVALID);
    check_str("names the variable", fault_text(err, &got),
              "LOA_SMS_RATE [sms] rate: write N/s with N from 1 to 100000, for example 20/s");
    unsetenv("LOA_SMS_RATE");
    unsetenv("LOA_LOA_LISTEN");
    unsetenv("LOA_SMS_API_KEY_FILE");
    buf_clear(&got);
    errors_free(err);
}

static void test_set(void **state)
{
    struct config *c = NULL;
    struct errors *err = errors_new();
    (void)state;
    check_int("no file at all", config_load(NULL, err, &c), LOA_OK);
    check_int("set", config_set(c, "sms", "rate", "9/s", err), LOA_OK);
    check_int("is kept", config_int(c, "sms", "rate"), 9);
    check_int("set badly", config_set(c, "sms", "rate", "9", err), LOA_INVALID);
    check_int("changes nothing", config_int(c, "sms", "rate"), 9);
    check_int("unknown", config_set(c, "sms", "speed", "9", err), LOA_INVALID);
    check_true("a role of ours", config_has_word(c, "loa", "roles", "clock"));
    check_true("a part of a word does not count", !config_has_word(c, "loa", "roles", "cloc"));
    config_free(c);
    check_int("no such file", config_load("/nonexistent/loa.conf", err, &c), LOA_NOT_FOUND);
    errors_free(err);
}

static void test_table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < settings_count; i++) {
        const struct setting *s = &settings[i];
        check_int(s->key, settings_find(s->section, s->key), (int)i);
        check_str("the section is listed", settings_nearest_section(s->section), s->section);
        check_true(s->key, s->en[0] != '\0' && s->vi[0] != '\0');
    }
}

/* deploy/loa.conf is the table in Vietnamese. LOA_UPDATE=1 writes it anew after a change of the table. */
static void test_sample(void **state)
{
    struct buf want = BUF_INIT(1 << 20), have = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
    const char *path = check_path("deploy/loa.conf");
    (void)state;
    config_print_table(&want, true);
    if (getenv("LOA_UPDATE") != NULL) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fwrite(want.data, 1, want.len, f);
        fclose(f);
    }
    check_int("the sample is there", buf_read_file(&have, path), LOA_OK);
    if (strcmp(buf_cstr(&have), buf_cstr(&want)) != 0)
        fail_msg("deploy/loa.conf differs from the table: run LOA_UPDATE=1 build/tests/test_config");
    config_free(parse("the sample is a good configuration", buf_cstr(&have)));
    config_print_table(&again, false);
    config_free(parse("so is the English one", buf_cstr(&again)));
    buf_clear(&want);
    buf_clear(&have);
    buf_clear(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),      cmocka_unit_test(test_faults), cmocka_unit_test(test_secret_file),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_set),    cmocka_unit_test(test_table),
        cmocka_unit_test(test_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
