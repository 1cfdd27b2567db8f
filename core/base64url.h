/* base64url: RFC 4648 §5 without padding, as JOSE wants it. Pure. Any thread. */
#ifndef CURFEW_CORE_BASE64URL_H
#define CURFEW_CORE_BASE64URL_H

#include <curfew/slice.h>

/* Characters that `size` bytes become, without a NUL. */
#define CURFEW_BASE64URL_SIZE(size) (((size)*4 + 2) / 3)

/* Writes CURFEW_BASE64URL_SIZE(bytes.size) characters and a NUL. */
void curfew_base64url_encode(struct curfew_slice bytes, char *text);

/* Strict: no padding, no blanks, no other alphabet, no length that nothing encodes to, and unused bits zero, so that
 * one value has one spelling. `bytes` holds at least text.size * 3 / 4. */
bool curfew_base64url_decode(struct curfew_slice text, uint8_t *bytes, size_t *size);

/* Whether a text has characters of the alphabet alone; it need not decode for that. */
bool curfew_base64url_only(struct curfew_slice text);

#endif
