/* trust: settings that say whom to believe, files that change, and readers while they do. */
#include "consumer/trust.h"
#include "forge.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define LOOKS 200

struct world {
    char directory[40];
    char jwks[64];
    char next[64];
    struct curfew_jose_key *keys[2];
    struct curfew_config *config;
    int64_t now_us;
};

static void set(struct world *world, const char *name, const char *value)
{
    struct curfew_error error;
    assert_int_equal(curfew_config_set(world->config, name, value, &error), CURFEW_OK);
}

static void replace(struct world *world, const char *text)
{
    FILE *file = fopen(world->next, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(world->next, world->jwks), 0);
}

/* The file as it is to be: these keys, by the names "one", "two". */
static void replace_keys(struct world *world, size_t first, size_t count)
{
    char text[2200] = "{\"keys\":[";
    for (size_t i = first; i < first + count; i++) {
        char jwk[1024];
        forge_jwk(world->keys[i], i == 0 ? "one" : "two", jwk, sizeof jwk);
        strcat(text, i == first ? "" : ",");
        strcat(text, jwk);
    }
    strcat(text, "]}");
    replace(world, text);
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct curfew_error error;
    strcpy(world->directory, "/tmp/curfew-trust-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->jwks, sizeof world->jwks, "%s/jwks.json", world->directory);
    snprintf(world->next, sizeof world->next, "%s/next.json", world->directory);
    world->keys[0] = forge_key();
    world->keys[1] = forge_key();
    replace_keys(world, 0, 1);
    assert_int_equal(curfew_config_load(NULL, &world->config, &error), CURFEW_OK);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    curfew_jose_key_destroy(world->keys[0]);
    curfew_jose_key_destroy(world->keys[1]);
    curfew_config_destroy(world->config);
    unlink(world->next);
    unlink(world->jwks);
    int result = rmdir(world->directory);
    free(world);
    return result;
}

static void set_single(struct world *world)
{
    set(world, "hop.issuer", "https://id.example");
    set(world, "hop.jwks_file", world->jwks);
    set(world, "hop.algorithms", "ES256");
    set(world, "hop.tenants", "acme,books");
}

static bool knows(struct curfew_trust *trust, const char *kid)
{
    int place = 0;
    const struct curfew_issuers *issuers = curfew_trust_enter(trust, &place);
    const struct curfew_issuer *issuer = curfew_issuers_find(issuers, curfew_slice_of("https://id.example"));
    bool found = issuer != NULL && curfew_jwks_find(curfew_issuer_jwks(issuer), curfew_slice_of(kid)) != NULL;
    curfew_trust_leave(trust, place);
    return found;
}

static void look(struct world *world, struct curfew_trust *trust)
{
    world->now_us += CURFEW_TRUST_LOOK_US;
    curfew_trust_look(trust, world->now_us);
}

static void assert_refused(struct world *world, const char *says)
{
    struct curfew_trust *trust = (struct curfew_trust *)1;
    struct curfew_error error = {.text = ""};
    assert_int_not_equal(curfew_trust_open(world->config, &trust, &error), CURFEW_OK);
    assert_null(trust);
    if (strstr(error.text, says) == NULL) {
        fail_msg("%s is not in: %s", says, error.text);
    }
}

static void every_choice_must_be_made(void **state)
{
    /* Goal: no issuer, keys, algorithms or tenants by default; the file and single settings exclude each other. */
    struct world *world = *state;
    struct curfew_trust *trust = NULL;
    struct curfew_error error;
    assert_refused(world, "hop.issuer");
    set(world, "hop.issuer", "https://id.example");
    assert_refused(world, "hop.jwks_file");
    set(world, "hop.jwks_file", world->jwks);
    assert_refused(world, "hop.algorithms");
    set(world, "hop.algorithms", "ES256,none");
    assert_refused(world, "hop.tenants");
    set(world, "hop.tenants", "acme");
    assert_refused(world, "algorithms");
    set(world, "hop.algorithms", "ES256");
    static const char *const bad_tenants[] = {"acme,*", "*,acme", "acme,acme", "acme,", ",acme"};
    for (size_t i = 0; i < sizeof bad_tenants / sizeof bad_tenants[0]; i++) {
        set(world, "hop.tenants", bad_tenants[i]);
        assert_refused(world, "enant");
    }
    set_single(world);
    assert_int_equal(curfew_trust_open(world->config, &trust, &error), CURFEW_OK);
    curfew_trust_close(trust);
    curfew_trust_close(NULL);
    set(world, "hop.issuers_file", "/nonexistent");
    assert_refused(world, "both set");
}

static void keys_come_and_go_with_their_file(void **state)
{
    /* Goal: a key added is known, and one taken out unknown, at the next look; sooner than a second none is made. */
    struct world *world = *state;
    struct curfew_trust *trust = NULL;
    struct curfew_error error;
    set_single(world);
    assert_int_equal(curfew_trust_open(world->config, &trust, &error), CURFEW_OK);
    look(world, trust);
    assert_true(knows(trust, "one") && !knows(trust, "two"));
    replace_keys(world, 0, 2);
    curfew_trust_look(trust, world->now_us + CURFEW_TRUST_LOOK_US - 1);
    assert_false(knows(trust, "two"));
    look(world, trust);
    assert_true(knows(trust, "one") && knows(trust, "two"));
    replace_keys(world, 1, 1);
    look(world, trust);
    assert_true(!knows(trust, "one") && knows(trust, "two"));
    int64_t loads = curfew_trust_stats(trust).loads;
    look(world, trust);
    assert_int_equal(curfew_trust_stats(trust).loads, loads); /* nothing changed: nothing is read */
    curfew_trust_close(trust);
}

static void a_file_of_issuers_is_looked_at_with_its_keys(void **state)
{
    /* Goal: with hop.issuers_file a change of the file, or of a key file it names, is seen at the next look. */
    static const char *const file = "{\"issuers\":[{\"issuer\":\"%s\",\"jwks_file\":\"jwks.json\","
                                    "\"algorithms\":[\"ES256\"],\"tenants\":[\"acme\"]}]}";
    struct world *world = *state;
    struct curfew_trust *trust = NULL;
    struct curfew_error error;
    char path[80];
    snprintf(path, sizeof path, "%s/issuers.json", world->directory);
    FILE *out = fopen(path, "w");
    assert_true(out != NULL && fprintf(out, file, "https://id.example") > 0 && fclose(out) == 0);
    set(world, "hop.issuers_file", path);
    assert_int_equal(curfew_trust_open(world->config, &trust, &error), CURFEW_OK);
    look(world, trust);
    assert_true(knows(trust, "one") && !knows(trust, "two"));
    replace_keys(world, 0, 2);
    look(world, trust);
    assert_true(knows(trust, "two"));
    out = fopen(path, "w");
    assert_true(out != NULL && fprintf(out, file, "https://another.example") > 0 && fclose(out) == 0);
    look(world, trust);
    assert_false(knows(trust, "one") || knows(trust, "two"));
    curfew_trust_close(trust);
    assert_int_equal(unlink(path), 0);
}

static void a_list_of_settings_has_an_end(void **state)
{
    /* Goal: more words than an issuer may have are refused, and the text says where more of them can go. */
    struct world *world = *state;
    char many[4 * (CURFEW_ISSUER_TENANTS_MAX + 3)] = "";
    for (int i = 0; i < CURFEW_ISSUER_TENANTS_MAX + 2; i++) {
        (void)snprintf(many + strlen(many), sizeof many - strlen(many), "%s%x", i == 0 ? "" : ",", (unsigned)i);
    }
    set_single(world);
    set(world, "hop.tenants", many);
    assert_refused(world, "hop.issuers_file");
    set_single(world);
    set(world, "hop.algorithms", "ES256,RS256,EdDSA,ES256,ES256");
    assert_refused(world, "hop.issuers_file");
}

static void what_cannot_be_read_is_not_taken(void **state)
{
    /* Goal: with a bad or missing file the last good keys stay, it is counted, and a good one heals it. */
    static const char *const bad[] = {"", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"};
    struct world *world = *state;
    struct curfew_trust *trust = NULL;
    struct curfew_error error;
    set_single(world);
    assert_int_equal(curfew_trust_open(world->config, &trust, &error), CURFEW_OK);
    look(world, trust);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        replace(world, bad[i]);
        look(world, trust);
        assert_true(knows(trust, "one"));
        assert_true(curfew_trust_stats(trust).behind);
        assert_int_equal(curfew_trust_stats(trust).refusals, i + 1);
    }
    assert_int_equal(unlink(world->jwks), 0);
    look(world, trust);
    assert_true(knows(trust, "one") && curfew_trust_stats(trust).behind);
    replace_keys(world, 1, 1);
    look(world, trust);
    assert_true(!knows(trust, "one") && knows(trust, "two"));
    assert_false(curfew_trust_stats(trust).behind);
    curfew_trust_close(trust);
}

static void a_reader_keeps_what_it_entered(void **state)
{
    /* Goal: a set does not go away under a reader, however many files come; the filler waits for it, not it for him. */
    struct world *world = *state;
    struct curfew_trust *trust = NULL;
    struct curfew_error error;
    int place = 0;
    set_single(world);
    assert_int_equal(curfew_trust_open(world->config, &trust, &error), CURFEW_OK);
    const struct curfew_issuers *old = curfew_trust_enter(trust, &place);
    for (size_t i = 0; i < 4; i++) {
        replace_keys(world, 0, 1 + i % 2);
        look(world, trust);
    }
    const struct curfew_issuer *issuer = curfew_issuers_find(old, curfew_slice_of("https://id.example"));
    assert_non_null(issuer);
    assert_null(curfew_jwks_find(curfew_issuer_jwks(issuer), curfew_slice_of("two")));
    assert_int_equal(curfew_trust_stats(trust).loads, 2); /* the other place was free once */
    curfew_trust_leave(trust, place);
    look(world, trust);
    assert_true(knows(trust, "two"));
    curfew_trust_close(trust);
}

struct crowd {
    struct curfew_trust *trust;
    _Atomic bool over;
    _Atomic int64_t reads;
    _Atomic int64_t misses;
};

static void *read_on(void *context)
{
    struct crowd *crowd = context;
    while (!atomic_load(&crowd->over)) {
        atomic_fetch_add(&crowd->misses, !knows(crowd->trust, "one"));
        atomic_fetch_add(&crowd->reads, 1);
    }
    return NULL;
}

static void readers_and_changes_run_together(void **state)
{
    /* Goal: readers on other threads always find a whole set while it is replaced again and again. */
    struct world *world = *state;
    struct crowd crowd = {.trust = NULL};
    struct curfew_error error;
    pthread_t threads[3];
    set_single(world);
    assert_int_equal(curfew_trust_open(world->config, &crowd.trust, &error), CURFEW_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &crowd), 0);
    }
    for (size_t i = 0; i < LOOKS || atomic_load(&crowd.reads) < LOOKS; i++) {
        replace_keys(world, 0, 1 + i % 2);
        look(world, crowd.trust);
    }
    atomic_store(&crowd.over, true);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&crowd.misses), 0);
    assert_true(curfew_trust_stats(crowd.trust).loads > 2);
    curfew_trust_close(crowd.trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_choice_must_be_made, open_world, close_world),
        cmocka_unit_test_setup_teardown(keys_come_and_go_with_their_file, open_world, close_world),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_not_taken, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_file_of_issuers_is_looked_at_with_its_keys, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_list_of_settings_has_an_end, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_reader_keeps_what_it_entered, open_world, close_world),
        cmocka_unit_test_setup_teardown(readers_and_changes_run_together, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
