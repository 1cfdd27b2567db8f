/* settings: what the process read, as the list that a hop and the producers of the door take. */
#ifndef CURFEW_GUARD_SETTINGS_H
#define CURFEW_GUARD_SETTINGS_H

#include "core/config.h"

struct curfew_guard_settings;

/* The config must outlive it. */
enum curfew_status curfew_guard_settings_create(const struct curfew_config *config,
                                                struct curfew_guard_settings **settings,
                                                struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_guard_settings_destroy(struct curfew_guard_settings *settings);

/* name, value, …, NULL. */
const char *const *curfew_guard_settings_list(const struct curfew_guard_settings *settings);
/* The same with one more at its end, which counts over one before it; free() ends the list. NULL: no memory. */
const char **curfew_guard_settings_with(const struct curfew_guard_settings *settings, const char *name,
                                        const char *value);

#endif
