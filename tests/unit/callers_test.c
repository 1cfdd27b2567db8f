/* callers: whom the door knows without a token, as its file says. */
#include "core/digest.h"
#include "services/guard/callers.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SUM "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" /* of "test" */

static char path[64];

static int begin(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/curfew-callers-XXXXXX");
    const int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int end(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct curfew_callers *load(const char *text)
{
    struct curfew_callers *callers = NULL;
    struct curfew_error error;
    write_file(text);
    if (curfew_callers_load(path, &callers, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    return callers;
}

static void each_is_known_by_one_way(void **state)
{
    /* Goal: user, URI, DNS name and secret each find their own caller, and nothing finds another's. */
    (void)state;
    struct curfew_callers *callers =
        load("{\"callers\":[{\"name\":\"a\",\"uid\":1001,\"key_file\":\"a.key\"},"
             "{\"name\":\"b\",\"tls_client_auth_san_uri\":\"spiffe://acme/b\",\"key_file\":\"/keys/b.key\"},"
             "{\"name\":\"c\",\"tls_client_auth_san_dns\":\"c.acme\",\"key_file\":\"a.key\"},"
             "{\"name\":\"d\",\"secret_sha256\":\"" SUM "\",\"key_file\":\"d.key\"}]}");
    assert_string_equal(curfew_callers_of_user(callers, 1001)->name, "a");
    assert_null(curfew_callers_of_user(callers, 0));
    assert_null(curfew_callers_of_user(callers, (uid_t)-1));
    const struct curfew_slice uri = curfew_slice_of("spiffe://acme/b");
    const struct curfew_slice dns = curfew_slice_of("c.acme");
    assert_string_equal(curfew_callers_of_name(callers, CURFEW_HTTP_NAME_URI, uri)->name, "b");
    assert_string_equal(curfew_callers_of_name(callers, CURFEW_HTTP_NAME_DNS, dns)->name, "c");
    assert_null(curfew_callers_of_name(callers, CURFEW_HTTP_NAME_DNS, uri));
    assert_null(curfew_callers_of_name(callers, CURFEW_HTTP_NAME_URI, dns));
    assert_null(curfew_callers_of_name(callers, CURFEW_HTTP_NAME_URI, curfew_slice_of("spiffe://acme/B")));
    assert_null(curfew_callers_of_name(callers, CURFEW_HTTP_NAME_URI, curfew_slice_of("")));
    assert_string_equal(curfew_callers_of_secret(callers, curfew_slice_of("test"))->name, "d");
    assert_null(curfew_callers_of_secret(callers, curfew_slice_of("Test")));
    assert_null(curfew_callers_of_secret(callers, curfew_slice_of(SUM)));
    assert_null(curfew_callers_of_secret(callers, curfew_slice_of("")));
    assert_string_equal(curfew_callers_of_user(callers, 1001)->key_file, "/tmp/a.key"); /* beside the file */
    assert_string_equal(curfew_callers_at(callers, 1)->key_file, "/keys/b.key");
    assert_non_null(curfew_callers_at(callers, 3));
    assert_null(curfew_callers_at(callers, 4));
    curfew_callers_destroy(callers);
}

#define ONE(text) "{\"callers\":[{" text "}]}"
#define GOOD "\"name\":\"a\",\"uid\":1,\"key_file\":\"k\""

static void what_makes_no_sense_is_told(void **state)
{
    /* Goal: each mistake is an error that says which caller and what, and never shows a secret. */
    static const struct {
        const char *text, *said;
    } wrong[] = {
        {"", "no JSON"},
        {"[]", "must be {\"callers\""},
        {"{\"callers\":{}}", "must be {\"callers\""},
        {"{\"callers\":[],\"more\":1}", "must be {\"callers\""},
        {"{\"callers\":[7]}", "caller 1: it must be an object"},
        {ONE("\"name\":\"a\",\"uid\":1,\"key_file\":\"k\",\"admin\":true"), "and nothing else"},
        {ONE("\"uid\":1,\"key_file\":\"k\""), "\"name\""},
        {ONE("\"name\":\"\",\"uid\":1,\"key_file\":\"k\""), "\"name\""},
        {ONE("\"name\":\"a\",\"uid\":1"), "\"key_file\""},
        {ONE("\"name\":\"a\",\"uid\":1,\"key_file\":\"\""), "\"key_file\""},
        {ONE("\"name\":\"a\",\"key_file\":\"k\""), "what it is known by"},
        {ONE("\"name\":\"a\",\"key_file\":\"k\",\"uid\":1,\"secret_sha256\":\"" SUM "\""), "known in two ways"},
        {ONE("\"name\":\"a\",\"key_file\":\"k\",\"uid\":-1"), "number of a user"},
        {ONE("\"name\":\"a\",\"key_file\":\"k\",\"uid\":4294967295"), "number of a user"},
        {ONE("\"name\":\"a\",\"key_file\":\"k\",\"uid\":\"root\""), "number of a user"},
        {ONE("\"name\":\"a\",\"key_file\":\"k\",\"uid\":null"), "number of a user"},
        {ONE("\"name\":\"a\",\"key_file\":\"k\",\"secret_sha256\":\"hunter2\""), "not the secret"},
        {ONE("\"name\":\"a\",\"key_file\":\"k\",\"secret_sha256\":7"), "must be text"},
        {ONE("\"name\":\"a\",\"key_file\":\"k\",\"tls_client_auth_san_uri\":\"\""), "must be a name"},
        {"{\"callers\":[{" GOOD "},{\"name\":\"a\",\"uid\":2,\"key_file\":\"k\"}]}",
         "caller 2: the name is there twice"},
        {"{\"callers\":[{" GOOD "},{\"name\":\"b\",\"uid\":1,\"key_file\":\"k\"}]}", "same uid as a"},
        {"{\"callers\":[{\"name\":\"a\",\"key_file\":\"k\",\"secret_sha256\":\"" SUM
         "\"},{\"name\":\"b\",\"key_file\":\"l\",\"secret_sha256\":\"" SUM "\"}]}",
         "same secret_sha256 as a"},
        {ONE(GOOD ",\"name\":\"b\""), "no JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct curfew_callers *callers = NULL;
        struct curfew_error error;
        write_file(wrong[i].text);
        assert_int_equal(curfew_callers_load(path, &callers, &error), CURFEW_INVALID);
        assert_null(callers);
        if (strstr(error.text, wrong[i].said) == NULL || strstr(error.text, "hunter2") != NULL) {
            fail_msg("%s: %s", wrong[i].text, error.text);
        }
    }
    struct curfew_callers *callers = NULL;
    struct curfew_error error;
    write_file("{\"callers\":[]}");
    assert_int_equal(chmod(path, 0664), 0);
    assert_int_equal(curfew_callers_load(path, &callers, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "others than its owner may write it"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(curfew_callers_load("/no/such/file", &callers, &error), CURFEW_UNAVAILABLE);
}

static void bounds_hold(void **state)
{
    /* Goal: 256 callers and 16 keys are taken, one more of either is not. */
    static char text[64 * 1024];
    (void)state;
    for (int keys = CURFEW_CALLERS_KEYS_MAX; keys <= CURFEW_CALLERS_KEYS_MAX + 1; keys++) {
        for (int count = CURFEW_CALLERS_MAX; count <= CURFEW_CALLERS_MAX + 1; count++) {
            struct curfew_callers *callers = NULL;
            struct curfew_error error;
            size_t size = (size_t)snprintf(text, sizeof text, "{\"callers\":[");
            for (int i = 0; i < count; i++) {
                size += (size_t)snprintf(text + size, sizeof text - size,
                                         "%s{\"name\":\"n%d\",\"uid\":%d,\"key_file\":\"k%d\"}", i == 0 ? "" : ",", i,
                                         i, i % keys);
            }
            (void)snprintf(text + size, sizeof text - size, "]}");
            write_file(text);
            const bool fits = keys == CURFEW_CALLERS_KEYS_MAX && count == CURFEW_CALLERS_MAX;
            assert_int_equal(curfew_callers_load(path, &callers, &error), fits ? CURFEW_OK : CURFEW_INVALID);
            curfew_callers_destroy(callers);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_known_by_one_way),
        cmocka_unit_test(what_makes_no_sense_is_told),
        cmocka_unit_test(bounds_hold),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
