/* Reports are copied into rings of elements, so that nobody has to free them. */
#include "tickcapd/reportmerge.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>

enum tc_status tc_report_merge_open(struct tc_report_merge *merge, size_t streams,
                                    struct tc_error *error)
{
    *merge = (struct tc_report_merge){.sources = calloc(streams, sizeof *merge->sources)};
    if (merge->sources == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for the reports of %zu streams", streams);
    for (size_t i = 0; i < streams; i++) {
        char name[RTE_RING_NAMESIZE];

        snprintf(name, sizeof name, "tc_s%u_reports", (unsigned)i);
        merge->sources[i].ring = rte_ring_create_elem(name, sizeof(struct tc_line_report),
                                                      TC_REPORTS, SOCKET_ID_ANY,
                                                      RING_F_SP_ENQ | RING_F_SC_DEQ);
        if (merge->sources[i].ring == NULL)
            return tc_fail(error, TC_MEMORY, "no memory for the reports of stream %zu: %s", i,
                           rte_strerror(rte_errno));
        merge->source_count++;
    }
    return TC_OK;
}

void tc_report_merge_close(struct tc_report_merge *merge)
{
    for (size_t i = 0; i < merge->source_count; i++)
        rte_ring_free(merge->sources[i].ring);
    free(merge->sources);
}

static unsigned waiting(const struct tc_report_source *source)
{
    return source->count + rte_ring_count(source->ring);
}

void tc_report_merge_begin(struct tc_report_merge *merge)
{
    for (size_t i = 0; i < merge->source_count; i++)
        merge->sources[i].aged = merge->patient ? 0 : merge->sources[i].left;
}

/* The first report that waits, or NULL. */
static const struct tc_line_report *head_of(struct tc_report_source *source)
{
    if (source->count == 0) {
        source->at = 0;
        source->count = rte_ring_sc_dequeue_burst_elem(
            source->ring, source->heads, sizeof source->heads[0], TC_REPORT_BURST, NULL);
    }
    return source->count > 0 ? &source->heads[source->at] : NULL;
}

const struct tc_line_report *tc_report_merge_next(struct tc_report_merge *merge)
{
    struct tc_report_source *first = NULL;
    bool all = true, urgent = false;

    for (size_t i = 0; i < merge->source_count; i++) {
        struct tc_report_source *source = &merge->sources[i];
        const struct tc_line_report *head = head_of(source);

        all &= head != NULL || source->ended;
        urgent |= source->aged > 0 || waiting(source) > TC_REPORTS / 2;
        if (head != NULL && (first == NULL || head->time_ns < first->heads[first->at].time_ns))
            first = source;
    }
    if (first == NULL || (!all && !urgent)) {
        for (size_t i = 0; i < merge->source_count; i++)
            merge->sources[i].left = waiting(&merge->sources[i]);
        return NULL;
    }
    first->count--;
    first->aged -= first->aged > 0;
    return &first->heads[first->at++];
}
