/*
 * XXH3-64 with seed 0, the digest of everything tickcap writes or compares.
 *
 * It finds flipped bits and torn writes at memory speed; it is no protection against an adversary,
 * and nothing here claims so.
 */
#ifndef TC_BASE_DIGEST_H
#define TC_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

static inline uint64_t tc_digest(const void *bytes, size_t length)
{
    return XXH3_64bits(bytes, length);
}

#endif
