/* Tables of 80 columns. */
#include "tickcap/infotimes.h"

#include <stdio.h>

#include "tickcap/durationtext.h"

/* ---- clocks ---- */

static const char *error_text(char text[DURATION_BYTES], uint64_t error_ns)
{
    if (error_ns > INT64_MAX)
        return "unknown";
    return duration_text(text, (int64_t)error_ns);
}

static void print_clock(const struct tc_account_clock *noted)
{
    const struct tc_clock *clock = &noted->clock;
    char error[DURATION_BYTES], host[DURATION_BYTES], residual[DURATION_BYTES];
    double drift_ppb;

    printf("  time of %s: %s, %s, %s", noted->port != NULL ? noted->port->name : "?",
           tc_clock_source_names[clock->source], tc_clock_unit_names[clock->unit],
           tc_clock_epoch_names[clock->epoch]);
    if (clock->source == TC_CLOCK_FILE) {
        printf("\n");
        return; /* nobody here knows how good that is */
    }
    if (clock->ahead_s != 0)
        printf(", %u s ahead of UTC", clock->ahead_s);
    printf("; %sin sync, %u corrections\n", clock->in_sync ? "" : "not ", clock->corrections);
    printf("    worst error %s, and this host's %s", error_text(error, clock->error_ns),
           error_text(host, clock->host_error_ns));
    if (clock->compared_ns != 0)
        printf("; residual %s", duration_text(residual, clock->residual_ns));
    if (tc_account_drift(noted, &drift_ppb))
        printf("; drift %+.1f ppb", drift_ppb);
    printf("\n");
}

void info_print_clocks(const struct tc_account *account)
{
    for (size_t i = 0; i < account->clock_count; i++)
        print_clock(&account->clocks[i]);
}

/* ---- latencies ---- */

static void print_quantiles(const struct tc_histogram *histogram, const double *shares,
                            size_t count)
{
    char text[DURATION_BYTES];

    for (size_t i = 0; i < count; i++)
        printf(" %11s", histogram->total > 0
                            ? duration_text(text, tc_histogram_quantile(histogram, shares[i]))
                            : "-");
    printf("\n");
}

void info_print_latencies(const struct tc_account *account)
{
    static const double shares[] = {0.5, 0.99, 0.999, 1};
    bool begun = false;

    for (size_t i = 0; i < account->channel_count; i++)
        for (size_t j = 0; j < account->channels[i].line_count; j++) {
            const struct tc_account_line *line = &account->channels[i].lines[j];

            if (line->latency == NULL)
                continue;
            if (!begun)
                printf("  %-18s %11s %11s %11s %11s %11s\n", "latencies", "messages", "p50", "p99",
                       "p99.9", "max");
            begun = true;
            printf("    %s, line %s\n", account->channels[i].channel->name, line->line->name);
            for (size_t row = 0; row < TC_LATENCY_ROWS; row++) {
                const struct tc_histogram *histogram = tc_latency_get(line->latency, row);

                printf("      %-14s %11lu", tc_latency_rows[row].name, histogram->total);
                print_quantiles(histogram, shares, sizeof shares / sizeof shares[0]);
            }
        }
}

/* ---- which line came first ---- */

void info_print_leads(const struct tc_account *account)
{
    static const double shares[] = {0, 0.01, 0.5, 0.99, 1};
    bool begun = false;

    for (size_t i = 0; i < account->channel_count; i++) {
        const struct tc_account_channel *channel = &account->channels[i];
        char what[2 * TC_LINE_NAME_BYTES + 8] = "later listed";

        if (channel->lead == NULL || channel->lead->total == 0)
            continue;
        if (!begun)
            printf("  %-18s %11s %11s %11s %11s %11s\n", "lines apart", "min", "p1", "p50", "p99",
                   "max");
        begun = true;
        printf("    %s:", channel->channel->name);
        for (size_t j = 0; j < channel->line_count; j++)
            printf("%s %s first %lu times", j > 0 ? "," : "", channel->lines[j].line->name,
                   channel->lines[j].leads);
        if (channel->line_count == 2)
            snprintf(what, sizeof what, "%s less %s", channel->lines[1].line->name,
                     channel->lines[0].line->name);
        printf("\n      %-14s", what);
        print_quantiles(channel->lead, shares, sizeof shares / sizeof shares[0]);
    }
}
