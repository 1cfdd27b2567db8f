/* ocsf: what OCSF 1.8.0 asks of the three classes in use, as far as a program can check it here: what is required,
 * that nothing else is said than what the schema has a name and a type for, and enumerations (source: the schema's
 * events/base_event.json, events/application/api_activity.json, events/application/application_lifecycle.json,
 * events/iam/entity_management.json, profiles/security_control.json, and of objects/ metadata, product, feature, actor,
 * user, session, authorization, api, network_endpoint, resource_details, managed_entity). */
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
