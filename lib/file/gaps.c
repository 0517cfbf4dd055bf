/* Holes are sorted once; each is then walked over the sets of numbers that lines brought. */
#include "file/gaps.h"

#include <stdlib.h>

/* Receive times and the host's clock are this far apart at most. */
#define MARGIN_NS UINT64_C(10000000)

#define TC_GAP_OWNER_NAME(code, name, what) name,
const char *const tc_gap_owner_names[TC_GAP_OWNERS] = {TC_GAP_OWNER_TABLE(TC_GAP_OWNER_NAME)};

/* A hole with the place of its line among all. */
struct placed_hole {
    const struct tc_account_hole *hole;
    uint32_t channel;
    uint32_t line;
};

struct tc_gaps {
    const struct tc_account *account;
    struct placed_hole *holes;
    size_t next;
};

static void find_place(const struct tc_account *account, struct placed_hole *placed)
{
    for (uint32_t i = 0; i < account->channel_count; i++)
        for (uint32_t j = 0; j < account->channels[i].line_count; j++)
            if (account->channels[i].lines[j].book == placed->hole->line) {
                placed->channel = i;
                placed->line = j;
                return;
            }
}

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_holes(const void *left, const void *right)
{
    const struct placed_hole *a = left, *b = right;
    int compared = order(a->channel, b->channel);

    if (compared == 0)
        compared = order(a->line, b->line);
    if (compared == 0)
        compared = order(a->hole->session, b->hole->session);
    if (compared == 0)
        compared = order(a->hole->after_ns, b->hole->after_ns);
    if (compared == 0)
        compared = order(a->hole->first, b->hole->first);
    return compared;
}

enum tc_status tc_gaps_open(struct tc_gaps **opened, const struct tc_account *account,
                            struct tc_error *error)
{
    struct tc_gaps *gaps = calloc(1, sizeof *gaps);

    if (gaps == NULL ||
        (gaps->holes = calloc(account->hole_count + 1, sizeof gaps->holes[0])) == NULL) {
        free(gaps);
        return tc_fail(error, TC_MEMORY, "no memory for %zu gaps", account->hole_count);
    }
    gaps->account = account;
    for (size_t i = 0; i < account->hole_count; i++) {
        gaps->holes[i].hole = &account->holes[i];
        find_place(account, &gaps->holes[i]);
    }
    qsort(gaps->holes, account->hole_count, sizeof gaps->holes[0], compare_holes);
    *opened = gaps;
    return TC_OK;
}

void tc_gaps_close(struct tc_gaps *gaps)
{
    if (gaps == NULL)
        return;
    free(gaps->holes);
    free(gaps);
}

/* ---- what became of it ---- */

/* The session of that name on another line. */
static const struct tc_account_session *twin_of(const struct tc_account_line *line,
                                                const struct tc_account_session *session)
{
    for (size_t i = 0; i < line->session_count; i++)
        if (tc_session_equal(line->sessions[i].id, session->id) &&
            line->sessions[i].occurrence == session->occurrence)
            return &line->sessions[i];
    return NULL;
}

/*
 * What a line has of first <= n < end: the first part, which may begin at `first`; an empty one at
 * the end where it has nothing. What fills a hole of our own making is what is recorded.
 */
static struct tc_range first_part(const struct tc_account_session *session, bool received,
                                  uint64_t first, uint64_t end)
{
    const struct tc_rangeset *set = NULL;
    struct tc_range part = {end, end};

    if (session != NULL)
        set = received ? &session->recorded : &session->received;
    if (set == NULL || set->capacity == 0 || !tc_ranges_first(&set->ranges, first, end, &part))
        return (struct tc_range){end, end};
    return part;
}

/* From the low end up: each number is had by the line itself, or by another one, or by none. */
static void settle(const struct tc_account_channel *channel, struct tc_gap *gap)
{
    uint64_t at = gap->first;
    uint64_t most = 0;

    while (at < gap->end) {
        struct tc_range own = first_part(gap->session, gap->received, at, gap->end);
        const struct tc_account_line *by = NULL;
        uint64_t filled_to = at, next = own.first;

        if (own.first == at) {
            gap->late += own.end - at;
            at = own.end;
            continue;
        }
        for (size_t i = 0; i < channel->line_count; i++) {
            struct tc_range part;

            if (&channel->lines[i] == gap->line)
                continue;
            part = first_part(twin_of(&channel->lines[i], gap->session), gap->received, at,
                              own.first);
            if (part.first != at) {
                next = part.first < next ? part.first : next;
            } else if (part.end > filled_to) {
                filled_to = part.end;
                by = &channel->lines[i];
            }
        }
        if (by == NULL) {
            gap->lost += next - at;
            at = next;
            continue;
        }
        gap->recovered += filled_to - at;
        if (filled_to - at > most)
            gap->by = by;
        most = filled_to - at > most ? filled_to - at : most;
        at = filled_to;
    }
}

/* ---- whose it was ---- */

/* The latest time at which the counters of a port were looked at. */
static uint64_t sampled_ns(const struct tc_account *account, const struct tc_port *port)
{
    uint64_t latest = 0;

    for (size_t i = 0; i < account->stream_count; i++)
        if (account->streams[i].port == port && account->streams[i].nic.sampled_ns > latest)
            latest = account->streams[i].nic.sampled_ns;
    return latest;
}

static bool is_near(const struct tc_account_mark *mark, const struct tc_account_hole *hole)
{
    return mark->from_ns <= hole->after_ns + MARGIN_NS &&
           mark->to_ns + MARGIN_NS >= hole->before_ns;
}

static enum tc_gap_owner owner_of(const struct tc_account *account,
                                  const struct tc_account_hole *hole)
{
    const struct tc_port *port = account->streams[hole->stream].port;
    bool link_changed = false, missed = false;

    if (hole->received)
        return TC_GAP_OURS;
    for (size_t i = 0; i < account->mark_count; i++) {
        const struct tc_account_mark *mark = &account->marks[i];

        if (account->streams[mark->stream].port != port || !is_near(mark, hole))
            continue;
        if (mark->kind == TC_EVENT_DROPPED && mark->stream == hole->stream)
            return TC_GAP_OURS;
        missed |= mark->kind == TC_EVENT_NIC && mark->frames > 0;
        link_changed |= mark->kind == TC_EVENT_LINK;
    }
    if (missed)
        return TC_GAP_OURS_POSSIBLE;
    if (link_changed || port == NULL || port->losses != TC_LOSSES_EXACT ||
        sampled_ns(account, port) < hole->after_ns)
        return TC_GAP_UNKNOWN;
    return TC_GAP_UPSTREAM;
}

bool tc_gaps_next(struct tc_gaps *gaps, struct tc_gap *gap)
{
    const struct tc_account *account = gaps->account;
    const struct tc_account_channel *channel;
    const struct placed_hole *placed;

    if (gaps->next == account->hole_count)
        return false;
    placed = &gaps->holes[gaps->next++];
    channel = &account->channels[placed->channel];
    *gap = (struct tc_gap){
        .channel = channel->channel,
        .line = &channel->lines[placed->line],
        .session = &channel->lines[placed->line].sessions[placed->hole->session],
        .first = placed->hole->first,
        .end = placed->hole->end,
        .before_ns = placed->hole->before_ns,
        .after_ns = placed->hole->after_ns,
        .stream = account->streams[placed->hole->stream].source->stream,
        .received = placed->hole->received,
        .cause = placed->hole->cause,
        .owner = (uint8_t)owner_of(account, placed->hole),
    };
    settle(channel, gap);
    return true;
}
