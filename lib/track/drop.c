/* Collecting, and the layout (docs/FORMAT.md, "Dropped and filtered"). */
#include "track/drop.h"

enum { LOOK_BACK = 64 }; /* runs of other lines that may stand between two of one line */

void tc_drop_clear(struct tc_drop *drop)
{
    memset(drop, 0, offsetof(struct tc_drop, runs));
    drop->exact = true;
}

void tc_drop_frame(struct tc_drop *drop, uint8_t fate, uint64_t rx_ns, uint32_t wire_bytes)
{
    if (tc_drop_empty(drop))
        drop->first_ns = rx_ns;
    drop->last_ns = rx_ns;
    drop->wire_bytes += wire_bytes;
    if (fate == TC_DROP_FILTERED) {
        drop->filtered_frames++;
        if (drop->frames == 0)
            drop->cause = TC_DROP_FILTERED;
        return;
    }
    drop->frames++;
    drop->cause = fate;
}

/* The latest run of that line, looking back past the runs of others. */
static struct tc_drop_run *latest_run(struct tc_drop *drop, uint16_t line)
{
    uint32_t lowest = drop->run_count > LOOK_BACK ? drop->run_count - LOOK_BACK : 0;

    for (uint32_t i = drop->run_count; i > lowest; i--)
        if (drop->runs[i - 1].line == line)
            return &drop->runs[i - 1];
    return NULL;
}

static struct tc_drop_run *new_run(struct tc_drop *drop, uint8_t fate, uint16_t line)
{
    struct tc_drop_run *run;

    if (tc_drop_full(drop)) {
        drop->exact = false;
        return NULL;
    }
    run = &drop->runs[drop->run_count++];
    *run = (struct tc_drop_run){.line = line, .fate = fate};
    return run;
}

void tc_drop_packet(struct tc_drop *drop, uint8_t fate, uint16_t line,
                    const struct tc_packet *packet, uint8_t flags)
{
    struct tc_drop_run *run = latest_run(drop, line);
    bool stale = (flags & TC_DROP_STALE) != 0;

    if (fate == TC_DROP_FILTERED)
        drop->filtered_messages += packet->messages;
    else
        drop->messages += packet->messages;
    if (run != NULL && run->fate == fate && run->run.packets > 0 && (flags & TC_DROP_APART) == 0 &&
        tc_run_goes_on(&run->run, packet)) {
        tc_run_add(&run->run, packet, stale);
        return;
    }
    run = new_run(drop, fate, line);
    if (run != NULL)
        run->run = tc_run_of(packet, stale);
}

void tc_drop_unmatched(struct tc_drop *drop)
{
    drop->unmatched++;
}

void tc_drop_malformed(struct tc_drop *drop, uint16_t line)
{
    struct tc_drop_run *run = latest_run(drop, line);

    drop->malformed++;
    if (run == NULL)
        run = new_run(drop, (uint8_t)drop->cause, line);
    if (run != NULL)
        run->malformed++;
}

/* Totals of the runs of one kind. */
struct sums {
    uint64_t packets;
    uint64_t messages;
    uint64_t malformed;
};

static bool add_run(struct sums *sums, const struct tc_drop_run *entry)
{
    const struct tc_run *run = &entry->run;

    sums->packets += run->packets;
    sums->malformed += entry->malformed;
    return !__builtin_add_overflow(sums->messages, run->end - run->first, &sums->messages) &&
           run->heartbeats <= run->packets && run->stale <= run->heartbeats &&
           (run->packets > 0 || run->end == run->first);
}

bool tc_drop_closes(const struct tc_drop *drop)
{
    struct sums lost = {0}, left_out = {0};
    bool sound = true;

    for (uint32_t i = 0; i < drop->run_count; i++)
        sound &= add_run(drop->runs[i].fate == TC_DROP_FILTERED ? &left_out : &lost,
                         &drop->runs[i]);
    sound &= lost.packets <= drop->frames && left_out.packets <= drop->filtered_frames &&
             lost.messages <= drop->messages && left_out.messages <= drop->filtered_messages &&
             lost.malformed + left_out.malformed <= drop->malformed &&
             drop->malformed <= drop->frames && drop->unmatched <= drop->frames - drop->malformed;
    if (!sound || !drop->exact)
        return sound;
    return lost.messages == drop->messages && left_out.messages == drop->filtered_messages &&
           lost.malformed + left_out.malformed == drop->malformed &&
           lost.packets + drop->malformed + drop->unmatched == drop->frames;
}

/* Width, name: the head in order, then a run in order. */
#define TC_DROP_HEAD(X)     \
    X(4, cause)             \
    X(4, exact)             \
    X(8, frames)            \
    X(8, messages)          \
    X(8, unmatched)         \
    X(8, malformed)         \
    X(8, filtered_frames)   \
    X(8, filtered_messages) \
    X(8, wire_bytes)        \
    X(8, first_ns)          \
    X(8, last_ns)           \
    X(8, run_count)

#define TC_DROP_RUN(X)     \
    X(8, run.first)        \
    X(8, run.end)          \
    X(8, run.send_first)   \
    X(8, run.send_last)    \
    X(8, run.offset_first) \
    X(8, run.offset_last)  \
    X(4, run.packets)      \
    X(4, run.heartbeats)   \
    X(4, run.stale)        \
    X(4, run.ends)         \
    X(4, malformed)        \
    X(2, line)             \
    X(1, fate)

void tc_drop_write(struct tc_scribe *out, const struct tc_drop *drop)
{
#define TC_PUT(width, name) tc_scribe_uint(out, drop->name, width);
    TC_DROP_HEAD(TC_PUT)
#undef TC_PUT
    for (uint32_t i = 0; i < drop->run_count; i++) {
        const struct tc_drop_run *entry = &drop->runs[i];

        tc_scribe_bytes(out, &entry->run.session, sizeof entry->run.session);
#define TC_PUT(width, name) tc_scribe_uint(out, entry->name, width);
        TC_DROP_RUN(TC_PUT)
#undef TC_PUT
        tc_scribe_uint(out, 0, 1);
    }
}

static void read_run(struct tc_cursor *in, struct tc_drop_run *entry)
{
    const uint8_t *session = tc_cursor_take(in, sizeof entry->run.session);

    if (session != NULL)
        memcpy(&entry->run.session, session, sizeof entry->run.session);
#define TC_GET(width, name) entry->name = (__typeof__(entry->name))tc_cursor_uint(in, width);
    TC_DROP_RUN(TC_GET)
#undef TC_GET
    tc_cursor_zero(in, 1);
    in->failed |= entry->run.end < entry->run.first ||
                  (entry->fate >= TC_DROP_CAUSES && entry->fate != TC_DROP_FILTERED);
}

void tc_drop_read(struct tc_cursor *in, struct tc_drop *drop)
{
    uint32_t exact;
    uint64_t runs;

    tc_drop_clear(drop);
    drop->cause = tc_cursor_u32(in);
    exact = tc_cursor_u32(in);
    drop->exact = exact != 0;
    drop->frames = tc_cursor_u64(in);
    drop->messages = tc_cursor_u64(in);
    drop->unmatched = tc_cursor_u64(in);
    drop->malformed = tc_cursor_u64(in);
    drop->filtered_frames = tc_cursor_u64(in);
    drop->filtered_messages = tc_cursor_u64(in);
    drop->wire_bytes = tc_cursor_u64(in);
    drop->first_ns = tc_cursor_u64(in);
    drop->last_ns = tc_cursor_u64(in);
    runs = tc_cursor_u64(in);
    in->failed |= runs > TC_DROP_RUNS_MAX || exact > 1 ||
                  (drop->cause >= TC_DROP_CAUSES &&
                   (drop->cause != TC_DROP_FILTERED || drop->frames > 0));
    for (uint64_t i = 0; i < runs && !in->failed; i++)
        read_run(in, &drop->runs[drop->run_count++]);
}
