/* schema_test: text, table and struct must agree field by field, and only what the reader can bound is taken. */
#include "schemas/schema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What most tests begin from: a record that fits its text. */
struct thing {
    struct curfew_slice name;
    int64_t at_us;
    int32_t lane;
    bool on;
    uint8_t id[16];
    struct curfew_list items;
};

struct item {
    struct curfew_slice text;
    int32_t color;
};

#define MEMBER(text, type, member) .name = text, .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

static const char *const colors[] = {"red", "green"};
static const struct curfew_field item_fields[] = {
    {MEMBER("text", struct item, text), .bound = 8},
    {MEMBER("color", struct item, color), .bound = 2, .symbols = colors},
    {0},
};
static const struct curfew_field item_item[] = {{.name = "item", .size = sizeof(struct item), .inside = item_fields}};
static const struct curfew_field thing_fields[] = {
    {MEMBER("name", struct thing, name), .bound = 4},
    {MEMBER("at_us", struct thing, at_us)},
    {MEMBER("lane", struct thing, lane)},
    {MEMBER("on", struct thing, on)},
    {MEMBER("id", struct thing, id)},
    {MEMBER("items", struct thing, items), .bound = 3, .inside = item_item},
    {0},
};

#define NAME "{\"name\":\"name\",\"type\":\"string\"}"
#define AT "{\"name\":\"at_us\",\"type\":\"long\"}"
#define LANE "{\"name\":\"lane\",\"type\":\"int\"}"
#define ON "{\"name\":\"on\",\"type\":\"boolean\"}"
#define ID "{\"name\":\"id\",\"type\":{\"type\":\"fixed\",\"name\":\"Id\",\"size\":16}}"
#define COLOR(symbols) "{\"name\":\"color\",\"type\":{\"type\":\"enum\",\"name\":\"Color\",\"symbols\":[" symbols "]}}"
#define ITEM(color)                                                                                                    \
    "{\"type\":\"record\",\"name\":\"Item\",\"fields\":[{\"name\":\"text\",\"type\":\"string\"}," color "]}"
#define ITEMS(item) "{\"name\":\"items\",\"type\":{\"type\":\"array\",\"items\":" item "}}"
#define RECORD(fields) "{\"type\":\"record\",\"name\":\"Thing\",\"namespace\":\"t\",\"fields\":[" fields "]}"
#define GOOD_ITEMS ITEMS(ITEM(COLOR("\"red\",\"green\"")))
#define GOOD RECORD(NAME "," AT "," LANE "," ON "," ID "," GOOD_ITEMS)

static struct curfew_schema schema;
static struct curfew_error error;

static enum curfew_status load(const char *text, const struct curfew_field *fields, size_t size)
{
    struct curfew_shape shape = {"thing", text, size, fields};
    return curfew_schema_load(&shape, &schema, &error);
}

/* The text must be refused, with an error that names the field. */
static void refused(const char *text, const char *field)
{
    assert_int_equal(load(text, thing_fields, sizeof(struct thing)), CURFEW_INVALID);
    if (strstr(error.text, field) == NULL || strstr(error.text, "thing") == NULL) {
        fail_msg("the error does not name %s: %s", field, error.text);
    }
}

/* The good text must be refused with one field of the table changed. */
static void refused_with(size_t index, struct curfew_field changed, const char *field)
{
    struct curfew_field fields[sizeof(thing_fields) / sizeof(thing_fields[0])];
    memcpy(fields, thing_fields, sizeof(fields));
    fields[index] = changed;
    assert_int_equal(load(GOOD, fields, sizeof(struct thing)), CURFEW_INVALID);
    if (strstr(error.text, field) == NULL) {
        fail_msg("the error does not name %s: %s", field, error.text);
    }
}

static void a_fitting_table_becomes_ops(void **state)
{
    /* Goal: ops stand in the schema's order with place, size and bound of the struct's members. */
    (void)state;
    assert_int_equal(load(GOOD, thing_fields, sizeof(struct thing)), CURFEW_OK);
    assert_int_equal(schema.count, 10);
    assert_int_equal(schema.ops[0].type, CURFEW_OP_RECORD);
    assert_int_equal(schema.ops[0].inside, 9);
    assert_int_equal(schema.ops[0].least, 1 + 1 + 1 + 1 + 16 + 1);
    assert_int_equal(schema.ops[1].type, CURFEW_OP_STRING);
    assert_int_equal(schema.ops[1].bound, 4);
    assert_int_equal(schema.ops[4].type, CURFEW_OP_BOOLEAN);
    assert_int_equal(schema.ops[4].offset, offsetof(struct thing, on));
    assert_int_equal(schema.ops[6].type, CURFEW_OP_ARRAY);
    assert_int_equal(schema.ops[6].inside, 3);
    assert_int_equal(schema.ops[7].type, CURFEW_OP_RECORD);
    assert_int_equal(schema.ops[7].size, sizeof(struct item));
    assert_int_equal(schema.ops[7].least, 2);
    assert_int_equal(schema.ops[9].type, CURFEW_OP_ENUM);
    assert_int_equal(schema.ops[9].offset, offsetof(struct item, color));
    assert_string_equal(schema.ops[9].symbols[1], "green");
}

static void a_schema_field_without_member_is_an_error(void **state)
{
    /* Goal: no field of a schema goes unread: more, fewer, renamed and reordered fields are refused. */
    (void)state;
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID "," GOOD_ITEMS ",{\"name\":\"more\",\"type\":\"int\"}"), "more");
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID), "items");
    refused(RECORD(NAME "," LANE "," AT "," ON "," ID "," GOOD_ITEMS), "lane");
    refused(RECORD("{\"name\":\"nom\",\"type\":\"string\"}," AT "," LANE "," ON "," ID "," GOOD_ITEMS), "nom");
}

static void a_member_without_schema_field_is_an_error(void **state)
{
    /* Goal: a struct that grew a member, in the middle or at the end, does not load with the old table. */
    (void)state;
    static const struct curfew_field gap[] = {
        {.name = "name", .size = sizeof(struct curfew_slice), .bound = 4},
        {.name = "at_us", .offset = sizeof(struct curfew_slice) + 8, .size = 8},
        {0},
    };
    static const struct curfew_field end[] = {
        {.name = "name", .size = sizeof(struct curfew_slice), .bound = 4},
        {.name = "at_us", .offset = sizeof(struct curfew_slice), .size = 8},
        {0},
    };
    assert_int_equal(load(RECORD(NAME "," AT), end, sizeof(struct curfew_slice) + 8), CURFEW_OK);
    assert_int_equal(load(RECORD(NAME "," AT), gap, sizeof(struct curfew_slice) + 16), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "at_us"));
    assert_int_equal(load(RECORD(NAME "," AT), end, sizeof(struct curfew_slice) + 16), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "after the last field"));
}

static void a_member_of_another_type_is_an_error(void **state)
{
    /* Goal: each Avro type goes to the one C type that holds it. */
    (void)state;
    refused(RECORD("{\"name\":\"name\",\"type\":\"long\"}," AT "," LANE "," ON "," ID "," GOOD_ITEMS), "name");
    refused(RECORD(NAME ",{\"name\":\"at_us\",\"type\":\"int\"}," LANE "," ON "," ID "," GOOD_ITEMS), "at_us");
    refused(RECORD(NAME "," AT ",{\"name\":\"lane\",\"type\":\"long\"}," ON "," ID "," GOOD_ITEMS), "lane");
    refused(RECORD(NAME "," AT "," LANE ",{\"name\":\"on\",\"type\":\"int\"}," ID "," GOOD_ITEMS), "on");
    refused(RECORD(NAME "," AT "," LANE "," ON ",{\"name\":\"id\",\"type\":\"bytes\"}," GOOD_ITEMS), "id");
    refused(RECORD(NAME "," AT "," LANE "," ON
                        ",{\"name\":\"id\",\"type\":{\"type\":\"fixed\",\"name\":\"Id\",\"size\":15}}," GOOD_ITEMS),
            "id");
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID "," ITEMS("\"string\"")), "item");
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID ",{\"name\":\"items\",\"type\":\"string\"}"), "items");
}

static void a_missing_bound_is_an_error(void **state)
{
    /* Goal: nothing of unknown length can be read without a bound. */
    (void)state;
    struct curfew_field unbounded = thing_fields[0];
    unbounded.bound = 0;
    refused_with(0, unbounded, "name");
    unbounded = thing_fields[5];
    unbounded.bound = 0;
    refused_with(5, unbounded, "items");
    unbounded = thing_fields[5];
    unbounded.inside = NULL;
    refused_with(5, unbounded, "items");
}

static void symbols_must_be_the_same_in_order(void **state)
{
    /* Goal: an enum's numbers mean the same in the schema and in C. */
    (void)state;
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID "," ITEMS(ITEM(COLOR("\"green\",\"red\"")))), "color");
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID "," ITEMS(ITEM(COLOR("\"red\"")))), "color");
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID "," ITEMS(ITEM(COLOR("\"red\",\"green\",\"blue\"")))), "color");
}

static void types_without_a_bound_are_refused(void **state)
{
    /* Goal: unions, maps, nulls, doubles, arrays of arrays and items of no bytes never reach the reader. */
    (void)state;
    refused(RECORD("{\"name\":\"name\",\"type\":[\"null\",\"string\"]}," AT), "name");
    refused(RECORD("{\"name\":\"name\",\"type\":{\"type\":\"map\",\"values\":\"string\"}}," AT), "name");
    refused(RECORD("{\"name\":\"name\",\"type\":\"null\"}," AT), "name");
    refused(RECORD(NAME ",{\"name\":\"at_us\",\"type\":\"double\"}"), "at_us");
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID "," ITEMS("\"null\"")), "item");
    refused(RECORD(NAME "," AT "," LANE "," ON "," ID "," ITEMS("{\"type\":\"array\",\"items\":\"int\"}")), "item");
    refused("\"string\"", "thing");
    refused("{\"type\":\"record\"", "thing");
}

static void an_array_within_an_array_is_refused(void **state)
{
    /* Goal: a list's items stay side by side in the arena, so no item may take memory of its own. */
    (void)state;
    static const struct curfew_field number[] = {{.name = "item", .size = 4}};
    static const struct curfew_field list[] = {
        {.name = "item", .size = sizeof(struct curfew_list), .bound = 2, .inside = number}};
    static const struct curfew_field inner[] = {
        {.name = "items", .size = sizeof(struct curfew_list), .bound = 2, .inside = number}, {0}};
    static const struct curfew_field outer[] = {
        {.name = "items", .size = sizeof(struct curfew_list), .bound = 2, .inside = list}, {0}};
    assert_int_equal(load(RECORD(ITEMS("\"int\"")), inner, sizeof(struct curfew_list)), CURFEW_OK);
    assert_int_equal(load(RECORD(ITEMS("{\"type\":\"array\",\"items\":\"int\"}")), outer, sizeof(struct curfew_list)),
                     CURFEW_INVALID);
    assert_non_null(strstr(error.text, "not within another"));
}

static void items_of_no_bytes_are_refused(void **state)
{
    /* Goal: no short record can claim endless items: nulls, empty records and empty fixeds are no items. */
    (void)state;
    static const struct curfew_field none[] = {{0}};
    static const struct curfew_field record[] = {{.name = "item", .size = 1, .inside = none}};
    static const struct curfew_field scalar[] = {{.name = "item"}};
    struct curfew_field outer[] = {{.name = "items", .size = sizeof(struct curfew_list), .bound = 2, .inside = record},
                                   {0}};
    assert_int_equal(
        load(RECORD(ITEMS("{\"type\":\"record\",\"name\":\"E\",\"fields\":[]}")), outer, sizeof(struct curfew_list)),
        CURFEW_INVALID);
    outer[0].inside = scalar;
    assert_int_equal(load(RECORD(ITEMS("\"null\"")), outer, sizeof(struct curfew_list)), CURFEW_INVALID);
    assert_int_equal(
        load(RECORD(ITEMS("{\"type\":\"fixed\",\"name\":\"E\",\"size\":0}")), outer, sizeof(struct curfew_list)),
        CURFEW_INVALID);
}

static void a_record_within_itself_is_refused(void **state)
{
    /* Goal: loading ends, also for a schema without end. */
    (void)state;
    static struct curfew_field loop[2];
    loop[0] = (struct curfew_field){.name = "self", .size = 8, .inside = loop};
    assert_int_equal(load(RECORD("{\"name\":\"self\",\"type\":\"Thing\"}"), loop, 8), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "self"));
}

static void too_many_fields_are_refused(void **state)
{
    /* Goal: the op list's bound is an error with a name, and nothing is written past it. */
    (void)state;
    static struct curfew_field fields[CURFEW_OPS_MAX + 1];
    static char names[CURFEW_OPS_MAX][8];
    char text[CURFEW_OPS_MAX * 64] = "{\"type\":\"record\",\"name\":\"Thing\",\"fields\":[";
    for (int i = 0; i < CURFEW_OPS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "f%d", i);
        fields[i] = (struct curfew_field){.name = names[i], .offset = (size_t)i * 4, .size = 4};
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s{\"name\":\"f%d\",\"type\":\"int\"}", i == 0 ? "" : ",", i);
    }
    strcat(text, "]}");
    assert_int_equal(load(text, fields, sizeof(int32_t) * CURFEW_OPS_MAX), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "too many fields"));
    assert_int_equal(schema.count, CURFEW_OPS_MAX);
}

static void docs_and_blanks_do_not_change_the_canonical_form(void **state)
{
    /* Goal: rewording a doc leaves the wire as it is; names are made full, and a name used again stands alone. */
    (void)state;
    static const char text[] =
        "{ \"doc\": \"x\", \"fields\": [ {\"doc\": \"y\", \"type\": {\"size\": 16, \"doc\": \"z\", "
        "\"name\": \"Id\", \"type\": \"fixed\"}, \"name\": \"a\"},\n {\"name\": \"b\", \"type\": "
        "\"Id\"} ], \"namespace\": \"n.s\", \"name\": \"Pair\", \"type\": \"record\" }";
    char canonical[CURFEW_CANONICAL_MAX];
    assert_int_equal(curfew_schema_canonical(text, canonical, &error), CURFEW_OK);
    assert_string_equal(canonical, "{\"name\":\"n.s.Pair\",\"type\":\"record\",\"fields\":[{\"name\":\"a\",\"type\":"
                                   "{\"name\":\"n.s.Id\",\"type\":\"fixed\",\"size\":16}},{\"name\":\"b\",\"type\":"
                                   "\"n.s.Id\"}]}");
    assert_int_equal(curfew_schema_canonical("\"null\"", canonical, &error), CURFEW_OK);
    assert_string_equal(canonical, "\"null\"");
    assert_int_equal(curfew_schema_canonical("not a schema", canonical, &error), CURFEW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fitting_table_becomes_ops),
        cmocka_unit_test(a_schema_field_without_member_is_an_error),
        cmocka_unit_test(a_member_without_schema_field_is_an_error),
        cmocka_unit_test(a_member_of_another_type_is_an_error),
        cmocka_unit_test(a_missing_bound_is_an_error),
        cmocka_unit_test(symbols_must_be_the_same_in_order),
        cmocka_unit_test(types_without_a_bound_are_refused),
        cmocka_unit_test(an_array_within_an_array_is_refused),
        cmocka_unit_test(items_of_no_bytes_are_refused),
        cmocka_unit_test(a_record_within_itself_is_refused),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(docs_and_blanks_do_not_change_the_canonical_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
