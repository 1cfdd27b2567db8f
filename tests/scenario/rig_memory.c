/* rig_memory: memory and files for tests. */
#include "tests/scenario/rig_memory.h"
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TREE_DEPTH 16 /* directories held open at once */

static _Noreturn void give_up(const char *what, const char *name)
{
    fprintf(stderr, "rig: %s %s: ", what, name);
    perror(NULL);
    abort();
}

void *rig_allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL)
        give_up("allocating", "memory");
    return memory;
}

char *rig_copy(const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        give_up("copying", text);
    return copy;
}

char *rig_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        give_up("formatting", format);
    va_end(arguments);
    return text;
}

char *rig_read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    char part[4096];
    size_t got;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return rig_copy("");
    FILE *whole = open_memstream(&text, &size);
    if (whole == NULL)
        give_up("reading", path);
    while ((got = fread(part, 1, sizeof(part), file)) > 0)
        fwrite(part, 1, got, whole);
    if (ferror(file) != 0 || fclose(whole) != 0)
        give_up("reading", path);
    fclose(file);
    return text;
}

void rig_write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        give_up("writing", path);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    (void)remove(path);
    return 0;
}

void rig_remove_tree(const char *path)
{
    (void)nftw(path, remove_one, TREE_DEPTH, FTW_DEPTH | FTW_PHYS);
}
