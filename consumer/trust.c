/* trust: two places for a set of issuers, and the files they come from. */
#include "consumer/trust.h"
#include "core/file.h"
#include "core/log.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX (1 + CURFEW_TRUSTED_MAX)

struct place {
    struct curfew_issuers *issuers;
    _Atomic int64_t readers;
};

struct curfew_trust {
    const char *issuers_file; /* NULL: one issuer, by the settings below */
    const char *jwks_file;
    struct curfew_issuer_spec spec;
    char *words[2]; /* what the lists of `spec` point into */
    const char *algorithms[CURFEW_JOSE_ALGORITHMS + 2];
    const char *tenants[CURFEW_ISSUER_TENANTS_MAX + 2];

    /* Readers and the one that fills the places agree by these, all sequentially consistent: a reader counts itself in
     * and then looks whether the place is still in use; the filler sees a place without readers only after it was left
     * for the other. In any weaker order each could miss what the other has just written. */
    struct place places[2];
    _Atomic int active;

    struct curfew_file_stamp stamps[FILES_MAX];
    int64_t look_at_us;
    char problem[CURFEW_ERROR_TEXT_SIZE]; /* as logged last */
    _Atomic int64_t loads; /* these stand for themselves: relaxed */
    _Atomic int64_t refusals;
    _Atomic bool behind;
};

/* "a,b" into a list that ends with NULL; empty words count, so that they are refused by whoever takes them. */
static enum curfew_status split(const char *text, const char *name, const char **list, size_t most, char **words,
                                struct curfew_error *error)
{
    size_t count = 0;
    char *rest = strdup(text);
    *words = rest;
    if (rest == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading %s: out of memory", name);
    }
    while (rest != NULL) {
        if (count == most) {
            return curfew_error_set(error, CURFEW_INVALID, "reading %s: more than %zu words; use hop.issuers_file",
                                    name, most);
        }
        list[count++] = strsep(&rest, ",");
    }
    return CURFEW_OK;
}

/* One issuer by four settings, none of which has a default. */
static enum curfew_status read_single(struct curfew_trust *trust, const struct curfew_config *config,
                                      struct curfew_error *error)
{
    const char *algorithms = NULL;
    const char *tenants = NULL;
    enum curfew_status status = curfew_config_get(config, "hop.issuer", &trust->spec.issuer, error);
    if (status == CURFEW_OK) {
        status = curfew_config_get(config, "hop.jwks_file", &trust->jwks_file, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_config_get(config, "hop.algorithms", &algorithms, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_config_get(config, "hop.tenants", &tenants, error);
    }
    if (status == CURFEW_OK) {
        status =
            split(algorithms, "hop.algorithms", trust->algorithms, CURFEW_JOSE_ALGORITHMS + 1, &trust->words[0], error);
    }
    if (status == CURFEW_OK) {
        status = split(tenants, "hop.tenants", trust->tenants, CURFEW_ISSUER_TENANTS_MAX + 1, &trust->words[1], error);
    }
    trust->spec.algorithms = trust->algorithms;
    trust->spec.tenants = trust->tenants;
    return status;
}

static enum curfew_status read_settings(struct curfew_trust *trust, const struct curfew_config *config,
                                        struct curfew_error *error)
{
    static const char *const single[] = {"hop.issuer", "hop.jwks_file", "hop.algorithms", "hop.tenants"};
    const char *file = curfew_config_find(config, "hop.issuers_file");
    if (file == NULL || file[0] == '\0') {
        return read_single(trust, config, error);
    }
    for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
        if (curfew_config_find(config, single[i]) != NULL) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "opening a hop: hop.issuers_file and %s are both set; the file says all there is "
                                    "to say of issuers, so take the other out",
                                    single[i]);
        }
    }
    trust->issuers_file = file;
    return CURFEW_OK;
}

static enum curfew_status load(const struct curfew_trust *trust, struct curfew_issuers **issuers,
                               struct curfew_error *error)
{
    struct curfew_jwks *jwks = NULL;
    if (trust->issuers_file != NULL) {
        return curfew_issuers_load(trust->issuers_file, issuers, error);
    }
    *issuers = NULL;
    enum curfew_status status = curfew_jwks_load(trust->jwks_file, &jwks, error);
    return status == CURFEW_OK ? curfew_issuers_of(&trust->spec, jwks, issuers, error) : status;
}

/* The files a set came from, by number; NULL past the last. */
static const char *file_of(const struct curfew_trust *trust, const struct curfew_issuers *issuers, size_t index)
{
    if (trust->issuers_file == NULL) {
        return index == 0 ? trust->jwks_file : NULL;
    }
    return index == 0 ? trust->issuers_file : curfew_issuers_file(issuers, index - 1);
}

/* Stamps are taken before the files are read, so that a change in between shows at the next look. Of a file that was
 * not known before there is none, so it is read once more. */
static void keep_stamps(struct curfew_trust *trust, const struct curfew_issuers *from,
                        const struct curfew_file_stamp *seen, const struct curfew_issuers *to)
{
    const char *path = NULL;
    const char *other = NULL;
    memset(trust->stamps, 0, sizeof trust->stamps);
    for (size_t i = 0; (path = file_of(trust, to, i)) != NULL; i++) {
        for (size_t j = 0; (other = file_of(trust, from, j)) != NULL; j++) {
            if (strcmp(path, other) == 0) {
                trust->stamps[i] = seen[j];
            }
        }
    }
}

enum curfew_status curfew_trust_open(const struct curfew_config *config, struct curfew_trust **trust,
                                     struct curfew_error *error)
{
    struct curfew_trust *made = calloc(1, sizeof *made);
    *trust = NULL;
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "opening a hop: no memory for its issuers");
    }
    enum curfew_status status = read_settings(made, config, error);
    if (status == CURFEW_OK) {
        status = load(made, &made->places[0].issuers, error);
    }
    if (status != CURFEW_OK) {
        curfew_trust_close(made);
        return status;
    }
    made->loads = 1;
    *trust = made;
    return CURFEW_OK;
}

void curfew_trust_close(struct curfew_trust *trust)
{
    if (trust != NULL) {
        curfew_issuers_destroy(trust->places[0].issuers);
        curfew_issuers_destroy(trust->places[1].issuers);
        free(trust->words[0]);
        free(trust->words[1]);
        free(trust);
    }
}

const struct curfew_issuers *curfew_trust_enter(struct curfew_trust *trust, int *place)
{
    int at = atomic_load(&trust->active);
    atomic_fetch_add(&trust->places[at].readers, 1);
    while (atomic_load(&trust->active) != at) { /* it was left meanwhile: at most once a look */
        atomic_fetch_sub(&trust->places[at].readers, 1);
        at = atomic_load(&trust->active);
        atomic_fetch_add(&trust->places[at].readers, 1);
    }
    *place = at;
    return trust->places[at].issuers;
}

void curfew_trust_leave(struct curfew_trust *trust, int place)
{
    atomic_fetch_sub(&trust->places[place].readers, 1);
}

/* The text is logged when it is another than before. */
static void keep_last(struct curfew_trust *trust, const char *text)
{
    if (strcmp(trust->problem, text) != 0) {
        (void)snprintf(trust->problem, sizeof trust->problem, "%s", text);
        curfew_log(CURFEW_LOG_WARNING, "hop", "the last good issuers and keys stay in use: %s", text);
    }
    atomic_fetch_add_explicit(&trust->refusals, 1, memory_order_relaxed);
    atomic_store_explicit(&trust->behind, true, memory_order_relaxed);
}

void curfew_trust_look(struct curfew_trust *trust, int64_t boot_us)
{
    const int active = atomic_load(&trust->active);
    struct place *spare = &trust->places[1 - active];
    const struct curfew_issuers *current = trust->places[active].issuers;
    struct curfew_issuers *made = NULL;
    struct curfew_file_stamp seen[FILES_MAX];
    struct curfew_error error = {.text = ""};
    const char *path = NULL;
    bool changed = false;
    if (boot_us < trust->look_at_us) {
        return;
    }
    trust->look_at_us = boot_us + CURFEW_TRUST_LOOK_US;
    for (size_t i = 0; (path = file_of(trust, current, i)) != NULL; i++) {
        curfew_file_stamp(path, &seen[i]);
        changed = changed || !curfew_file_stamp_same(&seen[i], &trust->stamps[i]);
    }
    if (!changed || atomic_load(&spare->readers) != 0) { /* a reader still there: at the next look */
        return;
    }
    if (load(trust, &made, &error) != CURFEW_OK) {
        keep_last(trust, error.text);
        return;
    }
    keep_stamps(trust, current, seen, made);
    curfew_issuers_destroy(spare->issuers);
    spare->issuers = made;
    atomic_store(&trust->active, 1 - active);
    if (trust->problem[0] != '\0') {
        curfew_log(CURFEW_LOG_INFO, "hop", "issuers and keys are as their files say again");
    }
    trust->problem[0] = '\0';
    atomic_fetch_add_explicit(&trust->loads, 1, memory_order_relaxed);
    atomic_store_explicit(&trust->behind, false, memory_order_relaxed);
}

struct curfew_trust_stats curfew_trust_stats(const struct curfew_trust *trust)
{
    return (struct curfew_trust_stats){
        .loads = atomic_load_explicit(&trust->loads, memory_order_relaxed),
        .refusals = atomic_load_explicit(&trust->refusals, memory_order_relaxed),
        .behind = atomic_load_explicit(&trust->behind, memory_order_relaxed),
    };
}
