/* Paths, and the first lines of what is there. */
#include "tickcapd/hostfile.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *tc_host_path(char path[PATH_MAX], const char *format, ...)
{
    const char *root = getenv("TICKCAPD_TEST_ROOT");
    int length = snprintf(path, PATH_MAX, "%s", root != NULL ? root : "");
    va_list arguments;

    if (length >= PATH_MAX)
        length = PATH_MAX - 1;
    va_start(arguments, format);
    vsnprintf(path + length, (size_t)(PATH_MAX - length), format, arguments);
    va_end(arguments);
    return path;
}

FILE *tc_host_open(const char *name)
{
    char path[PATH_MAX];

    return fopen(tc_host_path(path, "%s", name), "r");
}

bool tc_host_read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "r");
    bool good = file != NULL && fgets(line, (int)size, file) != NULL;

    if (file != NULL)
        fclose(file);
    if (good)
        line[strcspn(line, "\n")] = '\0';
    return good;
}

int64_t tc_host_read_number(const char *path, int64_t otherwise)
{
    char line[32], *end;
    int64_t number;

    if (!tc_host_read_line(path, line, sizeof line))
        return otherwise;
    number = strtoll(line, &end, 10);
    return end != line ? number : otherwise;
}
