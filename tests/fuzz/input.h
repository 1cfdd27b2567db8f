/* input: what a fuzzer made up, taken apart front to back, and what a target says when a promise does not hold. At the
 * end of the input every number is 0 and every slice empty, so that no input is too short. One thread. */
#ifndef CURFEW_TESTS_FUZZ_INPUT_H
#define CURFEW_TESTS_FUZZ_INPUT_H

#include <curfew/slice.h>

struct input {
    const uint8_t *at;
    size_t size;
};

uint8_t input_byte(struct input *input);
/* 0..`below` - 1. */
unsigned input_pick(struct input *input, unsigned below);
/* Mostly a number one byte can hold, sometimes any. */
int64_t input_number(struct input *input);
/* At most `most` bytes; as many as the next byte says, or all that are left. */
struct curfew_slice input_slice(struct input *input, size_t most);
struct curfew_slice input_rest(struct input *input);
/* Up to the next byte `end`, which is dropped, or all that are left. */
struct curfew_slice input_until(struct input *input, uint8_t end);

/* Ends the process, as a crash that the fuzzer keeps the input of, unless `holds`. */
void input_require(bool holds, const char *what);

/* A malloc'ed, NUL-terminated copy; ends the process when memory runs out. */
char *input_text(struct curfew_slice bytes);

/* A key that signs nothing but made-up tokens, as PEM: the same in every run, so that an input means the same. */
extern const char input_key_pem[];
extern const char input_ed_key_pem[]; /* Ed25519: RFC 8037, Appendix A.1 */

#endif
