/* Every framing and every feed that tickcap knows: a plain array, one line each. */
#ifndef TC_FEED_REGISTRY_H
#define TC_FEED_REGISTRY_H

#include "feed/schema.h"

extern const struct tc_framing tc_framing_moldudp64;
extern const struct tc_framing tc_framing_iextp;

extern const struct tc_feed tc_feed_itch50;
extern const struct tc_feed tc_feed_deep10;
extern const struct tc_feed tc_feed_tops16;

/* The feeds in order of their permanent ids. */
extern const struct tc_feed *const tc_feeds[];
extern const size_t tc_feed_count;

/* The feed of that name ("moldudp64/itch50"), or NULL. */
const struct tc_feed *tc_feed_named(const char *name);

#endif
