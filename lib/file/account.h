/*
 * The account of a capture: what was recorded, line by line and session by session, and what the
 * lines of a channel make together.
 *
 * Counters come from the state that the capture stored as it ran; what only the messages themselves
 * can tell (digests, which numbers arrived on which line, where gaps opened) is taken from every
 * frame and from the events that tell of losses.
 */
#ifndef TC_FILE_ACCOUNT_H
#define TC_FILE_ACCOUNT_H

#include "base/rangeset.h"
#include "block/latency.h"
#include "file/reader.h"
#include "file/retrace.h"
#include "file/ticks.h"

/* A session of a line, from all streams in which it arrived. */
struct tc_account_session {
    struct tc_session_id id;
    uint64_t first;      /* number expected first */
    uint64_t next;       /* one above the highest number known of */
    uint64_t base;       /* numbers below were before what was read; first, or more */
    uint32_t occurrence; /* of this id on the line, from 0: restarts keep the id */
    bool end_seen;
    struct tc_rangeset received; /* numbers that arrived */
    struct tc_rangeset recorded; /* of these, the recorded ones; where holes are listed */
};

struct tc_account_line {
    const struct tc_line *line;
    size_t book; /* by which holes name it */
    struct tc_figures figures;
    uint64_t digest; /* XXH3-64 over big-endian length and bytes of each message, as recorded */
    const struct tc_latency *latency; /* of its messages; NULL without one */
    uint64_t leads; /* packets that came on this line first, of those that came again */
    struct tc_account_session *sessions;
    size_t session_count;
};

struct tc_account_merged {
    uint64_t messages;
    uint64_t missing;
    uint64_t recovered;
};

struct tc_account_channel {
    const struct tc_channel *channel;
    uint64_t symbols; /* that have a name, or were seen where messages carry names */
    struct tc_account_line *lines;
    size_t line_count;
    struct tc_account_merged merged;
    const struct tc_histogram *lead; /* see file/leads.h; NULL where no line is compared */
};

/* A port's clock over the blocks in which it did not change its kind. */
struct tc_account_clock {
    const struct tc_port *port;
    struct tc_clock clock; /* as it was last, with the worst errors it has claimed */
    struct tc_clock first; /* as it was in the first block */
    uint64_t from_ns;
    uint64_t to_ns;
};

/* By how many billionths the rate of a counter has changed; false where it is none. */
bool tc_account_drift(const struct tc_account_clock *noted, double *drift_ppb);

struct tc_account_stream {
    const struct tc_source *source;
    const struct tc_port *port; /* NULL: its events are of several streams */
    struct tc_ledger ledger;    /* of what was read */
    struct tc_nic nic;          /* what the port's own counters rose by */
};

/* A hole in the numbers of a line, where it opened. */
struct tc_account_hole {
    size_t line;    /* the book of its line */
    size_t session; /* index in the line's sessions */
    uint64_t first; /* numbers first <= n < end */
    uint64_t end;
    uint64_t before_ns; /* receive time of the line's packet before; 0: none */
    uint64_t after_ns;  /* ... and of the one that showed it, or of the last one left out */
    size_t stream;      /* index in the account */
    bool received;      /* they came, but were dropped here */
    uint8_t cause;      /* then enum tc_drop_cause */
};

/* Something that happened to a port or a stream, for whoever asks whose a hole is. */
struct tc_account_mark {
    uint16_t kind; /* enum tc_event_kind: NIC, LINK, or DROPPED where its list is not all of it */
    size_t stream;
    uint64_t from_ns;
    uint64_t to_ns;
    uint64_t frames; /* that the port missed meanwhile */
};

struct tc_account {
    uint64_t frames;
    uint64_t messages;
    uint64_t bytes_wire;
    uint64_t bytes_captured;
    uint64_t first_rx_ns; /* lowest and highest receive time that was not refused; 0 without one */
    uint64_t last_rx_ns;
    uint64_t unmatched_frames;
    uint64_t malformed_frames;
    uint64_t events;
    struct tc_ledger ledger; /* of all streams */
    struct tc_nic nic;       /* of all ports that count */
    bool nic_known;          /* there is one that counts */
    struct tc_account_stream *streams;
    size_t stream_count;
    struct tc_account_channel *channels;
    size_t channel_count;
    struct tc_account_clock *clocks;
    size_t clock_count;
    struct tc_account_hole *holes; /* where they were asked for */
    size_t hole_count;
    struct tc_account_mark *marks;
    size_t mark_count;
};

struct tc_accountant;

/* For all that `reader`, of which nothing has been taken yet, gives. `holes`: list them too. */
TC_MUST_USE enum tc_status tc_accountant_open(struct tc_accountant **opened,
                                              const struct tc_reader *reader, bool holes,
                                              struct tc_error *error);
void tc_accountant_free(struct tc_accountant *accountant);

/* Takes an item of the reader, in its order. */
TC_MUST_USE enum tc_status tc_accountant_take(struct tc_accountant *accountant,
                                              const struct tc_item *item, struct tc_error *error);

/*
 * The account, once the reader has come to its end. It lives as long as accountant and reader.
 */
TC_MUST_USE enum tc_status tc_accountant_close(struct tc_accountant *accountant,
                                               struct tc_account *account, struct tc_error *error);

#endif
