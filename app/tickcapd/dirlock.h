/* One capture a directory: a lock file that says who holds it. */
#ifndef TC_TICKCAPD_DIRLOCK_H
#define TC_TICKCAPD_DIRLOCK_H

#include "base/status.h"

/*
 * Locks a directory for this process; TC_BUSY with the other's process id when it is taken. The
 * lock is held until the process ends, however it ends. Answers the descriptor in *lock.
 */
TC_MUST_USE enum tc_status tc_directory_lock(const char *directory, int *lock,
                                             struct tc_error *error);

#endif
