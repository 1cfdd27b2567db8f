/* relay: a bare librdkafka relay: consume, produce, consume. What time_to_deny measures Curfew against, in the same
 * run, on the same broker. */
#ifndef CURFEW_TESTS_BENCH_RELAY_H
#define CURFEW_TESTS_BENCH_RELAY_H

#include <stddef.h>
#include <stdint.h>

#define RELAY_READERS 3

struct relay;

/* Makes topics `in` and `out` if they are not there. Returns when every consumer stands at the end of its topic; NULL:
 * it did not. */
struct relay *relay_open(const char *brokers, const char *in, const char *out);
void relay_close(struct relay *relay);

/* Sends one message of `size` bytes; waits until it is durable and every reader has it. Gives the µs from the
 * acknowledgement to each reader. 0, or -1 on a time-out. */
int relay_round(struct relay *relay, size_t size, int64_t us[RELAY_READERS]);

#endif
