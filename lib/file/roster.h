/*
 * The roster: which segments were given, sorted by run, stream, writer and number.
 *
 * Only what is needed to sort is kept of each; they are opened again when it is their turn, so a
 * capture of thousands of segments costs no thousand open files.
 */
#ifndef TC_FILE_ROSTER_H
#define TC_FILE_ROSTER_H

#include "file/segment.h"

struct tc_roster_entry {
    char *path;
    uint8_t run_id[TC_ID_BYTES];
    uint64_t start_ns;
    uint64_t file_bytes;
    uint32_t stream;
    uint32_t writer;
    uint32_t writers;
    uint32_t number;
    bool finished;
    bool last;
};

struct tc_roster {
    struct tc_roster_entry *entries;
    size_t count;
    size_t capacity;
    char **unreadable; /* paths that have been told of */
    size_t unreadable_count;
    bool growing; /* it is looked at again: heads that are not all there yet are no faults */
    bool patient; /* an open segment without its head has just begun, and is no fault */
    size_t begun; /* how many of those there were */
};

/*
 * Adds a segment, or all segments of a directory. One that is there already is updated, also when
 * it has been given its final name since; two files that are the same segment are refused. A
 * segment of a directory that cannot be used is told of once (`told` may be NULL) and left out: a
 * capture that was cut off while it began a segment must not hide the others.
 */
TC_MUST_USE enum tc_status tc_roster_add(struct tc_roster *roster, const char *path,
                                         tc_fault_told *told, void *context,
                                         struct tc_error *error);

/* Sorts by run, stream, writer and number. */
void tc_roster_sort(struct tc_roster *roster);

/*
 * The segment of that run, stream and writer with the lowest number from `number` on; NULL when
 * there is none. The roster is sorted.
 */
const struct tc_roster_entry *tc_roster_find(const struct tc_roster *roster,
                                             const uint8_t run_id[TC_ID_BYTES], uint32_t stream,
                                             uint32_t writer, uint32_t number);

void tc_roster_free(struct tc_roster *roster);

/* Whether two entries are of the same run and stream. */
static inline bool tc_roster_same_stream(const struct tc_roster_entry *a,
                                         const struct tc_roster_entry *b)
{
    return memcmp(a->run_id, b->run_id, TC_ID_BYTES) == 0 && a->stream == b->stream;
}

/* From number 1 to the last one, without a hole, for every writer of every stream. */
bool tc_roster_complete(const struct tc_roster *roster);

#endif
