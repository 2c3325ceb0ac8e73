#include "check.h"
#include "loa/clock.h"
#include "loa/loop.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char trace[256];

static void note(void *ctx)
{
    strncat(trace, ctx, sizeof trace - strlen(trace) - 1);
}

static void *letter(char c)
{
    static char text[128][2];
    text[(int)c][0] = c;
    return text[(int)c];
}

static struct loop *start(void)
{
    trace[0] = '\0';
    return loop_new();
}

static void set_flag(void *ctx)
{
    *(bool *)ctx = true;
}

/* ---- timers ---- */

static void timers_fire_in_order(void **state)
{
    (void)state;
    struct loop *l = start();
    struct timer a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 }, stopped = { 0 };

    clock_freeze(0);
    timer_start(&c, l, 30, note, letter('c'));
    timer_start(&a, l, 10, note, letter('a'));
    timer_start(&stopped, l, 15, note, letter('!'));
    timer_start(&b, l, 20, note, letter('b'));
    timer_start(&d, l, 20, note, letter('d'));
    timer_stop(&stopped);
    timer_stop(&stopped);
    check_str("nothing inside timer_start()", trace, "");
    clock_advance(20);
    loop_run_once(l);
    check_str("by deadline, equal ones as started", trace, "abd");
    check_true("a fired timer is stopped", !timer_running(&a));
    clock_advance(10);
    loop_run_once(l);
    check_str("the rest", trace, "abdc");
    clock_thaw();
    loop_free(l);
}

static void many_timers_keep_their_order(void **state)
{
    (void)state;
    enum { N = 2000 };
    static struct timer t[N];
    static bool fired[N];
    struct loop *l = start();
    unsigned seed = 1;

    memset(t, 0, sizeof t);
    clock_freeze(0);
    const int64_t begin = clock_mono_ms();
    for (int i = 0; i < N; i++)
        timer_start(&t[i], l, rand_r(&seed) % 500, set_flag, &fired[i]);
    for (int i = 0; i < N; i += 3) /* stop and restart some, from anywhere in the heap */
        timer_stop(&t[i]);
    for (int i = 0; i < N; i += 6)
        timer_start(&t[i], l, rand_r(&seed) % 500, set_flag, &fired[i]);
    for (int ms = 0; ms < 500; ms++) {
        clock_advance(1);
        loop_run_once(l);
        for (int i = 0; i < N; i++)
            if (timer_running(&t[i]))
                assert_true(t[i].due_ms > begin + ms + 1);
    }
    for (int i = 0; i < N; i++)
        check_int("fired exactly when started last", fired[i], i % 3 != 0 || i % 6 == 0);
    clock_thaw();
    loop_free(l);
}

struct again {
    struct loop *loop;
    struct timer timer;
    int count;
};

static void run_again(void *ctx)
{
    struct again *a = ctx;
    a->count++;
    timer_start(&a->timer, a->loop, 0, run_again, a);
}

static void a_zero_timer_runs_once_a_turn(void **state)
{
    (void)state;
    struct again a = { .loop = start() };

    timer_start(&a.timer, a.loop, 0, run_again, &a);
    for (int turn = 1; turn <= 3; turn++) {
        loop_run_once(a.loop);
        check_int("once a turn", a.count, turn);
    }
    loop_free(a.loop);
    check_true("stopped with the loop", !timer_running(&a.timer));
}

static void real_time_passes(void **state)
{
    (void)state;
    struct loop *l = start();
    struct timer t = { 0 };
    bool fired = false;
    int64_t begin = clock_mono_ms();

    timer_start(&t, l, 20, set_flag, &fired);
    check_wait(l, &fired, 5000, "20 ms timer");
    check_true("not early", clock_mono_ms() - begin >= 20);
    loop_free(l);
}

/* ---- later ---- */

struct twice {
    struct loop *loop;
    char text;
};

static void note_and_defer(void *ctx)
{
    struct twice *t = ctx;
    note(letter(t->text));
    loop_defer(t->loop, note, letter('2'));
    loop_at_turn_end(t->loop, note, letter('e'));
}

static void deferred_calls_keep_their_order(void **state)
{
    (void)state;
    struct loop *l = start();
    struct twice t = { .loop = l, .text = 'b' };

    loop_on_turn_end(l, note, letter('|'));
    loop_free_later(l, letter('f'), note);
    loop_defer(l, note, letter('a'));
    loop_defer(l, note_and_defer, &t);
    loop_defer(l, note, letter('c'));
    check_str("not inside loop_defer()", trace, "");
    loop_run_once(l);
    check_str("calls, hook, once at the end, free, next round", trace, "abc|ef2");
    loop_run_once(l);
    check_str("the hook stays", trace, "abc|ef2|");
    loop_free(l);
}

static void freeing_the_loop_runs_what_is_left(void **state)
{
    (void)state;
    struct loop *l = start();
    struct twice t = { .loop = l, .text = 'a' };

    loop_defer(l, note_and_defer, &t);
    loop_free_later(l, malloc(10), free);
    loop_free(l);
    check_str("deferred, then what it deferred", trace, "a2e");
    loop_free(NULL);
}

/* ---- signals and work ---- */

static void stop_on_signal(void *ctx, int signo)
{
    check_int("signal number", signo, SIGUSR1);
    loop_stop(ctx);
}

static void signals_arrive(void **state)
{
    (void)state;
    struct loop *l = start();

    check_int("usual", loop_on_signal(l, SIGUSR1, stop_on_signal, l), LOA_OK);
    check_int("impossible", loop_on_signal(l, SIGKILL, stop_on_signal, l), LOA_INVALID);
    raise(SIGUSR1);
    loop_run(l);
    loop_free(l);
}

struct sum {
    int result;
    bool done;
};

static void add_up(void *ctx)
{
    struct sum *s = ctx;
    for (int i = 1; i <= 100; i++)
        s->result += i;
}

static void sum_done(void *ctx)
{
    ((struct sum *)ctx)->done = true;
}

static void work_runs_beside_the_loop(void **state)
{
    (void)state;
    struct loop *l = start();
    struct sum s = { 0 }, unfinished = { 0 };

    check_int("taken", loop_work(l, add_up, sum_done, &s), LOA_OK);
    check_true("not done at once", !s.done);
    check_wait(l, &s.done, 5000, "work");
    check_int("its result", s.result, 5050);
    loop_work(l, add_up, sum_done, &unfinished);
    loop_free(l);
    check_true("the loop's end waits for it", unfinished.done);
}

/* ---- children ---- */

struct ended {
    bool done;
    int status, signo, times;
};

static void child_done(void *ctx, int exit_status, int term_signal)
{
    struct ended *e = ctx;
    *e = (struct ended){ .done = true, .status = exit_status, .signo = term_signal, .times = e->times + 1 };
}

static struct child *run_child(struct loop *l, struct ended *e, int log_fd, const char *shell_text)
{
    struct child *c = NULL;
    const char *argv[] = { "sh", "-c", shell_text, NULL };
    check_int(shell_text, child_start(l, argv, log_fd, child_done, e, &c), LOA_OK);
    return c;
}

static void children_end(void **state)
{
    (void)state;
    struct loop *l = start();
    struct ended exits = { 0 }, killed = { 0 }, ignored = { 0 };
    struct child *a = run_child(l, &exits, -1, "exit 7");
    struct child *b = run_child(l, &killed, -1, "exec sleep 1000");
    struct child *c = run_child(l, &ignored, -1, "exec sleep 1000");

    check_true("has a pid", child_pid(b) > 0);
    child_signal(b, SIGTERM);
    child_forget(c);
    child_signal(c, SIGKILL);
    check_wait(l, &exits.done, 10000, "exit");
    check_wait(l, &killed.done, 10000, "kill");
    check_int("exit status", exits.status, 7);
    check_int("no signal", exits.signo, 0);
    check_int("no status", killed.status, -1);
    check_int("signal", killed.signo, SIGTERM);
    check_int("gone", child_pid(b), 0);
    child_signal(b, SIGKILL); /* harmless: nobody else gets it */
    child_forget(a);
    child_forget(b);
    loop_free(l);
    check_int("a forgotten child stays silent", ignored.times, 0);
    check_int("once", exits.times, 1);
}

static void a_missing_program_is_told_at_once(void **state)
{
    (void)state;
    struct loop *l = start();
    struct child *c = NULL;
    struct ended e = { 0 };
    const char *nowhere[] = { "loa-no-such-program", NULL }, *directory[] = { "/", NULL };

    check_int("missing", child_start(l, nowhere, -1, child_done, &e, &c), LOA_NOT_FOUND);
    check_int("not a program", child_start(l, directory, -1, child_done, &e, &c), LOA_IO);
    check_true("no child", c == NULL);
    loop_free(l);
    check_int("no callback", e.times, 0);
}

static void a_child_has_its_log_and_no_other_descriptor(void **state)
{
    (void)state;
    struct loop *l = start();
    struct ended e = { 0 };
    char path[300], text[200] = "";
    int secret = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as a careless library would */

    snprintf(path, sizeof path, "%s/log", check_tmpdir());
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct child *c = run_child(l, &e, fd, "echo out; echo err >&2; ls /proc/$$/fd");
    check_wait(l, &e.done, 10000, "child");
    check_true("log", pread(fd, text, sizeof text - 1, 0) > 0);
    check_str("stdin, stdout, stderr alone", text, "out\nerr\n0\n1\n2\n");
    close(fd);
    close(secret);
    child_forget(c);
    loop_free(l);
}

/* A process of ours that starts a child and is killed: the child must go as well. */
static void a_child_does_not_outlive_us(void **state)
{
    (void)state;
    int fds[2];
    char end;

    check_int("pipe", pipe(fds), 0);
    pid_t middle = fork();
    if (middle == 0) {
        struct loop *l = loop_new();
        struct ended e = { 0 };
        const char *argv[] = { "sh", "-c", "echo x; exec sleep 1000", NULL };
        struct child *c = NULL;
        close(fds[0]);
        _exit(child_start(l, argv, fds[1], child_done, &e, &c) == LOA_OK && pause() ? 0 : 1);
    }
    close(fds[1]);
    check_int("the child runs", read(fds[0], &end, 1), 1);
    kill(middle, SIGKILL);
    waitpid(middle, NULL, 0);
    while (read(fds[0], &end, 1) > 0) /* ends when the last writer, the child, is gone */
        ;
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(many_timers_keep_their_order),
        cmocka_unit_test(a_zero_timer_runs_once_a_turn),
        cmocka_unit_test(real_time_passes),
        cmocka_unit_test(deferred_calls_keep_their_order),
        cmocka_unit_test(freeing_the_loop_runs_what_is_left),
        cmocka_unit_test(signals_arrive),
        cmocka_unit_test(work_runs_beside_the_loop),
        cmocka_unit_test(children_end),
        cmocka_unit_test(a_missing_program_is_told_at_once),
        cmocka_unit_test(a_child_has_its_log_and_no_other_descriptor),
        cmocka_unit_test(a_child_does_not_outlive_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
