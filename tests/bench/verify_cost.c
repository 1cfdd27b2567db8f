/* verify_cost: what it costs to verify one token's signature by each algorithm, beside SHA-256 of the same bytes.
 *
 *   verify_cost [BYTES]    size of what is signed (default 700, a usual token)
 *
 * Each figure is the median over ROUNDS of the time of one call; the four take turns, so that what else the machine
 * does falls on all of them. One line each: name, nanoseconds. */
#include "core/digest.h"
#include "core/jose_key.h"
#include "tests/bench/measure.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 4001
#define BYTES_DEFAULT 700
#define BYTES_MOST 16384

struct subject {
    struct curfew_jose_key *key;
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    int64_t times[ROUNDS];
};

static struct subject subjects[CURFEW_JOSE_ALGORITHMS];
static int64_t digest_times[ROUNDS];

static int compare(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static void print_median(const char *name, int64_t *times)
{
    qsort(times, ROUNDS, sizeof times[0], compare);
    printf("%-8s %8lld ns\n", name, (long long)times[ROUNDS / 2]);
}

static void measure(struct curfew_slice input)
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    for (size_t round = 0; round < ROUNDS; round++) {
        int64_t begun = now_ns();
        curfew_sha256(&input, 1, digest);
        digest_times[round] = now_ns() - begun;
        for (size_t i = 0; i < CURFEW_JOSE_ALGORITHMS; i++) {
            struct subject *subject = &subjects[i];
            struct curfew_slice signature = {subject->signature, curfew_jose_key_signature_size(subject->key)};
            begun = now_ns();
            bool good = curfew_jose_key_verify(subject->key, input, signature);
            subject->times[round] = now_ns() - begun;
            if (!good) {
                abort();
            }
        }
    }
}

int main(int argc, char **argv)
{
    static uint8_t bytes[BYTES_MOST];
    struct curfew_error error = {.text = ""};
    long size = argc > 1 ? strtol(argv[1], NULL, 10) : BYTES_DEFAULT;
    if (size < 1 || size > BYTES_MOST) {
        fprintf(stderr, "verify_cost: the size must be 1..%d bytes\n", BYTES_MOST);
        return EXIT_FAILURE;
    }
    struct curfew_slice input = {bytes, (size_t)size};
    curfew_random(bytes, input.size);
    for (size_t i = 0; i < CURFEW_JOSE_ALGORITHMS; i++) {
        struct subject *subject = &subjects[i];
        if (curfew_jose_key_generate((enum curfew_jose_algorithm)i, &subject->key, &error) != CURFEW_OK ||
            curfew_jose_key_sign(subject->key, input, subject->signature, &error) != CURFEW_OK) {
            fprintf(stderr, "verify_cost: %s\n", error.text);
            return EXIT_FAILURE;
        }
    }
    measure(input);
    print_median("SHA-256", digest_times);
    for (size_t i = 0; i < CURFEW_JOSE_ALGORITHMS; i++) {
        print_median(curfew_jose_algorithm_name((enum curfew_jose_algorithm)i), subjects[i].times);
        curfew_jose_key_destroy(subjects[i].key);
    }
    return EXIT_SUCCESS;
}
