/* bus: the names of the topics. */
#include "core/bus.h"

const char *curfew_topic_name(enum curfew_topic topic)
{
    switch (topic) {
    case CURFEW_TOPIC_CONTROL:
        return "control";
    case CURFEW_TOPIC_LIFECYCLE:
        return "lifecycle";
    case CURFEW_TOPIC_REVOCATIONS:
        return "revocations";
    case CURFEW_TOPIC_ANSWERS:
        return "answers";
    case CURFEW_TOPIC_STATUS:
        return "status";
    case CURFEW_TOPIC_AUDIT:
        return "audit";
    case CURFEW_TOPIC_DEADLETTER:
        return "deadletter";
    case CURFEW_TOPIC_COUNT:
        break;
    }
    return "unknown";
}

void curfew_bus_destroy(struct curfew_bus *bus)
{
    if (bus->ops != NULL) {
        bus->ops->destroy(bus->self);
        *bus = (struct curfew_bus){NULL, NULL};
    }
}
