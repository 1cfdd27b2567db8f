/* cluster_world: a coordinator over a broker in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cluster_world.h"
#include "schemas/codec.h"
#include "world.h"
#include <stdlib.h>

int64_t cluster_append(struct cluster *cluster, enum curfew_topic topic, struct curfew_event event)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    size_t size = 0;
    if (event.as.session_ended.writer.size == 0) {
        event.as.session_ended.writer = curfew_slice_of("tester");
        event.as.session_ended.said_us = cluster->now.wall_us;
    }
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    uint8_t mac[CURFEW_MAC_SIZE];
    const struct curfew_slice value = {bytes, size};
    const struct curfew_genesis genesis = world_genesis(topic == CURFEW_TOPIC_CONTROL ? 0 : 1);
    struct curfew_log_place place = {.lane = genesis.lane};
    memcpy(place.log_id, genesis.log_id, sizeof place.log_id);
    author_prove_event(&event, &place, value, mac);
    return memory_bus_append(cluster->memory, topic, 0, value, (struct curfew_slice){mac, sizeof mac});
}

void cluster_settle(struct cluster *cluster)
{
    struct curfew_bus_event event;
    bool more = true;
    while (more) {
        more = false;
        (void)curfew_coordinator_flush(cluster->coordinator, cluster->now);
        while (cluster->memory->bus.ops->poll(cluster->memory, 0, &event, NULL) == CURFEW_OK) {
            assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &event, cluster->now, NULL), CURFEW_OK);
            more = true;
        }
    }
}

void cluster_pass(struct cluster *cluster, int64_t us)
{
    cluster->now.wall_us += us;
    cluster->now.boot_us += us;
    cluster->memory->now_us = cluster->now.wall_us;
    cluster_settle(cluster);
}

void cluster_start(struct cluster *cluster)
{
    const struct curfew_coordinator_options options = {
        "c1", author_master, 2, &cluster->memory->bus, sealer_genuine, sealer_judge, cluster->rank, cluster->audit};
    assert_int_equal(curfew_coordinator_create(&options, &cluster->coordinator, NULL), CURFEW_OK);
    assert_int_equal(curfew_coordinator_start(cluster->coordinator, NULL), CURFEW_OK);
}

struct cluster *cluster_begin(void)
{
    return cluster_begin_of(0);
}

struct cluster *cluster_begin_of(int32_t rank)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    assert_non_null(cluster);
    assert_int_equal(curfew_codec_init(NULL), CURFEW_OK);
    cluster->rank = rank;
    cluster->memory = memory_bus_make();
    cluster->now = (struct curfew_now){WORLD_T0, 1000 * WORLD_S};
    cluster->memory->now_us = WORLD_T0;
    for (int32_t lane = 0; lane < 2; lane++) {
        const struct curfew_event genesis = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(lane)};
        (void)cluster_append(cluster, curfew_lane_topic(lane), genesis);
    }
    cluster_start(cluster);
    return cluster;
}

void cluster_end(struct cluster *cluster)
{
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_end(cluster->memory);
    free(cluster);
}
