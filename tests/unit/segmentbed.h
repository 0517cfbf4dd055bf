/*
 * Runs that are recorded into a folder and read back, compared with what went in. Shared by the
 * tests of rotation and order, and of what happens to files.
 */
#ifndef TC_UNIT_SEGMENTBED_H
#define TC_UNIT_SEGMENTBED_H

#include "file/verify.h"
#include "pipework.h"

enum { SEGMENTS_STREAMS = 3, SEGMENTS_MOST = 512 };

/* For test suites: the folder, which is empty at first. */
extern char segments_folder[256];
void segments_set_up(void);
void segments_tear_down(void);

/* Paths of all files in the folder, sorted; answers how many. */
size_t segments_list(char paths[][300], size_t most);

struct tc_capture *segments_capture(const struct tc_feed *feed, uint16_t lines);

/* Blocks of few messages. */
extern const struct pipework_options segments_small;

/* For a generator of traffic: takes what arrives, the context being a pipework. */
void segments_take(void *context, const struct tc_arrival *arrival);

/* A run with some noise in it that is not finished; its capture is the caller's. */
struct pipework *segments_record(struct tc_capture *capture, const struct pipework_options *wanted,
                                 uint64_t seed, uint32_t packets, uint64_t *end_ns);
void segments_finish(struct pipework *work, struct tc_capture *capture);

struct faults {
    uint32_t count;
    struct tc_error first;
};

/* How many faults verification finds. */
uint64_t segments_verify(const char *path, struct faults *faults);

/* A reader whose faults are counted; NULL where nothing can be read. */
struct tc_reader *segments_reader(const char *path, struct faults *faults);

/*
 * Reads everything of a stream and compares it with what was recorded. Frames may be left out in at
 * most one place; answers how many there were, and where and how many were left out.
 */
struct outcome {
    uint64_t frames;
    uint64_t hole;
    uint64_t lost;
};

struct outcome segments_read_back(const char *path, const struct pipework *work,
                                  struct faults *faults);

/* Everything that was recorded is in the folder, without a fault. */
void segments_are_whole(const struct pipework *work);

#endif
