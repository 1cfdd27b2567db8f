/* stress: what the stress programs share. */
#include "tests/stress/stress.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 5
#define SECONDS_MAX 3600
#define READERS_MAX 256

static int64_t number_of(const char *text, int64_t least, int64_t most)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number < least || number > most) {
        fprintf(stderr, "%s is no number from %lld to %lld\n", text, (long long)least, (long long)most);
        exit(2);
    }
    return number;
}

struct stress_options stress_options_parse(int count, char **arguments)
{
    static const struct option known[] = {{"seconds", required_argument, NULL, 's'},
                                          {"seed", required_argument, NULL, 'r'},
                                          {"readers", required_argument, NULL, 'n'},
                                          {0}};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct stress_options options = {.seconds = SECONDS, .seed = 1, .readers = cores < 2 ? 2 : (int)cores};
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        if (option == 's') {
            options.seconds = number_of(optarg, 1, SECONDS_MAX);
        } else if (option == 'r') {
            options.seed = (uint64_t)number_of(optarg, 0, INT64_MAX);
        } else if (option == 'n') {
            options.readers = (int)number_of(optarg, 1, READERS_MAX);
        } else {
            fprintf(stderr, "usage: %s [--seconds N] [--seed N] [--readers N]\n", arguments[0]);
            exit(2);
        }
    }
    if (options.readers > READERS_MAX) {
        options.readers = READERS_MAX;
    }
    printf("seed %llu, %lld s\n", (unsigned long long)options.seed, (long long)options.seconds);
    return options;
}

uint64_t stress_mix(uint64_t seed, uint64_t number)
{
    uint64_t mixed = seed * UINT64_C(0xd1342543de82ef95) + number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

struct curfew_subject stress_subject(uint64_t number)
{
    struct curfew_subject subject;
    uint64_t words[2] = {stress_mix(number, 1), stress_mix(number, 2)};
    memcpy(subject.digest, words, sizeof(words));
    return subject;
}

int64_t stress_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

void stress_rate(const char *who, uint64_t operations, int64_t us)
{
    double seconds = us < 1 ? 1e-6 : (double)us / 1e6;
    printf("%-34s %12llu, %12.0f a second\n", who, (unsigned long long)operations, (double)operations / seconds);
}

void stress_broken(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("BROKEN: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _Exit(1); /* other threads still run: nothing of theirs may be unmade */
}
