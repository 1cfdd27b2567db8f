/* rights_world: lanes with writers of every role, two tenants, and a tree of tasks, for unit tests of who may say what.
 * A worker is what a door says for it. */
#ifndef RIGHTS_WORLD_H
#define RIGHTS_WORLD_H

#include "world.h"

#define OWN WORLD_SESSION /* acme's, started by as, naming etl */
#define OTHER WORLD_OTHER /* acme's, started by as, naming etl3 */
#define BOOKS "1.CCCCCCCCCCCCCCCCCCCCCC" /* of the tenant books, started by as2, naming etl2 */
#define NEW "1.DDDDDDDDDDDDDDDDDDDDDD"
#define ISS "https://as.acme"
#define ISS2 "https://as.books"

/* op and c1 from genesis, all writers of the table, three sessions, and in OWN: extract (held by h) above clean (held
 * by w-clean) and beside join (held by w-join), with a token of extract. */
struct world *rights_begin(void);

/* A tenth of a second, and a tick of every lane. */
void rights_pass(struct world *world);

/* Said by op: a writer with key epoch 1. NULL: no tenant, no issuer. */
enum curfew_reason rights_set_writer(struct world *world, const char *name, unsigned roles, const char *tenant,
                                     const char *issuer);

/* Steps an event of lane 1, proven by that writer; ACCEPTED or why not. */
enum curfew_reason rights_say(struct world *world, const char *writer, struct curfew_event event);

/* Events. "" is nobody, or none. */
struct curfew_event rights_session(const char *id, const char *tenant, const char *issuer, const char *orchestrator,
                                   const struct world *world);
struct curfew_event rights_task(const char *id, const char *name, const char *parent, const char *holder);
struct curfew_event rights_mint(const struct world *world, const char *jti, const char *issuer);
struct curfew_event rights_mint_below(const struct world *world, const char *jti);
struct curfew_event rights_ended(const char *id, const char *name, const char *by);
struct curfew_event rights_beat(const char *holder, const char *by);

#endif
