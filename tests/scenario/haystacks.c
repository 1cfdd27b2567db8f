/* haystacks: everything a cluster leaves behind. */
#include "tests/scenario/haystacks.h"
#include "tests/scenario/rig_memory.h"
#include <dirent.h>
#include <hiredis/hiredis.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MS 30000 /* for the broker's next answer */
#define REASON_SIZE 256
#define SCAN_COUNT "1000" /* keys a step */

static struct curfew_slice slice_of(const void *at, size_t size)
{
    return (struct curfew_slice){at, size};
}

/* ---- Kafka, without any of our own code in between ---- */

static rd_kafka_t *open_client(const char *const *settings)
{
    char reason[REASON_SIZE] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    for (; settings[0] != NULL; settings += 2) {
        const char *name = settings[0] + strlen("kafka.");
        if (rd_kafka_conf_set(conf, name, settings[1], reason, sizeof reason) != RD_KAFKA_CONF_OK) {
            fail_msg("%s: %s", settings[0], reason);
        }
    }
    assert_int_equal(rd_kafka_conf_set(conf, "enable.partition.eof", "true", reason, sizeof reason), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "group.id", "haystacks", reason, sizeof reason), RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (client == NULL) {
        fail_msg("a client of Kafka: %s", reason);
    }
    assert_int_equal(rd_kafka_poll_set_consumer(client), RD_KAFKA_RESP_ERR_NO_ERROR);
    return client;
}

/* From the first record of every partition there is; how many partitions. */
static int assign_all(rd_kafka_t *client)
{
    const struct rd_kafka_metadata *metadata = NULL;
    const rd_kafka_resp_err_t error = rd_kafka_metadata(client, 1, NULL, &metadata, WAIT_MS);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(1);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fail_msg("what topics there are: %s", rd_kafka_err2str(error));
    }
    for (int i = 0; i < metadata->topic_cnt; i++) {
        for (int k = 0; k < metadata->topics[i].partition_cnt; k++) {
            rd_kafka_topic_partition_list_add(all, metadata->topics[i].topic, k)->offset = RD_KAFKA_OFFSET_BEGINNING;
        }
    }
    assert_int_equal(rd_kafka_assign(client, all), RD_KAFKA_RESP_ERR_NO_ERROR);
    const int count = all->cnt;
    rd_kafka_topic_partition_list_destroy(all);
    rd_kafka_metadata_destroy(metadata);
    return count;
}

static void look_at_message(const rd_kafka_message_t *message, haystacks_look *look, void *context)
{
    const char *topic = rd_kafka_topic_name(message->rkt);
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0;
    rd_kafka_headers_t *headers = NULL;
    char *where = rig_format("%s, partition %d, offset %lld", topic, message->partition, (long long)message->offset);

    look(context, where, slice_of(message->payload, message->len));
    look(context, where, slice_of(message->key, message->key_len));
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
             i++) {
            look(context, where, slice_of(name, strlen(name)));
            look(context, where, slice_of(value, size));
        }
    }
    free(where);
}

void haystacks_topics(const char *const *settings, haystacks_look *look, void *context)
{
    rd_kafka_t *client = open_client(settings);
    int left = assign_all(client);

    assert_true(left > 0);
    while (left > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, WAIT_MS);
        if (message == NULL) {
            fail_msg("no record within %d ms, and %d partitions are not at their end", WAIT_MS, left);
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            look_at_message(message, look, context);
        } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            left--;
        } else {
            fail_msg("reading topics: %s", rd_kafka_message_errstr(message));
        }
        rd_kafka_message_destroy(message);
    }
    assert_int_equal(rd_kafka_consumer_close(client), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(client);
}

/* ---- Redis ---- */

static redisReply *ask(redisContext *redis, int count, const char *const *words, const size_t *sizes)
{
    redisReply *reply = redisCommandArgv(redis, count, (const char **)(uintptr_t)words, sizes);

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        fail_msg("Redis, %s: %s", words[0], reply == NULL ? redis->errstr : reply->str);
    }
    return reply;
}

static void look_at_reply(const redisReply *reply, const char *where, haystacks_look *look, void *context)
{
    for (size_t i = 0; i < reply->elements; i++) {
        look_at_reply(reply->element[i], where, look, context);
    }
    if (reply->type == REDIS_REPLY_STRING) {
        look(context, where, slice_of(reply->str, reply->len));
    }
}

static void look_at_key(redisContext *redis, const redisReply *key, haystacks_look *look, void *context)
{
    static const struct {
        const char *type, *words[4];
        int count;
    } reads[] = {{"string", {"GET", NULL}, 2},
                 {"hash", {"HGETALL", NULL}, 2},
                 {"set", {"SMEMBERS", NULL}, 2},
                 {"list", {"LRANGE", NULL, "0", "-1"}, 4},
                 {"zset", {"ZRANGE", NULL, "0", "-1"}, 4},
                 {"stream", {"XRANGE", NULL, "-", "+"}, 4}};
    redisReply *type = ask(redis, 2, (const char *const[]){"TYPE", key->str}, (const size_t[]){4, key->len});
    char *where = rig_format("Redis, key %s", key->str);
    size_t i = 0;

    while (i < sizeof reads / sizeof reads[0] && strcmp(reads[i].type, type->str) != 0) {
        i++;
    }
    if (i == sizeof reads / sizeof reads[0] && strcmp(type->str, "none") != 0) { /* none: it ran out meanwhile */
        fail_msg("Redis: %s is a %s", key->str, type->str);
    }
    look(context, where, slice_of(key->str, key->len));
    if (i < sizeof reads / sizeof reads[0]) {
        const char *words[4] = {reads[i].words[0], key->str, reads[i].words[2], reads[i].words[3]};
        const size_t sizes[4] = {strlen(words[0]), key->len, 1, reads[i].count == 4 ? strlen(words[3]) : 0};
        redisReply *content = ask(redis, reads[i].count, words, sizes);
        look_at_reply(content, where, look, context);
        freeReplyObject(content);
    }
    free(where);
    freeReplyObject(type);
}

void haystacks_redis(const char *address, const char *password, haystacks_look *look, void *context)
{
    char *host = rig_format("%.*s", (int)strcspn(address, ":"), address);
    redisContext *redis = redisConnect(host, (int)strtol(strchr(address, ':') + 1, NULL, 10));
    char *cursor = rig_copy("0");

    assert_true(redis != NULL && redis->err == 0);
    if (password != NULL) {
        freeReplyObject(ask(redis, 2, (const char *const[]){"AUTH", password}, (const size_t[]){4, strlen(password)}));
    }
    do {
        const size_t sizes[] = {4, strlen(cursor), 5, strlen(SCAN_COUNT)};
        redisReply *step = ask(redis, 4, (const char *const[]){"SCAN", cursor, "COUNT", SCAN_COUNT}, sizes);
        free(cursor);
        cursor = rig_copy(step->element[0]->str);
        for (size_t i = 0; i < step->element[1]->elements; i++) {
            look_at_key(redis, step->element[1]->element[i], look, context);
        }
        freeReplyObject(step);
    } while (strcmp(cursor, "0") != 0);
    free(cursor);
    free(host);
    redisFree(redis);
}

/* ---- files and processes ---- */

static void look_at_file(const char *path, const char *where, haystacks_look *look, void *context)
{
    char part[65536];
    char *bytes = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    FILE *whole = open_memstream(&bytes, &size);

    if (file == NULL || whole == NULL) {
        fail_msg("%s cannot be read", path);
    }
    for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;) {
        assert_int_equal(fwrite(part, 1, got, whole), got);
    }
    assert_int_equal(ferror(file), 0);
    assert_int_equal(fclose(whole), 0);
    assert_int_equal(fclose(file), 0);
    look(context, where, slice_of(bytes, size));
    free(bytes);
}

static bool is_but(const char *path, const char *const *but)
{
    while (*but != NULL && strncmp(path, *but, strlen(*but)) != 0) {
        but++;
    }
    return *but != NULL;
}

struct walk {
    const char *root;
    const char *const *but;
    haystacks_look *look;
    void *context;
};

static void walk_below(const struct walk *walk, const char *inside)
{
    char *path = rig_format("%s/%s", walk->root, inside);
    DIR *directory = opendir(path);

    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char *name = rig_format("%s%s%s", inside, inside[0] == '\0' ? "" : "/", entry->d_name);
        char *whole = rig_format("%s/%s", walk->root, name);
        struct stat status;
        const bool is_own = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (!is_own && !is_but(name, walk->but) && lstat(whole, &status) == 0) {
            if (S_ISDIR(status.st_mode)) {
                walk_below(walk, name);
            } else if (S_ISREG(status.st_mode)) {
                look_at_file(whole, name, walk->look, walk->context);
            }
        }
        free(name);
        free(whole);
    }
    assert_int_equal(closedir(directory), 0);
    free(path);
}

void haystacks_files(const char *directory, const char *const *but, haystacks_look *look, void *context)
{
    walk_below(&(struct walk){directory, but, look, context}, "");
}

void haystacks_processes(haystacks_look *look, void *context)
{
    char *list = rig_format("/proc/self/task/%d/children", (int)getpid());
    char *pids = rig_read_file(list);
    char *rest = NULL;

    assert_true(pids[0] != '\0');
    for (char *pid = strtok_r(pids, " ", &rest); pid != NULL; pid = strtok_r(NULL, " ", &rest)) {
        static const char *const tells[] = {"cmdline", "environ"};
        for (size_t i = 0; i < 2; i++) {
            char *path = rig_format("/proc/%s/%s", pid, tells[i]);
            look_at_file(path, path, look, context);
            free(path);
        }
    }
    free(pids);
    free(list);
}
