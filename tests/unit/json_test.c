/* json: what is read, what is refused, and what is made. */
#include "core/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct curfew_json *parse(const char *text)
{
    struct curfew_json *json = NULL;
    struct curfew_error error;
    assert_int_equal(curfew_json_parse(curfew_slice_of(text), &json, &error), CURFEW_OK);
    return json;
}

static void each_type_is_only_itself(void **state)
{
    /* Goal: no reader takes a value of another type, and a missing one is of none. */
    struct curfew_slice text;
    int64_t whole;
    double real;
    bool truth;
    struct curfew_json *json = parse("{\"s\":\"x\",\"i\":7,\"r\":1.5,\"e\":1e3,\"b\":true,\"n\":null,\"a\":[1,\"2\"]}");
    (void)state;
    assert_true(curfew_json_string(curfew_json_member(json, "s"), &text));
    assert_true(curfew_slice_equal(text, curfew_slice_of("x")));
    assert_true(curfew_json_int(curfew_json_member(json, "i"), &whole) && whole == 7);
    assert_true(curfew_json_real(curfew_json_member(json, "r"), &real) && real > 1.4 && real < 1.6);
    assert_false(curfew_json_int(curfew_json_member(json, "r"), &whole));
    assert_false(curfew_json_int(curfew_json_member(json, "e"), &whole));
    assert_false(curfew_json_real(curfew_json_member(json, "i"), &real));
    assert_true(curfew_json_bool(curfew_json_member(json, "b"), &truth) && truth);
    assert_false(curfew_json_bool(curfew_json_member(json, "i"), &truth));
    assert_false(curfew_json_string(curfew_json_member(json, "n"), &text));
    assert_true(curfew_json_is_array(curfew_json_member(json, "a")));
    assert_int_equal(curfew_json_count(curfew_json_member(json, "a")), 2);
    assert_int_equal(curfew_json_count(json), 0);
    assert_null(curfew_json_item(curfew_json_member(json, "a"), 2));
    assert_null(curfew_json_member(json, "nothing"));
    assert_null(curfew_json_member(curfew_json_member(json, "a"), "s"));
    assert_false(curfew_json_string(NULL, &text) || curfew_json_int(NULL, &whole) || curfew_json_real(NULL, &real) ||
                 curfew_json_bool(NULL, &truth) || curfew_json_is_object(NULL) || curfew_json_is_array(NULL));
    curfew_json_destroy(json);
    curfew_json_destroy(NULL);
}

static void bad_text_is_refused_and_never_quoted(void **state)
{
    /* Goal: every hostile text is refused with words of our own, in which nothing of it appears. */
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "ends too early"},
        {"{\"sesame\":1", "ends too early"},
        {"{\"sesame\":1} sesame", "follows the value"},
        {"{\"sesame\":1,\"sesame\":2}", "given twice"},
        {"{\"a\":{\"sesame\":1,\"\\u0073esame\":2}}", "given twice"},
        {"{\"sesame\":\"\\u0000\"}", "U+0000"},
        {"{\"\\u0000sesame\":1}", "U+0000"},
        {"\"sesame\xff\"", "not UTF-8"},
        {"{\"sesame\":99999999999999999999}", "too large"},
        {"{\"sesame\":1e999}", "too large"},
        {"{sesame:1}", "not JSON"},
        {"{\"sesame\":NaN}", "not JSON"},
        {"{\"sesame\":01}", "not JSON"},
        {"{\"sesame\":1,}", "not JSON"},
        {"// sesame\n{}", "not JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct curfew_json *json = (struct curfew_json *)1;
        struct curfew_error error;
        print_message("row %zu: %s\n", i, rows[i].says);
        assert_int_equal(curfew_json_parse(curfew_slice_of(rows[i].text), &json, &error), CURFEW_INVALID);
        assert_null(json);
        assert_non_null(strstr(error.text, rows[i].says));
        assert_null(strstr(error.text, "sesame"));
    }
}

static void nesting_is_bounded(void **state)
{
    /* Goal: the deepest allowed value is read, one level more is not, and brackets inside strings do not count. */
    char text[4 * CURFEW_JSON_DEPTH_MAX];
    struct curfew_json *json = NULL;
    struct curfew_error error;
    (void)state;
    for (int depth = CURFEW_JSON_DEPTH_MAX; depth <= CURFEW_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        struct curfew_slice slice = {(const uint8_t *)text, 2 * (size_t)depth};
        enum curfew_status wanted = depth <= CURFEW_JSON_DEPTH_MAX ? CURFEW_OK : CURFEW_INVALID;
        assert_int_equal(curfew_json_parse(slice, &json, &error), wanted);
        curfew_json_destroy(json);
    }
    assert_non_null(strstr(error.text, "nested deeper"));
    json = parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[\",[],[],[],{},[]]");
    assert_int_equal(curfew_json_count(json), 6);
    curfew_json_destroy(json);
}

static void unknown_members_are_seen(void **state)
{
    /* Goal: `only` is true when every member is named, and false for one that is not, wherever it stands. */
    static const char *const names[] = {"a", "b", NULL};
    static const struct {
        const char *text;
        bool only;
    } rows[] = {
        {"{}", true},         {"{\"b\":1}", true},          {"{\"a\":1,\"b\":2}", true}, {"{\"a\":1,\"c\":2}", false},
        {"{\"A\":1}", false}, {"{\"ab\":1,\"a\":1}", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct curfew_json *json = parse(rows[i].text);
        assert_int_equal(curfew_json_only(json, names), rows[i].only);
        curfew_json_destroy(json);
    }
}

static void what_is_made_reads_back(void **state)
{
    /* Goal: members keep their order, text is escaped, and a value copied out of a tree outlives it. */
    (void)state;
    struct curfew_json *array = curfew_json_array();
    struct curfew_json *object = curfew_json_object();
    assert_true(curfew_json_append(array, curfew_json_of_int(INT64_MAX)));
    assert_true(curfew_json_append(array, curfew_json_of_bool(false)));
    assert_true(curfew_json_set(object, "z", curfew_json_of_string(curfew_slice_of("a\"b\n\xc3\xa9"))));
    assert_true(curfew_json_set(object, "a", array));
    struct curfew_json *copy = curfew_json_of(object);
    curfew_json_destroy(object);
    char *text = curfew_json_print(copy);
    assert_string_equal(text, "{\"z\":\"a\\\"b\\n\xc3\xa9\",\"a\":[9223372036854775807,false]}");
    free(text);
    curfew_json_destroy(copy);
}

static void a_failed_part_fails_the_whole(void **state)
{
    /* Goal: text that is not UTF-8 makes no value, and setting or appending no value is false. */
    (void)state;
    struct curfew_json *object = curfew_json_object();
    struct curfew_json *array = curfew_json_array();
    assert_null(curfew_json_of_string(curfew_slice_of("\xff")));
    assert_false(curfew_json_set(object, "a", curfew_json_of_string(curfew_slice_of("\xff"))));
    assert_false(curfew_json_append(array, NULL));
    assert_false(curfew_json_set(NULL, "a", curfew_json_of_int(1))); /* and the value is not leaked */
    assert_false(curfew_json_append(NULL, curfew_json_of_int(1)));
    assert_null(curfew_json_print(NULL));
    curfew_json_destroy(object);
    curfew_json_destroy(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_only_itself), cmocka_unit_test(bad_text_is_refused_and_never_quoted),
        cmocka_unit_test(nesting_is_bounded),       cmocka_unit_test(unknown_members_are_seen),
        cmocka_unit_test(what_is_made_reads_back),  cmocka_unit_test(a_failed_part_fails_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
