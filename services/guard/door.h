/* door: where those without Kafka say what happens to work: a worker ends and beats for its own task and what is below,
 * an orchestrator says all its role may.
 *
 *   POST /v1/events   one event as JSON; ?wait=accepted (or durable), ?timeout_ms=5000, ?lane=N of a heartbeat
 *
 * 200 accepted, 202 durable; 400 a bad event, 401 nobody, 403 not theirs to say, 409 refused by what is known, 429 over
 * a limit, 503 cannot be decided or sent now, 504 durable but not answered in time. The body is JSON: a receipt as the
 * `curfew` command prints it, or {"error", "retriable"}.
 *
 * Who speaks is found in this order: the credentials of Authorization: Bearer, a caller's secret or a token of Curfew,
 * and with any nothing else counts; the user at the other end of a unix socket; the client's verified certificate.
 *
 * It does its work through a small ops table. Handlers run on the server's threads, many at once; what is waited for
 * holds none of them. */
#ifndef CURFEW_GUARD_DOOR_H
#define CURFEW_GUARD_DOOR_H

#include "consumer/bearer.h"
#include "core/clock.h"
#include "core/http.h"
#include <curfew/producer.h>

#define CURFEW_DOOR_TIMEOUT_MS 5000 /* unless the request says otherwise */
#define CURFEW_DOOR_TIMEOUT_MAX_MS 30000
#define CURFEW_DOOR_LOOK_US (1 * CURFEW_US_PER_S) /* how often files are looked at */
#define CURFEW_DOOR_CONNECTIONS 512 /* so that checks have descriptors left */
/* Of one worker: its task, by its attempt. */
#define CURFEW_DOOR_WORKER_PER_S 20
#define CURFEW_DOOR_WORKER_BURST 40
#define CURFEW_DOOR_WORKER_UNDER_WAY 8
/* Of one caller of the file; how many a second is a setting. */
#define CURFEW_DOOR_CALLER_UNDER_WAY 256

struct curfew_door;

struct curfew_door_ops {
    /* As curfew_hop_authorize_bearer. Any thread. */
    enum curfew_status (*authorize)(void *context, const struct curfew_request *request, struct curfew_verdict *verdict,
                                    struct curfew_bearer *bearer, struct curfew_error *error);
    /* As curfew_voices_emit (any thread), curfew_voices_set and curfew_voices_changed. */
    enum curfew_status (*emit)(void *context, const char *key_file, const struct curfew_emit *emit,
                               struct curfew_error *error);
    enum curfew_status (*set_keys)(void *context, const char *const *key_files, size_t count,
                                   struct curfew_error *error);
    bool (*keys_changed)(void *context);
    void *context;
};

struct curfew_door_options {
    const char *callers_file; /* NULL: nobody but workers */
    const char *key_file; /* of a writer of role door; NULL: workers are turned away */
    int64_t per_s; /* events of one caller; as many at once */
    bool sees_users; /* its server is a unix socket */
    bool sees_certificates; /* its server asks for clients' certificates */
    struct curfew_door_ops ops;
};

/* Options' strings must outlive it. */
enum curfew_status curfew_door_open(const struct curfew_door_options *options, struct curfew_door **door,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;
/* Everything that was emitted must have been told. */
void curfew_door_close(struct curfew_door *door);

/* Takes in files that changed. A caller whose key is no use is left out; a file that is gone names nobody; of one that
 * makes no sense the last good one stays, and the log says why. One thread. */
void curfew_door_look(struct curfew_door *door, struct curfew_now now);

/* As Prometheus text, malloc'ed; NULL: no memory. Any thread. */
char *curfew_door_metrics(struct curfew_door *door);

/* For curfew_http_serve, with the door as context. */
extern const struct curfew_http_route curfew_door_routes[];

#endif
