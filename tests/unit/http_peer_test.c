/* http_peer: who is at the other end of the server, by unix sockets and by TLS, and answers that are put off. */
#include "core/http.h"
#include "core/id.h"
#include "http_asker.h"
#include "tests/common/authority.h"
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 200 /* answers put off at once */
#define CURLE_OPERATION_TIMEDOUT 28
#define PATIENCE_MS 20000

struct world {
    char directory[64];
    char path[96]; /* of the socket */
    char listen[128];
    struct curfew_http *http;
    struct authority *authority;
    struct authority *stranger;
    pthread_mutex_t lock;
    struct curfew_http_request *later[MANY];
    size_t later_count;
};

/* ---- the server under test ---- */

static bool print_name(void *context, enum curfew_http_name kind, struct curfew_slice name)
{
    (void)fprintf(context, "%s=%.*s ", kind == CURFEW_HTTP_NAME_URI ? "uri" : "dns", (int)name.size,
                  (const char *)name.at);
    return false;
}

static void handle_who(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    uid_t user = 0;
    FILE *file = open_memstream(&response->body, &response->size);
    (void)context;
    if (curfew_http_peer_user(request, &user)) {
        (void)fprintf(file, "user=%u ", (unsigned)user);
    }
    (void)curfew_http_peer_names(request, print_name, file);
    (void)fclose(file);
}

static void handle_later(void *context, const struct curfew_http_request *request,
                         struct curfew_http_response *response)
{
    struct world *world = context;
    curfew_http_reply(response, 500, "dropped");
    pthread_mutex_lock(&world->lock);
    world->later[world->later_count++] = curfew_http_put_off(request);
    pthread_mutex_unlock(&world->lock);
}

static void handle_at_once(void *context, const struct curfew_http_request *request,
                           struct curfew_http_response *response)
{
    (void)context;
    (void)response;
    struct curfew_http_response answer = {.code = 201};
    curfew_http_reply(&answer, 201, "%zu", curfew_http_body(request).size);
    curfew_http_finish(curfew_http_put_off(request), &answer);
}

static const struct curfew_http_route routes[] = {
    {"GET", "/who", handle_who},
    {"POST", "/later", handle_later},
    {"POST", "/at-once", handle_at_once},
    {NULL, NULL, NULL},
};

static void open_server(struct world *world, const char *listen, const struct curfew_http_tls *tls)
{
    struct curfew_error error;
    const struct curfew_http_options options = {
        .listen = listen, .mode = 0640, .tls = tls, .local_only = true, .routes = routes, .context = world};
    if (curfew_http_serve(&options, &world->http, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    pthread_mutex_init(&world->lock, NULL);
    (void)snprintf(world->directory, sizeof world->directory, "/tmp/curfew-http-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    (void)snprintf(world->path, sizeof world->path, "%s/events.sock", world->directory);
    (void)snprintf(world->listen, sizeof world->listen, "unix:%s", world->path);
    world->authority = authority_create(world->directory, "ca");
    world->stranger = authority_create(world->directory, "other-ca");
    *state = world;
    return 0;
}

static int drop(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int end(void **state)
{
    struct world *world = *state;
    curfew_http_close(world->http);
    authority_destroy(world->authority);
    authority_destroy(world->stranger);
    (void)nftw(world->directory, drop, 16, FTW_DEPTH | FTW_PHYS);
    pthread_mutex_destroy(&world->lock);
    free(world);
    return 0;
}

/* ---- a client ---- */

static struct http_told get(const struct world *world, const char *certificate)
{
    const struct http_question question = {.address = curfew_http_address(world->http),
                                           .path = "/who",
                                           .directory = world->directory,
                                           .certificate = certificate};
    return http_asker_ask(&question);
}

/* ---- unix sockets ---- */

static void a_unix_socket_tells_the_user(void **state)
{
    /* Goal: the user at the other end is known, the socket has the mode that was asked for whatever umask says. */
    struct world *world = *state;
    struct stat about;
    const mode_t before = umask(0077);
    open_server(world, world->listen, NULL);
    umask(before);
    assert_int_equal(stat(world->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    char wanted[32];
    (void)snprintf(wanted, sizeof wanted, "user=%u ", (unsigned)geteuid());
    const struct http_told asked = get(world, NULL);
    assert_int_equal(asked.status, 200);
    assert_string_equal(asked.body, wanted);
}

static void what_a_dead_process_left_is_replaced(void **state)
{
    /* Goal: a living server's socket is never taken, a dead one's is, and nothing else than a socket. */
    struct world *world = *state;
    struct curfew_http *second = NULL;
    struct curfew_error error;
    open_server(world, world->listen, NULL);
    assert_int_equal(curfew_http_open(world->listen, routes, world, &second, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, "another process listens there"));
    assert_int_equal(get(world, NULL).status, 200);
    curfew_http_close(world->http);
    world->http = NULL;
    assert_int_equal(access(world->path, F_OK), -1); /* taken away */

    pid_t child = fork();
    if (child == 0) { /* dies without closing */
        _exit(curfew_http_open(world->listen, routes, world, &second, &error) == CURFEW_OK ? 0 : 1);
    }
    int ended = -1;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
    assert_int_equal(access(world->path, F_OK), 0);
    open_server(world, world->listen, NULL);
    assert_int_equal(get(world, NULL).status, 200);
    curfew_http_close(world->http);
    world->http = NULL;

    FILE *file = fopen(world->path, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(curfew_http_open(world->listen, routes, world, &world->http, &error), CURFEW_INVALID);
    assert_int_equal(access(world->path, F_OK), 0);
    assert_int_equal(curfew_http_open("unix:events.sock", routes, world, &world->http, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "a whole path"));
}

/* ---- TLS ---- */

static void sign(struct authority *authority, const char *name, const char *names, const char *usage)
{
    const struct authority_wish wish = {name, names, usage, -3600, 3600};
    authority_sign(authority, &wish);
}

static void open_tls(struct world *world, bool client_ca)
{
    static char files[3][128];
    sign(world->authority, "server", "IP:127.0.0.1", "serverAuth");
    (void)snprintf(files[0], sizeof files[0], "%s/server.pem", world->directory);
    (void)snprintf(files[1], sizeof files[1], "%s/server.key", world->directory);
    (void)snprintf(files[2], sizeof files[2], "%s/ca.pem", world->directory);
    const struct curfew_http_tls tls = {files[0], files[1], client_ca ? files[2] : NULL};
    open_server(world, "127.0.0.1:0", &tls);
}

static void a_certificate_tells_its_names(void **state)
{
    /* Goal: URI and DNS names of a certificate our CA signed for clients are told, and without one, none. */
    struct world *world = *state;
    open_tls(world, true);
    sign(world->authority, "etl", "URI:spiffe://acme/etl,DNS:etl.acme,IP:10.0.0.1,email:x@acme", "clientAuth");
    struct http_told asked = get(world, "etl");
    assert_int_equal(asked.status, 200);
    assert_string_equal(asked.body, "uri=spiffe://acme/etl dns=etl.acme ");
    asked = get(world, NULL);
    assert_int_equal(asked.status, 200);
    assert_string_equal(asked.body, "");
}

static void a_certificate_nobody_vouches_for_has_no_names(void **state)
{
    /* Goal: another CA's, one that is over, one not begun and a server's own tell no names. */
    struct world *world = *state;
    open_tls(world, true);
    sign(world->stranger, "forged", "URI:spiffe://acme/etl", "clientAuth");
    sign(world->authority, "of-a-server", "URI:spiffe://acme/etl", "serverAuth");
    authority_sign(world->authority,
                   &(struct authority_wish){"over", "URI:spiffe://acme/etl", "clientAuth", -3600, -60});
    authority_sign(world->authority,
                   &(struct authority_wish){"early", "URI:spiffe://acme/etl", "clientAuth", 3600, 7200});
    const char *const names[] = {"forged", "of-a-server", "over", "early"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct http_told asked = get(world, names[i]);
        assert_true(asked.failed != 0 || (asked.status == 200 && asked.size == 0));
    }
    sign(world->authority, "etl", "URI:spiffe://acme/etl", "clientAuth");
    assert_string_equal(get(world, "etl").body, "uri=spiffe://acme/etl ");
}

static void without_a_ca_no_certificate_is_asked_for(void **state)
{
    /* Goal: a server that was given no CA believes nobody's certificate. */
    struct world *world = *state;
    open_tls(world, false);
    sign(world->authority, "etl", "URI:spiffe://acme/etl", "clientAuth");
    const struct http_told asked = get(world, "etl");
    assert_int_equal(asked.status, 200);
    assert_string_equal(asked.body, "");
}

static void files_that_do_not_fit_are_told(void **state)
{
    /* Goal: no server starts on a key others may read, another's key, or plain where other machines are. */
    struct world *world = *state;
    struct curfew_error error;
    char files[3][128];
    sign(world->authority, "server", "IP:127.0.0.1", "serverAuth");
    sign(world->authority, "another", "IP:127.0.0.1", "serverAuth");
    (void)snprintf(files[0], sizeof files[0], "%s/server.pem", world->directory);
    (void)snprintf(files[1], sizeof files[1], "%s/server.key", world->directory);
    (void)snprintf(files[2], sizeof files[2], "%s/another.key", world->directory);
    struct curfew_http_tls tls = {files[0], files[1], NULL};
    struct curfew_http_options options = {.listen = "127.0.0.1:0", .tls = &tls, .routes = routes, .context = world};
    assert_int_equal(chmod(files[1], 0644), 0);
    assert_int_equal(curfew_http_serve(&options, &world->http, &error), CURFEW_INVALID);
    tls.key_file = files[2];
    assert_int_equal(curfew_http_serve(&options, &world->http, &error), CURFEW_INTERNAL);
    assert_non_null(strstr(error.text, "belong together"));
    options = (struct curfew_http_options){.listen = "0.0.0.0:0", .local_only = true, .routes = routes};
    assert_int_equal(curfew_http_serve(&options, &world->http, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "in the clear"));
}

/* ---- answers that are put off ---- */

static void *ask_later(void *context)
{
    struct http_told *asked = context;
    const struct world *world = *(struct world **)asked->body;
    const struct http_question question = {.address = curfew_http_address(world->http), .path = "/later", .post = "x"};
    *asked = http_asker_ask(&question);
    return NULL;
}

static size_t count_later(struct world *world)
{
    pthread_mutex_lock(&world->lock);
    const size_t count = world->later_count;
    pthread_mutex_unlock(&world->lock);
    return count;
}

static void await_later(struct world *world, size_t count)
{
    for (int i = 0; i < PATIENCE_MS && count_later(world) < count; i++) {
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(count_later(world), count);
}

static void finish(struct curfew_http_request *request, size_t number)
{
    struct curfew_http_response answer = {.code = 0};
    curfew_http_reply(&answer, 202, "late %zu", number);
    answer.header_name = "Retry-After";
    answer.header_value = "1";
    curfew_http_finish(request, &answer);
}

static void many_answers_are_put_off_without_a_thread_each(void **state)
{
    /* Goal: while 200 wait others are answered, and each gets its own answer when it comes, in any order. */
    struct world *world = *state;
    static struct http_told asked[MANY];
    static pthread_t threads[MANY];
    bool seen[MANY] = {false};
    open_server(world, world->listen, NULL);
    for (size_t i = 0; i < MANY; i++) {
        *(struct world **)asked[i].body = world;
        assert_int_equal(pthread_create(&threads[i], NULL, ask_later, &asked[i]), 0);
    }
    await_later(world, MANY);
    assert_int_equal(get(world, NULL).status, 200);
    for (size_t i = MANY; i-- > 0;) {
        finish(world->later[i], i);
    }
    for (size_t i = 0; i < MANY; i++) {
        size_t number = MANY;
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(asked[i].status, 202);
        assert_int_equal(sscanf(asked[i].body, "late %zu", &number), 1);
        assert_true(number < MANY && !seen[number]);
        seen[number] = true;
    }
}

static void an_answer_may_come_before_its_handler_returns(void **state)
{
    /* Goal: put off and finished within the handler, a thousand times on one server: each is answered. */
    struct world *world = *state;
    open_server(world, world->listen, NULL);
    const struct http_question question = {
        .address = curfew_http_address(world->http), .path = "/at-once", .post = "four"};
    for (int i = 0; i < 1000; i++) {
        const struct http_told asked = http_asker_ask(&question);
        assert_int_equal(asked.status, 201);
        assert_string_equal(asked.body, "4");
    }
}

static void a_client_may_be_gone_by_then(void **state)
{
    /* Goal: an answer to a client that hung up is dropped, and a server closes right after the last was finished. */
    struct world *world = *state;
    open_server(world, world->listen, NULL);
    const struct http_question question = {
        .address = curfew_http_address(world->http), .path = "/later", .post = "x", .timeout_ms = 50};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(http_asker_ask(&question).failed, CURLE_OPERATION_TIMEDOUT);
    }
    await_later(world, 3);
    finish(world->later[0], 0);
    assert_int_equal(get(world, NULL).status, 200);
    finish(world->later[1], 1);
    finish(world->later[2], 2);
    curfew_http_close(world->http);
    world->http = NULL;
}

static void what_was_finished_is_answered_before_the_server_goes(void **state)
{
    /* Goal: a server that is closed right after a request was finished, and a client that waits: it gets its answer, 50
     * times of 50. */
    struct world *world = *state;
    for (int i = 0; i < 50; i++) {
        static struct http_told asked;
        pthread_t thread;
        open_server(world, world->listen, NULL);
        memset(&asked, 0, sizeof asked);
        *(struct world **)asked.body = world;
        world->later_count = 0;
        assert_int_equal(pthread_create(&thread, NULL, ask_later, &asked), 0);
        await_later(world, 1);
        finish(world->later[0], 7);
        curfew_http_close(world->http);
        world->http = NULL;
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(asked.status, 202);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_unix_socket_tells_the_user, begin, end),
        cmocka_unit_test_setup_teardown(what_a_dead_process_left_is_replaced, begin, end),
        cmocka_unit_test_setup_teardown(a_certificate_tells_its_names, begin, end),
        cmocka_unit_test_setup_teardown(a_certificate_nobody_vouches_for_has_no_names, begin, end),
        cmocka_unit_test_setup_teardown(without_a_ca_no_certificate_is_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(files_that_do_not_fit_are_told, begin, end),
        cmocka_unit_test_setup_teardown(many_answers_are_put_off_without_a_thread_each, begin, end),
        cmocka_unit_test_setup_teardown(an_answer_may_come_before_its_handler_returns, begin, end),
        cmocka_unit_test_setup_teardown(a_client_may_be_gone_by_then, begin, end),
        cmocka_unit_test_setup_teardown(what_was_finished_is_answered_before_the_server_goes, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
