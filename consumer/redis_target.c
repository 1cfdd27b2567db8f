/* redis_target: reads an address and a password file. */
#include "consumer/redis_target.h"
#include "core/file.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_SCHEME "unix:"
#define PORT_DIGITS 5

/* 0: not a port. */
static int parse_port(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > PORT_DIGITS || strspn(text, "0123456789") != size) {
        return 0;
    }
    long port = strtol(text, NULL, 10);
    return port <= UINT16_MAX ? (int)port : 0;
}

enum curfew_status curfew_redis_target_parse(const char *address, const char *password_file,
                                             struct curfew_redis_target *target, struct curfew_error *error)
{
    *target = (struct curfew_redis_target){.address = strdup(address)};
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);
    const char *path = strncmp(address, UNIX_SCHEME, strlen(UNIX_SCHEME)) == 0 ? address + strlen(UNIX_SCHEME) : NULL;
    bool bracketed = size > 2 && address[0] == '[' && address[size - 1] == ']';
    bool plain = colon == strchr(address, ':') && address[0] != '['; /* an IPv6 address goes in brackets */
    target->port = path != NULL || size == 0 ? 0 : parse_port(colon + 1);
    if (path == NULL ? target->port == 0 || (!bracketed && !plain) : path[0] != '/') {
        return curfew_error_set(error, CURFEW_INVALID,
                                "opening the cache: cache.address is \"%s\"; write host:port, [address]:port or "
                                "unix:/path",
                                address);
    }
    target->host = path != NULL ? strdup(path) : bracketed ? strndup(address + 1, size - 2) : strndup(address, size);
    bool keyed = password_file != NULL && password_file[0] != '\0';
    target->password_file = keyed ? strdup(password_file) : NULL;
    if (target->address == NULL || target->host == NULL || (keyed && target->password_file == NULL)) {
        return curfew_error_set(error, CURFEW_NOMEM, "opening the cache: no memory");
    }
    return CURFEW_OK;
}

void curfew_redis_target_clear(struct curfew_redis_target *target)
{
    free(target->address);
    free(target->host);
    free(target->password_file);
    *target = (struct curfew_redis_target){.port = 0};
}

enum curfew_status curfew_redis_login_read(const struct curfew_redis_target *target, struct curfew_redis_login *login,
                                           struct curfew_error *error)
{
    login->user = NULL;
    login->password = NULL;
    if (target->password_file == NULL) {
        return CURFEW_OK;
    }
    const struct curfew_file_request request = {.path = target->password_file,
                                                .what = "password file of Redis (cache.password_file)",
                                                .most = CURFEW_REDIS_PASSWORD_MAX,
                                                .privacy = CURFEW_FILE_PRIVATE};
    struct curfew_file file;
    enum curfew_status status = curfew_file_read(&request, &file, error);
    if (status != CURFEW_OK) {
        return status;
    }
    size_t size = file.size;
    while (size > 0 && (file.bytes[size - 1] == '\n' || file.bytes[size - 1] == '\r')) {
        size--;
    }
    memcpy(login->text, file.bytes, size);
    login->text[size] = '\0';
    curfew_file_wipe(&file);
    if (size == 0 || strcspn(login->text, "\r\n") != size) {
        explicit_bzero(login->text, sizeof(login->text));
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading %s: the password of Redis must be one line, user:password or password",
                                target->password_file);
    }
    char *colon = strchr(login->text, ':');
    if (colon != NULL) {
        *colon = '\0';
        login->user = login->text;
    }
    login->password = colon == NULL ? login->text : colon + 1;
    return CURFEW_OK;
}
