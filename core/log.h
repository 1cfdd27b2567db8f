/* log: one line a thing that happened, on standard error: RFC 3339 time, level, component, text. Any thread; a line is
 * written whole. Never given a token, a key or a query string: callers log digests. */
#ifndef CURFEW_CORE_LOG_H
#define CURFEW_CORE_LOG_H

#include <curfew/status.h>

enum curfew_log_level {
    CURFEW_LOG_DEBUG,
    CURFEW_LOG_INFO,
    CURFEW_LOG_WARNING,
    CURFEW_LOG_ERROR,
    CURFEW_LOG_OFF, /* a level to set, not to log at */
};

/* Lines below `level` are dropped; the default is CURFEW_LOG_INFO. */
void curfew_log_level_set(enum curfew_log_level level);
enum curfew_status curfew_log_level_parse(const char *name, enum curfew_log_level *level) CURFEW_MUST_CHECK;

/* `component` is a short constant ("feed"). Control characters in the text are written as '?'; a line is at most 1,024
 * bytes. */
void curfew_log(enum curfew_log_level level, const char *component, const char *format, ...) CURFEW_PRINTF(3, 4);

#endif
