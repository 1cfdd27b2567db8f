/* cache_parts_test: the ring between two threads, the scan of the deny set, and where Redis is. */
#include "consumer/cache.h"
#include "consumer/cache_arguments.h"
#include "consumer/cache_ring.h"
#include "consumer/cache_scan.h"
#include "consumer/denyset.h"
#include "consumer/redis_target.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOTES 400000
#define FLOORS 5000

static void the_ring_keeps_order_and_counts_drops(void **state)
{
    /* Goal: at its bound the ring drops what is new, counts floors and losses, and tells each freshness of them. */
    (void)state;
    struct curfew_cache_ring *ring = curfew_cache_ring_create(4);
    struct curfew_cache_note note = {.kind = CURFEW_CACHE_NOTE_FLOOR};
    assert_false(curfew_cache_ring_take(ring, &note));
    for (int i = 1; i <= 6; i++) {
        note.as.floor.floor = i;
        curfew_cache_ring_put(ring, &note);
    }
    note.kind = CURFEW_CACHE_NOTE_FRESH;
    curfew_cache_ring_put(ring, &note); /* dropped, but a newer one will come */
    note.kind = CURFEW_CACHE_NOTE_LOST;
    curfew_cache_ring_put(ring, &note);
    assert_int_equal(curfew_cache_ring_dropped(ring), 3);
    for (int i = 1; i <= 4; i++) {
        assert_true(curfew_cache_ring_take(ring, &note));
        assert_int_equal(note.kind, CURFEW_CACHE_NOTE_FLOOR);
        assert_int_equal(note.as.floor.floor, i);
    }
    note = (struct curfew_cache_note){.kind = CURFEW_CACHE_NOTE_FRESH};
    curfew_cache_ring_put(ring, &note);
    assert_true(curfew_cache_ring_take(ring, &note));
    assert_int_equal(note.as.fresh.dropped, 3);
    assert_false(curfew_cache_ring_take(ring, &note));
    curfew_cache_ring_destroy(ring);
    curfew_cache_ring_destroy(NULL);
}

static void *produce(void *argument)
{
    for (int64_t i = 1; i <= NOTES; i++) {
        struct curfew_cache_note note = {.kind = CURFEW_CACHE_NOTE_FLOOR, .as.floor = {.floor = i, .expires_us = -i}};
        if (i % 16 == 0) {
            note = (struct curfew_cache_note){.kind = CURFEW_CACHE_NOTE_FRESH, .as.fresh = {.as_of_us = i}};
        }
        curfew_cache_ring_put(argument, &note);
    }
    /* The last note must arrive, so that the consumer knows that nothing more will. */
    uint64_t dropped = curfew_cache_ring_dropped(argument);
    do {
        struct curfew_cache_note note = {.kind = CURFEW_CACHE_NOTE_LOST};
        dropped = curfew_cache_ring_dropped(argument);
        curfew_cache_ring_put(argument, &note);
    } while (curfew_cache_ring_dropped(argument) != dropped);
    return NULL;
}

static void the_ring_serves_two_threads(void **state)
{
    /* Goal: with both threads at work every freshness counts exactly the floors before it that did not come through. */
    (void)state;
    struct curfew_cache_ring *ring = curfew_cache_ring_create(64);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, produce, ring), 0);
    int64_t floors = 0;
    int64_t last = 0;
    int64_t fresh = 0;
    struct curfew_cache_note note = {.kind = CURFEW_CACHE_NOTE_FLOOR};
    while (note.kind != CURFEW_CACHE_NOTE_LOST) {
        if (!curfew_cache_ring_take(ring, &note)) {
            continue;
        }
        if (note.kind == CURFEW_CACHE_NOTE_FLOOR) {
            assert_true(note.as.floor.floor > last && note.as.floor.expires_us == -note.as.floor.floor);
            last = note.as.floor.floor;
            floors++;
        } else if (note.kind == CURFEW_CACHE_NOTE_FRESH) {
            int64_t before = note.as.fresh.as_of_us - note.as.fresh.as_of_us / 16; /* floors noted before it */
            assert_int_equal(before - floors, note.as.fresh.dropped);
            fresh++;
        }
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(floors > 0 && fresh > 0);
    curfew_cache_ring_destroy(ring);
}

static struct curfew_region *region_of(bool one_bucket)
{
    struct curfew_region *region = NULL;
    struct curfew_error error;
    const struct curfew_region_options options = {.floors_max = 2 * FLOORS, .key = {3}};
    assert_int_equal(curfew_region_create(&options, &region, &error), CURFEW_OK);
    for (uint32_t i = 0; i < FLOORS; i++) {
        struct curfew_subject subject = {{0}};
        uint32_t mixed = i * UINT32_C(2654435761);
        memcpy(subject.digest + 8, &i, sizeof(i));
        if (!one_bucket) {
            memcpy(subject.digest, &mixed, 2);
        }
        assert_int_equal(curfew_denyset_raise(region, &subject, i + 1, 2 * i + 1, &error), CURFEW_OK);
    }
    return region;
}

static void scan_all(struct curfew_region *region, size_t capacity)
{
    struct curfew_cache_scan *scan = curfew_cache_scan_create(region, capacity);
    assert_true(curfew_cache_scan_done(scan));
    for (int round = 0; round < 2; round++) {
        int *seen = test_calloc(FLOORS, sizeof(*seen));
        struct curfew_cache_floor floor;
        curfew_cache_scan_begin(scan);
        assert_false(curfew_cache_scan_done(scan));
        while (curfew_cache_scan_take(scan, &floor)) {
            uint32_t number;
            memcpy(&number, floor.subject + 8, sizeof(number));
            assert_true(number < FLOORS);
            assert_int_equal(floor.floor, number + 1);
            assert_int_equal(floor.expires_us, 2 * number + 1);
            seen[number]++;
        }
        assert_true(curfew_cache_scan_done(scan));
        for (int i = 0; i < FLOORS; i++) {
            assert_int_equal(seen[i], 1);
        }
        test_free(seen);
    }
    curfew_cache_scan_begin(scan); /* and given up half way */
    struct curfew_cache_floor floor;
    assert_true(curfew_cache_scan_take(scan, &floor));
    curfew_cache_scan_destroy(scan);
}

static void the_scan_finds_every_floor_within_its_memory(void **state)
{
    /* Goal: whatever the capacity, every floor is found once; one crowded bucket too. */
    (void)state;
    struct curfew_region *region = region_of(false);
    scan_all(region, 100000);
    scan_all(region, FLOORS);
    scan_all(region, 333);
    scan_all(region, 1);
    curfew_region_destroy(region);
    region = region_of(true);
    scan_all(region, 100);
    curfew_region_destroy(region);
    curfew_cache_scan_destroy(NULL);
}

static void arguments_are_written_as_given(void **state)
{
    /* Goal: text, numbers and hex become slices in order; a number that makes no sense becomes 0. */
    (void)state;
    struct curfew_cache_arguments *arguments = curfew_cache_arguments_create(5, 64);
    const uint8_t bytes[] = {0x00, 0xAF};
    for (int round = 0; round < 2; round++) {
        curfew_cache_arguments_clear(arguments);
        curfew_cache_arguments_add(arguments, "%s:%d", "a", 1);
        curfew_cache_arguments_add_number(arguments, INT64_MAX);
        curfew_cache_arguments_add_number(arguments, -3);
        curfew_cache_arguments_add_hex(arguments, bytes, sizeof(bytes));
        curfew_cache_arguments_add(arguments, "%s", "");
    }
    const char *const expected[] = {"a:1", "9223372036854775807", "0", "00af", ""};
    size_t count;
    const struct curfew_slice *list = curfew_cache_arguments_list(arguments, &count);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_true(curfew_slice_equal(list[i], curfew_slice_of(expected[i])));
    }
    curfew_cache_arguments_destroy(arguments);
    curfew_cache_arguments_destroy(NULL);
}

static void addresses_are_read_or_explained(void **state)
{
    /* Goal: the three forms of an address are understood, and anything else is named and answered with the forms. */
    (void)state;
    struct curfew_redis_target target;
    struct curfew_error error;
    assert_int_equal(curfew_redis_target_parse("unix:/run/redis:1.sock", NULL, &target, &error), CURFEW_OK);
    assert_string_equal(target.host, "/run/redis:1.sock");
    assert_int_equal(target.port, 0);
    curfew_redis_target_clear(&target);
    assert_int_equal(curfew_redis_target_parse("redis.example:6379", "", &target, &error), CURFEW_OK);
    assert_string_equal(target.host, "redis.example");
    assert_int_equal(target.port, 6379);
    assert_null(target.password_file);
    curfew_redis_target_clear(&target);
    assert_int_equal(curfew_redis_target_parse("[::1]:65535", NULL, &target, &error), CURFEW_OK);
    assert_string_equal(target.host, "::1");
    assert_int_equal(target.port, 65535);
    curfew_redis_target_clear(&target);
    const char *const bad[] = {"",    "redis",   "redis:", ":6379", "redis:0",  "redis:65536", "redis:+1", "redis:1x",
                               "::1", "::1:679", "unix:",  "[]:1",  "unix:run", "redis:-1",    "[::1]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(curfew_redis_target_parse(bad[i], NULL, &target, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "unix:/path"));
        curfew_redis_target_clear(&target);
    }
}

static enum curfew_status login_of(const char *text, mode_t mode, struct curfew_redis_login *login,
                                   struct curfew_error *error)
{
    char path[] = "/tmp/curfew-password-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
    struct curfew_redis_target target;
    assert_int_equal(curfew_redis_target_parse("h:1", path, &target, error), CURFEW_OK);
    enum curfew_status status = curfew_redis_login_read(&target, login, error);
    curfew_redis_target_clear(&target);
    assert_int_equal(unlink(path), 0);
    return status;
}

static void passwords_are_read_or_explained(void **state)
{
    /* Goal: user:password and password are told apart; a file that is no such line, or not private, is an error that
     * does not repeat it. */
    (void)state;
    struct curfew_redis_login login;
    struct curfew_error error;
    assert_int_equal(login_of("hop:s3:cret\r\n", 0600, &login, &error), CURFEW_OK);
    assert_string_equal(login.user, "hop");
    assert_string_equal(login.password, "s3:cret");
    assert_int_equal(login_of("s3cret", 0400, &login, &error), CURFEW_OK);
    assert_null(login.user);
    assert_string_equal(login.password, "s3cret");
    const char *const bad[] = {"", "\n", "s3cret\ns3cret\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(login_of(bad[i], 0600, &login, &error), CURFEW_INVALID);
        assert_null(strstr(error.text, "s3cret"));
    }
    char *big = test_malloc(CURFEW_REDIS_PASSWORD_MAX + 2);
    memset(big, 'x', CURFEW_REDIS_PASSWORD_MAX + 1);
    big[CURFEW_REDIS_PASSWORD_MAX + 1] = '\0';
    assert_int_equal(login_of(big, 0600, &login, &error), CURFEW_INVALID);
    big[CURFEW_REDIS_PASSWORD_MAX] = '\0';
    assert_int_equal(login_of(big, 0600, &login, &error), CURFEW_OK);
    assert_string_equal(login.password, big);
    test_free(big);
    assert_int_equal(login_of("s3cret", 0644, &login, &error), CURFEW_INVALID);
    struct curfew_redis_target none = {.password_file = NULL};
    assert_int_equal(curfew_redis_login_read(&none, &login, &error), CURFEW_OK);
    assert_null(login.password);
    char absent[] = "/nonexistent/password";
    none.password_file = absent;
    assert_int_not_equal(curfew_redis_login_read(&none, &login, &error), CURFEW_OK);
    assert_non_null(strstr(error.text, absent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ring_keeps_order_and_counts_drops),
        cmocka_unit_test(the_ring_serves_two_threads),
        cmocka_unit_test(the_scan_finds_every_floor_within_its_memory),
        cmocka_unit_test(arguments_are_written_as_given),
        cmocka_unit_test(addresses_are_read_or_explained),
        cmocka_unit_test(passwords_are_read_or_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
