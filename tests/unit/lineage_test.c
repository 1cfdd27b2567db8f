/* lineage: what claims must be, and the list of subjects and values they become. */
#include "core/digest.h"
#include "core/lineage.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SESSION "3.AAECAwQFBgcICQoLDA0ODw"
#define AUTH_US INT64_C(1795460429437000)
#define MANY 32 /* more than any list of claims may hold */

static struct curfew_slice of(const char *text)
{
    return curfew_slice_of(text);
}

/* Claims with room to grow past every bound. */
struct sample {
    struct curfew_claims claims;
    struct curfew_slice agents[MANY];
    struct curfew_path_step path[MANY];
    struct curfew_slice approvals[MANY];
    struct curfew_policy_version policies[MANY];
    char names[MANY][16];
};

/* Valid claims: two steps in two tenants, one agent, one approval, one policy, supervised, with a key. */
static void make(struct sample *sample)
{
    memset(sample, 0, sizeof *sample);
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(sample->names[i], sizeof sample->names[i], "name-%zu", i);
        sample->agents[i] = of(sample->names[i]);
        sample->path[i] = (struct curfew_path_step){of(sample->names[i]), of(sample->names[i]), 1};
        sample->approvals[i] = of(sample->names[i]);
        sample->policies[i] = (struct curfew_policy_version){of(sample->names[i]), 0};
    }
    sample->agents[0] = of("spiffe://acme.example/planner");
    sample->path[0] = (struct curfew_path_step){of("acme"), of("nightly-close"), 1};
    sample->path[1] = (struct curfew_path_step){of("books"), of("post-invoices"), 2};
    sample->approvals[0] = of("a-9");
    sample->policies[0] = (struct curfew_policy_version){of("payments"), 7};
    sample->claims = (struct curfew_claims){
        .session = of(SESSION),
        .tenant = of("acme"),
        .issuer = of("https://id.acme.example"),
        .user = of("maria"),
        .jti = of("jti-1"),
        .auth_us = AUTH_US,
        .issued_us = AUTH_US + 1,
        .expires_us = AUTH_US + 2,
        .agents = {sample->agents, 1},
        .path = {sample->path, 2},
        .approvals = {sample->approvals, 1},
        .policies = {sample->policies, 1},
        .supervised = true,
        .key = of("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
    };
}

static void assert_valid(const struct sample *sample)
{
    struct curfew_error error = {.text = ""};
    if (curfew_claims_check(&sample->claims, &error) != CURFEW_OK) {
        fail_msg("refused: %s", error.text);
    }
}

static void assert_refused(const struct sample *sample, const char *word)
{
    struct curfew_error error = {.status = CURFEW_OK};
    assert_int_equal(curfew_claims_check(&sample->claims, &error), CURFEW_INVALID);
    assert_int_equal(error.status, CURFEW_INVALID);
    if (strstr(error.text, word) == NULL) {
        fail_msg("\"%s\" does not name %s", error.text, word);
    }
}

static void valid_claims_pass(void **state)
{
    /* Goal: full claims pass, and so do those without anything that may be absent. */
    struct sample sample;
    (void)state;
    make(&sample);
    assert_valid(&sample);
    sample.claims.agents = (struct curfew_list){NULL, 0};
    sample.claims.path = (struct curfew_list){NULL, 0};
    sample.claims.approvals = (struct curfew_list){NULL, 0};
    sample.claims.policies = (struct curfew_list){NULL, 0};
    sample.claims.key = (struct curfew_slice){NULL, 0};
    sample.claims.supervised = false;
    assert_valid(&sample);
}

static void each_bad_name_is_named(void **state)
{
    /* Goal: an id that is empty, too long, or not text is refused wherever it stands, and the error says where. */
    static char long_name[CURFEW_ID_MAX + 1];
    const struct curfew_slice bad[] = {of(""), {(const uint8_t *)long_name, sizeof long_name}, of("a\nb"), of("\xC3")};
    (void)state;
    memset(long_name, 'x', sizeof long_name);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sample sample;
        const struct {
            struct curfew_slice *at;
            const char *word;
        } places[] = {
            {&sample.claims.jti, "jti"},
            {&sample.claims.tenant, "tenant"},
            {&sample.claims.issuer, "iss"},
            {&sample.claims.user, "sub"},
            {&sample.agents[0], "agents"},
            {&sample.path[1].tenant, "tenant of path"},
            {&sample.path[1].task, "task of path"},
            {&sample.approvals[0], "approvals"},
            {&sample.policies[0].name, "policies"},
            {&sample.claims.session, "session"},
        };
        for (size_t j = 0; j < sizeof places / sizeof places[0]; j++) {
            make(&sample);
            *places[j].at = bad[i];
            assert_refused(&sample, places[j].word);
        }
        make(&sample);
        sample.claims.key = bad[i];
        if (bad[i].size > 0) {
            assert_refused(&sample, "key");
        } else {
            assert_valid(&sample);
        }
    }
}

static void a_session_must_name_its_lane(void **state)
{
    /* Goal: a session id that does not route itself is refused. */
    struct sample sample;
    (void)state;
    make(&sample);
    sample.claims.session = of("tonight");
    assert_refused(&sample, "session id");
}

static void lists_are_bounded(void **state)
{
    /* Goal: each list passes at its bound and is refused one beyond. */
    struct sample sample;
    (void)state;
    const struct {
        struct curfew_list *list;
        size_t most;
        const char *word;
    } lists[] = {
        {&sample.claims.path, CURFEW_PATH_MAX, "path has 17"},
        {&sample.claims.agents, CURFEW_AGENTS_MAX, "agents has 17"},
        {&sample.claims.approvals, CURFEW_APPROVALS_MAX, "approvals has 9"},
        {&sample.claims.policies, CURFEW_POLICIES_MAX, "policies has 9"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        make(&sample);
        lists[i].list->count = lists[i].most;
        assert_valid(&sample);
        lists[i].list->count++;
        assert_refused(&sample, lists[i].word);
        lists[i].list->count = SIZE_MAX; /* nothing is read before it is counted */
        assert_refused(&sample, "entries");
    }
}

static void numbers_are_in_range(void **state)
{
    /* Goal: attempts count from 1, policy versions from 0. */
    struct sample sample;
    (void)state;
    make(&sample);
    sample.path[1].attempt = 0;
    assert_refused(&sample, "step 1 of path");
    sample.path[1].attempt = -1;
    assert_refused(&sample, "attempt -1");
    sample.path[1].attempt = INT64_MAX;
    sample.policies[0].version = 0;
    assert_valid(&sample);
    sample.policies[0].version = -1;
    assert_refused(&sample, "policies has version -1");
}

static void a_task_is_not_its_own_ancestor(void **state)
{
    /* Goal: the same task twice in a path is refused, also at another attempt, tenant or distance. */
    struct sample sample;
    (void)state;
    make(&sample);
    sample.claims.path.count = 4;
    assert_valid(&sample);
    sample.path[3].task = of("nightly-close");
    sample.path[3].attempt = 9;
    assert_refused(&sample, "steps 0 and 3");
    sample.path[3].task = of("nightly-clos");
    assert_valid(&sample);
}

static void times_are_in_order(void **state)
{
    /* Goal: all times are set and expiry follows issue; authentication may be said later, since clocks differ. */
    struct sample sample;
    (void)state;
    make(&sample);
    sample.claims.auth_us = 0;
    assert_refused(&sample, "auth_us");
    sample.claims.auth_us = -5;
    assert_refused(&sample, "auth_us");
    make(&sample);
    sample.claims.issued_us = 0;
    assert_refused(&sample, "issued");
    make(&sample);
    sample.claims.expires_us = sample.claims.issued_us;
    assert_refused(&sample, "expires");
    make(&sample);
    sample.claims.expires_us = INT64_MIN;
    assert_refused(&sample, "expires");
    make(&sample);
    sample.claims.auth_us = sample.claims.expires_us + 1;
    assert_valid(&sample);
}

struct expected {
    enum curfew_kind kind;
    int64_t value;
    const char *digest;
};

static void assert_lineage(const struct curfew_claims *claims, const struct expected *expected, size_t count)
{
    struct curfew_lineage lineage;
    memset(&lineage, 0xEE, sizeof lineage);
    curfew_lineage_of(claims, &lineage);
    assert_int_equal(lineage.count, count);
    for (size_t i = 0; i < count; i++) {
        char hex[2 * CURFEW_DIGEST_SIZE + 1];
        curfew_hex(lineage.entries[i].subject.digest, CURFEW_DIGEST_SIZE, hex);
        assert_int_equal(lineage.entries[i].kind, expected[i].kind);
        assert_true(lineage.entries[i].value == expected[i].value);
        assert_string_equal(hex, expected[i].digest);
    }
}

static void a_full_lineage_in_its_order(void **state)
{
    /* Goal: every kind of entry, its value and its place, against digests made with Python's hashlib. */
    static const struct expected expected[] = {
        {CURFEW_KIND_TOKEN, 0, "3f8e4110ed891f9c073b72ac8212c78f"},
        {CURFEW_KIND_SESSION, 0, "73aa13825aed38b1f08902731374b516"},
        {CURFEW_KIND_TASK, 1, "83cee1a1db40b6b9247ce7b41024f345"},
        {CURFEW_KIND_TASK, 2, "ca2df55d572bbdb21cf5a7f0b8cf33eb"},
        {CURFEW_KIND_APPROVAL, 0, "a2900b505b5d70c11a45529e01723abf"},
        {CURFEW_KIND_SUPERVISION, 0, "6e70b9b6e56be95c9b3ea8c9c175f2ac"},
        {CURFEW_KIND_USER, AUTH_US, "aad26a51711d69bd2dad40d0544469fa"},
        {CURFEW_KIND_AGENT, AUTH_US, "cf0f2308af3c4dc0dfdf8bc5e7abc44f"},
        {CURFEW_KIND_TENANT, AUTH_US, "10d7024b2d01d76da30ccd1149c7ad79"},
        {CURFEW_KIND_TENANT, AUTH_US, "40d578d976f97898545f3bf3b150510c"},
        {CURFEW_KIND_KEY, 0, "c0fa56f6f9341c8c700d33af5f2334bb"},
        {CURFEW_KIND_POLICY, 7, "ab9ecf6952a592660a01646e344b93b2"},
    };
    struct sample sample;
    (void)state;
    make(&sample);
    assert_lineage(&sample.claims, expected, sizeof expected / sizeof expected[0]);
}

static void the_smallest_lineage(void **state)
{
    /* Goal: what is absent adds nothing, and what always counts is always there. */
    static const struct expected expected[] = {
        {CURFEW_KIND_TOKEN, 0, "3f8e4110ed891f9c073b72ac8212c78f"},
        {CURFEW_KIND_SESSION, 0, "73aa13825aed38b1f08902731374b516"},
        {CURFEW_KIND_USER, AUTH_US, "aad26a51711d69bd2dad40d0544469fa"},
        {CURFEW_KIND_TENANT, AUTH_US, "10d7024b2d01d76da30ccd1149c7ad79"},
    };
    struct sample sample;
    (void)state;
    make(&sample);
    sample.claims.agents.count = 0;
    sample.claims.path.count = 0;
    sample.claims.approvals.count = 0;
    sample.claims.policies.count = 0;
    sample.claims.key.size = 0;
    sample.claims.supervised = false;
    assert_lineage(&sample.claims, expected, sizeof expected / sizeof expected[0]);
}

static void the_largest_lineage_fits(void **state)
{
    /* Goal: claims at every bound at once, each step in a tenant of its own, fill the lineage exactly. */
    struct sample sample;
    struct curfew_lineage lineage;
    (void)state;
    make(&sample);
    sample.path[0].tenant = of("zebra");
    sample.claims.path.count = CURFEW_PATH_MAX;
    sample.claims.agents.count = CURFEW_AGENTS_MAX;
    sample.claims.approvals.count = CURFEW_APPROVALS_MAX;
    sample.claims.policies.count = CURFEW_POLICIES_MAX;
    assert_valid(&sample);
    curfew_lineage_of(&sample.claims, &lineage);
    assert_int_equal(lineage.count, CURFEW_LINEAGE_MAX);
    for (size_t i = 0; i < lineage.count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_false(curfew_subject_equal(&lineage.entries[i].subject, &lineage.entries[j].subject));
        }
    }
}

static size_t count_kind(const struct curfew_lineage *lineage, enum curfew_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < lineage->count; i++) {
        count += lineage->entries[i].kind == kind;
    }
    return count;
}

static void each_tenant_counts_once(void **state)
{
    /* Goal: work that goes acme, books, acme, books, cars depends on three tenants, the root's first, in path order. */
    static const char *const tenants[] = {"books", "acme", "books", "acme", "cars"};
    static const char *const order[] = {"acme", "books", "cars"};
    struct sample sample;
    struct curfew_lineage lineage;
    size_t next = 0;
    (void)state;
    make(&sample);
    for (size_t i = 0; i < 5; i++) {
        sample.path[i].tenant = of(tenants[i]);
    }
    sample.claims.path.count = 5;
    curfew_lineage_of(&sample.claims, &lineage);
    assert_int_equal(count_kind(&lineage, CURFEW_KIND_TENANT), 3);
    for (size_t i = 0; i < lineage.count; i++) {
        if (lineage.entries[i].kind == CURFEW_KIND_TENANT) {
            struct curfew_subject wanted = curfew_subject_tenant(of(order[next++]));
            assert_true(curfew_subject_equal(&lineage.entries[i].subject, &wanted));
        }
    }
}

static void a_task_belongs_to_the_root_tenant(void **state)
{
    /* Goal: a task handed to another tenant keeps its subject, so that ending it reaches both. */
    struct sample sample;
    struct curfew_lineage here;
    struct curfew_lineage there;
    (void)state;
    make(&sample);
    curfew_lineage_of(&sample.claims, &here);
    sample.path[1].tenant = of("another");
    curfew_lineage_of(&sample.claims, &there);
    assert_int_equal(here.entries[3].kind, CURFEW_KIND_TASK);
    assert_true(curfew_subject_equal(&here.entries[3].subject, &there.entries[3].subject));
    sample.claims.tenant = of("another");
    curfew_lineage_of(&sample.claims, &there);
    assert_false(curfew_subject_equal(&here.entries[3].subject, &there.entries[3].subject));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_claims_pass),
        cmocka_unit_test(each_bad_name_is_named),
        cmocka_unit_test(a_session_must_name_its_lane),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(numbers_are_in_range),
        cmocka_unit_test(a_task_is_not_its_own_ancestor),
        cmocka_unit_test(times_are_in_order),
        cmocka_unit_test(a_full_lineage_in_its_order),
        cmocka_unit_test(the_smallest_lineage),
        cmocka_unit_test(the_largest_lineage_fits),
        cmocka_unit_test(each_tenant_counts_once),
        cmocka_unit_test(a_task_belongs_to_the_root_tenant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
