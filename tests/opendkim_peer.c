/* The signing milter of peers.h. */
#include "peers.h"
#include "check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_MAX_BYTES 8192

static void write_file(const struct opendkim *k, const char *name, const char *content, size_t len)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", k->dir, name);
    FILE *f = fopen(path, "w");
    if (f == NULL || fwrite(content, 1, len, f) != len)
        fail_msg("%s: cannot be written", path);
    fclose(f);
}

/* The sample's settings but for the places that are ours. */
static void write_signer(const struct opendkim *k)
{
    static const char *const ours[] = { "Socket", "Syslog", "Domain", "Selector", "KeyFile" };
    struct buf sample = BUF_INIT(CONFIG_MAX_BYTES), out = BUF_INIT(CONFIG_MAX_BYTES);

    check_int("sample", buf_read_file(&sample, check_path("deploy/postfix/opendkim.conf")), LOA_OK);
    for (char *save = NULL, *line = strtok_r(sample.data, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        bool keep = true;
        for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
            keep &= strncmp(line, ours[i], strlen(ours[i])) != 0;
        if (keep)
            buf_printf(&out, "%s\n", line);
    }
    /* A directory under /tmp is no place for a real key, and the program says so. */
    buf_printf(
        &out,
        "RequireSafeKeys no\nSocket inet:%d@127.0.0.1\nDomain haiphong.gov.vn\nSelector loa1\nKeyFile %s/loa1.private\n",
        k->port, k->dir);
    write_file(k, "sign.conf", buf_cstr(&out), out.len);
    buf_clear(&sample);
    buf_clear(&out);
}

/* The TXT record of opendkim-genkey, as one line for a verifier that asks no DNS. */
static void write_public_key(const struct opendkim *k)
{
    struct buf record = BUF_INIT(CONFIG_MAX_BYTES), out = BUF_INIT(CONFIG_MAX_BYTES);
    char path[300];
    bool quoted = false;

    snprintf(path, sizeof path, "%s/loa1.txt", k->dir);
    check_int("public key", buf_read_file(&record, path), LOA_OK);
    buf_str(&out, "loa1._domainkey.haiphong.gov.vn ");
    for (const char *p = buf_cstr(&record); *p != '\0'; p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (quoted)
            buf_char(&out, *p);
    }
    buf_char(&out, '\n');
    write_file(k, "keys", buf_cstr(&out), out.len);
    buf_reset(&out);
    buf_printf(&out, "Mode v\nTestPublicKeys %s/keys\n", k->dir);
    write_file(k, "verify.conf", buf_cstr(&out), out.len);
    buf_clear(&record);
    buf_clear(&out);
}

struct opendkim start_opendkim(void)
{
    static unsigned number;
    struct opendkim k = { .port = free_port() };
    char log[300], config[300];

    snprintf(k.dir, sizeof k.dir, "%s/opendkim%u", check_tmpdir(), ++number);
    mkdir(k.dir, 0700);
    snprintf(log, sizeof log, "%s/log", k.dir);
    snprintf(config, sizeof config, "%s/sign.conf", k.dir);
    if (run_process((const char *const[]){ "opendkim-genkey", "-b", "2048", "-s", "loa1", "-d",
                                           "haiphong.gov.vn", "-D", k.dir, NULL },
                    log) != 0)
        fail_msg("opendkim-genkey (package opendkim-tools): see %s", log);
    write_signer(&k);
    write_public_key(&k);
    k.pid = start_process((const char *const[]){ "opendkim", "-f", "-x", config, NULL }, log);
    wait_for_port(k.port, 10000);
    return k;
}

/* The exit status says only that the program ran; its words say what it found. */
bool opendkim_verifies(const struct opendkim *k, const char *mail, size_t len)
{
    char config[300], path[300], log[300];
    struct buf words = BUF_INIT(CONFIG_MAX_BYTES);

    write_file(k, "mail", mail, len);
    snprintf(config, sizeof config, "%s/verify.conf", k->dir);
    snprintf(path, sizeof path, "%s/mail", k->dir);
    snprintf(log, sizeof log, "%s/verdict", k->dir);
    unlink(log);
    run_process((const char *const[]){ "opendkim", "-x", config, "-t", path, NULL }, log);
    check_int("verdict", buf_read_file(&words, log), LOA_OK);
    bool holds = strstr(buf_cstr(&words), "2048-bit key) succeeded") != NULL;
    buf_clear(&words);
    return holds;
}
