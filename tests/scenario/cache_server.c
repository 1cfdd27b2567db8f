/* cache_server: starts Redis and talks to it over hiredis. */
#include "tests/scenario/cache_server.h"
#include "tests/scenario/rig_memory.h"
#include "tests/scenario/rig_process.h"
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define START_MS 10000
#define POLL_MS 5

extern char **environ;

void cache_server_open(struct cache_server *server)
{
    char directory[] = "/tmp/curfew-cache-XXXXXX";
    assert_non_null(mkdtemp(directory));
    server->directory = rig_copy(directory);
    server->socket = rig_format("%s/redis.sock", directory);
    server->address = rig_format("unix:%s", server->socket);
    server->client = rig_format("redis-cli -s %s", server->socket);
    server->connection = NULL;
    char *output = rig_format("%s/redis.log", directory);
    const char *const argv[] = {
        "redis-server", "--port",       "0",        "--unixsocket", server->socket, "--save", "", "--dir",
        directory,      "--dbfilename", "dump.rdb", "--appendonly", "no",           NULL};
    const struct rig_launch launch = {
        .name = "redis", .argv = argv, .environment = (const char *const *)environ, .output = output};
    server->process = rig_process_create(&launch);
    free(output);
    cache_server_start(server);
}

void cache_server_close(struct cache_server *server)
{
    cache_server_disconnect(server->connection);
    rig_process_destroy(server->process);
    rig_remove_tree(server->directory);
    free(server->directory);
    free(server->socket);
    free(server->address);
    free(server->client);
}

void cache_server_start(struct cache_server *server)
{
    rig_process_start(server->process);
    for (int waited = 0; waited < START_MS; waited += POLL_MS) {
        server->connection = cache_server_connect(server);
        char *answer = server->connection == NULL ? NULL : cache_server_ask_on(server->connection, "PING");
        bool ready = answer != NULL && strcmp(answer, "PONG") == 0;
        free(answer);
        if (ready) {
            return;
        }
        cache_server_disconnect(server->connection);
        server->connection = NULL;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    rig_process_print(server->process, stderr);
    fail_msg("redis-server did not answer within %d ms", START_MS);
}

void cache_server_kill(struct cache_server *server)
{
    cache_server_disconnect(server->connection);
    server->connection = NULL;
    rig_process_kill(server->process);
}

static void copy(const char *directory, const char *from, const char *to)
{
    char *command = rig_format("cp %s/%s %s/%s", directory, from, directory, to);
    assert_int_equal(system(command), 0);
    free(command);
}

void cache_server_save(struct cache_server *server)
{
    cache_server_expect(server, "OK", "SAVE");
    copy(server->directory, "dump.rdb", "kept.rdb");
}

void cache_server_restore(struct cache_server *server)
{
    copy(server->directory, "kept.rdb", "dump.rdb");
}

void cache_server_forget(struct cache_server *server)
{
    char *path = rig_format("%s/dump.rdb", server->directory);
    unlink(path);
    free(path);
}

void *cache_server_connect(const struct cache_server *server)
{
    redisContext *connection = redisConnectUnixWithTimeout(server->socket, (struct timeval){.tv_sec = 1});
    if (connection != NULL && connection->err != 0) {
        redisFree(connection);
        return NULL;
    }
    return connection;
}

void cache_server_disconnect(void *connection)
{
    redisFree(connection);
}

static void print_reply(FILE *file, const redisReply *reply, bool *first)
{
    if (reply->type == REDIS_REPLY_ARRAY) {
        for (size_t i = 0; i < reply->elements; i++) {
            print_reply(file, reply->element[i], first);
        }
        return;
    }
    fprintf(file, "%s", *first ? "" : "\n");
    *first = false;
    if (reply->type == REDIS_REPLY_INTEGER) {
        fprintf(file, "%lld", reply->integer);
    } else if (reply->type != REDIS_REPLY_NIL) {
        fwrite(reply->str, 1, reply->len, file);
    }
}

static char *text_of(redisReply *reply)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    bool first = true;
    if (reply == NULL || file == NULL) {
        return NULL;
    }
    print_reply(file, reply, &first);
    fclose(file);
    freeReplyObject(reply);
    return text;
}

char *cache_server_ask_on(void *connection, const char *command)
{
    const char *words[128];
    size_t sizes[128];
    int count = 0;
    for (const char *at = command; *at != '\0' && count < 128;) {
        sizes[count] = strcspn(at, " ");
        words[count++] = at;
        at += sizes[count - 1];
        at += *at == ' ';
    }
    redisReply *reply = redisCommandArgv(connection, count, words, sizes);
    return reply == NULL ? NULL : text_of(reply);
}

static char *ask(struct cache_server *server, const char *command)
{
    char *answer = cache_server_ask_on(server->connection, command);
    if (answer == NULL) {
        fail_msg("%s: %s", command, ((redisContext *)server->connection)->errstr);
    }
    return answer;
}

char *cache_server_ask(struct cache_server *server, const char *format, ...)
{
    char *command = NULL;
    va_list list;
    va_start(list, format);
    assert_true(vasprintf(&command, format, list) > 0);
    va_end(list);
    char *answer = ask(server, command);
    free(command);
    return answer;
}

void cache_server_expect(struct cache_server *server, const char *expected, const char *format, ...)
{
    char *command = NULL;
    va_list list;
    va_start(list, format);
    assert_true(vasprintf(&command, format, list) > 0);
    va_end(list);
    char *answer = ask(server, command);
    assert_string_equal(answer, expected);
    free(command);
    free(answer);
}

char *cache_server_eval(struct cache_server *server, const struct curfew_cache_call *call)
{
    size_t count = call->count + 2;
    const char **words = rig_allocate(count * sizeof(*words));
    size_t *sizes = rig_allocate(count * sizeof(*sizes));
    words[0] = "EVAL";
    words[1] = curfew_cache_script;
    sizes[0] = strlen(words[0]);
    sizes[1] = strlen(words[1]);
    for (size_t i = 0; i < call->count; i++) {
        words[i + 2] = (const char *)call->arguments[i].at;
        sizes[i + 2] = call->arguments[i].size;
    }
    redisReply *reply = redisCommandArgv(server->connection, (int)count, words, sizes);
    free(words);
    free(sizes);
    assert_non_null(reply);
    return text_of(reply);
}
