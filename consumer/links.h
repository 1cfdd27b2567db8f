/* links: does a hop hold every floors record a beacon speaks of? Floors records of one lane form a chain
 * (core/chain.h); they may arrive in any order and many times. A beacon counts when, walking back from its chain value,
 * every link down to its oldest live cause is held. Pure; one thread. Bound: CURFEW_LINKS_MAX links, then add says
 * CURFEW_FULL. */
#ifndef CURFEW_CONSUMER_LINKS_H
#define CURFEW_CONSUMER_LINKS_H

#include <curfew/event.h>
#include <curfew/status.h>

#define CURFEW_LINKS_MAX (1 << 20)

struct curfew_links;

enum curfew_status curfew_links_create(struct curfew_links **links, struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_links_destroy(struct curfew_links *links);
/* Forgets all links (another log). */
void curfew_links_clear(struct curfew_links *links);

/* Takes in a floors record. CURFEW_INVALID: its chain is not what its content says; it is not taken. */
enum curfew_status curfew_links_add(struct curfew_links *links, const struct curfew_floors *floors,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;

/* Whether the beacon's links are all held. When they are, links older than its oldest live cause are forgotten. */
bool curfew_links_prove(struct curfew_links *links, const struct curfew_beacon *beacon);

#endif
