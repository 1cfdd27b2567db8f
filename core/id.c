/* id: which names may travel, and session ids, which carry their lane. */
#include "core/id.h"
#include "core/base64url.h"
#include "core/json.h"
#include <curfew/event.h>
#include <stdio.h>

#define RANDOM_CHARACTERS 22 /* 128 bits in base64url without padding */

/* A JSON string can hold exactly what is UTF-8. Out of memory reads as "not valid": it refuses, and harms nobody. */
static bool is_utf8(struct curfew_slice text)
{
    struct curfew_json *string = curfew_json_of_string(text);
    bool valid = string != NULL;
    curfew_json_destroy(string);
    return valid;
}

bool curfew_id_valid(struct curfew_slice id)
{
    if (id.size == 0 || id.size > CURFEW_ID_MAX) {
        return false;
    }
    bool ascii = true;
    for (size_t i = 0; i < id.size; i++) {
        if (id.at[i] < 0x20 || id.at[i] == 0x7F) {
            return false;
        }
        ascii = ascii && id.at[i] < 0x80;
    }
    return ascii || is_utf8(id);
}

bool curfew_id_valid_or_empty(struct curfew_slice id)
{
    return id.size == 0 || curfew_id_valid(id);
}

void curfew_session_id_make(int32_t lane, const uint8_t random[16], char id[CURFEW_SESSION_ID_SIZE])
{
    int at = snprintf(id, CURFEW_SESSION_ID_SIZE, "%d.", (int)(uint8_t)lane);
    curfew_base64url_encode((struct curfew_slice){random, 16}, id + at);
}

/* Reads the decimal lane before the dot; 0 when it is not one. `*used` counts its digits. */
static int32_t read_lane(struct curfew_slice id, size_t *used)
{
    int32_t lane = 0;
    size_t at = 0;
    while (at < id.size && id.at[at] >= '0' && id.at[at] <= '9' && lane < CURFEW_LANES_MAX) {
        if (at == 0 && id.at[at] == '0') {
            return 0;
        }
        lane = lane * 10 + (id.at[at] - '0');
        at++;
    }
    *used = at;
    return lane < CURFEW_LANES_MAX ? lane : 0;
}

enum curfew_status curfew_session_id_lane(struct curfew_slice id, int32_t *lane, struct curfew_error *error)
{
    size_t digits = 0;
    int32_t named = read_lane(id, &digits);
    bool valid = named > 0 && id.size == digits + 1 + RANDOM_CHARACTERS && id.at[digits] == '.' &&
                 curfew_base64url_only((struct curfew_slice){id.at + digits + 1, RANDOM_CHARACTERS});
    if (!valid) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading the lane of a session id of %zu bytes: it is not LANE.RANDOM with a lane of "
                                "1..%d and 22 base64url characters; use the id that session start gave",
                                id.size, CURFEW_LANES_MAX - 1);
    }
    *lane = named;
    return CURFEW_OK;
}
