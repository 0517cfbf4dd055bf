/*
 * The main program of a target where it does not fuzz: takes every input once.
 *
 * usage: replay_TARGET FILE-OR-FOLDER...
 *
 * Each input is named before it is taken, so the last name is that of the one that ended it. One
 * that has not ended after a hundred seconds never will.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

enum { PATH_BYTES = 4096, HANGS_AFTER_S = 100 };

/* Custom mutators are linked, but nothing calls them here. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t length, size_t most)
{
    (void)bytes;
    (void)most;
    return length;
}

static bool take_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    uint8_t *bytes;
    size_t length;

    if (file == NULL || fstat(fileno(file), &about) != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        if (file != NULL)
            fclose(file);
        return false;
    }
    bytes = malloc((size_t)about.st_size + 1);
    FUZZ_MUST(bytes != NULL, "no memory for an input");
    length = fread(bytes, 1, (size_t)about.st_size, file);
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    alarm(HANGS_AFTER_S);
    bytes = realloc(bytes, length > 0 ? length : 1);
    LLVMFuzzerTestOneInput(bytes, length);
    free(bytes);
    return true;
}

static bool take_folder(const char *path)
{
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort);
    bool good = true;

    for (int i = 0; i < count; i++) {
        char file[PATH_BYTES];

        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            good &= take_file(file);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return good && count >= 0;
}

int main(int count, char **words)
{
    bool good = true;

    for (int i = 1; i < count; i++) {
        struct stat about;
        bool is_folder = stat(words[i], &about) == 0 && S_ISDIR(about.st_mode);

        good &= is_folder ? take_folder(words[i]) : take_file(words[i]);
    }
    return good ? 0 : 1;
}
