/*
 * Whether an event is one that the format allows: its kind, what it is about, and its figures, as
 * far as they can be judged without the frames around it (those are for file/toldevents.h).
 */
#ifndef TC_FILE_EVENTCHECK_H
#define TC_FILE_EVENTCHECK_H

#include "block/join.h"
#include "file/capture.h"
#include "file/streamstate.h"

/* Of a kind that is not known here nothing is said. A name is taken over into `state`. */
TC_MUST_USE enum tc_status tc_event_check(const struct tc_capture *capture,
                                          struct tc_stream_state *state,
                                          const struct tc_event *event, struct tc_error *error);

#endif
