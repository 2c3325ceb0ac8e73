/*
 * Child processes by fork and exec rather than uv_spawn(): libuv has no place between the two where
 * PR_SET_PDEATHSIG could be asked for, and a store that outlives us must not happen. Ends are noticed by
 * SIGCHLD through the loop; only our own children are waited for.
 */
#include "loop_inside.h"
#include "loa/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    struct loop *loop;
    pid_t pid; /* 0 once it was reaped: the number may belong to somebody else by then */
    child_exit_fn *on_exit;
    void *ctx;
    bool forgotten;
    struct child *next;
};

static void release(void *p)
{
    struct child *c = p, **at = &c->loop->children;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    free(c);
}

static void child_ended(struct child *c, int wait_status)
{
    c->pid = 0;
    if (c->forgotten)
        loop_free_later(c->loop, c, release);
    else
        c->on_exit(c->ctx, WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1,
                   WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0);
}

static void reap(void *ctx, int signo)
{
    struct loop *l = ctx;
    int wait_status;

    (void)signo;
    /* A callback may start or forget children: new ones come in front, none is freed before the turn's end.
     */
    for (struct child *c = l->children; c != NULL; c = c->next)
        if (c->pid > 0 && waitpid(c->pid, &wait_status, WNOHANG) == c->pid)
            child_ended(c, wait_status);
}

/* ---- in the new process, where only calls that are safe after fork() in a program with threads may run ----
 */

/* Our handlers mean nothing there, and ignored signals would stay ignored across exec. */
static void default_signals(void)
{
    sigset_t none;

    for (int signo = 1; signo < NSIG; signo++)
        signal(signo, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const char *const argv[], int log_fd, pid_t parent, int error_fd)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before we asked */
        _exit(127);
    setsid(); /* Ctrl-C in the terminal is for us: we stop our children in our own order */
    if (log_fd >= 0) {
        dup2(log_fd, STDOUT_FILENO);
        dup2(log_fd, STDERR_FILENO);
    }
    close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    default_signals();
    execvp(argv[0], (char *const *)argv);
    int error = errno;
    while (write(error_fd, &error, sizeof error) < 0 && errno == EINTR)
        ;
    _exit(127);
}

/* ---- in ours ---- */

/* With signals held back, so that none reaches our handlers inside the new process. */
static pid_t fork_into(const char *const argv[], int log_fd, int error_fd)
{
    sigset_t all, before;
    const pid_t parent = getpid();

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        become(argv, log_fd, parent, error_fd);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

/* The pipe closes by itself at a successful exec and carries errno after a failed one. */
static int exec_error(int fd)
{
    int error = 0;
    ssize_t n;

    do
        n = read(fd, &error, sizeof error);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof error ? error : 0;
}

static enum loa_status start_process(const char *const argv[], int log_fd, pid_t *out)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return LOA_IO;

    pid_t pid = fork_into(argv, log_fd, fds[1]);
    close(fds[1]);
    int error = pid < 0 ? EAGAIN : exec_error(fds[0]);
    close(fds[0]);
    if (error == 0) {
        *out = pid;
        return LOA_OK;
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return error == ENOENT ? LOA_NOT_FOUND : LOA_IO;
}

enum loa_status child_start(struct loop *l, const char *const argv[], int log_fd, child_exit_fn *on_exit,
                            void *ctx, struct child **out)
{
    pid_t pid = 0;

    if (!l->watches_children) {
        if (loop_on_signal(l, SIGCHLD, reap, l) != LOA_OK)
            return LOA_IO;
        l->watches_children = true;
    }
    enum loa_status st = start_process(argv, log_fd, &pid);
    if (st != LOA_OK)
        return st;
    struct child *c = mem_alloc(sizeof *c);
    *c = (struct child){ .loop = l, .pid = pid, .on_exit = on_exit, .ctx = ctx, .next = l->children };
    l->children = c;
    *out = c;
    return LOA_OK;
}

int child_pid(const struct child *c)
{
    return c->pid;
}

void child_signal(struct child *c, int signo)
{
    if (c->pid > 0)
        kill(c->pid, signo);
}

void child_forget(struct child *c)
{
    if (c == NULL)
        return;
    c->forgotten = true;
    if (c->pid == 0)
        loop_free_later(c->loop, c, release);
}

void children_clear(struct loop *l)
{
    for (struct child *c = l->children, *next; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    l->children = NULL;
}
