/* jose_file: reads a key file, and wipes what it read. */
#include "core/jose_file.h"

#include "core/file.h"

enum curfew_status curfew_jose_file_load(const char *path, const char *what, struct curfew_jose_key **key,
                                         struct curfew_error *error)
{
    struct curfew_error inner;
    struct curfew_file file;
    const struct curfew_file_request request = {path, what, CURFEW_JOSE_FILE_MAX, CURFEW_FILE_PRIVATE};
    *key = NULL;
    enum curfew_status status = curfew_file_read(&request, &file, error);
    if (status != CURFEW_OK) {
        return status;
    }
    status = curfew_jose_key_private((struct curfew_slice){file.bytes, file.size}, key, &inner);
    curfew_file_wipe(&file);
    return status == CURFEW_OK ? status : curfew_error_set(error, status, "reading %s %s: %s", what, path, inner.text);
}
