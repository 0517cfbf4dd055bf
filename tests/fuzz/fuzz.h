/*
 * What every fuzzer has: a function that takes an input, and a word for what must hold.
 *
 * A target is a file of its own with the two functions that libFuzzer knows. With clang it becomes
 * a fuzzer (scripts/fuzz); with every compiler it becomes a replay of the inputs that are kept, so
 * that a bug which was found once is looked for in every build.
 */
#ifndef TC_FUZZ_FUZZ_H
#define TC_FUZZ_FUZZ_H

#include <stdlib.h>

#include "pipework.h"

/* Ends the process, which is how a fuzzer says that something is wrong. */
#define FUZZ_MUST PIPEWORK_MUST

/* Takes an input; answers 0, or -1 for one that is not worth keeping. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Where a target knows the shape of its inputs: changes one in place, answers its new length. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t most, unsigned seed);

/* libFuzzer's own way of changing bytes. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t length, size_t most);

/* A copy in an allocation of exactly that length, so that a sanitizer sees one byte too many. */
static inline uint8_t *fuzz_exact(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);

    FUZZ_MUST(copy != NULL, "no memory for an input");
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

/* The input as a file, where a function wants a path. Good until the next call. */
const char *fuzz_file(const uint8_t *bytes, size_t length);

/*
 * A folder of this process, in memory where the machine has such a place; made at the first call,
 * removed at the end. fuzz_folder_clear removes the files in it.
 */
const char *fuzz_folder(void);
void fuzz_folder_clear(void);

#endif
