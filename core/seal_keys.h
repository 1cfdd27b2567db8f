/* seal_keys: the keys of core/seal.h in files: a coordinator's private key, and the set of public keys that hops,
 * producers and coordinators believe. ES256 alone (RFC 7518 §3.4); a key is named by its RFC 7638 thumbprint.
 *
 * The set is read again when its file has changed, which is looked at once a second when something is judged: a key is
 * rotated by adding the new one to the file, then signing with it, then taking the old one out. What cannot be read is
 * not taken: the last good set stays, with a warning in the log. One thread each. */
#ifndef CURFEW_CORE_SEAL_KEYS_H
#define CURFEW_CORE_SEAL_KEYS_H

#include "core/seal.h"

struct curfew_config;
struct curfew_jose_key;

/* What coordinator.key_file holds; destroy takes NULL. The sealer lives as long as the key. */
enum curfew_status curfew_seal_key_open(const struct curfew_config *config, struct curfew_jose_key **key,
                                        struct curfew_sealer *sealer, struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_seal_key_close(struct curfew_jose_key *key);

struct curfew_seal_keys;

/* What coordinators.keys_file holds; the configuration must outlive it. */
enum curfew_status curfew_seal_keys_open(const struct curfew_config *config, struct curfew_seal_keys **keys,
                                         struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_seal_keys_close(struct curfew_seal_keys *keys);
struct curfew_seal_judge curfew_seal_keys_judge(struct curfew_seal_keys *keys);

#endif
