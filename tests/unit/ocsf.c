/* ocsf: required attributes, known attributes and their types, enumerations. */
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

/* An attribute the schema has, and its type; objects and arrays of objects say what is inside. */
struct attribute {
    const char *name; /* NULL: the end */
    enum { TEXT, NUMBER, TEXTS, OBJECT, OBJECTS, ANYTHING } type;
    const struct attribute *inside;
};

#define ATTRIBUTES_MAX 40

static const struct attribute feature[] = {{"name", TEXT, NULL}, {"uid", TEXT, NULL}, {NULL, TEXT, NULL}};
static const struct attribute product[] = {{"name", TEXT, NULL}, {"vendor_name", TEXT, NULL},  {"version", TEXT, NULL},
                                           {"uid", TEXT, NULL},  {"feature", OBJECT, feature}, {NULL, TEXT, NULL}};
static const struct attribute metadata[] = {
    {"version", TEXT, NULL},  {"product", OBJECT, product}, {"profiles", TEXTS, NULL},
    {"uid", TEXT, NULL},      {"sequence", NUMBER, NULL},   {"log_provider", TEXT, NULL},
    {"log_name", TEXT, NULL}, {"tenant_uid", TEXT, NULL},   {NULL, TEXT, NULL}};
static const struct attribute named[] = {
    {"name", TEXT, NULL}, {"uid", TEXT, NULL}, {"type", TEXT, NULL}, {NULL, TEXT, NULL}};
static const struct attribute only_uid[] = {{"uid", TEXT, NULL}, {NULL, TEXT, NULL}};
static const struct attribute authorization[] = {{"decision", TEXT, NULL}, {NULL, TEXT, NULL}};
static const struct attribute actor[] = {{"user", OBJECT, only_uid},
                                         {"session", OBJECT, only_uid},
                                         {"app_name", TEXT, NULL},
                                         {"app_uid", TEXT, NULL},
                                         {"authorizations", OBJECTS, authorization},
                                         {NULL, TEXT, NULL}};
static const struct attribute api[] = {{"operation", TEXT, NULL}, {NULL, TEXT, NULL}};
static const struct attribute endpoint[] = {{"svc_name", TEXT, NULL}, {NULL, TEXT, NULL}};
static const struct attribute every_class[] = {{"activity_id", NUMBER, NULL},
                                               {"activity_name", TEXT, NULL},
                                               {"category_uid", NUMBER, NULL},
                                               {"class_uid", NUMBER, NULL},
                                               {"class_name", TEXT, NULL},
                                               {"type_uid", NUMBER, NULL},
                                               {"severity_id", NUMBER, NULL},
                                               {"status_id", NUMBER, NULL},
                                               {"status", TEXT, NULL},
                                               {"status_code", TEXT, NULL},
                                               {"status_detail", TEXT, NULL},
                                               {"time", NUMBER, NULL},
                                               {"metadata", OBJECT, metadata},
                                               {"unmapped", ANYTHING, NULL},
                                               {"action_id", NUMBER, NULL},
                                               {"action", TEXT, NULL},
                                               {"disposition_id", NUMBER, NULL},
                                               {"disposition", TEXT, NULL},
                                               {"actor", OBJECT, actor},
                                               {"src_endpoint", OBJECT, endpoint},
                                               {"api", OBJECT, api},
                                               {"resources", OBJECTS, named},
                                               {"entity", OBJECT, named},
                                               {"comment", TEXT, NULL},
                                               {"app", OBJECT, product},
                                               {NULL, TEXT, NULL}};
/* Those above that only one class has; in the two others they are unknown. */
static const char *const not_in_iam[] = {"api", "resources", "app", NULL};
static const char *const not_in_api[] = {"entity", "comment", "app", NULL};
static const char *const not_in_lifecycle[] = {"api", "resources", "entity", "comment", "actor", "src_endpoint", NULL};

static void assert_known(const struct curfew_json *object, const struct attribute *attributes, const char *where);

static void assert_type(const struct curfew_json *value, const struct attribute *attribute)
{
    struct curfew_slice text;
    int64_t number = 0;
    const bool many = attribute->type == TEXTS || attribute->type == OBJECTS;
    if (attribute->type == TEXT     ? !curfew_json_string(value, &text)
        : attribute->type == NUMBER ? !curfew_json_int(value, &number)
        : many                      ? !curfew_json_is_array(value)
                                    : !curfew_json_is_object(value)) {
        fail_msg("%s has the wrong type", attribute->name);
    }
    if (attribute->type == OBJECT) {
        assert_known(value, attribute->inside, attribute->name);
    }
    for (size_t i = 0; many && i < curfew_json_count(value); i++) {
        const struct curfew_json *item = curfew_json_item(value, i);
        if (attribute->type == OBJECTS) {
            assert_known(item, attribute->inside, attribute->name);
        } else if (!curfew_json_string(item, &text)) {
            fail_msg("%s has an item of the wrong type", attribute->name);
        }
    }
}

static void assert_known(const struct curfew_json *object, const struct attribute *attributes, const char *where)
{
    const char *names[ATTRIBUTES_MAX] = {NULL};
    for (size_t i = 0; attributes[i].name != NULL; i++) {
        assert_true(i + 1 < ATTRIBUTES_MAX);
        names[i] = attributes[i].name;
        const struct curfew_json *value = curfew_json_member(object, attributes[i].name);
        if (value != NULL) {
            assert_type(value, &attributes[i]);
        }
    }
    if (!curfew_json_only(object, names)) {
        fail_msg("%s says something that the schema has no name for", where);
    }
}

/* objects/_entity.json: at least one of name and uid. */
static void assert_identified(const struct curfew_json *list)
{
    for (size_t i = 0; i < curfew_json_count(list); i++) {
        const struct curfew_json *item = curfew_json_item(list, i);
        if (ocsf_at(item, "name") == NULL && ocsf_at(item, "uid") == NULL) {
            fail_msg("a resource has neither name nor uid");
        }
    }
}

static void assert_not_there(const struct curfew_json *event, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (curfew_json_member(event, names[i]) != NULL) {
            fail_msg("%s is of another class", names[i]);
        }
    }
}

/* Attributes of the profile are said by events that name it, and by no others. */
static void assert_profile(const struct curfew_json *event)
{
    struct curfew_slice name = {NULL, 0};
    const int64_t disposition = ocsf_at(event, "action_id") == NULL ? 0 : ocsf_int(event, "disposition_id");
    if (disposition == 0) {
        assert_null(ocsf_at(event, "metadata.profiles"));
        assert_null(ocsf_at(event, "disposition_id"));
        return;
    }
    assert_int_equal(curfew_json_count(ocsf_at(event, "metadata.profiles")), 1);
    assert_true(curfew_json_string(curfew_json_item(ocsf_at(event, "metadata.profiles"), 0), &name));
    assert_true(curfew_slice_equal(name, curfew_slice_of("security_control")));
    assert_int_equal(ocsf_int(event, "action_id"), 2);
    ocsf_assert_text(event, "action", "Denied");
    ocsf_assert_text(event, "disposition",
                     disposition == 2    ? "Blocked"
                     : disposition == 24 ? "Access Revoked"
                     : disposition == 25 ? "Rejected"
                     : disposition == 26 ? "Unauthorized"
                                         : "none of the schema's");
}

static void assert_all(const struct curfew_json *event, const char *const *paths)
{
    for (size_t i = 0; paths[i] != NULL; i++) {
        assert_there(event, paths[i]);
    }
}

void ocsf_assert(const struct curfew_json *event)
{
    assert_all(event, base);
    assert_known(event, every_class, "the event");
    assert_profile(event);
    ocsf_assert_text(event, "metadata.version", "1.8.0");
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
        assert_identified(ocsf_at(event, "resources"));
        assert_not_there(event, not_in_api);
    } else if (class_uid == 3004) {
        assert_all(event, entity_management);
        assert_true(any(event, entities) && any(event, actors));
        assert_not_there(event, not_in_iam);
    } else {
        assert_int_equal(class_uid, 6002);
        assert_all(event, lifecycle);
        assert_not_there(event, not_in_lifecycle);
    }
}
