/* The private Postfix of peers.h. */
#include "peers.h"
#include "check.h"
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAEMONS "/usr/lib/postfix/sbin"

static const char main_cf[] = "compatibility_level = 3.6\n"
                              "daemon_directory = " DAEMONS "\n"
                              "command_directory = /usr/sbin\n"
                              "queue_directory = %1$s/queue\n"
                              "data_directory = %1$s/data\n"
                              "maillog_file = %1$s/mail.log\n"
                              "maillog_file_prefixes = %1$s\n"
                              "myhostname = mail.test\n"
                              "mydestination =\n"
                              "inet_interfaces = 127.0.0.1\n"
                              "inet_protocols = ipv4\n"
                              "mynetworks = 127.0.0.0/8\n"
                              "alias_maps =\n"
                              "alias_database =\n"
                              "relayhost = [127.0.0.1]:%2$d\n"
                              "smtp_host_lookup = native\n"
                              "smtpd_relay_restrictions = permit_mynetworks, reject\n"
                              "recipient_delimiter = +\n"
                              "virtual_mailbox_domains = bounce.test\n"
                              "virtual_mailbox_base = %1$s\n"
                              "virtual_mailbox_maps = static:mail/\n"
                              "virtual_uid_maps = static:%3$d\n"
                              "virtual_gid_maps = static:%4$d\n"
                              "minimal_backoff_time = 2s\n"
                              "maximal_backoff_time = 2s\n"
                              "queue_run_delay = 1s\n"
                              "maximal_queue_lifetime = 5s\n"
                              "bounce_queue_lifetime = 5s\n";

static const char master_cf[] = "127.0.0.1:%1$d inet n - n - - smtpd\n"
                                "cleanup unix n - n - 0 cleanup\n"
                                "qmgr unix n - n 1 1 qmgr\n"
                                "tlsmgr unix - - n 1000? 1 tlsmgr\n"
                                "rewrite unix - - n - - trivial-rewrite\n"
                                "bounce unix - - n - 0 bounce\n"
                                "defer unix - - n - 0 bounce\n"
                                "trace unix - - n - 0 bounce\n"
                                "flush unix n - n 1000? 0 flush\n"
                                "proxymap unix - - n - - proxymap\n"
                                "smtp unix - - n - - smtp\n"
                                "relay unix - - n - - smtp\n"
                                "error unix - - n - - error\n"
                                "retry unix - - n - - error\n"
                                "virtual unix - n n - - virtual\n"
                                "anvil unix - - n - 1 anvil\n"
                                "scache unix - - n - 1 scache\n"
                                "postlog unix-dgram n - n - 1 postlogd\n"
                                "loa-bounce unix - n n - 4 pipe flags=DORhu user=nobody null_sender= "
                                "argv=%2$s/loa-bounce %2$s/bounce.curl\n";

static FILE *create(const char *dir, const char *name)
{
    char path[400];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        fail_msg("%s: cannot be written", path);
    return f;
}

static void make_dir(const char *path, const char *owner)
{
    struct passwd *pw = owner != NULL ? getpwnam(owner) : NULL;

    mkdir(path, 0755);
    if (owner != NULL && (pw == NULL || chown(path, pw->pw_uid, pw->pw_gid) != 0))
        fail_msg("%s: cannot be given to %s; this test needs root and the package postfix", path, owner);
}

static void write_configuration(const struct postfix *p, int relay_port, const char *extra)
{
    const struct passwd *nobody = getpwnam("nobody");
    FILE *f = create(p->dir, "main.cf");

    fprintf(f, main_cf, p->dir, relay_port, (int)nobody->pw_uid, (int)nobody->pw_gid);
    fputs(extra != NULL ? extra : "", f);
    fclose(f);
    f = create(p->dir, "master.cf");
    fprintf(f, master_cf, p->port, p->dir);
    fclose(f);
}

static void make_directories(struct postfix *p)
{
    static unsigned number;
    char path[300];

    chmod(check_tmpdir(), 0755);
    snprintf(p->dir, sizeof p->dir, "%s/postfix%u", check_tmpdir(), ++number);
    make_dir(p->dir, NULL);
    snprintf(path, sizeof path, "%s/queue", p->dir);
    make_dir(path, NULL);
    snprintf(path, sizeof path, "%s/data", p->dir);
    make_dir(path, "postfix");
    snprintf(path, sizeof path, "%s/mail", p->dir);
    make_dir(path, "nobody");
    snprintf(p->maildir, sizeof p->maildir, "%s/mail/new", p->dir);
}

/* The script stands where the unprivileged user of pipe(8) can reach it. */
static void copy_bounce_script(const struct postfix *p)
{
    const char *script = check_path("deploy/postfix/loa-bounce");

    if (run_process((const char *const[]){ "install", "-m", "0755", script, p->dir, NULL }, NULL) != 0)
        fail_msg("%s: cannot be copied", script);
}

void postfix_set_webhook(const struct postfix *p, const char *url)
{
    FILE *f = create(p->dir, "bounce.curl");

    fprintf(f, "url = \"%s\"\n", url);
    fclose(f);
}

struct postfix start_postfix(int relay_port, const char *extra)
{
    static const char master[] = DAEMONS "/master";
    struct postfix p = { .port = free_port() };
    char log[300];

    make_directories(&p);
    write_configuration(&p, relay_port, extra);
    copy_bounce_script(&p);
    snprintf(log, sizeof log, "%s/start.log", p.dir);
    if (run_process((const char *const[]){ "postfix", "-c", p.dir, "check", NULL }, log) != 0)
        fail_msg("postfix check: see %s", log);
    p.pid = start_process((const char *const[]){ master, "-c", p.dir, "-d", NULL }, log);
    wait_for_port(p.port, 10000);
    return p;
}

void stop_postfix(struct postfix *p)
{
    stop_process(p->pid);
}
