/* Making, opening and adding events to a batch; frames are added by the intake, in place. */
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
    uint32_t bytes = (uint32_t)tc_align_up(sizeof(struct tc_event_record) + payload_bytes,
                                           TC_RECORD_ALIGN);
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
