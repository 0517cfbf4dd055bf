/* Inputs as files that never reach a disk. */
#include <dirent.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

enum { FOLDER_BYTES = 64 };

static char folder[FOLDER_BYTES];

const char *fuzz_file(const uint8_t *bytes, size_t length)
{
    static char path[64];
    static int file = -1;

    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    FUZZ_MUST(file >= 0 && ftruncate(file, 0) == 0 &&
                  pwrite(file, bytes, length, 0) == (ssize_t)length,
              "an input cannot be written to a file");
    return path;
}

static void remove_folder(void)
{
    fuzz_folder_clear();
    rmdir(folder);
}

const char *fuzz_folder(void)
{
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "%s/tickcap-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        FUZZ_MUST(mkdtemp(folder) != NULL, "no folder can be made");
        atexit(remove_folder);
    }
    return folder;
}

void fuzz_folder_clear(void)
{
    DIR *directory = opendir(fuzz_folder());
    struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            FUZZ_MUST(unlinkat(dirfd(directory), entry->d_name, 0) == 0,
                      "a file cannot be removed");
    if (directory != NULL)
        closedir(directory);
}
