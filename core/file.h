/* file: a small file read whole, or a new private one written. Any thread. */
#ifndef CURFEW_CORE_FILE_H
#define CURFEW_CORE_FILE_H

#include <curfew/slice.h>
#include <curfew/status.h>
#include <sys/types.h>
#include <time.h>

struct curfew_file {
    uint8_t *bytes; /* with a NUL behind the last, which `size` does not count */
    size_t size;
};

enum curfew_file_privacy {
    CURFEW_FILE_PUBLIC,
    CURFEW_FILE_PRIVATE, /* CURFEW_INVALID if the group or others may do anything with it */
};

struct curfew_file_request {
    const char *path;
    const char *what; /* names it in errors: "JWKS file" */
    size_t most; /* bytes */
    enum curfew_file_privacy privacy;
};

/* Reads a regular file. CURFEW_UNAVAILABLE: it cannot be opened or read; CURFEW_INVALID: it is not a regular file, too
 * long, or not private. */
enum curfew_status curfew_file_read(const struct curfew_file_request *request, struct curfew_file *file,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;
/* Makes a new file of mode 0600 that holds `bytes`, durably; `what` names it in errors. Under its name there is all of
 * it or nothing, whenever the process dies: it is written under another (path, a dot, six characters) and linked.
 * CURFEW_INVALID: there is one already, which is never overwritten: it may be the only copy of a key.
 * CURFEW_UNAVAILABLE: it cannot be written. */
enum curfew_status curfew_file_create_private(const char *path, const char *what, struct curfew_slice bytes,
                                              struct curfew_error *error) CURFEW_MUST_CHECK;
/* What tells that a file is another than before. Compared whole; all zeros: there is none, or it is not known. */
struct curfew_file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
};
void curfew_file_stamp(const char *path, struct curfew_file_stamp *stamp);
bool curfew_file_stamp_same(const struct curfew_file_stamp *a, const struct curfew_file_stamp *b);

/* Wipes and frees the bytes; again is fine. */
void curfew_file_wipe(struct curfew_file *file);

#endif
