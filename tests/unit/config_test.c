/* config: what a file, the environment and overrides may say, which of them counts, and what mistakes are told. */
#include "core/config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;

static char path[64];
static char *no_environment[] = {NULL};

/* Each test begins with an empty environment and a file of its own. */
static int begin(void **state)
{
    (void)state;
    environ = no_environment;
    strcpy(path, "/tmp/curfew-config-XXXXXX");
    int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int end(void **state)
{
    (void)state;
    environ = no_environment; /* a test's own may be on its stack, and the test library reads it too */
    return unlink(path);
}

static void write_bytes(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static struct curfew_config *load(const char *text)
{
    struct curfew_config *config = NULL;
    struct curfew_error error = {.text = ""};
    write_bytes(text, strlen(text));
    if (curfew_config_load(path, &config, &error) != CURFEW_OK) {
        fail_msg("refused: %s", error.text);
    }
    return config;
}

static void assert_names(const struct curfew_error *error, const char *word)
{
    if (strstr(error->text, word) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error->text, word);
    }
}

static void assert_refused_bytes(const char *bytes, size_t size, const char *word)
{
    struct curfew_config *config = NULL;
    struct curfew_error error = {.text = ""};
    write_bytes(bytes, size);
    assert_int_equal(curfew_config_load(path, &config, &error), CURFEW_INVALID);
    assert_null(config);
    assert_names(&error, word);
}

static void assert_refused(const char *text, const char *word)
{
    assert_refused_bytes(text, strlen(text), word);
}

static void assert_value(const struct curfew_config *config, const char *name, const char *expected)
{
    const char *value = NULL;
    struct curfew_error error = {.text = ""};
    if (curfew_config_get(config, name, &value, &error) != CURFEW_OK) {
        fail_msg("%s: %s", name, error.text);
    }
    assert_string_equal(value, expected);
}

static void a_file_is_read(void **state)
{
    /* Goal: blanks go, comments go, the value is all behind the first equals sign, and a last line needs no newline. */
    (void)state;
    struct curfew_config *config = load("# the guard\n"
                                        "! old style\n"
                                        "\n"
                                        " \t \n"
                                        "hop.id=a\n"
                                        "\t hop.issuer \t=  https://id.acme.example/a?b=c#d ! \t\n"
                                        "guard.listen = 127.0.0.1:1\r\n"
                                        "hop.audience =  two words \n"
                                        "cache.address =\n"
                                        "topics.prefix = last");
    assert_value(config, "hop.id", "a");
    assert_value(config, "hop.issuer", "https://id.acme.example/a?b=c#d !");
    assert_value(config, "guard.listen", "127.0.0.1:1");
    assert_value(config, "hop.audience", "two words");
    assert_value(config, "cache.address", "");
    assert_value(config, "topics.prefix", "last");
    curfew_config_destroy(config);
}

static void an_empty_file_leaves_the_fallbacks(void **state)
{
    /* Goal: with nothing said, options with a fallback have it, and no file is as good as an empty one. */
    struct curfew_config *config = load("");
    (void)state;
    assert_value(config, "topics.prefix", "curfew");
    assert_string_equal(curfew_config_find(config, "log.level"), "info");
    assert_null(curfew_config_find(config, "hop.id"));
    assert_null(curfew_config_find(config, "kafka.bootstrap.servers"));
    curfew_config_destroy(config);
    assert_int_equal(curfew_config_load(NULL, &config, NULL), CURFEW_OK);
    assert_value(config, "topics.prefix", "curfew");
    curfew_config_destroy(config);
    curfew_config_destroy(NULL);
}

static void an_unknown_name_gets_the_nearest(void **state)
{
    /* Goal: a misspelt name is an error with its line and the name that was probably meant. */
    (void)state;
    assert_refused("hop.id = a\n\nguard.lissten = x\n", "line 3");
    assert_refused("guard.lissten = x\n", "\"guard.lissten\"; the nearest is \"guard.listen\"");
    assert_refused("hop.jwks-file = x\n", "\"hop.jwks_file\"");
    assert_refused("HOP.ID = x\n", "there is no setting");
    assert_refused("bootstrap.servers = x\n", "\"kafka.bootstrap.servers\"");
    assert_refused("kafka. = x\n", "there is no setting");
    assert_refused("kafka = x\n", "there is no setting");
    assert_refused("kafkaa.b = x\n", "there is no setting");
}

static void a_broken_line_is_told_but_not_shown(void **state)
{
    /* Goal: a line without name or equals sign is an error with its number, and its text, maybe secret, stays unsaid.
     */
    struct curfew_config *config = NULL;
    struct curfew_error error = {.text = ""};
    const char text[] = "hop.id = a\nhunter2\n";
    (void)state;
    write_bytes(text, strlen(text));
    assert_int_equal(curfew_config_load(path, &config, &error), CURFEW_INVALID);
    assert_names(&error, "line 2");
    assert_names(&error, "name = value");
    assert_names(&error, path);
    assert_null(strstr(error.text, "hunter2"));
    assert_refused(" = x\n", "line 1");
    assert_refused("=\n", "line 1");
}

static void a_name_given_twice_is_an_error(void **state)
{
    /* Goal: the second of two lines is refused and the first is named, for our names and for Kafka's. */
    (void)state;
    assert_refused("hop.id = a\nlog.level = info\nhop.id = a\n", "line 3");
    assert_refused("hop.id = a\nlog.level = info\nhop.id = a\n", "already given on line 1");
    assert_refused("kafka.a = 1\nkafka.a = 2\n", "already given on line 1");
}

static void a_file_is_bounded(void **state)
{
    /* Goal: 64 KiB, 256 settings and 4 KiB a value are taken, and one more of each is an error that says so. */
    static char text[70 * 1024];
    (void)state;
    memset(text, '#', sizeof text);
    text[64 * 1024] = '\0';
    curfew_config_destroy(load(text));
    text[64 * 1024] = '#';
    assert_refused_bytes(text, 64 * 1024 + 1, "65536");

    int used = sprintf(text, "# first\nhop.id = ");
    memset(text + used, 'v', 4096);
    text[used + 4096] = '\0';
    struct curfew_config *config = load(text);
    assert_int_equal(strlen(curfew_config_find(config, "hop.id")), 4096);
    curfew_config_destroy(config);
    strcat(text, "v");
    assert_refused(text, "line 2");
    assert_refused(text, "4097 bytes");

    used = 0;
    for (int i = 0; i < 256; i++) {
        used += sprintf(text + used, "kafka.n%d = %d\n", i, i);
    }
    config = load(text);
    assert_value(config, "kafka.n255", "255");
    curfew_config_destroy(config);
    strcat(text, "kafka.one.more = 1\n");
    assert_refused(text, "256 settings");

    memset(text, 'n', sizeof text);
    memcpy(text, "kafka.", 6);
    strcpy(text + 128, "=1");
    curfew_config_destroy(load(text));
    strcpy(text + 128, "n=1");
    assert_refused(text, "129 bytes");
}

static void a_nul_is_refused_with_its_line(void **state)
{
    /* Goal: a NUL anywhere, comments included, is an error that says on which line. */
    static const char text[] = "hop.id = a\n# b\0c\n";
    static const char last[] = "hop.id = a\0";
    (void)state;
    assert_refused_bytes(text, sizeof text - 1, "line 2");
    assert_refused_bytes(text, sizeof text - 1, "NUL");
    assert_refused_bytes(last, sizeof last - 1, "line 1");
}

static void an_unreadable_file_says_which_and_why(void **state)
{
    /* Goal: a missing file is an error with its path and the system's words; a directory is refused. */
    struct curfew_config *config = NULL;
    struct curfew_error error = {.text = ""};
    (void)state;
    assert_int_equal(curfew_config_load("/nonexistent/curfew.conf", &config, &error), CURFEW_UNAVAILABLE);
    assert_null(config);
    assert_names(&error, "/nonexistent/curfew.conf");
    assert_names(&error, "No such file or directory");
    assert_int_equal(curfew_config_load("/tmp", &config, &error), CURFEW_INVALID);
    assert_names(&error, "/tmp");
}

static void the_environment_overrides_the_file(void **state)
{
    /* Goal: CURFEW_ names stand for settings, dots, dashes and underscores alike, and win over the file. */
    static char listen[] = "CURFEW_GUARD_LISTEN=[::1]:2=x";
    static char jwks[] = "CURFEW_HOP_JWKS_FILE=keys.json";
    static char other[] = "OTHER_HOP_ID=no";
    static char close_by[] = "CURFEWHOP_ID=no";
    static char empty[] = "CURFEW_CACHE_PREFIX=";
    static char *variables[] = {listen, jwks, other, close_by, empty, NULL};
    (void)state;
    environ = variables;
    struct curfew_config *config = load("guard.listen = 127.0.0.1:1\nlog.level = debug\n");
    assert_value(config, "guard.listen", "[::1]:2=x");
    assert_value(config, "hop.jwks_file", "keys.json");
    assert_value(config, "log.level", "debug");
    assert_value(config, "cache.prefix", "");
    assert_null(curfew_config_find(config, "hop.id"));
    curfew_config_destroy(config);
}

static void an_unknown_variable_is_an_error(void **state)
{
    /* Goal: a misspelt CURFEW_ variable is named, with the nearest one, and its value stays unsaid. */
    static char wrong[] = "CURFEW_GUARD_LISSTEN=hunter2";
    static char lower[] = "CURFEW_guard_listen=hunter2";
    static char bare[] = "CURFEW_=hunter2";
    static char kafka[] = "CURFEW_KAFKA_=hunter2";
    static char long_name[] = "CURFEW_KAFKA_NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"
                              "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN=hunter2";
    char *const each[] = {wrong, lower, bare, kafka, long_name};
    struct curfew_config *config = NULL;
    struct curfew_error error = {.text = ""};
    (void)state;
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
        char *variables[] = {each[i], NULL};
        char name[64] = "";
        environ = variables;
        memcpy(name, each[i], strcspn(each[i], "=") < 63 ? strcspn(each[i], "=") : 63);
        assert_int_equal(curfew_config_load(NULL, &config, &error), CURFEW_INVALID);
        assert_null(config);
        assert_names(&error, name);
        assert_names(&error, "the nearest is CURFEW_");
        assert_null(strstr(error.text, "hunter2"));
    }
    char *variables[] = {wrong, NULL};
    environ = variables;
    assert_int_equal(curfew_config_load(NULL, &config, &error), CURFEW_INVALID);
    assert_names(&error, "the nearest is CURFEW_GUARD_LISTEN");
}

static void overrides_win_over_all(void **state)
{
    /* Goal: config_set beats the environment, checks names and sizes like the rest, and may be repeated. */
    static char listen[] = "CURFEW_GUARD_LISTEN=from-environment";
    static char *variables[] = {listen, NULL};
    static char large[4098];
    struct curfew_error error = {.text = ""};
    (void)state;
    environ = variables;
    struct curfew_config *config = load("guard.listen = from-file\n");
    assert_value(config, "guard.listen", "from-environment");
    assert_int_equal(curfew_config_set(config, "guard.listen", "once", &error), CURFEW_OK);
    assert_int_equal(curfew_config_set(config, "guard.listen", "twice", &error), CURFEW_OK);
    assert_value(config, "guard.listen", "twice");
    assert_int_equal(curfew_config_set(config, "kafka.a.b", "c", &error), CURFEW_OK);
    assert_value(config, "kafka.a.b", "c");
    assert_int_equal(curfew_config_set(config, "guard.listn", "x", &error), CURFEW_INVALID);
    assert_names(&error, "\"guard.listen\"");
    memset(large, 'x', sizeof large - 1);
    assert_int_equal(curfew_config_set(config, "guard.listen", large, &error), CURFEW_INVALID);
    assert_value(config, "guard.listen", "twice");
    curfew_config_destroy(config);
}

static void secrets_are_taken_from_the_file_alone(void **state)
{
    /* Goal: a password as an argument or in the environment is refused, with what to do and without its value; in the
     * file, or from a program, it is taken. */
    static const char *const names[] = {"kafka.sasl.password",
                                        "kafka.sasl.oauthbearer.client.secret",
                                        "kafka.sasl.oauthbearer.config",
                                        "kafka.ssl.key.password",
                                        "kafka.ssl.key.pem",
                                        "kafka.ssl.keystore.password"};
    struct curfew_error error = {.text = ""};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[128];
        char variable[128] = "CURFEW_";
        char *variables[] = {variable, NULL};
        struct curfew_config *none = NULL;
        (void)snprintf(line, sizeof line, "%s = hunter2\n", names[i]);
        struct curfew_config *config = load(line);
        assert_value(config, names[i], "hunter2");
        assert_int_equal(curfew_config_set(config, names[i], "hunter3", &error), CURFEW_OK);
        assert_int_equal(curfew_config_set_argument(config, names[i], "hunter4", &error), CURFEW_INVALID);
        assert_names(&error, names[i]);
        assert_names(&error, "--config");
        assert_null(strstr(error.text, "hunter"));
        assert_value(config, names[i], "hunter3");
        assert_int_equal(curfew_config_set_argument(config, "kafka.sasl.username", "ada", &error), CURFEW_OK);
        assert_value(config, "kafka.sasl.username", "ada");
        curfew_config_destroy(config);
        (void)snprintf(variable + 7, sizeof variable - 7, "%s=hunter2", names[i]);
        for (char *at = variable + 7; *at != '='; at++) {
            *at = *at == '.' ? '_' : (char)(*at - ('a' <= *at && *at <= 'z' ? 'a' - 'A' : 0));
        }
        environ = variables;
        assert_int_equal(curfew_config_load(NULL, &none, &error), CURFEW_INVALID);
        assert_null(none);
        assert_names(&error, "--config");
        assert_null(strstr(error.text, "hunter"));
        environ = no_environment;
    }
}

static void what_has_no_default_must_be_given(void **state)
{
    /* Goal: reading an option without fallback, unset or empty, says its name, what it is, and how to set it. */
    struct curfew_config *config = load("hop.audience =\nkafka.empty =\n");
    struct curfew_error error = {.text = ""};
    const char *value = NULL;
    (void)state;
    assert_int_equal(curfew_config_get(config, "guard.class", &value, &error), CURFEW_INVALID);
    assert_null(value);
    assert_names(&error, "guard.class is not set");
    assert_names(&error, "strictness");
    assert_names(&error, "\"guard.class = ...\"");
    assert_names(&error, "CURFEW_GUARD_CLASS");
    assert_int_equal(curfew_config_get(config, "hop.audience", &value, &error), CURFEW_INVALID);
    assert_names(&error, "hop.audience is empty");
    assert_int_equal(curfew_config_get(config, "kafka.empty", &value, &error), CURFEW_INVALID);
    assert_int_equal(curfew_config_get(config, "kafka.bootstrap.servers", &value, &error), CURFEW_INVALID);
    assert_names(&error, "CURFEW_KAFKA_BOOTSTRAP_SERVERS");
    assert_int_equal(curfew_config_get(config, "no.such.option", &value, &error), CURFEW_INTERNAL);
    curfew_config_destroy(config);
}

static void numbers_are_whole_and_in_range(void **state)
{
    /* Goal: what is not a plain decimal number within the bounds is refused with name, value and bounds. */
    static const char *const wrong[] = {"",   " ", "x", "9x", "0x10", "1.5", "1e3", "+5", "-", "9223372036854775808",
                                        "11", "-4"};
    struct curfew_config *config = load("");
    struct curfew_error error = {.text = ""};
    int64_t value = 77;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(curfew_config_set(config, "hop.longest_life_s", wrong[i], &error), CURFEW_OK);
        assert_int_equal(curfew_config_get_int(config, "hop.longest_life_s", -3, 10, &value, &error), CURFEW_INVALID);
        assert_names(&error, "hop.longest_life_s");
        assert_names(&error, "from -3 to 10");
        assert_int_equal(value, 77);
    }
    static const char *const right[] = {"-3", "0", "10"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(curfew_config_set(config, "hop.longest_life_s", right[i], &error), CURFEW_OK);
        assert_int_equal(curfew_config_get_int(config, "hop.longest_life_s", -3, 10, &value, &error), CURFEW_OK);
        assert_int_equal(value, atoi(right[i]));
    }
    assert_int_equal(curfew_config_get_int(config, "hop.floors_max", 1, INT64_MAX, &value, &error), CURFEW_OK);
    assert_int_equal(value, 4194304);
    assert_int_equal(curfew_config_get_int(config, "hop.id", 0, 1, &value, &error), CURFEW_INVALID);
    assert_names(&error, "not set");
    curfew_config_destroy(config);
}

struct seen {
    size_t count;
    size_t stop_after;
    char text[256];
};

static enum curfew_status note(void *context, const char *name, const char *value, struct curfew_error *error)
{
    struct seen *seen = context;
    strcat(strcat(strcat(strcat(seen->text, name), "="), value), ";");
    seen->count++;
    return seen->count == seen->stop_after ? curfew_error_set(error, CURFEW_REFUSED, "enough") : CURFEW_OK;
}

static void kafka_settings_pass_through(void **state)
{
    /* Goal: kafka.* of every source is visited once with its last value and without the prefix, until one refuses. */
    static char servers[] = "CURFEW_KAFKA_BOOTSTRAP_SERVERS=b:9092";
    static char *variables[] = {servers, NULL};
    struct curfew_error error = {.text = ""};
    struct seen seen = {.count = 0};
    (void)state;
    environ = variables;
    struct curfew_config *config = load("kafka.sasl.password = p=w \nhop.id = a\nkafka.bootstrap.servers = a:9092\n");
    assert_int_equal(curfew_config_set(config, "kafka.linger.ms", "0", &error), CURFEW_OK);
    assert_int_equal(curfew_config_each_kafka(config, note, &seen, &error), CURFEW_OK);
    assert_string_equal(seen.text, "sasl.password=p=w;bootstrap.servers=b:9092;linger.ms=0;");
    struct seen stopped = {.stop_after = 2};
    assert_int_equal(curfew_config_each_kafka(config, note, &stopped, &error), CURFEW_REFUSED);
    assert_int_equal(stopped.count, 2);
    assert_string_equal(error.text, "enough");
    curfew_config_destroy(config);
}

static void options_are_printed_for_help(void **state)
{
    /* Goal: --help shows the options asked for, each with what it is and its fallback or that it is required. */
    char text[4096] = "";
    FILE *file = fmemopen(text, sizeof text - 1, "w");
    (void)state;
    assert_non_null(file);
    curfew_config_print_options("guard.", file);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(text, "guard.listen"));
    assert_non_null(strstr(text, "(default: 127.0.0.1:8600)"));
    assert_non_null(strstr(text, "guard.class"));
    assert_non_null(strstr(text, "(required)"));
    assert_null(strstr(text, "hop.id"));
}

static void the_table_fits_its_bounds(void **state)
{
    /* Goal: every known name is short enough to be compared, given once, no two share a variable, and has help. */
    (void)state;
    for (const struct curfew_config_option *a = curfew_options; a->name != NULL; a++) {
        assert_in_range(strlen(a->name), 1, 128);
        assert_true(strlen(a->help) > 0);
        for (const struct curfew_config_option *b = curfew_options; b != a; b++) {
            size_t same = 0;
            while (a->name[same] != '\0' &&
                   (a->name[same] == b->name[same] ||
                    (strchr("._-", a->name[same]) != NULL && b->name[same] != '\0' && strchr("._-", b->name[same])))) {
                same++;
            }
            assert_false(a->name[same] == '\0' && b->name[same] == '\0');
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_read),
        TEST(an_empty_file_leaves_the_fallbacks),
        TEST(an_unknown_name_gets_the_nearest),
        TEST(a_broken_line_is_told_but_not_shown),
        TEST(a_name_given_twice_is_an_error),
        TEST(a_file_is_bounded),
        TEST(a_nul_is_refused_with_its_line),
        TEST(an_unreadable_file_says_which_and_why),
        TEST(the_environment_overrides_the_file),
        TEST(an_unknown_variable_is_an_error),
        TEST(overrides_win_over_all),
        TEST(secrets_are_taken_from_the_file_alone),
        TEST(what_has_no_default_must_be_given),
        TEST(numbers_are_whole_and_in_range),
        TEST(kafka_settings_pass_through),
        TEST(options_are_printed_for_help),
        TEST(the_table_fits_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
