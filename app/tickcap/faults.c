/* Telling faults: many blocks of a bad disk should not drown the sentence that matters. */
#include "tickcap/faults.h"

#include "common/report.h"

void faults_tell(struct faults *faults, const struct tc_error *fault)
{
    if (faults->count == 0)
        faults->first = *fault;
    faults->count++;
    if (faults->count <= FAULTS_SHOWN)
        tc_report("%s", fault->text);
    else if (faults->count == FAULTS_SHOWN + 1)
        tc_report("more could not be read, of which no more is said");
}
