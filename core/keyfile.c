/* keyfile: secret keys from and to small JSON files. */
#include "core/keyfile.h"
#include "core/base64url.h"
#include "core/file.h"
#include "core/id.h"
#include "core/json.h"
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX 4096
#define KEY_TEXT_SIZE 44 /* base64url of 32 bytes, and a NUL */

static const char *const writer_members[] = {"writer", "epoch", "key", NULL};
static const char *const master_members[] = {"master", NULL};

/* Reads the file's JSON; `*file` is the caller's to wipe, whatever happens. */
static enum curfew_status read_json(const char *path, const char *what, struct curfew_file *file,
                                    struct curfew_json **json, struct curfew_error *error)
{
    const struct curfew_file_request request = {path, what, FILE_MAX, CURFEW_FILE_PRIVATE};
    enum curfew_status status = curfew_file_read(&request, file, error);
    if (status == CURFEW_OK) {
        status = curfew_json_parse((struct curfew_slice){file->bytes, file->size}, json, error);
        if (status == CURFEW_INVALID) {
            (void)curfew_error_set(error, status, "reading %s %s: it is no JSON; make a new one", what, path);
        }
    }
    return status;
}

/* 32 bytes of a member. */
static bool read_key(const struct curfew_json *json, const char *member, uint8_t key[CURFEW_WRITER_KEY_SIZE])
{
    struct curfew_slice text = {0};
    size_t size = 0;
    return curfew_json_string(curfew_json_member(json, member), &text) && text.size == KEY_TEXT_SIZE - 1 &&
           curfew_base64url_decode(text, key, &size) && size == CURFEW_WRITER_KEY_SIZE;
}

enum curfew_status curfew_writer_key_load(const char *path, struct curfew_writer_key *key, struct curfew_error *error)
{
    struct curfew_file file = {NULL, 0};
    struct curfew_json *json = NULL;
    struct curfew_slice writer = {0};
    int64_t epoch = 0;
    uint8_t bytes[CURFEW_WRITER_KEY_SIZE];
    *key = (struct curfew_writer_key){.key = NULL};
    enum curfew_status status = read_json(path, "writer key file", &file, &json, error);
    if (status != CURFEW_OK) {
        goto out;
    }
    if (!curfew_json_only(json, writer_members) || !curfew_json_string(curfew_json_member(json, "writer"), &writer) ||
        !curfew_id_valid(writer) || !curfew_json_int(curfew_json_member(json, "epoch"), &epoch) || epoch < 1 ||
        epoch > INT32_MAX || !read_key(json, "key", bytes)) {
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "reading writer key file %s: it is not as curfew writer add makes it (writer, epoch, "
                                  "key); ask an operator for another",
                                  path);
        goto out;
    }
    memcpy(key->writer, writer.at, writer.size);
    key->key = curfew_mac_key_create(bytes, (int32_t)epoch);
out:
    explicit_bzero(bytes, sizeof bytes);
    curfew_json_destroy(json);
    curfew_file_wipe(&file);
    return status;
}

void curfew_writer_key_wipe(struct curfew_writer_key *key)
{
    curfew_mac_key_destroy(key->key);
    *key = (struct curfew_writer_key){.key = NULL};
}

enum curfew_status curfew_master_load(const char *path, uint8_t master[CURFEW_MASTER_SIZE], struct curfew_error *error)
{
    struct curfew_file file = {NULL, 0};
    struct curfew_json *json = NULL;
    enum curfew_status status = read_json(path, "master key file", &file, &json, error);
    if (status == CURFEW_OK && (!curfew_json_only(json, master_members) || !read_key(json, "master", master))) {
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "reading master key file %s: it is not as curfew topics create makes it (master); "
                                  "restore it from a copy, since no other can take its place",
                                  path);
    }
    curfew_json_destroy(json);
    curfew_file_wipe(&file);
    return status;
}

/* A JSON object's text into a new private file; the object is destroyed. */
static enum curfew_status store(const char *path, const char *what, struct curfew_json *json,
                                struct curfew_error *error)
{
    char *text = json == NULL ? NULL : curfew_json_print(json);
    curfew_json_destroy(json);
    if (text == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "writing %s %s: out of memory", what, path);
    }
    const size_t size = strlen(text);
    text[size] = '\n'; /* in the place of its NUL: the file is a line */
    const enum curfew_status status =
        curfew_file_create_private(path, what, (struct curfew_slice){(uint8_t *)text, size + 1}, error);
    explicit_bzero(text, size);
    free(text);
    return status;
}

enum curfew_status curfew_writer_key_store(const char *path, struct curfew_slice writer, int32_t epoch,
                                           const uint8_t key[CURFEW_WRITER_KEY_SIZE], struct curfew_error *error)
{
    char text[KEY_TEXT_SIZE];
    struct curfew_json *json = curfew_json_object();
    curfew_base64url_encode((struct curfew_slice){key, CURFEW_WRITER_KEY_SIZE}, text);
    if (!curfew_json_set(json, "writer", curfew_json_of_string(writer)) ||
        !curfew_json_set(json, "epoch", curfew_json_of_int(epoch)) ||
        !curfew_json_set(json, "key", curfew_json_of_string(curfew_slice_of(text)))) {
        curfew_json_destroy(json);
        json = NULL;
    }
    explicit_bzero(text, sizeof text);
    return store(path, "writer key file", json, error);
}

enum curfew_status curfew_master_store(const char *path, const uint8_t master[CURFEW_MASTER_SIZE],
                                       struct curfew_error *error)
{
    char text[KEY_TEXT_SIZE];
    struct curfew_json *json = curfew_json_object();
    curfew_base64url_encode((struct curfew_slice){master, CURFEW_MASTER_SIZE}, text);
    if (!curfew_json_set(json, "master", curfew_json_of_string(curfew_slice_of(text)))) {
        curfew_json_destroy(json);
        json = NULL;
    }
    explicit_bzero(text, sizeof text);
    return store(path, "master key file", json, error);
}
