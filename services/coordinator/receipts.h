/* receipts: how far what a receipt names has come: durable, accepted, applied by n of m hops, complete. Read-only.
 *
 *     GET /v1/receipts/1:4711?log=0f3a...
 *     200 {"receipt":"1:4711","lane","offset","log","lane_next","durable","answer","reason","retriable",
 *          "hops","applied","complete","laggards":[{"hop","state","offset","behind","silent_ms","age_ms","problem"}],
 *          "laggards_more","vanished":[{"hop","state","silent_ms"}],"vanished_more"}
 *
 * `durable`: the record was read; false: the log does not reach so far here (yet). `answer` is accepted, refused (with
 * `reason`, and whether trying again can help), waiting (its floors are not read back yet, or it was not read),
 * second_operator (accepted, and without effect until another operator says the same) or unknown (too long ago).
 *
 * A hop has applied it when the newest beacon that it proved to have taken in, of this log, is of a later record:
 * everything before that is in its deny set. `hops` are those on the roster. One that is silent is counted by its last
 * word: it may still answer, if it cannot say so, and it is named, among the laggards when that word was of before,
 * else among the vanished. `behind`: how many records; left out, as is `offset`, when nothing is known of it.
 * `silent_ms`: since its last word, and `age_ms` how old its knowledge of the lane is by now; both left out when it was
 * never heard.
 *
 * `complete`: accepted and applied by all. Left out when it can never be said: refused, or no hop is on the roster, or
 * the answer is unknown. With ?log=, another log than this lane's is 409: its offsets mean something else. 400 for what
 * is no receipt, 404 for a lane that is not there, 503 while that lane is being read or stands still. */
#ifndef CURFEW_COORDINATOR_RECEIPTS_H
#define CURFEW_COORDINATOR_RECEIPTS_H

#include "services/coordinator/coordinator.h"
#include "services/coordinator/reply.h"
#include "services/coordinator/roster.h"

#define CURFEW_RECEIPTS_PREFIX "/v1/receipts/"
#define CURFEW_RECEIPTS_HOPS_MAX 100 /* of laggards, and of vanished, that are named; of more the number is said */

void curfew_receipts_reply(const struct curfew_coordinator *coordinator, const struct curfew_roster *roster,
                           struct curfew_now now, const struct curfew_http_request *request,
                           struct curfew_http_response *response);

#endif
