/* base64url: RFC 4648 vectors, every length, and what must not decode. */
#include "core/base64url.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbe", "-_--"},
};

static void vectors_hold_both_ways(void **state)
{
    /* Goal: the published vectors (RFC 4648 section 10), and both characters that differ from plain base64. */
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[16];
        uint8_t bytes[16];
        size_t size = 99;
        curfew_base64url_encode(curfew_slice_of(vectors[i].bytes), text);
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(strlen(text), CURFEW_BASE64URL_SIZE(strlen(vectors[i].bytes)));
        assert_true(curfew_base64url_decode(curfew_slice_of(vectors[i].text), bytes, &size));
        assert_int_equal(size, strlen(vectors[i].bytes));
        assert_memory_equal(bytes, vectors[i].bytes, size);
    }
}

static void every_length_comes_back(void **state)
{
    /* Goal: what was encoded decodes to itself, at every length and within exactly sized memory. */
    (void)state;
    for (size_t size = 0; size < 300; size++) {
        uint8_t *bytes = malloc(size + 1);
        char *text = malloc(CURFEW_BASE64URL_SIZE(size) + 1);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(i * 37 + size);
        }
        curfew_base64url_encode((struct curfew_slice){bytes, size}, text);
        assert_int_equal(strlen(text), CURFEW_BASE64URL_SIZE(size));
        uint8_t *back = malloc(strlen(text) * 3 / 4 + 1);
        size_t got = 0;
        assert_true(curfew_base64url_decode(curfew_slice_of(text), back, &got));
        assert_int_equal(got, size);
        assert_memory_equal(back, bytes, size);
        free(back);
        free(text);
        free(bytes);
    }
}

static void only_one_spelling_decodes(void **state)
{
    /* Goal: padding, blanks, the other alphabet, impossible lengths and stray bits are refused. */
    static const char *const bad[] = {"Zg==", "Zg=", "Zm9v=", " Zm9v", "Zm9v\n", "Zm9 v", "+/==",
                                      "+_--", "A",   "Zm9vA", "Zh",    "Zm9",    "Zm.9",  "Zm9v\x80"};
    uint8_t bytes[16];
    size_t size = 0;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(curfew_base64url_decode(curfew_slice_of(bad[i]), bytes, &size));
    }
    assert_false(curfew_base64url_decode((struct curfew_slice){(const uint8_t *)"Zm\0v", 4}, bytes, &size));
    assert_true(curfew_base64url_decode(curfew_slice_of("Zm8"), bytes, &size)); /* what Zm9 would also have said */
}

static void a_text_of_the_alphabet_alone_is_told(void **state)
{
    (void)state; /* goal: every character of it and no other; whether it decodes is another question */
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t text[] = {'A', (uint8_t)c, 'z'};
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        assert_int_equal(curfew_base64url_only((struct curfew_slice){text, 3}), letter || c == '-' || c == '_');
    }
    assert_true(curfew_base64url_only(curfew_slice_of("Zm9")));
    assert_true(curfew_base64url_only(curfew_slice_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_hold_both_ways),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(only_one_spelling_decodes),
        cmocka_unit_test(a_text_of_the_alphabet_alone_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
