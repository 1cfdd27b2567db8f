/* writers: the rights of one lane, by name, and their keys. */
#include "services/coordinator/writers.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>

struct curfew_writers {
    uint8_t master[CURFEW_MASTER_SIZE];
    struct curfew_writer *by_name;
};

struct curfew_writers *curfew_writers_create(const uint8_t master[CURFEW_MASTER_SIZE])
{
    struct curfew_writers *made = curfew_memory_take(sizeof *made);
    memcpy(made->master, master, sizeof made->master);
    return made;
}

static void drop_keys(struct curfew_writer *writer)
{
    for (int i = 0; i < 2; i++) {
        curfew_mac_key_destroy(writer->keys[i]);
        writer->keys[i] = NULL;
    }
}

void curfew_writers_destroy(struct curfew_writers *writers)
{
    if (writers == NULL) {
        return;
    }
    struct curfew_writer *writer = writers->by_name;
    HASH_CLEAR(hh, writers->by_name);
    while (writer != NULL) {
        struct curfew_writer *next = writer->hh.next;
        drop_keys(writer);
        free(writer->right);
        free(writer);
        writer = next;
    }
    explicit_bzero(writers->master, sizeof writers->master);
    free(writers);
}

static struct curfew_writer *find(const struct curfew_writers *writers, struct curfew_slice name)
{
    struct curfew_writer *writer = NULL;
    HASH_FIND(hh, writers->by_name, name.at, name.size, writer);
    return writer;
}

/* The key in the table lies in the right's memory, so a right is replaced with its entry out of the table. */
static void put(struct curfew_writers *writers, struct curfew_right *right)
{
    struct curfew_writer *writer = find(writers, right->name);
    if (writer == NULL) {
        writer = curfew_memory_take(sizeof *writer);
    } else {
        HASH_DEL(writers->by_name, writer);
        drop_keys(writer);
        free(writer->right);
    }
    writer->right = right;
    HASH_ADD_KEYPTR(hh, writers->by_name, right->name.at, right->name.size, writer);
}

void curfew_writers_set(struct curfew_writers *writers, const struct curfew_right *right)
{
    put(writers, curfew_right_copy(right));
}

void curfew_writers_set_first(struct curfew_writers *writers, const struct curfew_genesis *genesis)
{
    const struct curfew_first_writer *first = genesis->writers.items;
    for (size_t i = 0; i < genesis->writers.count; i++) {
        const struct curfew_writer *known = find(writers, first[i].name);
        put(writers, curfew_right_of_first(&first[i], known == NULL ? 0 : known->right->roles));
    }
}

const struct curfew_writer *curfew_writers_find(const struct curfew_writers *writers, struct curfew_slice name)
{
    return find(writers, name);
}

const struct curfew_writer *curfew_writers_first(const struct curfew_writers *writers)
{
    return writers->by_name;
}

size_t curfew_writers_count(const struct curfew_writers *writers)
{
    return HASH_COUNT(writers->by_name);
}

size_t curfew_writers_with(const struct curfew_writers *writers, enum curfew_role role, struct curfew_slice but)
{
    size_t count = 0;
    const struct curfew_writer *writer = NULL;
    for (writer = writers->by_name; writer != NULL; writer = writer->hh.next) {
        count += curfew_right_has(writer->right, role) && !curfew_slice_equal(writer->right->name, but) ? 1 : 0;
    }
    return count;
}

/* The writer's key of an epoch. Two are kept, so that a rotation costs no derivation a record. */
static const struct curfew_mac_key *key_of(struct curfew_writers *writers, struct curfew_writer *writer, int32_t epoch)
{
    struct curfew_mac_key **key = &writer->keys[epoch % 2];
    if (*key != NULL && curfew_mac_key_epoch(*key) != epoch) {
        curfew_mac_key_destroy(*key);
        *key = NULL;
    }
    if (*key == NULL) {
        *key = curfew_mac_key_derive(writers->master, writer->right->name, epoch);
    }
    return *key;
}

struct curfew_ruling curfew_writers_prove(struct curfew_writers *writers, const struct curfew_claim *claim,
                                          const struct curfew_writer **author)
{
    struct curfew_writer *writer = find(writers, claim->writer);
    const int32_t epoch = curfew_mac_epoch(claim->mac);
    if (writer == NULL) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_WRITER);
    }
    if (epoch < 1) {
        return curfew_ruling_refused(CURFEW_REASON_MAC);
    }
    if (epoch > writer->right->epoch) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_WRITER);
    }
    if (epoch < writer->right->least_epoch) {
        return curfew_ruling_refused(CURFEW_REASON_EPOCH);
    }
    if (!curfew_mac_verify(key_of(writers, writer, epoch), &claim->place, claim->value, claim->mac)) {
        return curfew_ruling_refused(CURFEW_REASON_MAC);
    }
    if (!curfew_right_may_say(writer->right, claim->type)) {
        return curfew_ruling_refused(CURFEW_REASON_ROLE);
    }
    *author = writer;
    return curfew_ruling_accepted();
}
