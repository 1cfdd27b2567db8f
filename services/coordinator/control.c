/* control: the ordered facts of the control lane. */
#include "services/coordinator/control.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>

struct curfew_control {
    uint8_t master[CURFEW_MASTER_SIZE];
    struct curfew_fact *facts;
    size_t count;
    size_t room;
    int64_t next;
    bool begun;
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
};

struct curfew_control *curfew_control_create(const uint8_t master[CURFEW_MASTER_SIZE])
{
    struct curfew_control *made = curfew_memory_take(sizeof *made);
    memcpy(made->master, master, sizeof made->master);
    return made;
}

const uint8_t *curfew_control_master(const struct curfew_control *control)
{
    return control->master;
}

void curfew_control_destroy(struct curfew_control *control)
{
    if (control != NULL) {
        for (size_t i = 0; i < control->count; i++) {
            free(control->facts[i].right);
        }
        explicit_bzero(control->master, sizeof control->master);
        free(control->facts);
        free(control);
    }
}

void curfew_control_add(struct curfew_control *control, const struct curfew_fact *fact)
{
    if (control->count == control->room) {
        control->room = control->room == 0 ? 64 : 2 * control->room;
        control->facts = curfew_memory_resize(control->facts, control->room * sizeof *control->facts);
    }
    control->facts[control->count++] = *fact;
}

bool curfew_control_repeats(const struct curfew_control *control, const struct curfew_subject *subject, int64_t said_us,
                            int64_t since_us)
{
    for (size_t i = control->count; i > 0 && control->facts[i - 1].timestamp_us >= since_us; i--) {
        const struct curfew_fact *fact = &control->facts[i - 1];
        const struct curfew_fact_revoked *revoked = &fact->revoked;
        if (fact->kind == CURFEW_FACT_REVOKED && (revoked->said_us == said_us || revoked->proposed_us == said_us) &&
            curfew_subject_equal(&revoked->subject, subject)) {
            return true;
        }
    }
    return false;
}

bool curfew_control_skips(const struct curfew_control *control, int32_t lane, const uint8_t log_id[CURFEW_LOG_ID_SIZE],
                          int64_t offset)
{
    for (size_t i = control->count; i > 0; i--) { /* it is asked of records that hold a lane up, and of no others */
        const struct curfew_fact_skipped *skipped = &control->facts[i - 1].skipped;
        if (control->facts[i - 1].kind == CURFEW_FACT_SKIPPED && skipped->lane == lane && offset >= skipped->from &&
            offset <= skipped->to && memcmp(skipped->log_id, log_id, sizeof skipped->log_id) == 0) {
            return true;
        }
    }
    return false;
}

void curfew_control_log_set(struct curfew_control *control, const uint8_t log_id[CURFEW_LOG_ID_SIZE])
{
    control->begun = true;
    memcpy(control->log_id, log_id, sizeof control->log_id);
}

const uint8_t *curfew_control_log(const struct curfew_control *control)
{
    return control->begun ? control->log_id : NULL;
}

void curfew_control_advance(struct curfew_control *control, int64_t offset)
{
    control->next = offset;
}

int64_t curfew_control_next(const struct curfew_control *control)
{
    return control->next;
}

const struct curfew_fact *curfew_control_fact(const struct curfew_control *control, size_t index)
{
    return index < control->count ? &control->facts[index] : NULL;
}
