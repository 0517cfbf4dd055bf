/*
 * Text files that are written beside the generated one. They are opened before the first message
 * is made: who waited for a long run shall not learn at its end that it was for nothing.
 */
#ifndef TC_GEN_COMPANION_H
#define TC_GEN_COMPANION_H

#include <stdio.h>

#include "base/status.h"

struct tc_companion {
    const char *path;
    FILE *file;
};

/* `path` must stay; "-" is standard output, NULL is no file at all. */
TC_MUST_USE enum tc_status tc_companion_open(struct tc_companion *companion, const char *path,
                                             struct tc_error *error);

/* Writes what is buffered; says so when that, or an earlier write, failed. */
TC_MUST_USE enum tc_status tc_companion_close(struct tc_companion *companion,
                                              struct tc_error *error);

/* After a failure elsewhere: lets go of the file, if there is one. */
void tc_companion_abandon(struct tc_companion *companion);

#endif
