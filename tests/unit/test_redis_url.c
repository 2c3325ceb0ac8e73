#include "../../bot/net/redis_inside.h"
#include "check.h"
#include <stdio.h>
#include <string.h>

/* One line per url, so that the table can be read: mode user:password server… master */
static const char *in_words(const char *url)
{
    static char out[2048];
    static const char *const mode[] = { "single", "sentinel", "cluster" };
    struct redis_url u = { 0 };
    char address[REDIS_ADDRESS_TEXT];

    enum loa_status st = redis_url_parse(url, &u);
    if (st != LOA_OK)
        return loa_status_word(st);
    size_t n = (size_t)snprintf(out, sizeof out, "%s", mode[u.mode]);
    if (u.password[0] != '\0')
        n += (size_t)snprintf(out + n, sizeof out - n, " %s:%s", u.user, u.password);
    for (unsigned i = 0; i < u.servers; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, " %s", redis_address_text(&u.server[i], address));
    snprintf(out + n, sizeof out - n, "%s%s", u.master[0] ? " " : "", u.master);
    return out;
}

static const struct {
    const char *url, *want;
} cases[] = {
    { "unix:///run/redis.sock", "single /run/redis.sock" },
    { "unix://loa:secret@/run/redis.sock", "single loa:secret /run/redis.sock" },
    { "unix:///with%20space", "single /with space" },
    { "redis://127.0.0.1:7000", "single 127.0.0.1:7000" },
    { "redis://db.tinh.vn", "single db.tinh.vn:6379" },
    { "redis://db/", "single db:6379" },
    { "redis://db:1/0", "single db:1" },
    { "redis://[::1]:7000", "single [::1]:7000" },
    { "redis://[::1]", "single [::1]:6379" },
    { "redis://:secret@db", "single :secret db:6379" },
    { "redis://loa:p%40ss%2Fword%3A@db:1", "single loa:p@ss/word: db:1" },
    { "redis://loa:with@at@db:1", "single loa:with@at db:1" },
    { "sentinel://a:1,b,c:3/loa", "sentinel a:1 b:26379 c:3 loa" },
    { "sentinel://u:p@a/loa-main", "sentinel u:p a:26379 loa-main" },
    { "cluster://a:1,b:2,[::2]:3", "cluster a:1 b:2 [::2]:3" },
    { "cluster://u:p@a", "cluster u:p a:6379" },
    { "", "invalid" },
    { "private", "invalid" },
    { "http://a", "invalid" },
    { "redis:a", "invalid" },
    { "redis://", "invalid" },
    { "redis://:1", "invalid" },
    { "redis://a:", "invalid" },
    { "redis://a:0", "invalid" },
    { "redis://a:65536", "invalid" },
    { "redis://a:99999999999", "invalid" },
    { "redis://a:1x", "invalid" },
    { "redis://a b", "invalid" },
    { "redis://a:1/2", "invalid" }, /* one database only: Cluster has no other */
    { "redis://a:1,b:2", "invalid" },
    { "redis://[::1", "invalid" },
    { "redis://[::1]7", "invalid" },
    { "redis://user@a", "invalid" },
    { "redis://user:@a", "invalid" },
    { "redis://u:%zz@a", "invalid" },
    { "redis://u:%0@a", "invalid" },
    { "redis://u:%00@a", "invalid" },
    { "rediss://a", "invalid" },
    { "unix://relative", "invalid" },
    { "unix:///", "invalid" },
    { "sentinel://a:1", "invalid" },
    { "sentinel://a:1/", "invalid" },
    { "sentinel://a:1/x/y", "invalid" },
    { "cluster://a:1,", "invalid" },
    { "cluster://,a:1", "invalid" },
    { "cluster://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", "cluster a:6379 b:6379 c:6379 d:6379 e:6379 f:6379 g:6379 "
                                                   "h:6379 i:6379 j:6379 k:6379 l:6379 m:6379 n:6379 o:6379 "
                                                   "p:6379" },
    { "cluster://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "too_big" },
};

static void urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_str(cases[i].url, in_words(cases[i].url), cases[i].want);
}

static void long_parts_are_refused(void **state)
{
    (void)state;
    char url[2000];

    snprintf(url, sizeof url, "unix:///%0107d", 1);
    check_str("a path the kernel cannot take", in_words(url), "too_big");
    snprintf(url, sizeof url, "unix:///%0106d", 1);
    check_true("the longest path", strncmp(in_words(url), "single /0", 9) == 0);
    snprintf(url, sizeof url, "redis://%0256d", 1);
    check_str("host", in_words(url), "too_big");
    snprintf(url, sizeof url, "redis://%0128d:x@a", 1);
    check_str("user", in_words(url), "too_big");
    snprintf(url, sizeof url, "redis://u:%0256d@a", 1);
    check_str("password", in_words(url), "too_big");
    snprintf(url, sizeof url, "sentinel://a/%0128d", 1);
    check_str("master", in_words(url), "too_big");
}

/* Figures of CLUSTER KEYSLOT, which takes the part between the braces. */
static void partitions_have_slots(void **state)
{
    (void)state;
    char tag[REDIS_TAG_BYTES];

    check_str("tag", redis_partition_tag(7, tag), "{p07}");
    check_str("tag", redis_partition_tag(15, tag), "{p15}");
    check_int("slot of {p00}", redis_partition_slot(0), 11214);
    check_int("slot of {p07}", redis_partition_slot(7), 6953);
    check_int("slot of {p15}", redis_partition_slot(15), 2138);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(long_parts_are_refused),
        cmocka_unit_test(partitions_have_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
