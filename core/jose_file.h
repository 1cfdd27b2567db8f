/* jose_file: a private key of core/jose_key.h in a PEM file, read. Any thread. */
#ifndef CURFEW_CORE_JOSE_FILE_H
#define CURFEW_CORE_JOSE_FILE_H

#include "core/jose_key.h"

#define CURFEW_JOSE_FILE_MAX (16 * 1024) /* bytes of a key file */

/* The file must not be readable by the group or others (mode 0600 or stricter); `what` names it in errors. */
enum curfew_status curfew_jose_file_load(const char *path, const char *what, struct curfew_jose_key **key,
                                         struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
