/* outage: told once when it begins and once when it ends. A bus has several clients, each of which finds out by itself
 * that no broker answers; the outage is over when all that did have an answer again. Pure; one thread. */
#ifndef CURFEW_CORE_OUTAGE_H
#define CURFEW_CORE_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#define CURFEW_OUTAGE_CLIENTS 2
#define CURFEW_OUTAGE_PROBE_US INT64_C(200000) /* how often an outage is looked at anew */
#define CURFEW_OUTAGE_WHY_SIZE 256

/* All zero: there is none. */
struct curfew_outage {
    bool told;
    bool down[CURFEW_OUTAGE_CLIENTS];
    int64_t probe_us; /* when to look again */
    char why[CURFEW_OUTAGE_WHY_SIZE]; /* what a connection failed of last */
};

/* Notes what a connection failed of, in case it was the last. */
void curfew_outage_note(struct curfew_outage *outage, const char *why);
/* A client has no broker left. True: this begins the outage. */
bool curfew_outage_begin(struct curfew_outage *outage, int client, int64_t now_us);
/* Whether it is time to ask the clients that are down. */
bool curfew_outage_due(struct curfew_outage *outage, int64_t now_us);
/* A client has a broker again, or is gone. True: this ends the outage. */
bool curfew_outage_end(struct curfew_outage *outage, int client);

#endif
