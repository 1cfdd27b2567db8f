/* issuer: signing keys in files, and what a draft says, checked as a hop would check it. */
#include "consumer/token.h"
#include "core/jose_file.h"
#include "services/issuer/draft.h"
#include <curfew/hop.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_US INT64_C(1795460429437123)
#define NOW_FLOOR_US INT64_C(1795460429000000)
#define SESSION "3.AAECAwQFBgcICQoLDA0ODw"
#define PATH_SIZE 128

struct world {
    char directory[32];
    char path[PATH_SIZE]; /* of a good key */
    char other[PATH_SIZE]; /* of whatever a test writes */
    struct curfew_signer *signer;
    struct curfew_jwks *jwks;
    struct curfew_issuers *issuers;
};

static int open_world(void **state)
{
    static const char *const algorithms[] = {"ES256", NULL};
    static const char *const tenants[] = {"*", NULL};
    const struct curfew_issuer_spec spec = {"https://id.example", algorithms, tenants};
    struct world *world = calloc(1, sizeof *world);
    struct curfew_error error;
    char *jwks = NULL;
    strcpy(world->directory, "/tmp/curfew-issuer-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->path, sizeof world->path, "%s/key.pem", world->directory);
    snprintf(world->other, sizeof world->other, "%s/other.pem", world->directory);
    assert_int_equal(curfew_signer_generate(CURFEW_JOSE_ES256, world->path, &jwks, &error), CURFEW_OK);
    assert_int_equal(curfew_signer_load(world->path, &world->signer, &error), CURFEW_OK);
    assert_int_equal(curfew_jwks_parse(curfew_slice_of(jwks), &world->jwks, &error), CURFEW_OK);
    struct curfew_jwks *again = NULL;
    assert_int_equal(curfew_jwks_parse(curfew_slice_of(jwks), &again, &error), CURFEW_OK);
    assert_int_equal(curfew_issuers_of(&spec, again, &world->issuers, &error), CURFEW_OK);
    free(jwks);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    curfew_signer_destroy(world->signer);
    curfew_jwks_destroy(world->jwks);
    curfew_issuers_destroy(world->issuers);
    unlink(world->path);
    unlink(world->other);
    int result = rmdir(world->directory); /* fails if something was left behind */
    free(world);
    return result;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* ---- key files ---- */

static void a_new_key_is_private_and_its_public_half_fits(void **state)
{
    /* Goal: the file is PEM of mode 0600, the set holds no secret, and both have the same thumbprint. */
    struct world *world = *state;
    struct stat facts;
    char text[4096];
    assert_int_equal(stat(world->path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    read_file(world->path, text, sizeof text);
    assert_non_null(strstr(text, "-----BEGIN PRIVATE KEY-----"));
    assert_non_null(curfew_jwks_find(world->jwks, curfew_slice_of(curfew_signer_thumbprint(world->signer))));
    char *jwks = curfew_signer_jwks(world->signer);
    assert_null(strstr(jwks, "\"d\""));
    assert_non_null(strstr(jwks, "\"alg\":\"ES256\""));
    free(jwks);
}

static void a_key_is_never_overwritten(void **state)
{
    /* Goal: generating onto a file that is there, or where none can be, fails and changes nothing. */
    struct world *world = *state;
    struct curfew_error error;
    char before[4096];
    char after[4096];
    char nowhere[PATH_SIZE + 16];
    char *jwks = (char *)1;
    read_file(world->path, before, sizeof before);
    assert_int_equal(curfew_signer_generate(CURFEW_JOSE_ES256, world->path, &jwks, &error), CURFEW_INVALID);
    assert_null(jwks);
    assert_non_null(strstr(error.text, world->path));
    read_file(world->path, after, sizeof after);
    assert_string_equal(before, after);
    snprintf(nowhere, sizeof nowhere, "%s/not/there", world->directory);
    assert_int_equal(curfew_signer_generate(CURFEW_JOSE_ES256, nowhere, &jwks, &error), CURFEW_UNAVAILABLE);
    assert_null(jwks);
    assert_non_null(strstr(error.text, nowhere));
}

static void a_key_others_can_touch_is_refused(void **state)
{
    /* Goal: any permission of group or others is an error that says chmod 600; owner-only modes are fine. */
    struct world *world = *state;
    static const struct {
        mode_t mode;
        enum curfew_status status;
    } rows[] = {{0600, CURFEW_OK},      {0400, CURFEW_OK},      {0700, CURFEW_OK},
                {0640, CURFEW_INVALID}, {0604, CURFEW_INVALID}, {0620, CURFEW_INVALID},
                {0602, CURFEW_INVALID}, {0610, CURFEW_INVALID}, {0601, CURFEW_INVALID}};
    char text[4096];
    read_file(world->path, text, sizeof text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct curfew_signer *signer = NULL;
        struct curfew_error error = {.text = ""};
        write_file(world->other, text, rows[i].mode);
        assert_int_equal(curfew_signer_load(world->other, &signer, &error), rows[i].status);
        assert_true((signer != NULL) == (rows[i].status == CURFEW_OK));
        if (rows[i].status != CURFEW_OK) {
            assert_non_null(strstr(error.text, "chmod 600"));
            assert_non_null(strstr(error.text, world->other));
        }
        curfew_signer_destroy(signer);
    }
}

static void store_key(const char *path, EVP_PKEY *key, const char *password)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_non_null(key);
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, password == NULL ? NULL : EVP_aes_128_cbc(), password,
                                               password == NULL ? 0 : (int)strlen(password), NULL, NULL),
                     1);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
    EVP_PKEY_free(key);
}

static void assert_load_fails(const char *path, enum curfew_status status, const char *says)
{
    struct curfew_signer *signer = (struct curfew_signer *)1;
    struct curfew_error error;
    assert_int_equal(curfew_signer_load(path, &signer, &error), status);
    assert_null(signer);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, says));
}

static void a_file_that_is_no_fitting_key_is_named(void **state)
{
    /* Goal: missing, a directory, empty, not PEM, public, too big, encrypted, a short RSA or another curve: a clear
     * error. */
    struct world *world = *state;
    static char big[CURFEW_JOSE_FILE_MAX + 2];
    assert_load_fails("/nonexistent/key.pem", CURFEW_UNAVAILABLE, "No such file");
    assert_load_fails(world->directory, CURFEW_INVALID, "not a regular file");
    write_file(world->other, "", 0600);
    assert_load_fails(world->other, CURFEW_INVALID, "no unencrypted PEM private key");
    write_file(world->other, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0600);
    assert_load_fails(world->other, CURFEW_INVALID, "no unencrypted PEM private key");
    memset(big, 'x', sizeof big - 1);
    write_file(world->other, big, 0600);
    assert_load_fails(world->other, CURFEW_INVALID, "more than");
    store_key(world->other, EVP_EC_gen("P-256"), "sesame");
    assert_load_fails(world->other, CURFEW_INVALID, "no unencrypted PEM private key");
    store_key(world->other, EVP_EC_gen("P-384"), NULL);
    assert_load_fails(world->other, CURFEW_INVALID, "P-256");
    store_key(world->other, EVP_EC_gen("secp256k1"), NULL);
    assert_load_fails(world->other, CURFEW_INVALID, "P-256");
    store_key(world->other, EVP_RSA_gen(1024), NULL);
    assert_load_fails(world->other, CURFEW_INVALID, "P-256");
    store_key(world->other, EVP_EC_gen("P-256"), NULL);
    struct curfew_signer *signer = NULL;
    struct curfew_error error;
    assert_int_equal(curfew_signer_load(world->other, &signer, &error), CURFEW_OK); /* openssl's own keys do */
    curfew_signer_destroy(signer);
}

/* ---- drafts ---- */

static const char *const one_audience[] = {"books", NULL};
static const char *const two_audiences[] = {"books", "shop", NULL};

static struct curfew_mint plain_mint(void)
{
    return (struct curfew_mint){
        .claims = {.session = curfew_slice_of(SESSION),
                   .tenant = curfew_slice_of("acme"),
                   .issuer = curfew_slice_of("https://id.example"),
                   .user = curfew_slice_of("ana"),
                   .auth_us = INT64_C(1795460400000001)},
        .life_s = 300,
        .client_id = "planner",
        .audiences = one_audience,
    };
}

static struct curfew_token *verified(const struct world *world, const struct curfew_draft *draft)
{
    struct curfew_token *token = NULL;
    struct curfew_error error = {.text = ""};
    assert_int_equal(curfew_token_verify(curfew_slice_of(draft->token), world->issuers, &token, &error),
                     CURFEW_TOKEN_GOOD);
    return token;
}

static void assert_same_claims(const struct curfew_claims *a, const struct curfew_claims *b)
{
    assert_true(curfew_slice_equal(a->session, b->session) && curfew_slice_equal(a->tenant, b->tenant));
    assert_true(curfew_slice_equal(a->issuer, b->issuer) && curfew_slice_equal(a->user, b->user));
    assert_true(curfew_slice_equal(a->jti, b->jti) && curfew_slice_equal(a->key, b->key));
    assert_true(a->auth_us == b->auth_us && a->supervised == b->supervised);
    assert_int_equal(a->issued_us, b->issued_us);
    assert_int_equal(a->expires_us, b->expires_us);
    assert_int_equal(a->agents.count, b->agents.count);
    for (size_t i = 0; i < a->agents.count; i++) {
        assert_true(curfew_slice_equal(((const struct curfew_slice *)a->agents.items)[i],
                                       ((const struct curfew_slice *)b->agents.items)[i]));
    }
    assert_int_equal(a->path.count, b->path.count);
    for (size_t i = 0; i < a->path.count; i++) {
        const struct curfew_path_step *x = (const struct curfew_path_step *)a->path.items + i;
        const struct curfew_path_step *y = (const struct curfew_path_step *)b->path.items + i;
        assert_true(curfew_slice_equal(x->tenant, y->tenant) && curfew_slice_equal(x->task, y->task));
        assert_int_equal(x->attempt, y->attempt);
    }
    assert_int_equal(a->approvals.count, b->approvals.count);
    assert_int_equal(a->policies.count, b->policies.count);
}

static void what_is_announced_is_what_the_token_says(void **state)
{
    /* Goal: jti, times and key are filled in, times are whole seconds, and a hop reads exactly the announced claims. */
    struct world *world = *state;
    struct curfew_mint mint = plain_mint();
    struct curfew_draft draft;
    struct curfew_error error;
    assert_int_equal(curfew_draft_make(&draft, world->signer, &mint, NOW_US, &error), CURFEW_OK);
    assert_int_equal(draft.claims.issued_us, NOW_FLOOR_US);
    assert_int_equal(draft.claims.expires_us, NOW_FLOOR_US + 300 * INT64_C(1000000));
    assert_int_equal(draft.claims.jti.size, CURFEW_JTI_SIZE - 1);
    assert_true(curfew_slice_equal(draft.claims.key, curfew_slice_of(curfew_signer_thumbprint(world->signer))));
    struct curfew_token *token = verified(world, &draft);
    assert_same_claims(&draft.claims, curfew_token_claims(token));
    assert_true(curfew_token_has_audience(token, "books"));
    curfew_token_destroy(token);

    struct curfew_draft again;
    assert_int_equal(curfew_draft_make(&again, world->signer, &mint, NOW_US, &error), CURFEW_OK);
    assert_string_not_equal(again.jti, draft.jti);
    curfew_draft_wipe(&again);
    curfew_draft_wipe(&draft);
    assert_null(draft.token);
    curfew_draft_wipe(&draft);
}

static void everything_a_token_can_carry_arrives(void **state)
{
    /* Goal: path, agents, approvals, policies, supervision, scope and several audiences are in the signed token. */
    struct world *world = *state;
    struct curfew_slice agents[] = {curfew_slice_of("spiffe://acme/planner"),
                                    curfew_slice_of("spiffe://acme/clean\"er")};
    struct curfew_path_step path[] = {{curfew_slice_of("acme"), curfew_slice_of("close"), 1},
                                      {curfew_slice_of("books"), curfew_slice_of("r\xc3\xa9sum\xc3\xa9"), INT64_MAX}};
    struct curfew_slice approvals[] = {curfew_slice_of("a-9")};
    struct curfew_policy_version policies[] = {{curfew_slice_of("payments"), 7}};
    struct curfew_mint mint = plain_mint();
    struct curfew_draft draft;
    struct curfew_error error;
    mint.claims.agents = (struct curfew_list){agents, 2};
    mint.claims.path = (struct curfew_list){path, 2};
    mint.claims.approvals = (struct curfew_list){approvals, 1};
    mint.claims.policies = (struct curfew_list){policies, 1};
    mint.claims.supervised = true;
    mint.claims.jti = curfew_slice_of("my-own");
    mint.scope = "read write";
    mint.audiences = two_audiences;
    assert_int_equal(curfew_draft_make(&draft, world->signer, &mint, NOW_US, &error), CURFEW_OK);
    struct curfew_token *token = verified(world, &draft);
    assert_same_claims(&draft.claims, curfew_token_claims(token));
    char *json = curfew_token_json(token);
    assert_non_null(strstr(json, "\"aud\":[\"books\",\"shop\"]"));
    assert_non_null(strstr(json, "\"scope\":\"read write\""));
    assert_non_null(strstr(json, "\"jti\":\"my-own\""));
    assert_non_null(strstr(json, "\"iat\":1795460429,\"exp\":1795460729,"));
    assert_non_null(strstr(json, "\"client_id\":\"planner\""));
    /* RFC 8693 section 4.1: who acts now is outermost */
    assert_non_null(strstr(json, "\"act\":{\"sub\":\"spiffe://acme/clean\\\"er\",\"act\":{\"sub\":"
                                 "\"spiffe://acme/planner\"}}"));
    assert_non_null(strstr(json, "\"approvals\":[\"a-9\"],\"policies\":[[\"payments\",7]],\"supervised\":true}"));
    free(json);
    curfew_token_destroy(token);
    curfew_draft_wipe(&draft);
}

static void given_times_round_down(void **state)
{
    /* Goal: an issued and expires of the caller's are cut to the second, and must still be apart. */
    struct world *world = *state;
    struct curfew_mint mint = plain_mint();
    struct curfew_draft draft;
    struct curfew_error error;
    mint.claims.issued_us = INT64_C(1795460400999999);
    mint.claims.expires_us = INT64_C(1795460401999999);
    mint.life_s = 0;
    assert_int_equal(curfew_draft_make(&draft, world->signer, &mint, NOW_US, &error), CURFEW_OK);
    assert_int_equal(draft.claims.issued_us, INT64_C(1795460400000000));
    assert_int_equal(draft.claims.expires_us, INT64_C(1795460401000000));
    struct curfew_token *token = verified(world, &draft);
    assert_same_claims(&draft.claims, curfew_token_claims(token));
    curfew_token_destroy(token);
    curfew_draft_wipe(&draft);
    mint.claims.expires_us = INT64_C(1795460400999999);
    assert_int_equal(curfew_draft_make(&draft, world->signer, &mint, NOW_US, &error), CURFEW_INVALID);
    assert_null(draft.token);
}

static const char *const no_audience[] = {NULL};
static const char *const empty_audience[] = {"books", "", NULL};
static const char *const many_audiences[] = {"1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",
                                             "10", "11", "12", "13", "14", "15", "16", "17", NULL};

static void spoil(struct curfew_mint *mint, int how)
{
    static const struct curfew_path_step bad_step = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"t", 1}, 0};
    switch (how) {
    case 0:
        mint->audiences = NULL;
        break;
    case 1:
        mint->audiences = no_audience;
        break;
    case 2:
        mint->audiences = empty_audience;
        break;
    case 3:
        mint->audiences = many_audiences;
        break;
    case 4:
        mint->client_id = NULL;
        break;
    case 5:
        mint->client_id = "";
        break;
    case 6:
        mint->life_s = 0;
        break;
    case 7:
        mint->life_s = -1;
        break;
    case 8:
        mint->life_s = 86401;
        break;
    case 9:
        mint->claims.user.size = 0;
        break;
    case 10:
        mint->claims.issuer = curfew_slice_of("\xff");
        break;
    case 11:
        mint->claims.session = curfew_slice_of("0.AAECAwQFBgcICQoLDA0ODw");
        break;
    case 12:
        mint->claims.auth_us = 0;
        break;
    case 13:
        mint->claims.key = curfew_slice_of("another");
        break;
    case 14:
        mint->claims.path = (struct curfew_list){&bad_step, 1};
        break;
    case 15:
        mint->claims.issued_us = INT64_MAX;
        break;
    case 16:
        mint->claims.expires_us = INT64_MAX;
        break;
    case 17:
        mint->claims.issued_us = -1;
        break;
    case 18:
        mint->scope = "\xff";
        break;
    default:
        fail_msg("no such case");
    }
}

static void a_bad_wish_gets_no_token(void **state)
{
    /* Goal: each wrong wish is refused with a reason, and nothing is left in the draft. */
    struct world *world = *state;
    for (int how = 0; how <= 18; how++) {
        struct curfew_mint mint = plain_mint();
        struct curfew_draft draft = {.token = (char *)1};
        struct curfew_error error = {.text = ""};
        spoil(&mint, how);
        print_message("case %d\n", how);
        assert_int_equal(curfew_draft_make(&draft, world->signer, &mint, NOW_US, &error), CURFEW_INVALID);
        assert_null(draft.token);
        assert_true(strlen(error.text) > 20);
    }
}

static void a_token_longer_than_hops_read_is_not_made(void **state)
{
    /* Goal: ids that fit one by one but not together are an error that says so, not a token no hop accepts. */
    struct world *world = *state;
    struct curfew_path_step path[CURFEW_PATH_MAX];
    char names[CURFEW_PATH_MAX][CURFEW_ID_MAX + 1];
    struct curfew_mint mint = plain_mint();
    struct curfew_draft draft;
    struct curfew_error error;
    struct curfew_slice agents[CURFEW_AGENTS_MAX];
    for (int i = 0; i < CURFEW_PATH_MAX; i++) {
        snprintf(names[i], sizeof names[i], "%0*d", CURFEW_ID_MAX, i);
        path[i] = (struct curfew_path_step){curfew_slice_of(names[i]), curfew_slice_of(names[i]), 1};
        agents[i] = curfew_slice_of(names[i]);
    }
    mint.claims.path = (struct curfew_list){path, CURFEW_PATH_MAX};
    assert_int_equal(curfew_draft_make(&draft, world->signer, &mint, NOW_US, &error), CURFEW_OK);
    curfew_token_destroy(verified(world, &draft));
    curfew_draft_wipe(&draft);
    mint.claims.agents = (struct curfew_list){agents, CURFEW_AGENTS_MAX};
    assert_int_equal(curfew_draft_make(&draft, world->signer, &mint, NOW_US, &error), CURFEW_INVALID);
    assert_null(draft.token);
    assert_non_null(strstr(error.text, "hops read at most 16384"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_key_is_private_and_its_public_half_fits),
        cmocka_unit_test(a_key_is_never_overwritten),
        cmocka_unit_test(a_key_others_can_touch_is_refused),
        cmocka_unit_test(a_file_that_is_no_fitting_key_is_named),
        cmocka_unit_test(what_is_announced_is_what_the_token_says),
        cmocka_unit_test(everything_a_token_can_carry_arrives),
        cmocka_unit_test(given_times_round_down),
        cmocka_unit_test(a_bad_wish_gets_no_token),
        cmocka_unit_test(a_token_longer_than_hops_read_is_not_made),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
