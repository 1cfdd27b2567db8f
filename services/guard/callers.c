/* callers: the file of callers, checked entry by entry. */
#include "services/guard/callers.h"
#include "core/digest.h"
#include "core/file.h"
#include "core/id.h"
#include "core/json.h"
#include <curfew/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum way { WAY_USER, WAY_URI, WAY_DNS, WAY_SECRET, WAYS };

static const char *const way_members[WAYS] = {"uid", "tls_client_auth_san_uri", "tls_client_auth_san_dns",
                                              "secret_sha256"};
static const char *const members[] = {
    "name", "key_file", "uid", "tls_client_auth_san_uri", "tls_client_auth_san_dns", "secret_sha256", NULL};
static const char *const file_members[] = {"callers", NULL};

struct entry {
    struct curfew_caller caller; /* its strings are its own */
    enum way way;
    uid_t user;
    char *certified; /* URI or DNS name */
    uint8_t secret[CURFEW_SHA256_SIZE];
};

struct curfew_callers {
    size_t count;
    struct entry list[CURFEW_CALLERS_MAX];
};

static void clear(struct entry *entry)
{
    free((char *)entry->caller.name);
    free((char *)entry->caller.key_file);
    free(entry->certified);
}

void curfew_callers_drop(struct curfew_callers *callers, size_t index)
{
    clear(&callers->list[index]);
    callers->count--;
    memmove(&callers->list[index], &callers->list[index + 1], (callers->count - index) * sizeof callers->list[0]);
}

void curfew_callers_destroy(struct curfew_callers *callers)
{
    if (callers == NULL) {
        return;
    }
    for (size_t i = 0; i < callers->count; i++) {
        clear(&callers->list[i]);
    }
    free(callers);
}

static enum curfew_status no_memory(struct curfew_error *error)
{
    return curfew_error_set(error, CURFEW_NOMEM, "reading callers: out of memory");
}

static int hex_digit(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static bool read_hex(struct curfew_slice text, uint8_t bytes[CURFEW_SHA256_SIZE])
{
    if (text.size != 2 * (size_t)CURFEW_SHA256_SIZE) {
        return false;
    }
    for (size_t i = 0; i < CURFEW_SHA256_SIZE; i++) {
        const int high = hex_digit(text.at[2 * i]);
        const int low = hex_digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* What it is known by. */
static enum curfew_status read_way(const struct curfew_json *json, struct entry *entry, struct curfew_error *error)
{
    const struct curfew_json *found = NULL;
    int64_t user = 0;
    struct curfew_slice text = {NULL, 0};
    for (enum way way = 0; way < WAYS; way++) {
        const struct curfew_json *member = curfew_json_member(json, way_members[way]);
        if (member != NULL && found != NULL) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "it is known in two ways; make two callers of it, with the same key_file");
        }
        if (member != NULL) {
            found = member;
            entry->way = way;
        }
    }
    if (found == NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "nothing says what it is known by: uid, tls_client_auth_san_uri, "
                                "tls_client_auth_san_dns or secret_sha256");
    }
    if (entry->way == WAY_USER) {
        /* The largest is (uid_t)-1, which is nobody's. */
        if (!curfew_json_int(found, &user) || user < 0 || user >= UINT32_MAX) {
            return curfew_error_set(error, CURFEW_INVALID, "\"uid\" must be the number of a user");
        }
        entry->user = (uid_t)user;
        return CURFEW_OK;
    }
    if (!curfew_json_string(found, &text)) {
        return curfew_error_set(error, CURFEW_INVALID, "\"%s\" must be text", way_members[entry->way]);
    }
    if (entry->way == WAY_SECRET) {
        return read_hex(text, entry->secret)
                   ? CURFEW_OK
                   : curfew_error_set(error, CURFEW_INVALID,
                                      "\"secret_sha256\" must be 64 hex digits: the SHA-256 of "
                                      "the secret, not the secret");
    }
    if (!curfew_id_valid(text)) {
        return curfew_error_set(error, CURFEW_INVALID, "\"%s\" must be a name of 1..%d bytes", way_members[entry->way],
                                CURFEW_ID_MAX);
    }
    entry->certified = strndup((const char *)text.at, text.size);
    return entry->certified == NULL ? no_memory(error) : CURFEW_OK;
}

static bool same_way(const struct entry *a, const struct entry *b)
{
    if (a->way != b->way) {
        return false;
    }
    switch (a->way) {
    case WAY_USER:
        return a->user == b->user;
    case WAY_SECRET:
        return curfew_same_secret(a->secret, b->secret, sizeof a->secret);
    default:
        return strcmp(a->certified, b->certified) == 0;
    }
}

/* What an entry must not share with those before it. */
static enum curfew_status check_alone(const struct curfew_callers *callers, const struct entry *entry,
                                      struct curfew_error *error)
{
    size_t keys = 1;
    for (size_t i = 0; i < callers->count; i++) {
        const struct entry *other = &callers->list[i];
        bool seen = strcmp(other->caller.key_file, entry->caller.key_file) == 0;
        if (strcmp(other->caller.name, entry->caller.name) == 0) {
            return curfew_error_set(error, CURFEW_INVALID, "the name is there twice");
        }
        if (same_way(other, entry)) {
            return curfew_error_set(error, CURFEW_INVALID, "it is known by the same %s as %.64s",
                                    way_members[entry->way], other->caller.name);
        }
        for (size_t j = 0; j < i && !seen; j++) {
            seen = strcmp(callers->list[j].caller.key_file, other->caller.key_file) == 0;
        }
        keys += !seen;
    }
    if (keys > CURFEW_CALLERS_KEYS_MAX) {
        return curfew_error_set(error, CURFEW_INVALID, "more than %d different key files", CURFEW_CALLERS_KEYS_MAX);
    }
    return CURFEW_OK;
}

static char *key_path(const char *file, struct curfew_slice key)
{
    const char *slash = key.at[0] == '/' ? NULL : strrchr(file, '/');
    char *path = NULL;
    const int printed = asprintf(&path, "%.*s%.*s", slash == NULL ? 0 : (int)(slash - file + 1), file, (int)key.size,
                                 (const char *)key.at);
    return printed < 0 ? NULL : path;
}

/* The entry counts, and so is freed with the others, from when it has any memory. */
static enum curfew_status read_entry(const char *file, const struct curfew_json *json, struct curfew_callers *callers,
                                     struct curfew_error *error)
{
    struct entry entry = {.way = WAYS};
    struct curfew_slice name;
    struct curfew_slice key;
    if (!curfew_json_is_object(json) || !curfew_json_only(json, members)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "it must be an object of name, key_file and what it is known by, and nothing else");
    }
    if (!curfew_json_string(curfew_json_member(json, "name"), &name) || !curfew_id_valid(name)) {
        return curfew_error_set(error, CURFEW_INVALID, "\"name\" must be text of 1..%d bytes", CURFEW_ID_MAX);
    }
    if (!curfew_json_string(curfew_json_member(json, "key_file"), &key) || key.size == 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "\"key_file\" must name a writer's key, as curfew writer add makes it");
    }
    enum curfew_status status = read_way(json, &entry, error);
    entry.caller.name = strndup((const char *)name.at, name.size);
    entry.caller.key_file = key_path(file, key);
    entry.caller.by_user = entry.way == WAY_USER;
    entry.caller.by_certificate = entry.way == WAY_URI || entry.way == WAY_DNS;
    if (status == CURFEW_OK && (entry.caller.name == NULL || entry.caller.key_file == NULL)) {
        status = no_memory(error);
    }
    if (status == CURFEW_OK) {
        status = check_alone(callers, &entry, error);
    }
    callers->list[callers->count++] = entry;
    return status;
}

static enum curfew_status read_all(const char *path, const struct curfew_json *json, struct curfew_callers *callers,
                                   struct curfew_error *error)
{
    const struct curfew_json *list = curfew_json_member(json, "callers");
    const size_t count = curfew_json_count(list);
    if (!curfew_json_is_array(list) || !curfew_json_only(json, file_members) || count > CURFEW_CALLERS_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading callers %s: it must be {\"callers\": [...]} with at most %d of them", path,
                                CURFEW_CALLERS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        struct curfew_error wrong;
        const enum curfew_status status = read_entry(path, curfew_json_item(list, i), callers, &wrong);
        if (status != CURFEW_OK) {
            return curfew_error_set(error, status, "reading callers %s: caller %zu: %s", path, i + 1, wrong.text);
        }
    }
    return CURFEW_OK;
}

/* Whoever may write it may speak by any key it can name. */
static enum curfew_status check_mode(const char *path, struct curfew_error *error)
{
    struct stat facts;
    if (stat(path, &facts) == 0 && (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return curfew_error_set(
            error, CURFEW_INVALID,
            "reading callers %s: its mode is %04o, and others than its owner may write it; run chmod "
            "644 %s",
            path, (unsigned)(facts.st_mode & 07777), path);
    }
    return CURFEW_OK;
}

enum curfew_status curfew_callers_load(const char *path, struct curfew_callers **callers, struct curfew_error *error)
{
    const struct curfew_file_request request = {path, "callers", CURFEW_CALLERS_FILE_MAX, CURFEW_FILE_PUBLIC};
    struct curfew_file file = {NULL, 0};
    struct curfew_json *json = NULL;
    struct curfew_callers *made = calloc(1, sizeof *made);
    *callers = NULL;
    enum curfew_status status = made == NULL ? no_memory(error) : check_mode(path, error);
    if (status == CURFEW_OK) {
        status = curfew_file_read(&request, &file, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_json_parse((struct curfew_slice){file.bytes, file.size}, &json, error);
        if (status == CURFEW_INVALID) {
            (void)curfew_error_set(error, status, "reading callers %s: it is no JSON; see docs/door.md", path);
        }
    }
    if (status == CURFEW_OK) {
        status = read_all(path, json, made, error);
    }
    curfew_json_destroy(json);
    curfew_file_wipe(&file);
    if (status != CURFEW_OK) {
        curfew_callers_destroy(made);
        return status;
    }
    *callers = made;
    return CURFEW_OK;
}

const struct curfew_caller *curfew_callers_at(const struct curfew_callers *callers, size_t index)
{
    return index < callers->count ? &callers->list[index].caller : NULL;
}

static const struct curfew_caller *find(const struct curfew_callers *callers, const struct entry *wanted)
{
    for (size_t i = 0; i < callers->count; i++) {
        if (same_way(&callers->list[i], wanted)) {
            return &callers->list[i].caller;
        }
    }
    return NULL;
}

const struct curfew_caller *curfew_callers_of_user(const struct curfew_callers *callers, uid_t user)
{
    return find(callers, &(const struct entry){.way = WAY_USER, .user = user});
}

const struct curfew_caller *curfew_callers_of_name(const struct curfew_callers *callers, enum curfew_http_name kind,
                                                   struct curfew_slice name)
{
    char text[CURFEW_ID_MAX + 1];
    if (!curfew_id_valid(name)) {
        return NULL;
    }
    memcpy(text, name.at, name.size);
    text[name.size] = '\0';
    return find(callers,
                &(const struct entry){.way = kind == CURFEW_HTTP_NAME_URI ? WAY_URI : WAY_DNS, .certified = text});
}

const struct curfew_caller *curfew_callers_of_secret(const struct curfew_callers *callers, struct curfew_slice secret)
{
    struct entry wanted = {.way = WAY_SECRET};
    curfew_sha256(&secret, 1, wanted.secret);
    return find(callers, &wanted);
}
