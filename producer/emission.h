/* emission: one event on its way: its bytes, where it goes, whom to tell, and how far it has come. Lists of them, and
 * the tickets under which the bus reports on them. Pure; an emission belongs to one thread at a time. */
#ifndef CURFEW_PRODUCER_EMISSION_H
#define CURFEW_PRODUCER_EMISSION_H

#include <curfew/producer.h>

enum curfew_emission_state {
    CURFEW_EMISSION_WAITING, /* for its lane to be known, or for room on the bus */
    CURFEW_EMISSION_SENT, /* with the bus */
    CURFEW_EMISSION_DURABLE, /* in the log, the answer is outstanding */
    CURFEW_EMISSION_RESTING, /* refused for want of what may be on its way: said again at again_us */
};

struct curfew_emission {
    struct curfew_emission *next;
    struct curfew_emission *before;
    enum curfew_emission_state state;
    enum curfew_wait wait;
    int32_t lane;
    int32_t lanes; /* of a probe: how many the topics have room for */
    bool heartbeat; /* worth nothing when late: never sent again */
    int64_t deadline_us; /* on the boot clock; 0: none */
    int64_t send_by_us; /* on the boot clock: reported when not with the bus by then; 0: no such bound */
    int64_t again_us; /* on the boot clock; while resting */
    int64_t insist_until_us; /* on the boot clock: refused for good from then on; 0: never refused yet */
    int64_t pause_us; /* before it was said again last */
    struct curfew_refusal refusal; /* the newest; once refused */
    uint64_t ticket; /* while sent */
    uint32_t generation; /* its lane's, when it was sent */
    uint8_t digest[CURFEW_RECORD_DIGEST_SIZE]; /* by which answers name it */
    struct curfew_receipt receipt;
    curfew_emitted *emitted; /* may be NULL */
    void *context;
    const char *name; /* what is being done, for people: texts begin with it */
    struct curfew_slice value; /* encoded; empty: a probe, done as soon as its lane's log is known */
};

/* Copies value and name. NULL: no memory. */
struct curfew_emission *curfew_emission_create(struct curfew_slice value, const char *name);
/* NULL is fine. */
void curfew_emission_destroy(struct curfew_emission *emission);

/* Oldest first. All zero is an empty list. */
struct curfew_emissions {
    struct curfew_emission *first;
    struct curfew_emission *last;
};

void curfew_emissions_append(struct curfew_emissions *list, struct curfew_emission *emission);
/* Puts it behind `before`, or first when that is NULL. */
void curfew_emissions_insert(struct curfew_emissions *list, struct curfew_emission *before,
                             struct curfew_emission *emission);
void curfew_emissions_remove(struct curfew_emissions *list, struct curfew_emission *emission);

/* Tickets: numbers that stand for emissions, each valid until it is taken back. */
struct curfew_tickets {
    struct curfew_ticket_slot *slots;
    uint32_t capacity;
    uint32_t used; /* slots ever handed out */
    uint32_t free; /* first of the free list, plus 1; 0: none */
};

enum curfew_status curfew_tickets_give(struct curfew_tickets *tickets, struct curfew_emission *emission,
                                       uint64_t *ticket, struct curfew_error *error) CURFEW_MUST_CHECK;
/* The emission, which is forgotten; NULL when the ticket was taken back before. */
struct curfew_emission *curfew_tickets_take(struct curfew_tickets *tickets, uint64_t ticket);
void curfew_tickets_clear(struct curfew_tickets *tickets);

#endif
