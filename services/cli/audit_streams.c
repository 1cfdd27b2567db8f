/* audit_streams: numbers seen, as ranges, by stream. */
#include "services/cli/audit_streams.h"
#include "core/audit.h"
#include "core/digest.h"
#include <curfew/event.h>
#include <stdlib.h>
#include <uthash.h>

#define NAME_MAX_SIZE 512 /* of a component and its start */

/* Numbers first..last are there. */
struct range {
    int64_t first, last;
    int64_t first_us, last_us; /* broker's time of the records at its ends */
};

struct silence {
    int64_t since_us, until_us;
};

struct stream {
    char *name; /* component, NUL, start, NUL */
    const char *start; /* inside it */
    struct range *ranges; /* ascending, apart */
    size_t range_count;
    struct silence *silences;
    size_t silence_count;
    int64_t *contradictions;
    size_t contradiction_count;
    int64_t records;
    bool from_beginning; /* what it says of its partition stands behind offset 0 */
    uint32_t *sums; /* by number: of what it says; 0: not there */
    size_t sum_room;
    int64_t newest_us;
    bool stopped;
    UT_hash_handle hh;
};

struct curfew_audit_streams {
    struct stream *all;
    int64_t begins[CURFEW_LANES_MAX]; /* by partition: 1 + the first offset; 0: none came yet */
    struct curfew_audit_totals totals;
};

struct curfew_audit_streams *curfew_audit_streams_create(void)
{
    return calloc(1, sizeof(struct curfew_audit_streams));
}

static void free_stream(struct stream *stream)
{
    free(stream->name);
    free(stream->ranges);
    free(stream->silences);
    free(stream->contradictions);
    free(stream->sums);
    free(stream);
}

void curfew_audit_streams_destroy(struct curfew_audit_streams *streams)
{
    struct stream *stream = NULL;
    struct stream *next = NULL;
    if (streams == NULL)
        return;
    HASH_ITER(hh, streams->all, stream, next)
    {
        HASH_DEL(streams->all, stream);
        free_stream(stream);
    }
    free(streams);
}

/* Room for one more item of an array, which grows at powers of two. NULL: out of memory, and the array is as before. */
static void *grow(void *items, size_t count, size_t size)
{
    const bool full = (count & (count - 1)) == 0; /* 0, 1, 2, 4, … */
    return full ? realloc(items, (count == 0 ? 1 : 2 * count) * size) : items;
}

/* What a record must say to be one of a stream. False: it is no audit record. */
struct said {
    struct curfew_slice component, start, activity;
    int64_t number, class_uid;
};

/* A name is printed where people look: no control character of a stranger's reaches their terminal. */
static bool is_name(struct curfew_slice text)
{
    bool good = text.size > 0;
    for (size_t i = 0; good && i < text.size; i++)
        good = text.at[i] >= ' ' && text.at[i] != 0x7f &&
               !(text.at[i] == 0xc2 && i + 1 < text.size && text.at[i + 1] < 0xa0);
    return good;
}

static bool read_said(const struct curfew_json *event, struct said *said)
{
    const struct curfew_json *metadata = curfew_json_member(event, "metadata");
    return curfew_json_string(curfew_json_member(metadata, "log_provider"), &said->component) &&
           curfew_json_string(curfew_json_member(metadata, "log_name"), &said->start) &&
           curfew_json_int(curfew_json_member(metadata, "sequence"), &said->number) && said->number > 0 &&
           curfew_json_int(curfew_json_member(event, "class_uid"), &said->class_uid) &&
           curfew_json_string(curfew_json_member(event, "activity_name"), &said->activity) &&
           is_name(said->component) && is_name(said->start) &&
           said->component.size + said->start.size + 2 <= NAME_MAX_SIZE;
}

static struct stream *stream_of(struct curfew_audit_streams *streams, const struct said *said)
{
    char name[NAME_MAX_SIZE] = {0};
    const size_t size = said->component.size + said->start.size + 2;
    struct stream *stream = NULL;
    memcpy(name, said->component.at, said->component.size);
    memcpy(name + said->component.size + 1, said->start.at, said->start.size);
    HASH_FIND(hh, streams->all, name, size, stream);
    if (stream != NULL)
        return stream;
    stream = calloc(1, sizeof *stream);
    if (stream == NULL || (stream->name = malloc(size)) == NULL) {
        free(stream);
        return NULL;
    }
    memcpy(stream->name, name, size);
    stream->start = stream->name + said->component.size + 1;
    HASH_ADD_KEYPTR(hh, streams->all, stream->name, size, stream);
    streams->totals.streams++;
    return stream;
}

/* Joins a number into the ranges. It mostly comes right behind the last one. False: out of memory. */
static bool join(struct stream *stream, int64_t number, int64_t at_us)
{
    size_t at = stream->range_count;
    while (at > 0 && stream->ranges[at - 1].first > number)
        at--;
    struct range *before = at == 0 ? NULL : &stream->ranges[at - 1];
    struct range *after = at == stream->range_count ? NULL : &stream->ranges[at];
    if (before != NULL && before->last >= number)
        return true;
    const bool ends = before != NULL && before->last == number - 1;
    const bool begins = after != NULL && after->first == number + 1;
    if (ends && begins) {
        before->last = after->last;
        before->last_us = after->last_us;
        memmove(after, after + 1, (stream->range_count - at - 1) * sizeof *after);
        stream->range_count--;
    } else if (ends) {
        before->last = number;
        before->last_us = at_us;
    } else if (begins) {
        after->first = number;
        after->first_us = at_us;
    } else {
        struct range *ranges = grow(stream->ranges, stream->range_count, sizeof *ranges);
        if (ranges == NULL)
            return false;
        stream->ranges = ranges;
        memmove(&stream->ranges[at + 1], &stream->ranges[at], (stream->range_count - at) * sizeof *stream->ranges);
        stream->ranges[at] = (struct range){number, number, at_us, at_us};
        stream->range_count++;
    }
    return true;
}

static bool note_silence(struct stream *stream, int64_t at_us)
{
    if (stream->newest_us != 0 && at_us - stream->newest_us > CURFEW_AUDIT_SILENCE_US) {
        struct silence *silences = grow(stream->silences, stream->silence_count, sizeof *silences);
        if (silences == NULL)
            return false;
        stream->silences = silences;
        stream->silences[stream->silence_count++] = (struct silence){stream->newest_us, at_us};
    }
    stream->newest_us = at_us > stream->newest_us ? at_us : stream->newest_us;
    return true;
}

/* Holds a number that came before against what it said then. `repeat` tells whether it did. */
static bool compare(struct stream *stream, int64_t number, struct curfew_slice value, bool *repeat)
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    uint32_t sum = 0;
    *repeat = false;
    if (number >= CURFEW_AUDIT_COMPARED_MAX || number > 2 * stream->records + CURFEW_AUDIT_AHEAD_MAX)
        return true;
    curfew_sha256(&value, 1, digest);
    memcpy(&sum, digest, sizeof sum);
    sum |= 1; /* never that of a number that is not there */
    if ((size_t)number >= stream->sum_room) {
        const size_t room = 2 * (size_t)number + 64;
        uint32_t *sums = realloc(stream->sums, room * sizeof *sums);
        if (sums == NULL)
            return false;
        memset(sums + stream->sum_room, 0, (room - stream->sum_room) * sizeof *sums);
        stream->sums = sums;
        stream->sum_room = room;
    }
    uint32_t *known = &stream->sums[number];
    *repeat = *known != 0;
    if (*known != 0 && *known != sum) {
        int64_t *numbers = grow(stream->contradictions, stream->contradiction_count, sizeof *numbers);
        if (numbers == NULL)
            return false;
        stream->contradictions = numbers;
        stream->contradictions[stream->contradiction_count++] = number;
    }
    *known = *known == 0 ? sum : *known;
    return true;
}

static enum curfew_status take(struct curfew_audit_streams *streams, const struct said *said,
                               const struct curfew_bus_event *record, struct curfew_error *error)
{
    bool repeat = false;
    struct stream *stream = stream_of(streams, said);
    if (stream != NULL) {
        stream->records++;
        stream->from_beginning = streams->begins[record->partition] == 1;
    }
    if (stream == NULL || !compare(stream, said->number, record->value, &repeat) ||
        !join(stream, said->number, record->timestamp_us) || !note_silence(stream, record->timestamp_us))
        return curfew_error_set(error, CURFEW_NOMEM, "verifying the audit: out of memory after %lld records",
                                (long long)streams->totals.records);
    streams->totals.repeats += repeat ? 1 : 0;
    stream->stopped = stream->stopped || (said->class_uid == CURFEW_AUDIT_LIFECYCLE &&
                                          curfew_slice_equal(said->activity, curfew_slice_of("Stop")));
    return CURFEW_OK;
}

enum curfew_status curfew_audit_streams_take(struct curfew_audit_streams *streams,
                                             const struct curfew_bus_event *record, struct curfew_error *error)
{
    struct curfew_json *event = NULL;
    struct said said;
    enum curfew_status status = curfew_json_parse(record->value, &event, error);
    streams->totals.records++;
    if (streams->begins[record->partition] == 0)
        streams->begins[record->partition] = 1 + record->offset;
    if (status == CURFEW_OK && read_said(event, &said) && streams->totals.streams < CURFEW_AUDIT_STREAMS_MAX)
        status = take(streams, &said, record, error);
    else if (status != CURFEW_NOMEM) {
        streams->totals.unread++;
        status = CURFEW_OK;
    }
    curfew_json_destroy(event);
    return status;
}

static void tell(const struct stream *stream, struct curfew_audit_finding finding, curfew_audit_visit *visit,
                 void *context)
{
    finding.component = stream->name;
    finding.start = stream->start;
    visit(context, &finding);
}

static void findings_of(const struct stream *stream, int64_t now_us, curfew_audit_visit *visit, void *context)
{
    for (size_t i = 0; i < stream->range_count; i++) {
        const struct range *range = &stream->ranges[i];
        const struct range *before = i == 0 ? NULL : &stream->ranges[i - 1];
        if (before != NULL)
            tell(stream,
                 (struct curfew_audit_finding){.found = CURFEW_AUDIT_GAP,
                                               .from = before->last + 1,
                                               .to = range->first - 1,
                                               .since_us = before->last_us,
                                               .until_us = range->first_us},
                 visit, context);
        else if (range->first > 1)
            tell(stream,
                 (struct curfew_audit_finding){.found = stream->from_beginning ? CURFEW_AUDIT_GAP : CURFEW_AUDIT_CUT,
                                               .from = 1,
                                               .to = range->first - 1,
                                               .until_us = range->first_us},
                 visit, context);
    }
    for (size_t i = 0; i < stream->contradiction_count; i++)
        tell(stream,
             (struct curfew_audit_finding){.found = CURFEW_AUDIT_CONTRADICTION,
                                           .from = stream->contradictions[i],
                                           .to = stream->contradictions[i]},
             visit, context);
    for (size_t i = 0; i < stream->silence_count; i++)
        tell(stream,
             (struct curfew_audit_finding){.found = CURFEW_AUDIT_SILENCE,
                                           .since_us = stream->silences[i].since_us,
                                           .until_us = stream->silences[i].until_us},
             visit, context);
    if (!stream->stopped && now_us - stream->newest_us > CURFEW_AUDIT_SILENCE_US)
        tell(stream, (struct curfew_audit_finding){.found = CURFEW_AUDIT_UNENDED, .since_us = stream->newest_us}, visit,
             context);
}

void curfew_audit_streams_findings(const struct curfew_audit_streams *streams, int64_t now_us,
                                   curfew_audit_visit *visit, void *context)
{
    for (const struct stream *stream = streams->all; stream != NULL; stream = stream->hh.next)
        findings_of(stream, now_us, visit, context);
}

struct curfew_audit_totals curfew_audit_streams_totals(const struct curfew_audit_streams *streams)
{
    return streams->totals;
}

bool curfew_audit_is_breach(enum curfew_audit_found found)
{
    return found == CURFEW_AUDIT_GAP || found == CURFEW_AUDIT_CONTRADICTION;
}

const char *curfew_audit_found_name(enum curfew_audit_found found)
{
    switch (found) {
    case CURFEW_AUDIT_GAP:
        return "gap";
    case CURFEW_AUDIT_CUT:
        return "cut";
    case CURFEW_AUDIT_CONTRADICTION:
        return "contradiction";
    case CURFEW_AUDIT_SILENCE:
        return "silence";
    case CURFEW_AUDIT_UNENDED:
        return "unended";
    }
    return "unknown";
}
