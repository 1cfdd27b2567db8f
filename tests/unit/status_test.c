/* status: every status has its own word, and an error says what it was given, whole or cleanly cut. */
#include <curfew/status.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void each_status_has_its_own_word(void **state)
{
    /* Goal: no two statuses read alike in a log, and a number outside the enum still reads as something. */
    (void)state;
    for (int i = CURFEW_OK; i <= CURFEW_INTERNAL; i++) {
        const char *name = curfew_status_name((enum curfew_status)i);
        assert_non_null(name);
        assert_string_not_equal(name, "unknown");
        for (int j = CURFEW_OK; j < i; j++) {
            assert_string_not_equal(name, curfew_status_name((enum curfew_status)j));
        }
    }
    assert_string_equal(curfew_status_name(CURFEW_UNAVAILABLE), "unavailable");
    assert_string_equal(curfew_status_name((enum curfew_status)999), "unknown");
}

static void an_error_holds_status_and_text(void **state)
{
    /* Goal: what was formatted is what is read, and the status comes back for the caller to return. */
    struct curfew_error error;
    (void)state;
    memset(&error, 0xA5, sizeof error);
    assert_int_equal(curfew_error_set(&error, CURFEW_INVALID, "opening %s: line %d", "a.conf", 7), CURFEW_INVALID);
    assert_int_equal(error.status, CURFEW_INVALID);
    assert_string_equal(error.text, "opening a.conf: line 7");
    assert_false(error.retriable);
    assert_false(error.fatal);
}

static void only_what_can_mend_is_retriable(void **state)
{
    /* Goal: unavailable, timeout and full invite another try; nothing else does. */
    (void)state;
    for (int i = CURFEW_INVALID; i <= CURFEW_INTERNAL; i++) {
        struct curfew_error error = {.status = CURFEW_OK};
        enum curfew_status status = (enum curfew_status)i;
        assert_int_equal(curfew_error_set(&error, status, "x"), status);
        assert_int_equal(error.retriable,
                         status == CURFEW_UNAVAILABLE || status == CURFEW_TIMEOUT || status == CURFEW_FULL);
    }
}

static void no_error_wanted_is_fine(void **state)
{
    /* Goal: a caller that does not want the details passes NULL and still gets the status. */
    (void)state;
    assert_int_equal(curfew_error_set(NULL, CURFEW_TIMEOUT, "%s", "unread"), CURFEW_TIMEOUT);
}

static void text_that_does_not_fit_is_cut(void **state)
{
    /* Goal: the longest text that fits is kept whole, and one byte more costs only its end. */
    char text[CURFEW_ERROR_TEXT_SIZE + 1];
    struct curfew_error error;
    (void)state;
    memset(text, 'x', sizeof text);
    text[CURFEW_ERROR_TEXT_SIZE - 1] = '\0';
    assert_int_equal(curfew_error_set(&error, CURFEW_FULL, "%s", text), CURFEW_FULL);
    assert_string_equal(error.text, text);

    text[CURFEW_ERROR_TEXT_SIZE - 1] = 'y';
    text[CURFEW_ERROR_TEXT_SIZE] = '\0';
    assert_int_equal(curfew_error_set(&error, CURFEW_FULL, "%s", text), CURFEW_FULL);
    assert_int_equal(strlen(error.text), CURFEW_ERROR_TEXT_SIZE - 1);
    assert_null(strchr(error.text, 'y'));
}

static void a_cut_leaves_no_half_character(void **state)
{
    /* Goal: a text cut inside a UTF-8 character loses that character whole, and a whole one at the end stays. */
    static const char *const characters[] = {"\xC3\xB6", "\xE2\x82\xAC", "\xF0\x9F\x94\x92"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t size = strlen(characters[i]);
        for (size_t room = 1; room <= size; room++) {
            char text[CURFEW_ERROR_TEXT_SIZE + 8];
            struct curfew_error error;
            size_t before = CURFEW_ERROR_TEXT_SIZE - 1 - room;
            memset(text, 'x', before);
            memcpy(text + before, characters[i], size + 1);
            strcat(text, "y");
            assert_int_equal(curfew_error_set(&error, CURFEW_INVALID, "%s", text), CURFEW_INVALID);
            assert_int_equal(strlen(error.text), before + (room == size ? size : 0));
            assert_memory_equal(error.text, text, strlen(error.text));
        }
    }
}

static void an_error_can_be_told_within_itself(void **state)
{
    /* Goal: a caller may put its own words around the text of the call below it, in the same struct. */
    struct curfew_error error;
    (void)state;
    assert_int_equal(curfew_error_set(&error, CURFEW_UNAVAILABLE, "no route"), CURFEW_UNAVAILABLE);
    error.fatal = true;
    assert_int_equal(curfew_error_set(&error, error.status, "starting: %s (tried %d times)", error.text, 3),
                     CURFEW_UNAVAILABLE);
    assert_string_equal(error.text, "starting: no route (tried 3 times)");
    assert_true(error.retriable);
    assert_false(error.fatal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_own_word),       cmocka_unit_test(an_error_holds_status_and_text),
        cmocka_unit_test(only_what_can_mend_is_retriable),    cmocka_unit_test(no_error_wanted_is_fine),
        cmocka_unit_test(text_that_does_not_fit_is_cut),      cmocka_unit_test(a_cut_leaves_no_half_character),
        cmocka_unit_test(an_error_can_be_told_within_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
