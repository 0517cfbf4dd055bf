/* The heap: the children of slot i are slots 2i + 1 and 2i + 2, and none is sooner than i. */
#include "tickcap/gen/flights.h"

#include <stdlib.h>

enum { ROOM_AT_FIRST = 1024 };

struct tc_parcel *tc_flights_parcel(struct tc_flights *flights)
{
    struct tc_parcel *parcel = flights->spare;

    if (parcel == NULL)
        return malloc(sizeof *parcel);
    flights->spare = parcel->next;
    return parcel;
}

void tc_flights_drop(struct tc_flights *flights, struct tc_parcel *parcel)
{
    parcel->next = flights->spare;
    flights->spare = parcel;
}

static bool sooner(const struct tc_flight *a, const struct tc_flight *b)
{
    return a->rx_ns != b->rx_ns ? a->rx_ns < b->rx_ns : a->number < b->number;
}

static bool grow(struct tc_flights *flights)
{
    size_t room = flights->room > 0 ? 2 * flights->room : ROOM_AT_FIRST;
    struct tc_flight *heap = realloc(flights->heap, room * sizeof *heap);

    if (heap == NULL)
        return false;
    flights->heap = heap;
    flights->room = room;
    return true;
}

enum tc_status tc_flights_start(struct tc_flights *flights, struct tc_parcel *parcel,
                                uint64_t rx_ns)
{
    struct tc_flight flight = {rx_ns, flights->flown++, parcel};
    size_t at = flights->count;

    if (at == flights->room && !grow(flights)) {
        tc_flights_drop(flights, parcel);
        return TC_MEMORY;
    }
    flights->count++;
    for (; at > 0 && sooner(&flight, flights->heap + (at - 1) / 2); at = (at - 1) / 2)
        flights->heap[at] = flights->heap[(at - 1) / 2];
    flights->heap[at] = flight;
    return TC_OK;
}

/* Fills the empty first slot with the last flight, and lets it sink. */
static void sink_last(struct tc_flights *flights)
{
    struct tc_flight last = flights->heap[--flights->count];
    size_t at = 0, child;

    while ((child = 2 * at + 1) < flights->count) {
        if (child + 1 < flights->count && sooner(flights->heap + child + 1, flights->heap + child))
            child++;
        if (!sooner(flights->heap + child, &last))
            break;
        flights->heap[at] = flights->heap[child];
        at = child;
    }
    flights->heap[at] = last;
}

struct tc_parcel *tc_flights_land(struct tc_flights *flights, uint64_t until_ns, uint64_t *rx_ns)
{
    struct tc_flight first;

    if (flights->count == 0 || flights->heap[0].rx_ns > until_ns)
        return NULL;
    first = flights->heap[0];
    sink_last(flights);
    *rx_ns = first.rx_ns;
    return first.parcel;
}

void tc_flights_free(struct tc_flights *flights)
{
    while (flights->count > 0)
        tc_flights_drop(flights, flights->heap[--flights->count].parcel);
    while (flights->spare != NULL)
        free(tc_flights_parcel(flights));
    free(flights->heap);
    *flights = (struct tc_flights){0};
}
