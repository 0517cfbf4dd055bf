/*
 * Timers and what they come to. What is due becomes a round over the groups, and a round becomes
 * frames: as many records as fit in version 3, one group each in the older ones.
 *
 * Other hosts' reports are not listened to. Version 2 lets a host keep silent when it hears another
 * one report its group, but a switch that watches reports opens only the ports they come from.
 */
#include "net/membership.h"

#include "base/placer.h"

#define MS_NS UINT64_C(1000000)

/* The defaults of sections 8.1, 8.2 and 8.11, and RFC 2236, section 8.10. */
enum {
    ROBUSTNESS = 2,
    QUERY_INTERVAL_MS = 125 * 1000,
    ANNOUNCE_INTERVAL_V3_MS = 1000,
    ANNOUNCE_INTERVAL_V2_MS = 10 * 1000,
    LEAVE_INTERVAL_MS = 100, /* shorter than section 5.1 allows: somebody waits for the end */
};

enum round_kind {
    ROUND_NONE,
    ROUND_ANNOUNCE,
    ROUND_ANSWER,       /* a general query */
    ROUND_ANSWER_ASKED, /* queries about groups, of which the answer is due */
    ROUND_LEAVE,
};

/* ---- set-up ---- */

static size_t place(struct tc_membership *membership, struct tc_placer *placer, size_t wants)
{
    membership->groups = tc_place(placer, wants * sizeof membership->groups[0]);
    membership->sources = tc_place(placer, wants * sizeof membership->sources[0]);
    return placer->used;
}

size_t tc_membership_footprint(size_t wants)
{
    struct tc_placer placer = {0};
    struct tc_membership measured;

    return place(&measured, &placer, wants);
}

void tc_membership_init(struct tc_membership *membership, void *memory,
                        const struct tc_membership_want *wants, size_t want_count,
                        const struct tc_membership_options *options)
{
    struct tc_placer placer = {.memory = memory};
    struct tc_membership_group *group = NULL;
    uint32_t sources = 0;

    *membership = (struct tc_membership){
        .options = *options,
        .random = options->seed,
        .robustness = ROBUSTNESS,
        .query_interval_ms = QUERY_INTERVAL_MS,
        .announce_ns = TC_NEVER_NS,
        .answer_ns = TC_NEVER_NS,
        .leave_ns = TC_NEVER_NS,
        .figures = {.version = options->version_most},
    };
    place(membership, &placer, want_count);
    for (size_t i = 0; i < want_count; i++) {
        bool same = group != NULL && group->group == wants[i].group;

        if (!same) {
            group = &membership->groups[membership->group_count++];
            *group = (struct tc_membership_group){
                .group = wants[i].group, .first_source = sources, .due_ns = TC_NEVER_NS};
        }
        /* from any source sorts first, and then says it all */
        if (wants[i].source == 0 || (same && group->source_count == 0))
            continue;
        membership->sources[sources++] = wants[i].source;
        group->source_count++;
    }
}

/* ---- time ---- */

/* A delay of up to `most_ns`: SplitMix64, so that any seed is a good one. */
static uint64_t random_ns(struct tc_membership *membership, uint64_t most_ns)
{
    uint64_t mixed = membership->random += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ mixed >> 31) % (most_ns + 1);
}

static void forget_what_is_due(struct tc_membership *membership)
{
    membership->announce_left = 0;
    membership->announce_ns = TC_NEVER_NS;
    membership->answer_ns = TC_NEVER_NS;
    membership->round.kind = ROUND_NONE;
    for (uint32_t i = 0; i < membership->group_count; i++)
        membership->groups[i].due_ns = TC_NEVER_NS;
}

/* Section 7.2.1: the oldest querier that was heard of late; a change cancels what is due. */
static void choose_version(struct tc_membership *membership, uint64_t now_ns)
{
    uint32_t version = membership->options.version_most;

    if (now_ns < membership->v2_until_ns && version > TC_IGMP_V2)
        version = TC_IGMP_V2;
    if (now_ns < membership->v1_until_ns)
        version = TC_IGMP_V1;
    if (version == membership->figures.version || membership->leaving)
        return;
    membership->figures.version = version;
    forget_what_is_due(membership);
}

void tc_membership_announce(struct tc_membership *membership, uint64_t now_ns)
{
    if (membership->leaving || membership->group_count == 0)
        return;
    membership->announce_left = membership->robustness;
    membership->announce_ns = now_ns;
}

void tc_membership_leave(struct tc_membership *membership, uint64_t now_ns)
{
    forget_what_is_due(membership);
    membership->leaving = true;
    if (membership->figures.version == TC_IGMP_V1 || membership->group_count == 0)
        return; /* version 1 has no word for it */
    /* version 2 says it once (RFC 2236, section 3) */
    membership->leave_left = membership->figures.version == TC_IGMP_V3 ? membership->robustness : 1;
    membership->leave_ns = now_ns;
}

uint64_t tc_membership_due_ns(const struct tc_membership *membership)
{
    uint64_t due_ns = membership->leave_ns;

    if (membership->round.kind != ROUND_NONE)
        return 0;
    if (membership->announce_ns < due_ns)
        due_ns = membership->announce_ns;
    if (membership->answer_ns < due_ns)
        due_ns = membership->answer_ns;
    for (uint32_t i = 0; i < membership->group_count; i++)
        if (membership->groups[i].due_ns < due_ns)
            due_ns = membership->groups[i].due_ns;
    return due_ns;
}

/* ---- queries ---- */

/* What a query says of the network. */
static void learn(struct tc_membership *membership, const struct tc_igmp_query *query,
                  uint64_t now_ns)
{
    uint64_t present_ns;

    if (query->robustness != 0)
        membership->robustness = query->robustness;
    if (query->interval_ms != 0)
        membership->query_interval_ms = query->interval_ms;
    /* section 8.12 */
    present_ns = ((uint64_t)membership->robustness * membership->query_interval_ms +
                  query->response_ms) *
                 MS_NS;
    if (query->version == TC_IGMP_V1)
        membership->v1_until_ns = now_ns + present_ns;
    if (query->version == TC_IGMP_V2)
        membership->v2_until_ns = now_ns + present_ns;
}

/* A moment at which to answer, that is not too late even if the owner is. */
static uint64_t answer_time(struct tc_membership *membership, const struct tc_igmp_query *query,
                            uint64_t now_ns)
{
    uint64_t most_ns = query->response_ms * MS_NS;
    uint64_t lateness_ns = membership->options.lateness_ns;

    return now_ns + (most_ns > lateness_ns ? random_ns(membership, most_ns - lateness_ns) : 0);
}

static struct tc_membership_group *find_group(struct tc_membership *membership, uint32_t group)
{
    uint32_t low = 0, high = membership->group_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (membership->groups[middle].group < group)
            low = middle + 1;
        else
            high = middle;
    }
    return low < membership->group_count && membership->groups[low].group == group
               ? &membership->groups[low]
               : NULL;
}

static bool contains(const uint32_t *sources, uint32_t count, uint32_t source)
{
    for (uint32_t i = 0; i < count; i++)
        if (sources[i] == source)
            return true;
    return false;
}

/* Adds the sources that are asked for and wanted; false when they are more than can be kept. */
static bool ask_sources(struct tc_membership *membership, struct tc_membership_group *group,
                        const struct tc_igmp_query *query)
{
    for (uint32_t i = 0; i < query->source_count; i++) {
        uint32_t source = tc_load_be32(query->sources + i * sizeof source);

        if ((group->source_count > 0 &&
             !contains(membership->sources + group->first_source, group->source_count, source)) ||
            contains(group->asked, group->asked_count, source))
            continue;
        if (group->asked_count == TC_ASKED_SOURCES_MAX)
            return false;
        group->asked[group->asked_count++] = source;
    }
    return true;
}

/*
 * Section 5.2, rules 3 to 5. Sources are a question of version 3 alone; more of them than can be
 * kept are answered with all there is to say of the group.
 */
static void ask_group(struct tc_membership *membership, struct tc_membership_group *group,
                      const struct tc_igmp_query *query, uint64_t due_ns)
{
    bool whole = query->source_count == 0 || membership->figures.version != TC_IGMP_V3;

    if (group->due_ns == TC_NEVER_NS)
        group->asked_count = 0;
    else if (group->asked_count == 0)
        whole = true;
    if (!whole) {
        whole = !ask_sources(membership, group, query);
        if (!whole && group->asked_count == 0)
            return; /* none of them is wanted */
    }
    if (whole) {
        group->asked_count = 0;
        if (&membership->groups[membership->round.group] == group)
            membership->round.source = 0; /* half of a list was said: now all of it is */
    }
    if (due_ns < group->due_ns)
        group->due_ns = due_ns;
}

void tc_membership_hear(struct tc_membership *membership, const struct tc_igmp_query *query,
                        uint64_t now_ns)
{
    struct tc_membership_group *group;
    uint64_t due_ns;

    membership->figures.queries++;
    if (membership->leaving)
        return;
    learn(membership, query, now_ns);
    choose_version(membership, now_ns);
    due_ns = answer_time(membership, query, now_ns);
    /* rule 1: a general answer that comes sooner says it all */
    if (membership->answer_ns <= due_ns)
        return;
    if (query->group == 0 && membership->figures.version == TC_IGMP_V3) {
        membership->answer_ns = membership->group_count > 0 ? due_ns : TC_NEVER_NS;
    } else if (query->group == 0) {
        /* the older versions answer for each group at a time of its own (RFC 2236, section 3) */
        for (uint32_t i = 0; i < membership->group_count; i++)
            ask_group(membership, &membership->groups[i], query,
                      answer_time(membership, query, now_ns));
    } else if ((group = find_group(membership, query->group)) != NULL) {
        ask_group(membership, group, query, due_ns);
    }
}

/* ---- rounds ---- */

/* Begins the round of what is due, unless one is under way. */
static void begin_round(struct tc_membership *membership, uint64_t now_ns)
{
    struct tc_membership_round *round = &membership->round;
    uint64_t interval_ms = membership->figures.version == TC_IGMP_V3 ? ANNOUNCE_INTERVAL_V3_MS
                                                                     : ANNOUNCE_INTERVAL_V2_MS;

    if (round->kind != ROUND_NONE || tc_membership_due_ns(membership) > now_ns)
        return;
    *round = (struct tc_membership_round){.kind = ROUND_ANSWER_ASKED};
    if (membership->leave_ns <= now_ns) {
        round->kind = ROUND_LEAVE;
        membership->leave_ns = --membership->leave_left > 0
                                   ? now_ns + random_ns(membership, LEAVE_INTERVAL_MS * MS_NS)
                                   : TC_NEVER_NS;
    } else if (membership->announce_ns <= now_ns) {
        round->kind = ROUND_ANNOUNCE;
        membership->announce_ns = --membership->announce_left > 0
                                      ? now_ns + random_ns(membership, interval_ms * MS_NS)
                                      : TC_NEVER_NS;
    } else if (membership->answer_ns <= now_ns) {
        round->kind = ROUND_ANSWER;
        membership->answer_ns = TC_NEVER_NS;
    }
}

/* What a round says of a group in version 3. */
struct statement {
    enum tc_igmp_record type;
    const uint32_t *sources;
    uint32_t source_count;
};

static struct statement state(const struct tc_membership *membership,
                              const struct tc_membership_group *group)
{
    static const enum tc_igmp_record of_any[] = {
        [ROUND_ANNOUNCE] = TC_IGMP_TO_EXCLUDE,
        [ROUND_ANSWER] = TC_IGMP_IS_EXCLUDE,
        [ROUND_ANSWER_ASKED] = TC_IGMP_IS_EXCLUDE,
        [ROUND_LEAVE] = TC_IGMP_TO_INCLUDE,
    };
    static const enum tc_igmp_record of_sources[] = {
        [ROUND_ANNOUNCE] = TC_IGMP_ALLOW,
        [ROUND_ANSWER] = TC_IGMP_IS_INCLUDE,
        [ROUND_ANSWER_ASKED] = TC_IGMP_IS_INCLUDE,
        [ROUND_LEAVE] = TC_IGMP_BLOCK,
    };
    uint32_t kind = membership->round.kind;

    if (kind == ROUND_ANSWER_ASKED && group->asked_count > 0)
        return (struct statement){TC_IGMP_IS_INCLUDE, group->asked, group->asked_count};
    if (group->source_count == 0)
        return (struct statement){of_any[kind], NULL, 0};
    return (struct statement){of_sources[kind], membership->sources + group->first_source,
                              group->source_count};
}

/*
 * Moves on to the next group of which the round has something to say; false at its end. A group
 * whose answer is under way stays due until all of it is said.
 */
static bool find_statement(struct tc_membership *membership, uint64_t now_ns)
{
    struct tc_membership_round *round = &membership->round;

    if (round->kind == ROUND_ANSWER_ASKED)
        while (round->group < membership->group_count &&
               membership->groups[round->group].due_ns > now_ns)
            round->group++;
    return round->group < membership->group_count;
}

static void finish_statement(struct tc_membership *membership)
{
    if (membership->round.kind == ROUND_ANSWER_ASKED)
        membership->groups[membership->round.group].due_ns = TC_NEVER_NS;
    membership->round.group++;
    membership->round.source = 0;
}

/* Adds what is to be said of the round's group; false when the frame is full before its end. */
static bool add_statement(struct tc_membership *membership, struct tc_igmp_report *report)
{
    struct tc_membership_round *round = &membership->round;
    struct tc_membership_group *group = &membership->groups[round->group];
    struct statement statement = state(membership, group);

    if (!tc_igmp_report_record(report, statement.type, group->group))
        return false;
    group->reports++;
    /* a record too long goes on in the next report (section 4.2.16) */
    for (; round->source < statement.source_count; round->source++)
        if (!tc_igmp_report_source(report, statement.sources[round->source]))
            return false;
    return true;
}

static size_t next_report(struct tc_membership *membership, uint64_t now_ns, uint8_t *frame)
{
    struct tc_igmp_report report;

    tc_igmp_report_begin(&report, frame, &membership->options.sender);
    while (find_statement(membership, now_ns) && add_statement(membership, &report))
        finish_statement(membership);
    return report.records > 0 ? tc_igmp_report_end(&report) : 0;
}

static size_t next_message(struct tc_membership *membership, uint64_t now_ns, uint8_t *frame)
{
    enum tc_igmp_message type = membership->figures.version == TC_IGMP_V1 ? TC_IGMP_REPORT_V1
                                                                          : TC_IGMP_REPORT_V2;
    struct tc_membership_group *group;

    if (!find_statement(membership, now_ns))
        return 0;
    if (membership->round.kind == ROUND_LEAVE)
        type = TC_IGMP_LEAVE;
    group = &membership->groups[membership->round.group];
    group->reports++;
    finish_statement(membership);
    return tc_igmp_message_write(frame, &membership->options.sender, type, group->group);
}

size_t tc_membership_next(struct tc_membership *membership, uint64_t now_ns, uint8_t *frame)
{
    size_t length;

    choose_version(membership, now_ns);
    begin_round(membership, now_ns);
    if (membership->round.kind == ROUND_NONE)
        return 0;
    length = membership->figures.version == TC_IGMP_V3 ? next_report(membership, now_ns, frame)
                                                       : next_message(membership, now_ns, frame);
    if (!find_statement(membership, now_ns))
        membership->round.kind = ROUND_NONE;
    membership->figures.reports += length > 0;
    return length;
}
