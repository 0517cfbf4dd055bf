/* stdio keeps the error of a write until it is asked. */
#include "tickcap/gen/companion.h"

#include <errno.h>
#include <string.h>

enum tc_status tc_companion_open(struct tc_companion *companion, const char *path,
                                 struct tc_error *error)
{
    *companion = (struct tc_companion){.path = path};
    if (path == NULL)
        return TC_OK;
    companion->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (companion->file == NULL)
        return tc_fail(error, TC_IO, "cannot create '%s': %s", path, strerror(errno));
    return TC_OK;
}

enum tc_status tc_companion_close(struct tc_companion *companion, struct tc_error *error)
{
    FILE *file = companion->file;
    int failed;

    companion->file = NULL;
    if (file == NULL)
        return TC_OK;
    failed = ferror(file);
    if ((file == stdout ? fflush(file) : fclose(file)) != 0 || failed)
        return tc_fail(error, TC_IO, "cannot write '%s': %s", companion->path, strerror(errno));
    return TC_OK;
}

void tc_companion_abandon(struct tc_companion *companion)
{
    if (companion->file != NULL && companion->file != stdout)
        fclose(companion->file);
    companion->file = NULL;
}
