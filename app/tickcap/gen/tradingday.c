/*
 * The course of sessions. Where their share of the messages is too small for all of it, it stops
 * early; the end of the session is said all the same.
 */
#include "tickcap/gen/tradingday.h"

#include <stdio.h>

#include "tickcap/gen/itchwriter.h"

#define DAY_NS      (24 * 3600 * 1000000000ULL)
#define INDEX_LEVEL 645012000000 /* eight decimal places */

enum {
    SECOND_NS = 1000000000,
    LULL_TENTHS = 25, /* of a second: before the open and the close, long enough for heartbeats */
    OPENING_TENTHS = 15,
    BETWEEN_TENTHS = 20, /* sessions */
    CLOSING_MESSAGES = 3,
    CLOSING_STEP_NS = 1000000,
    PARTICIPANTS_MAX = 3,
    PROGRESS_EVERY = 1 << 14,
};

/* One session's own share of the messages. */
struct session {
    struct tc_day *day;
    uint64_t end; /* day->made at its end */
    struct tc_error *error;
};

static void pass_tenths(struct tc_day *day, uint64_t tenths)
{
    day->time_ns += tenths * (SECOND_NS / 10);
}

/* Hands a message to the publisher, while there is one to be made. */
static enum tc_status emit(struct session *session, const uint8_t *message, size_t bytes)
{
    struct tc_day *day = session->day;

    if (day->made == session->end)
        return TC_END;
    if (day->time_ns >= DAY_NS)
        return tc_fail(session->error, TC_USAGE,
                       "after %lu messages it is midnight in New York: give an earlier --start or "
                       "fewer --messages",
                       day->made);
    if (++day->made % PROGRESS_EVERY == 0 && day->progress != NULL)
        day->progress(day->context, day->made);
    return tc_publisher_message(day->publisher, message, bytes, day->time_ns, session->error);
}

static enum tc_status emit_event(struct session *session, char event)
{
    struct tc_itch_head head = {.time_ns = session->day->time_ns};
    uint8_t message[TC_ITCH_BYTES_MAX];

    return emit(session, message, tc_itch_system_event(message, head, event));
}

static struct tc_itch_head directory_head(struct tc_day *day, uint32_t index)
{
    day->time_ns += tc_random_quantile(&day->market->random, &tc_directory_gap_ns);
    return (struct tc_itch_head){.symbol = day->listing->symbols + index, .time_ns = day->time_ns};
}

/* One kind of start-of-day message for every symbol. */
static enum tc_status emit_for_all(struct session *session,
                                   size_t (*write)(uint8_t *out, struct tc_itch_head head))
{
    uint8_t message[TC_ITCH_BYTES_MAX];
    enum tc_status status = TC_OK;

    for (uint32_t i = 0; status == TC_OK && i < session->day->listing->count; i++)
        status = emit(session, message, write(message, directory_head(session->day, i)));
    return status;
}

/* Market makers register for the symbols that Nasdaq lists. */
static enum tc_status emit_participants(struct session *session)
{
    const struct tc_listing *listing = session->day->listing;
    struct tc_random *random = &session->day->market->random;
    uint8_t message[TC_ITCH_BYTES_MAX];
    enum tc_status status = TC_OK;

    for (uint32_t i = 0; i < listing->count; i++) {
        char market = listing->symbols[i].market;
        uint32_t makers = 1 + tc_random_below(random, PARTICIPANTS_MAX);

        if (market != 'Q' && market != 'G' && market != 'S')
            continue;
        for (uint32_t k = 0; status == TC_OK && k < makers; k++)
            status = emit(session, message,
                          tc_itch_participant(message, directory_head(session->day, i), i + k));
    }
    return status;
}

static enum tc_status emit_directory(struct session *session)
{
    struct tc_itch_head head = {.time_ns = session->day->time_ns};
    uint8_t message[TC_ITCH_BYTES_MAX];
    enum tc_status status = emit(session, message,
                                 tc_itch_decline_levels(message, head, INDEX_LEVEL));

    if (status == TC_OK)
        status = emit_for_all(session, tc_itch_directory);
    if (status == TC_OK)
        status = emit_for_all(session, tc_itch_trading_action);
    if (status == TC_OK)
        status = emit_for_all(session, tc_itch_short_sale);
    if (status == TC_OK)
        status = emit_participants(session);
    return status;
}

/* Start of messages, of system hours, of market hours. */
static enum tc_status open_session(struct session *session)
{
    enum tc_status status;

    pass_tenths(session->day, OPENING_TENTHS);
    status = emit_event(session, 'O');
    if (status == TC_OK && session->day->directory)
        status = emit_directory(session);
    if (status == TC_OK)
        status = emit_event(session, 'S');
    pass_tenths(session->day, LULL_TENTHS);
    return status == TC_OK ? emit_event(session, 'Q') : status;
}

static enum tc_status trade_until(struct session *session, uint64_t made)
{
    struct tc_day *day = session->day;
    uint8_t message[TC_ITCH_BYTES_MAX];
    enum tc_status status = TC_OK;

    while (status == TC_OK && day->made < made) {
        day->time_ns += tc_market_gap_ns(day->market);
        status = emit(session, message, tc_market_next(day->market, day->time_ns, message));
    }
    return status;
}

/* End of market hours, of system hours, of messages. */
static enum tc_status close_session(struct session *session)
{
    static const char events[CLOSING_MESSAGES] = {'M', 'E', 'C'};
    enum tc_status status = TC_OK;

    pass_tenths(session->day, LULL_TENTHS);
    for (size_t i = 0; status == TC_OK && i < CLOSING_MESSAGES; i++) {
        session->day->time_ns += CLOSING_STEP_NS;
        status = emit_event(session, events[i]);
    }
    return status;
}

static enum tc_status run_session(struct tc_day *day, unsigned number, struct tc_error *error)
{
    uint64_t left = day->messages - day->made, share = left / (day->sessions - number);
    struct session session = {.day = day, .end = day->made + share, .error = error};
    char name[sizeof "2026112001"];
    enum tc_status status;

    snprintf(name, sizeof name, "%04u%02u%02u%02u", (unsigned)day->date.year % 10000,
             day->date.month % 100U, day->date.day % 100U, (number + 1) % 100);
    tc_market_open(day->market);
    status = tc_publisher_begin(day->publisher, name, day->time_ns, error);
    if (status == TC_OK)
        status = open_session(&session);
    if (status == TC_OK && share > CLOSING_MESSAGES)
        status = trade_until(&session, session.end - CLOSING_MESSAGES);
    day->publisher->closing = number + 1 < day->sessions;
    if (status == TC_OK)
        status = close_session(&session);
    if (status == TC_OK || status == TC_END)
        status = tc_publisher_end(day->publisher, &day->time_ns, error);
    return status;
}

enum tc_status tc_day_run(struct tc_day *day, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (unsigned i = 0; status == TC_OK && i < day->sessions; i++) {
        status = run_session(day, i, error);
        pass_tenths(day, BETWEEN_TENTHS);
    }
    return status;
}
