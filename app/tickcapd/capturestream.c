/* Batches in FIFO order: the one that has been free the longest has left every cache evenly. */
#include "tickcapd/capturestream.h"

#include <stdio.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#define MS_NS UINT64_C(1000000)

static struct rte_ring *make_ring(const struct tc_plan_stream *planned, const char *way,
                                  uint32_t writer, uint32_t batches, int node)
{
    char name[RTE_RING_NAMESIZE];

    snprintf(name, sizeof name, "tc_s%u_w%u_%s", planned->number, writer, way);
    return rte_ring_create(name, rte_align32pow2(batches + 1), node, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

struct tc_batch_limits tc_capture_stream_limits(const struct tc_config *config, uint32_t writers)
{
    return (struct tc_batch_limits){
        .writers = writers,
        .batch_messages = (uint32_t)config->batch_messages,
        .batch_age_ns = config->batch_age_ms * MS_NS,
        .block_messages = (uint32_t)config->block_messages,
        .block_bytes = (uint32_t)config->block_bytes,
        .block_age_ns = config->block_age_ms * MS_NS,
    };
}

enum tc_status tc_capture_stream_open(struct tc_capture_stream *stream,
                                      const struct tc_plan_stream *planned, int node,
                                      uint32_t writers, uint32_t batches, size_t batch_bytes,
                                      struct tc_error *error)
{
    uint8_t *memory;

    *stream = (struct tc_capture_stream){.plan = planned, .writer_count = writers};
    stream->memory = memory = rte_malloc_socket("tickcap batches", batches * batch_bytes, 64, node);
    if (memory == NULL)
        return tc_fail(error, TC_MEMORY, "stream %u: no memory for %u batches of %zu bytes",
                       planned->number, batches, batch_bytes);
    for (uint32_t i = 0; i < stream->writer_count; i++) {
        stream->to_writer[i] = make_ring(planned, "out", i, batches, node);
        stream->from_writer[i] = make_ring(planned, "in", i, batches, node);
        if (stream->to_writer[i] == NULL || stream->from_writer[i] == NULL)
            return tc_fail(error, TC_MEMORY, "stream %u: no memory for a ring: %s", planned->number,
                           rte_strerror(rte_errno));
    }
    for (uint32_t i = 0; i < batches; i++)
        rte_ring_sp_enqueue(stream->from_writer[i % stream->writer_count],
                            tc_batch_init(memory + i * batch_bytes, batch_bytes));
    return TC_OK;
}

void tc_capture_stream_close(struct tc_capture_stream *stream)
{
    for (uint32_t i = 0; i < stream->writer_count; i++) {
        rte_ring_free(stream->to_writer[i]);
        rte_ring_free(stream->from_writer[i]);
    }
    rte_free(stream->memory);
}

static struct tc_batch *take_batch(void *context)
{
    struct tc_capture_stream *stream = context;
    void *batch = NULL;

    for (uint32_t i = 0; i < stream->writer_count; i++) {
        uint32_t writer = (stream->next_free + i) % stream->writer_count;

        if (rte_ring_sc_dequeue(stream->from_writer[writer], &batch) == 0) {
            stream->next_free = writer + 1;
            return batch;
        }
    }
    return NULL;
}

static void give_batch(void *context, struct tc_batch *batch, uint32_t writer)
{
    struct tc_capture_stream *stream = context;

    /* a ring holds all batches there are, so it is never full */
    rte_ring_sp_enqueue(stream->to_writer[writer], batch);
}

struct tc_batch_supply tc_capture_stream_supply(struct tc_capture_stream *stream)
{
    return (struct tc_batch_supply){take_batch, give_batch, stream};
}
