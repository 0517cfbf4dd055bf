/*
 * The columns of `cat`: a table of names, each with how a message's value is written.
 */
#ifndef TC_APP_ROWCOLUMNS_H
#define TC_APP_ROWCOLUMNS_H

#include "feed/print.h"
#include "file/ticks.h"

enum { ROW_COLUMNS_MAX = 64 };

struct row_column {
    const char *name;
    /* Writes the value in a style; NULL for a field of the feed's table of that name. */
    void (*write)(struct tc_scribe *out, const struct tc_tick *tick, enum tc_print_style style);
};

/* Columns that were asked for, in order. */
struct row_columns {
    struct row_column columns[ROW_COLUMNS_MAX];
    size_t count;
    char *names; /* memory of names of fields */
};

/* The fixed columns of a row, in order. */
void row_columns_default(struct row_columns *columns);

/*
 * Reads a list as --fields takes it. False, after a report, where a name is neither a column nor a
 * field of any feed.
 */
bool row_columns_parse(struct row_columns *columns, const char *list);
void row_columns_free(struct row_columns *columns);

/* One value. */
void row_column_write(const struct row_column *column, struct tc_scribe *out,
                      const struct tc_tick *tick, enum tc_print_style style);

#endif
