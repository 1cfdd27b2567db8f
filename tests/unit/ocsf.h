/* ocsf: what OCSF 1.3 asks of the three classes in use, as far as a program can check it here (source: the schema's
 * events/base_event.json, events/application/api_activity.json, events/application/application_lifecycle.json,
 * events/iam/entity_management.json, objects/metadata.json, objects/actor.json, objects/managed_entity.json). */
#ifndef CURFEW_TESTS_UNIT_OCSF_H
#define CURFEW_TESTS_UNIT_OCSF_H

#include "core/json.h"

/* Fails the test that calls it, and says which attribute is wrong. */
void ocsf_assert(const struct curfew_json *event);

/* Members by a path such as "metadata.uid". NULL: none. */
const struct curfew_json *ocsf_at(const struct curfew_json *event, const char *path);
int64_t ocsf_int(const struct curfew_json *event, const char *path); /* fails when it is none */
/* Fails unless it is that text. */
void ocsf_assert_text(const struct curfew_json *event, const char *path, const char *text);

#endif
