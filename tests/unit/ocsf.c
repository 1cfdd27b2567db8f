/* ocsf: required attributes and enumerations. */
#include "ocsf.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

const struct curfew_json *ocsf_at(const struct curfew_json *event, const char *path)
{
    char name[64];
    const char *rest = path;
    while (event != NULL && rest != NULL) {
        const char *dot = strchr(rest, '.');
        const size_t size = dot == NULL ? strlen(rest) : (size_t)(dot - rest);
        assert_true(size < sizeof name);
        memcpy(name, rest, size);
        name[size] = '\0';
        event = curfew_json_member(event, name);
        rest = dot == NULL ? NULL : dot + 1;
    }
    return event;
}

int64_t ocsf_int(const struct curfew_json *event, const char *path)
{
    int64_t value = 0;
    if (!curfew_json_int(ocsf_at(event, path), &value)) {
        fail_msg("%s is no number", path);
    }
    return value;
}

void ocsf_assert_text(const struct curfew_json *event, const char *path, const char *text)
{
    struct curfew_slice found = {NULL, 0};
    if (!curfew_json_string(ocsf_at(event, path), &found) || !curfew_slice_equal(found, curfew_slice_of(text))) {
        fail_msg("%s is \"%.*s\", not \"%s\"", path, CURFEW_SLICE_ARGS(found), text);
    }
}

static void assert_there(const struct curfew_json *event, const char *path)
{
    if (ocsf_at(event, path) == NULL) {
        fail_msg("%s is required", path);
    }
}

static bool any(const struct curfew_json *event, const char *const *paths)
{
    bool found = false;
    for (size_t i = 0; paths[i] != NULL; i++) {
        found = found || ocsf_at(event, paths[i]) != NULL;
    }
    return found;
}

/* Attributes with the requirement `required`, class by class. */
static const char *const base[] = {"activity_id",      "category_uid", "class_uid", "metadata", "metadata.product",
                                   "metadata.version", "severity_id",  "time",      "type_uid", NULL};
static const char *const api_activity[] = {"actor", "api", "api.operation", "src_endpoint", NULL};
static const char *const entity_management[] = {"entity", NULL};
static const char *const lifecycle[] = {"app", NULL};
static const char *const actors[] = {"actor.process", "actor.user", "actor.iam_role", "actor.session", "actor.app_name",
                                     "actor.app_uid", NULL};
static const char *const entities[] = {"entity.name", "entity.uid", "entity.device", "entity.user", NULL};
static const char *const endpoints[] = {"src_endpoint.ip", "src_endpoint.name", "src_endpoint.svc_name", NULL};

static void assert_all(const struct curfew_json *event, const char *const *paths)
{
    for (size_t i = 0; paths[i] != NULL; i++) {
        assert_there(event, paths[i]);
    }
}

void ocsf_assert(const struct curfew_json *event)
{
    assert_all(event, base);
    const int64_t class_uid = ocsf_int(event, "class_uid");
    const int64_t activity = ocsf_int(event, "activity_id");
    const int64_t severity = ocsf_int(event, "severity_id");
    const int64_t status = ocsf_int(event, "status_id");
    assert_int_equal(ocsf_int(event, "category_uid"), class_uid / 1000);
    assert_int_equal(ocsf_int(event, "type_uid"), class_uid * 100 + activity);
    assert_true(severity >= 1 && severity <= 6);
    assert_true(status == 1 || status == 2);
    ocsf_assert_text(event, "status", status == 1 ? "Success" : "Failure");
    assert_true(ocsf_int(event, "time") > INT64_C(1000000000000)); /* milliseconds */
    assert_true(ocsf_int(event, "metadata.sequence") > 0);
    ocsf_assert_text(event, "metadata.product.vendor_name", "Curfew");
    assert_true(activity == 99 || (activity >= 1 && activity <= 4));
    if (class_uid == 6003) {
        assert_all(event, api_activity);
        assert_true(any(event, actors) && any(event, endpoints));
        assert_int_equal(ocsf_int(event, "action_id"), 2);
    } else if (class_uid == 3004) {
        assert_all(event, entity_management);
        assert_true(any(event, entities) && any(event, actors));
    } else {
        assert_int_equal(class_uid, 6002);
        assert_all(event, lifecycle);
    }
}
