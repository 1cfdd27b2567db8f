/* input: made-up bytes as numbers, slices and texts. */
#include "input.h"
#include <stdio.h>
#include <stdlib.h>

const char input_key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEPZ203hfwkbVLYT7\n"
                             "LnEIVmyEgdBcTizuEJSh1lLbCxmhRANCAARxojT5L5HuFGGkNpGBb5vsrTIIF/cW\n"
                             "bCXBvF9SA4iS/B5qiFC03SMt74Foyq8q6aW6yi8KkMcxFDSC3LRt0iSD\n"
                             "-----END PRIVATE KEY-----\n";
const char input_ed_key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                                "-----END PRIVATE KEY-----\n";

uint8_t input_byte(struct input *input)
{
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->at++;
}

unsigned input_pick(struct input *input, unsigned below)
{
    return input_byte(input) % below;
}

int64_t input_number(struct input *input)
{
    uint8_t first = input_byte(input);
    uint64_t number = 0;
    if (first < 0xf0) {
        return first;
    }
    /* 0xf0..0xff: one to eight bytes follow, and half of those numbers are negative. */
    for (int i = 0; i <= first % 8; i++) {
        number = number << 8 | input_byte(input);
    }
    return (int64_t)(first < 0xf8 ? number : ~number);
}

struct curfew_slice input_slice(struct input *input, size_t most)
{
    size_t size = input_byte(input);
    size = size < most ? size : most;
    size = size < input->size ? size : input->size;
    struct curfew_slice slice = {input->at, size};
    input->at += size;
    input->size -= size;
    return slice;
}

struct curfew_slice input_rest(struct input *input)
{
    struct curfew_slice slice = {input->at, input->size};
    input->at += input->size;
    input->size = 0;
    return slice;
}

struct curfew_slice input_until(struct input *input, uint8_t end)
{
    const uint8_t *found = input->size == 0 ? NULL : memchr(input->at, end, input->size);
    if (found == NULL) {
        return input_rest(input);
    }
    struct curfew_slice slice = {input->at, (size_t)(found - input->at)};
    input->size -= slice.size + 1;
    input->at = found + 1;
    return slice;
}

void input_require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "a promise does not hold: %s\n", what);
        abort();
    }
}

char *input_text(struct curfew_slice bytes)
{
    char *text = malloc(bytes.size + 1);
    input_require(text != NULL, "there is memory for the input's copy");
    if (bytes.size > 0) {
        memcpy(text, bytes.at, bytes.size);
    }
    text[bytes.size] = '\0';
    return text;
}
