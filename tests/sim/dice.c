/* dice: splitmix64, seeded by name. */
#include "tests/sim/dice.h"

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static uint64_t next(struct sim_dice *dice)
{
    dice->state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(dice->state);
}

struct sim_dice sim_dice_of(uint64_t seed, const char *name)
{
    uint64_t state = mix(seed + 1);
    for (const char *c = name; *c != '\0'; c++) {
        state = mix(state + (uint8_t)*c);
    }
    return (struct sim_dice){state};
}

uint64_t sim_dice_roll(struct sim_dice *dice, uint64_t sides)
{
    return next(dice) % sides;
}

int64_t sim_dice_between(struct sim_dice *dice, int64_t least, int64_t most)
{
    return least + (int64_t)sim_dice_roll(dice, (uint64_t)(most - least) + 1);
}

bool sim_dice_chance(struct sim_dice *dice, int permille)
{
    return sim_dice_roll(dice, 1000) < (uint64_t)permille;
}

void sim_dice_fill(struct sim_dice *dice, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)next(dice);
    }
}
