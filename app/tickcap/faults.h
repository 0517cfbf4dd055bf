/* What a reader could not read, told as it is met and counted. */
#ifndef TC_APP_FAULTS_H
#define TC_APP_FAULTS_H

#include "base/status.h"

struct faults {
    unsigned long count;
    struct tc_error first;
};

enum { FAULTS_SHOWN = 20 };

/* Counts a fault, and reports the first FAULTS_SHOWN of them. */
void faults_tell(struct faults *faults, const struct tc_error *fault);

#endif
