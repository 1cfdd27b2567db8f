/* position_test: what is taken where reading has come to, and what makes it start again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bus.h"
#include "core/position.h"

static struct curfew_position at(int64_t next)
{
    return (struct curfew_position){.next = next};
}

static void each_record_in_its_place_is_taken(void **state)
{
    (void)state; /* goal: from the beginning, the end or an offset; then one by one */
    static const int64_t begins[] = {CURFEW_OFFSET_BEGIN, CURFEW_OFFSET_END, 7};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        struct curfew_position position = at(begins[i]);
        assert_int_equal(curfew_position_arrive(&position, 7, 8), CURFEW_ARRIVED);
        assert_int_equal(curfew_position_arrive(&position, 8, 9), CURFEW_ARRIVED);
        assert_int_equal(curfew_position_arrive(&position, 9, 9), CURFEW_ARRIVED); /* the end */
        assert_int_equal(curfew_position_arrive(&position, 9, 10), CURFEW_ARRIVED);
        assert_int_equal(position.next, 10);
    }
}

static void what_was_taken_is_not_taken_again(void **state)
{
    (void)state; /* goal: moved back, it starts again once for each place it comes to; nothing of it is taken */
    struct curfew_position position = at(5);
    assert_int_equal(curfew_position_arrive(&position, 0, 1), CURFEW_STRAYED);
    assert_int_equal(curfew_position_arrive(&position, 0, 1), CURFEW_PASSED);
    assert_int_equal(curfew_position_arrive(&position, 3, 3), CURFEW_STRAYED);
    assert_int_equal(position.next, 5);
    assert_int_equal(curfew_position_arrive(&position, 5, 6), CURFEW_ARRIVED);
    assert_int_equal(curfew_position_arrive(&position, 3, 4), CURFEW_STRAYED);
}

static void nothing_is_skipped_but_a_hole(void **state)
{
    (void)
        state; /* goal: moved ahead, neither a record nor an end there is taken, unless reading again comes there too */
    struct curfew_position position = at(5);
    assert_int_equal(curfew_position_arrive(&position, 9, 10), CURFEW_STRAYED);
    assert_int_equal(curfew_position_arrive(&position, 12, 12), CURFEW_STRAYED);
    assert_int_equal(position.next, 5);
    assert_int_equal(curfew_position_arrive(&position, 5, 6), CURFEW_ARRIVED);
    assert_int_equal(curfew_position_arrive(&position, 12, 12), CURFEW_STRAYED); /* that was before: it counts anew */
    assert_int_equal(curfew_position_arrive(&position, 8, 9), CURFEW_STRAYED);
    assert_int_equal(curfew_position_arrive(&position, 8, 9), CURFEW_ARRIVED);
    assert_int_equal(position.next, 9);
}

static void a_gap_is_of_where_we_are(void **state)
{
    (void)state; /* goal: one that names another place starts reading again, once; the position stays */
    struct curfew_position position = at(CURFEW_OFFSET_BEGIN);
    assert_int_equal(curfew_position_miss(&position, 0), CURFEW_STRAYED);
    assert_int_equal(curfew_position_miss(&position, 0), CURFEW_ARRIVED);
    assert_int_equal(position.next, CURFEW_OFFSET_BEGIN);
    position = at(1000);
    assert_int_equal(curfew_position_miss(&position, 1000), CURFEW_ARRIVED);
    assert_int_equal(curfew_position_miss(&position, 3), CURFEW_STRAYED);
    assert_int_equal(position.next, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_in_its_place_is_taken),
        cmocka_unit_test(what_was_taken_is_not_taken_again),
        cmocka_unit_test(nothing_is_skipped_but_a_hole),
        cmocka_unit_test(a_gap_is_of_where_we_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
