/* emission: events on their way, lists of them, and tickets. */
#include "producer/emission.h"
#include "schemas/codec.h"
#include <stdlib.h>

#define FIRST_SLOTS 64

struct curfew_ticket_slot {
    struct curfew_emission *emission; /* NULL: free */
    uint32_t generation; /* so that a ticket taken back stands for nothing, whoever has the slot now */
    uint32_t next_free; /* plus 1; 0: none */
};

struct curfew_emission *curfew_emission_create(struct curfew_slice value, const char *name)
{
    size_t name_size = strlen(name) + 1;
    struct curfew_emission *emission = malloc(sizeof *emission + value.size + name_size);
    if (emission == NULL) {
        return NULL;
    }
    uint8_t *bytes = (uint8_t *)(emission + 1);
    if (value.size > 0) {
        memcpy(bytes, value.at, value.size);
    }
    memcpy(bytes + value.size, name, name_size);
    *emission = (struct curfew_emission){
        .receipt = {.offset = -1}, .name = (const char *)bytes + value.size, .value = {bytes, value.size}};
    curfew_codec_record_digest(emission->value, emission->digest);
    return emission;
}

void curfew_emission_destroy(struct curfew_emission *emission)
{
    free(emission);
}

void curfew_emissions_insert(struct curfew_emissions *list, struct curfew_emission *before,
                             struct curfew_emission *emission)
{
    struct curfew_emission *next = before == NULL ? list->first : before->next;
    emission->before = before;
    emission->next = next;
    if (before == NULL) {
        list->first = emission;
    } else {
        before->next = emission;
    }
    if (next == NULL) {
        list->last = emission;
    } else {
        next->before = emission;
    }
}

void curfew_emissions_append(struct curfew_emissions *list, struct curfew_emission *emission)
{
    curfew_emissions_insert(list, list->last, emission);
}

void curfew_emissions_remove(struct curfew_emissions *list, struct curfew_emission *emission)
{
    if (emission->before == NULL) {
        list->first = emission->next;
    } else {
        emission->before->next = emission->next;
    }
    if (emission->next == NULL) {
        list->last = emission->before;
    } else {
        emission->next->before = emission->before;
    }
    emission->next = NULL;
    emission->before = NULL;
}

static enum curfew_status grow(struct curfew_tickets *tickets, struct curfew_error *error)
{
    uint32_t capacity = tickets->capacity == 0 ? FIRST_SLOTS : tickets->capacity * 2;
    struct curfew_ticket_slot *slots = realloc(tickets->slots, capacity * sizeof *slots);
    if (slots == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "emitting: no memory for %u events under way", (unsigned)capacity);
    }
    memset(slots + tickets->capacity, 0, (capacity - tickets->capacity) * sizeof *slots);
    tickets->slots = slots;
    tickets->capacity = capacity;
    return CURFEW_OK;
}

enum curfew_status curfew_tickets_give(struct curfew_tickets *tickets, struct curfew_emission *emission,
                                       uint64_t *ticket, struct curfew_error *error)
{
    uint32_t at = tickets->free;
    if (at == 0) {
        if (tickets->used == tickets->capacity) {
            enum curfew_status status = grow(tickets, error);
            if (status != CURFEW_OK) {
                return status;
            }
        }
        at = ++tickets->used;
    } else {
        tickets->free = tickets->slots[at - 1].next_free;
    }
    struct curfew_ticket_slot *slot = &tickets->slots[at - 1];
    slot->emission = emission;
    *ticket = (uint64_t)slot->generation << 32 | (at - 1);
    return CURFEW_OK;
}

struct curfew_emission *curfew_tickets_take(struct curfew_tickets *tickets, uint64_t ticket)
{
    uint32_t at = (uint32_t)ticket;
    if (at >= tickets->used) {
        return NULL;
    }
    struct curfew_ticket_slot *slot = &tickets->slots[at];
    struct curfew_emission *emission = slot->emission;
    if (emission == NULL || slot->generation != (uint32_t)(ticket >> 32)) {
        return NULL;
    }
    slot->emission = NULL;
    slot->generation++;
    slot->next_free = tickets->free;
    tickets->free = at + 1;
    return emission;
}

void curfew_tickets_clear(struct curfew_tickets *tickets)
{
    free(tickets->slots);
    *tickets = (struct curfew_tickets){0};
}
