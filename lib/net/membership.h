/*
 * Membership of one network in multicast groups, as a host has it: what to tell the querier, and
 * when (RFC 3376, section 5, whose sections are cited here; RFC 2236 while an older querier is
 * about).
 *
 * It has neither a clock nor a port. Its owner says what time it is and what was heard, and sends
 * what it is given. Times are nanoseconds of any clock that only goes forwards. A port with VLANs
 * is several networks: each has its own querier.
 */
#ifndef TC_NET_MEMBERSHIP_H
#define TC_NET_MEMBERSHIP_H

#include "net/igmp.h"

enum { TC_ASKED_SOURCES_MAX = 16 };

#define TC_NEVER_NS UINT64_MAX

/* A group that is wanted, from one source. */
struct tc_membership_want {
    uint32_t group;  /* host byte order */
    uint32_t source; /* 0: from any */
};

struct tc_membership_options {
    struct tc_igmp_sender sender;
    enum tc_igmp_version version_most; /* TC_IGMP_V2: version 3 is never spoken */
    uint64_t lateness_ns;              /* by which the owner may come late, when it is due */
    uint64_t seed;                     /* of the random delays */
};

struct tc_membership_group {
    uint32_t group;
    uint32_t first_source; /* among the sources of all groups */
    uint32_t source_count; /* 0: any source */
    uint32_t asked_count;  /* 0 while an answer is due: the group as a whole */
    uint32_t asked[TC_ASKED_SOURCES_MAX];
    uint64_t due_ns;  /* answer to a query about this group; TC_NEVER_NS */
    uint64_t reports; /* frames sent that name it */
};

/* What goes out now; it may take several frames. */
struct tc_membership_round {
    uint32_t kind;   /* enum round_kind of the source; 0: nothing */
    uint32_t group;  /* at which it goes on */
    uint32_t source; /* of that group */
};

struct tc_membership_figures {
    uint64_t reports; /* frames sent, leaves among them */
    uint64_t queries; /* heard */
    uint32_t version; /* enum tc_igmp_version in use */
};

struct tc_membership {
    struct tc_membership_options options;
    struct tc_membership_group *groups;
    uint32_t *sources;
    uint32_t group_count;
    struct tc_membership_round round;
    struct tc_membership_figures figures;
    uint64_t random;
    /* what the querier said last (sections 4.1.6 and 4.1.7) */
    uint32_t robustness;
    uint32_t query_interval_ms;
    /* older queriers count as present until (section 7.2.1) */
    uint64_t v1_until_ns;
    uint64_t v2_until_ns;
    /* what is to be said without being asked, and the answer to a general query */
    uint32_t announce_left;
    uint64_t announce_ns;
    uint64_t answer_ns;
    uint32_t leave_left;
    uint64_t leave_ns;
    bool leaving;
};

size_t tc_membership_footprint(size_t wants);

/*
 * `wants` are sorted by group and source, none twice; a group that is wanted from any source needs
 * no others. `memory`, aligned to 64, stays the caller's and outlives the membership.
 */
void tc_membership_init(struct tc_membership *membership, void *memory,
                        const struct tc_membership_want *wants, size_t want_count,
                        const struct tc_membership_options *options);

/* Joins, or joins again after the link was away: says so at once, and repeats it. */
void tc_membership_announce(struct tc_membership *membership, uint64_t now_ns);

/* Takes a query that came in the network. */
void tc_membership_hear(struct tc_membership *membership, const struct tc_igmp_query *query,
                        uint64_t now_ns);

/* Leaves all groups; from now on nothing else is said. */
void tc_membership_leave(struct tc_membership *membership, uint64_t now_ns);

/* True when all that is to be said of leaving has been. */
static inline bool tc_membership_has_left(const struct tc_membership *membership)
{
    return membership->leaving && membership->leave_left == 0 && membership->round.kind == 0;
}

/* The next frame to send now, into TC_IGMP_FRAME_BYTES; its length, or 0 when nothing is due. */
size_t tc_membership_next(struct tc_membership *membership, uint64_t now_ns, uint8_t *frame);

/* When the next frame is due; TC_NEVER_NS. */
uint64_t tc_membership_due_ns(const struct tc_membership *membership);

#endif
