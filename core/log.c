/* log: lines on standard error, each in one write. */
#include "core/log.h"
#include "core/clock.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_SIZE 1024 /* with its newline; below PIPE_BUF, so that a pipe takes it whole */

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* Relaxed: a level set on one thread need not be seen by another at once, and orders nothing else. */
static atomic_int least_level = CURFEW_LOG_INFO;

void curfew_log_level_set(enum curfew_log_level level)
{
    atomic_store_explicit(&least_level, (int)level, memory_order_relaxed);
}

enum curfew_status curfew_log_level_parse(const char *name, enum curfew_log_level *level)
{
    for (size_t i = 0; name != NULL && i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum curfew_log_level)i;
            return CURFEW_OK;
        }
    }
    return CURFEW_INVALID;
}

/* "2026-11-23T21:40:00.123456Z warning feed: "; returns its size. */
static size_t write_head(char *line, size_t capacity, enum curfew_log_level level, const char *component)
{
    int64_t now_us = curfew_clock_now().wall_us;
    time_t seconds = (time_t)(now_us / CURFEW_US_PER_S);
    struct tm utc;
    char stamp[32] = "";
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    }
    int size = snprintf(line, capacity, "%s.%06dZ %s %s: ", stamp, (int)(now_us % CURFEW_US_PER_S), level_names[level],
                        component);
    if (size < 0) {
        return 0;
    }
    return (size_t)size < capacity ? (size_t)size : capacity - 1;
}

/* What comes from outside must not begin a line of its own or steer a terminal: C0, DEL, and C1 in UTF-8. */
static void mask_controls(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char here = (unsigned char)text[i];
        unsigned char next = i + 1 < size ? (unsigned char)text[i + 1] : 0;
        if (here < 0x20 || here == 0x7F) {
            text[i] = '?';
        } else if (here == 0xC2 && next >= 0x80 && next < 0xA0) {
            text[i] = '?';
            text[i + 1] = '?';
        }
    }
}

/* Nothing can be done about a standard error that takes no more, so the rest is dropped. */
static void write_all(const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t written = write(STDERR_FILENO, bytes + done, size - done);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        done += (size_t)written;
    }
}

void curfew_log(enum curfew_log_level level, const char *component, const char *format, ...)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed)) {
        return;
    }

    int errno_before = errno; /* callers log first and look at errno after */
    char line[LINE_MAX_SIZE];
    size_t size = write_head(line, sizeof line, level, component);
    va_list arguments;
    va_start(arguments, format);
    errno = errno_before; /* for %m */
    int wanted = vsnprintf(line + size, sizeof line - size, format, arguments);
    va_end(arguments);
    if (wanted > 0) {
        size = (size_t)wanted < sizeof line - size ? size + (size_t)wanted : sizeof line - 1;
    }
    mask_controls(line, size);
    line[size++] = '\n'; /* in place of the NUL */
    write_all(line, size);
    errno = errno_before;
}
