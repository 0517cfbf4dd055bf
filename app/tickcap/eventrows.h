/*
 * Events of a capture as rows of `cat`: written from the tables of their fields alone.
 */
#ifndef TC_APP_EVENTROWS_H
#define TC_APP_EVENTROWS_H

#include "feed/print.h"
#include "file/reader.h"

/* One event as text or JSON, with a line end; kinds that are not known are shown as hex. */
void event_row_write(struct tc_scribe *out, const struct tc_item *item, enum tc_print_style style);

/* The channel that an event concerns, or NULL. */
const struct tc_channel *event_row_channel(const struct tc_item *item);

#endif
