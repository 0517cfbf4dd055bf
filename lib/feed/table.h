/* Short words for writing feed tables; a table is read far more often than it is written. */
#ifndef TC_FEED_TABLE_H
#define TC_FEED_TABLE_H

#include "feed/schema.h"

#define TC_FIELD(name, offset, width, format, meaning)                      \
    {                                                                       \
        (name), (offset), (width), TC_FORMAT_##format, 0, TC_MEAN_##meaning \
    }

#define TC_SCALED(name, offset, width, format, scale, meaning)                    \
    {                                                                             \
        (name), (offset), (width), TC_FORMAT_##format, (scale), TC_MEAN_##meaning \
    }

#define TC_TYPE(code, name, bytes, fields, flags)                                        \
    {                                                                                    \
        (name), (fields), (bytes), sizeof(fields) / sizeof((fields)[0]), (code), (flags) \
    }

#define TC_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
