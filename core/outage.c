/* outage: which clients are down, and whether it was told. */
#include "core/outage.h"
#include <stdio.h>

void curfew_outage_note(struct curfew_outage *outage, const char *why)
{
    snprintf(outage->why, sizeof outage->why, "%s", why);
}

bool curfew_outage_begin(struct curfew_outage *outage, int client, int64_t now_us)
{
    bool begins = !outage->told;
    outage->down[client] = true;
    if (begins) {
        outage->told = true;
        outage->probe_us = now_us + CURFEW_OUTAGE_PROBE_US;
    }
    return begins;
}

bool curfew_outage_due(struct curfew_outage *outage, int64_t now_us)
{
    if (!outage->told || now_us < outage->probe_us) {
        return false;
    }
    outage->probe_us = now_us + CURFEW_OUTAGE_PROBE_US;
    return true;
}

bool curfew_outage_end(struct curfew_outage *outage, int client)
{
    outage->down[client] = false;
    for (int i = 0; i < CURFEW_OUTAGE_CLIENTS; i++) {
        if (outage->down[i]) {
            return false;
        }
    }
    bool ends = outage->told;
    outage->told = false;
    outage->why[0] = '\0';
    return ends;
}
