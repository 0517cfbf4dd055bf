/* Progress of long work: one line on a terminal, rewritten a few times a second; else nothing. */
#ifndef TC_APP_PROGRESS_H
#define TC_APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct tc_progress {
    const char *what; /* "importing" */
    uint64_t total;   /* 0: not known */
    uint64_t start_ns;
    uint64_t shown_ns;
    uint32_t calls;
    bool terminal;
};

void tc_progress_begin(struct tc_progress *progress, const char *what, uint64_t total);

/* Shows `done` bytes of the total, when it is time to. */
void tc_progress_show(struct tc_progress *progress, uint64_t done);

/* Removes the line. */
void tc_progress_end(struct tc_progress *progress);

#endif
