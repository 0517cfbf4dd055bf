/* Frames and events in, sessions and sums out. */
#include "file/account.h"

#include <stdlib.h>

#include "base/digest.h"
#include "track/drop.h"

enum { MISSING_RANGES = 1024, NAME_SLOTS_FIRST = 1024 };

/* Names that messages of a channel carry. */
struct names {
    uint64_t *slots;
    size_t capacity;
    size_t count;
};

/* A channel and its lines, over all runs that have a channel of that name and feed. */
struct channel_book {
    const struct tc_channel *channel;
    struct names names;
    uint64_t known; /* locates with a name */
};

struct line_book {
    const struct tc_line *line;
    size_t channel; /* index of its book */
    XXH3_state_t *digest;
    struct tc_account_session *sessions;
    size_t session_count;
    struct tc_figures figures;
};

/* A session that a line of a source has had. */
struct had_session {
    uint32_t ordinal;
    size_t session; /* index in the line's book */
};

/* A line as one source has it. */
struct source_line {
    struct tc_sequence sequence;
    void *missing_memory;
    size_t book;
    struct had_session *had;
    size_t had_count;
    size_t slot_session[2]; /* index in the book of the session in each slot of the tracker */
};

struct source_book {
    const struct tc_source *source;
    struct source_line *lines;
    uint64_t block; /* number of the one seen last, plus one */
};

struct tc_accountant {
    struct tc_account account;
    struct tc_ticker *ticker;
    struct source_book *sources;
    size_t source_count;
    struct channel_book *channels;
    size_t channel_count;
    struct line_book *lines;
    size_t line_count;
};

struct tc_accountant *tc_accountant_new(void)
{
    struct tc_accountant *accountant = calloc(1, sizeof *accountant);

    if (accountant == NULL)
        return NULL;
    accountant->account.first_rx_ns = UINT64_MAX;
    accountant->ticker = tc_ticker_new();
    if (accountant->ticker == NULL) {
        free(accountant);
        return NULL;
    }
    return accountant;
}

static void free_sources(struct tc_accountant *accountant)
{
    for (size_t i = 0; i < accountant->source_count; i++) {
        struct source_book *book = &accountant->sources[i];
        uint16_t lines = book->source->capture->catalog.line_count;

        for (uint16_t j = 0; book->lines != NULL && j < lines; j++) {
            free(book->lines[j].missing_memory);
            free(book->lines[j].had);
        }
        free(book->lines);
    }
    free(accountant->sources);
}

void tc_accountant_free(struct tc_accountant *accountant)
{
    if (accountant == NULL)
        return;
    free_sources(accountant);
    for (size_t i = 0; i < accountant->line_count; i++) {
        for (size_t j = 0; j < accountant->lines[i].session_count; j++)
            tc_rangeset_free(&accountant->lines[i].sessions[j].received);
        free(accountant->lines[i].sessions);
        XXH3_freeState(accountant->lines[i].digest);
    }
    for (size_t i = 0; i < accountant->channel_count; i++)
        free(accountant->channels[i].names.slots);
    for (size_t i = 0; i < accountant->account.channel_count; i++)
        free(accountant->account.channels[i].lines);
    free(accountant->account.channels);
    free(accountant->account.streams);
    free(accountant->account.clocks);
    free(accountant->channels);
    free(accountant->lines);
    tc_ticker_free(accountant->ticker);
    free(accountant);
}

/* Appends a zeroed item to a growing array; NULL when memory is short. */
static void *append(void *array, size_t *count, size_t item_bytes)
{
    void **items = array;
    uint8_t *grown = realloc(*items, (*count + 1) * item_bytes);

    if (grown == NULL)
        return NULL;
    *items = grown;
    memset(grown + *count * item_bytes, 0, item_bytes);
    return grown + (*count)++ * item_bytes;
}

static enum tc_status no_memory(struct tc_error *error)
{
    return tc_fail(error, TC_MEMORY, "no memory for the account of this capture");
}

/* ---- books ---- */

static enum tc_status channel_book(struct tc_accountant *accountant,
                                   const struct tc_channel *channel, size_t *index,
                                   struct tc_error *error)
{
    struct channel_book *book;

    for (*index = 0; *index < accountant->channel_count; (*index)++) {
        const struct tc_channel *known = accountant->channels[*index].channel;

        if (strcmp(known->name, channel->name) == 0 &&
            strcmp(known->feed->name, channel->feed->name) == 0)
            return TC_OK;
    }
    book = append(&accountant->channels, &accountant->channel_count, sizeof *book);
    if (book == NULL)
        return no_memory(error);
    book->channel = channel;
    return TC_OK;
}

static enum tc_status line_book(struct tc_accountant *accountant, const struct tc_line *line,
                                size_t channel, size_t *index, struct tc_error *error)
{
    struct line_book *book;

    for (*index = 0; *index < accountant->line_count; (*index)++)
        if (accountant->lines[*index].channel == channel &&
            strcmp(accountant->lines[*index].line->name, line->name) == 0)
            return TC_OK;
    book = append(&accountant->lines, &accountant->line_count, sizeof *book);
    if (book == NULL)
        return no_memory(error);
    book->line = line;
    book->channel = channel;
    book->digest = XXH3_createState();
    if (book->digest == NULL)
        return no_memory(error);
    XXH3_64bits_reset(book->digest);
    return TC_OK;
}

/* The session of that id and occurrence in a line's book. */
static enum tc_status session_book(struct line_book *book, struct tc_session_id id,
                                   uint32_t occurrence, size_t *index, struct tc_error *error)
{
    struct tc_account_session *session;

    for (*index = 0; *index < book->session_count; (*index)++)
        if (tc_session_equal(book->sessions[*index].id, id) &&
            book->sessions[*index].occurrence == occurrence)
            return TC_OK;
    session = append(&book->sessions, &book->session_count, sizeof *session);
    if (session == NULL)
        return no_memory(error);
    session->id = id;
    session->occurrence = occurrence;
    session->first = session->base = UINT64_MAX;
    return TC_OK;
}

/* Notes that a line of a source has a session, and which of its book's it is. */
static enum tc_status have_session(struct tc_accountant *accountant, struct source_line *line,
                                   const struct tc_session *session, uint64_t base, uint8_t slot,
                                   struct tc_error *error)
{
    struct line_book *book = &accountant->lines[line->book];
    uint32_t occurrence = 0;
    struct had_session *had;
    enum tc_status status;
    size_t index;

    for (size_t i = 0; i < line->had_count; i++)
        occurrence += tc_session_equal(book->sessions[line->had[i].session].id, session->id);
    status = session_book(book, session->id, occurrence, &index, error);
    if (status != TC_OK)
        return status;
    had = append(&line->had, &line->had_count, sizeof *had);
    if (had == NULL)
        return no_memory(error);
    *had = (struct had_session){session->ordinal, index};
    line->slot_session[slot] = index;
    if (session->first < book->sessions[index].first)
        book->sessions[index].first = session->first;
    if (base < book->sessions[index].base)
        book->sessions[index].base = base;
    return TC_OK;
}

/* What a session has come to, as far as this source knows. */
static void note_session(struct tc_accountant *accountant, struct source_line *line,
                         const struct tc_session *session)
{
    struct line_book *book = &accountant->lines[line->book];

    for (size_t i = 0; i < line->had_count; i++) {
        struct tc_account_session *noted = &book->sessions[line->had[i].session];

        if (line->had[i].ordinal != session->ordinal)
            continue;
        noted->next = session->next > noted->next ? session->next : noted->next;
        noted->end_seen |= session->end_seen;
    }
}

static enum tc_status open_line(struct tc_accountant *accountant, struct source_book *book,
                                uint16_t number, struct tc_error *error)
{
    const struct tc_catalog *catalog = &book->source->capture->catalog;
    const struct tc_line_state *start = &book->source->start->lines[number];
    struct source_line *line = &book->lines[number];
    enum tc_status status;
    size_t channel;

    status = channel_book(accountant, &catalog->channels[catalog->lines[number].channel], &channel,
                          error);
    if (status == TC_OK)
        status = line_book(accountant, &catalog->lines[number], channel, &line->book, error);
    if (status != TC_OK)
        return status;
    line->missing_memory = malloc(tc_sequence_footprint(MISSING_RANGES));
    if (line->missing_memory == NULL)
        return no_memory(error);
    tc_sequence_init(&line->sequence, line->missing_memory, MISSING_RANGES,
                     tc_line_rules(catalog, number));
    tc_sequence_resume(&line->sequence, start->sessions, start->session_count);
    for (uint8_t i = start->session_count; status == TC_OK && i > 0; i--)
        status = have_session(accountant, line, &start->sessions[i - 1],
                              start->sessions[i - 1].next, (uint8_t)(i - 1), error);
    return status;
}

static enum tc_status source_book(struct tc_accountant *accountant, const struct tc_source *source,
                                  struct source_book **found, struct tc_error *error)
{
    uint16_t lines = source->capture->catalog.line_count;
    enum tc_status status = TC_OK;

    for (size_t i = 0; i < accountant->source_count; i++) {
        *found = &accountant->sources[i];
        if ((*found)->source == source)
            return TC_OK;
    }
    *found = append(&accountant->sources, &accountant->source_count, sizeof **found);
    if (*found == NULL)
        return no_memory(error);
    (*found)->source = source;
    (*found)->lines = calloc(lines + 1u, sizeof(*found)->lines[0]);
    if ((*found)->lines == NULL)
        return no_memory(error);
    for (uint16_t i = 0; status == TC_OK && i < lines; i++)
        status = open_line(accountant, *found, i, error);
    return status;
}

/* ---- taking ---- */

/* A packet that arrived, recorded or not. */
static enum tc_status take_packet(struct tc_accountant *accountant, struct source_line *line,
                                  const struct tc_packet *packet, struct tc_error *error)
{
    struct line_book *book = &accountant->lines[line->book];
    const struct tc_session_track *track;
    struct tc_account_session *session;
    struct tc_verdict verdict;
    enum tc_status status = TC_OK;

    tc_sequence_packet(&line->sequence, packet, &verdict);
    track = &line->sequence.tracks[verdict.slot];
    if ((verdict.events & TC_VERDICT_RETIRED) != 0)
        note_session(accountant, line, &verdict.retired);
    if ((verdict.events & TC_VERDICT_NEW_SESSION) != 0)
        status = have_session(accountant, line, &track->session, track->session.first, verdict.slot,
                              error);
    if (status != TC_OK)
        return status;
    session = &book->sessions[line->slot_session[verdict.slot]];
    if (track->session.next > session->next)
        session->next = track->session.next;
    session->end_seen |= track->session.end_seen;
    if (tc_rangeset_add(&session->received, packet->sequence,
                        packet->sequence + packet->messages) != TC_OK)
        return no_memory(error);
    return TC_OK;
}

static enum tc_status add_name(struct names *names, const uint8_t *symbol, struct tc_error *error)
{
    uint64_t name = tc_load_le64(symbol);
    size_t slot;

    if (2 * (names->count + 1) > names->capacity) {
        struct names grown = {.capacity = names->capacity > 0 ? 2 * names->capacity
                                                              : NAME_SLOTS_FIRST};

        grown.slots = calloc(grown.capacity, sizeof grown.slots[0]);
        if (grown.slots == NULL)
            return no_memory(error);
        for (size_t i = 0; i < names->capacity; i++)
            if (names->slots[i] != 0 &&
                add_name(&grown, (const uint8_t *)&names->slots[i], error) != TC_OK)
                return TC_MEMORY;
        free(names->slots);
        *names = grown;
    }
    slot = (size_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 32) % names->capacity;
    while (names->slots[slot] != 0 && names->slots[slot] != name)
        slot = (slot + 1) % names->capacity;
    names->count += names->slots[slot] == 0 && name != 0;
    names->slots[slot] = name;
    return TC_OK;
}

/* Messages of a frame: their digest, and the names they carry. */
static enum tc_status take_messages(struct tc_accountant *accountant, struct line_book *book,
                                    const struct tc_item *item, struct tc_error *error)
{
    struct channel_book *channel = &accountant->channels[book->channel];
    bool names = (channel->channel->feed->flags & TC_FEED_LOCATES) == 0;
    struct tc_tick tick;

    tc_ticker_frame(accountant->ticker, item);
    while (tc_ticker_next(accountant->ticker, &tick)) {
        uint8_t length[2];

        tc_store_be16(length, tick.bytes);
        XXH3_64bits_update(book->digest, length, sizeof length);
        XXH3_64bits_update(book->digest, tick.message, tick.bytes);
        if (names && tick.symbol != NULL && add_name(&channel->names, tick.symbol, error) != TC_OK)
            return TC_MEMORY;
    }
    return TC_OK;
}

static enum tc_status take_frame(struct tc_accountant *accountant, struct source_book *source,
                                 const struct tc_item *item, struct tc_error *error)
{
    const struct tc_frame *frame = item->frame;
    const struct tc_catalog *catalog = &source->source->capture->catalog;
    struct tc_account *account = &accountant->account;
    struct source_line *line;
    struct tc_packet packet;
    enum tc_status status;

    account->frames++;
    account->messages += frame->messages;
    account->bytes_wire += frame->wire_bytes;
    account->bytes_captured += frame->captured_bytes;
    if (frame->rx_ns < account->first_rx_ns)
        account->first_rx_ns = frame->rx_ns;
    if (frame->rx_ns > account->last_rx_ns)
        account->last_rx_ns = frame->rx_ns;
    account->unmatched_frames += frame->line == TC_LINE_NONE;
    account->malformed_frames += (frame->flags & TC_FRAME_MALFORMED) != 0;
    if (frame->line == TC_LINE_NONE || (frame->flags & TC_FRAME_MALFORMED) != 0)
        return TC_OK;
    line = &source->lines[frame->line];
    if (!tc_frame_packet(catalog, frame, &packet))
        return tc_fail(error, TC_DAMAGED, "frame %lu of stream %u is no packet of its line",
                       item->number, source->source->stream);
    status = take_packet(accountant, line, &packet, error);
    return status == TC_OK ? take_messages(accountant, &accountant->lines[line->book], item, error)
                           : status;
}

/* Numbers that arrived, but are not in the capture. */
static enum tc_status take_drop(struct tc_accountant *accountant, struct source_book *source,
                                const struct tc_event *event, struct tc_error *error)
{
    struct tc_cursor in = tc_cursor_of(event->payload, event->payload_bytes);
    uint16_t lines = source->source->capture->catalog.line_count;
    enum tc_status status = TC_OK;
    struct tc_drop drop;

    tc_drop_read(&in, &drop);
    if (in.failed)
        return tc_fail(error, TC_DAMAGED, "a loss event of stream %u is cut short",
                       source->source->stream);
    for (uint32_t i = 0; status == TC_OK && i < drop.run_count; i++) {
        const struct tc_drop_run *run = &drop.runs[i];
        const struct tc_packet packet = {
            .session = run->session,
            .sequence = run->first,
            .messages = (uint32_t)(run->end - run->first),
            .kind = run->end > run->first ? TC_PACKET_DATA : TC_PACKET_HEARTBEAT,
        };

        if (run->line < lines && run->packets > 0)
            status = take_packet(accountant, &source->lines[run->line], &packet, error);
    }
    return status;
}

/* The clock of a block that has just begun. */
static enum tc_status take_clock(struct tc_accountant *accountant, const struct source_book *book,
                                 struct tc_error *error)
{
    const struct tc_source *source = book->source;
    const struct tc_capture *capture = source->capture;
    const struct tc_clock *clock = &source->state->clock;
    const struct tc_port *port = NULL;
    struct tc_account *account = &accountant->account;
    struct tc_account_clock *noted = NULL;

    for (uint16_t i = 0; i < capture->stream_count; i++)
        if (capture->streams[i].number == source->stream)
            port = &capture->ports[capture->streams[i].port];
    for (size_t i = 0; i < account->clock_count && noted == NULL; i++)
        if (account->clocks[i].port == port && account->clocks[i].clock.source == clock->source &&
            account->clocks[i].clock.unit == clock->unit &&
            account->clocks[i].clock.epoch == clock->epoch)
            noted = &account->clocks[i];
    if (noted == NULL) {
        noted = append(&account->clocks, &account->clock_count, sizeof *noted);
        if (noted == NULL)
            return no_memory(error);
        *noted = (struct tc_account_clock){port, *clock, UINT64_MAX, 0};
    }
    if (source->block->first_rx_ns < noted->from_ns)
        noted->from_ns = source->block->first_rx_ns;
    if (source->block->last_rx_ns > noted->to_ns)
        noted->to_ns = source->block->last_rx_ns;
    if (clock->error_ns_max > noted->clock.error_ns_max)
        noted->clock.error_ns_max = clock->error_ns_max;
    noted->clock.in_sync = clock->in_sync;
    return TC_OK;
}

enum tc_status tc_accountant_take(struct tc_accountant *accountant, const struct tc_item *item,
                                  struct tc_error *error)
{
    struct source_book *book;
    enum tc_status status = source_book(accountant, item->source, &book, error);

    if (status == TC_OK && book->block != item->source->block->number + 1 &&
        item->source->block->frames > 0) {
        book->block = item->source->block->number + 1;
        status = take_clock(accountant, book, error);
    }
    if (status != TC_OK)
        return status;
    if (item->kind == TC_ITEM_FRAME)
        return take_frame(accountant, book, item, error);
    accountant->account.events++;
    return item->event->kind == TC_EVENT_DROPPED ? take_drop(accountant, book, item->event, error)
                                                 : TC_OK;
}

/* ---- closing ---- */

/* What was counted between two states. */
static void add_difference(uint64_t *sum, const uint64_t *end, const uint64_t *start, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        sum[i] += end[i] - start[i];
}

static enum tc_status close_source(struct tc_accountant *accountant, const struct tc_source *source,
                                   struct tc_error *error)
{
    struct tc_account *account = &accountant->account;
    const struct tc_catalog *catalog = &source->capture->catalog;
    struct tc_account_stream *stream;
    struct source_book *book;
    enum tc_status status = source_book(accountant, source, &book, error);

    if (status != TC_OK)
        return status;
    stream = append(&account->streams, &account->stream_count, sizeof *stream);
    if (stream == NULL)
        return no_memory(error);
    stream->source = source;
    add_difference((uint64_t *)&stream->ledger, (const uint64_t *)&source->state->ledger,
                   (const uint64_t *)&source->start->ledger, TC_LEDGER_ROWS);
    tc_ledger_add(&account->ledger, &stream->ledger);
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        const struct tc_line_state *end = &source->state->lines[i];
        struct line_book *line = &accountant->lines[book->lines[i].book];

        add_difference((uint64_t *)&line->figures, (const uint64_t *)&end->figures,
                       (const uint64_t *)&source->start->lines[i].figures, TC_FIGURE_ROWS);
        for (uint8_t j = 0; j < end->session_count; j++)
            note_session(accountant, &book->lines[i], &end->sessions[j]);
    }
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        size_t channel = 0;

        status = channel_book(accountant, &catalog->channels[i], &channel, error);
        if (status != TC_OK)
            return status;
        if (source->state->symbols[i].known > accountant->channels[channel].known)
            accountant->channels[channel].known = source->state->symbols[i].known;
    }
    return TC_OK;
}

/* Session `of` and those of the same name on the channel's other lines, together. */
static enum tc_status merge_session(const struct tc_account_channel *channel,
                                    const struct tc_account_session *of,
                                    struct tc_account_merged *merged)
{
    struct tc_rangeset received = {0}, expected = {0}, missing = {0};
    enum tc_status status = TC_OK;

    for (size_t i = 0; i < channel->line_count; i++)
        for (size_t j = 0; status == TC_OK && j < channel->lines[i].session_count; j++) {
            const struct tc_account_session *session = &channel->lines[i].sessions[j];

            if (!tc_session_equal(session->id, of->id) || session->occurrence != of->occurrence)
                continue;
            status = tc_rangeset_join(&received, &session->received);
            if (status == TC_OK)
                status = tc_rangeset_add(&expected, session->base, session->next);
            if (status == TC_OK)
                status = tc_rangeset_add_gaps(&missing, &session->received, session->base,
                                              session->next);
        }
    merged->messages += received.ranges.numbers;
    merged->missing += expected.ranges.numbers - tc_rangeset_common(&expected, &received);
    merged->recovered += tc_rangeset_common(&missing, &received);
    tc_rangeset_free(&received);
    tc_rangeset_free(&expected);
    tc_rangeset_free(&missing);
    return status;
}

/* Whether an earlier line of the channel, or an earlier session of this one, has that session. */
static bool merged_before(const struct tc_account_channel *channel, size_t line, size_t session)
{
    const struct tc_account_session *of = &channel->lines[line].sessions[session];

    for (size_t i = 0; i < line; i++)
        for (size_t j = 0; j < channel->lines[i].session_count; j++)
            if (tc_session_equal(channel->lines[i].sessions[j].id, of->id) &&
                channel->lines[i].sessions[j].occurrence == of->occurrence)
                return true;
    return false;
}

static enum tc_status close_channel(struct tc_accountant *accountant, size_t index,
                                    struct tc_account_channel *channel, struct tc_error *error)
{
    const struct channel_book *book = &accountant->channels[index];
    enum tc_status status = TC_OK;

    channel->channel = book->channel;
    channel->symbols = (book->channel->feed->flags & TC_FEED_LOCATES) != 0 ? book->known
                                                                           : book->names.count;
    for (size_t i = 0; i < accountant->line_count; i++) {
        const struct line_book *from = &accountant->lines[i];
        struct tc_account_line *line;

        if (from->channel != index)
            continue;
        line = append(&channel->lines, &channel->line_count, sizeof *line);
        if (line == NULL)
            return no_memory(error);
        *line = (struct tc_account_line){.line = from->line,
                                         .figures = from->figures,
                                         .digest = XXH3_64bits_digest(from->digest),
                                         .sessions = from->sessions,
                                         .session_count = from->session_count};
    }
    for (size_t i = 0; i < channel->line_count; i++)
        for (size_t j = 0; status == TC_OK && j < channel->lines[i].session_count; j++)
            if (!merged_before(channel, i, j))
                status = merge_session(channel, &channel->lines[i].sessions[j], &channel->merged);
    return status == TC_OK ? TC_OK : no_memory(error);
}

enum tc_status tc_accountant_close(struct tc_accountant *accountant, const struct tc_reader *reader,
                                   struct tc_account *account, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < tc_reader_source_count(reader); i++)
        status = close_source(accountant, tc_reader_source(reader, i), error);
    for (size_t i = 0; status == TC_OK && i < accountant->channel_count; i++) {
        struct tc_account_channel *channel = append(
            &accountant->account.channels, &accountant->account.channel_count, sizeof *channel);

        if (channel == NULL)
            return no_memory(error);
        status = close_channel(accountant, i, channel, error);
    }
    if (accountant->account.frames == 0)
        accountant->account.first_rx_ns = 0;
    *account = accountant->account;
    return status;
}
