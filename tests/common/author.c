/* author: keys derived once and kept. */
#include "tests/common/author.h"
#include <stdlib.h>
#include <uthash.h>

const uint8_t author_master[CURFEW_MASTER_SIZE] = {7, 1, 7, 2, 7, 3, 7, 4};

struct known {
    char name[CURFEW_ID_MAX];
    struct curfew_mac_key *key;
    UT_hash_handle hh;
};

const struct curfew_mac_key *author_key(struct curfew_slice writer)
{
    static struct known *all;
    struct known *known = NULL;
    HASH_FIND(hh, all, writer.at, writer.size, known);
    if (known == NULL) {
        known = calloc(1, sizeof *known);
        if (known == NULL || writer.size > sizeof known->name) {
            abort();
        }
        memcpy(known->name, writer.at, writer.size);
        known->key = curfew_mac_key_derive(author_master, writer, 1);
        HASH_ADD_KEYPTR(hh, all, known->name, writer.size, known);
    }
    return known->key;
}

void author_prove(struct curfew_slice writer, const struct curfew_log_place *place, struct curfew_slice value,
                  uint8_t mac[CURFEW_MAC_SIZE])
{
    curfew_mac_make(author_key(writer), place, value, mac);
}

void author_prove_event(const struct curfew_event *event, const struct curfew_log_place *place,
                        struct curfew_slice value, uint8_t mac[CURFEW_MAC_SIZE])
{
    struct curfew_log_place own = *place;
    if (event->type == CURFEW_EVENT_GENESIS) {
        memcpy(own.log_id, event->as.genesis.log_id, sizeof own.log_id);
        own.lane = event->as.genesis.lane;
    }
    author_prove(event->as.genesis.writer, &own, value, mac); /* the writer leads every event of the two logs */
}

void author_name(struct author_list *list, const char *writer, unsigned roles)
{
    for (int role = 0; role < CURFEW_ROLE_COUNT; role++) {
        if ((roles >> role & 1) != 0) {
            if (list->count == CURFEW_FIRST_WRITERS_MAX) {
                abort();
            }
            list->writers[list->count++] = (struct curfew_first_writer){curfew_slice_of(writer), role};
        }
    }
}

void author_genesis(struct curfew_genesis *genesis, const struct author_list *list)
{
    curfew_master_check(author_master, genesis->master_check);
    genesis->writers = (struct curfew_list){list->writers, list->count};
}
