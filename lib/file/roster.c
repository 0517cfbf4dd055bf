/* Collecting and sorting segments. */
#include "file/roster.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/paths.h"

static int compare_places(const struct tc_roster_entry *a, const struct tc_roster_entry *b)
{
    int run = memcmp(a->run_id, b->run_id, TC_ID_BYTES);

    if (run != 0)
        return run;
    if (a->stream != b->stream)
        return a->stream < b->stream ? -1 : 1;
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static struct tc_roster_entry *new_entry(struct tc_roster *roster)
{
    if (roster->count == roster->capacity) {
        size_t capacity = roster->capacity > 0 ? 2 * roster->capacity : 64;
        void *grown = realloc(roster->entries, capacity * sizeof roster->entries[0]);

        if (grown == NULL)
            return NULL;
        roster->entries = grown;
        roster->capacity = capacity;
    }
    return &roster->entries[roster->count++];
}

static enum tc_status add_entry(struct tc_roster *roster, const struct tc_segment *segment,
                                struct tc_error *error)
{
    struct tc_roster_entry entry = {
        .path = strdup(segment->path),
        .start_ns = segment->head.start_ns,
        .file_bytes = segment->file_bytes,
        .stream = segment->head.stream,
        .writer = segment->head.writer,
        .writers = segment->head.writers,
        .number = segment->head.number,
        .finished = segment->finished,
        .last = segment->last,
    };
    struct tc_roster_entry *place = NULL;

    memcpy(entry.run_id, segment->capture.run_id, TC_ID_BYTES);
    for (size_t i = 0; i < roster->count && place == NULL; i++)
        if (compare_places(&roster->entries[i], &entry) == 0)
            place = &roster->entries[i];
    if (place != NULL && strcmp(place->path, segment->path) != 0 &&
        access(place->path, F_OK) == 0) {
        free(entry.path);
        return tc_fail(error, TC_DAMAGED, "%s and %s are the same segment", place->path,
                       segment->path);
    }
    if (place != NULL)
        free(place->path);
    else
        place = new_entry(roster);
    if (place == NULL || entry.path == NULL) {
        free(entry.path);
        return tc_fail(error, TC_MEMORY, "no memory for %s", segment->path);
    }
    *place = entry;
    return TC_OK;
}

static enum tc_status add_file(struct tc_roster *roster, const char *path, struct tc_error *error)
{
    struct tc_segment *segment;
    enum tc_status status;

    for (size_t i = 0; i < roster->count; i++)
        if (roster->entries[i].finished && strcmp(roster->entries[i].path, path) == 0)
            return TC_OK; /* it does not change any more */
    status = tc_segment_open(&segment, path, error);
    if (status != TC_OK)
        return status;
    status = add_entry(roster, segment, error);
    tc_segment_close(segment);
    return status;
}

/* What is written becomes a file's when it is durable; until then its head is not all there. */
static bool has_just_begun(struct tc_roster *roster, const char *path, const struct tc_error *fault)
{
    bool begun = roster->patient && tc_is_open_name(path) && fault->status == TC_TRUNCATED;

    roster->begun += begun;
    return begun;
}

static int segments_only(const struct dirent *entry)
{
    return tc_is_segment_name(entry->d_name);
}

/* Tells of a segment that cannot be read, unless that has been done. */
static enum tc_status leave_out(struct tc_roster *roster, const char *path, tc_fault_told *told,
                                void *context, const struct tc_error *fault, struct tc_error *error)
{
    char **grown;

    if (fault->status == TC_MEMORY)
        return tc_fail(error, TC_MEMORY, "%s", fault->text);
    if (has_just_begun(roster, path, fault))
        return TC_OK;
    if (roster->growing && fault->status == TC_TRUNCATED)
        return TC_OK;
    for (size_t i = 0; i < roster->unreadable_count; i++)
        if (strcmp(roster->unreadable[i], path) == 0)
            return TC_OK;
    grown = realloc(roster->unreadable, (roster->unreadable_count + 1) * sizeof grown[0]);
    if (grown != NULL)
        roster->unreadable = grown;
    if (grown == NULL || (grown[roster->unreadable_count] = strdup(path)) == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for %s", path);
    roster->unreadable_count++;
    if (told != NULL)
        told(context, fault);
    return TC_OK;
}

static enum tc_status add_directory(struct tc_roster *roster, const char *path, tc_fault_told *told,
                                    void *context, struct tc_error *error)
{
    struct dirent **names;
    int count = scandir(path, &names, segments_only, alphasort);
    enum tc_status status = TC_OK;

    if (count < 0)
        return tc_fail(error, TC_IO, "%s: cannot be listed: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        char file[TC_PATH_BYTES];

        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (status == TC_OK) {
            struct tc_error fault = {0};

            if (add_file(roster, file, &fault) != TC_OK)
                status = leave_out(roster, file, told, context, &fault, error);
        }
        free(names[i]);
    }
    free(names);
    return status;
}

enum tc_status tc_roster_add(struct tc_roster *roster, const char *path, tc_fault_told *told,
                             void *context, struct tc_error *error)
{
    struct tc_error fault = {0};
    struct stat about;
    enum tc_status status;

    if (stat(path, &about) != 0)
        return tc_fail(error, TC_MISSING, "%s: %s", path, strerror(errno));
    if (S_ISDIR(about.st_mode))
        return add_directory(roster, path, told, context, error);
    status = add_file(roster, path, &fault);
    if (status == TC_OK || has_just_begun(roster, path, &fault))
        return TC_OK;
    return tc_fail(error, status, "%s", fault.text);
}

static int compare_entries(const void *a, const void *b)
{
    return compare_places(a, b);
}

void tc_roster_sort(struct tc_roster *roster)
{
    if (roster->count > 1)
        qsort(roster->entries, roster->count, sizeof roster->entries[0], compare_entries);
}

const struct tc_roster_entry *tc_roster_find(const struct tc_roster *roster,
                                             const uint8_t run_id[TC_ID_BYTES], uint32_t stream,
                                             uint32_t writer, uint32_t number)
{
    struct tc_roster_entry wanted = {.stream = stream, .writer = writer, .number = number};
    size_t low = 0;
    size_t high = roster->count;

    memcpy(wanted.run_id, run_id, TC_ID_BYTES);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_places(&roster->entries[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == roster->count || !tc_roster_same_stream(&roster->entries[low], &wanted) ||
        roster->entries[low].writer != writer)
        return NULL;
    return &roster->entries[low];
}

void tc_roster_free(struct tc_roster *roster)
{
    for (size_t i = 0; i < roster->count; i++)
        free(roster->entries[i].path);
    for (size_t i = 0; i < roster->unreadable_count; i++)
        free(roster->unreadable[i]);
    free(roster->unreadable);
    free(roster->entries);
    *roster = (struct tc_roster){0};
}

bool tc_roster_complete(const struct tc_roster *roster)
{
    uint32_t writers = 0; /* seen of the stream */

    for (size_t i = 0; i < roster->count; i++) {
        const struct tc_roster_entry *entry = &roster->entries[i];
        const struct tc_roster_entry *next = i + 1 < roster->count ? entry + 1 : NULL;
        bool more = next != NULL && tc_roster_same_stream(entry, next);
        bool same_writer = more && next->writer == entry->writer;
        bool first = i == 0 || !tc_roster_same_stream(entry - 1, entry) ||
                     entry[-1].writer != entry->writer;

        if ((first && entry->number != 1) || (same_writer && next->number != entry->number + 1) ||
            !entry->finished || (!same_writer && !entry->last))
            return false;
        writers += first;
        if (!more) {
            if (writers != entry->writers)
                return false;
            writers = 0;
        }
    }
    return roster->count > 0;
}
