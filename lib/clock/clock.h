/*
 * Where a port's receive times come from, and how a counter becomes UTC.
 *
 * A clock object says for one port: the source, its unit and epoch, the line that converts it, and
 * how far it can be trusted. Every block records the one in force, so that a time in a capture is
 * never better than it claims. The conversion is one multiplication and one addition; corrections
 * come from another thread through two slots, of which the reader takes the latest complete one.
 */
#ifndef TC_CLOCK_CLOCK_H
#define TC_CLOCK_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* The ids stand in recorded files and are permanent. */
#define TC_CLOCK_SOURCE_TABLE(X)                                                       \
    X(0, TC_CLOCK_TSC, "tsc", "the processor's counter, read when a burst was polled") \
    X(1, TC_CLOCK_FILE, "file", "the time in the source file")                         \
    X(2, TC_CLOCK_NIC, "nic", "the network card's own stamp")                          \
    X(3, TC_CLOCK_KERNEL, "kernel", "the kernel's stamp of the frame")

#define TC_CLOCK_UNIT_TABLE(X)             \
    X(0, TC_UNIT_NS, "ns", "nanoseconds")  \
    X(1, TC_UNIT_US, "us", "microseconds") \
    X(2, TC_UNIT_TICKS, "ticks", "ticks of a counter")

#define TC_CLOCK_EPOCH_TABLE(X)                  \
    X(0, TC_EPOCH_UTC, "utc", "since 1970, UTC") \
    X(1, TC_EPOCH_TAI, "tai", "since 1970, TAI") \
    X(2, TC_EPOCH_START, "start", "since the device or the machine started")

#define TC_CLOCK_CODE(id, code, name, what) code = id,
enum tc_clock_source { TC_CLOCK_SOURCE_TABLE(TC_CLOCK_CODE) TC_CLOCK_SOURCES };
enum tc_clock_unit { TC_CLOCK_UNIT_TABLE(TC_CLOCK_CODE) TC_CLOCK_UNITS };
enum tc_clock_epoch { TC_CLOCK_EPOCH_TABLE(TC_CLOCK_CODE) TC_CLOCK_EPOCHS };
#undef TC_CLOCK_CODE

/* Which clock was set. The ids stand in recorded files. */
enum tc_stepped_clock {
    TC_STEPPED_SYSTEM = 0, /* this host's */
    TC_STEPPED_PORT = 1,   /* the one that stamps the port's frames */
};

extern const char *const tc_clock_source_names[TC_CLOCK_SOURCES];
extern const char *const tc_clock_unit_names[TC_CLOCK_UNITS];
extern const char *const tc_clock_epoch_names[TC_CLOCK_EPOCHS];

enum { TC_CLOCK_SHIFT = 48 }; /* a day of ticks is converted to better than a nanosecond */

#define TC_ERROR_UNKNOWN UINT64_MAX

/* What a block keeps about its receive times. */
struct tc_clock {
    uint8_t source; /* enum tc_clock_source */
    uint8_t unit;   /* enum tc_clock_unit */
    uint8_t epoch;  /* enum tc_clock_epoch */
    bool in_sync;   /* the conversion has settled */
    uint32_t corrections;
    uint64_t base_ticks; /* the line goes through (base_ticks, base_ns) */
    uint64_t base_ns;
    uint64_t slope;         /* nanoseconds a tick, in 2^-48 */
    uint64_t error_ns;      /* bound of the distance from the system clock; TC_ERROR_UNKNOWN */
    uint64_t host_error_ns; /* ... of the system clock from UTC, as it says; TC_ERROR_UNKNOWN */
    int64_t residual_ns;    /* system clock less this one, when they were compared last */
    uint64_t compared_ns;   /* when that was, UTC; 0: never */
    uint16_t ahead_s;       /* seconds that the source's epoch is ahead of UTC: 37 of TAI */
    uint8_t spare_bits;     /* that the counter lacks of 64: it wraps where they begin */
};

/* A clock of stamps that need no conversion but by unit and epoch. */
struct tc_clock tc_clock_of_stamps(enum tc_clock_source source, enum tc_clock_unit unit,
                                   enum tc_clock_epoch epoch, uint16_t ahead_s);

/* The layout in recorded files, TC_CLOCK_BYTES (docs/FORMAT.md, "Clock"). */
void tc_clock_write(struct tc_scribe *out, const struct tc_clock *clock);

/* Fails the cursor when a source, unit or epoch is unknown. */
void tc_clock_read(struct tc_cursor *in, struct tc_clock *clock);

/* Ticks at or a little before `base_ticks` are converted too. */
static inline uint64_t tc_clock_ns(const struct tc_clock *clock, uint64_t ticks)
{
    int64_t since = (int64_t)((ticks - clock->base_ticks) << clock->spare_bits) >>
                    clock->spare_bits;
    __extension__ typedef __int128 wide;

    return clock->base_ns +
           (uint64_t)(int64_t)(((wide)since * (wide)clock->slope) >> TC_CLOCK_SHIFT);
}

/* The clocks by which a receiver works, and how often they were set so far. */
struct tc_times {
    struct tc_clock tsc;    /* of the processor's counter: when a burst is handled */
    struct tc_clock stamps; /* of the port's stamps, where it has such */
    uint32_t steps;
    uint32_t stepped; /* enum tc_stepped_clock: which was set last */
    int64_t step_ns;  /* by how much */
};

/*
 * One writer corrects, one reader converts. The writer may only publish once the reader has taken
 * up the times before, so that the slot it fills is never the one being read.
 */
struct tc_time_exchange {
    struct tc_times slots[2];
    _Atomic uint32_t published; /* corrections published; slot = published % 2 */
    _Atomic uint32_t taken;     /* the last one the reader took up */
};

void tc_time_exchange_init(struct tc_time_exchange *exchange, const struct tc_times *times);

/* Writer: false while the reader has not taken up the correction before. */
bool tc_time_publish(struct tc_time_exchange *exchange, const struct tc_times *times);

/* Reader: the times in force. Call once a burst; the answer holds until the next call. */
static inline const struct tc_times *tc_time_take(struct tc_time_exchange *exchange)
{
    uint32_t published = atomic_load_explicit(&exchange->published, memory_order_acquire);

    if (published != atomic_load_explicit(&exchange->taken, memory_order_relaxed))
        atomic_store_explicit(&exchange->taken, published, memory_order_release);
    return &exchange->slots[published % 2];
}

#endif
