/* lane_log: judging a lane's first record. */
#include "producer/lane_log.h"

static enum curfew_status judge_cluster(struct curfew_cluster *cluster, const struct curfew_genesis *genesis,
                                        struct curfew_error *error)
{
    if (cluster->lanes == 0) {
        cluster->lanes = genesis->lanes;
        memcpy(cluster->control_log, genesis->control_log, CURFEW_LOG_ID_SIZE);
    }
    if (genesis->lanes != cluster->lanes ||
        memcmp(genesis->control_log, cluster->control_log, CURFEW_LOG_ID_SIZE) != 0) {
        /* Either may be the older: the next look begins without an opinion. */
        *cluster = (struct curfew_cluster){0};
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading lane %d: its genesis record belongs to another cluster than the lanes read "
                                "before; one of the topics was made anew: delete them all and run curfew topics create",
                                (int)genesis->lane);
    }
    return CURFEW_OK;
}

enum curfew_status curfew_lane_log_judge(struct curfew_cluster *cluster, int32_t lane,
                                         const struct curfew_bus_event *event, const struct curfew_genesis *genesis,
                                         struct curfew_error *error)
{
    const char *topic = curfew_topic_name(event->topic);
    if (genesis == NULL || genesis->lane != lane) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading lane %d: topic %s, partition %d, has no genesis record; run curfew topics "
                                "create",
                                (int)lane, topic, (int)event->partition);
    }
    if (!event->log_append_time) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading lane %d: topic %s does not carry the broker's time; set its "
                                "message.timestamp.type to LogAppendTime",
                                (int)lane, topic);
    }
    if (genesis->lanes <= lane || genesis->lanes > CURFEW_LANES_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading lane %d: its genesis record speaks of %d lanes; delete the topics and run "
                                "curfew topics create",
                                (int)lane, (int)genesis->lanes);
    }
    return judge_cluster(cluster, genesis, error);
}

int32_t curfew_lane_of_partition(enum curfew_topic topic, int32_t partition)
{
    int32_t lane = -1;
    switch (topic) {
    case CURFEW_TOPIC_CONTROL:
        lane = partition == 0 ? 0 : -1;
        break;
    case CURFEW_TOPIC_LIFECYCLE:
        lane = partition < 0 ? -1 : partition + 1;
        break;
    case CURFEW_TOPIC_REVOCATIONS:
    case CURFEW_TOPIC_ANSWERS:
        lane = partition;
        break;
    default:
        break;
    }
    return lane < CURFEW_LANES_MAX ? lane : -1;
}
