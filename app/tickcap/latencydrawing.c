/* Fine buckets go into the row in which their middle is. */
#include "tickcap/latencydrawing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tickcap/durationtext.h"

enum {
    DECADES = 11, /* 1 ns to 100 s; what is beyond is in the last row */
    STEPS_MAX = 10,
    EDGES_MAX = DECADES * STEPS_MAX + 1,
    ROWS_MAX = 2 * EDGES_MAX + 1,
    ROWS_FEW = 9, /* of the coarse axis: then the fine one is readable too */
    BAR_COLUMNS = 36,
    BAR_EIGHTHS = 8 * BAR_COLUMNS,
};

/* Where rows begin, in tenths of a decade's begin. */
struct axis {
    int steps[STEPS_MAX];
    int count;
};

static const struct axis coarse = {{10, 20, 50}, 3};
static const struct axis fine = {{10, 12, 15, 20, 25, 30, 40, 50, 60, 80}, 10};

/* Rows below zero, of zero, and above. */
struct drawing {
    const struct axis *axis;
    int edges;
    uint64_t rows[ROWS_MAX];
    uint64_t most; /* in a row */
    int first, last;
};

/* The lowest value of row edges + 1 + i. */
static int64_t edge(const struct drawing *drawing, int i)
{
    const struct axis *axis = drawing->axis;
    int64_t decade = 1;

    for (int j = 0; j < i / axis->count; j++)
        decade *= 10;
    return axis->steps[i % axis->count] * decade / 10;
}

static int row_of(const struct drawing *drawing, int64_t value)
{
    int64_t size = value < 0 ? -value : value;
    int i = 0;

    if (value == 0)
        return drawing->edges;
    while (i + 1 < drawing->edges && size >= edge(drawing, i + 1))
        i++;
    return value < 0 ? drawing->edges - 1 - i : drawing->edges + 1 + i;
}

static void collect(struct drawing *drawing, const struct tc_histogram *histogram,
                    const struct axis *axis)
{
    *drawing = (struct drawing){
        .axis = axis, .edges = DECADES * axis->count + 1, .first = ROWS_MAX, .last = -1};
    for (int below = 0; below < 2; below++)
        for (uint32_t i = 0; i < TC_HISTOGRAM_BUCKETS; i++) {
            uint64_t count = histogram->counts[below][i];
            int row;

            if (count == 0)
                continue;
            row = row_of(drawing, tc_histogram_middle(i, below == 1));
            drawing->rows[row] += count;
            drawing->most = drawing->rows[row] > drawing->most ? drawing->rows[row] : drawing->most;
            drawing->first = row < drawing->first ? row : drawing->first;
            drawing->last = row > drawing->last ? row : drawing->last;
        }
}

/* ---- bars ---- */

/* Whether the terminal shows UTF-8, as the environment says (POSIX: the first that is set). */
static bool has_blocks(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        const char *charset = value != NULL ? strchr(value, '.') : NULL;

        if (value != NULL && value[0] != '\0')
            return charset != NULL && (strncasecmp(charset, ".utf-8", 6) == 0 ||
                                       strncasecmp(charset, ".utf8", 5) == 0);
    }
    return false;
}

/* One message is an eighth of a column in blocks, a whole one in ASCII. */
static void print_bar(uint64_t count, uint64_t most, bool blocks)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = most > 0 ? log1p((double)count) / log1p((double)most) : 0;
    int eighths = (int)lround(share * BAR_EIGHTHS);
    int columns = blocks ? eighths / 8 : (eighths + 7) / 8;
    int part = blocks ? eighths % 8 : 0;

    for (int i = 0; i < columns; i++)
        printf("%s", blocks ? "█" : "#");
    printf("%s%*s", parts[part], BAR_COLUMNS - columns - (part > 0), "");
}

static void print_row(const struct drawing *drawing, int row, uint64_t total, bool blocks)
{
    char from[DURATION_BYTES], to[DURATION_BYTES];
    bool above = row > drawing->edges;
    int i = above ? row - drawing->edges - 1 : drawing->edges - 1 - row;
    int64_t low = row != drawing->edges ? edge(drawing, i) : 0;
    int64_t high = row != drawing->edges ? edge(drawing, i + 1) : 0;
    uint64_t count = drawing->rows[row];

    if (row != drawing->edges && low == high)
        return; /* no whole nanosecond is in it */
    if (row == drawing->edges)
        printf("  %10s%10s ", "", "0 ns");
    else if (i == drawing->edges - 1)
        printf("  %10s%10s ", above ? "from" : "to", duration_text(from, above ? low : -low));
    else
        printf("  %10s%10s ", duration_text(from, above ? low : -high),
               duration_text(to, above ? high : -low));
    print_bar(count, drawing->most, blocks);
    printf(" %10lu %6.2f %%\n", count, 100.0 * (double)count / (double)total);
}

static void draw(const struct tc_histogram *histogram, bool blocks)
{
    struct drawing drawing;

    collect(&drawing, histogram, &coarse);
    if (drawing.last - drawing.first < ROWS_FEW)
        collect(&drawing, histogram, &fine);
    for (int row = drawing.first; row <= drawing.last; row++)
        print_row(&drawing, row, histogram->total, blocks);
}

/* ---- the whole ---- */

static void draw_line(const struct tc_account_channel *channel, const struct tc_account_line *line,
                      bool blocks)
{
    static const double shares[] = {0.5, 0.99, 0.999, 1};

    for (size_t row = 0; row < TC_LATENCY_ROWS; row++) {
        const struct tc_histogram *histogram = tc_latency_get(line->latency, row);
        char text[4][DURATION_BYTES];

        if (histogram->total == 0)
            continue;
        for (int i = 0; i < 4; i++)
            duration_text(text[i], tc_histogram_quantile(histogram, shares[i]));
        printf("%s, line %s: %s, %s\n", channel->channel->name, line->line->name,
               tc_latency_rows[row].name, tc_latency_rows[row].what);
        printf("  %lu messages: p50 %s, p99 %s, p99.9 %s, max %s\n", histogram->total, text[0],
               text[1], text[2], text[3]);
        draw(histogram, blocks);
        printf("\n");
    }
}

void latency_draw(const struct tc_account *account)
{
    bool blocks = has_blocks();
    bool drawn = false;

    for (size_t i = 0; i < account->channel_count; i++)
        for (size_t j = 0; j < account->channels[i].line_count; j++)
            if (account->channels[i].lines[j].latency != NULL) {
                draw_line(&account->channels[i], &account->channels[i].lines[j], blocks);
                drawn = true;
            }
    printf(drawn ? "Both axes are logarithmic: a bar is as long as the logarithm of its count.\n"
                 : "No message has a latency.\n");
}
