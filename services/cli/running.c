/* running: lines into a table. */
#include "services/cli/running.h"
#include "core/id.h"
#include "core/json.h"
#include <stdlib.h>
#include <uthash.h>

/* One task, and an attempt at which it is listed. */
struct entry {
    UT_hash_handle hh; /* by key: the first of those of one task */
    struct entry *same;
    int64_t attempt; /* 0: whichever */
    size_t size;
    char key[]; /* session, a zero byte, task: ids hold none */
};

struct curfew_running {
    struct entry *entries;
    size_t count;
    bool counted; /* the line that counts has been */
};

static void make_key(struct curfew_slice session, struct curfew_slice task, char *key)
{
    memcpy(key, session.at, session.size);
    key[session.size] = '\0';
    memcpy(key + session.size + 1, task.at, task.size);
}

static enum curfew_status add(struct curfew_running *running, struct curfew_slice session, struct curfew_slice task,
                              int64_t attempt)
{
    const size_t size = session.size + 1 + task.size;
    struct entry *entry = calloc(1, sizeof *entry + size);
    struct entry *first = NULL;

    if (entry == NULL)
        return CURFEW_NOMEM;
    make_key(session, task, entry->key);
    entry->size = size;
    entry->attempt = attempt;
    running->count++;
    HASH_FIND(hh, running->entries, entry->key, size, first);
    if (first == NULL) {
        HASH_ADD_KEYPTR(hh, running->entries, entry->key, size, entry);
    } else {
        entry->same = first->same;
        first->same = entry;
    }
    return CURFEW_OK;
}

static enum curfew_status wrong(long line, const char *what, struct curfew_error *error)
{
    return curfew_error_set(error, CURFEW_INVALID,
                            "reading the list of what is running: line %ld %s; write one JSON object a line: "
                            "{\"session\":\"3.k7QwZ2pXn0aVb81mJc5TyA\",\"task\":\"clean\",\"attempt\":1}",
                            line, what);
}

/* {"count": n} */
static enum curfew_status take_count(struct curfew_running *running, const struct curfew_json *count, long line,
                                     struct curfew_error *error)
{
    int64_t number = 0;

    if (!curfew_json_int(count, &number))
        return wrong(line, "has a count that is no whole number", error);
    if (number < 0 || (uint64_t)number != running->count)
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading the list of what is running: line %ld counts %lld entries and %zu came before "
                                "it: the list is not whole; take it again",
                                line, (long long)number, running->count);
    running->counted = true;
    return CURFEW_OK;
}

static enum curfew_status take_entry(struct curfew_running *running, const struct curfew_json *json, long line,
                                     struct curfew_error *error)
{
    const struct curfew_json *attempt = curfew_json_member(json, "attempt");
    struct curfew_slice session = {NULL, 0};
    struct curfew_slice task = {NULL, 0};
    int64_t number = 0;
    int32_t lane = 0;

    if (running->counted)
        return wrong(line, "follows the line that counts", error);
    if (!curfew_json_string(curfew_json_member(json, "session"), &session) ||
        curfew_session_id_lane(session, &lane, NULL) != CURFEW_OK)
        return wrong(line, "has no session id", error);
    if (!curfew_json_string(curfew_json_member(json, "task"), &task) || !curfew_id_valid(task))
        return wrong(line, "has no task id", error);
    if (attempt != NULL && (!curfew_json_int(attempt, &number) || number < 1))
        return wrong(line, "has an attempt that is no number from 1", error);
    if (running->count == CURFEW_RUNNING_MAX)
        return wrong(line, "is one too many: a list may have 1000000", error);
    if (add(running, session, task, number) != CURFEW_OK)
        return curfew_error_set(error, CURFEW_NOMEM, "reading the list of what is running: out of memory");
    return CURFEW_OK;
}

static enum curfew_status take_line(struct curfew_running *running, struct curfew_slice text, long line,
                                    struct curfew_error *error)
{
    struct curfew_json *json = NULL;

    if (curfew_json_parse(text, &json, NULL) != CURFEW_OK || !curfew_json_is_object(json)) {
        curfew_json_destroy(json);
        return wrong(line, "is no JSON object", error);
    }
    const struct curfew_json *count = curfew_json_member(json, "count");
    const bool counts = count != NULL && curfew_json_member(json, "session") == NULL;
    enum curfew_status status =
        counts ? take_count(running, count, line, error) : take_entry(running, json, line, error);
    curfew_json_destroy(json);
    return status;
}

static bool is_blank(const char *text, size_t size)
{
    return strspn(text, " \t\r\n") == size;
}

/* Line by line; `buffer` has room for the longest and a NUL. */
static enum curfew_status read_lines(FILE *file, struct curfew_running *running, char *buffer,
                                     struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;

    for (long line = 1; status == CURFEW_OK && fgets(buffer, CURFEW_RUNNING_LINE_MAX + 1, file) != NULL; line++) {
        const size_t size = strlen(buffer);
        if (size == 0 || buffer[size - 1] != '\n')
            return wrong(line, "has no end: it is cut off, too long, or holds a zero byte", error);
        if (!is_blank(buffer, size))
            status = take_line(running, (struct curfew_slice){(const uint8_t *)buffer, size}, line, error);
    }
    if (status == CURFEW_OK && ferror(file))
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "reading the list of what is running failed: %m");
    return status;
}

enum curfew_status curfew_running_read(FILE *file, struct curfew_running **running, struct curfew_error *error)
{
    struct curfew_running *made = calloc(1, sizeof *made);
    char *buffer = malloc(CURFEW_RUNNING_LINE_MAX + 2);
    enum curfew_status status =
        made == NULL || buffer == NULL
            ? curfew_error_set(error, CURFEW_NOMEM, "reading the list of what is running: out of memory")
            : read_lines(file, made, buffer, error);

    free(buffer);
    if (status != CURFEW_OK) {
        curfew_running_destroy(made);
        made = NULL;
    }
    *running = made;
    return status;
}

void curfew_running_destroy(struct curfew_running *running)
{
    struct entry *entry = NULL;
    struct entry *next = NULL;

    if (running == NULL)
        return;
    HASH_ITER(hh, running->entries, entry, next)
    {
        HASH_DEL(running->entries, entry);
        while (entry != NULL) {
            struct entry *same = entry->same;
            free(entry);
            entry = same;
        }
    }
    free(running);
}

size_t curfew_running_count(const struct curfew_running *running)
{
    return running->count;
}

enum curfew_listed curfew_running_find(const struct curfew_running *running, struct curfew_slice session,
                                       struct curfew_slice task, int64_t attempt)
{
    char key[2 * CURFEW_ID_MAX + 1];
    struct entry *entry = NULL;

    if (session.size > CURFEW_ID_MAX || task.size > CURFEW_ID_MAX)
        return CURFEW_LISTED_NOT;
    make_key(session, task, key);
    HASH_FIND(hh, running->entries, key, session.size + 1 + task.size, entry);
    if (entry == NULL)
        return CURFEW_LISTED_NOT;
    for (; entry != NULL; entry = entry->same)
        if (entry->attempt == 0 || entry->attempt == attempt)
            return CURFEW_LISTED;
    return CURFEW_LISTED_OTHERWISE;
}
