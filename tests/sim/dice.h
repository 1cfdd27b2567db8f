/* dice: all the chance there is in a simulated world. The same seed and name roll the same numbers on every machine.
 * Pure. */
#ifndef CURFEW_TESTS_SIM_DICE_H
#define CURFEW_TESTS_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_dice {
    uint64_t state;
};

/* Each part of a world has dice of its own, so that leaving out one action does not change what all others roll. */
struct sim_dice sim_dice_of(uint64_t seed, const char *name);
uint64_t sim_dice_roll(struct sim_dice *dice, uint64_t sides); /* 0..sides - 1; sides >= 1 */
int64_t sim_dice_between(struct sim_dice *dice, int64_t least, int64_t most); /* both included */
bool sim_dice_chance(struct sim_dice *dice, int permille);
void sim_dice_fill(struct sim_dice *dice, uint8_t *bytes, size_t size);

#endif
