/*
 * Gaps: for every hole in the numbers of a line, what became of it and whose it was.
 *
 * A hole that the feed shows was filled late, recovered by another line, or lost; it is ours,
 * perhaps ours, of somebody upstream, or nobody can say (docs/OPERATING.md, "Did I miss anything,
 * and was it us?"). A hole that a loss of our own made is ours, and what filled it was there.
 */
#ifndef TC_FILE_GAPS_H
#define TC_FILE_GAPS_H

#include "file/account.h"

/* Code, name, what it means. */
#define TC_GAP_OWNER_TABLE(X)                                                          \
    X(TC_GAP_OURS, "ours", "frames that held it were dropped here")                    \
    X(TC_GAP_OURS_POSSIBLE, "ours-possible", "the port missed frames in that time")    \
    X(TC_GAP_UPSTREAM, "upstream", "nothing was lost here: it did not reach the port") \
    X(TC_GAP_UNKNOWN, "unknown", "the port's driver cannot tell whether it lost frames then")

enum tc_gap_owner {
#define TC_GAP_OWNER_CODE(code, name, what) code,
    TC_GAP_OWNER_TABLE(TC_GAP_OWNER_CODE)
#undef TC_GAP_OWNER_CODE
        TC_GAP_OWNERS
};

extern const char *const tc_gap_owner_names[TC_GAP_OWNERS];

struct tc_gap {
    const struct tc_channel *channel;
    const struct tc_account_line *line;
    const struct tc_account_session *session;
    uint64_t first; /* numbers first <= n < end */
    uint64_t end;
    uint64_t before_ns; /* receive times on both sides; before_ns 0: none */
    uint64_t after_ns;
    uint64_t late;                    /* numbers that came late, or, of dropped frames, twice */
    uint64_t recovered;               /* of the others, those that another line brought */
    uint64_t lost;                    /* the rest: in the capture on no line */
    const struct tc_account_line *by; /* a line that recovered some; NULL: none */
    uint32_t stream;
    uint8_t owner; /* enum tc_gap_owner */
    bool received; /* it came, but was dropped here */
    uint8_t cause; /* then enum tc_drop_cause */
};

/* Works on one account; may be asked for its gaps in order. */
struct tc_gaps;

/* The account was opened with holes, is closed, and outlives the gaps. */
TC_MUST_USE enum tc_status tc_gaps_open(struct tc_gaps **opened, const struct tc_account *account,
                                        struct tc_error *error);
void tc_gaps_close(struct tc_gaps *gaps);

/* The next gap, in the order of channels, lines and time; false after the last one. */
bool tc_gaps_next(struct tc_gaps *gaps, struct tc_gap *gap);

#endif
