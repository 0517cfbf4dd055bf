/*
 * Names of the symbols that a feed numbers: locate to name, learned from directory messages.
 *
 * Whoever learns owns the table; others follow it. Each follower has a bitmap of the names it has
 * not been told yet, so telling is exact and bounded however late it happens, and a follower that
 * keeps up finds the one new name at once.
 */
#ifndef TC_TRACK_SYMBOLS_H
#define TC_TRACK_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TC_SYMBOL_BYTES = 8,
    TC_LOCATES = 65536,
};

struct tc_symbols {
    uint64_t *names;  /* by locate: eight characters as they came; 0: not known */
    uint64_t *untold; /* for each follower a bitmap of TC_LOCATES bits */
    uint32_t *lowest; /* for each follower: no untold locate is below this one */
    uint32_t followers;
    uint32_t known; /* names that are known */
};

size_t tc_symbols_footprint(uint32_t followers);
void tc_symbols_init(struct tc_symbols *symbols, void *memory, uint32_t followers);

/* Sets a name (eight characters, never all zero). Answers whether that was news. */
bool tc_symbols_set(struct tc_symbols *symbols, uint16_t locate, const uint8_t *name);

/* A name that `follower` has not been told, or -1; it is marked as told. */
int32_t tc_symbols_tell(struct tc_symbols *symbols, uint32_t follower);

/* Takes a telling back: there was no room to pass it on. */
void tc_symbols_untell(struct tc_symbols *symbols, uint32_t follower, uint16_t locate);

/* The eight characters of a name, or NULL where it is not known. */
static inline const uint8_t *tc_symbols_name(const struct tc_symbols *symbols, uint16_t locate)
{
    return symbols->names[locate] != 0 ? (const uint8_t *)&symbols->names[locate] : NULL;
}

#endif
