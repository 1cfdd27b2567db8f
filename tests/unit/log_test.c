/* log: lines on standard error are whole, dated, of their level, and free of what could steer a terminal. */
#include "core/log.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE_SIZE 1024 /* what the header promises */
#define THREADS 4
#define LINES 500
#define CAPTURE_SIZE (THREADS * LINES * 128)

static int saved_stderr = -1;
static int capture = -1;
static char captured[CAPTURE_SIZE];

/* Standard error goes to a file of no name until end_capture. */
static void begin_capture(void)
{
    char path[] = "/tmp/curfew-log-XXXXXX";
    capture = mkstemp(path);
    assert_true(capture >= 0);
    assert_int_equal(unlink(path), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0);
    assert_int_equal(dup2(capture, STDERR_FILENO), STDERR_FILENO);
}

/* Puts standard error back and returns what was written meanwhile. */
static const char *end_capture(void)
{
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    ssize_t size = pread(capture, captured, sizeof captured - 1, 0);
    close(saved_stderr);
    close(capture);
    assert_true(size >= 0);
    captured[size] = '\0';
    return captured;
}

static int begin(void **state)
{
    (void)state;
    curfew_log_level_set(CURFEW_LOG_INFO);
    return 0;
}

static void a_line_has_time_level_component_and_text(void **state)
{
    /* Goal: "2026-11-23T21:40:00.123456Z warning feed: text", in UTC, at the time it was written. */
    struct tm utc = {.tm_year = 0};
    int consumed = 0;
    (void)state;
    /* time() may lag the clock the stamp comes from by a tick of the kernel, and then tells the second before it. */
    struct timespec before;
    struct timespec after;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &before), 0);
    begin_capture();
    curfew_log(CURFEW_LOG_WARNING, "feed", "lane %d is %s", 3, "behind");
    const char *line = end_capture();
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &after), 0);
    const char *rest = strptime(line, "%Y-%m-%dT%H:%M:%S", &utc);
    assert_non_null(rest);
    time_t written = timegm(&utc);
    assert_true(written >= before.tv_sec && written <= after.tv_sec);
    assert_int_equal(sscanf(rest, ".%*6[0-9]Z%n", &consumed), 0);
    assert_int_equal(consumed, 8);
    assert_string_equal(rest + consumed, " warning feed: lane 3 is behind\n");
}

static void info_is_the_level_unless_set(void **state)
{
    /* Goal: a process that sets nothing logs info and hides debug. Runs first, before any test sets a level. */
    (void)state;
    begin_capture();
    curfew_log(CURFEW_LOG_DEBUG, "x", "hidden");
    curfew_log(CURFEW_LOG_INFO, "x", "shown");
    const char *lines = end_capture();
    assert_null(strstr(lines, "hidden"));
    assert_non_null(strstr(lines, "shown"));
}

static void lines_below_the_level_are_dropped(void **state)
{
    /* Goal: for each level set, exactly the lines at or above it are written. */
    static const char *const words[] = {" debug ", " info ", " warning ", " error "};
    (void)state;
    for (int least = CURFEW_LOG_DEBUG; least <= CURFEW_LOG_ERROR; least++) {
        curfew_log_level_set((enum curfew_log_level)least);
        begin_capture();
        for (int level = CURFEW_LOG_DEBUG; level <= CURFEW_LOG_ERROR; level++) {
            curfew_log((enum curfew_log_level)level, "x", "y");
        }
        const char *lines = end_capture();
        for (int level = CURFEW_LOG_DEBUG; level <= CURFEW_LOG_ERROR; level++) {
            assert_int_equal(strstr(lines, words[level]) != NULL, level >= least);
        }
    }
}

static void level_names_are_read(void **state)
{
    /* Goal: the four names give the four levels; anything else is refused and leaves the level alone. */
    static const char *const names[] = {"debug", "info", "warning", "error"};
    static const char *const wrong[] = {"", "INFO", "warn", "info ", "2"};
    enum curfew_log_level level = CURFEW_LOG_DEBUG;
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(curfew_log_level_parse(names[i], &level), CURFEW_OK);
        assert_int_equal(level, i);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(curfew_log_level_parse(wrong[i], &level), CURFEW_INVALID);
        assert_int_equal(level, CURFEW_LOG_ERROR);
    }
    assert_int_equal(curfew_log_level_parse(NULL, &level), CURFEW_INVALID);
}

static const char *text_of(const char *line)
{
    const char *text = strstr(line, " x: ");
    assert_non_null(text);
    return text + 4;
}

static void control_characters_are_masked(void **state)
{
    /* Goal: no text can begin a line of its own or send an escape to a terminal; other text stays as it is. */
    (void)state;
    begin_capture();
    curfew_log(CURFEW_LOG_ERROR, "x",
               "a\nb\rc\td\x1B[31me\x7F"
               "f\xC2\x9B"
               "g b\xC3\xB6rse \xE2\x82\xAC");
    const char *line = end_capture();
    assert_string_equal(text_of(line), "a?b?c?d?[31me?f??g b\xC3\xB6rse \xE2\x82\xAC\n");
    for (int control = 1; control < 0x20; control++) {
        begin_capture();
        curfew_log(CURFEW_LOG_ERROR, "x", "%c.", control);
        assert_string_equal(text_of(end_capture()), "?.\n");
    }
}

static void long_lines_are_cut(void **state)
{
    /* Goal: a line has at most 1,024 bytes with its newline, and one that just fits loses nothing. */
    static char text[4 * LINE_SIZE];
    (void)state;
    memset(text, 'z', sizeof text - 1);
    begin_capture();
    curfew_log(CURFEW_LOG_ERROR, "x", "%s", text);
    const char *line = end_capture();
    assert_int_equal(strlen(line), LINE_SIZE);
    assert_int_equal(strcspn(line, "\n"), LINE_SIZE - 1);

    size_t room = strlen(text_of(line)) - 1;
    text[room - 1] = '!';
    text[room] = '\0';
    begin_capture();
    curfew_log(CURFEW_LOG_ERROR, "x", "%s", text);
    line = end_capture();
    assert_int_equal(strlen(line), LINE_SIZE);
    assert_string_equal(line + LINE_SIZE - 3, "z!\n");
}

static void errno_survives(void **state)
{
    /* Goal: a caller may log first and look at errno after; %m tells the caller's errno. */
    (void)state;
    begin_capture();
    errno = ENOENT;
    curfew_log(CURFEW_LOG_ERROR, "x", "cannot: %m");
    int after = errno;
    const char *line = end_capture();
    assert_int_equal(after, ENOENT);
    assert_string_equal(text_of(line), "cannot: No such file or directory\n");
}

static void a_closed_standard_error_harms_nobody(void **state)
{
    /* Goal: with nowhere to write, logging returns and the process lives. */
    (void)state;
    begin_capture();
    assert_int_equal(close(STDERR_FILENO), 0);
    curfew_log(CURFEW_LOG_ERROR, "x", "into nothing");
    assert_string_equal(end_capture(), "");
}

static void a_line_is_one_write(void **state)
{
    /* Goal: a line goes out in one piece, the longest too, so that no other process's line can come between. */
    static char text[2 * LINE_SIZE];
    char piece[2 * LINE_SIZE];
    int ends[2];
    (void)state;
    memset(text, 'w', sizeof text - 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0); /* keeps each write apart */
    saved_stderr = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[0], STDERR_FILENO), STDERR_FILENO);
    curfew_log(CURFEW_LOG_INFO, "x", "short");
    curfew_log(CURFEW_LOG_INFO, "x", "%s", text);
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    close(saved_stderr);
    ssize_t size = recv(ends[1], piece, sizeof piece - 1, MSG_DONTWAIT);
    assert_true(size > 0);
    piece[size] = '\0';
    assert_string_equal(text_of(piece), "short\n");
    assert_int_equal(recv(ends[1], piece, sizeof piece, MSG_DONTWAIT), LINE_SIZE);
    assert_int_equal(recv(ends[1], piece, sizeof piece, MSG_DONTWAIT), -1);
    close(ends[0]);
    close(ends[1]);
}

static void *write_lines(void *context)
{
    int thread = *(const int *)context;
    for (int i = 0; i < LINES; i++) {
        curfew_log(CURFEW_LOG_INFO, "x", "thread %d line %d %s", thread, i, "abcdefghijklmnopqrstuvwxyz");
    }
    return NULL;
}

static void lines_of_many_threads_stay_whole(void **state)
{
    /* Goal: lines written at once by several threads are all there, each whole, and each thread's in order. */
    pthread_t threads[THREADS];
    int numbers[THREADS];
    int next[THREADS] = {0};
    (void)state;
    begin_capture();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    char *line = (char *)(uintptr_t)end_capture();
    for (int i = 0; i < THREADS * LINES; i++) {
        int thread = -1;
        int number = -1;
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        assert_int_equal(sscanf(text_of(line), "thread %d line %d ", &thread, &number), 2);
        assert_in_range(thread, 0, THREADS - 1);
        assert_int_equal(number, next[thread]++);
        assert_string_equal(end - 27, " abcdefghijklmnopqrstuvwxyz");
        line = end + 1;
    }
    assert_string_equal(line, "");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_is_the_level_unless_set),
        TEST(a_line_has_time_level_component_and_text),
        TEST(lines_below_the_level_are_dropped),
        TEST(level_names_are_read),
        TEST(control_characters_are_masked),
        TEST(long_lines_are_cut),
        TEST(errno_survives),
        TEST(a_closed_standard_error_harms_nobody),
        TEST(a_line_is_one_write),
        TEST(lines_of_many_threads_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
