/* voices: a small table of producers that is replaced as a whole. */
#include "services/guard/voices.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct voice {
    char *key_file;
    struct curfew_file_stamp stamp; /* before it was read */
    struct curfew_producer *producer;
    bool shared; /* taken over from, or by, another table */
};

struct table {
    size_t count;
    struct voice list[CURFEW_VOICES_MAX];
};

struct curfew_voices {
    const struct curfew_guard_settings *settings;
    pthread_rwlock_t lock; /* of the table: read while emitting, written while it is replaced */
    struct table table;
};

static const struct voice *find(const struct table *table, const char *key_file)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->list[i].key_file, key_file) == 0) {
            return &table->list[i];
        }
    }
    return NULL;
}

/* Closes those that no other table has, within one time for all. */
static void close_table(struct table *table)
{
    const int64_t end_us = curfew_clock_now().boot_us + CURFEW_VOICES_CLOSE_MS * CURFEW_US_PER_MS;
    for (size_t i = 0; i < table->count; i++) {
        struct curfew_error error = {.status = CURFEW_OK};
        const int64_t left_us = end_us - curfew_clock_now().boot_us;
        const int left_ms = left_us > 0 ? (int)(left_us / CURFEW_US_PER_MS) : 0;
        if (!table->list[i].shared && curfew_producer_close(table->list[i].producer, left_ms, &error) != CURFEW_OK) {
            curfew_log(CURFEW_LOG_WARNING, "door", "%s", error.text);
        }
        free(table->list[i].key_file);
    }
    table->count = 0;
}

static enum curfew_status open_producer(const struct curfew_voices *voices, struct voice *voice,
                                        struct curfew_error *error)
{
    const char **settings = curfew_guard_settings_with(voices->settings, "producer.key_file", voice->key_file);
    if (settings == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "opening a producer: out of memory");
    }
    const struct curfew_producer_options options = {.size = sizeof options, .settings = settings};
    const enum curfew_status status = curfew_producer_open(&options, &voice->producer, error);
    free(settings);
    return status;
}

/* Adds one for a file: what the table before has, if the file is still the same. */
static enum curfew_status add(const struct curfew_voices *voices, const char *key_file, struct table *table,
                              struct curfew_error *error)
{
    if (find(table, key_file) != NULL) {
        return CURFEW_OK;
    }
    if (table->count == CURFEW_VOICES_MAX) {
        return curfew_error_set(error, CURFEW_FULL, "opening producers: more than %d keys", CURFEW_VOICES_MAX);
    }
    struct voice voice = {.key_file = strdup(key_file)};
    if (voice.key_file == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "opening a producer: out of memory");
    }
    curfew_file_stamp(key_file, &voice.stamp);
    const struct voice *before = find(&voices->table, key_file);
    if (before != NULL && curfew_file_stamp_same(&before->stamp, &voice.stamp)) {
        voice.producer = before->producer;
        voice.shared = true;
    } else {
        const enum curfew_status status = open_producer(voices, &voice, error);
        if (status != CURFEW_OK) {
            free(voice.key_file);
            return status;
        }
    }
    table->list[table->count++] = voice;
    return CURFEW_OK;
}

/* What the new table took over is shared in the old one from now on, and the new one's own. */
static void hand_over(struct table *from, struct table *to)
{
    for (size_t i = 0; i < from->count; i++) {
        from->list[i].shared = false;
        for (size_t j = 0; j < to->count; j++) {
            from->list[i].shared = from->list[i].shared || to->list[j].producer == from->list[i].producer;
        }
    }
    for (size_t j = 0; j < to->count; j++) {
        to->list[j].shared = false;
    }
}

static void replace(struct curfew_voices *voices, struct table *table)
{
    struct table before = voices->table;
    hand_over(&before, table);
    pthread_rwlock_wrlock(&voices->lock);
    voices->table = *table;
    pthread_rwlock_unlock(&voices->lock);
    close_table(&before); /* nobody emits through them any more */
}

enum curfew_status curfew_voices_create(const struct curfew_guard_settings *settings, struct curfew_voices **voices,
                                        struct curfew_error *error)
{
    struct curfew_voices *made = calloc(1, sizeof *made);
    *voices = NULL;
    if (made == NULL || pthread_rwlock_init(&made->lock, NULL) != 0) {
        free(made);
        return curfew_error_set(error, CURFEW_NOMEM, "opening the door: out of memory");
    }
    made->settings = settings;
    *voices = made;
    return CURFEW_OK;
}

void curfew_voices_destroy(struct curfew_voices *voices)
{
    if (voices != NULL) {
        close_table(&voices->table);
        pthread_rwlock_destroy(&voices->lock);
        free(voices);
    }
}

enum curfew_status curfew_voices_set(struct curfew_voices *voices, const char *const *key_files, size_t count,
                                     struct curfew_error *error)
{
    struct table table = {.count = 0};
    enum curfew_status status = CURFEW_OK;
    for (size_t i = 0; i < count && status == CURFEW_OK; i++) {
        status = add(voices, key_files[i], &table, error);
    }
    if (status != CURFEW_OK) {
        close_table(&table);
        return status;
    }
    replace(voices, &table);
    return CURFEW_OK;
}

bool curfew_voices_changed(const struct curfew_voices *voices)
{
    for (size_t i = 0; i < voices->table.count; i++) {
        struct curfew_file_stamp now;
        curfew_file_stamp(voices->table.list[i].key_file, &now);
        if (!curfew_file_stamp_same(&now, &voices->table.list[i].stamp)) {
            return true;
        }
    }
    return false;
}

void curfew_voices_silence(struct curfew_voices *voices)
{
    struct table none = {.count = 0};
    replace(voices, &none);
}

enum curfew_status curfew_voices_emit(struct curfew_voices *voices, const char *key_file,
                                      const struct curfew_emit *emit, struct curfew_error *error)
{
    pthread_rwlock_rdlock(&voices->lock);
    const struct voice *voice = find(&voices->table, key_file);
    const enum curfew_status status =
        voice == NULL ? curfew_error_set(error, CURFEW_CLOSED, "emitting: this key is not in use any more; try again")
                      : curfew_producer_emit(voice->producer, emit, error);
    pthread_rwlock_unlock(&voices->lock);
    return status;
}
