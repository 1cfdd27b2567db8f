/* subject: the digests are a wire contract, and no two subjects meet. */
#include "core/digest.h"
#include "core/subject.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SESSION "3.AAECAwQFBgcICQoLDA0ODw"

static struct curfew_slice of(const char *text)
{
    return curfew_slice_of(text);
}

static void assert_digest(struct curfew_subject subject, const char *expected)
{
    char hex[2 * CURFEW_DIGEST_SIZE + 1];
    curfew_hex(subject.digest, sizeof subject.digest, hex);
    assert_string_equal(hex, expected);
}

static void assert_same(struct curfew_subject a, struct curfew_subject b)
{
    assert_true(curfew_subject_equal(&a, &b));
}

static void assert_differ(struct curfew_subject a, struct curfew_subject b)
{
    assert_false(curfew_subject_equal(&a, &b));
}

static void digests_are_those_of_the_contract(void **state)
{
    /* Goal: every kind gives the digest that Python's hashlib gave for the layout written in subject.h. */
    (void)state;
    assert_digest(curfew_subject_token(of("acme"), of("https://id.acme.example"), of("jti-1")),
                  "3f8e4110ed891f9c073b72ac8212c78f");
    assert_digest(curfew_subject_session(of("acme"), of(SESSION)), "73aa13825aed38b1f08902731374b516");
    assert_digest(curfew_subject_task(of("acme"), of(SESSION), of("nightly-close")),
                  "83cee1a1db40b6b9247ce7b41024f345");
    assert_digest(curfew_subject_approval(of("acme"), of(SESSION), of("a-9")), "a2900b505b5d70c11a45529e01723abf");
    assert_digest(curfew_subject_supervision(of("acme"), of(SESSION)), "6e70b9b6e56be95c9b3ea8c9c175f2ac");
    assert_digest(curfew_subject_cleanup(of("acme"), of(SESSION), of("nightly-close")),
                  "6a3c87597cb932cfa4c0b2cb9f4443c8");
    assert_digest(curfew_subject_user(of("acme"), of("https://id.acme.example"), of("maria")),
                  "aad26a51711d69bd2dad40d0544469fa");
    assert_digest(curfew_subject_agent(of("acme"), of("spiffe://acme.example/planner")),
                  "cf0f2308af3c4dc0dfdf8bc5e7abc44f");
    assert_digest(curfew_subject_tenant(of("acme")), "10d7024b2d01d76da30ccd1149c7ad79");
    assert_digest(curfew_subject_tenant(of("books")), "40d578d976f97898545f3bf3b150510c");
    assert_digest(curfew_subject_key(of("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")),
                  "c0fa56f6f9341c8c700d33af5f2334bb");
    assert_digest(curfew_subject_policy(of("acme"), of("payments")), "ab9ecf6952a592660a01646e344b93b2");
    assert_digest(curfew_subject_of(CURFEW_KIND_USER, of("b\xC3\xB6rse"), of(""), of("")),
                  "f8dcaa925e2242f4f0cbfd243afdee32");
}

static void an_agent_is_scoped_by_its_trust_domain(void **state)
{
    /* Goal: the trust domain is what stands between spiffe:// and the next slash, and empty for any other id. */
    (void)state;
    assert_digest(curfew_subject_agent(of("acme"), of("planner")), "52832c0aeba0b95729bcb204f39825ee");
    assert_digest(curfew_subject_agent(of("acme"), of("spiffe://acme.example")), "ce9ca85e98d8d5f862d358322879e99b");
    assert_digest(curfew_subject_agent(of("acme"), of("spiffe:///x")), "c26b5edbe7411175f1719a8e1da8e7e4");
    const char *const without[] = {"spiffe:/acme.example/planner", "SPIFFE://acme.example/planner",
                                   "https://acme.example/planner", "x-spiffe://acme.example/planner", "spiffe://"};
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        assert_same(curfew_subject_agent(of("acme"), of(without[i])),
                    curfew_subject_of(CURFEW_KIND_AGENT, of("acme"), of(""), of(without[i])));
    }
    /* The slice ends where its size says, whatever bytes stand behind it. */
    struct curfew_slice cut = {(const uint8_t *)"spiffe://acme.example/planner", 13};
    assert_same(curfew_subject_agent(of("acme"), cut), curfew_subject_agent(of("acme"), of("spiffe://acme")));
}

static void fields_cannot_run_into_each_other(void **state)
{
    /* Goal: however a text is cut over tenant, scope and id, each cut is a subject of its own. */
    static const char text[] = "acmebooks";
    struct curfew_subject seen[64];
    size_t count = 0;
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        for (size_t j = i; j < sizeof text; j++) {
            struct curfew_slice tenant = {(const uint8_t *)text, i};
            struct curfew_slice scope = {(const uint8_t *)text + i, j - i};
            struct curfew_slice id = {(const uint8_t *)text + j, sizeof text - 1 - j};
            struct curfew_subject subject = curfew_subject_of(CURFEW_KIND_TASK, tenant, scope, id);
            for (size_t k = 0; k < count; k++) {
                assert_false(curfew_subject_equal(&seen[k], &subject));
            }
            assert_true(count < sizeof seen / sizeof seen[0]);
            seen[count++] = subject;
        }
    }
    assert_int_equal(count, 55);
}

static void each_field_matters(void **state)
{
    /* Goal: another tenant, session, issuer or id is another subject, also when only one letter differs. */
    (void)state;
    struct curfew_subject task = curfew_subject_task(of("acme"), of(SESSION), of("clean"));
    assert_same(task, curfew_subject_task(of("acme"), of(SESSION), of("clean")));
    assert_differ(task, curfew_subject_task(of("acmf"), of(SESSION), of("clean")));
    assert_differ(task, curfew_subject_task(of("acme"), of("4.AAECAwQFBgcICQoLDA0ODw"), of("clean")));
    assert_differ(task, curfew_subject_task(of("acme"), of(SESSION), of("Clean")));
    assert_differ(curfew_subject_user(of("acme"), of("https://a"), of("maria")),
                  curfew_subject_user(of("acme"), of("https://b"), of("maria")));
    assert_differ(curfew_subject_key(of("a")), curfew_subject_key(of("b")));
}

static void kinds_never_meet(void **state)
{
    /* Goal: the same three strings under each kind are as many subjects as there are kinds. */
    struct curfew_subject subjects[CURFEW_KIND_COUNT];
    (void)state;
    for (int i = 0; i < CURFEW_KIND_COUNT; i++) {
        subjects[i] = curfew_subject_of((enum curfew_kind)i, of("t"), of("s"), of("i"));
        for (int j = 0; j < i; j++) {
            assert_differ(subjects[i], subjects[j]);
        }
    }
}

static void equality_looks_at_every_byte(void **state)
{
    /* Goal: digests that differ in any one byte are not equal. */
    struct curfew_subject a = curfew_subject_tenant(of("acme"));
    (void)state;
    for (size_t i = 0; i < CURFEW_DIGEST_SIZE; i++) {
        struct curfew_subject b = a;
        b.digest[i] ^= 1;
        assert_false(curfew_subject_equal(&a, &b));
    }
}

static void sha256_and_hex_are_the_standard_ones(void **state)
{
    /* Goal: FIPS 180-4's vectors hold, however the input is cut, and hex is lower case. */
    const struct curfew_slice parts[] = {of("a"), of(""), {NULL, 0}, of("bc")};
    uint8_t digest[CURFEW_SHA256_SIZE];
    char hex[2 * CURFEW_SHA256_SIZE + 1];
    (void)state;
    curfew_sha256(parts, 4, digest);
    curfew_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    curfew_sha256(NULL, 0, digest);
    curfew_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void stores_are_big_endian(void **state)
{
    /* Goal: what is hashed has the same bytes on every machine. */
    uint8_t bytes[8];
    (void)state;
    curfew_put_be64(bytes, UINT64_C(0x0102030405060708));
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10", 8);
    curfew_put_be32(bytes, UINT32_C(0xFFFEFDFC));
    assert_memory_equal(bytes, "\xFF\xFE\xFD\xFC\5\6\7\10", 8);
}

static void random_bytes_fill_what_was_asked_for(void **state)
{
    /* Goal: every byte asked for changes over a few draws, and none beside them. */
    uint8_t seen[32] = {0};
    (void)state;
    for (int draw = 0; draw < 8; draw++) {
        uint8_t bytes[34] = {0};
        curfew_random(bytes + 1, 32);
        assert_int_equal(bytes[0], 0);
        assert_int_equal(bytes[33], 0);
        for (size_t i = 0; i < 32; i++) {
            seen[i] |= bytes[i + 1];
        }
    }
    for (size_t i = 0; i < 32; i++) {
        assert_int_not_equal(seen[i], 0); /* eight zero draws of one byte: once in 2^59 runs */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_contract),
        cmocka_unit_test(an_agent_is_scoped_by_its_trust_domain),
        cmocka_unit_test(fields_cannot_run_into_each_other),
        cmocka_unit_test(each_field_matters),
        cmocka_unit_test(kinds_never_meet),
        cmocka_unit_test(equality_looks_at_every_byte),
        cmocka_unit_test(sha256_and_hex_are_the_standard_ones),
        cmocka_unit_test(stores_are_big_endian),
        cmocka_unit_test(random_bytes_fill_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
