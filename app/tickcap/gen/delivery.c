/*
 * Lines. Nothing sent later can arrive before the time of sending plus the shortest latency, so
 * the order of what lands before that is final.
 *
 * Every packet makes the same draws whatever becomes of it: a line with more loss loses more, and
 * all else about it stays as it was.
 */
#include "tickcap/gen/delivery.h"

enum {
    BASE_NS = 163500,     /* the shortest time seen on a real line */
    BASE_STEP_NS = 11800, /* the second line takes a longer way */
    STALL_ONCE_IN = 4000, /* packets find a queue that stands still */
    STALL_NS = 400000,
    AFTER_NS = 20000,    /* a copy comes so much later, a late packet after what passed it */
    LATE_PASSED = 12,    /* packets that pass a late one, at most */
    CLOSING_PASSED = 6,  /* and at least, where it is to come in the next session */
    WIRE_GAP_BYTES = 24, /* preamble, FCS and gap: IEEE 802.3 clauses 3.1 and 4.4 */
    WIRE_GBIT = 10,
};

/* Latency above the shortest. */
static const struct tc_quantiles jitter_ns = {{0,   25,  40,  55,  70,   85,   100,  115,  130,
                                               150, 170, 195, 220, 250,  285,  325,  370,  430,
                                               500, 590, 710, 890, 1200, 1700, 3200, 40000}};

/* What becomes of a packet on a line. */
struct fate {
    bool lost;
    bool twice;
    unsigned passing;  /* packets that pass it; 0 where it comes in order */
    uint32_t after_ns; /* the copy after it, or it after what passed it */
};

static struct fate draw_fate(const struct tc_delivery *delivery, struct tc_delivery_line *line,
                             const struct tc_publication *publication, bool lost_on_both)
{
    struct tc_random *random = &line->fate;
    bool sheltered = line->sent == 0 || publication->end;
    bool lost = tc_loss_hits(&line->loss) || lost_on_both;
    bool twice = tc_random_hits(random, delivery->duplicates);
    bool late = tc_random_hits(random, delivery->late);
    bool straggles = tc_random_once_in(random, 2) && publication->closing;
    uint32_t after_ns = 1 + tc_random_below(random, AFTER_NS);
    unsigned passing = 1 + tc_random_below(random, LATE_PASSED);

    if (delivery->late.threshold > 0 && straggles)
        passing = CLOSING_PASSED + passing / 2;
    else if (!late)
        passing = 0;
    return (struct fate){.lost = lost && !sheltered,
                         .twice = twice,
                         .passing = sheltered ? 0 : passing,
                         .after_ns = after_ns};
}

/* When a packet that leaves at `sent_ns` arrives in order; packets of a line queue. */
static uint64_t arrival_time(struct tc_delivery_line *line, uint64_t sent_ns, size_t bytes)
{
    uint64_t rx_ns = sent_ns + line->base_ns + tc_random_quantile(&line->latency, &jitter_ns);
    bool stalled = tc_random_once_in(&line->latency, STALL_ONCE_IN);
    uint32_t stall_ns = tc_random_below(&line->latency, STALL_NS);

    if (stalled)
        rx_ns += stall_ns;
    if (rx_ns < line->free_ns)
        rx_ns = line->free_ns;
    line->free_ns = rx_ns + (bytes + WIRE_GAP_BYTES) * 8 / WIRE_GBIT;
    return rx_ns;
}

/*
 * A packet has arrived in order: lets those fly that enough others have passed. The end of a
 * session takes along whatever is left of the one before it, so that a late packet is never more
 * than one session late.
 */
static enum tc_status release_held(struct tc_delivery *delivery, struct tc_delivery_line *line,
                                   uint64_t rx_ns, bool end)
{
    enum tc_status status = TC_OK;
    unsigned kept = 0;

    for (unsigned i = 0; i < line->held_count; i++) {
        struct tc_held held = line->held[i];

        if (--held.passing > 0 && !(end && held.session < delivery->session)) {
            line->held[kept++] = held;
            continue;
        }
        if (status == TC_OK)
            status = tc_flights_start(&delivery->flights, held.parcel, rx_ns + held.after_ns);
        else
            tc_flights_drop(&delivery->flights, held.parcel);
    }
    line->held_count = kept;
    return status;
}

/* Lets a packet fly that is neither lost nor late, and its copy if it has one. */
static enum tc_status start(struct tc_delivery *delivery, struct tc_parcel *parcel, uint64_t rx_ns,
                            const struct fate *fate)
{
    struct tc_flights *flights = &delivery->flights;
    struct tc_parcel *copy = NULL;
    enum tc_status status;

    if (fate->twice) {
        copy = tc_flights_parcel(flights);
        if (copy == NULL) {
            tc_flights_drop(flights, parcel);
            return TC_MEMORY;
        }
        *copy = *parcel;
    }
    status = tc_flights_start(flights, parcel, rx_ns);
    if (copy != NULL && status == TC_OK)
        status = tc_flights_start(flights, copy, rx_ns + fate->after_ns);
    else if (copy != NULL)
        tc_flights_drop(flights, copy);
    return status;
}

static enum tc_status send_on(struct tc_delivery *delivery, struct tc_delivery_line *line,
                              const struct tc_publication *publication, bool lost_on_both)
{
    struct fate fate = draw_fate(delivery, line, publication, lost_on_both);
    struct tc_parcel *parcel = tc_flights_parcel(&delivery->flights);
    enum tc_status status;
    uint64_t rx_ns;

    if (parcel == NULL)
        return TC_MEMORY;
    line->sent++;
    parcel->line = (unsigned)(line - delivery->lines);
    parcel->bytes = (uint16_t)tc_wire_frame(&line->wire, publication->payload, publication->bytes,
                                            parcel->frame);
    rx_ns = arrival_time(line, delivery->midnight_ns + publication->time_ns, parcel->bytes);
    if (fate.lost) {
        tc_flights_drop(&delivery->flights, parcel);
        return TC_OK;
    }
    if (fate.passing > 0 && line->held_count < TC_HELD_MAX) {
        line->held[line->held_count++] = (struct tc_held){parcel, delivery->session, fate.passing,
                                                          fate.after_ns};
        return TC_OK;
    }
    status = start(delivery, parcel, rx_ns, &fate);
    return status == TC_OK ? release_held(delivery, line, rx_ns, publication->end) : status;
}

/* Hands on what arrives up to `until_ns`. */
static enum tc_status land_until(struct tc_delivery *delivery, uint64_t until_ns,
                                 struct tc_error *error)
{
    enum tc_status status = TC_OK;
    struct tc_parcel *parcel;
    uint64_t rx_ns;

    while (status == TC_OK &&
           (parcel = tc_flights_land(&delivery->flights, until_ns, &rx_ns)) != NULL) {
        const struct tc_wire *wire = &delivery->lines[parcel->line].wire;
        struct tc_arrival arrival = {.rx_ns = rx_ns,
                                     .line = parcel->line,
                                     .frame = parcel->frame,
                                     .bytes = parcel->bytes,
                                     .payload_offset = wire->header_bytes};

        status = delivery->take(delivery->context, &arrival, error);
        tc_flights_drop(&delivery->flights, parcel);
    }
    return status;
}

enum tc_status tc_delivery_send(void *context, const struct tc_publication *publication,
                                struct tc_error *error)
{
    struct tc_delivery *delivery = context;
    bool lost_on_both = tc_loss_hits(&delivery->loss_both);
    enum tc_status status = TC_OK;

    if (delivery->session_ended && !publication->end)
        delivery->session++;
    delivery->session_ended = publication->end;
    for (unsigned i = 0; status == TC_OK && i < delivery->line_count; i++)
        status = send_on(delivery, delivery->lines + i, publication, lost_on_both);
    if (status != TC_OK)
        return tc_fail(error, status, "no memory for the packets on their way");
    return land_until(delivery, delivery->midnight_ns + publication->time_ns + BASE_NS, error);
}

enum tc_status tc_delivery_finish(struct tc_delivery *delivery, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    delivery->session++; /* so all that is held is of an older one */
    for (unsigned i = 0; status == TC_OK && i < delivery->line_count; i++)
        status = release_held(delivery, delivery->lines + i, delivery->lines[i].free_ns, true);
    if (status != TC_OK)
        return tc_fail(error, status, "no memory for the packets on their way");
    return land_until(delivery, UINT64_MAX, error);
}

void tc_delivery_init(struct tc_delivery *delivery, const struct tc_delivery_plan *plan,
                      tc_take_arrival *take, void *context)
{
    const struct tc_trouble *trouble = &plan->trouble;

    *delivery = (struct tc_delivery){
        .take = take,
        .context = context,
        .midnight_ns = plan->midnight_ns,
        .loss_both = tc_loss_of(trouble->loss_both, tc_random_of(plan->seed, TC_RANDOM_LOSS_BOTH)),
        .duplicates = tc_chance_of(trouble->duplicates),
        .late = tc_chance_of(trouble->late),
        .line_count = plan->line_count,
    };
    for (unsigned i = 0; i < plan->line_count; i++) {
        struct tc_delivery_line *line = delivery->lines + i;
        unsigned stream = TC_RANDOM_LINES + i * TC_RANDOM_LINE_STREAMS;
        uint16_t ip_id;

        line->base_ns = BASE_NS + (uint64_t)i * BASE_STEP_NS;
        line->latency = tc_random_of(plan->seed, stream);
        line->fate = tc_random_of(plan->seed, stream + 1);
        line->loss = tc_loss_of(trouble->loss[i], tc_random_of(plan->seed, stream + 2));
        ip_id = (uint16_t)tc_random_below(&line->latency, 1 << 16);
        tc_wire_init(&line->wire, plan->address[i], ip_id, plan->checksum);
    }
}

void tc_delivery_free(struct tc_delivery *delivery)
{
    for (unsigned i = 0; i < delivery->line_count; i++)
        for (unsigned k = 0; k < delivery->lines[i].held_count; k++)
            tc_flights_drop(&delivery->flights, delivery->lines[i].held[k].parcel);
    tc_flights_free(&delivery->flights);
    *delivery = (struct tc_delivery){0};
}
