/* needles: values that must not be found, in every form. */
#include "tests/scenario/needles.h"
#include "core/base64url.h"
#include "core/digest.h"
#include "tests/scenario/rig_memory.h"
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PHASES 3 /* where in a group of three bytes the value may begin */
#define FORMS (3 + 2 * PHASES) /* raw, hex of both cases, and both alphabets of base64 in each phase */

struct form {
    char *name;
    uint8_t *bytes;
    size_t size;
};

struct needles {
    struct form forms[NEEDLES_MAX * FORMS];
    size_t count; /* of needles */
};

struct needles *needles_create(void)
{
    return rig_allocate(sizeof(struct needles));
}

void needles_destroy(struct needles *needles)
{
    for (size_t i = 0; needles != NULL && i < needles->count * FORMS; i++) {
        free(needles->forms[i].name);
        free(needles->forms[i].bytes);
    }
    free(needles);
}

static struct form form_of(const char *name, const char *how, const void *bytes, size_t size)
{
    struct form form = {rig_format("%s, %s", name, how), rig_allocate(size), size};

    memcpy(form.bytes, bytes, size);
    return form;
}

/* What every base64url of something holds in which the value stands with `before` bytes in front of it in its group:
 * without the characters that depend on its neighbours. */
static char *base64url_inside(struct curfew_slice value, size_t before)
{
    static const size_t dependent[PHASES] = {0, 2, 3};
    const size_t size = before + value.size;
    uint8_t *bytes = rig_allocate(size);
    char *text = rig_allocate(CURFEW_BASE64URL_SIZE(size) + 1);

    memcpy(bytes + before, value.at, value.size);
    curfew_base64url_encode((struct curfew_slice){bytes, size}, text);
    if (size % 3 != 0) {
        text[strlen(text) - 1] = '\0';
    }
    char *inside = rig_copy(text + dependent[before]);
    free(bytes);
    free(text);
    return inside;
}

static void put_base64(struct form *forms, const char *name, struct curfew_slice value)
{
    for (size_t phase = 0; phase < PHASES; phase++) {
        char *text = base64url_inside(value, phase);
        forms[2 * phase] = form_of(name, "base64url", text, strlen(text));
        for (char *at = text; *at != '\0'; at++) {
            *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
        }
        forms[2 * phase + 1] = form_of(name, "base64", text, strlen(text));
        free(text);
    }
}

void needles_add(struct needles *needles, const char *name, struct curfew_slice value)
{
    struct form *forms = &needles->forms[needles->count * FORMS];
    char *hex = rig_allocate(2 * value.size + 1);

    assert_true(value.size >= NEEDLE_LEAST);
    assert_true(needles->count < NEEDLES_MAX);
    forms[0] = form_of(name, "as it is", value.at, value.size);
    curfew_hex(value.at, value.size, hex);
    forms[1] = form_of(name, "hex", hex, strlen(hex));
    for (char *at = hex; *at != '\0'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
    forms[2] = form_of(name, "HEX", hex, strlen(hex));
    free(hex);
    put_base64(forms + 3, name, value);
    needles->count++;
}

size_t needles_count(const struct needles *needles)
{
    return needles->count;
}

const char *needles_find(const struct needles *needles, struct curfew_slice hay)
{
    for (size_t i = 0; i < needles->count * FORMS; i++) {
        const struct form *form = &needles->forms[i];
        if (hay.size >= form->size && memmem(hay.at, hay.size, form->bytes, form->size) != NULL) {
            return form->name;
        }
    }
    return NULL;
}
