/*
 * loa staff add|passwd|roles|off|on LOGIN …, loa staff list: accounts of the people who log in. A password is
 * asked for on the terminal without showing it, or read as one line from a file or from standard input.
 */
#include "loa/app.h"
#include "loa/cli_store.h"
#include "loa/clock.h"
#include "loa/handover.h"
#include "loa/staff.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define COMMON_MAX_BYTES 65536
#define BY               "loa staff" /* who did it, in the stream of acts */

struct request {
    const char *verb, *typed_login, *config, *name, *password_file;
    const char *role_words;
    char login[STAFF_LOGIN_SIZE], desks[256], units[256];
    bool desks_given, units_given;
    bool english;
};

static int usage(bool english, int status)
{
    fputs(
        english
            ? "Usage: loa staff add LOGIN --name \"Full name\" --role R[,R...] [--desk D[,D...]] [--unit U[,U...]]\n"
              "                     [--password-file FILE] -c FILE\n"
              "       loa staff passwd LOGIN [--password-file FILE] -c FILE\n"
              "       loa staff roles LOGIN [--role R[,R...]] [--desk D[,D...]] [--unit U[,U...]] [--name \"Full name\"] -c FILE\n"
              "       loa staff off|on LOGIN -c FILE\n"
              "       loa staff list -c FILE\n\n"
              "Roles: officer (answers citizens) lead (roster, transfers, canned replies, publishes) editor (FAQ, Q&A)\n"
              "       admin (accounts) author approver sender viewer (campaigns)\n"
              "The password is asked for, or read as one line from standard input or the file.\n"
            : "Cách dùng: loa staff add TÊN --name \"Họ và tên\" --role R[,R…] [--desk D[,D…]] [--unit U[,U…]]\n"
              "                         [--password-file TỆP] -c TỆP\n"
              "           loa staff passwd TÊN [--password-file TỆP] -c TỆP\n"
              "           loa staff roles TÊN [--role R[,R…]] [--desk D[,D…]] [--unit U[,U…]] [--name \"Họ và tên\"] -c TỆP\n"
              "           loa staff off|on TÊN -c TỆP\n"
              "           loa staff list -c TỆP\n\n"
              "Vai trò: officer (trả lời người dân) lead (lịch trực, chuyển việc, câu mẫu, duyệt đăng) editor (hỏi đáp)\n"
              "         admin (tài khoản) author approver sender viewer (chiến dịch nhắn tin)\n"
              "Mật khẩu được hỏi trên màn hình, hoặc đọc một dòng từ đầu vào chuẩn hay từ tệp.\n",
        status == 0 ? stdout : stderr);
    return status;
}

static int say(const struct request *r, const char *vi, const char *en)
{
    fprintf(stderr, "loa: %s\n", r->english ? en : vi);
    return 1;
}

/* ---- passwords ---- */

static bool read_line(FILE *from, char out[PASSWORD_MAX_BYTES + 2])
{
    if (fgets(out, PASSWORD_MAX_BYTES + 2, from) == NULL)
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static bool read_unseen(const char *prompt, char out[PASSWORD_MAX_BYTES + 2])
{
    struct termios seen, unseen;
    if (tcgetattr(STDIN_FILENO, &seen) != 0)
        return false;
    unseen = seen;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    fputs(prompt, stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    bool good = read_line(stdin, out);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
    fputs("\n", stderr);
    return good;
}

static bool ask_twice(const struct request *r, char out[PASSWORD_MAX_BYTES + 2])
{
    char again[PASSWORD_MAX_BYTES + 2] = "";
    bool good = read_unseen(r->english ? "Password: " : "Mật khẩu: ", out) &&
                read_unseen(r->english ? "Once more: " : "Nhập lại: ", again) && strcmp(out, again) == 0;
    crypto_wipe(again, sizeof again);
    if (!good)
        say(r, "hai lần nhập không giống nhau", "the two are not the same");
    return good;
}

static bool get_password(const struct request *r, char out[PASSWORD_MAX_BYTES + 2])
{
    if (r->password_file == NULL && isatty(STDIN_FILENO))
        return ask_twice(r, out);
    FILE *from = r->password_file != NULL ? fopen(r->password_file, "r") : stdin;
    bool good = from != NULL && read_line(from, out);
    if (from != NULL && from != stdin)
        fclose(from);
    if (!good)
        say(r, "không đọc được mật khẩu", "cannot read the password");
    return good;
}

static bool password_is_good(const struct cli_store *c, const struct request *r, const char *password)
{
    char path[1024];
    struct buf common = BUF_INIT(COMMON_MAX_BYTES);
    snprintf(path, sizeof path, "%s/policy/passwords.txt", config_str(c->config, "loa", "templates"));
    buf_read_file(&common, path); /* without the file the other rules still hold */
    const char *fault = password_fault(password, r->login, buf_cstr(&common));
    if (fault != NULL)
        fprintf(stderr, "loa: %s\n", fault);
    buf_clear(&common);
    return fault == NULL;
}

static bool get_hash(const struct cli_store *c, const struct request *r, char hash[CRYPTO_PASSWORD_HASH])
{
    char password[PASSWORD_MAX_BYTES + 2] = "";
    bool good =
        get_password(r, password) && password_is_good(c, r, password) && crypto_password_hash(password, hash);
    crypto_wipe(password, sizeof password);
    return good;
}

/* ---- desks and units ---- */

typedef bool known_fn(const void *where, const char *id);

static bool desk_known(const void *desks, const char *id)
{
    return desk_find(desks, id) != NULL;
}

static bool unit_known(const void *policy, const char *id)
{
    const struct unit_info *u = policy_unit(policy, id, clock_wall_ms());
    return u != NULL && strcmp(u->id, id) == 0;
}

static bool all_known(const struct request *r, const char *list, known_fn *known, const void *where,
                      const char *vi, const char *en)
{
    char id[256];
    for (size_t n; *list != '\0'; list += n + (list[n] != '\0')) {
        n = strcspn(list, ",");
        snprintf(id, sizeof id, "%.*s", (int)n, list);
        if (!known(where, id)) {
            fprintf(stderr, "loa: %s: %s\n", r->english ? en : vi, id);
            return false;
        }
    }
    return true;
}

/* An account for a desk that does not exist would see nothing, and nobody would know why. */
static bool places_are_known(const struct cli_store *c, const struct request *r)
{
    char dir[1024];
    struct errors *err = errors_new();
    struct desks *desks = NULL;
    struct policy *policy = NULL;
    snprintf(dir, sizeof dir, "%s/policy", config_str(c->config, "loa", "templates"));
    bool good = desks_load(dir, err, &desks) == LOA_OK && policy_load(dir, err, &policy) == LOA_OK;
    if (!good)
        say(r, "templates/policy có lỗi; hãy chạy loa check", "templates/policy has faults; run loa check");
    good = good &&
           all_known(r, r->desks, desk_known, desks, "không có bàn trực này trong desks.ini",
                     "no such desk in desks.ini") &&
           all_known(r, r->units, unit_known, policy, "không có đơn vị này trong units.tsv",
                     "no such unit in units.tsv");
    desks_free(desks);
    policy_free(policy);
    errors_free(err);
    return good;
}

/* ---- changes ---- */

static void take_int(void *ctx, const struct redis_value *v)
{
    *(long long *)ctx = redis_int(v);
}

/* What staff_put.lua takes before the fields. */
static void begin(struct args *a, const struct cli_store *c, const struct request *r, const char *mode,
                  bool ends_sessions)
{
    char lock[CRYPTO_KEY_HEX];
    crypto_lookup_key(c->crypto, "staff-lock", r->login, lock);
    args_init(a);
    args_key(a, 0, "sf:%s", r->login);
    args_key(a, 0, "sfs");
    args_key(a, 0, "sl:%s", lock);
    args_key(a, 0, "acts");
    args_key(a, 0, "ss:-"); /* no session stays */
    args_str(a, r->login);
    args_str(a, mode);
    args_str(a, ends_sessions ? "1" : "0");
    args_str(a, r->verb);
    args_str(a, BY);
}

static void set(struct args *a, const char *field, const char *value)
{
    args_str(a, field);
    args_str(a, value);
}

static int finish(struct cli_store *c, const struct request *r, struct args *a)
{
    long long done = 0;
    bool fresh = strcmp(r->verb, "add") == 0;
    enum loa_status st = cli_store_script(c, 0, "staff_put", a, take_int, &done);
    args_clear(a);
    if (st != LOA_OK)
        return say(r, "chưa lưu được, hãy thử lại", "not stored, try again");
    if (done != 1 && fresh)
        return say(r, "tên đăng nhập này đã có", "there is such a login already");
    if (done != 1)
        return say(r, "không có tên đăng nhập này", "no such login");
    printf(r->english ? "%s: done\n" : "%s: đã lưu\n", r->login);
    return 0;
}

static void set_given(struct args *a, const struct request *r)
{
    if (r->name != NULL) {
        struct buf clean = BUF_INIT(1024);
        char name[128];
        text_clean(&clean, r->name, strlen(r->name), false);
        text_copy(name, sizeof name, buf_cstr(&clean));
        set(a, "name", name);
        buf_clear(&clean);
    }
    if (r->role_words != NULL)
        set(a, "roles", r->role_words);
    if (r->desks_given)
        set(a, "desks", r->desks);
    if (r->units_given)
        set(a, "units", r->units);
}

static int add(struct cli_store *c, const struct request *r)
{
    char hash[CRYPTO_PASSWORD_HASH];
    struct args a;
    if (!places_are_known(c, r) || !get_hash(c, r, hash))
        return 1;
    begin(&a, c, r, "new", true);
    set_given(&a, r);
    set(&a, "pw", hash);
    set(&a, "off", "0");
    return finish(c, r, &a);
}

static int passwd(struct cli_store *c, const struct request *r)
{
    char hash[CRYPTO_PASSWORD_HASH];
    struct args a;
    if (!get_hash(c, r, hash))
        return 1;
    begin(&a, c, r, "old", true);
    set(&a, "pw", hash);
    return finish(c, r, &a);
}

static int roles(struct cli_store *c, const struct request *r)
{
    struct args a;
    if (!places_are_known(c, r))
        return 1;
    begin(&a, c, r, "old", false);
    set_given(&a, r);
    return finish(c, r, &a);
}

static int switch_to(struct cli_store *c, const struct request *r, bool off)
{
    struct args a;
    begin(&a, c, r, "old", off);
    set(&a, "off", off ? "1" : "0");
    return finish(c, r, &a);
}

static int switch_off(struct cli_store *c, const struct request *r)
{
    return switch_to(c, r, true);
}

static int switch_on(struct cli_store *c, const struct request *r)
{
    return switch_to(c, r, false);
}

/* ---- the list ---- */

#define LOGINS_MAX 5000

struct logins {
    char (*login)[STAFF_LOGIN_SIZE];
    size_t count;
};

static void take_logins(void *ctx, const struct redis_value *v)
{
    struct logins *l = ctx;
    size_t n = redis_count(v);
    l->login = calloc(n + 1, sizeof *l->login);
    for (size_t i = 0; l->login != NULL && i < n && i < LOGINS_MAX; i++)
        snprintf(l->login[l->count++], STAFF_LOGIN_SIZE, "%s", redis_str(redis_at(v, i), NULL));
}

static void print_account(void *ctx, const struct redis_value *v)
{
    const struct request *r = ctx;
    bool off = strcmp(redis_str(redis_at(v, 4), NULL), "1") == 0;
    printf("%-3s %-20s %-28s %s", off ? (r->english ? "off" : "tắt") : (r->english ? "on" : "bật"), r->login,
           redis_str(redis_at(v, 1), NULL), redis_str(redis_at(v, 0), NULL));
    printf("  %s  %s\n", redis_str(redis_at(v, 2), NULL), redis_str(redis_at(v, 3), NULL));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum loa_status show(struct cli_store *c, struct request *r)
{
    static const char *const field[] = { "name", "roles", "desks", "units", "off" };
    struct args a;
    args_init(&a);
    args_key(&a, 0, "sf:%s", r->login);
    for (size_t i = 0; i < sizeof field / sizeof field[0]; i++)
        args_str(&a, field[i]);
    enum loa_status st = cli_store_command(c, 0, "HMGET", &a, print_account, r);
    args_clear(&a);
    return st;
}

static int list(struct cli_store *c, const struct request *r)
{
    struct logins l = { 0 };
    struct args a;
    args_init(&a);
    args_key(&a, 0, "sfs");
    enum loa_status st = cli_store_command(c, 0, "SMEMBERS", &a, take_logins, &l);
    args_clear(&a);
    if (l.count > 0)
        qsort(l.login, l.count, sizeof *l.login, by_text);
    for (size_t i = 0; i < l.count && st == LOA_OK; i++) {
        struct request one = *r;
        snprintf(one.login, sizeof one.login, "%s", l.login[i]);
        st = show(c, &one);
    }
    free(l.login);
    return st == LOA_OK ? 0 : 1;
}

/* ---- the command line ---- */

static const struct verb {
    const char *word;
    bool takes_login;
    int (*run)(struct cli_store *c, const struct request *r);
} verbs[] = {
    { "add", true, add },        { "passwd", true, passwd }, { "roles", true, roles },
    { "off", true, switch_off }, { "on", true, switch_on },  { "list", false, list },
};

static const struct verb *find_verb(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (word != NULL && strcmp(verbs[i].word, word) == 0)
            return &verbs[i];
    return NULL;
}

static bool take_option(struct request *r, const char *option, const char *value)
{
    if (strcmp(option, "-c") == 0)
        r->config = value;
    else if (strcmp(option, "--name") == 0)
        r->name = value;
    else if (strcmp(option, "--password-file") == 0)
        r->password_file = value;
    else if (strcmp(option, "--role") == 0 && roles_from_words(value) != 0)
        r->role_words = value;
    else if (strcmp(option, "--desk") == 0)
        r->desks_given = staff_list_clean(value, r->desks, sizeof r->desks);
    else if (strcmp(option, "--unit") == 0)
        r->units_given = staff_list_clean(value, r->units, sizeof r->units);
    else
        return false;
    return (strcmp(option, "--desk") != 0 || r->desks_given) &&
           (strcmp(option, "--unit") != 0 || r->units_given);
}

static const struct verb *parse(int argc, char **argv, struct request *r)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            if (i + 1 == argc || !take_option(r, argv[i], argv[i + 1]))
                return NULL;
            i++;
        } else if (r->verb == NULL) {
            r->verb = argv[i];
        } else if (r->typed_login == NULL) {
            r->typed_login = argv[i];
        } else {
            return NULL;
        }
    }
    const struct verb *v = find_verb(r->verb);
    if (v == NULL || v->takes_login != (r->typed_login != NULL) ||
        (v->takes_login && !staff_login_clean(r->typed_login, r->login)))
        return NULL;
    if (strcmp(v->word, "add") == 0 && (r->name == NULL || r->role_words == NULL))
        return NULL;
    return v;
}

int app_staff(int argc, char **argv)
{
    struct request r = { 0 };
    struct cli_store c;
    r.english = strcmp(app_language(&argc, argv), "en") == 0;
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(r.english, 0);
    const struct verb *v = parse(argc, argv, &r);
    if (v == NULL)
        return usage(r.english, 2);
    int status = cli_store_open(&c, r.config, r.english) ? v->run(&c, &r) : 1;
    cli_store_close(&c);
    return status;
}
