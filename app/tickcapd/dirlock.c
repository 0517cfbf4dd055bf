/* flock, because the kernel gives it back even after a kill. */
#include "tickcapd/dirlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file/paths.h"

enum tc_status tc_directory_lock(const char *directory, int *lock, struct tc_error *error)
{
    char path[TC_PATH_BYTES], text[32] = "";
    int length;

    snprintf(path, sizeof path, "%s/.tickcapd.lock", directory);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*lock < 0)
        return tc_fail(error, TC_USAGE, "%s: cannot be created: %s", path, strerror(errno));
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = pread(*lock, text, sizeof text - 1, 0);

        close(*lock);
        return tc_fail(error, TC_BUSY, "%s: a capture is already running there, pid %ld", directory,
                       got > 0 ? strtol(text, NULL, 10) : 0);
    }
    length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(*lock, 0) != 0 || pwrite(*lock, text, (size_t)length, 0) != length) {
        close(*lock);
        return tc_fail(error, TC_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    return TC_OK;
}
