/* status: the words for what a call can come to, and the one line that fills in an error. */
#include <curfew/status.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *curfew_status_name(enum curfew_status status)
{
    switch (status) {
    case CURFEW_OK:
        return "ok";
    case CURFEW_INVALID:
        return "invalid";
    case CURFEW_UNAVAILABLE:
        return "unavailable";
    case CURFEW_TIMEOUT:
        return "timeout";
    case CURFEW_REFUSED:
        return "refused";
    case CURFEW_FULL:
        return "full";
    case CURFEW_CLOSED:
        return "closed";
    case CURFEW_NOMEM:
        return "nomem";
    case CURFEW_INTERNAL:
        return "internal";
    }
    return "unknown";
}

/* Takes a UTF-8 character that was cut in half off the end: what remains goes into JSON as it is. */
static void trim_cut_character(char *text)
{
    size_t size = strlen(text);
    size_t start = size;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) {
        start--;
    }
    if (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0xC0) {
        unsigned char lead = (unsigned char)text[start - 1];
        size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (size - start + 1 < wanted) {
            text[start - 1] = '\0';
        }
    }
}

enum curfew_status curfew_error_set(struct curfew_error *error, enum curfew_status status, const char *format, ...)
{
    if (error == NULL) {
        return status;
    }

    /* Written aside first: callers add their own words around error->text of a call below them. */
    char text[CURFEW_ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0) {
        text[0] = '\0';
    } else if ((size_t)size >= sizeof text) {
        trim_cut_character(text);
    }

    *error = (struct curfew_error){
        .status = status,
        .retriable = status == CURFEW_UNAVAILABLE || status == CURFEW_TIMEOUT || status == CURFEW_FULL,
    };
    memcpy(error->text, text, strlen(text) + 1);
    return status;
}
