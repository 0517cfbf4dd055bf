/* MoldUDP64 1.00: section 2, "Downstream Packet", heartbeats and end of session. */
#include "tickcap/gen/publisher.h"

#include <string.h>

#include "base/bytes.h"

enum { END_REPEATS = 3 };

static enum tc_status leave(struct tc_publisher *publisher, uint64_t time_ns, uint16_t count,
                            struct tc_error *error)
{
    struct tc_publication publication = {
        .payload = publisher->payload,
        .bytes = publisher->bytes,
        .time_ns = time_ns,
        .end = count == TC_MOLD_END_COUNT,
        .closing = publisher->closing && publisher->count > 0,
    };

    tc_store_be64(publisher->payload + 10, publisher->next_sequence);
    tc_store_be16(publisher->payload + 18, count);
    publisher->next_sequence += publisher->count;
    publisher->count = 0;
    publisher->bytes = TC_MOLD_HEADER_BYTES;
    publisher->sent_ns = time_ns;
    return publisher->publish(publisher->context, &publication, error);
}

/* What leaves on its own before `until_ns`. */
static enum tc_status catch_up(struct tc_publisher *publisher, uint64_t until_ns,
                               struct tc_error *error)
{
    enum tc_status status = TC_OK;

    if (publisher->count > 0 && publisher->opened_ns + TC_PUBLISHER_HOLD_NS < until_ns)
        status = leave(publisher, publisher->opened_ns + TC_PUBLISHER_HOLD_NS, publisher->count,
                       error);
    while (status == TC_OK && publisher->sent_ns + TC_PUBLISHER_HEARTBEAT_NS < until_ns &&
           publisher->count == 0)
        status = leave(publisher, publisher->sent_ns + TC_PUBLISHER_HEARTBEAT_NS, 0, error);
    return status;
}

enum tc_status tc_publisher_begin(struct tc_publisher *publisher, const char *session,
                                  uint64_t time_ns, struct tc_error *error)
{
    memcpy(publisher->payload, session, TC_MOLD_SESSION_BYTES);
    publisher->next_sequence = 1;
    publisher->bytes = TC_MOLD_HEADER_BYTES;
    publisher->count = 0;
    publisher->closing = false;
    return leave(publisher, time_ns, 0, error);
}

enum tc_status tc_publisher_message(struct tc_publisher *publisher, const uint8_t *message,
                                    size_t bytes, uint64_t time_ns, struct tc_error *error)
{
    enum tc_status status = catch_up(publisher, time_ns, error);

    if (status == TC_OK && publisher->bytes + 2 + bytes > TC_MOLD_PAYLOAD_BYTES_MAX)
        status = leave(publisher, time_ns, publisher->count, error);
    if (status != TC_OK)
        return status;
    if (publisher->count++ == 0)
        publisher->opened_ns = time_ns;
    tc_store_be16(publisher->payload + publisher->bytes, (uint16_t)bytes);
    memcpy(publisher->payload + publisher->bytes + 2, message, bytes);
    publisher->bytes += 2 + bytes;
    return TC_OK;
}

enum tc_status tc_publisher_end(struct tc_publisher *publisher, uint64_t *time_ns,
                                struct tc_error *error)
{
    enum tc_status status = catch_up(publisher, publisher->sent_ns + TC_PUBLISHER_HEARTBEAT_NS,
                                     error);

    for (unsigned i = 0; status == TC_OK && i < END_REPEATS; i++)
        status = leave(publisher, publisher->sent_ns + TC_PUBLISHER_HEARTBEAT_NS, TC_MOLD_END_COUNT,
                       error);
    *time_ns = publisher->sent_ns;
    return status;
}
