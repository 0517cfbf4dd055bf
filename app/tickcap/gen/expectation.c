/* Counting what arrives, one message at a time. */
#include "tickcap/gen/expectation.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { WORDS_AT_FIRST = 1024, GAPS_AT_FIRST = 64 };

enum tc_status tc_expectation_init(struct tc_expectation *expectation, unsigned line_count,
                                   struct tc_error *error)
{
    *expectation = (struct tc_expectation){.line_count = line_count};
    for (unsigned i = 0; i < line_count; i++) {
        struct tc_expected_line *line = expectation->lines + i;

        line->digest = XXH3_createState();
        if (line->digest == NULL || XXH3_64bits_reset(line->digest) != XXH_OK)
            return tc_fail(error, TC_MEMORY, "no memory for the expected figures");
    }
    return TC_OK;
}

void tc_expectation_free(struct tc_expectation *expectation)
{
    for (unsigned i = 0; i < expectation->line_count; i++) {
        struct tc_expected_line *line = expectation->lines + i;

        for (size_t k = 0; k < line->session_count; k++)
            free(line->sessions[k].received);
        free(line->sessions);
        free(line->gaps);
        XXH3_freeState(line->digest);
    }
}

/* The first session of a line starts where its first packet does, a later one at 1. */
static struct tc_expected_session *session_of(struct tc_expected_line *line, const uint8_t *id,
                                              uint64_t sequence)
{
    struct tc_expected_session *sessions;
    uint64_t first = line->session_count == 0 ? sequence : 1;

    for (size_t i = line->session_count; i-- > 0;)
        if (memcmp(line->sessions[i].id, id, TC_MOLD_SESSION_BYTES) == 0)
            return line->sessions + i;
    sessions = realloc(line->sessions, (line->session_count + 1) * sizeof *sessions);
    if (sessions == NULL)
        return NULL;
    line->sessions = sessions;
    sessions += line->session_count++;
    *sessions = (struct tc_expected_session){.first = first, .next = first};
    memcpy(sessions->id, id, TC_MOLD_SESSION_BYTES);
    return sessions;
}

/* Room for the bits of all numbers below `end`. */
static bool grow_to(struct tc_expected_session *session, uint64_t end)
{
    uint64_t words = session->words > 0 ? session->words : WORDS_AT_FIRST;
    uint64_t *received;

    while (words * 64 < end)
        words *= 2;
    if (words == session->words)
        return true;
    received = realloc(session->received, words * sizeof *received);
    if (received == NULL)
        return false;
    memset(received + session->words, 0, (words - session->words) * sizeof *received);
    session->received = received;
    session->words = words;
    return true;
}

/* The session jumps to `sequence`. */
static bool note_gap(struct tc_expected_line *line, struct tc_expected_session *session,
                     uint64_t sequence, uint64_t rx_ns)
{
    if (line->gap_count == line->gaps_max) {
        size_t more = line->gaps_max > 0 ? 2 * line->gaps_max : GAPS_AT_FIRST;
        struct tc_expected_gap *gaps = realloc(line->gaps, more * sizeof *gaps);

        if (gaps == NULL)
            return false;
        line->gaps = gaps;
        line->gaps_max = more;
    }
    line->gaps[line->gap_count++] = (struct tc_expected_gap){
        .session = (size_t)(session - line->sessions),
        .first = session->next,
        .end = sequence,
        .before_ns = line->heard_ns,
        .after_ns = rx_ns,
    };
    line->gap_events++;
    session->next = sequence;
    return true;
}

static void note_message(struct tc_expected_line *line, struct tc_expected_session *session,
                         uint64_t sequence)
{
    uint64_t *word = session->received + sequence / 64;
    uint64_t bit = 1ULL << sequence % 64;

    if (sequence >= session->next) {
        line->in_order++;
        session->next = sequence + 1;
    } else if (sequence >= session->first && (*word & bit) == 0) {
        line->late++;
    } else {
        line->duplicates++;
        return;
    }
    *word |= bit;
}

/* A packet of the line: MoldUDP64 1.00, section 2. */
static bool note_packet(struct tc_expectation *expectation, struct tc_expected_line *line,
                        const uint8_t *payload, size_t bytes, uint64_t rx_ns)
{
    uint64_t sequence = tc_load_be64(payload + 10);
    uint16_t count = tc_load_be16(payload + 18);
    struct tc_expected_session *session = session_of(line, payload, sequence);
    const uint8_t *message = payload + TC_MOLD_HEADER_BYTES;

    line->packets++;
    if (session == NULL || !grow_to(session, sequence + count))
        return false;
    if (count == 0) {
        line->heartbeats++;
        line->stale_heartbeats += sequence < session->next;
    }
    if (sequence > session->next && !note_gap(line, session, sequence, rx_ns))
        return false;
    line->heard_ns = rx_ns;
    if (count == TC_MOLD_END_COUNT) {
        session->end_seen = true;
        return true;
    }
    for (uint64_t i = 0; i < count; i++) {
        note_message(line, session, sequence + i);
        if (message[2] == 'R')
            expectation->named[tc_load_be16(message + 3)] = true;
        message += 2 + tc_load_be16(message);
    }
    return XXH3_64bits_update(line->digest, payload + TC_MOLD_HEADER_BYTES,
                              bytes - TC_MOLD_HEADER_BYTES) == XXH_OK;
}

enum tc_status tc_expectation_note(struct tc_expectation *expectation,
                                   const struct tc_arrival *arrival, struct tc_error *error)
{
    if (expectation->frames++ == 0)
        expectation->first_rx_ns = arrival->rx_ns;
    expectation->last_rx_ns = arrival->rx_ns;
    expectation->bytes += arrival->bytes;
    if (!note_packet(expectation, expectation->lines + arrival->line,
                     arrival->frame + arrival->payload_offset,
                     arrival->bytes - arrival->payload_offset, arrival->rx_ns))
        return tc_fail(error, TC_MEMORY, "no memory for the expected figures");
    return TC_OK;
}
