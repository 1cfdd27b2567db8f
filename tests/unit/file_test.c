/* file_test: a private file is there whole or not at all, is nobody else's to read, and takes no other's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/file.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define ROOM 10 /* bytes of it that a full disk still takes */

static char directory[64];
static char path[128];

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/curfew-file-test-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/secret", directory);
    return 0;
}

/* How many files there are; `clear`: removes them. */
static int count_files(bool clear)
{
    int count = 0;
    DIR *open = opendir(directory);
    assert_non_null(open);
    for (const struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            count++;
            if (clear) {
                assert_int_equal(unlinkat(dirfd(open), entry->d_name, 0), 0);
            }
        }
    }
    closedir(open);
    return count;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)count_files(true);
    return rmdir(directory);
}

static enum curfew_status create(const char *at, struct curfew_error *error)
{
    return curfew_file_create_private(at, "key", curfew_slice_of(SECRET), error);
}

static void assert_holds(const char *text)
{
    const struct curfew_file_request request = {path, "key", 4096, CURFEW_FILE_PRIVATE};
    struct curfew_file file;
    assert_int_equal(curfew_file_read(&request, &file, NULL), CURFEW_OK);
    assert_string_equal((const char *)file.bytes, text);
    curfew_file_wipe(&file);
}

static void a_new_file_is_private_whole_and_alone(void **state)
{
    /* Goal: mode 0600 whatever the umask says, its bytes, and nothing beside it. */
    struct curfew_error error;
    struct stat facts;
    (void)state;
    const mode_t before = umask(0);
    assert_int_equal(create(path, &error), CURFEW_OK);
    (void)umask(before);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(facts.st_nlink, 1);
    assert_holds(SECRET);
    assert_int_equal(count_files(false), 1);
}

static void what_is_there_stays(void **state)
{
    /* Goal: neither a file nor a link to nowhere is written over or through. */
    struct curfew_error error;
    char elsewhere[160];
    struct stat facts;
    (void)state;
    assert_int_equal(curfew_file_create_private(path, "key", curfew_slice_of("first"), &error), CURFEW_OK);
    assert_int_equal(create(path, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "never overwritten"));
    assert_non_null(strstr(error.text, path));
    assert_holds("first");
    assert_int_equal(count_files(true), 1);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", directory);
    assert_int_equal(symlink(elsewhere, path), 0);
    assert_int_equal(create(path, &error), CURFEW_INVALID);
    assert_int_equal(lstat(elsewhere, &facts), -1);
    assert_int_equal(count_files(false), 1);
}

static void what_cannot_be_written_is_told(void **state)
{
    /* Goal: a directory that is not there, and a path longer than any can be. */
    struct curfew_error error;
    static char long_path[8192];
    char nowhere[160];
    (void)state;
    snprintf(nowhere, sizeof nowhere, "%s/none/secret", directory);
    assert_int_equal(create(nowhere, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, nowhere));
    memset(long_path, 'a', sizeof long_path - 1);
    assert_int_equal(create(long_path, &error), CURFEW_INVALID);
    assert_null(strstr(error.text, SECRET));
}

/* Creates in a process that can write ROOM bytes; `mortal`: the kernel kills it there. Returns how it ended. */
static int create_on_a_full_disk(bool mortal)
{
    int status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit room = {ROOM, ROOM};
        const struct rlimit no_core = {0, 0};
        (void)signal(SIGXFSZ, mortal ? SIG_DFL : SIG_IGN);
        if (setrlimit(RLIMIT_CORE, &no_core) != 0 || setrlimit(RLIMIT_FSIZE, &room) != 0) {
            _exit(99);
        }
        _exit((int)create(path, NULL));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return mortal && WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void a_disk_that_is_full_leaves_nothing(void **state)
{
    /* Goal: half a key is no key: no file under that name or any other. */
    (void)state;
    assert_int_equal(create_on_a_full_disk(false), CURFEW_UNAVAILABLE);
    assert_int_equal(count_files(false), 0);
}

static void who_dies_while_writing_leaves_no_half_a_key(void **state)
{
    /* Goal: a process killed between the first byte and the last leaves the name free: the same again makes the key. */
    struct curfew_error error;
    struct stat facts;
    (void)state;
    assert_int_equal(create_on_a_full_disk(true), SIGXFSZ);
    assert_int_equal(lstat(path, &facts), -1);
    assert_int_equal(create(path, &error), CURFEW_OK);
    assert_holds(SECRET);
}

static void what_others_may_read_is_no_secret(void **state)
{
    /* Goal: a private file that the group or others may touch is refused, by the mode of what was opened. */
    static const mode_t open_modes[] = {0640, 0604, 0610, 0602};
    const struct curfew_file_request request = {path, "key", 4096, CURFEW_FILE_PRIVATE};
    struct curfew_file file;
    struct curfew_error error;
    (void)state;
    assert_int_equal(create(path, &error), CURFEW_OK);
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        assert_int_equal(chmod(path, open_modes[i]), 0);
        assert_int_equal(curfew_file_read(&request, &file, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "chmod 600"));
        assert_null(file.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_file_is_private_whole_and_alone, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(what_is_there_stays, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_disk_that_is_full_leaves_nothing, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(who_dies_while_writing_leaves_no_half_a_key, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(what_others_may_read_is_no_secret, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
