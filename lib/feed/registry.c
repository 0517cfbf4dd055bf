/* The list of feeds. Ids are permanent: never renumbered, never used again. */
#include "feed/registry.h"

#include <string.h>

const struct tc_feed *const tc_feeds[] = {
    &tc_feed_itch50,
    &tc_feed_deep10,
    &tc_feed_tops16,
};

const size_t tc_feed_count = sizeof tc_feeds / sizeof tc_feeds[0];

const struct tc_feed *tc_feed_named(const char *name)
{
    for (size_t i = 0; i < tc_feed_count; i++)
        if (strcmp(tc_feeds[i]->name, name) == 0)
            return tc_feeds[i];
    return NULL;
}
