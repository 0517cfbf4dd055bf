/* An external merge sort: runs of sorted rows, then one merge. */
#include "tickcap/rowsorter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 512 };

/* In memory and in files alike: this head, then the row's bytes. */
struct head {
    struct row_key key;
    uint64_t order; /* in which it was added */
    uint64_t length;
};

struct run {
    FILE *file;
    struct head head;
    char *row;
    size_t capacity;
    bool ended;
};

struct row_sorter {
    char *bytes;
    size_t used;
    size_t capacity;
    const struct head **rows;
    size_t row_count;
    size_t row_capacity;
    uint64_t order;
    struct run runs[RUNS_MAX];
    size_t run_count;
};

struct row_sorter *row_sorter_new(size_t memory_bytes)
{
    struct row_sorter *sorter = calloc(1, sizeof *sorter);

    if (sorter == NULL)
        return NULL;
    sorter->capacity = memory_bytes;
    sorter->row_capacity = memory_bytes / 64;
    sorter->bytes = malloc(sorter->capacity);
    sorter->rows = malloc(sorter->row_capacity * sizeof sorter->rows[0]);
    if (sorter->bytes == NULL || sorter->rows == NULL) {
        row_sorter_free(sorter);
        return NULL;
    }
    return sorter;
}

void row_sorter_free(struct row_sorter *sorter)
{
    if (sorter == NULL)
        return;
    for (size_t i = 0; i < sorter->run_count; i++) {
        fclose(sorter->runs[i].file);
        free(sorter->runs[i].row);
    }
    free(sorter->bytes);
    free(sorter->rows);
    free(sorter);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_heads(const struct head *a, const struct head *b)
{
    int order = compare_numbers(a->key.time_ns, b->key.time_ns);

    if (order == 0)
        order = compare_numbers(a->key.stream, b->key.stream);
    if (order == 0)
        order = compare_numbers(a->key.frame, b->key.frame);
    if (order == 0)
        order = compare_numbers(a->key.index, b->key.index);
    return order != 0 ? order : compare_numbers(a->order, b->order);
}

static int compare_rows(const void *a, const void *b)
{
    return compare_heads(*(const struct head *const *)a, *(const struct head *const *)b);
}

static void sort_rows(struct row_sorter *sorter)
{
    if (sorter->row_count > 1)
        qsort(sorter->rows, sorter->row_count, sizeof sorter->rows[0], compare_rows);
}

/* Moves the rows in memory to a file of their own. */
static enum tc_status spill(struct row_sorter *sorter, struct tc_error *error)
{
    struct run *run = &sorter->runs[sorter->run_count];

    if (sorter->run_count == RUNS_MAX)
        return tc_fail(error, TC_LIMIT, "too many rows to sort, choose fewer with --from and --to");
    run->file = tmpfile();
    if (run->file == NULL)
        return tc_fail(error, TC_IO, "no temporary file to sort rows in: %s", strerror(errno));
    sorter->run_count++;
    sort_rows(sorter);
    for (size_t i = 0; i < sorter->row_count; i++) {
        size_t length = sizeof(struct head) + sorter->rows[i]->length;

        if (fwrite(sorter->rows[i], 1, length, run->file) != length)
            return tc_fail(error, TC_IO, "rows cannot be spilled to a temporary file: %s",
                           strerror(errno));
    }
    sorter->row_count = 0;
    sorter->used = 0;
    return TC_OK;
}

enum tc_status row_sorter_add(struct row_sorter *sorter, const struct row_key *key, const char *row,
                              size_t length, struct tc_error *error)
{
    size_t needed = (sizeof(struct head) + length + 7) / 8 * 8;
    struct head *head;

    if (needed > sorter->capacity - sorter->used || sorter->row_count == sorter->row_capacity) {
        enum tc_status status = spill(sorter, error);

        if (status != TC_OK)
            return status;
    }
    if (needed > sorter->capacity)
        return tc_fail(error, TC_LIMIT, "a row of %zu bytes is too long to sort", length);
    head = (struct head *)(void *)(sorter->bytes + sorter->used);
    *head = (struct head){*key, sorter->order++, length};
    memcpy(head + 1, row, length);
    sorter->rows[sorter->row_count++] = head;
    sorter->used += needed;
    return TC_OK;
}

/* The next row of a run. */
static enum tc_status advance(struct run *run, struct tc_error *error)
{
    if (fread(&run->head, 1, sizeof run->head, run->file) != sizeof run->head) {
        run->ended = true;
        return TC_OK;
    }
    if (run->head.length > run->capacity) {
        char *row = realloc(run->row, run->head.length);

        if (row == NULL)
            return tc_fail(error, TC_MEMORY, "no memory for a row of %lu bytes", run->head.length);
        run->row = row;
        run->capacity = run->head.length;
    }
    if (fread(run->row, 1, run->head.length, run->file) != run->head.length)
        return tc_fail(error, TC_IO, "a temporary file of rows cannot be read back");
    return TC_OK;
}

static enum tc_status merge_runs(struct row_sorter *sorter, row_taken *taken, void *context,
                                 struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < sorter->run_count; i++) {
        rewind(sorter->runs[i].file);
        status = advance(&sorter->runs[i], error);
    }
    while (status == TC_OK) {
        struct run *first = NULL;

        for (size_t i = 0; i < sorter->run_count; i++)
            if (!sorter->runs[i].ended &&
                (first == NULL || compare_heads(&sorter->runs[i].head, &first->head) < 0))
                first = &sorter->runs[i];
        if (first == NULL || !taken(context, first->row, first->head.length))
            break;
        status = advance(first, error);
    }
    return status;
}

enum tc_status row_sorter_give(struct row_sorter *sorter, row_taken *taken, void *context,
                               struct tc_error *error)
{
    enum tc_status status;

    if (sorter->run_count == 0) {
        sort_rows(sorter);
        for (size_t i = 0; i < sorter->row_count; i++)
            if (!taken(context, (const char *)(sorter->rows[i] + 1), sorter->rows[i]->length))
                break;
        return TC_OK;
    }
    status = spill(sorter, error);
    return status == TC_OK ? merge_runs(sorter, taken, context, error) : status;
}
