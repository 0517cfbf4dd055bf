/*
 * What a capture is about: its channels, their lines, and how to find the line of a datagram.
 *
 * The catalog is made once, from a configuration or from the head of a segment, and is read-only
 * afterwards; everything refers to channels and lines by their number in it.
 */
#ifndef TC_BLOCK_CATALOG_H
#define TC_BLOCK_CATALOG_H

#include "clock/zone.h"
#include "feed/framing.h"
#include "net/frame.h"
#include "track/symbols.h"

enum {
    TC_NAME_BYTES = 64, /* of a channel, a port or a host, terminating zero included */
    TC_LINE_NAME_BYTES = 16,
    TC_CHANNELS_MAX = 1024,
    TC_LINES_MAX = 4096,
    TC_PORTS_MAX = 64,
    TC_GROUPS_MAX = 32,
    TC_LINE_NONE = 0xffff,
    TC_PORT_ANY = 0xff,
};

struct tc_line {
    char name[TC_LINE_NAME_BYTES];
    uint32_t source; /* host byte order; 0: any */
    uint32_t group;
    uint16_t port;    /* UDP */
    uint16_t vlan;    /* innermost identifier; TC_VLAN_NONE: any */
    uint16_t channel; /* number in the catalog */
    uint8_t nic_port; /* number of the capture's port; TC_PORT_ANY */
};

/* Where the lines of a channel are compared; permanent. */
enum tc_arbitration {
    TC_ARBITRATE_HERE,      /* in the stream in which all of them arrive */
    TC_ARBITRATE_ELSEWHERE, /* by whoever hears all streams, which has a stream of its own */
};

struct tc_channel {
    char name[TC_NAME_BYTES];
    const struct tc_feed *feed;
    struct tc_framer framer;
    struct tc_zone zone;
    uint16_t first_line; /* its lines follow each other */
    uint16_t line_count;
    uint16_t group;      /* of channels whose messages share columns */
    uint8_t arbitration; /* enum tc_arbitration */
};

struct tc_catalog {
    struct tc_channel *channels;
    struct tc_line *lines;
    const struct tc_feed **group_feeds; /* by group */
    uint16_t channel_count;
    uint16_t line_count;
    uint16_t group_count;
};

/* Lines by address, for the frames of one port. Open addressing over group and UDP port. */
struct tc_line_table {
    const struct tc_catalog *catalog;
    uint32_t mask;
    uint16_t slots[2 * TC_LINES_MAX]; /* a line, or TC_LINE_NONE */
};

/* The table for frames of port `nic_port`; TC_PORT_ANY: of all lines, whatever their port. */
void tc_line_table_init(struct tc_line_table *table, const struct tc_catalog *catalog,
                        uint8_t nic_port);

/* The line that a datagram is addressed to, or TC_LINE_NONE. */
uint16_t tc_line_find(const struct tc_line_table *table, const struct tc_datagram *datagram);

/* Lines of a datagram's group and UDP port, whatever else they ask for; answers how many. */
uint32_t tc_lines_near(const struct tc_line_table *table, const struct tc_datagram *datagram,
                       uint16_t *lines, uint32_t most);

/* The rules by which a line's sequence numbers are tracked; enum tc_sequence_rule. */
uint8_t tc_line_rules(const struct tc_catalog *catalog, uint16_t line);

/*
 * Learns a name from a message of that class, if it is a directory message that gives one.
 * `symbols` may be without memory: a feed without locates has nothing to learn.
 */
void tc_channel_learn(const struct tc_channel *channel, struct tc_symbols *symbols, uint8_t class,
                      const uint8_t *message);

/*
 * Forms the groups of channels whose messages share columns: each channel alone while there are
 * few, which stores it best; beyond that, all channels of a feed together, which bounds memory.
 * `group_feeds` has room for every channel.
 */
void tc_catalog_group(struct tc_catalog *catalog);

/*
 * Two lines that a datagram could both belong to make counting impossible; the check refuses them.
 */
TC_MUST_USE enum tc_status tc_catalog_check(const struct tc_catalog *catalog,
                                            struct tc_error *error);

#endif
