#include "loa/private_redis.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/redis.h"
#include "loa/text_file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_MAX       107 /* sun_path without its NUL */
#define LOOK_AGAIN_MS    20
#define LEAVE_MS         10000 /* a leftover server may take this long to leave before it is killed */
#define GIVE_UP_MS       20000
#define ASK_AGAIN_MS     1000 /* Redis forgets a SIGTERM that came while it wrote its first append-only file */
#define STOP_MS          30000
#define STEADY_MS        10000 /* up for this long, a server's next end is a new story */
#define FIRST_STARTS_MAX 3
#define LOG_MAX_BYTES    (8 << 20) /* a longer log is begun anew at the next start */

extern const char private_redis_conf[]; /* deploy/redis/private.conf */

enum state {
    WAITING,  /* for a leftover server to go, or for the pause before a restart */
    STARTING, /* our server runs, it does not answer yet */
    UP,
    STOPPING,
    DONE, /* stopped, or given up */
};

struct private_redis {
    enum state state;
    struct loop *loop;
    int lock_fd;
    char dir[PATH_MAX]; /* data_dir/redis, absolute */
    char url[PRIVATE_REDIS_URL_MAX];
    struct child *child;
    struct redis *probe; /* connects until the server answers */
    struct timer timer;
    int64_t since_ms; /* when the present state began */
    unsigned looks;   /* at a leftover server that is still there */
    unsigned starts;  /* since one was steady */
    private_redis_fn *ready;
    void *ready_ctx;
    loop_fn *stopped;
    void *stopped_ctx;
};

static void wait_for_room(void *ctx);

static const char *socket_path(const struct private_redis *p)
{
    return p->url + strlen("unix://");
}

static void enter(struct private_redis *p, enum state state)
{
    p->state = state;
    p->since_ms = clock_mono_ms();
}

/* ---- the end of the story, either way ---- */

static void tell_ready(struct private_redis *p, enum loa_status st)
{
    private_redis_fn *ready = p->ready;

    p->ready = NULL;
    if (ready != NULL)
        ready(p->ready_ctx, st);
}

static void give_up(struct private_redis *p, const char *why)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/redis.log", p->dir);
    log_error("private_redis_failed", "reason", why, "see", path);
    enter(p, DONE);
    tell_ready(p, LOA_IO);
}

static void stop_done(void *ctx)
{
    struct private_redis *p = ctx;

    timer_stop(&p->timer);
    enter(p, DONE);
    p->stopped(p->stopped_ctx);
}

/* ---- our server ---- */

static void drop_probe(struct private_redis *p)
{
    redis_free(p->probe);
    p->probe = NULL;
}

static void probe_changed(void *ctx, bool answers)
{
    struct private_redis *p = ctx;

    if (!answers || p->state != STARTING)
        return;
    enter(p, UP);
    drop_probe(p);
    tell_ready(p, LOA_OK);
}

static void restart_later(struct private_redis *p)
{
    int64_t pause_ms = p->starts < 6 ? (int64_t)100 << p->starts : 5000;

    enter(p, WAITING);
    p->looks = 0;
    timer_start(&p->timer, p->loop, pause_ms, wait_for_room, p);
}

static void server_ended(void *ctx, int exit_status, int term_signal)
{
    struct private_redis *p = ctx;
    bool steady = p->state == UP && clock_mono_ms() - p->since_ms >= STEADY_MS;

    child_forget(p->child);
    p->child = NULL;
    drop_probe(p);
    if (p->state == STOPPING) {
        stop_done(p);
        return;
    }
    log_error("private_redis_ended", "status", log_num(exit_status), "signal", log_num(term_signal));
    p->starts = steady ? 0 : p->starts;
    if (p->ready != NULL && p->starts >= FIRST_STARTS_MAX)
        give_up(p, "redis-server ends as soon as it is started");
    else
        restart_later(p);
}

static void start_server(struct private_redis *p, int log_fd)
{
    char conf[PATH_MAX + 16];
    snprintf(conf, sizeof conf, "%s/redis.conf", p->dir);
    const char *argv[] = { "redis-server", conf, "--dir", p->dir, "--unixsocket", socket_path(p), NULL };

    p->starts++;
    enter(p, STARTING);
    if (child_start(p->loop, argv, log_fd, server_ended, p, &p->child) != LOA_OK) {
        log_error("private_redis_not_started");
        if (p->ready != NULL)
            give_up(p, "redis-server cannot be run");
        else
            restart_later(p);
        return;
    }
    log_info("private_redis_started", "pid", log_num(child_pid(p->child)));
    if (redis_new(p->loop, p->url, 2000, &p->probe) == LOA_OK)
        redis_on_state(p->probe, probe_changed, p);
}

/* ---- room for it: no other server on this append-only file ---- */

static const char *left_path(const struct private_redis *p, char out[PATH_MAX + 16])
{
    snprintf(out, PATH_MAX + 16, "%s/left.sock", p->dir);
    return out;
}

/* A leftover server keeps listening under the new name; our clients find nobody until our own is there. */
static void move_leftover_aside(const struct private_redis *p)
{
    char left[PATH_MAX + 16];

    if (rename(socket_path(p), left_path(p, left)) != 0 && errno == ENOENT)
        unlink(left);
}

/* The pid of a leftover server that listens, 0 when none does, -1 when one does that cannot be told. */
static pid_t listener_pid(const struct private_redis *p)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    char left[PATH_MAX + 16];
    struct ucred peer = { 0 };
    socklen_t size = sizeof peer;

    snprintf(a.sun_path, sizeof a.sun_path, "%.107s", left_path(p, left)); /* shorter than the socket's */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    pid_t pid = 0;
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
        pid = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0 ? peer.pid : -1;
    else if (errno == EAGAIN)
        pid = -1;
    close(fd);
    return pid;
}

/* The log, locked: the lock belongs to the open file, so the server inherits it with its output and holds it
 * to its last breath. -1 while another server has it. */
static int lock_log(const struct private_redis *p)
{
    char path[PATH_MAX + 16];
    struct stat st;

    snprintf(path, sizeof path, "%s/redis.log", p->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return -1;
    }
    if (fstat(fd, &st) == 0 && st.st_size > LOG_MAX_BYTES && ftruncate(fd, 0) != 0)
        log_warn("private_redis_log_not_cut", "path", path);
    return fd;
}

/* True while another server listens; asks it to leave, and then makes it. Redis syncs its file before it
 * stops listening, so even one that holds no lock on the log has written its last byte when this turns false.
 */
static bool somebody_left_over(struct private_redis *p)
{
    pid_t pid = listener_pid(p);

    if (pid > 0 && clock_mono_ms() - p->since_ms > LEAVE_MS) {
        kill(pid, SIGKILL);
    } else if (pid > 0 && p->looks++ % (ASK_AGAIN_MS / LOOK_AGAIN_MS) == 0) {
        log_warn("private_redis_leftover", "pid", log_num(pid));
        kill(pid, SIGTERM);
    }
    return pid != 0;
}

static void wait_for_room(void *ctx)
{
    struct private_redis *p = ctx;
    int log_fd = somebody_left_over(p) ? -1 : lock_log(p);

    if (log_fd >= 0) {
        start_server(p, log_fd);
        close(log_fd);
    } else if (clock_mono_ms() - p->since_ms > GIVE_UP_MS && p->ready != NULL) {
        give_up(p, "another redis-server does not leave data_dir/redis");
    } else {
        timer_start(&p->timer, p->loop, LOOK_AGAIN_MS, wait_for_room, p);
    }
}

/* ---- the directory ---- */

static enum loa_status no_directory(struct errors *err, const char *path)
{
    fault_at(err, path, 0, "data_dir",
             "không tạo hoặc không ghi được thư mục này (%s); kiểm tra data_dir và quyền ghi",
             "cannot make or write this directory (%s): check data_dir and its permissions", strerror(errno));
    return LOA_IO;
}

static enum loa_status make_directory(const char *path, mode_t mode, struct errors *err)
{
    struct stat st;

    if (mkdir(path, mode) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return LOA_OK;
    return no_directory(err, path);
}

enum loa_status private_redis_url(const char *data_dir, char out[PRIVATE_REDIS_URL_MAX])
{
    char absolute[PATH_MAX];

    if (realpath(data_dir, absolute) == NULL)
        return LOA_NOT_FOUND;
    if (strlen(absolute) + strlen("/redis/redis.sock") > SOCKET_MAX)
        return LOA_TOO_BIG;
    snprintf(out, PRIVATE_REDIS_URL_MAX, "unix://%.90s/redis/redis.sock", absolute);
    return LOA_OK;
}

static enum loa_status find_places(struct private_redis *p, const char *data_dir, struct errors *err)
{
    enum loa_status st = make_directory(data_dir, 0750, err);

    if (st != LOA_OK)
        return st;
    st = private_redis_url(data_dir, p->url);
    if (st == LOA_TOO_BIG) {
        fault_at(err, data_dir, 0, "too_long",
                 "đường dẫn data_dir quá dài: tối đa %d byte kể cả các thư mục phía trên",
                 "data_dir is too long: at most %d bytes with all directories above it",
                 SOCKET_MAX - (int)strlen("/redis/redis.sock"));
        return st;
    }
    if (st != LOA_OK)
        return no_directory(err, data_dir);
    snprintf(p->dir, sizeof p->dir, "%.*s", (int)(strlen(socket_path(p)) - strlen("/redis.sock")),
             socket_path(p));
    return make_directory(p->dir, 0700, err);
}

static enum loa_status taken(int fd, const char *path, struct errors *err)
{
    char pid[24] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

    pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
    fault_at(
        err, path, 0, "data_dir_busy",
        "một loa khác (tiến trình %s) đang dùng data_dir này; dừng tiến trình đó hoặc chọn data_dir khác",
        "another loa (process %s) uses this data_dir: stop it, or choose another data_dir",
        pid[0] ? pid : "?");
    return LOA_BUSY;
}

/* Held until we end, however we end. The text is for people; the lock is what counts. */
static enum loa_status lock_data_dir(struct private_redis *p, const char *data_dir, struct errors *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0)
        return no_directory(err, path);
    enum loa_status st = LOA_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        st = errno == EWOULDBLOCK ? taken(fd, path, err) : no_directory(err, path);
    else if (ftruncate(fd, 0) != 0 || dprintf(fd, "%d\n", getpid()) < 0)
        st = no_directory(err, path);
    if (st == LOA_OK)
        p->lock_fd = fd;
    else
        close(fd);
    return st;
}

/* By way of a second file, so that a full disk leaves the old one. */
static enum loa_status write_conf(const struct private_redis *p, struct errors *err)
{
    char path[PATH_MAX + 16], fresh[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/redis.conf", p->dir);
    snprintf(fresh, sizeof fresh, "%s/redis.conf.new", p->dir);
    FILE *f = fopen(fresh, "we");
    if (f == NULL)
        return no_directory(err, fresh);
    bool fine = fputs(private_redis_conf, f) >= 0;
    fine = fclose(f) == 0 && fine;
    return fine && rename(fresh, path) == 0 ? LOA_OK : no_directory(err, fresh);
}

static bool in_path(const char *program)
{
    char path[PATH_MAX], *list = mem_strdup(getenv("PATH")), *save = NULL;
    bool found = false;

    for (char *dir = strtok_r(list ? list : (char[]){ "" }, ":", &save); dir != NULL && !found;
         dir = strtok_r(NULL, ":", &save)) {
        snprintf(path, sizeof path, "%s/%s", dir, program);
        found = access(path, X_OK) == 0;
    }
    free(list);
    return found;
}

static enum loa_status find_program(struct errors *err)
{
    if (in_path("redis-server"))
        return LOA_OK;
    fault_at(
        err, "redis-server", 0, "no_redis",
        "chưa cài redis-server: chạy `apt install redis-server`, hoặc đặt [redis] url tới một Redis có sẵn",
        "redis-server is not installed: run `apt install redis-server`, or set [redis] url to a server you have");
    return LOA_NOT_FOUND;
}

/* ---- life ---- */

enum loa_status private_redis_start(struct loop *l, const char *data_dir, struct errors *err,
                                    private_redis_fn *ready, void *ctx, struct private_redis **out)
{
    struct private_redis *p = mem_alloc(sizeof *p);

    *p = (struct private_redis){ .loop = l, .lock_fd = -1, .ready = ready, .ready_ctx = ctx };
    enum loa_status st = find_program(err);
    if (st == LOA_OK)
        st = find_places(p, data_dir, err);
    if (st == LOA_OK)
        st = lock_data_dir(p, data_dir, err);
    if (st == LOA_OK)
        st = write_conf(p, err);
    if (st != LOA_OK) {
        private_redis_free(p);
        return st;
    }
    move_leftover_aside(p);
    enter(p, WAITING);
    timer_start(&p->timer, l, 0, wait_for_room, p);
    *out = p;
    return LOA_OK;
}

int private_redis_pid(const struct private_redis *p)
{
    return p->child == NULL ? 0 : child_pid(p->child);
}

static void ask_to_stop(void *ctx)
{
    struct private_redis *p = ctx;
    bool too_long = clock_mono_ms() - p->since_ms >= STOP_MS;

    if (too_long)
        log_warn("private_redis_killed", "pid", log_num(child_pid(p->child)));
    child_signal(p->child, too_long ? SIGKILL : SIGTERM);
    timer_start(&p->timer, p->loop, ASK_AGAIN_MS, ask_to_stop, p);
}

void private_redis_stop(struct private_redis *p, loop_fn *stopped, void *ctx)
{
    p->stopped = stopped;
    p->stopped_ctx = ctx;
    p->ready = NULL;
    enter(p, STOPPING);
    drop_probe(p);
    timer_start(&p->timer, p->loop, 0, p->child == NULL ? stop_done : ask_to_stop, p);
}

void private_redis_free(struct private_redis *p)
{
    if (p == NULL)
        return;
    timer_stop(&p->timer);
    drop_probe(p);
    if (p->child != NULL) { /* not waited for: the next start will */
        child_signal(p->child, SIGTERM);
        child_forget(p->child);
    }
    if (p->lock_fd >= 0)
        close(p->lock_fd);
    free(p);
}
