/* secured: a play on a Kafka as in production: TLS, passwords, ACLs; each part of it with the rights of its role and no
 * others. And the settings of each principal, for clients that are ours and for those that are not. */
#ifndef SECURED_H
#define SECURED_H

#include "tests/scenario/play.h"

/* Everything, started and ready: coordinator over TLS, one guard over SASL with these settings too (NULL-ended). */
struct play secured_begin(struct rig *rig, const char *const *guard_settings);

/* The settings file of a principal; a service or command that is started next is it. */
const char *secured_client(struct rig *rig, const char *name);
void secured_be(struct rig *rig, const char *name);
/* Its settings as name, value, …, NULL; lives until the next call. */
const char *const *secured_settings(struct rig *rig, const char *name);

/* Grants each role its rights on the topics of the present prefix. Leaves the rig as admin. */
void secured_grant(struct rig *rig);

/* kcat as a principal; `arguments` are a shell's, and so is what its output goes through. */
struct rig_output secured_kcat(struct rig *rig, const char *name, const char *arguments, const char *input);

#endif
