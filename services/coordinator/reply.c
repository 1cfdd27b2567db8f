/* reply: JSON answers. */
#include "services/coordinator/reply.h"

#include <stdarg.h>
#include <stdlib.h>

bool curfew_reply_int(struct curfew_json *object, const char *name, int64_t value)
{
    return curfew_json_set(object, name, curfew_json_of_int(value));
}

bool curfew_reply_text(struct curfew_json *object, const char *name, const char *text)
{
    return curfew_json_set(object, name, curfew_json_of_string(curfew_slice_of(text)));
}

bool curfew_reply_slice(struct curfew_json *object, const char *name, struct curfew_slice text)
{
    return text.size == 0 || curfew_json_set(object, name, curfew_json_of_string(text));
}

void curfew_reply_error(struct curfew_http_response *response, int code, const char *format, ...)
{
    char said[CURFEW_ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
    struct curfew_json *body = curfew_json_object();
    char *text = curfew_reply_text(body, "error", said) ? curfew_json_print(body) : NULL;
    curfew_http_reply(response, code, "%s\n", text == NULL ? "{\"error\":\"out of memory\"}" : text);
    free(text);
    curfew_json_destroy(body);
}

void curfew_reply_json(struct curfew_http_response *response, struct curfew_json *body)
{
    char *text = body == NULL ? NULL : curfew_json_print(body);
    if (text == NULL) {
        curfew_reply_error(response, 503, "answering: out of memory");
    } else {
        curfew_http_reply(response, 200, "%s\n", text);
    }
    free(text);
    curfew_json_destroy(body);
}

void curfew_reply_list_open(struct curfew_reply_list *list)
{
    *list = (struct curfew_reply_list){.file = NULL};
    list->file = open_memstream(&list->text, &list->size);
    list->failed = list->file == NULL;
}

bool curfew_reply_list_add(struct curfew_reply_list *list, struct curfew_json *item)
{
    char *text = item == NULL || list->failed ? NULL : curfew_json_print(item);
    const size_t size = text == NULL ? 0 : strlen(text) + 1;
    const bool fits = text != NULL && list->used + size <= CURFEW_REPLY_LIST_MAX;
    list->failed = list->failed || text == NULL;
    if (fits) {
        (void)fprintf(list->file, "%s%s", list->count == 0 ? "" : ",", text);
        list->used += size;
        list->count++;
    }
    free(text);
    curfew_json_destroy(item);
    return fits;
}

void curfew_reply_list_close(struct curfew_reply_list *list, const char *name, struct curfew_json *rest,
                             struct curfew_http_response *response)
{
    char *text = rest == NULL || list->failed ? NULL : curfew_json_print(rest);
    if (list->file != NULL && (fclose(list->file) != 0 || text == NULL)) {
        list->failed = true;
    }
    if (list->failed || text == NULL) {
        curfew_reply_error(response, 503, "answering: out of memory");
    } else {
        const bool empty = strcmp(text, "{}") == 0;
        curfew_http_reply(response, 200, "{\"%s\":[%s]%s%s\n", name, list->text, empty ? "" : ",", text + 1);
    }
    free(text);
    free(list->text);
    curfew_json_destroy(rest);
}
