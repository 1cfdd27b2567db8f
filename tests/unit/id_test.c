/* id: names that may travel, and session ids that name their lane. */
#include "core/id.h"
#include <curfew/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool valid(const char *text)
{
    return curfew_id_valid(curfew_slice_of(text));
}

static bool valid_bytes(const char *bytes, size_t size)
{
    return curfew_id_valid((struct curfew_slice){(const uint8_t *)bytes, size});
}

static void ordinary_names_are_valid(void **state)
{
    /* Goal: what people call their tasks, users and workloads is taken, in any script. */
    (void)state;
    assert_true(valid("a"));
    assert_true(valid("nightly close, 2nd run!"));
    assert_true(valid("spiffe://acme.example/ns/prod/planner"));
    assert_true(valid("b\xC3\xB6rse"));
    assert_true(valid("\xE6\x97\xA5\xE6\x9C\xAC"));
    assert_true(valid("\xF0\x9F\x94\x92"));
    assert_true(valid("\xC2\x80")); /* C1 is not among what the contract refuses */
}

static void length_is_bounded(void **state)
{
    /* Goal: 1 and 256 bytes pass, 0 and 257 do not; absence passes only where it may. */
    char text[CURFEW_ID_MAX + 1];
    (void)state;
    memset(text, 'i', sizeof text);
    assert_true(valid_bytes(text, CURFEW_ID_MAX));
    assert_false(valid_bytes(text, CURFEW_ID_MAX + 1));
    assert_false(valid_bytes(text, 0));
    assert_false(valid_bytes(NULL, 0));
    assert_true(curfew_id_valid_or_empty((struct curfew_slice){NULL, 0}));
    assert_true(curfew_id_valid_or_empty(curfew_slice_of("a")));
    assert_false(curfew_id_valid_or_empty(curfew_slice_of("a\n")));
}

static void length_counts_bytes_not_characters(void **state)
{
    /* Goal: 86 three-byte characters are 258 bytes and refused, 85 are taken. */
    char text[3 * 86];
    (void)state;
    for (size_t i = 0; i < 86; i++) {
        memcpy(text + 3 * i, "\xE2\x82\xAC", 3);
    }
    assert_true(valid_bytes(text, 3 * 85));
    assert_false(valid_bytes(text, 3 * 86));
}

static void control_characters_are_refused(void **state)
{
    /* Goal: each of U+0000..U+001F and U+007F is refused at the start, in the middle and at the end; ' ' is not. */
    (void)state;
    for (int control = 0; control <= 0x7F; control++) {
        for (size_t at = 0; at < 3; at++) {
            char text[] = "abc";
            text[at] = (char)control;
            assert_int_equal(valid_bytes(text, 3), control >= 0x20 && control != 0x7F);
        }
    }
}

static void what_is_not_utf8_is_refused(void **state)
{
    /* Goal: cut, stray, overlong, surrogate and too large forms are refused, wherever they stand. */
    static const char *const wrong[] = {
        "\x80",
        "\xBF",
        "\xC3",
        "\xC3(",
        "\xE2\x82",
        "\xE2(\xA1",
        "\xF0\x9F\x94",
        "\xC0\xAF",
        "\xC1\x81",
        "\xE0\x80\xAF",
        "\xF0\x80\x80\xAF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xFE",
        "\xFF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char behind[16] = "ok";
        char before[16] = "";
        strcat(behind, wrong[i]);
        strcat(strcat(before, wrong[i]), "ok");
        assert_false(valid(wrong[i]));
        assert_false(valid(behind));
        assert_false(valid(before));
    }
}

static const uint8_t counting[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void a_session_id_is_lane_and_random(void **state)
{
    /* Goal: the form is fixed (vectors from Python's base64.urlsafe_b64encode), and all 128 bits are in it. */
    char id[CURFEW_SESSION_ID_SIZE];
    uint8_t random[16];
    (void)state;
    curfew_session_id_make(3, counting, id);
    assert_string_equal(id, "3.AAECAwQFBgcICQoLDA0ODw");
    memset(random, 0xFF, sizeof random);
    curfew_session_id_make(255, random, id);
    assert_string_equal(id, "255._____________________w");
    memset(random, 0xFB, sizeof random);
    curfew_session_id_make(10, random, id);
    assert_string_equal(id, "10.-_v7-_v7-_v7-_v7-_v7-w");
    for (size_t bit = 0; bit < 128; bit++) {
        char other[CURFEW_SESSION_ID_SIZE];
        memcpy(random, counting, sizeof random);
        random[bit / 8] = (uint8_t)(random[bit / 8] ^ 1U << bit % 8);
        curfew_session_id_make(3, counting, id);
        curfew_session_id_make(3, random, other);
        assert_string_not_equal(id, other);
    }
}

static void every_lane_comes_back(void **state)
{
    /* Goal: the lane read from an id is the lane it was made for, for every lane there can be. */
    (void)state;
    for (int32_t lane = 1; lane < CURFEW_LANES_MAX; lane++) {
        char id[CURFEW_SESSION_ID_SIZE];
        struct curfew_error error;
        int32_t read = -1;
        curfew_session_id_make(lane, counting, id);
        assert_true(valid(id));
        assert_int_equal(curfew_session_id_lane(curfew_slice_of(id), &read, &error), CURFEW_OK);
        assert_int_equal(read, lane);
    }
}

static void other_forms_name_no_lane(void **state)
{
    /* Goal: anything but exactly that form is refused, and the lane is left alone. */
    static const char *const wrong[] = {
        "",
        "3",
        "3.",
        ".AAECAwQFBgcICQoLDA0ODw",
        "0.AAECAwQFBgcICQoLDA0ODw",
        "03.AAECAwQFBgcICQoLDA0ODw",
        "+3.AAECAwQFBgcICQoLDA0ODw",
        "-3.AAECAwQFBgcICQoLDA0ODw",
        " 3.AAECAwQFBgcICQoLDA0ODw",
        "3 .AAECAwQFBgcICQoLDA0ODw",
        "3:AAECAwQFBgcICQoLDA0ODw",
        "256.AAECAwQFBgcICQoLDA0ODw",
        "4294967299.AAECAwQFBgcICQoLDA0ODw",
        "99999999999999999999.AAECAwQFBgcICQoLDA0ODw",
        "3.AAECAwQFBgcICQoLDA0OD",
        "3.AAECAwQFBgcICQoLDA0ODww",
        "3.AAECAwQFBgcICQoLDA0OD=",
        "3.AAECAwQFBgcICQoLDA0OD+",
        "3.AAECAwQFBgcICQoLDA0OD/",
        "3.AAECAwQFBgcICQ.LDA0ODw",
        "3.AAECAwQFBgcICQoLDA0OD\xC3",
        "x.AAECAwQFBgcICQoLDA0ODw",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct curfew_error error = {.status = CURFEW_OK};
        int32_t lane = 77;
        assert_int_equal(curfew_session_id_lane(curfew_slice_of(wrong[i]), &lane, &error), CURFEW_INVALID);
        assert_int_equal(error.status, CURFEW_INVALID);
        assert_non_null(strstr(error.text, "session id"));
        assert_int_equal(lane, 77);
    }
    struct curfew_slice with_nul = {(const uint8_t *)"3.AAECAwQFBgcICQoLDA0OD\0", 24};
    int32_t lane = 77;
    assert_int_equal(curfew_session_id_lane(with_nul, &lane, NULL), CURFEW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_names_are_valid),
        cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(length_counts_bytes_not_characters),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(a_session_id_is_lane_and_random),
        cmocka_unit_test(every_lane_comes_back),
        cmocka_unit_test(other_forms_name_no_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
