/* topics: are the topics as `curfew topics create` makes them? Asks the broker and blocks. Any thread. */
#ifndef CURFEW_CORE_TOPICS_H
#define CURFEW_CORE_TOPICS_H

#include "core/bus_kafka.h"

/* Control has one partition, lifecycle L, revocations and answers L + 1 each, control and lifecycle the broker's time.
 * Gives L + 1. CURFEW_INVALID names the topic and what to do; CURFEW_UNAVAILABLE the address that did not answer. */
enum curfew_status curfew_topics_verify(const struct curfew_config *config, int timeout_ms, int32_t *lanes,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* The same judgement over facts already known, in the order control, lifecycle, revocations, answers. Pure. */
enum curfew_status curfew_topics_judge(const struct curfew_config *config, const struct curfew_topic_facts facts[4],
                                       int32_t *lanes, struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
