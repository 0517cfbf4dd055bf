/*
 * YAML files against tables of keys.
 *
 * A table says which keys a mapping may have, what each holds, and which member of a structure it
 * fills. Whatever does not fit is refused with one sentence that names file, line and key and says
 * what was expected. The capture configuration and the driver profiles are such tables.
 */
#ifndef TC_APP_YAMLTABLE_H
#define TC_APP_YAMLTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

enum tc_yaml_kind {
    TC_YAML_WORD,  /* one value */
    TC_YAML_WORDS, /* a list of values */
    TC_YAML_MAP,   /* a mapping; its keys fill the same structure */
    TC_YAML_MAPS,  /* a list of mappings; each fills a structure of its own */
};

/* What a list key fills. */
struct tc_yaml_list {
    void *items; /* from the arena */
    size_t count;
};

/* Fills `target` from a word, or refuses it with a sentence about the word alone. */
typedef enum tc_status tc_yaml_take(void *target, const char *word, const void *detail,
                                    struct tc_arena *arena, struct tc_error *error);

struct tc_yaml_key {
    const char *name;
    enum tc_yaml_kind kind;
    size_t offset;                  /* of the member */
    tc_yaml_take *take;             /* of words */
    const void *detail;             /* handed to take */
    const struct tc_yaml_key *keys; /* of mappings; ends with an all-zero row */
    size_t item_bytes;              /* of lists: size of an item */
    const void *item_default;       /* of lists of mappings: what an item is before its keys */
    size_t least;                   /* of lists: items that there must be */
    bool required;
};

/* Where an item of a list of mappings stands; the first member of its structure. */
struct tc_yaml_mark {
    int line; /* from 1; 0 where it comes from a --set */
};

struct tc_yaml; /* a file that was read */

/* Reads and parses a file. */
TC_MUST_USE enum tc_status tc_yaml_open(struct tc_yaml **opened, const char *path,
                                        struct tc_error *error);
void tc_yaml_close(struct tc_yaml *yaml);

/* Puts a value at a dot path: "ports.0.rx_lcores=[2]". The value is YAML too. */
TC_MUST_USE enum tc_status tc_yaml_set(struct tc_yaml *yaml, const char *assignment,
                                       struct tc_error *error);

/* Fills `into` from the whole file. Memory of lists and texts is from `arena`. */
TC_MUST_USE enum tc_status tc_yaml_fill(struct tc_yaml *yaml, const struct tc_yaml_key *keys,
                                        void *into, struct tc_arena *arena, struct tc_error *error);

/* A refusal of a value that only makes no sense beside others. */
enum tc_status tc_yaml_refuse(const struct tc_yaml *yaml, struct tc_yaml_mark mark,
                              struct tc_error *error, const char *format, ...) TC_PRINTF(4, 5);

/* The same, where the first of some keys (dot paths, ending with NULL) stands that is given. */
enum tc_status tc_yaml_refuse_keys(const struct tc_yaml *yaml, const char *const *keys,
                                   struct tc_error *error, const char *format, ...) TC_PRINTF(4, 5);

/* ---- takes ---- */

/* char[] of TC_NAME_BYTES: letters, digits, dot, dash, underscore. */
tc_yaml_take tc_take_name;

/* char[] of any printable text; detail: a struct tc_take_text. */
struct tc_take_text {
    size_t size; /* of the member, zero included */
};
tc_yaml_take tc_take_text;

/* uint64_t; detail: a struct tc_take_range. */
struct tc_take_range {
    unsigned long lowest;
    unsigned long highest;
};
tc_yaml_take tc_take_uint;

/* uint64_t, a number of bytes with an optional unit; detail: a struct tc_take_range. */
tc_yaml_take tc_take_bytes;

/* uint64_t nanoseconds, a number with a unit of time; detail: a struct tc_take_range. */
tc_yaml_take tc_take_duration;

/* bool: true, false, yes, no, on, off */
tc_yaml_take tc_take_bool;

/* int, the index of the word in a list; detail: a struct tc_take_choice. */
struct tc_take_choice {
    const char *const *words;   /* ends with NULL */
    const char *const *planned; /* known words that do not work yet; NULL or ends with NULL */
};
tc_yaml_take tc_take_choice;

/* Nothing: the value must be the one in detail (a string); any other is not supported yet. */
tc_yaml_take tc_take_only;

#endif
