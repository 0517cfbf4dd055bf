/*
 * The sequence numbers of one line: what came in order, what is missing, what came late or twice.
 *
 * One session is current, the one before it stays open for its stragglers; numbers that are
 * missing are kept as ranges. A packet that continues the current session costs a comparison and
 * two additions; everything else is a rare path.
 */
#ifndef TC_TRACK_SEQUENCE_H
#define TC_TRACK_SEQUENCE_H

#include "base/packet.h"
#include "base/ranges.h"
#include "track/ledger.h"

enum { TC_MISSING_RANGES = 32768 }; /* of a session; a line has two */

enum tc_sequence_rule {
    TC_RULE_STALE_HEARTBEATS = 1, /* a heartbeat below the expected number is a stale one */
    TC_RULE_RESETS = 2,           /* later send time and lower stream offset mean a restart */
};

/* What a capture keeps of a session after it is over. */
struct tc_session {
    struct tc_session_id id;
    uint64_t first;   /* sequence number that was expected first */
    uint64_t next;    /* sequence number expected now; next - 1 is the highest one known of */
    uint32_t ordinal; /* the line's sessions count from 0 */
    bool end_seen;    /* the feed said that the session is over */
};

struct tc_session_track {
    struct tc_session session;
    uint64_t send_first; /* send time of the packet that opened it */
    uint64_t send_last;  /* latest send time */
    uint64_t offset_last;
    uint64_t final_below; /* numbers below are missing for good: the session was started anew */
    struct tc_ranges missing;
};

enum tc_verdict_event {
    TC_VERDICT_GAP = 1,         /* numbers below this packet's are missing */
    TC_VERDICT_NEW_SESSION = 2, /* the packet opened a session */
    TC_VERDICT_RESET = 4,       /* ... and it was not the first, or a restart */
    TC_VERDICT_RETIRED = 8,     /* a session closed to make room: tc_verdict.retired */
    TC_VERDICT_STALE = 16,      /* a stale heartbeat */
    TC_VERDICT_END = 32,        /* the first time that the feed says the session is over */
};

/* What a packet, or a run of them, meant. */
struct tc_verdict {
    uint64_t old;     /* leading messages below the expected number; see tc_sequence_old */
    uint64_t missing; /* numbers that a gap opened, directly below the first message */
    uint8_t events;   /* enum tc_verdict_event */
    uint8_t slot;     /* which session it belongs to: index in tc_sequence.tracks */
    struct tc_session retired;
};

struct tc_sequence {
    struct tc_figures figures;
    struct tc_session_track tracks[2];
    uint32_t sessions; /* opened so far */
    uint8_t current;   /* index of the current session */
    uint8_t open;      /* sessions that are open: 0, 1, 2 */
    uint8_t rules;     /* enum tc_sequence_rule */
};

/* What a single message below the expected number is. */
enum tc_old_message {
    TC_OLD_LATE,
    TC_OLD_DUPLICATE,
};

/* Bytes for a line that remembers `missing_ranges` (a power of two) ranges a session. */
size_t tc_sequence_footprint(uint32_t missing_ranges);

/* A line that has seen nothing. `memory` stays the caller's. */
void tc_sequence_init(struct tc_sequence *line, void *memory, uint32_t missing_ranges,
                      uint8_t rules);

/*
 * Makes a fresh line go on where another left off: `sessions` are its open ones, the current one
 * first. What was missing then is not known and counts as duplicate when it comes.
 */
void tc_sequence_resume(struct tc_sequence *line, const struct tc_session *sessions, uint8_t count);

/*
 * Takes a well-formed packet. The first `verdict->old` of its messages must then be taken, one by
 * one with tc_sequence_old or together with tc_sequence_old_range; the others are in order and
 * already counted.
 */
void tc_sequence_packet(struct tc_sequence *line, const struct tc_packet *packet,
                        struct tc_verdict *verdict);

/* Takes a run as its packets one by one; old messages as for a packet. */
void tc_sequence_run(struct tc_sequence *line, const struct tc_run *run,
                     struct tc_verdict *verdict);

enum { TC_SEQUENCE_NEW = 2 }; /* instead of a slot: a session that begins here */

/*
 * The same, for whoever knows which session the run belongs to: index in `tracks` of an open one,
 * or TC_SEQUENCE_NEW.
 */
void tc_sequence_run_in(struct tc_sequence *line, const struct tc_run *run, uint8_t slot,
                        struct tc_verdict *verdict);

/* Takes one message of what `verdict` is about, `number` being its sequence number. */
enum tc_old_message tc_sequence_old(struct tc_sequence *line, const struct tc_verdict *verdict,
                                    uint64_t number);

/* Takes the old messages first <= n < end; answers how many of them are late. */
uint64_t tc_sequence_old_range(struct tc_sequence *line, const struct tc_verdict *verdict,
                               uint64_t first, uint64_t end);

static inline const struct tc_session_track *tc_sequence_current(const struct tc_sequence *line)
{
    return line->open > 0 ? &line->tracks[line->current] : NULL;
}

static inline const struct tc_session_track *tc_sequence_previous(const struct tc_sequence *line)
{
    return line->open > 1 ? &line->tracks[1 - line->current] : NULL;
}

#endif
