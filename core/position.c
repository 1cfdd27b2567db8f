/* position: where reading one partition has come to. */
#include "core/position.h"

enum curfew_arrival curfew_position_miss(struct curfew_position *position, int64_t offset)
{
    if (offset == position->next || (position->strayed && offset == position->stray)) {
        return CURFEW_ARRIVED;
    }
    position->strayed = true;
    position->stray = offset;
    return CURFEW_STRAYED;
}

enum curfew_arrival curfew_position_arrive(struct curfew_position *position, int64_t offset, int64_t next)
{
    if (position->next >= 0) {
        if (curfew_position_miss(position, offset) == CURFEW_STRAYED) {
            return CURFEW_STRAYED;
        }
        if (offset < position->next) {
            return CURFEW_PASSED;
        }
    }
    *position = (struct curfew_position){.next = next};
    return CURFEW_ARRIVED;
}
