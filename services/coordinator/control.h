/* control: what the control lane has said so far, in order: settings, writers, policies adopted, what was revoked. Lane
 * 0's step adds to it; each pipeline lane takes it in up to the offset its ticks name, so that every lane changes at
 * one place of its own log, the same for every coordinator. Pure. One thread. */
#ifndef CURFEW_COORDINATOR_CONTROL_H
#define CURFEW_COORDINATOR_CONTROL_H

#include "core/mac.h"
#include "core/subject.h"
#include "services/coordinator/right.h"

struct curfew_control;

enum curfew_fact_kind {
    CURFEW_FACT_SETTINGS,
    CURFEW_FACT_WRITER_SET,
    CURFEW_FACT_POLICY_ADOPTED,
    CURFEW_FACT_REVOKED,
    CURFEW_FACT_SKIPPED, /* holds from the moment it is known: a lane that is held up has no ticks */
};

/* A floor that control raised, and what it stands on. */
struct curfew_fact_revoked {
    enum curfew_kind kind;
    struct curfew_subject subject;
    int64_t floor; /* of a user, agent or tenant: before_us */
    int64_t until_us; /* when nothing it could concern can be left, whatever life settings come to allow */
    int64_t said_us;
    int64_t proposed_us; /* when, by the first operator's clock, it was said of two; 0: by one alone */
};

/* Records of a lane that may be passed over. */
struct curfew_fact_skipped {
    int32_t lane;
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t from;
    int64_t to; /* inclusive */
};

struct curfew_fact {
    int64_t offset; /* of the control record that says so */
    enum curfew_fact_kind kind;
    struct curfew_settings settings;
    struct curfew_right *right; /* of a writer set; control's own from the add on */
    struct curfew_subject policy; /* adopted: at this version */
    int64_t version;
    struct curfew_fact_revoked revoked;
    struct curfew_fact_skipped skipped;
    int64_t timestamp_us;
};

/* `master` is the coordinators' key, from which writers' keys come; it is copied. */
struct curfew_control *curfew_control_create(const uint8_t master[CURFEW_MASTER_SIZE]);
void curfew_control_destroy(struct curfew_control *control);

const uint8_t *curfew_control_master(const struct curfew_control *control);

void curfew_control_add(struct curfew_control *control, const struct curfew_fact *fact);
/* Whether a record that took effect, or the proposal it followed, said exactly this of a subject, no longer before than
 * `since_us`: then this one repeats it. */
bool curfew_control_repeats(const struct curfew_control *control, const struct curfew_subject *subject, int64_t said_us,
                            int64_t since_us);

/* Whether an operator said that the record at an offset of a lane's log may be passed over. */
bool curfew_control_skips(const struct curfew_control *control, int32_t lane, const uint8_t log_id[CURFEW_LOG_ID_SIZE],
                          int64_t offset);

/* The control log's id; NULL until its genesis was stepped. */
void curfew_control_log_set(struct curfew_control *control, const uint8_t log_id[CURFEW_LOG_ID_SIZE]);
const uint8_t *curfew_control_log(const struct curfew_control *control);

/* Every record before `offset` was stepped. */
void curfew_control_advance(struct curfew_control *control, int64_t offset);
int64_t curfew_control_next(const struct curfew_control *control);

/* The fact number `index`, from 0; NULL when there is none yet. Lives until the next add. */
const struct curfew_fact *curfew_control_fact(const struct curfew_control *control, size_t index);

#endif
