/*
 * The account of a capture: what was recorded, line by line and session by session, and what the
 * lines of a channel make together.
 *
 * Counters come from the state that the capture stored as it ran; what only the messages themselves
 * can tell (digests, which numbers arrived on which line) is taken from every frame and from the
 * events that tell of losses.
 */
#ifndef TC_FILE_ACCOUNT_H
#define TC_FILE_ACCOUNT_H

#include "base/rangeset.h"
#include "file/reader.h"
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
};

struct tc_account_line {
    const struct tc_line *line;
    struct tc_figures figures;
    uint64_t digest; /* XXH3-64 over big-endian length and bytes of each message, as recorded */
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
};

/* A port's clock over the blocks in which it did not change its kind. */
struct tc_account_clock {
    const struct tc_port *port;
    struct tc_clock clock;
    uint64_t from_ns;
    uint64_t to_ns;
};

struct tc_account_stream {
    const struct tc_source *source;
    struct tc_ledger ledger; /* of what was read */
};

struct tc_account {
    uint64_t frames;
    uint64_t messages;
    uint64_t bytes_wire;
    uint64_t bytes_captured;
    uint64_t first_rx_ns; /* lowest and highest receive time; 0 without a frame */
    uint64_t last_rx_ns;
    uint64_t unmatched_frames;
    uint64_t malformed_frames;
    uint64_t events;
    struct tc_ledger ledger; /* of all streams */
    struct tc_account_stream *streams;
    size_t stream_count;
    struct tc_account_channel *channels;
    size_t channel_count;
    struct tc_account_clock *clocks;
    size_t clock_count;
};

struct tc_accountant;

/* NULL when memory is short. */
struct tc_accountant *tc_accountant_new(void);
void tc_accountant_free(struct tc_accountant *accountant);

/* Takes an item of a reader, in the reader's order. */
TC_MUST_USE enum tc_status tc_accountant_take(struct tc_accountant *accountant,
                                              const struct tc_item *item, struct tc_error *error);

/*
 * The account, once the reader has come to its end. It lives as long as accountant and reader.
 */
TC_MUST_USE enum tc_status tc_accountant_close(struct tc_accountant *accountant,
                                               const struct tc_reader *reader,
                                               struct tc_account *account, struct tc_error *error);

#endif
