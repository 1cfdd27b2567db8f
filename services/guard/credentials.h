/* credentials: what stands in a request's Authorization header, of the scheme Bearer (RFC 6750 §2.1). Any thread. */
#ifndef CURFEW_GUARD_CREDENTIALS_H
#define CURFEW_GUARD_CREDENTIALS_H

#include "core/http.h"

#define CURFEW_CREDENTIALS_SCHEME "Bearer"

enum curfew_credentials {
    CURFEW_CREDENTIALS_FOUND,
    CURFEW_CREDENTIALS_MISSING,
    CURFEW_CREDENTIALS_UNCLEAR, /* several, of another scheme, or empty */
};

/* `*text` lives as long as the request. */
enum curfew_credentials curfew_credentials_find(const struct curfew_http_request *request, const char **text);

#endif
