/* file: open, look at what was opened, read it whole. */
#include "core/file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* On what was opened, not on the path: it may name another file by now. */
static enum curfew_status check_kind(int descriptor, const struct curfew_file_request *request, size_t *size,
                                     struct curfew_error *error)
{
    struct stat facts;
    if (fstat(descriptor, &facts) != 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "reading %s %s: %s", request->what, request->path,
                                strerror(errno));
    }
    if (!S_ISREG(facts.st_mode)) {
        return curfew_error_set(error, CURFEW_INVALID, "reading %s %s: not a regular file", request->what,
                                request->path);
    }
    if (request->privacy == CURFEW_FILE_PRIVATE && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading %s %s: its mode is %04o, open to others than its owner; run chmod 600 %s",
                                request->what, request->path, (unsigned)(facts.st_mode & 07777), request->path);
    }
    if (facts.st_size < 0 || (uintmax_t)facts.st_size > request->most) {
        return curfew_error_set(error, CURFEW_INVALID, "reading %s %s: %jd bytes are more than the %zu it may have",
                                request->what, request->path, (intmax_t)facts.st_size, request->most);
    }
    *size = (size_t)facts.st_size;
    return CURFEW_OK;
}

enum curfew_status curfew_file_read(const struct curfew_file_request *request, struct curfew_file *file,
                                    struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    size_t size = 0;
    *file = (struct curfew_file){NULL, 0};
    /* O_NONBLOCK: a FIFO in the file's place is an error, not a wait; it changes nothing for a regular file. */
    int descriptor = open(request->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "opening %s %s: %s", request->what, request->path,
                                strerror(errno));
    }
    status = check_kind(descriptor, request, &size, error);
    if (status != CURFEW_OK) {
        goto out;
    }
    file->bytes = calloc(1, size + 1);
    if (file->bytes == NULL) {
        status = curfew_error_set(error, CURFEW_NOMEM, "reading %s %s: out of memory", request->what, request->path);
        goto out;
    }
    while (file->size < size) {
        ssize_t got = read(descriptor, file->bytes + file->size, size - file->size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            status = curfew_error_set(error, CURFEW_UNAVAILABLE, "reading %s %s: %s", request->what, request->path,
                                      strerror(errno));
            goto out;
        }
        if (got == 0) {
            break; /* it became shorter; what is read is judged by its content */
        }
        file->size += (size_t)got;
    }
out:
    close(descriptor);
    if (status != CURFEW_OK) {
        curfew_file_wipe(file);
    }
    return status;
}

void curfew_file_wipe(struct curfew_file *file)
{
    if (file->bytes != NULL) {
        explicit_bzero(file->bytes, file->size);
        free(file->bytes);
    }
    *file = (struct curfew_file){NULL, 0};
}

static bool write_all(int descriptor, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(descriptor, bytes, size);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* Makes what happened to the directory's entries durable; a directory that cannot be opened for it is no harm. */
static bool sync_directory(const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const int size = slash == NULL ? 0 : (int)(slash - path) + 1;
    snprintf(directory, sizeof directory, "%.*s", size == 0 ? 1 : size, size == 0 ? "." : path);
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return true;
    }
    bool synced = fsync(descriptor) == 0 || errno == EINVAL; /* which some file systems say of a directory */
    close(descriptor);
    return synced;
}

/* The bytes, durable, in a file of mode 0600 whose name ends the template `part`. Leaves no file when it fails. */
static bool write_part(char *part, struct curfew_slice bytes)
{
    int descriptor = mkostemp(part, O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    bool written = write_all(descriptor, bytes.at, bytes.size) && fsync(descriptor) == 0;
    int problem = errno;
    if (close(descriptor) != 0 && written) {
        written = false;
        problem = errno;
    }
    if (!written) {
        (void)unlink(part);
        errno = problem;
    }
    return written;
}

enum curfew_status curfew_file_create_private(const char *path, const char *what, struct curfew_slice bytes,
                                              struct curfew_error *error)
{
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s.XXXXXX", path) >= (int)sizeof part) {
        return curfew_error_set(error, CURFEW_INVALID, "writing a new %s: its path of %zu bytes is too long", what,
                                strlen(path));
    }
    bool linked = false;
    bool written = write_part(part, bytes);
    if (written) {
        linked = link(part, path) == 0; /* the whole file or none under its name, and never in place of another */
        int problem = errno;
        (void)unlink(part);
        errno = problem;
    }
    if (written && !linked && errno == EEXIST) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "writing a new %s to %s: it exists, and a key is never overwritten; name another file "
                                "or move that one away",
                                what, path);
    }
    if (!linked || !sync_directory(path)) {
        int problem = errno;
        if (linked) {
            (void)unlink(path); /* ours: a key that may be gone after a power cut is none */
        }
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "writing a new %s to %s: %s", what, path, strerror(problem));
    }
    return CURFEW_OK;
}

void curfew_file_stamp(const char *path, struct curfew_file_stamp *stamp)
{
    struct stat facts;
    memset(stamp, 0, sizeof *stamp); /* compared whole */
    if (stat(path, &facts) == 0) {
        stamp->device = facts.st_dev;
        stamp->inode = facts.st_ino;
        stamp->size = facts.st_size;
        stamp->modified = facts.st_mtim;
        stamp->changed = facts.st_ctim;
    }
}

bool curfew_file_stamp_same(const struct curfew_file_stamp *a, const struct curfew_file_stamp *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
