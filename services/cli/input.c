/* input: tokens and small files from a path or standard input. */
#include "services/cli/input.h"
#include <curfew/hop.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BLANKS_MAX 1024 /* around a token */

/* Fills `text` from the descriptor; stops at the end or when `capacity` bytes are there. */
static int fill(int descriptor, char *text, size_t capacity, size_t *size)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t got = read(descriptor, text + *size, capacity - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    return 0;
}

enum curfew_status curfew_input_read(const char *what, const char *path, size_t most, char **text, size_t *size,
                                     struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    bool standard = strcmp(path, "-") == 0;
    const char *name = standard ? "standard input" : path;
    char *bytes = NULL;
    size_t used = 0;

    *text = NULL;
    *size = 0;
    int descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return curfew_error_set(error, CURFEW_INVALID, "reading %s from %s: %m", what, name);
    bytes = malloc(most + 2); /* one to see that there is more, one for the NUL */
    if (bytes == NULL) {
        status = curfew_error_set(error, CURFEW_NOMEM, "reading %s from %s: out of memory", what, name);
        goto out;
    }
    int failed = fill(descriptor, bytes, most + 1, &used);
    if (failed != 0)
        status = curfew_error_set(error, CURFEW_INVALID, "reading %s from %s: %s", what, name, strerror(failed));
    else if (used > most)
        status = curfew_error_set(error, CURFEW_INVALID, "reading %s from %s: longer than %zu bytes", what, name, most);
    else if (used == 0)
        status = curfew_error_set(error, CURFEW_INVALID, "reading %s from %s: it is empty", what, name);
    if (status != CURFEW_OK)
        goto out;
    bytes[used] = '\0';
    *text = bytes;
    *size = used;
    bytes = NULL;
out:
    curfew_input_free(bytes, used);
    if (!standard)
        close(descriptor);
    return status;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

enum curfew_status curfew_input_token(const char *path, char **token, size_t *size, struct curfew_error *error)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    size_t all = 0;
    size_t first = 0;

    if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO))
        fputs("curfew: waiting for a token on standard input; end it with Ctrl-D\n", stderr);
    enum curfew_status status = curfew_input_read("a token", path, CURFEW_TOKEN_MAX + BLANKS_MAX, token, &all, error);
    if (status != CURFEW_OK)
        return status;
    char *text = *token;
    size_t end = all;
    while (end > 0 && is_blank(text[end - 1]))
        end--;
    while (first < end && is_blank(text[first]))
        first++;
    bool whole = true;
    for (size_t i = first; i < end; i++)
        whole = whole && !is_blank(text[i]) && text[i] != '\0';
    if (first == end || !whole || end - first > CURFEW_TOKEN_MAX) {
        curfew_input_free(text, all);
        *token = NULL;
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading a token from %s: it must be one word of at most %d bytes, and nothing else",
                                name, CURFEW_TOKEN_MAX);
    }
    memmove(text, text + first, end - first);
    explicit_bzero(text + (end - first), all - (end - first));
    *size = end - first;
    return CURFEW_OK;
}

void curfew_input_free(char *text, size_t size)
{
    if (text == NULL)
        return;
    explicit_bzero(text, size);
    free(text);
}
