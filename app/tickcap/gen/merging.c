/* Sets of sequence numbers, 64 at a time. */
#include "tickcap/gen/merging.h"

#include <string.h>

static uint64_t count_bits(uint64_t bits)
{
    return (uint64_t)__builtin_popcountll(bits);
}

static uint64_t received_bits(const struct tc_expected_session *session, uint64_t word)
{
    return word < session->words ? session->received[word] : 0;
}

/* What the session expected, from its first number to the one before `next`, and did not get. */
static uint64_t missing_bits(const struct tc_expected_session *session, uint64_t word)
{
    uint64_t expected = 0;

    for (uint64_t bit = 0; bit < 64; bit++) {
        uint64_t sequence = word * 64 + bit;

        if (sequence >= session->first && sequence < session->next)
            expected |= 1ULL << bit;
    }
    return expected & ~received_bits(session, word);
}

uint64_t tc_expected_missing(const struct tc_expected_line *line)
{
    uint64_t missing = 0;

    for (size_t i = 0; i < line->session_count; i++)
        for (uint64_t word = 0; word * 64 < line->sessions[i].next; word++)
            missing += count_bits(missing_bits(line->sessions + i, word));
    return missing;
}

/* The line's session of that name, or NULL. */
static const struct tc_expected_session *session_named(const struct tc_expected_line *line,
                                                       const char *id)
{
    for (size_t i = 0; i < line->session_count; i++)
        if (memcmp(line->sessions[i].id, id, TC_MOLD_SESSION_BYTES) == 0)
            return line->sessions + i;
    return NULL;
}

static void merge_session(struct tc_expected_merged *merged,
                          const struct tc_expectation *expectation, const char *id)
{
    const struct tc_expected_session *sessions[TC_GEN_LINES_MAX];
    unsigned count = 0;
    uint64_t end = 0;

    for (unsigned i = 0; i < expectation->line_count; i++) {
        const struct tc_expected_session *session = session_named(expectation->lines + i, id);

        if (session == NULL)
            continue;
        sessions[count++] = session;
        end = end > session->next ? end : session->next;
    }
    for (uint64_t word = 0; word * 64 < end; word++) {
        uint64_t received = 0, missing = 0;

        for (unsigned i = 0; i < count; i++) {
            received |= received_bits(sessions[i], word);
            missing |= missing_bits(sessions[i], word);
        }
        merged->messages += count_bits(received);
        merged->missing += count_bits(missing & ~received);
        merged->recovered += count_bits(missing & received);
    }
}

static bool has(const struct tc_expected_session *session, uint64_t sequence)
{
    return session != NULL && (received_bits(session, sequence / 64) >> sequence % 64 & 1) != 0;
}

struct tc_expected_fate tc_expected_fate_of(const struct tc_expectation *expectation,
                                            const struct tc_expected_line *line,
                                            const struct tc_expected_gap *gap)
{
    const struct tc_expected_session *own = line->sessions + gap->session;
    struct tc_expected_fate fate = {0, 0, 0};

    for (uint64_t sequence = gap->first; sequence < gap->end; sequence++) {
        bool came = false;

        for (unsigned i = 0; i < expectation->line_count; i++)
            came |= has(session_named(expectation->lines + i, own->id), sequence);
        if (has(own, sequence))
            fate.late++;
        else if (came)
            fate.recovered++;
        else
            fate.lost++;
    }
    return fate;
}

/* No line loses the end of a session, so the first line has seen them all. */
struct tc_expected_merged tc_expectation_merge(const struct tc_expectation *expectation)
{
    const struct tc_expected_line *first = expectation->lines;
    struct tc_expected_merged merged = {0, 0, 0};

    for (size_t i = 0; i < first->session_count; i++)
        merge_session(&merged, expectation, first->sessions[i].id);
    return merged;
}
