/* Chains of segments become streams, streams become one sequence. */
#include "file/reader.h"

#include <stdlib.h>
#include <unistd.h>

#include "file/roster.h"

/* The segments of one writer of a stream, read one after the other. */
struct chain {
    uint32_t writer;
    uint32_t next_number;       /* of the segment to be opened next */
    struct tc_segment *segment; /* being read, or NULL */
    struct tc_cursor records;   /* of its index, where blocks are being chosen */
    uint32_t record;            /* number of the next one */
    bool have;                  /* `header` and `bytes` are of a block that waits */
    bool skipped;               /* blocks before it were left out: names may be unknown */
    struct tc_block_header header;
    const uint8_t *bytes;
};

struct stream {
    struct tc_source source;
    struct tc_segment *first; /* kept open for the catalog */
    struct tc_stream_state state;
    void *state_memory;
    struct chain *chains[TC_WRITERS_MAX];
    size_t chain_count;
    struct tc_join *join;
    struct tc_block_header header;
    uint64_t next_number; /* of the block that is expected */
    const struct tc_frame *frames;
    const struct tc_event *events;
    uint32_t frame, frame_count;
    uint32_t event, event_count;
    uint64_t frame_base; /* number of the block's first frame */
    uint64_t key_ns;     /* where the stream stands among the others */
    uint64_t looked_ns;  /* when its port's counters were looked at last, by indexes */
    bool only_events;    /* it is of no port */
    bool ended;
};

struct tc_reader {
    struct tc_reader_options options;
    struct tc_roster roster;
    char **paths; /* as given, for following */
    size_t path_count;
    struct stream **streams;
    size_t stream_count;
    struct tc_reader_totals totals;
};

static void tell(const struct tc_reader *reader, const struct tc_error *fault)
{
    if (reader->options.fault != NULL)
        reader->options.fault(reader->options.context, fault);
}

/* ---- opening ---- */

static void free_stream(struct stream *stream)
{
    for (size_t i = 0; i < stream->chain_count; i++) {
        if (stream->chains[i]->segment != stream->first)
            tc_segment_close(stream->chains[i]->segment);
        free(stream->chains[i]);
    }
    tc_segment_close(stream->first);
    tc_join_free(stream->join);
    free(stream->state_memory);
    free(stream);
}

void tc_reader_close(struct tc_reader *reader)
{
    if (reader == NULL)
        return;
    for (size_t i = 0; i < reader->stream_count; i++)
        free_stream(reader->streams[i]);
    free(reader->streams);
    for (size_t i = 0; i < reader->path_count; i++)
        free(reader->paths[i]);
    free(reader->paths);
    tc_roster_free(&reader->roster);
    free(reader);
}

/* A stream that begins with the segment of that entry. */
static enum tc_status open_stream(struct stream *stream, const struct tc_roster_entry *entry,
                                  struct tc_error *error)
{
    const struct tc_catalog *catalog;
    size_t state_bytes;
    enum tc_status status = tc_segment_open(&stream->first, entry->path, error);

    if (status != TC_OK)
        return status;
    catalog = &stream->first->capture.catalog;
    state_bytes = tc_align_up(tc_stream_state_footprint(catalog) + 64, 64);
    stream->state_memory = aligned_alloc(64, state_bytes);
    stream->join = tc_join_new(catalog);
    if (stream->state_memory == NULL || stream->join == NULL)
        return tc_fail(error, TC_MEMORY, "no memory to read %s", entry->path);
    memset(stream->state_memory, 0, state_bytes);
    tc_stream_state_init(&stream->state, stream->state_memory, catalog);
    stream->state.ledger = stream->first->state.ledger;
    stream->state.clock = stream->first->state.clock;
    stream->state.nic = stream->first->state.nic;
    memcpy(stream->state.lines, stream->first->state.lines,
           catalog->line_count * sizeof stream->state.lines[0]);
    memcpy(stream->state.channels, stream->first->state.channels,
           catalog->channel_count * sizeof stream->state.channels[0]);
    for (uint16_t i = 0; i < stream->first->capture.stream_count; i++)
        stream->only_events |= stream->first->capture.streams[i].number == entry->stream &&
                               stream->first->capture.streams[i].port == TC_PORT_NONE;
    stream->source = (struct tc_source){
        .capture = &stream->first->capture,
        .stream = entry->stream,
        .state = &stream->state,
        .start = &stream->first->state,
        .block = &stream->header,
        .path = stream->first->path,
    };
    return TC_OK;
}

/* The stream of an entry, which is made if it is new. */
static enum tc_status stream_of(struct tc_reader *reader, const struct tc_roster_entry *entry,
                                struct stream **found, struct tc_error *error)
{
    struct stream **streams;
    enum tc_status status;

    for (size_t i = 0; i < reader->stream_count; i++) {
        *found = reader->streams[i];
        if ((*found)->source.stream == entry->stream &&
            memcmp((*found)->source.capture->run_id, entry->run_id, TC_ID_BYTES) == 0)
            return TC_OK;
    }
    streams = realloc(reader->streams, (reader->stream_count + 1) * sizeof streams[0]);
    if (streams != NULL)
        reader->streams = streams;
    *found = calloc(1, sizeof **found);
    if (streams == NULL || *found == NULL) {
        free(*found);
        return tc_fail(error, TC_MEMORY, "no memory to read %s", entry->path);
    }
    status = open_stream(*found, entry, error);
    if (status != TC_OK) {
        free_stream(*found);
        return status;
    }
    reader->streams[reader->stream_count++] = *found;
    return TC_OK;
}

/* Makes sure that every segment of the roster belongs to a chain. */
static enum tc_status open_chains(struct tc_reader *reader, struct tc_error *error)
{
    for (size_t i = 0; i < reader->roster.count; i++) {
        const struct tc_roster_entry *entry = &reader->roster.entries[i];
        struct stream *stream;
        struct chain *chain = NULL;
        enum tc_status status = stream_of(reader, entry, &stream, error);

        if (status != TC_OK)
            return status;
        for (size_t j = 0; j < stream->chain_count && chain == NULL; j++)
            if (stream->chains[j]->writer == entry->writer)
                chain = stream->chains[j];
        if (chain != NULL)
            continue;
        if (stream->chain_count == TC_WRITERS_MAX)
            return tc_fail(error, TC_LIMIT, "%s: more than %d writers of a stream", entry->path,
                           TC_WRITERS_MAX);
        chain = calloc(1, sizeof *chain);
        if (chain == NULL)
            return tc_fail(error, TC_MEMORY, "no memory to read %s", entry->path);
        *chain = (struct chain){.writer = entry->writer, .next_number = entry->number};
        stream->chains[stream->chain_count++] = chain;
    }
    return TC_OK;
}

/* Whether the segments of a stream begin where its run began. */
static bool is_from_begin(const struct stream *stream)
{
    for (size_t i = 0; i < stream->chain_count; i++)
        if (stream->chains[i]->next_number != 1)
            return false;
    return stream->chain_count == stream->first->head.writers;
}

static void count_files(struct tc_reader *reader)
{
    reader->totals.segments = reader->roster.count;
    reader->totals.bytes_stored = 0;
    for (size_t i = 0; i < reader->roster.count; i++)
        reader->totals.bytes_stored += reader->roster.entries[i].file_bytes;
    reader->totals.complete = tc_roster_complete(&reader->roster);
}

enum tc_status tc_reader_open(struct tc_reader **opened, const char *const *paths, size_t count,
                              const struct tc_reader_options *options, struct tc_error *error)
{
    struct tc_reader *reader = calloc(1, sizeof *reader);
    enum tc_status status = TC_OK;

    if (reader == NULL || (reader->paths = calloc(count + 1, sizeof reader->paths[0])) == NULL) {
        free(reader);
        return tc_fail(error, TC_MEMORY, "no memory to read a capture");
    }
    reader->options = *options;
    reader->roster.growing = options->follow;
    reader->roster.patient = true;
    for (size_t i = 0; status == TC_OK && i < count; i++) {
        reader->paths[reader->path_count++] = strdup(paths[i]);
        status = tc_roster_add(&reader->roster, paths[i], options->fault, options->context, error);
    }
    if (status == TC_OK && reader->roster.count == 0 && reader->roster.begun > 0)
        status = tc_fail(error, TC_END,
                         "%s: a capture has just begun there: nothing can be read yet", paths[0]);
    else if (status == TC_OK && reader->roster.count == 0)
        status = tc_fail(error, TC_MISSING, "%s: no readable segment of a capture is there",
                         count > 0 ? paths[0] : "(no path)");
    tc_roster_sort(&reader->roster);
    if (status == TC_OK)
        status = open_chains(reader, error);
    if (status != TC_OK) {
        tc_reader_close(reader);
        return status;
    }
    for (size_t i = 0; i < reader->stream_count; i++)
        reader->streams[i]->source.from_begin = is_from_begin(reader->streams[i]);
    count_files(reader);
    *opened = reader;
    return TC_OK;
}

/* ---- chains ---- */

/* Names that the head of a segment knows join those of the stream. */
static void adopt_names(struct stream *stream, const struct tc_stream_state *from)
{
    for (uint16_t i = 0; i < stream->state.catalog->channel_count; i++)
        for (uint32_t locate = 0; from->symbols[i].known > 0 && locate < TC_LOCATES; locate++) {
            const uint8_t *name = tc_symbols_name(&from->symbols[i], (uint16_t)locate);

            if (name != NULL)
                tc_symbols_set(&stream->state.symbols[i], (uint16_t)locate, name);
        }
}

/* Names of blocks that were left out, from the index's log. */
static void adopt_log(struct stream *stream, const struct chain *chain)
{
    struct tc_cursor log = tc_segment_box(chain->segment, TC_BOX_SYMBOL_LOG);

    while (tc_cursor_left(&log) >= TC_SYMBOL_LOG_BYTES) {
        const uint8_t *entry = tc_cursor_take(&log, TC_SYMBOL_LOG_BYTES);

        if (tc_load_le32(entry) >= chain->record - 1)
            return;
        if (tc_stream_state_symbol(&stream->state, tc_load_le16(entry + 4), entry + 6,
                                   2 + TC_SYMBOL_BYTES, NULL) != TC_OK)
            return;
    }
}

/* Opens the segment of an entry for a chain; false, and told, when it cannot be read. */
static bool open_segment(struct tc_reader *reader, struct stream *stream, struct chain *chain,
                         const struct tc_roster_entry *entry)
{
    struct tc_error error = {0};

    if (strcmp(entry->path, stream->first->path) == 0) {
        chain->segment = stream->first;
        return true;
    }
    if (tc_segment_open(&chain->segment, entry->path, &error) != TC_OK) {
        chain->segment = NULL;
        tell(reader, &error);
        return false;
    }
    if (chain->segment->capture.digest == stream->source.capture->digest)
        return true;
    tc_fail(&error, TC_DAMAGED, "%s: its channels are not those of %s", entry->path,
            stream->first->path);
    tell(reader, &error);
    tc_segment_close(chain->segment);
    chain->segment = NULL;
    return false;
}

/* The next segment of a chain; false at the end. */
static bool next_segment(struct tc_reader *reader, struct stream *stream, struct chain *chain)
{
    const struct tc_roster_entry *entry;

    /* numbers count from 1; 0 follows the highest that there is */
    while (chain->next_number != 0 &&
           (entry = tc_roster_find(&reader->roster, stream->source.capture->run_id,
                                   stream->source.stream, chain->writer, chain->next_number)) !=
               NULL) {
        chain->next_number = entry->number + 1;
        if (!open_segment(reader, stream, chain, entry))
            continue;
        adopt_names(stream, &chain->segment->state);
        chain->records = tc_segment_box(chain->segment, TC_BOX_BLOCKS);
        chain->record = 0;
        chain->skipped = false;
        return true;
    }
    return false;
}

/* The port's counters as they were at the very end, after the last block. */
static void adopt_nic(struct stream *stream, const struct tc_segment *segment)
{
    struct tc_cursor box = tc_segment_box(segment, TC_BOX_NIC);
    struct tc_nic nic;

    if (!segment->last || tc_cursor_left(&box) == 0)
        return;
    tc_nic_read(&box, &nic);
    if (!box.failed && nic.sampled_ns > stream->state.nic.sampled_ns)
        stream->state.nic = nic;
}

static void leave_segment(struct stream *stream, struct chain *chain)
{
    adopt_nic(stream, chain->segment);
    if (chain->segment != stream->first)
        tc_segment_close(chain->segment);
    chain->segment = NULL;
}

/* Moves to the next block that is wanted, by the index; false when the segment has none left. */
static bool choose_block(struct tc_reader *reader, struct stream *stream, struct chain *chain)
{
    struct tc_index_record record;

    if (reader->options.wanted == NULL || chain->segment->index == NULL)
        return true;
    while (tc_index_next(&chain->records, &record)) {
        chain->record++;
        if (reader->options.wanted(reader->options.context, chain->segment, &record)) {
            tc_segment_seek(chain->segment, &record, chain->record - 1);
            if (chain->skipped)
                adopt_log(stream, chain);
            chain->skipped = false;
            return true;
        }
        chain->skipped = true;
    }
    return false;
}

/* Reads blocks of a chain until one waits in chain->header; false at its end. */
static bool next_block(struct tc_reader *reader, struct stream *stream, struct chain *chain)
{
    while (chain->segment != NULL || next_segment(reader, stream, chain)) {
        struct tc_error error = {0};
        enum tc_status status = choose_block(reader, stream, chain)
                                    ? tc_segment_next(chain->segment, &chain->header, &chain->bytes,
                                                      &error)
                                    : TC_END;

        if (status == TC_OK) {
            reader->totals.bytes_read += chain->header.stored_bytes;
            chain->have = true;
            return true;
        }
        if (status == TC_TRUNCATED && chain->segment->open_name)
            status = TC_END; /* the rest of it is still to come */
        if (status == TC_END && reader->options.follow && !chain->segment->finished)
            return false;
        if (status == TC_END && !chain->segment->finished && !chain->segment->open_name)
            status = tc_fail(&error, TC_TRUNCATED, "%s: cut off: no index and no tail",
                             chain->segment->path);
        if (status != TC_END)
            tell(reader, &error);
        if (status == TC_END || !tc_segment_resync(chain->segment))
            leave_segment(stream, chain);
    }
    return false;
}

/* ---- streams ---- */

/* Joins the block that waits in a chain. */
static void join_block(struct tc_reader *reader, struct stream *stream, struct chain *chain)
{
    struct tc_error detail = {0};
    struct tc_error fault;

    chain->have = false;
    stream->header = chain->header;
    stream->source.path = chain->segment->path;
    if (tc_join_block(stream->join, &chain->header, chain->bytes, reader->options.verify,
                      &detail) != TC_OK ||
        tc_stream_state_block(&stream->state, stream->join, &detail) != TC_OK) {
        tc_fail(&fault, detail.status, "%s: block %lu at byte %lu: %.380s", chain->segment->path,
                chain->header.number, chain->header.offset, detail.text);
        tell(reader, &fault);
        return;
    }
    stream->frames = tc_join_frames(stream->join, &stream->frame_count);
    stream->events = tc_join_events(stream->join, &stream->event_count);
    stream->frame = 0;
    stream->event = 0;
    stream->frame_base = stream->state.ledger.recorded - stream->frame_count;
    reader->totals.blocks++;
}

/* The chain whose waiting block comes next; NULL when that is not known yet, or at the end. */
static struct chain *lowest_chain(struct tc_reader *reader, struct stream *stream)
{
    struct chain *lowest = NULL;
    bool all_wait = true;

    for (size_t i = 0; i < stream->chain_count; i++) {
        struct chain *chain = stream->chains[i];

        if (!chain->have && !next_block(reader, stream, chain)) {
            all_wait &= chain->segment == NULL;
            continue;
        }
        if (lowest == NULL || chain->header.number < lowest->header.number)
            lowest = chain;
    }
    /* While following, a writer that has nothing yet may still bring the next number. */
    if (lowest != NULL && !all_wait && lowest->header.number != stream->next_number)
        return NULL;
    return lowest;
}

/* Makes sure that the stream has a frame or an event to give; false at its end. */
static bool fill_stream(struct tc_reader *reader, struct stream *stream)
{
    while (stream->frame == stream->frame_count && stream->event == stream->event_count) {
        struct chain *chain = lowest_chain(reader, stream);

        if (chain == NULL)
            return false;
        stream->frame = stream->frame_count = 0;
        stream->event = stream->event_count = 0;
        stream->next_number = chain->header.number + 1;
        join_block(reader, stream, chain);
    }
    /* an event stands directly behind the frame before it */
    if (stream->event == stream->event_count ||
        stream->events[stream->event].position > stream->frame)
        stream->key_ns = stream->frames[stream->frame].rx_ns;
    else if (stream->only_events)
        stream->key_ns = stream->events[stream->event].time_ns;
    return true;
}

static void take_event(struct tc_reader *reader, struct stream *stream,
                       const struct tc_event *event)
{
    struct tc_error detail = {0};
    struct tc_error fault;

    if (event->kind != TC_EVENT_SYMBOL ||
        tc_stream_state_symbol(&stream->state, event->about, event->payload, event->payload_bytes,
                               &detail) == TC_OK)
        return;
    tc_fail(&fault, detail.status, "block %lu of stream %u: %.400s", stream->header.number,
            stream->source.stream, detail.text);
    tell(reader, &fault);
}

enum tc_status tc_reader_next(struct tc_reader *reader, struct tc_item *item,
                              struct tc_error *error)
{
    struct stream *chosen = NULL;

    (void)error;
    for (size_t i = 0; i < reader->stream_count; i++) {
        struct stream *stream = reader->streams[i];

        if (stream->ended)
            continue;
        if (!fill_stream(reader, stream)) {
            stream->ended = !reader->options.follow;
            if (stream->looked_ns > stream->state.nic.sampled_ns)
                stream->state.nic.sampled_ns = stream->looked_ns;
            continue;
        }
        if (chosen == NULL || stream->key_ns < chosen->key_ns)
            chosen = stream;
    }
    if (chosen == NULL)
        return TC_END;
    *item = (struct tc_item){.source = &chosen->source,
                             .number = chosen->frame_base + chosen->frame};
    if (chosen->event < chosen->event_count &&
        chosen->events[chosen->event].position <= chosen->frame) {
        item->kind = TC_ITEM_EVENT;
        item->event = &chosen->events[chosen->event++];
        take_event(reader, chosen, item->event);
        return TC_OK;
    }
    item->kind = TC_ITEM_FRAME;
    item->frame = &chosen->frames[chosen->frame++];
    return TC_OK;
}

enum tc_status tc_reader_refresh(struct tc_reader *reader, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < reader->path_count; i++)
        if (access(reader->paths[i], F_OK) == 0)
            status = tc_roster_add(&reader->roster, reader->paths[i], reader->options.fault,
                                   reader->options.context, error);
    tc_roster_sort(&reader->roster);
    if (status == TC_OK)
        status = open_chains(reader, error);
    for (size_t i = 0; i < reader->stream_count; i++)
        for (size_t j = 0; status == TC_OK && j < reader->streams[i]->chain_count; j++)
            if (reader->streams[i]->chains[j]->segment != NULL)
                status = tc_segment_refresh(reader->streams[i]->chains[j]->segment, error);
    count_files(reader);
    return status;
}

size_t tc_reader_source_count(const struct tc_reader *reader)
{
    return reader->stream_count;
}

const struct tc_source *tc_reader_source(const struct tc_reader *reader, size_t index)
{
    return &reader->streams[index]->source;
}

struct tc_reader_totals tc_reader_totals(const struct tc_reader *reader)
{
    return reader->totals;
}
