#include "peers.h"
#include "check.h"
#include "loa/mem.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 32

/* ---- time ---- */

static int64_t now_ms(void) /* real time: the clock of the program may stand still */
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool wait_until(bool (*test)(void *ctx), void *ctx, int deadline_ms)
{
    const struct timespec pause = { .tv_nsec = 5000000 };
    int64_t end_ms = now_ms() + deadline_ms;

    while (!test(ctx)) {
        if (now_ms() > end_ms)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* ---- ports ---- */

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

int listen_on_loopback(int *port)
{
    struct sockaddr_in a = loopback(0);
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        fail_msg("no port to listen on: %s", strerror(errno));
    *port = ntohs(a.sin_port);
    return fd;
}

int free_port(void)
{
    int port = 0;
    close(listen_on_loopback(&port));
    return port;
}

static bool port_answers(void *ctx)
{
    struct sockaddr_in a = loopback(*(int *)ctx);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;

    close(fd);
    return answers;
}

void wait_for_port(int port, int deadline_ms)
{
    if (!wait_until(port_answers, &port, deadline_ms))
        fail_msg("nobody listens on port %d after %d ms", port, deadline_ms);
}

/* ---- processes ---- */

static pid_t running[PROCESSES_MAX];

static void stop_all(void)
{
    for (unsigned i = 0; i < PROCESSES_MAX; i++)
        if (running[i] > 0)
            stop_process(running[i]);
}

static void remember(pid_t pid)
{
    static bool registered;

    check_tmpdir(); /* its removal at exit then comes after ours */
    if (!registered && atexit(stop_all) == 0)
        registered = true;
    for (unsigned i = 0; i < PROCESSES_MAX; i++) {
        if (running[i] == 0) {
            running[i] = pid;
            return;
        }
    }
    fail_msg("more than %d processes", PROCESSES_MAX);
}

static void exec_in_path(const char *const argv[])
{
    static const char *const dirs[] = { "/usr/sbin", "/sbin" };
    char path[512];

    execvp(argv[0], (char *const *)argv);
    for (unsigned i = 0; strchr(argv[0], '/') == NULL && i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dirs[i], argv[0]);
        execv(path, (char *const *)argv);
    }
}

static pid_t spawn(const char *const argv[], const char *log_path)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0)
        fail_msg("fork: %s", strerror(errno));
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0); /* a master process signals its group */
    if (getppid() != parent)
        _exit(127);
    int fd = open(log_path ? log_path : "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    exec_in_path(argv);
    _exit(127);
}

pid_t start_process(const char *const argv[], const char *log_path)
{
    pid_t pid = spawn(argv, log_path);
    remember(pid);
    return pid;
}

int run_process(const char *const argv[], const char *log_path)
{
    int status = 0;

    waitpid(spawn(argv, log_path), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool has_ended(void *ctx)
{
    return waitpid(*(pid_t *)ctx, NULL, WNOHANG) != 0;
}

void stop_process(pid_t pid)
{
    for (unsigned i = 0; i < PROCESSES_MAX; i++)
        if (running[i] == pid)
            running[i] = 0;
    kill(pid, SIGTERM);
    if (!wait_until(has_ended, &pid, 3000)) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

/* ---- files ---- */

static bool is_file(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

unsigned files_in(const char *dir)
{
    DIR *d = opendir(dir);
    unsigned n = 0;

    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        n += is_file(e);
    if (d != NULL)
        closedir(d);
    return n;
}

static void newest_file(const char *dir, char *out, size_t out_size)
{
    DIR *d = opendir(dir);
    struct timespec newest = { 0 };

    out[0] = '\0';
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[800];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (!is_file(e) || stat(path, &st) != 0)
            continue;
        if (st.st_mtim.tv_sec > newest.tv_sec ||
            (st.st_mtim.tv_sec == newest.tv_sec && st.st_mtim.tv_nsec >= newest.tv_nsec)) {
            newest = st.st_mtim;
            snprintf(out, out_size, "%s", path);
        }
    }
    if (d != NULL)
        closedir(d);
}

struct file_wait {
    const char *dir, *text;
    struct buf content;
};

static bool newest_holds(void *ctx)
{
    struct file_wait *w = ctx;
    char path[800];

    newest_file(w->dir, path, sizeof path);
    buf_reset(&w->content);
    return path[0] != '\0' && buf_read_file(&w->content, path) == LOA_OK &&
           strstr(buf_cstr(&w->content), w->text) != NULL;
}

void wait_for_file(const char *dir, const char *text, struct buf *out)
{
    struct file_wait w = { dir, text, BUF_INIT(out->max_bytes) };

    if (!wait_until(newest_holds, &w, 60000))
        fail_msg("%s: %u files, none with %s", dir, files_in(dir), text);
    buf_add(out, w.content.data, w.content.len);
    buf_clear(&w.content);
}

/* ---- smtp-sink ---- */

struct smtp_sink start_smtp_sink(const char *const options[])
{
    static unsigned number;
    struct smtp_sink s = { .port = free_port() };
    char template[300], address[40];
    const char *argv[24] = { "smtp-sink" };
    unsigned n = 1;

    snprintf(s.dir, sizeof s.dir, "%s/sink%u", check_tmpdir(), ++number);
    snprintf(template, sizeof template, "%s/mail.", s.dir);
    snprintf(address, sizeof address, "127.0.0.1:%d", s.port);
    mkdir(s.dir, 0777);
    chmod(check_tmpdir(), 0755);
    chmod(s.dir, 0777); /* whatever the umask: smtp-sink gives root up */
    if (geteuid() == 0) {
        argv[n++] = "-u";
        argv[n++] = "nobody";
    }
    argv[n++] = "-d";
    argv[n++] = template;
    for (; options != NULL && *options != NULL && n < 20; options++)
        argv[n++] = *options;
    argv[n++] = address;
    argv[n++] = "100";
    s.pid = start_process(argv, NULL);
    wait_for_port(s.port, 5000);
    return s;
}
