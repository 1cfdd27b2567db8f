/* credentials: exactly one Authorization header, any case of its scheme, one space or more (RFC 7235 §2.1). */
#include "services/guard/credentials.h"
#include <strings.h>

/* With two, this hop and what stands behind it might each believe another one. */
enum curfew_credentials curfew_credentials_find(const struct curfew_http_request *request, const char **text)
{
    int count = 0;
    const char *value = curfew_http_header(request, "Authorization", &count);
    if (count == 0 || value == NULL) {
        return CURFEW_CREDENTIALS_MISSING;
    }
    const size_t scheme = strlen(CURFEW_CREDENTIALS_SCHEME);
    if (count > 1 || strncasecmp(value, CURFEW_CREDENTIALS_SCHEME, scheme) != 0 || value[scheme] != ' ') {
        return CURFEW_CREDENTIALS_UNCLEAR;
    }
    *text = value + scheme + strspn(value + scheme, " ");
    return (*text)[0] == '\0' ? CURFEW_CREDENTIALS_UNCLEAR : CURFEW_CREDENTIALS_FOUND;
}
