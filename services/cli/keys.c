/* keys: a cluster's first secrets, made or found. */
#include "services/cli/keys.h"
#include "core/digest.h"
#include "core/file.h"
#include "core/id.h"
#include "services/issuer/signer.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static enum curfew_status open_master(const char *directory, struct curfew_keys *keys, struct curfew_error *error)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/master.key", directory) >= (int)sizeof path)
        return curfew_error_set(error, CURFEW_INVALID, "making keys: the path of --keys is too long");
    if (exists(path))
        return curfew_master_load(path, keys->master, error);
    curfew_random(keys->master, sizeof keys->master);
    return curfew_master_store(path, keys->master, error);
}

static enum curfew_status open_operator(const char *directory, const char *name, struct curfew_keys *keys,
                                        struct curfew_error *error)
{
    char path[PATH_MAX];
    uint8_t key[CURFEW_WRITER_KEY_SIZE];
    enum curfew_status status = CURFEW_OK;

    if (snprintf(path, sizeof path, "%s/%s.key", directory, name) >= (int)sizeof path)
        return curfew_error_set(error, CURFEW_INVALID, "making keys: the path of --keys is too long");
    if (!exists(path)) {
        curfew_mac_key_bytes(keys->master, curfew_slice_of(name), 1, key);
        status = curfew_writer_key_store(path, curfew_slice_of(name), 1, key, error);
        explicit_bzero(key, sizeof key);
    }
    if (status == CURFEW_OK)
        status = curfew_writer_key_load(path, &keys->operator_key, error);
    if (status == CURFEW_OK && strcmp(keys->operator_key.writer, name) != 0)
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "making keys: %s is the key of %s, not %s; name another directory with --keys", path,
                                  keys->operator_key.writer, name);
    return status;
}

/* The public half of what coordinators sign with, for everybody else. */
static enum curfew_status store_public(const char *path, const struct curfew_signer *signer, struct curfew_error *error)
{
    char *jwks = curfew_signer_jwks(signer);

    if (jwks == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "making keys: out of memory");
    enum curfew_status status =
        curfew_file_create_private(path, "the coordinators' public keys", curfew_slice_of(jwks), error);
    free(jwks);
    if (status == CURFEW_OK && chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) != 0)
        status =
            curfew_error_set(error, CURFEW_UNAVAILABLE, "making keys: letting all read %s: %s", path, strerror(errno));
    return status;
}

static enum curfew_status open_coordinators(const char *directory, struct curfew_error *error)
{
    char private[PATH_MAX];
    char public[PATH_MAX];
    struct curfew_signer *signer = NULL;
    enum curfew_status status = CURFEW_OK;

    if (snprintf(private, sizeof private, "%s/coordinator.pem", directory) >= (int)sizeof private ||
        snprintf(public, sizeof public, "%s/coordinators.json", directory) >= (int)sizeof public)
        return curfew_error_set(error, CURFEW_INVALID, "making keys: the path of --keys is too long");
    if (exists(public) && !exists(private))
        return curfew_error_set(error, CURFEW_INVALID,
                                "making keys: %s is there, but not %s, of which it is the public half; put it back, or "
                                "name another directory with --keys",
                                public, private);
    if (!exists(private)) {
        char *jwks = NULL;
        status = curfew_signer_generate(CURFEW_JOSE_ES256, private, &jwks, error);
        free(jwks);
    }
    if (status == CURFEW_OK && !exists(public)) {
        status = curfew_signer_load(private, &signer, error);
        if (status == CURFEW_OK)
            status = store_public(public, signer, error);
        curfew_signer_destroy(signer);
    }
    return status;
}

/* Whoever else may write in the directory could put a master key of their own there, and be every writer. */
static enum curfew_status open_directory(const char *directory, struct curfew_error *error)
{
    struct stat facts;

    if (mkdir(directory, S_IRWXU) != 0 && errno != EEXIST)
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "making the directory %s of --keys: %s", directory,
                                strerror(errno));
    if (stat(directory, &facts) != 0)
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "looking at the directory %s of --keys: %s", directory,
                                strerror(errno));
    if (!S_ISDIR(facts.st_mode))
        return curfew_error_set(error, CURFEW_INVALID, "making keys: %s of --keys is no directory", directory);
    if (facts.st_uid != geteuid() || (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return curfew_error_set(error, CURFEW_INVALID,
                                "making keys: somebody else may write in %s (owner %ld, mode %04o), and could put a "
                                "master key of theirs there; name a directory that is yours with --keys",
                                directory, (long)facts.st_uid, (unsigned)(facts.st_mode & 07777));
    return CURFEW_OK;
}

enum curfew_status curfew_keys_open(const char *directory, const char *name, struct curfew_keys *keys,
                                    struct curfew_error *error)
{
    *keys = (struct curfew_keys){.operator_key = {.key = NULL}};
    if (!curfew_id_valid(curfew_slice_of(name)) || strchr(name, '/') != NULL || name[0] == '.' ||
        strcmp(name, "master") == 0)
        return curfew_error_set(error, CURFEW_INVALID,
                                "making keys: \"%.64s\" cannot be an operator's name, which is a file's name too",
                                name);
    enum curfew_status status = open_directory(directory, error);
    if (status == CURFEW_OK)
        status = open_master(directory, keys, error);
    if (status == CURFEW_OK)
        status = open_operator(directory, name, keys, error);
    if (status == CURFEW_OK)
        status = open_coordinators(directory, error);
    if (status != CURFEW_OK)
        curfew_keys_wipe(keys);
    return status;
}

void curfew_keys_wipe(struct curfew_keys *keys)
{
    explicit_bzero(keys->master, sizeof keys->master);
    curfew_writer_key_wipe(&keys->operator_key);
}
