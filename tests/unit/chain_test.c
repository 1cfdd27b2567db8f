/* chain: the links are a wire contract, and nothing stated can change without the chain changing. */
#include "core/chain.h"
#include "core/digest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t log_id[CURFEW_LOG_ID_SIZE] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static struct curfew_floor floor_of(uint8_t fill, int64_t value, int64_t expires_us)
{
    struct curfew_floor made = {.kind = CURFEW_KIND_TASK, .floor = value, .expires_us = expires_us};
    memset(made.subject, fill, sizeof made.subject);
    return made;
}

static struct curfew_floors first_link(const struct curfew_floor *items, size_t count)
{
    struct curfew_floors link = {.lane = 3, .cause = 41, .part = 0, .cause_before = -1, .floors = {items, count}};
    memcpy(link.log_id, log_id, sizeof link.log_id);
    return link;
}

static void assert_chain(const struct curfew_floors *link, const char *expected)
{
    uint8_t chain[CURFEW_CHAIN_SIZE];
    char hex[2 * CURFEW_CHAIN_SIZE + 1];
    curfew_chain_of(link, chain);
    curfew_hex(chain, sizeof chain, hex);
    assert_string_equal(hex, expected);
}

static void links_are_those_of_the_contract(void **state)
{
    /* Goal: a first link and the one behind it are what Python's hashlib and struct gave for the layout in chain.h. */
    const struct curfew_floor one = floor_of(0xAA, CURFEW_FLOOR_MAX, 1795460429437000);
    const struct curfew_floor two[] = {floor_of(0xAA, 2, 1795460429437001), floor_of(0xBB, 7, 1795460429437002)};
    (void)state;
    struct curfew_floors first = first_link(&one, 1);
    assert_chain(&first, "20228f8d2650640d9cd198e43ae8a82589f67ed65e91e475fc1f902945e3d924");

    struct curfew_floors second = first_link(two, 2);
    curfew_chain_of(&first, second.chain_before);
    second.cause = 42;
    second.part = 1;
    second.cause_before = 41;
    assert_chain(&second, "66b46e2b5521deb9f44aa203d3314be09ea37bf635f1d76c02eb63885ff99f33");
}

static void the_largest_record_is_hashed_whole(void **state)
{
    /* Goal: all 1,024 floors a record may have enter, the last as much as the first. */
    static struct curfew_floor items[CURFEW_FLOORS_MAX];
    (void)state;
    for (uint32_t i = 0; i < CURFEW_FLOORS_MAX; i++) {
        items[i] = floor_of(0, (int64_t)i, 2 * (int64_t)i);
        curfew_put_be32(items[i].subject, i);
    }
    struct curfew_floors link = {.cause_before = -1, .floors = {items, CURFEW_FLOORS_MAX}};
    memcpy(link.log_id, log_id, sizeof link.log_id);
    assert_chain(&link, "cc5cbd3c8810ee8bac1c9f70373bfa30f154067f05af12e11496ff28cdcc1e60");

    uint8_t before[CURFEW_CHAIN_SIZE];
    uint8_t after[CURFEW_CHAIN_SIZE];
    curfew_chain_of(&link, before);
    items[CURFEW_FLOORS_MAX - 1].expires_us++;
    curfew_chain_of(&link, after);
    assert_memory_not_equal(before, after, sizeof before);
}

/* Changes one thing that is stated. */
static void change(struct curfew_floors *link, struct curfew_floor *items, int what)
{
    switch (what) {
    case 0:
        link->chain_before[31] ^= 1;
        break;
    case 1:
        link->log_id[0] ^= 1;
        break;
    case 2:
        link->lane++;
        break;
    case 3:
        link->cause++;
        break;
    case 4:
        link->part++;
        break;
    case 5:
        link->cause_before++;
        break;
    case 6:
        link->floors.count--;
        break;
    case 7:
        items[1].subject[15] ^= 1;
        break;
    case 8:
        items[0].floor++;
        break;
    default:
        items[0].expires_us++;
        break;
    }
}

static void each_stated_thing_changes_the_chain(void **state)
{
    /* Goal: no field that is stated can be altered, and no floor left out, without another chain. */
    uint8_t chains[11][CURFEW_CHAIN_SIZE];
    (void)state;
    for (int what = -1; what < 10; what++) {
        struct curfew_floor items[] = {floor_of(1, 5, 100), floor_of(2, 6, 200)};
        struct curfew_floors link = first_link(items, 2);
        if (what >= 0) {
            change(&link, items, what);
        }
        curfew_chain_of(&link, chains[what + 1]);
        for (int other = 0; other <= what; other++) {
            assert_memory_not_equal(chains[other], chains[what + 1], CURFEW_CHAIN_SIZE);
        }
    }
}

static void order_of_floors_matters(void **state)
{
    /* Goal: two floors swapped are another record. */
    const struct curfew_floor forth[] = {floor_of(1, 5, 100), floor_of(2, 5, 100)};
    const struct curfew_floor back[] = {forth[1], forth[0]};
    uint8_t a[CURFEW_CHAIN_SIZE];
    uint8_t b[CURFEW_CHAIN_SIZE];
    (void)state;
    struct curfew_floors link = first_link(forth, 2);
    curfew_chain_of(&link, a);
    link = first_link(back, 2);
    curfew_chain_of(&link, b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void what_is_for_people_does_not_enter(void **state)
{
    /* Goal: the chain a record claims, and the kinds of its floors, change nothing. */
    struct curfew_floor item = floor_of(1, 5, 100);
    uint8_t a[CURFEW_CHAIN_SIZE];
    uint8_t b[CURFEW_CHAIN_SIZE];
    (void)state;
    struct curfew_floors link = first_link(&item, 1);
    curfew_chain_of(&link, a);
    item.kind = CURFEW_KIND_USER;
    memset(link.chain, 0xEE, sizeof link.chain);
    curfew_chain_of(&link, b);
    assert_memory_equal(a, b, sizeof a);
    /* It may be written where it is read from. */
    curfew_chain_of(&link, link.chain);
    assert_memory_equal(link.chain, a, sizeof a);
    curfew_chain_of(&link, link.chain_before);
    assert_memory_equal(link.chain_before, a, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_those_of_the_contract),     cmocka_unit_test(the_largest_record_is_hashed_whole),
        cmocka_unit_test(each_stated_thing_changes_the_chain), cmocka_unit_test(order_of_floors_matters),
        cmocka_unit_test(what_is_for_people_does_not_enter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
