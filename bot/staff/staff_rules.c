#include "loa/staff_rules.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- roles ---- */

static const struct {
    unsigned bit;
    const char *word;
} roles[] = {
    { ROLE_OFFICER, "officer" }, { ROLE_LEAD, "lead" },     { ROLE_EDITOR, "editor" },
    { ROLE_ADMIN, "admin" },     { ROLE_AUTHOR, "author" }, { ROLE_APPROVER, "approver" },
    { ROLE_SENDER, "sender" },   { ROLE_VIEWER, "viewer" },
};
#define ROLES (sizeof roles / sizeof roles[0])

static unsigned role_bit(const char *word, size_t n)
{
    for (size_t i = 0; i < ROLES; i++)
        if (strlen(roles[i].word) == n && strncmp(roles[i].word, word, n) == 0)
            return roles[i].bit;
    return 0;
}

unsigned roles_from_words(const char *list)
{
    unsigned found = 0;
    for (size_t n; *list != '\0'; list += n) {
        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        unsigned bit = role_bit(list, n);
        if (n > 0 && bit == 0)
            return 0;
        found |= bit;
    }
    return found;
}

void roles_print(unsigned set, struct buf *out)
{
    const char *comma = "";
    for (size_t i = 0; i < ROLES; i++) {
        if (set & roles[i].bit) {
            buf_printf(out, "%s%s", comma, roles[i].word);
            comma = ",";
        }
    }
}

/* ---- names ---- */

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool staff_login_clean(const char *typed, char out[STAFF_LOGIN_SIZE])
{
    size_t n = strlen(typed);
    if (n < 2 || n >= STAFF_LOGIN_SIZE)
        return false;
    for (size_t i = 0; i <= n; i++)
        out[i] = is_capital(typed[i]) ? (char)(typed[i] - 'A' + 'a') : typed[i];
    for (size_t i = 0; i < n; i++)
        if (!is_small(out[i]) && (i == 0 || (!is_digit(out[i]) && strchr("._-", out[i]) == NULL)))
            return false;
    return true;
}

bool staff_list_clean(const char *typed, char *out, size_t size)
{
    struct buf b = BUF_INIT(size - 1);
    for (size_t n; *typed != '\0'; typed += n) {
        typed += strspn(typed, ", ");
        n = strcspn(typed, ", ");
        for (size_t i = 0; i < n; i++) {
            if (!is_small(typed[i]) && !is_capital(typed[i]) && !is_digit(typed[i]) &&
                strchr("-_.", typed[i]) == NULL) {
                buf_clear(&b);
                return false;
            }
        }
        if (n > 0 && b.len > 0)
            buf_char(&b, ',');
        buf_add(&b, typed, n);
    }
    bool good = buf_ok(&b);
    if (good)
        snprintf(out, size, "%s", buf_cstr(&b));
    buf_clear(&b);
    return good;
}

/* ---- passwords ---- */

/* Is `word` one of the lines of `text`, capitals or not? */
static bool has_line(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (size_t n; *text != '\0'; text += n + (text[n] != '\0')) {
        n = strcspn(text, "\r\n");
        if (n == length && strncasecmp(text, word, n) == 0)
            return true;
    }
    return false;
}

/* "aaaaaaaaaa", "121212121212": fewer than four different letters. */
static bool is_monotonous(const char *password)
{
    bool seen[256] = { false };
    unsigned kinds = 0;
    for (const char *p = password; *p != '\0'; p++) {
        kinds += !seen[(unsigned char)*p];
        seen[(unsigned char)*p] = true;
    }
    return kinds < 4;
}

const char *password_fault(const char *password, const char *login, const char *common)
{
    size_t n = strlen(password);
    if (n > PASSWORD_MAX_BYTES)
        return "Mật khẩu quá dài; hãy dùng tối đa 256 ký tự không dấu.";
    if (!text_is_utf8(password, n))
        return "Mật khẩu có ký tự không hợp lệ.";
    if (text_length(password, n) < PASSWORD_MIN_LETTERS)
        return "Mật khẩu cần ít nhất 10 ký tự. Một câu ngắn dễ nhớ là tốt nhất.";
    if (is_monotonous(password))
        return "Mật khẩu lặp đi lặp lại vài ký tự nên rất dễ đoán. Hãy chọn mật khẩu khác.";
    if (login[0] != '\0' && strcasestr(password, login) != NULL)
        return "Mật khẩu không được chứa tên đăng nhập.";
    if (has_line(common, password))
        return "Mật khẩu này có trong danh sách hay bị đoán nhất. Hãy chọn mật khẩu khác.";
    return NULL;
}

/* ---- what a browser sends ---- */

bool cookie_value(const char *header, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    for (size_t n; header != NULL && *header != '\0'; header += n) {
        header += strspn(header, "; ");
        n = strcspn(header, ";");
        if (n > length && header[length] == '=' && strncmp(header, name, length) == 0) {
            size_t value = n - length - 1;
            if (value >= size)
                return false;
            snprintf(out, size, "%.*s", (int)value, header + length + 1);
            return true;
        }
    }
    return false;
}

bool origin_is_ours(const char *origin, const char *host, const char *public_url)
{
    const char *place = strstr(origin, "://"), *place_of_ours = strstr(public_url, "://");
    if (place == NULL)
        return false; /* "null": a sandboxed frame, a file */
    if (host != NULL && host[0] != '\0' && strcasecmp(place + 3, host) == 0)
        return true;
    size_t n = place_of_ours == NULL ? 0 : (size_t)(place_of_ours - public_url) + 3;
    n += place_of_ours == NULL ? 0 : strcspn(place_of_ours + 3, "/");
    return n > 0 && strlen(origin) == n && strncasecmp(origin, public_url, n) == 0;
}
