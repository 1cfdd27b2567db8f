/* base64url: bytes to text and back, one spelling a value. */
#include "core/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int value_of(uint8_t character)
{
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    return character == '-' ? 62 : character == '_' ? 63 : -1;
}

void curfew_base64url_encode(struct curfew_slice bytes, char *text)
{
    uint32_t pending = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        pending = pending << 8 | bytes.at[i];
        for (bits += 8; bits >= 6; bits -= 6) {
            *text++ = alphabet[pending >> (bits - 6) & 63];
        }
    }
    if (bits > 0) {
        *text++ = alphabet[pending << (6 - bits) & 63];
    }
    *text = '\0';
}

bool curfew_base64url_decode(struct curfew_slice text, uint8_t *bytes, size_t *size)
{
    uint32_t pending = 0;
    unsigned bits = 0;
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = value_of(text.at[i]);
        if (value < 0) {
            return false;
        }
        pending = pending << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[used++] = (uint8_t)(pending >> bits);
        }
    }
    /* Six bits left over are a character that carries no byte; other left-over bits must not differ between spellings.
     */
    if (bits == 6 || (pending & ((1U << bits) - 1)) != 0) {
        return false;
    }
    *size = used;
    return true;
}

bool curfew_base64url_only(struct curfew_slice text)
{
    bool only = true;
    for (size_t i = 0; only && i < text.size; i++) {
        only = value_of(text.at[i]) >= 0;
    }
    return only;
}
