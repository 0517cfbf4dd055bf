/* Names of the clock's words, and the hand-over of corrections. */
#include "clock/clock.h"

#define TC_CLOCK_NAME(id, code, name, what) name,
const char *const tc_clock_source_names[TC_CLOCK_SOURCES] = {TC_CLOCK_SOURCE_TABLE(TC_CLOCK_NAME)};
const char *const tc_clock_unit_names[TC_CLOCK_UNITS] = {TC_CLOCK_UNIT_TABLE(TC_CLOCK_NAME)};
const char *const tc_clock_epoch_names[TC_CLOCK_EPOCHS] = {TC_CLOCK_EPOCH_TABLE(TC_CLOCK_NAME)};

void tc_clock_exchange_init(struct tc_clock_exchange *exchange, const struct tc_clock *clock)
{
    exchange->slots[0] = *clock;
    exchange->slots[1] = *clock;
    atomic_init(&exchange->published, 0);
    atomic_init(&exchange->taken, 0);
}

bool tc_clock_publish(struct tc_clock_exchange *exchange, const struct tc_clock *clock)
{
    uint32_t published = atomic_load_explicit(&exchange->published, memory_order_relaxed);

    if (atomic_load_explicit(&exchange->taken, memory_order_acquire) != published)
        return false;
    exchange->slots[(published + 1) % 2] = *clock;
    atomic_store_explicit(&exchange->published, published + 1, memory_order_release);
    return true;
}

void tc_clock_write(struct tc_scribe *out, const struct tc_clock *clock)
{
    tc_scribe_uint(out, clock->source, 1);
    tc_scribe_uint(out, clock->unit, 1);
    tc_scribe_uint(out, clock->epoch, 1);
    tc_scribe_uint(out, clock->in_sync, 1);
    tc_scribe_uint(out, clock->corrections, 4);
    tc_scribe_uint(out, clock->base_ticks, 8);
    tc_scribe_uint(out, clock->base_ns, 8);
    tc_scribe_uint(out, clock->slope, 8);
    tc_scribe_uint(out, clock->error_ns_max, 8);
    tc_scribe_uint(out, 0, 8);
}

void tc_clock_read(struct tc_cursor *in, struct tc_clock *clock)
{
    uint8_t in_sync;

    clock->source = tc_cursor_u8(in);
    clock->unit = tc_cursor_u8(in);
    clock->epoch = tc_cursor_u8(in);
    in_sync = tc_cursor_u8(in);
    clock->in_sync = in_sync != 0;
    clock->corrections = tc_cursor_u32(in);
    clock->base_ticks = tc_cursor_u64(in);
    clock->base_ns = tc_cursor_u64(in);
    clock->slope = tc_cursor_u64(in);
    clock->error_ns_max = tc_cursor_u64(in);
    tc_cursor_zero(in, 8);
    if (in_sync > 1 || clock->source >= TC_CLOCK_SOURCES || clock->unit >= TC_CLOCK_UNITS ||
        clock->epoch >= TC_CLOCK_EPOCHS)
        in->failed = true;
}
