/* redis_target: where Redis is and how to log in to it, as configured. Pure but for the password file. */
#ifndef CURFEW_CONSUMER_REDIS_TARGET_H
#define CURFEW_CONSUMER_REDIS_TARGET_H

#include <curfew/status.h>

#define CURFEW_REDIS_PASSWORD_MAX 1024 /* bytes of the password file */

struct curfew_redis_target {
    char *address; /* as configured, for messages */
    char *host; /* or the path of the unix socket, with port 0 */
    int port;
    char *password_file; /* NULL: none */
};

/* `address` is "unix:/path", "host:port" or "[address]:port". The target is the caller's to clear, also after an
 * error. */
enum curfew_status curfew_redis_target_parse(const char *address, const char *password_file,
                                             struct curfew_redis_target *target,
                                             struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_redis_target_clear(struct curfew_redis_target *target);

struct curfew_redis_login {
    char text[CURFEW_REDIS_PASSWORD_MAX + 1]; /* the caller wipes it */
    const char *user; /* NULL: none was named */
    const char *password; /* NULL: there is no password file */
};

/* Reads the password file: one line, "user:password" or "password"; mode 0600 or stricter. The error never holds it. */
enum curfew_status curfew_redis_login_read(const struct curfew_redis_target *target, struct curfew_redis_login *login,
                                           struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
