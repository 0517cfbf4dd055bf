/* The summary: one block for all, one line for each line of a channel. */
#include "common/runsummary.h"

#include <string.h>

double tc_loss_share(uint64_t missing, uint64_t received)
{
    return missing > 0 ? (double)missing / ((double)missing + (double)received) : 0.0;
}

double tc_loss_rate(const struct tc_figures *figures)
{
    return tc_loss_share(figures->missing, figures->messages - figures->duplicates);
}

/* A number of bytes with three digits and a unit. */
static const char *bytes_text(char text[32], double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;

    while (bytes >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        unit++;
    }
    snprintf(text, 32, bytes < 10 && unit > 0 ? "%.2f %s" : "%.0f %s", bytes, units[unit]);
    return text;
}

static void print_drops(FILE *out, const struct tc_ledger *ledger)
{
    static const char *const causes[TC_DROP_CAUSES] = {"no free batch", "ring full",
                                                       "writer failed", "disk full", "shutdown"};
    struct tc_ledger copy = *ledger;

    fprintf(out, "  dropped    %lu frames with %lu messages", tc_ledger_dropped(ledger),
            ledger->messages_dropped);
    for (int cause = 0; cause < TC_DROP_CAUSES; cause++)
        if (*tc_ledger_drop(&copy, cause) > 0)
            fprintf(out, ", %s: %lu", causes[cause], *tc_ledger_drop(&copy, cause));
    fprintf(out, "\n");
}

/* What the channel's share of the stored bytes comes to in an hour. */
static double bytes_an_hour(const struct tc_run_summary *summary, uint64_t wire_bytes)
{
    double seconds = summary->feed_seconds > 0 ? summary->feed_seconds : summary->seconds;
    double share = summary->ledger.wire_bytes > 0
                       ? (double)wire_bytes / (double)summary->ledger.wire_bytes
                       : 0;

    return seconds > 0 ? (double)summary->bytes_stored * share * 3600 / seconds : 0;
}

static void print_channel(FILE *out, const struct tc_run_summary *summary,
                          const struct tc_channel *channel)
{
    const struct tc_catalog *catalog = &summary->capture->catalog;
    uint64_t wire_bytes = 0;
    char hour[32];

    for (uint16_t i = 0; i < channel->line_count; i++)
        wire_bytes += summary->figures[channel->first_line + i].wire_bytes;
    fprintf(out, "  %s, %s: %s an hour\n", channel->name, channel->feed->name,
            bytes_text(hour, bytes_an_hour(summary, wire_bytes)));
    for (uint16_t i = 0; i < channel->line_count; i++) {
        const struct tc_figures *figures = &summary->figures[channel->first_line + i];

        fprintf(out,
                "    line %-4s %lu messages in %lu packets, %lu in order, %lu late, %lu duplicate; "
                "%lu gaps, %lu missing, loss rate %.3g",
                catalog->lines[channel->first_line + i].name, figures->messages, figures->packets,
                figures->in_order, figures->late, figures->duplicates, figures->gap_events,
                figures->missing, tc_loss_rate(figures));
        if (figures->malformed > 0)
            fprintf(out, "; %lu malformed", figures->malformed);
        fprintf(out, "\n");
    }
    if (channel->line_count > 1) {
        const struct tc_merged *merged = &summary->merged[channel - catalog->channels];

        fprintf(out,
                "    merged    %lu messages, %lu missing on every line, %lu that one line lacked "
                "came on another\n",
                merged->messages, merged->missing, merged->recovered);
    }
}

void tc_run_summary_print(FILE *out, const struct tc_run_summary *summary)
{
    const struct tc_ledger *ledger = &summary->ledger;
    const struct tc_catalog *catalog = &summary->capture->catalog;
    char wire[32], stored[32];

    fprintf(out, "recorded %lu frames with %lu messages in %.1f s, CPU %.1f s (%.0f %%)\n",
            ledger->recorded, ledger->messages, summary->seconds, summary->cpu_seconds,
            summary->seconds > 0 ? 100 * summary->cpu_seconds / summary->seconds : 0);
    fprintf(out, "  received   %lu frames, %lu unmatched, %lu malformed\n", ledger->received,
            ledger->unmatched, ledger->malformed);
    print_drops(out, ledger);
    fprintf(out, "  stored     %s of %s in %lu segments in %s, ratio %.2f\n",
            bytes_text(stored, (double)summary->bytes_stored),
            bytes_text(wire, (double)ledger->wire_bytes), summary->segments, summary->where,
            summary->bytes_stored > 0 ? (double)ledger->wire_bytes / (double)summary->bytes_stored
                                      : 0);
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        print_channel(out, summary, &catalog->channels[i]);
}
