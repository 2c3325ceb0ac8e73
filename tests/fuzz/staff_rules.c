/* What a browser or an administrator sends to the door: cookies, origins, logins, lists, roles, passwords.
 * The first line is one text, the rest another. */
#include "loa/staff_rules.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), login[STAFF_LOGIN_SIZE], value[64], list[32];
    memcpy(text, data, size);
    text[size] = '\0';
    char *other = strchr(text, '\n');
    if (other != NULL)
        *other++ = '\0';
    else
        other = text;

    if (cookie_value(text, "loa_staff", value, sizeof value))
        assert(strlen(value) < sizeof value && strchr(value, ';') == NULL);
    if (origin_is_ours(text, other, "https://loa.example.vn"))
        assert(strstr(text, "://") != NULL);
    if (staff_login_clean(text, login)) {
        char again[STAFF_LOGIN_SIZE];
        assert(staff_login_clean(login, again) && strcmp(login, again) == 0);
    }
    if (staff_list_clean(text, list, sizeof list))
        assert(strlen(list) < sizeof list && strchr(list, ' ') == NULL);
    unsigned roles = roles_from_words(text);
    struct buf printed = BUF_INIT(256);
    roles_print(roles, &printed);
    assert(roles == 0 || roles_from_words(buf_cstr(&printed)) == roles);
    buf_clear(&printed);
    if (password_fault(text, "lan.vo", other) == NULL)
        assert(strlen(text) >= PASSWORD_MIN_LETTERS);
    free(text);
    return 0;
}
