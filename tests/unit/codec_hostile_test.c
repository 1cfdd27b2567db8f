/* codec_hostile_test: bytes from somebody who wishes us ill, or from a broken disk. */
#include "codec_samples.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ENVELOPE 10
#define GUARD 64 /* bytes behind the arena that nobody may touch */
#define GARBAGE 20000 /* bodies of random bytes */

static _Alignas(max_align_t) uint8_t memory[CURFEW_CODEC_MEMORY + GUARD];
static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
static struct curfew_error error;
static enum curfew_reason reason;
static struct curfew_event event;

static int open_codec(void **state)
{
    (void)state;
    memset(memory + CURFEW_CODEC_MEMORY, 0x5a, GUARD);
    return curfew_codec_init(NULL) == CURFEW_OK ? 0 : -1;
}

/* Decodes a copy of exactly `size` bytes within `room` bytes of arena; looks at what lies behind the arena. */
static enum curfew_status decode_within(const uint8_t *from, size_t size, size_t room)
{
    struct curfew_arena arena = {memory + CURFEW_CODEC_MEMORY - room, room, 0};
    uint8_t *copy = samples_copy(from, size);
    reason = CURFEW_REASON_COUNT;
    error.text[0] = '\0';
    enum curfew_status status = curfew_codec_decode((struct curfew_slice){copy, size}, &arena, &event, &reason, &error);
    for (size_t i = 0; i < GUARD; i++) {
        assert_int_equal(memory[CURFEW_CODEC_MEMORY + i], 0x5a);
    }
    assert_true(arena.used <= room);
    if (status != CURFEW_OK) {
        assert_int_equal(arena.used, 0);
        assert_string_not_equal(error.text, "");
    }
    free(copy);
    return status;
}

static enum curfew_status decode(const uint8_t *from, size_t size)
{
    return decode_within(from, size, CURFEW_CODEC_MEMORY);
}

static size_t encode(const struct curfew_event *source)
{
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(source, bytes, sizeof(bytes), &size, NULL), CURFEW_OK);
    return size;
}

/* Puts `body` behind the envelope of a type and decodes it; a refusal must be for the body, and contain `text`. */
static enum curfew_status decode_body(enum curfew_event_type type, const void *body, size_t size, const char *text)
{
    encode(&samples_all()[type].event);
    memcpy(bytes + ENVELOPE, body, size);
    enum curfew_status status = decode(bytes, ENVELOPE + size);
    if (status != CURFEW_OK) {
        assert_int_equal(status, CURFEW_INVALID);
        assert_int_equal(reason, CURFEW_REASON_UNDECODABLE);
    }
    if (status != CURFEW_OK && strstr(error.text, text) == NULL) {
        fail_msg("expected \"%s\" in: %s", text, error.text);
    }
    return status;
}

#define BODY(text) (text), sizeof(text) - 1

static void every_truncation_is_refused(void **state)
{
    /* Goal: a record cut at any byte is undecodable, and no byte behind the cut is read. */
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        size_t size = encode(&samples_all()[type].event);
        for (size_t cut = 0; cut < size; cut++) {
            assert_int_equal(decode(bytes, cut), CURFEW_INVALID);
            assert_int_equal(reason, CURFEW_REASON_UNDECODABLE);
        }
        assert_int_equal(decode(bytes, size), CURFEW_OK);
    }
}

static void every_flipped_bit_is_survived(void **state)
{
    /* Goal: one wrong bit anywhere gives a refusal or other values, never a read or write out of place. */
    (void)state;
    int refused = 0;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        size_t size = encode(&samples_all()[type].event);
        for (size_t bit = 0; bit < size * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            enum curfew_status status = decode(bytes, size);
            if (bit < 16) {
                assert_int_equal(reason, CURFEW_REASON_UNDECODABLE);
            } else if (bit < ENVELOPE * 8) {
                assert_int_equal(reason, CURFEW_REASON_UNKNOWN_SCHEMA);
            }
            refused += status != CURFEW_OK;
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    assert_true(refused > CURFEW_EVENT_COUNT * ENVELOPE * 8);
}

static void garbage_is_survived(void **state)
{
    /* Goal: random bodies, which a length or count often begins, neither crash nor leave the arena. */
    (void)state;
    uint64_t seed = 4;
    for (int i = 0; i < GARBAGE; i++) {
        enum curfew_event_type type = samples_next(&seed) % CURFEW_EVENT_COUNT;
        encode(&samples_all()[type].event);
        size_t size = samples_next(&seed) % 300;
        for (size_t at = 0; at < size; at++) {
            uint64_t random = samples_next(&seed);
            bytes[ENVELOPE + at] = (uint8_t)(random & 256 ? random : random % 8);
        }
        if (decode(bytes, ENVELOPE + size) != CURFEW_OK) {
            assert_int_equal(reason, CURFEW_REASON_UNDECODABLE);
        }
    }
}

static void another_envelope_is_undecodable(void **state)
{
    /* Goal: what is no single-object encoding is told from what is one of an unknown schema. */
    (void)state;
    size_t size = encode(&samples_all()[CURFEW_EVENT_TICK].event);
    assert_int_equal(decode(NULL, 0), CURFEW_INVALID);
    assert_int_equal(reason, CURFEW_REASON_UNDECODABLE);
    bytes[1] = 2;
    assert_int_equal(decode(bytes, size), CURFEW_INVALID);
    assert_int_equal(reason, CURFEW_REASON_UNDECODABLE);
    assert_non_null(strstr(error.text, "C3 01"));
    bytes[1] = 1;
    memset(bytes + 2, 0x11, 8);
    assert_int_equal(decode(bytes, size), CURFEW_INVALID);
    assert_int_equal(reason, CURFEW_REASON_UNKNOWN_SCHEMA);
    assert_non_null(strstr(error.text, "1111111111111111"));
}

static void bytes_left_over_are_refused(void **state)
{
    /* Goal: a record is its schema's fields and nothing else. */
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        size_t size = encode(&samples_all()[type].event);
        bytes[size] = 0;
        assert_int_equal(decode(bytes, size + 1), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "ends before the bytes do"));
    }
}

static void hostile_lengths_are_refused(void **state)
{
    /* Goal: a string's length is checked against its bound and the bytes there are before it is used. */
    (void)state;
    const enum curfew_event_type type = CURFEW_EVENT_HOLDER_HEARTBEAT;
    assert_int_equal(decode_body(type, BODY("\x02w\x02\x02h\x00\x00\x00\x00"), ""), CURFEW_OK);
    assert_int_equal(decode_body(type, BODY("\x01w\x02\x02h"), "field writer at byte 10 has a negative length"),
                     CURFEW_INVALID);
    assert_int_equal(decode_body(type, BODY("\x82\x04w\x02\x02h"), "longer than its bound"), CURFEW_INVALID);
    assert_int_equal(decode_body(type, BODY("\x02w\x02\x06hi"), "field holder at byte 13 goes past the end"),
                     CURFEW_INVALID);
    assert_int_equal(decode_body(type, BODY("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01w"), "longer than its bound"),
                     CURFEW_INVALID);
    assert_int_equal(decode_body(type, BODY("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01w"), "negative length"),
                     CURFEW_INVALID);
}

static void hostile_numbers_are_refused(void **state)
{
    /* Goal: numbers wider than their type are refused; the widest that fits and needless bytes are legal. */
    (void)state;
    static const char widest[] = "\x02w\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00";
    assert_int_equal(decode_body(CURFEW_EVENT_TICK, BODY(widest), ""), CURFEW_OK);
    assert_true(event.as.tick.said_us == INT64_MIN);
    assert_int_equal(decode_body(CURFEW_EVENT_TICK, BODY("\x02w\x82\x80\x00\x00"), ""), CURFEW_OK);
    assert_int_equal(event.as.tick.said_us, 1);
    assert_int_equal(
        decode_body(CURFEW_EVENT_TICK, BODY("\x02w\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00"), "wider than 64 bits"),
        CURFEW_INVALID);
    assert_int_equal(decode_body(CURFEW_EVENT_TICK, BODY("\x02w\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x00"),
                                 "wider than 64 bits"),
                     CURFEW_INVALID);
    /* dead-letter: topic, then an int */
    assert_int_equal(decode_body(CURFEW_EVENT_DEAD_LETTER, BODY("\x02t\x80\x80\x80\x80\x10\x00\x00\x00"),
                                 "field partition at byte 12 is a number wider than 32 bits"),
                     CURFEW_INVALID);
    assert_int_equal(
        decode_body(CURFEW_EVENT_DEAD_LETTER, BODY("\x02t\xff\xff\xff\xff\x0f\x00\x00\x00"), "field digest"),
        CURFEW_INVALID);
}

static void enums_and_booleans_out_of_range_are_refused(void **state)
{
    /* Goal: an index past the last symbol, a negative one, and a third truth value are undecodable. */
    (void)state;
    const enum curfew_event_type type = CURFEW_EVENT_SUBJECT_REVOKED;
    assert_int_equal(decode_body(type, BODY("\x02w\x02\x14\x00\x00\x00\x00\x00"), ""), CURFEW_OK);
    assert_int_equal(event.as.subject_revoked.kind, CURFEW_KIND_POLICY);
    assert_int_equal(decode_body(type, BODY("\x02w\x02\x16\x00\x00\x00\x00"), "field kind at byte 13 is no symbol"),
                     CURFEW_INVALID);
    assert_int_equal(decode_body(type, BODY("\x02w\x02\x01\x00\x00\x00\x00"), "is no symbol"), CURFEW_INVALID);
    size_t size = encode(&samples_all()[CURFEW_EVENT_TOKEN_CREATED].event);
    assert_int_equal(bytes[size - 5], 1); /* supervised, before a key of three letters */
    bytes[size - 5] = 2;
    assert_int_equal(decode(bytes, size), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "supervised"));
}

/* token-created up to its agents, in bytes: strings empty, numbers 0 but the blocks given. */
static enum curfew_status decode_agents(const char *blocks, size_t size, const char *text)
{
    uint8_t body[512] = {0};
    size_t before = 10;
    memcpy(body + before, blocks, size);
    return decode_body(CURFEW_EVENT_TOKEN_CREATED, body, before + size + 5, text);
}

static void array_blocks_of_every_legal_form_are_read(void **state)
{
    /* Goal: several blocks, and blocks with a negative count and their size, are one list. */
    (void)state;
    assert_int_equal(decode_agents(BODY("\x00"), ""), CURFEW_OK);
    assert_int_equal(event.as.token_created.claims.agents.count, 0);
    assert_int_equal(decode_agents(BODY("\x02\x02"
                                        "a\x03\x0c\x02"
                                        "b\x06xyz\x02\x00\x00"),
                                   ""),
                     CURFEW_OK);
    const struct curfew_list *agents = &event.as.token_created.claims.agents;
    const struct curfew_slice *items = agents->items;
    assert_int_equal(agents->count, 4);
    assert_int_equal(items[0].size, 1);
    assert_int_equal(items[2].size, 3);
    assert_int_equal(items[3].size, 0);
}

static void hostile_array_blocks_are_refused(void **state)
{
    /* Goal: counts and sizes of blocks are checked before memory is taken; the bound is that of all blocks. */
    (void)state;
    assert_int_equal(decode_agents(BODY("\x22\x00\x00"), "field agents at byte 20 has more items"), CURFEW_INVALID);
    assert_int_equal(decode_agents(BODY("\x21\x02\x00\x00"), "more items"), CURFEW_INVALID);
    assert_int_equal(decode_agents(BODY("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"), "more items"), CURFEW_INVALID);
    assert_int_equal(decode_agents(BODY("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"), "more items"), CURFEW_INVALID);
    assert_int_equal(decode_agents(BODY("\x20"), "goes past the end"), CURFEW_INVALID);
    char blocks[40] = {0};
    blocks[0] = 0x1e; /* fifteen empty ones, then two more */
    blocks[16] = 0x04;
    assert_int_equal(decode_agents(blocks, 20, "more items"), CURFEW_INVALID);
    blocks[16] = 0x02;
    assert_int_equal(decode_agents(blocks, 19, ""), CURFEW_OK);
    assert_int_equal(event.as.token_created.claims.agents.count, 16);
    /* one item "a" in a block said to be 1, 3, -1 and endless bytes long */
    assert_int_equal(decode_agents(BODY("\x01\x02\x02"
                                        "a\x00"),
                                   "whose size"),
                     CURFEW_INVALID);
    assert_int_equal(decode_agents(BODY("\x01\x06\x02"
                                        "a\x00"),
                                   "whose size"),
                     CURFEW_INVALID);
    assert_int_equal(decode_agents(BODY("\x01\x01\x02"
                                        "a\x00"),
                                   "whose size"),
                     CURFEW_INVALID);
    assert_int_equal(decode_agents(BODY("\x01\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02"
                                        "a\x00"),
                                   "whose size"),
                     CURFEW_INVALID);
}

static void a_bad_item_is_named(void **state)
{
    /* Goal: an error inside a list counts to the item and names its field. */
    (void)state;
    size_t size = encode(&samples_all()[CURFEW_EVENT_ACCEPTED].event);
    size_t second = size - 2 - 4 - 1 - 1; /* from behind: signature, key id, the end of the list, retriable */
    assert_int_equal(bytes[second], 1);
    bytes[second] = 9;
    assert_int_equal(decode(bytes, size), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "field refused, item 1, retriable at byte"));
}

static void a_small_arena_is_told(void **state)
{
    /* Goal: memory is the arena's alone: too little of it is an error that says so, at every size. */
    (void)state;
    size_t size = encode(&samples_all()[CURFEW_EVENT_TOKEN_CREATED].event);
    size_t fits = 0;
    for (size_t room = 0; room <= 512 && fits == 0; room += 16) {
        enum curfew_status status = decode_within(bytes, size, room);
        if (status == CURFEW_OK) {
            fits = room;
        } else {
            assert_int_equal(status, CURFEW_FULL);
            assert_non_null(strstr(error.text, "arena"));
        }
    }
    assert_int_equal(fits, 2 * 16 + 2 * 40 + 16 + 24 + 8); /* agents, path, approvals, policies; 8 to align */
}

static void a_claimed_count_takes_no_memory(void **state)
{
    /* Goal: a count that the bytes cannot hold is told from an arena too small, before memory is looked for. */
    (void)state;
    struct curfew_event none = {.type = CURFEW_EVENT_FLOORS};
    size_t size = encode(&none);
    bytes[size - 1] = 0x80; /* 1024 floors, and nothing behind */
    bytes[size] = 0x10;
    assert_int_equal(decode_within(bytes, size + 1, 32), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "field floors at byte 94 goes past the end"));
}

static void an_arena_in_use_keeps_what_it_holds(void **state)
{
    /* Goal: several records can share an arena, and a refusal takes nothing from it. */
    (void)state;
    size_t size = encode(&samples_all()[CURFEW_EVENT_FLOORS].event);
    uint8_t *copy = samples_copy(bytes, size);
    struct curfew_slice whole = {copy, size};
    struct curfew_arena arena = {memory, CURFEW_CODEC_MEMORY, 3};
    struct curfew_event first;
    struct curfew_event second;
    assert_int_equal(curfew_codec_decode(whole, &arena, &first, &reason, &error), CURFEW_OK);
    assert_int_equal((uintptr_t)first.as.floors.floors.items % _Alignof(max_align_t), 0);
    size_t used = arena.used;
    assert_int_equal(curfew_codec_decode((struct curfew_slice){copy, size - 1}, &arena, &second, &reason, &error),
                     CURFEW_INVALID);
    assert_int_equal(arena.used, used);
    assert_int_equal(curfew_codec_decode(whole, &arena, &second, &reason, &error), CURFEW_OK);
    assert_true(arena.used > used);
    assert_true(first.as.floors.floors.items != second.as.floors.floors.items);
    assert_true(samples_equal(&first, &samples_all()[CURFEW_EVENT_FLOORS].event));
    assert_true(samples_equal(&second, &first));
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_survived),
        cmocka_unit_test(garbage_is_survived),
        cmocka_unit_test(another_envelope_is_undecodable),
        cmocka_unit_test(bytes_left_over_are_refused),
        cmocka_unit_test(hostile_lengths_are_refused),
        cmocka_unit_test(hostile_numbers_are_refused),
        cmocka_unit_test(enums_and_booleans_out_of_range_are_refused),
        cmocka_unit_test(array_blocks_of_every_legal_form_are_read),
        cmocka_unit_test(hostile_array_blocks_are_refused),
        cmocka_unit_test(a_bad_item_is_named),
        cmocka_unit_test(a_small_arena_is_told),
        cmocka_unit_test(a_claimed_count_takes_no_memory),
        cmocka_unit_test(an_arena_in_use_keeps_what_it_holds),
    };
    return cmocka_run_group_tests(tests, open_codec, NULL);
}
