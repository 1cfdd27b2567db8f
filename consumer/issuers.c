/* issuers: the file of issuers, and one issuer from settings, as one kind of entry. */
#include "consumer/issuers.h"
#include "core/file.h"
#include "core/id.h"
#include "core/json.h"
#include <curfew/event.h>
#include <stdio.h>
#include <stdlib.h>

struct curfew_issuer {
    char *name;
    char *file; /* NULL: its keys came from no file of ours */
    struct curfew_jwks *jwks;
    bool algorithms[CURFEW_JOSE_ALGORITHMS];
    bool every_tenant;
    size_t tenant_count;
    char *tenants[CURFEW_ISSUER_TENANTS_MAX];
};

struct curfew_issuers {
    size_t count;
    struct curfew_issuer *list[CURFEW_TRUSTED_MAX];
};

static enum curfew_status no_memory(struct curfew_error *error)
{
    return curfew_error_set(error, CURFEW_NOMEM, "reading issuers: out of memory");
}

static char *copy(struct curfew_slice text)
{
    return strndup((const char *)text.at, text.size); /* JSON text and ids hold no NUL */
}

static void destroy(struct curfew_issuer *issuer)
{
    if (issuer == NULL) {
        return;
    }
    for (size_t i = 0; i < issuer->tenant_count; i++) {
        free(issuer->tenants[i]);
    }
    curfew_jwks_destroy(issuer->jwks);
    free(issuer->file);
    free(issuer->name);
    free(issuer);
}

void curfew_issuers_destroy(struct curfew_issuers *issuers)
{
    if (issuers != NULL) {
        for (size_t i = 0; i < issuers->count; i++) {
            destroy(issuers->list[i]);
        }
        free(issuers);
    }
}

/* ---- filling one ---- */

static enum curfew_status set_name(struct curfew_issuer *issuer, struct curfew_slice name, struct curfew_error *error)
{
    if (!curfew_id_valid(name)) {
        return curfew_error_set(error, CURFEW_INVALID, "\"issuer\" must be the iss of its tokens, text of 1..%d bytes",
                                CURFEW_ID_MAX);
    }
    issuer->name = copy(name);
    return issuer->name == NULL ? no_memory(error) : CURFEW_OK;
}

static enum curfew_status add_algorithm(struct curfew_issuer *issuer, struct curfew_slice name,
                                        struct curfew_error *error)
{
    enum curfew_jose_algorithm algorithm;
    if (!curfew_jose_algorithm_parse(name, &algorithm)) {
        return curfew_error_set(error, CURFEW_INVALID, "\"algorithms\" may hold ES256, RS256 and EdDSA alone");
    }
    if (issuer->algorithms[algorithm]) {
        return curfew_error_set(error, CURFEW_INVALID, "\"algorithms\" holds %s twice",
                                curfew_jose_algorithm_name(algorithm));
    }
    issuer->algorithms[algorithm] = true;
    return CURFEW_OK;
}

static enum curfew_status add_tenant(struct curfew_issuer *issuer, struct curfew_slice tenant,
                                     struct curfew_error *error)
{
    bool every = curfew_slice_equal(tenant, curfew_slice_of(CURFEW_ISSUER_EVERY_TENANT));
    if (!curfew_id_valid(tenant)) {
        return curfew_error_set(error, CURFEW_INVALID, "a tenant must be text of 1..%d bytes", CURFEW_ID_MAX);
    }
    if (issuer->every_tenant || (every && issuer->tenant_count > 0)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "\"*\" means every tenant and stands alone; take it or the other tenants out");
    }
    if (every) {
        issuer->every_tenant = true;
        return CURFEW_OK;
    }
    if (curfew_issuer_speaks_for(issuer, tenant)) {
        return curfew_error_set(error, CURFEW_INVALID, "a tenant is there twice: %.*s", (int)tenant.size,
                                (const char *)tenant.at);
    }
    if (issuer->tenant_count == CURFEW_ISSUER_TENANTS_MAX) {
        return curfew_error_set(error, CURFEW_INVALID, "more than %d tenants of one issuer", CURFEW_ISSUER_TENANTS_MAX);
    }
    issuer->tenants[issuer->tenant_count] = copy(tenant);
    if (issuer->tenants[issuer->tenant_count] == NULL) {
        return no_memory(error);
    }
    issuer->tenant_count++;
    return CURFEW_OK;
}

/* What must hold of one that is filled. */
static enum curfew_status check(const struct curfew_issuer *issuer, struct curfew_error *error)
{
    bool any = false;
    for (int i = 0; i < CURFEW_JOSE_ALGORITHMS; i++) {
        any = any || issuer->algorithms[i];
    }
    if (!any) {
        return curfew_error_set(error, CURFEW_INVALID, "it has no algorithms; say which it may sign by");
    }
    if (!issuer->every_tenant && issuer->tenant_count == 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "it has no tenants; say whom it may speak for, \"*\" for every tenant");
    }
    return CURFEW_OK;
}

/* Takes the issuer over, also when it fails. */
static enum curfew_status add(struct curfew_issuers *issuers, struct curfew_issuer *issuer, struct curfew_error *error)
{
    enum curfew_status status = check(issuer, error);
    if (status == CURFEW_OK && curfew_issuers_find(issuers, curfew_slice_of(issuer->name)) != NULL) {
        status = curfew_error_set(error, CURFEW_INVALID, "the issuer %s is there twice", issuer->name);
    }
    if (status != CURFEW_OK) {
        destroy(issuer);
        return status;
    }
    issuers->list[issuers->count++] = issuer;
    return CURFEW_OK;
}

enum curfew_status curfew_issuers_of(const struct curfew_issuer_spec *spec, struct curfew_jwks *jwks,
                                     struct curfew_issuers **issuers, struct curfew_error *error)
{
    struct curfew_error inner = {.text = ""};
    struct curfew_issuers *made = calloc(1, sizeof *made);
    struct curfew_issuer *issuer = calloc(1, sizeof *issuer);
    *issuers = NULL;
    if (made == NULL || issuer == NULL) {
        curfew_jwks_destroy(jwks);
        free(issuer);
        free(made);
        return no_memory(error);
    }
    issuer->jwks = jwks;
    enum curfew_status status = set_name(issuer, curfew_slice_of(spec->issuer), &inner);
    for (size_t i = 0; status == CURFEW_OK && spec->algorithms[i] != NULL; i++) {
        status = add_algorithm(issuer, curfew_slice_of(spec->algorithms[i]), &inner);
    }
    for (size_t i = 0; status == CURFEW_OK && spec->tenants[i] != NULL; i++) {
        status = add_tenant(issuer, curfew_slice_of(spec->tenants[i]), &inner);
    }
    if (status == CURFEW_OK) {
        status = add(made, issuer, &inner);
    } else {
        destroy(issuer);
    }
    if (status != CURFEW_OK) {
        curfew_issuers_destroy(made);
        return curfew_error_set(error, status, "taking in the issuer: %s", inner.text);
    }
    *issuers = made;
    return CURFEW_OK;
}

/* ---- the file ---- */

typedef enum curfew_status (*add_text)(struct curfew_issuer *, struct curfew_slice, struct curfew_error *);

static enum curfew_status read_list(struct curfew_issuer *issuer, const struct curfew_json *entry, const char *name,
                                    add_text add_one, struct curfew_error *error)
{
    struct curfew_slice text;
    const struct curfew_json *list = curfew_json_member(entry, name);
    if (curfew_json_count(list) == 0) {
        return curfew_error_set(error, CURFEW_INVALID, "\"%s\" must be a list with something in it; it has no default",
                                name);
    }
    for (size_t i = 0; i < curfew_json_count(list); i++) {
        if (!curfew_json_string(curfew_json_item(list, i), &text)) {
            return curfew_error_set(error, CURFEW_INVALID, "\"%s\" must hold text alone", name);
        }
        enum curfew_status status = add_one(issuer, text, error);
        if (status != CURFEW_OK) {
            return status;
        }
    }
    return CURFEW_OK;
}

/* A path relative to the directory of `beside`; malloc'ed. */
static char *path_beside(const char *beside, struct curfew_slice name)
{
    char *path = NULL;
    const char *slash = strrchr(beside, '/');
    int directory = slash == NULL || name.at[0] == '/' ? 0 : (int)(slash - beside) + 1;
    return asprintf(&path, "%.*s%.*s", directory, beside, (int)name.size, (const char *)name.at) < 0 ? NULL : path;
}

static enum curfew_status read_entry(struct curfew_issuer *issuer, const struct curfew_json *entry, const char *beside,
                                     struct curfew_error *error)
{
    static const char *const members[] = {"issuer", "jwks_file", "algorithms", "tenants", NULL};
    struct curfew_slice text;
    if (!curfew_json_is_object(entry) || !curfew_json_only(entry, members)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "it must be an object of issuer, jwks_file, algorithms and tenants alone");
    }
    if (!curfew_json_string(curfew_json_member(entry, "issuer"), &text)) {
        return curfew_error_set(error, CURFEW_INVALID, "\"issuer\" must be there, as text");
    }
    enum curfew_status status = set_name(issuer, text, error);
    if (status == CURFEW_OK) {
        status = read_list(issuer, entry, "algorithms", add_algorithm, error);
    }
    if (status == CURFEW_OK) {
        status = read_list(issuer, entry, "tenants", add_tenant, error);
    }
    if (status != CURFEW_OK) {
        return status;
    }
    if (!curfew_json_string(curfew_json_member(entry, "jwks_file"), &text) || text.size == 0) {
        return curfew_error_set(error, CURFEW_INVALID, "\"jwks_file\" must be there, as text");
    }
    issuer->file = path_beside(beside, text);
    return issuer->file == NULL ? no_memory(error) : curfew_jwks_load(issuer->file, &issuer->jwks, error);
}

static enum curfew_status read_all(struct curfew_issuers *issuers, const struct curfew_json *json, const char *path,
                                   struct curfew_error *error)
{
    static const char *const members[] = {"issuers", NULL};
    const struct curfew_json *list = curfew_json_member(json, "issuers");
    size_t count = curfew_json_count(list);
    if (!curfew_json_only(json, members) || count == 0 || count > CURFEW_TRUSTED_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading issuers file %s: it must be {\"issuers\":[...]} with 1..%d issuers", path,
                                CURFEW_TRUSTED_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        struct curfew_error inner = {.text = ""};
        struct curfew_issuer *issuer = calloc(1, sizeof *issuer);
        if (issuer == NULL) {
            return no_memory(error);
        }
        enum curfew_status status = read_entry(issuer, curfew_json_item(list, i), path, &inner);
        if (status == CURFEW_OK) {
            status = add(issuers, issuer, &inner);
        } else {
            destroy(issuer);
        }
        if (status != CURFEW_OK) {
            return curfew_error_set(error, status, "reading issuers file %s: issuers[%zu]: %s", path, i, inner.text);
        }
    }
    return CURFEW_OK;
}

enum curfew_status curfew_issuers_load(const char *path, struct curfew_issuers **issuers, struct curfew_error *error)
{
    struct curfew_error inner = {.text = ""};
    struct curfew_file file;
    struct curfew_json *json = NULL;
    struct curfew_file_request request = {path, "issuers file", CURFEW_ISSUERS_FILE_MAX, CURFEW_FILE_PUBLIC};
    *issuers = NULL;
    enum curfew_status status = curfew_file_read(&request, &file, error);
    if (status != CURFEW_OK) {
        return status;
    }
    status = curfew_json_parse((struct curfew_slice){file.bytes, file.size}, &json, &inner);
    curfew_file_wipe(&file);
    if (status != CURFEW_OK) {
        return curfew_error_set(error, status, "reading issuers file %s: %s", path, inner.text);
    }
    struct curfew_issuers *made = calloc(1, sizeof *made);
    status = made == NULL ? no_memory(error) : read_all(made, json, path, error);
    curfew_json_destroy(json);
    if (status != CURFEW_OK) {
        curfew_issuers_destroy(made);
        return status;
    }
    *issuers = made;
    return CURFEW_OK;
}

/* ---- asking ---- */

const struct curfew_issuer *curfew_issuers_find(const struct curfew_issuers *issuers, struct curfew_slice name)
{
    for (size_t i = 0; i < issuers->count; i++) {
        if (curfew_slice_equal(curfew_slice_of(issuers->list[i]->name), name)) {
            return issuers->list[i];
        }
    }
    return NULL;
}

const struct curfew_jwks *curfew_issuer_jwks(const struct curfew_issuer *issuer)
{
    return issuer->jwks;
}

bool curfew_issuer_signs_by(const struct curfew_issuer *issuer, enum curfew_jose_algorithm algorithm)
{
    return issuer->algorithms[algorithm];
}

bool curfew_issuer_speaks_for(const struct curfew_issuer *issuer, struct curfew_slice tenant)
{
    bool found = issuer->every_tenant;
    for (size_t i = 0; i < issuer->tenant_count && !found; i++) {
        found = curfew_slice_equal(curfew_slice_of(issuer->tenants[i]), tenant);
    }
    return found;
}

const char *curfew_issuers_file(const struct curfew_issuers *issuers, size_t index)
{
    return index < issuers->count ? issuers->list[index]->file : NULL;
}
