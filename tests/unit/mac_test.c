/* mac_test: HMAC and HKDF against the RFCs' vectors, and what a writer's proof holds for. */
#include "core/digest.h"
#include "core/mac.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

static const uint8_t master[CURFEW_MASTER_SIZE] = {1, 2, 3};
static const uint8_t other_master[CURFEW_MASTER_SIZE] = {1, 2, 4};

static void from_hex(const char *hex, uint8_t *bytes)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        unsigned value = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        bytes[i] = (uint8_t)value;
    }
}

static void sums_are_those_of_rfc_4231(void **state)
{
    (void)state; /* goal: our HMAC is everybody's: test cases 2 and 6, and several parts are one text */
    uint8_t sum[CURFEW_SHA256_SIZE];
    uint8_t expected[CURFEW_SHA256_SIZE];
    struct curfew_hmac *hmac = curfew_hmac_create((const uint8_t *)"Jefe", 4);
    const struct curfew_slice parts[] = {curfew_slice_of("what do ya want "), curfew_slice_of("for nothing?")};
    from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", expected);
    for (int i = 0; i < 2; i++) { /* the key is not used up */
        curfew_hmac_sum(hmac, parts, 2, sum);
        assert_memory_equal(sum, expected, sizeof sum);
    }
    curfew_hmac_destroy(hmac);
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    hmac = curfew_hmac_create(key, sizeof key);
    const struct curfew_slice text = curfew_slice_of("Test Using Larger Than Block-Size Key - Hash Key First");
    curfew_hmac_sum(hmac, &text, 1, sum);
    from_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", expected);
    assert_memory_equal(sum, expected, sizeof sum);
    curfew_hmac_destroy(hmac);
}

static void keys_are_derived_as_rfc_5869_says(void **state)
{
    (void)state; /* goal: the first 32 bytes of its test case 1 */
    uint8_t secret[22];
    uint8_t salt[13];
    uint8_t info[10];
    uint8_t key[CURFEW_SHA256_SIZE];
    uint8_t expected[CURFEW_SHA256_SIZE];
    memset(secret, 0x0b, sizeof secret);
    from_hex("000102030405060708090a0b0c", salt);
    from_hex("f0f1f2f3f4f5f6f7f8f9", info);
    from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf", expected);
    curfew_hkdf((struct curfew_slice){secret, sizeof secret}, (struct curfew_slice){salt, sizeof salt},
                (struct curfew_slice){info, sizeof info}, key);
    assert_memory_equal(key, expected, sizeof key);
}

static void a_proof_holds_for_one_value_in_one_log(void **state)
{
    (void)state; /* goal: another value, log, lane, writer, epoch or master: no proof */
    struct curfew_log_place place = {{9, 9}, 3};
    uint8_t mac[CURFEW_MAC_SIZE];
    const struct curfew_slice value = curfew_slice_of("the task has ended");
    const struct curfew_slice proof = {mac, sizeof mac};
    struct curfew_mac_key *key = curfew_mac_key_derive(master, curfew_slice_of("etl"), 7);
    curfew_mac_make(key, &place, value, mac);
    assert_int_equal(curfew_mac_epoch(proof), 7);
    assert_true(curfew_mac_verify(key, &place, value, proof));
    assert_false(curfew_mac_verify(key, &place, curfew_slice_of("the task has ender"), proof));
    assert_false(curfew_mac_verify(key, &place, (struct curfew_slice){value.at, value.size - 1}, proof));
    place.lane = 4;
    assert_false(curfew_mac_verify(key, &place, value, proof));
    place.lane = 3;
    place.log_id[15] = 1;
    assert_false(curfew_mac_verify(key, &place, value, proof));
    place.log_id[15] = 0;
    struct curfew_mac_key *others[] = {curfew_mac_key_derive(master, curfew_slice_of("etm"), 7),
                                       curfew_mac_key_derive(master, curfew_slice_of("etl"), 8),
                                       curfew_mac_key_derive(other_master, curfew_slice_of("etl"), 7)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(curfew_mac_verify(others[i], &place, value, proof));
        curfew_mac_key_destroy(others[i]);
    }
    for (size_t i = 0; i < sizeof mac; i++) {
        mac[i] ^= 0x10;
        assert_false(curfew_mac_verify(key, &place, value, proof));
        mac[i] ^= 0x10;
    }
    assert_false(curfew_mac_verify(key, &place, value, (struct curfew_slice){mac, sizeof mac - 1}));
    assert_false(curfew_mac_verify(key, &place, value, (struct curfew_slice){NULL, 0}));
    assert_true(curfew_mac_verify(key, &place, value, proof));
    curfew_mac_key_destroy(key);
    curfew_mac_key_destroy(NULL);
}

static void a_header_that_is_none_has_no_epoch(void **state)
{
    (void)state; /* goal: what is not of our form is told from a wrong sum before any key is looked for */
    uint8_t mac[CURFEW_MAC_SIZE] = {1, 0, 0, 1, 0};
    assert_int_equal(curfew_mac_epoch((struct curfew_slice){mac, sizeof mac}), 256);
    mac[1] = 0x80; /* below 0 */
    assert_int_equal(curfew_mac_epoch((struct curfew_slice){mac, sizeof mac}), 0);
    mac[1] = 0;
    mac[0] = 2;
    assert_int_equal(curfew_mac_epoch((struct curfew_slice){mac, sizeof mac}), 0);
    assert_int_equal(curfew_mac_epoch((struct curfew_slice){mac, 0}), 0);
}

static void the_key_in_a_file_is_the_key_derived(void **state)
{
    (void)state; /* goal: what an operator hands out proves what the coordinator derives; names cannot run together */
    uint8_t bytes[CURFEW_WRITER_KEY_SIZE];
    uint8_t twin[CURFEW_WRITER_KEY_SIZE];
    uint8_t mac[CURFEW_MAC_SIZE];
    const struct curfew_log_place place = {{1}, 1};
    const struct curfew_slice value = curfew_slice_of("x");
    curfew_mac_key_bytes(master, curfew_slice_of("etl"), 2, bytes);
    struct curfew_mac_key *given = curfew_mac_key_create(bytes, 2);
    struct curfew_mac_key *derived = curfew_mac_key_derive(master, curfew_slice_of("etl"), 2);
    curfew_mac_make(given, &place, value, mac);
    assert_true(curfew_mac_verify(derived, &place, value, (struct curfew_slice){mac, sizeof mac}));
    const uint8_t long_name[] = {'e', 't', 'l', 0, 0, 0, 2};
    curfew_mac_key_bytes(master, (struct curfew_slice){long_name, sizeof long_name}, 2, twin);
    assert_memory_not_equal(bytes, twin, sizeof bytes);
    curfew_mac_key_destroy(given);
    curfew_mac_key_destroy(derived);
}

static void the_check_says_which_master(void **state)
{
    (void)state; /* goal: a coordinator with another master is told at genesis */
    uint8_t check[CURFEW_MASTER_CHECK_SIZE];
    uint8_t again[CURFEW_MASTER_CHECK_SIZE];
    curfew_master_check(master, check);
    curfew_master_check(master, again);
    assert_memory_equal(check, again, sizeof check);
    curfew_master_check(other_master, again);
    assert_memory_not_equal(check, again, sizeof check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_rfc_4231),
        cmocka_unit_test(keys_are_derived_as_rfc_5869_says),
        cmocka_unit_test(a_proof_holds_for_one_value_in_one_log),
        cmocka_unit_test(a_header_that_is_none_has_no_epoch),
        cmocka_unit_test(the_key_in_a_file_is_the_key_derived),
        cmocka_unit_test(the_check_says_which_master),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
