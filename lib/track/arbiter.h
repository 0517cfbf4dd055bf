/*
 * The lines of one channel together: what came on any of them, what came on none, and what one
 * line lacked and another brought; which line is ahead, and which has fallen silent.
 *
 * A second tracker takes the packets of all lines as if they were one line's: what it misses came
 * on no line. Which session a packet is of, the tracker of its line has said: the first line that
 * begins a session begins it for all, and the others join. So nothing depends on the order in which
 * lines are heard, but the order of their sessions, and a loss may be told of line by line. Beside
 * it stand the numbers that some line misses; they change only when a line opens a gap or fills
 * one, so a packet that is in order costs a comparison and one look into a table of arrivals.
 * Nothing is merged away: every line is recorded as it came.
 *
 * The arbiter of lines that arrive in one stream runs where they arrive; that of lines in
 * different streams is fed with runs from each (docs/ARCHITECTURE.md, "Lines of a channel").
 */
#ifndef TC_TRACK_ARBITER_H
#define TC_TRACK_ARBITER_H

#include "base/histogram.h"
#include "track/sequence.h"

enum {
    TC_ARBITER_RANGES = 16384, /* of a session: on no line, and likewise on some line */
    TC_ARBITER_ARRIVALS = 4096,
    TC_ARBITER_SEQUENCE_SHIFT = 3, /* numbers that share a place in the table of arrivals */
    TC_ARBITER_CLOSED = 8,         /* closed sessions that are remembered by name */
};

struct tc_arbiter_line {
    const struct tc_sequence *sequence; /* has taken what the arbiter is told of */
    uint64_t heard_ns;                  /* by the host's clock */
    uint64_t leads;      /* packets that came on this line first, of those that came again */
    uint32_t ordinal[2]; /* of `together`'s session plus one, by slot of `sequence`; 0: none */
    bool silent;
};

/* The first copy of a packet. */
struct tc_arbiter_arrival {
    uint64_t sequence;
    uint64_t time_ns;
    uint32_t ordinal; /* of its session, plus one; 0: empty */
    uint32_t line;
};

/*
 * Lines need not be met at the same number. What lies between has come on no line, and is missing
 * on none before a line has come to it.
 */
struct tc_arbiter_begin {
    uint64_t end;        /* one above the highest such number; 0: there is none */
    uint64_t unexpected; /* how many there are */
};

struct tc_arbiter {
    struct tc_sequence together;
    struct tc_ranges somewhere[2]; /* numbers that some line misses, by slot of `together` */
    struct tc_arbiter_line *lines;
    struct tc_arbiter_arrival *arrivals;
    struct tc_histogram *lead; /* of the later line's time less the earlier listed line's */
    uint32_t line_count;
    uint64_t somewhere_total;          /* numbers that some line misses, in all sessions */
    struct tc_arbiter_begin begins[2]; /* by slot of `together` */
    uint64_t never_expected;           /* as begins[].unexpected, of sessions that are closed */
    struct tc_session_id closed[TC_ARBITER_CLOSED]; /* a ring */
    uint32_t closed_count;
    uint64_t restarts; /* times that a line has started a session anew, under its old name */
    uint64_t silent_after_ns;
    bool begun; /* a line has been heard */
};

/* What it meant for the channel. */
struct tc_ruling {
    uint64_t known;   /* of the numbers that its line now misses, those that other lines brought */
    uint64_t filled;  /* numbers that some line misses, had come on none, and that it brought */
    uint32_t session; /* of the channel, to which it belongs: ordinal plus one; 0: it is unheard */
    bool speaks;      /* its line had been silent */
    bool unheard;     /* it is of a session that is closed, and was not compared */
};

/* Bytes for a channel of `lines` lines, 2 or more; memory aligned to a cache line. */
size_t tc_arbiter_footprint(uint32_t lines);

/*
 * An arbiter that has seen nothing. The caller sets `lines[i].sequence`; the sequences stay the
 * caller's. `rules` as of the lines.
 */
void tc_arbiter_init(struct tc_arbiter *arbiter, void *memory, uint32_t lines, uint8_t rules,
                     uint64_t silent_after_ns);

/* When something came: by the receive clock, to compare lines, and by the host's, for silence. */
struct tc_arbiter_time {
    uint64_t rx_ns;
    uint64_t now_ns;
};

/*
 * Takes a run of line `line`, of which the first packet arrived then. The line's own tracker has
 * taken it, old messages included, and has answered `verdict`.
 */
void tc_arbiter_take(struct tc_arbiter *arbiter, uint32_t line, const struct tc_run *run,
                     const struct tc_verdict *verdict, struct tc_arbiter_time time,
                     struct tc_ruling *ruling);

/* Compares the time of a packet with that of its copy on another line. */
static inline void tc_arbiter_arrival(struct tc_arbiter *arbiter, uint32_t line, uint64_t sequence,
                                      uint32_t ordinal, uint64_t time_ns)
{
    struct tc_arbiter_arrival *arrival =
        &arbiter->arrivals[(sequence >> TC_ARBITER_SEQUENCE_SHIFT) % TC_ARBITER_ARRIVALS];
    int64_t later_ns = (int64_t)(time_ns - arrival->time_ns);

    if (arrival->sequence != sequence || arrival->ordinal != ordinal + 1) {
        *arrival = (struct tc_arbiter_arrival){sequence, time_ns, ordinal + 1, line};
        return;
    }
    if (arrival->line == line)
        return;
    /* arrivals are told in the order of their streams, which need not be that of their times */
    arbiter->lines[later_ns >= 0 ? arrival->line : line].leads++;
    tc_histogram_add(arbiter->lead, arrival->line < line ? later_ns : -later_ns);
}

/* Whether nothing at or above a packet's numbers is missing or waited for. */
static inline bool tc_arbiter_is_plain(const struct tc_arbiter *arbiter,
                                       const struct tc_session_track *track,
                                       const struct tc_packet *packet)
{
    uint32_t holes = track->missing.count;

    return packet->sequence <= track->session.next && packet->sequence >= track->session.first &&
           packet->sequence >= arbiter->begins[arbiter->together.current].end &&
           (holes == 0 || tc_ranges_at(&track->missing, holes - 1).end <= packet->sequence);
}

/*
 * The same for a packet that is in order on its line, in the session at `slot` of its tracker,
 * where that is all there is to say of it: it is the first copy and continues the channel, or a
 * copy of what is known. False, and nothing done, where it is not so simple.
 */
static inline bool tc_arbiter_in_order(struct tc_arbiter *arbiter, uint32_t line, uint8_t slot,
                                       const struct tc_packet *packet, struct tc_arbiter_time time)
{
    struct tc_session_track *track = &arbiter->together.tracks[arbiter->together.current];
    struct tc_arbiter_line *from = &arbiter->lines[line];
    uint64_t end = packet->sequence + packet->messages;

    if (from->ordinal[slot] != track->session.ordinal + 1 || from->silent ||
        !tc_arbiter_is_plain(arbiter, track, packet))
        return false;
    if (end > track->session.next) {
        arbiter->together.figures.in_order += end - track->session.next;
        track->session.next = end;
    }
    if (time.now_ns > from->heard_ns)
        from->heard_ns = time.now_ns;
    tc_arbiter_arrival(arbiter, line, packet->sequence, track->session.ordinal, time.rx_ns);
    return true;
}

struct tc_merged tc_arbiter_figures(const struct tc_arbiter *arbiter);

/* A line that has fallen silent while another speaks, or -1; each is answered once. */
int32_t tc_arbiter_silence(struct tc_arbiter *arbiter, uint64_t now_ns);

#endif
