/*
 * Golden files: every capture that is kept reads as it was recorded, every broken file is refused
 * with its sentence. They were written once; make_golden.py makes them anew when the format
 * changes.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "file/verify.h"
#include "goldtext.h"

enum { PATH_BYTES = 1024, STREAMS_MAX = 4, CAPTURES_LEAST = 20, BROKEN_LEAST = 100 };

/* A path below the golden files. */
static const char *path_of(char path[PATH_BYTES], const char *folder, const char *name)
{
    const char *source = getenv("TC_SOURCE");

    cr_assert_not_null(source, "TC_SOURCE names the project's folder");
    snprintf(path, PATH_BYTES, "%s/tests/golden/%s/%s", source, folder, name);
    return path;
}

static char *load(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    char *text;

    cr_assert(file != NULL && fstat(fileno(file), &about) == 0, "%s cannot be read", path);
    text = calloc(1, (size_t)about.st_size + 1);
    cr_assert_eq(fread(text, 1, (size_t)about.st_size, file), (size_t)about.st_size);
    fclose(file);
    return text;
}

/* ---- captures ---- */

static void no_fault(void *context, const struct tc_error *fault)
{
    cr_assert_fail("%s: %s", (const char *)context, fault->text);
}

/* One text for each stream, as the reader gives it. */
struct reading {
    FILE *out[STREAMS_MAX];
    char *text[STREAMS_MAX];
    size_t length[STREAMS_MAX];
};

static void write_items(struct tc_reader *reader, struct reading *reading)
{
    struct tc_item item;

    while (tc_reader_next(reader, &item, NULL) == TC_OK) {
        FILE *out = reading->out[item.source->stream];

        if (item.kind == TC_ITEM_FRAME)
            gold_frame(out, item.source->stream, item.number, item.frame);
        else
            gold_event(out, item.source->stream, item.number, item.event);
    }
}

/* Adds what the index of a segment has; only of that stream. */
static void add_latencies(const char *path, const struct tc_source *source,
                          struct tc_latency *lines)
{
    struct tc_error error = {0};
    struct tc_segment *segment;
    struct tc_cursor box;
    uint64_t left_out = 0;

    cr_assert_eq(tc_segment_open(&segment, path, &error), TC_OK, "%s", error.text);
    if (segment->head.stream == source->stream) {
        box = tc_segment_box(segment, TC_BOX_LATENCIES);
        tc_latencies_read(&box, lines, source->capture->catalog.line_count, &left_out);
        cr_assert(!box.failed && left_out == 0, "%s: no latencies", path);
    }
    tc_segment_close(segment);
}

/* Over all segments of a stream. */
static void write_latencies(FILE *out, const char *folder, const struct tc_source *source)
{
    uint16_t count = source->capture->catalog.line_count;
    struct tc_latency *lines = calloc(count, sizeof *lines);
    struct dirent **names;
    int files = scandir(folder, &names, NULL, alphasort);

    cr_assert(lines != NULL && files > 0, "%s cannot be read", folder);
    for (int i = 0; i < files; i++) {
        char path[2 * PATH_BYTES];

        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (strstr(names[i]->d_name, ".tick") != NULL)
            add_latencies(path, source, lines);
        free(names[i]);
    }
    free(names);
    for (uint16_t line = 0; line < count; line++)
        gold_latency(out, source->stream, line, &lines[line]);
    free(lines);
}

static void write_states(struct tc_reader *reader, const char *path, struct reading *reading)
{
    for (size_t i = 0; i < tc_reader_source_count(reader); i++) {
        const struct tc_source *source = tc_reader_source(reader, i);
        FILE *out = reading->out[source->stream];

        gold_ledger(out, source->stream, &source->state->ledger);
        for (uint16_t line = 0; line < source->capture->catalog.line_count; line++)
            gold_line(out, source->stream, line, &source->state->lines[line]);
        for (uint16_t channel = 0; channel < source->capture->catalog.channel_count; channel++)
            gold_channel(out, source->stream, channel, &source->state->channels[channel]);
        gold_nic(out, source->stream, &source->state->nic);
        gold_clock(out, source->stream, &source->state->clock);
        write_latencies(out, path, source);
    }
}

/* The first line in which two texts differ. */
static void compare(const char *name, const char *expected, const char *got)
{
    size_t line = 1;

    while (*expected != '\0' || *got != '\0') {
        size_t one = strcspn(expected, "\n"), other = strcspn(got, "\n");

        cr_assert(one == other && memcmp(expected, got, one) == 0,
                  "%s: line %zu is\n%.*s\nexpected\n%.*s", name, line, (int)other, got, (int)one,
                  expected);
        expected += one + (expected[one] == '\n');
        got += other + (got[other] == '\n');
        line++;
    }
}

static void read_capture(const char *name)
{
    const struct tc_reader_options options = {
        .verify = true, .fault = no_fault, .context = (void *)(uintptr_t)name};
    char path[PATH_BYTES], text_path[PATH_BYTES];
    const char *paths[] = {path_of(path, "captures", name)};
    struct reading reading = {0};
    struct tc_error error = {0};
    struct tc_reader *reader;
    char *expected, *got;
    size_t length = 0;
    FILE *all;

    for (size_t i = 0; i < STREAMS_MAX; i++)
        reading.out[i] = open_memstream(&reading.text[i], &reading.length[i]);
    cr_assert_eq(tc_reader_open(&reader, paths, 1, &options, &error), TC_OK, "%s", error.text);
    write_items(reader, &reading);
    /* what was cut off does not say what it came to */
    cr_assert_eq(tc_reader_totals(reader).complete, strncmp(name, "open_", 5) != 0);
    if (tc_reader_totals(reader).complete)
        write_states(reader, path, &reading);
    tc_reader_close(reader);
    all = open_memstream(&got, &length);
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        fclose(reading.out[i]);
        fwrite(reading.text[i], 1, reading.length[i], all);
        free(reading.text[i]);
    }
    fclose(all);
    snprintf(text_path, sizeof text_path, "%.1000s/expected.txt", path);
    expected = load(text_path);
    compare(name, expected, got);
    free(expected);
    free(got);
}

Test(golden, captures_read_as_they_were_recorded)
{
    char path[PATH_BYTES];
    struct dirent **names;
    int count = scandir(path_of(path, "captures", ""), &names, NULL, alphasort);
    int captures = 0;

    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            read_capture(names[i]->d_name);
            captures++;
        }
        free(names[i]);
    }
    free(names);
    cr_assert_geq(captures, CAPTURES_LEAST);
}

Test(golden, captures_are_sound)
{
    char path[PATH_BYTES];
    struct dirent **names;
    int count = scandir(path_of(path, "captures", ""), &names, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        bool whole = names[i]->d_name[0] != '.' && strncmp(names[i]->d_name, "open_", 5) != 0;
        char folder[PATH_BYTES];
        const char *paths[] = {path_of(folder, "captures", names[i]->d_name)};
        struct tc_verified verified;

        if (whole)
            cr_assert_eq(tc_verify(paths, 1, no_fault, NULL, names[i]->d_name, &verified, NULL),
                         TC_OK);
        free(names[i]);
    }
    free(names);
}

/* ---- broken files ---- */

struct faults {
    uint32_t count;
    struct tc_error first;
};

static void told(void *context, const struct tc_error *fault)
{
    struct faults *faults = context;

    if (faults->count++ == 0)
        faults->first = *fault;
}

/* A line of the list: NAME, STATUS, WORDS, separated by tabs. */
static void refuse(char *line)
{
    char *name = strsep(&line, "\t"), *status = strsep(&line, "\t");
    char path[PATH_BYTES];
    const char *paths[] = {path_of(path, "broken", name)};
    struct faults faults = {0};
    struct tc_verified verified;
    struct tc_error error = {0};

    cr_assert(status != NULL && line != NULL, "%s: no status or no words in the list", name);
    if (tc_verify(paths, 1, told, NULL, &faults, &verified, &error) != TC_OK)
        told(&faults, &error);
    cr_assert_gt(faults.count, 0, "%s was taken for good", name);
    cr_assert(strcmp(tc_status_name(faults.first.status), status) == 0 &&
                  strstr(faults.first.text, line) != NULL,
              "%s: is refused as %s: %s\nexpected %s: %s", name,
              tc_status_name(faults.first.status), faults.first.text, status, line);
    cr_assert_not_null(strstr(faults.first.text, name), "%s is not named: %s", name,
                       faults.first.text);
}

Test(golden, broken_files_are_refused_each_with_its_sentence)
{
    char path[PATH_BYTES];
    char *list = load(path_of(path, "broken", "sentences.txt"));
    char *rest = list, *line;
    int count = 0;

    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        if (*line == '#')
            continue;
        refuse(line);
        count++;
    }
    cr_assert_geq(count, BROKEN_LEAST);
    free(list);
}
