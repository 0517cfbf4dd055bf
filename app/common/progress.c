/* The clock is only looked at once in a while, so that progress costs nothing. */
#include "common/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { CALLS_BETWEEN_LOOKS = 256, SHOW_EVERY_NS = 250 * 1000 * 1000 };

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void tc_progress_begin(struct tc_progress *progress, const char *what, uint64_t total)
{
    *progress = (struct tc_progress){
        .what = what, .total = total, .start_ns = now_ns(), .terminal = isatty(STDERR_FILENO) == 1};
}

void tc_progress_show(struct tc_progress *progress, uint64_t done)
{
    uint64_t now;
    double seconds;

    if (!progress->terminal || ++progress->calls % CALLS_BETWEEN_LOOKS != 0)
        return;
    now = now_ns();
    if (now - progress->shown_ns < SHOW_EVERY_NS)
        return;
    progress->shown_ns = now;
    seconds = (double)(now - progress->start_ns) / 1e9;
    if (progress->total > 0)
        fprintf(stderr, "\r%s: %.0f %% of %.1f MB, %.0f MB/s \033[K", progress->what,
                100.0 * (double)done / (double)progress->total, (double)progress->total / 1e6,
                (double)done / 1e6 / seconds);
    else
        fprintf(stderr, "\r%s: %.1f MB, %.0f MB/s \033[K", progress->what, (double)done / 1e6,
                (double)done / 1e6 / seconds);
}

void tc_progress_end(struct tc_progress *progress)
{
    if (progress->terminal && progress->shown_ns != 0)
        fprintf(stderr, "\r\033[K");
}
