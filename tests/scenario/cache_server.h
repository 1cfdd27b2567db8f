/* cache_server: a real Redis for one test, on a unix socket in a directory of its own, and a look into it that does not
 * pass through the code under test. Whatever cannot be done fails the running test. */
#ifndef CURFEW_TESTS_CACHE_SERVER_H
#define CURFEW_TESTS_CACHE_SERVER_H

#include "consumer/cache.h"
#include <curfew/status.h>

struct cache_server {
    struct rig_process *process;
    char *directory;
    char *socket;
    char *address; /* "unix:…", as cache.address takes it */
    char *client; /* "redis-cli -s …", as check.sh takes it */
    void *connection;
};

void cache_server_open(struct cache_server *server);
void cache_server_close(struct cache_server *server);

/* Starts it (again) and waits until it answers and has loaded what it had. */
void cache_server_start(struct cache_server *server);
/* SIGKILL: what was not saved is gone. */
void cache_server_kill(struct cache_server *server);
/* Keeps a copy of a fresh dump, and puts it in the place of the present one. Restore between kill and start. */
void cache_server_save(struct cache_server *server);
void cache_server_restore(struct cache_server *server);
void cache_server_forget(struct cache_server *server); /* no dump at all */

/* One command, printf-made and split at blanks; its answer as text, nested elements one a line, nil empty, malloc'ed.
 */
char *cache_server_ask(struct cache_server *server, const char *format, ...) CURFEW_PRINTF(2, 3);
/* The same, and the answer must be `expected`. */
void cache_server_expect(struct cache_server *server, const char *expected, const char *format, ...)
    CURFEW_PRINTF(3, 4);
/* Runs the cache's script as given; its answer, malloc'ed. */
char *cache_server_eval(struct cache_server *server, const struct curfew_cache_call *call);
/* A connection of its own, for a thread of its own. */
void *cache_server_connect(const struct cache_server *server);
void cache_server_disconnect(void *connection);
/* Asks on a connection of cache_server_connect; NULL when it broke. */
char *cache_server_ask_on(void *connection, const char *command);

#endif
