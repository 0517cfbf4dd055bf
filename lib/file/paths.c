/* Building names, and renaming that never overwrites. */
#include "file/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

bool tc_segment_path(char path[TC_PATH_BYTES], const char *directory,
                     const struct tc_segment_name *name, bool open)
{
    char time[40] = "";
    struct tc_scribe out = tc_scribe_of(time, sizeof time - 1);
    char compact[40];
    size_t kept = 0;
    int length;

    tc_text_time(&out, name->start_ns);
    for (size_t i = 0; i < out.length; i++)
        if (time[i] != '-' && time[i] != ':')
            compact[kept++] = time[i];
    compact[kept] = '\0';
    length = snprintf(path, TC_PATH_BYTES, "%s/%s_%s_s%u_w%u_%06u%s", directory, compact,
                      name->name, name->stream, name->writer, name->number,
                      open ? TC_OPEN_SUFFIX : TC_SEGMENT_SUFFIX);
    return length > 0 && length < TC_PATH_BYTES;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

bool tc_is_open_name(const char *name)
{
    return ends_with(name, TC_OPEN_SUFFIX);
}

bool tc_is_segment_name(const char *name)
{
    return ends_with(name, TC_SEGMENT_SUFFIX) || ends_with(name, TC_OPEN_SUFFIX);
}

enum tc_status tc_sync_directory_of(const char *path, struct tc_error *error)
{
    char copy[TC_PATH_BYTES];
    const char *directory;
    int file;
    int result;

    snprintf(copy, sizeof copy, "%s", path);
    directory = dirname(copy);
    file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return tc_fail(error, TC_IO, "%s: cannot be opened: %s", directory, strerror(errno));
    result = fsync(file);
    close(file);
    if (result != 0)
        return tc_fail(error, TC_IO, "%s: cannot be made durable: %s", directory, strerror(errno));
    return TC_OK;
}

enum tc_status tc_rename_durably(const char *from, const char *to, struct tc_error *error)
{
    /* renameat2 never overwrites with this flag; file systems without it answer EINVAL. */
    int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

    if (result != 0 && errno == EINVAL && access(to, F_OK) != 0)
        result = rename(from, to);
    if (result != 0)
        return tc_fail(error, TC_IO, "%s: cannot be renamed to %s: %s", from, to, strerror(errno));
    return tc_sync_directory_of(to, error);
}
