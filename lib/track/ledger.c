/* The rows of the counters, and sums over them. */
#include "track/ledger.h"

#define TC_COUNTER_ROW(name, unit, help) {#name, unit, help},

const struct tc_counter_row tc_ledger_rows[TC_LEDGER_ROWS] = {TC_LEDGER_TABLE(TC_COUNTER_ROW)};
const struct tc_counter_row tc_figure_rows[TC_FIGURE_ROWS] = {TC_FIGURE_TABLE(TC_COUNTER_ROW)};
const struct tc_counter_row tc_merged_rows[TC_MERGED_ROWS] = {TC_MERGED_TABLE(TC_COUNTER_ROW)};
const struct tc_counter_row tc_nic_rows[TC_NIC_ROWS] = {TC_NIC_TABLE(TC_COUNTER_ROW)};

uint64_t tc_ledger_dropped(const struct tc_ledger *ledger)
{
    return ledger->no_batch + ledger->ring_full + ledger->writer_failed + ledger->disk_full +
           ledger->shutdown;
}

bool tc_ledger_closes(const struct tc_ledger *ledger)
{
    return ledger->received == ledger->recorded + tc_ledger_dropped(ledger) + ledger->filtered;
}

static void add_rows(uint64_t *sum, const uint64_t *more, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        sum[i] += more[i];
}

void tc_ledger_add(struct tc_ledger *sum, const struct tc_ledger *more)
{
    add_rows((uint64_t *)sum, (const uint64_t *)more, TC_LEDGER_ROWS);
}

void tc_figures_add(struct tc_figures *sum, const struct tc_figures *more)
{
    add_rows((uint64_t *)sum, (const uint64_t *)more, TC_FIGURE_ROWS);
}

void tc_merged_add(struct tc_merged *sum, const struct tc_merged *more)
{
    add_rows((uint64_t *)sum, (const uint64_t *)more, TC_MERGED_ROWS);
}
