/* Names of the clock's words, and the hand-over of corrections. */
#include "clock/clock.h"

#define TC_CLOCK_NAME(id, code, name, what) name,
const char *const tc_clock_source_names[TC_CLOCK_SOURCES] = {TC_CLOCK_SOURCE_TABLE(TC_CLOCK_NAME)};
const char *const tc_clock_unit_names[TC_CLOCK_UNITS] = {TC_CLOCK_UNIT_TABLE(TC_CLOCK_NAME)};
const char *const tc_clock_epoch_names[TC_CLOCK_EPOCHS] = {TC_CLOCK_EPOCH_TABLE(TC_CLOCK_NAME)};

void tc_time_exchange_init(struct tc_time_exchange *exchange, const struct tc_times *times)
{
    exchange->slots[0] = *times;
    exchange->slots[1] = *times;
    atomic_init(&exchange->published, 0);
    atomic_init(&exchange->taken, 0);
}

bool tc_time_publish(struct tc_time_exchange *exchange, const struct tc_times *times)
{
    uint32_t published = atomic_load_explicit(&exchange->published, memory_order_relaxed);

    if (atomic_load_explicit(&exchange->taken, memory_order_acquire) != published)
        return false;
    exchange->slots[(published + 1) % 2] = *times;
    atomic_store_explicit(&exchange->published, published + 1, memory_order_release);
    return true;
}

struct tc_clock tc_clock_of_stamps(enum tc_clock_source source, enum tc_clock_unit unit,
                                   enum tc_clock_epoch epoch, uint16_t ahead_s)
{
    return (struct tc_clock){
        .source = (uint8_t)source,
        .unit = (uint8_t)unit,
        .epoch = (uint8_t)epoch,
        .base_ns = 0 - ahead_s * UINT64_C(1000000000),
        .slope = (unit == TC_UNIT_US ? UINT64_C(1000) : 1) << TC_CLOCK_SHIFT,
        .error_ns = TC_ERROR_UNKNOWN,
        .host_error_ns = TC_ERROR_UNKNOWN,
        .ahead_s = ahead_s,
    };
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
    tc_scribe_uint(out, clock->error_ns, 8);
    tc_scribe_uint(out, clock->host_error_ns, 8);
    tc_scribe_uint(out, (uint64_t)clock->residual_ns, 8);
    tc_scribe_uint(out, clock->compared_ns, 8);
    tc_scribe_uint(out, clock->ahead_s, 2);
    tc_scribe_uint(out, clock->spare_bits, 1);
    tc_scribe_uint(out, 0, 5);
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
    clock->error_ns = tc_cursor_u64(in);
    clock->host_error_ns = tc_cursor_u64(in);
    clock->residual_ns = (int64_t)tc_cursor_u64(in);
    clock->compared_ns = tc_cursor_u64(in);
    clock->ahead_s = tc_cursor_u16(in);
    clock->spare_bits = tc_cursor_u8(in);
    tc_cursor_zero(in, 5);
    if (in_sync > 1 || clock->source >= TC_CLOCK_SOURCES || clock->unit >= TC_CLOCK_UNITS ||
        clock->epoch >= TC_CLOCK_EPOCHS || clock->spare_bits > 48)
        in->failed = true;
}
