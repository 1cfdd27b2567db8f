/* input: tokens and small files from a path or standard input. Tokens come this way alone, never as an argument. Any
 * thread. */
#ifndef CURFEW_CLI_INPUT_H
#define CURFEW_CLI_INPUT_H

#include <curfew/slice.h>
#include <curfew/status.h>

/* Reads a whole file ("-": standard input) of 1..`most` bytes. `*text` is malloc'ed, NUL-terminated; the caller passes
 * it to curfew_input_free. `what` names it in the error. */
enum curfew_status curfew_input_read(const char *what, const char *path, size_t most, char **text, size_t *size,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;

/* The same for a token (CURFEW_TOKEN_MAX bytes): blanks around it are dropped; blanks inside are an error. */
enum curfew_status curfew_input_token(const char *path, char **token, size_t *size,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

/* Wipes and frees; NULL is fine. */
void curfew_input_free(char *text, size_t size);

#endif
