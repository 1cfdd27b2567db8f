/* fingerprint: CRC-64-AVRO, bit by bit; it runs a few times at start. */
#include "schemas/fingerprint.h"

/* The specification's EMPTY: both the polynomial and the fingerprint of nothing. */
#define EMPTY UINT64_C(0xc15d213aa4d7a795)

uint64_t curfew_fingerprint_rabin(struct curfew_slice text)
{
    uint64_t print = EMPTY;
    for (size_t i = 0; i < text.size; i++) {
        print ^= text.at[i];
        for (int bit = 0; bit < 8; bit++) {
            print = (print >> 1) ^ (EMPTY & (0 - (print & 1)));
        }
    }
    return print;
}
