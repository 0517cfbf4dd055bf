/* Making and opening batches, adding events; frames are added by the intake, in place. */
#include "block/batch.h"

#include <assert.h>

struct tc_batch *tc_batch_init(void *memory, size_t bytes)
{
    struct tc_batch *batch = memory;

    assert(bytes >= TC_BATCH_BYTES_MIN && (uintptr_t)memory % alignof(struct tc_batch) == 0);
    *batch = (struct tc_batch){.capacity = (uint32_t)(bytes - sizeof *batch)};
    return batch;
}

void tc_batch_open(struct tc_batch *batch, uint32_t stream, uint64_t block)
{
    batch->used = 0;
    batch->frames = 0;
    batch->messages = 0;
    batch->flags = 0;
    batch->stream = stream;
    batch->block = block;
}

bool tc_batch_event(struct tc_batch *batch, enum tc_event_kind event, uint16_t about,
                    uint64_t time_ns, const void *payload, uint32_t payload_bytes)
{
    uint32_t bytes = tc_event_record_bytes(payload_bytes);
    struct tc_event_record *record = (struct tc_event_record *)(batch->log + batch->used);

    if (bytes > tc_batch_room(batch))
        return false;
    *record = (struct tc_event_record){
        .bytes = bytes,
        .kind = TC_RECORD_EVENT,
        .event = (uint8_t)event,
        .about = about,
        .time_ns = time_ns,
        .payload_bytes = payload_bytes,
    };
    memcpy(record + 1, payload, payload_bytes);
    batch->used += bytes;
    return true;
}

uint16_t tc_frame_flags_of(const struct tc_packet *packet, const struct tc_verdict *verdict)
{
    static const struct {
        uint8_t event;
        uint16_t flag;
    } flags_of_events[] = {
        {TC_VERDICT_GAP, TC_FRAME_GAP_BEFORE},
        {TC_VERDICT_STALE, TC_FRAME_STALE},
        {TC_VERDICT_NEW_SESSION, TC_FRAME_NEW_SESSION},
    };
    static const uint16_t flags_of_kinds[] = {
        [TC_PACKET_DATA] = 0,
        [TC_PACKET_HEARTBEAT] = TC_FRAME_HEARTBEAT,
        [TC_PACKET_END] = TC_FRAME_END_OF_SESSION,
    };
    uint16_t flags = flags_of_kinds[packet->kind];

    for (size_t i = 0; i < sizeof flags_of_events / sizeof flags_of_events[0]; i++)
        if ((verdict->events & flags_of_events[i].event) != 0)
            flags |= flags_of_events[i].flag;
    return verdict->old > 0 ? (uint16_t)(flags | TC_FRAME_OLD_MESSAGES) : flags;
}
