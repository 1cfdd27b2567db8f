/* voices: the producers of the door, one a writer's key file, so that each event is proven by the key of whom it is
 * said for. Emitting: any thread. Everything else: one thread. */
#ifndef CURFEW_GUARD_VOICES_H
#define CURFEW_GUARD_VOICES_H

#include "services/guard/settings.h"
#include <curfew/producer.h>

#define CURFEW_VOICES_MAX 17 /* callers' and the door's own */
#define CURFEW_VOICES_CLOSE_MS 2000 /* what all producers together have to hand over what is under way */

struct curfew_voices;

/* The settings must outlive it. */
enum curfew_status curfew_voices_create(const struct curfew_guard_settings *settings, struct curfew_voices **voices,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;
/* What is under way is told before. */
void curfew_voices_destroy(struct curfew_voices *voices);

/* Makes there be one for each of these files, as they are now, and no other. When one cannot be opened all stays as it
 * was. */
enum curfew_status curfew_voices_set(struct curfew_voices *voices, const char *const *key_files, size_t count,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* Whether a file is another than when it was opened. */
bool curfew_voices_changed(const struct curfew_voices *voices);
/* From now on every emission is CURFEW_CLOSED; what is under way was told when it returns. */
void curfew_voices_silence(struct curfew_voices *voices);

/* As curfew_producer_emit. CURFEW_CLOSED: there is none for that file (any more). */
enum curfew_status curfew_voices_emit(struct curfew_voices *voices, const char *key_file,
                                      const struct curfew_emit *emit, struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
