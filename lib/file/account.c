/* Frames and events in, sessions and sums out. */
#include "file/account.h"

#include <stdlib.h>

#include "file/accountbooks.h"

/* A session that a line of a source has had. */
struct had_session {
    uint32_t ordinal;
    size_t session; /* index in the line's book */
};

/* A line as one source has it. */
struct source_line {
    size_t book;
    struct had_session *had;
    size_t had_count;
    size_t slot_session[2]; /* index in the book of the session in each slot of the tracker */
};

struct source_book {
    const struct tc_source *source;
    struct tc_retrace retrace;
    struct source_line *lines;
    uint64_t block;      /* number of the one seen last, plus one */
    size_t clock;        /* index in the account of that block's */
    uint64_t nic_missed; /* as the latest event told */
};

struct tc_accountant {
    struct tc_account account;
    struct tc_ticker *ticker;
    struct source_book *sources; /* in the order of the reader, as the account's streams */
    size_t source_count;
    struct tc_books books;
    bool holes;
    /* of the packet being taken */
    struct source_book *taking;
    size_t stream;
};

static void free_source(struct source_book *book)
{
    uint16_t lines = book->source->capture->catalog.line_count;

    for (uint16_t i = 0; book->lines != NULL && i < lines; i++)
        free(book->lines[i].had);
    free(book->lines);
    tc_retrace_free(&book->retrace);
}

void tc_accountant_free(struct tc_accountant *accountant)
{
    if (accountant == NULL)
        return;
    for (size_t i = 0; i < accountant->source_count; i++)
        free_source(&accountant->sources[i]);
    free(accountant->sources);
    for (size_t i = 0; i < accountant->account.channel_count; i++)
        free(accountant->account.channels[i].lines);
    free(accountant->account.channels);
    free(accountant->account.streams);
    free(accountant->account.clocks);
    free(accountant->account.holes);
    free(accountant->account.marks);
    tc_books_free(&accountant->books);
    tc_ticker_free(accountant->ticker);
    free(accountant);
}

/* ---- sessions ---- */

/* Notes that a line of a source has a session, and which of its book's it is. */
static enum tc_status have_session(struct tc_accountant *accountant, struct source_line *line,
                                   const struct tc_session *session, uint64_t base, uint8_t slot,
                                   struct tc_error *error)
{
    struct tc_book_line *book = &accountant->books.lines[line->book];
    uint32_t occurrence = 0;
    struct had_session *had;
    enum tc_status status;
    size_t index;

    for (size_t i = 0; i < line->had_count; i++)
        occurrence += tc_session_equal(book->sessions[line->had[i].session].id, session->id);
    status = tc_books_session(book, session->id, occurrence, &index, error);
    if (status != TC_OK)
        return status;
    had = tc_books_append(&line->had, &line->had_count, sizeof *had);
    if (had == NULL)
        return tc_books_no_memory(error);
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
    struct tc_book_line *book = &accountant->books.lines[line->book];

    for (size_t i = 0; i < line->had_count; i++) {
        struct tc_account_session *noted = &book->sessions[line->had[i].session];

        if (line->had[i].ordinal != session->ordinal)
            continue;
        noted->next = session->next > noted->next ? session->next : noted->next;
        noted->end_seen |= session->end_seen;
    }
}

/* ---- sources ---- */

static enum tc_status open_line(struct tc_accountant *accountant, struct source_book *book,
                                uint16_t number, struct tc_error *error)
{
    const struct tc_line_state *start = &book->source->start->lines[number];
    struct source_line *line = &book->lines[number];
    enum tc_status status = tc_books_line(&accountant->books, &book->source->capture->catalog,
                                          number, &line->book, error);

    for (uint8_t i = start->session_count; status == TC_OK && i > 0; i--)
        status = have_session(accountant, line, &start->sessions[i - 1],
                              start->sessions[i - 1].next, (uint8_t)(i - 1), error);
    return status;
}

static enum tc_status open_source(struct tc_accountant *accountant, const struct tc_source *source,
                                  struct source_book *book, struct tc_error *error)
{
    const struct tc_capture *capture = source->capture;
    struct tc_account_stream *stream;
    enum tc_status status;

    book->source = source;
    book->nic_missed = source->start->nic.missed;
    stream = tc_books_append(&accountant->account.streams, &accountant->account.stream_count,
                             sizeof *stream);
    book->lines = calloc(capture->catalog.line_count + 1u, sizeof book->lines[0]);
    if (stream == NULL || book->lines == NULL)
        return tc_books_no_memory(error);
    stream->source = source;
    for (uint16_t i = 0; i < capture->stream_count; i++)
        if (capture->streams[i].number == source->stream &&
            capture->streams[i].port < capture->port_count)
            stream->port = &capture->ports[capture->streams[i].port];
    status = tc_retrace_init(&book->retrace, source, source->from_begin, error);
    for (uint16_t i = 0; status == TC_OK && i < capture->catalog.line_count; i++)
        status = open_line(accountant, book, i, error);
    return status;
}

enum tc_status tc_accountant_open(struct tc_accountant **opened, const struct tc_reader *reader,
                                  bool holes, struct tc_error *error)
{
    struct tc_accountant *accountant = calloc(1, sizeof *accountant);
    enum tc_status status = TC_OK;

    if (accountant == NULL || (accountant->ticker = tc_ticker_new()) == NULL ||
        (accountant->sources = calloc(tc_reader_source_count(reader),
                                      sizeof accountant->sources[0])) == NULL) {
        tc_accountant_free(accountant);
        return tc_books_no_memory(error);
    }
    accountant->holes = holes;
    accountant->account.first_rx_ns = UINT64_MAX;
    for (size_t i = 0; status == TC_OK && i < tc_reader_source_count(reader); i++)
        status = open_source(accountant, tc_reader_source(reader, i),
                             &accountant->sources[accountant->source_count++], error);
    if (status != TC_OK) {
        tc_accountant_free(accountant);
        return status;
    }
    *opened = accountant;
    return TC_OK;
}

/* ---- taking ---- */

static uint64_t lower(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t higher(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

static enum tc_status list_hole(struct tc_accountant *accountant, const struct tc_retraced *packet,
                                size_t session, uint64_t first, uint64_t end,
                                struct tc_error *error)
{
    struct tc_account_hole *hole = tc_books_append(&accountant->account.holes,
                                                   &accountant->account.hole_count, sizeof *hole);

    if (hole == NULL)
        return tc_books_no_memory(error);
    *hole = (struct tc_account_hole){
        .line = accountant->taking->lines[packet->line].book,
        .session = session,
        .first = first,
        .end = end,
        .before_ns = packet->before_ns,
        .after_ns = packet->time_ns,
        .stream = accountant->stream,
    };
    return TC_OK;
}

/* Holes that a packet shows or, where it was dropped, is. */
static enum tc_status list_holes(struct tc_accountant *accountant, const struct tc_retraced *packet,
                                 size_t session, struct tc_error *error)
{
    const struct tc_run *run = &packet->run;
    enum tc_status status = TC_OK;
    struct tc_account_hole *hole;

    if (packet->verdict.missing > 0)
        status = list_hole(accountant, packet, session, run->first - packet->verdict.missing,
                           run->first, error);
    if (status != TC_OK || packet->recorded || packet->fate == TC_DROP_FILTERED ||
        run->end == run->first)
        return status;
    status = list_hole(accountant, packet, session, run->first, run->end, error);
    if (status != TC_OK)
        return status;
    hole = &accountant->account.holes[accountant->account.hole_count - 1];
    hole->received = true;
    hole->cause = packet->fate;
    return TC_OK;
}

/* Compares a recorded packet with its copy on another line. */
static enum tc_status take_lead(struct tc_accountant *accountant, const struct tc_retraced *packet,
                                struct tc_error *error)
{
    const struct tc_catalog *catalog = &accountant->taking->source->capture->catalog;
    size_t number = accountant->taking->lines[packet->line].book;
    struct tc_book_channel *channel =
        &accountant->books.channels[accountant->books.lines[number].channel];
    int64_t first;

    if (catalog->channels[catalog->lines[packet->line].channel].line_count < 2 ||
        !packet->recorded || packet->run.first == packet->run.end ||
        (packet->item->frame->flags & TC_FRAME_BAD_TIME) != 0)
        return TC_OK;
    if (channel->leads == NULL && (channel->leads = calloc(1, sizeof *channel->leads)) == NULL)
        return tc_books_no_memory(error);
    first = tc_leads_take(channel->leads, (uint32_t)number, &packet->run.session, packet->run.first,
                          packet->time_ns);
    if (first >= 0)
        accountant->books.lines[first].leads++;
    return TC_OK;
}

/* A packet that arrived, recorded or not. */
static enum tc_status take_packet(void *context, const struct tc_retraced *packet,
                                  struct tc_error *error)
{
    struct tc_accountant *accountant = context;
    struct source_book *source = accountant->taking;
    struct source_line *line = &source->lines[packet->line];
    const struct tc_verdict *verdict = &packet->verdict;
    const struct tc_session *of =
        &source->retrace.lines[packet->line].sequence.tracks[verdict->slot].session;
    struct tc_account_session *session;
    enum tc_status status = TC_OK;

    if ((verdict->events & TC_VERDICT_RETIRED) != 0)
        note_session(accountant, line, &verdict->retired);
    if ((verdict->events & TC_VERDICT_NEW_SESSION) != 0)
        status = have_session(accountant, line, of, of->first, verdict->slot, error);
    if (status != TC_OK)
        return status;
    session = &accountant->books.lines[line->book].sessions[line->slot_session[verdict->slot]];
    if (of->next > session->next)
        session->next = of->next;
    session->end_seen |= of->end_seen;
    if (tc_rangeset_add(&session->received, packet->run.first, packet->run.end) != TC_OK)
        return tc_books_no_memory(error);
    if (accountant->holes && packet->recorded &&
        tc_rangeset_add(&session->recorded, packet->run.first, packet->run.end) != TC_OK)
        return tc_books_no_memory(error);
    status = take_lead(accountant, packet, error);
    if (status != TC_OK)
        return status;
    return accountant->holes
               ? list_holes(accountant, packet, line->slot_session[verdict->slot], error)
               : TC_OK;
}

/* How long a message took. Where its frame's receive time was refused, nobody knows. */
static enum tc_status take_latency(struct tc_book_line *book, const struct tc_tick *tick,
                                   struct tc_error *error)
{
    int64_t processing = (int64_t)(tick->frame->proc_ns - tick->frame->rx_ns);

    if ((tick->flags & TC_TICK_BAD_TIME) != 0)
        return TC_OK;
    if (book->latency == NULL && (book->latency = calloc(1, sizeof *book->latency)) == NULL)
        return tc_books_no_memory(error);
    tc_histogram_add(&book->latency->processing, processing);
    if (!tick->has_exch)
        return TC_OK;
    tc_histogram_add(&book->latency->network, (int64_t)(tick->frame->rx_ns - tick->exch_ns));
    tc_histogram_add(&book->latency->total, (int64_t)(tick->frame->proc_ns - tick->exch_ns));
    return TC_OK;
}

/* Messages of a frame: their digest, and the names they carry. */
static enum tc_status take_messages(struct tc_accountant *accountant, const struct tc_item *item,
                                    struct tc_error *error)
{
    struct tc_book_line *book =
        &accountant->books.lines[accountant->taking->lines[item->frame->line].book];
    struct tc_book_channel *channel = &accountant->books.channels[book->channel];
    bool names = (channel->channel->feed->flags & TC_FEED_LOCATES) == 0;
    struct tc_tick tick;

    tc_ticker_frame(accountant->ticker, item);
    while (tc_ticker_next(accountant->ticker, &tick)) {
        uint8_t length[2];

        tc_store_be16(length, tick.bytes);
        XXH3_64bits_update(book->digest, length, sizeof length);
        XXH3_64bits_update(book->digest, tick.message, tick.bytes);
        if (take_latency(book, &tick, error) != TC_OK)
            return TC_MEMORY;
        if (names && tick.symbol != NULL &&
            tc_books_name(&channel->names, tick.symbol, error) != TC_OK)
            return TC_MEMORY;
    }
    return TC_OK;
}

/* A receive time that was not refused. */
static void take_time(struct tc_accountant *accountant, uint64_t rx_ns)
{
    struct tc_account *account = &accountant->account;
    struct tc_account_clock *clock = &account->clocks[accountant->taking->clock];

    account->first_rx_ns = lower(account->first_rx_ns, rx_ns);
    account->last_rx_ns = higher(account->last_rx_ns, rx_ns);
    clock->from_ns = lower(clock->from_ns, rx_ns);
    clock->to_ns = higher(clock->to_ns, rx_ns);
}

static enum tc_status take_frame(struct tc_accountant *accountant, const struct tc_item *item,
                                 struct tc_error *error)
{
    const struct tc_frame *frame = item->frame;
    struct tc_account *account = &accountant->account;

    account->frames++;
    account->messages += frame->messages;
    account->bytes_wire += frame->wire_bytes;
    account->bytes_captured += frame->captured_bytes;
    if ((frame->flags & TC_FRAME_BAD_TIME) == 0)
        take_time(accountant, frame->rx_ns);
    account->unmatched_frames += frame->line == TC_LINE_NONE;
    account->malformed_frames += (frame->flags & TC_FRAME_MALFORMED) != 0;
    return frame->messages > 0 ? take_messages(accountant, item, error) : TC_OK;
}

/* Remembers what may say whose a hole is. */
static enum tc_status take_event(struct tc_accountant *accountant, const struct tc_event *event,
                                 struct tc_error *error)
{
    struct tc_account_mark mark = {.kind = event->kind,
                                   .stream = accountant->stream,
                                   .from_ns = event->time_ns,
                                   .to_ns = event->time_ns};
    struct tc_cursor in = tc_cursor_of(event->payload, event->payload_bytes);
    struct tc_account_mark *kept;

    accountant->account.events++;
    if (event->kind == TC_EVENT_NIC) {
        uint64_t missed = tc_cursor_u64(&in);

        tc_cursor_take(&in, 16);
        mark.from_ns = tc_cursor_u64(&in);
        mark.frames = missed - accountant->taking->nic_missed;
        accountant->taking->nic_missed = missed;
    } else if (event->kind == TC_EVENT_DROPPED) {
        struct tc_drop drop;

        tc_drop_read(&in, &drop);
        mark.from_ns = drop.first_ns;
        if (drop.exact)
            return TC_OK;
    } else if (event->kind != TC_EVENT_LINK) {
        return TC_OK;
    }
    kept = tc_books_append(&accountant->account.marks, &accountant->account.mark_count,
                           sizeof *kept);
    if (kept == NULL)
        return tc_books_no_memory(error);
    *kept = mark;
    return TC_OK;
}

/* The worst that a clock has claimed, and the latest of the rest. */
static void note_clock(struct tc_account_clock *noted, const struct tc_clock *clock)
{
    uint64_t error_ns = noted->clock.error_ns, host_ns = noted->clock.host_error_ns;

    noted->clock = *clock;
    if (error_ns > noted->clock.error_ns)
        noted->clock.error_ns = error_ns;
    if (host_ns > noted->clock.host_error_ns)
        noted->clock.host_error_ns = host_ns;
}

bool tc_account_drift(const struct tc_account_clock *noted, double *drift_ppb)
{
    int64_t change = (int64_t)(noted->clock.slope - noted->first.slope);

    if (noted->clock.unit != TC_UNIT_TICKS || noted->first.slope == 0)
        return false;
    *drift_ppb = (double)change / (double)noted->first.slope * 1e9;
    return true;
}

/* The clock of a block that has just begun. */
static enum tc_status take_clock(struct tc_accountant *accountant, struct source_book *book,
                                 struct tc_error *error)
{
    const struct tc_clock *clock = &book->source->state->clock;
    struct tc_account *account = &accountant->account;
    const struct tc_port *port = account->streams[accountant->stream].port;
    struct tc_account_clock *noted = NULL;

    for (size_t i = 0; i < account->clock_count && noted == NULL; i++)
        if (account->clocks[i].port == port && account->clocks[i].clock.source == clock->source &&
            account->clocks[i].clock.unit == clock->unit &&
            account->clocks[i].clock.epoch == clock->epoch)
            noted = &account->clocks[i];
    if (noted == NULL) {
        noted = tc_books_append(&account->clocks, &account->clock_count, sizeof *noted);
        if (noted == NULL)
            return tc_books_no_memory(error);
        *noted = (struct tc_account_clock){
            .port = port, .clock = *clock, .first = *clock, .from_ns = UINT64_MAX};
    }
    book->clock = (size_t)(noted - account->clocks);
    note_clock(noted, clock);
    return TC_OK;
}

enum tc_status tc_accountant_take(struct tc_accountant *accountant, const struct tc_item *item,
                                  struct tc_error *error)
{
    enum tc_status status = TC_OK;
    struct source_book *book;

    accountant->stream = 0;
    while (accountant->sources[accountant->stream].source != item->source)
        accountant->stream++;
    accountant->taking = book = &accountant->sources[accountant->stream];
    if (book->block != item->source->block->number + 1 && item->source->block->frames > 0) {
        book->block = item->source->block->number + 1;
        status = take_clock(accountant, book, error);
    }
    if (status == TC_OK)
        status = tc_retrace_take(&book->retrace, item, take_packet, accountant, error);
    if (status != TC_OK)
        return status;
    return item->kind == TC_ITEM_FRAME ? take_frame(accountant, item, error)
                                       : take_event(accountant, item->event, error);
}

/* ---- closing ---- */

/* What was counted between two states. */
static void add_difference(uint64_t *sum, const uint64_t *end, const uint64_t *start, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        sum[i] += end[i] - start[i];
}

static void close_nic(struct tc_account *account, struct tc_account_stream *stream)
{
    const struct tc_source *source = stream->source;

    add_difference((uint64_t *)&stream->nic, (const uint64_t *)&source->state->nic,
                   (const uint64_t *)&source->start->nic, TC_NIC_ROWS);
    stream->nic.sampled_ns = source->state->nic.sampled_ns;
    if (stream->port == NULL || stream->port->losses == TC_LOSSES_ABSENT)
        return;
    account->nic_known = true;
    account->nic.missed += stream->nic.missed;
    account->nic.errors += stream->nic.errors;
    account->nic.nombuf += stream->nic.nombuf;
}

static enum tc_status close_source(struct tc_accountant *accountant, size_t index,
                                   struct tc_error *error)
{
    struct tc_account *account = &accountant->account;
    struct source_book *book = &accountant->sources[index];
    struct tc_account_stream *stream = &account->streams[index];
    const struct tc_source *source = book->source;
    const struct tc_catalog *catalog = &source->capture->catalog;

    add_difference((uint64_t *)&stream->ledger, (const uint64_t *)&source->state->ledger,
                   (const uint64_t *)&source->start->ledger, TC_LEDGER_ROWS);
    tc_ledger_add(&account->ledger, &stream->ledger);
    close_nic(account, stream);
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        const struct tc_line_state *end = &source->state->lines[i];
        struct tc_book_line *line = &accountant->books.lines[book->lines[i].book];

        add_difference((uint64_t *)&line->figures, (const uint64_t *)&end->figures,
                       (const uint64_t *)&source->start->lines[i].figures, TC_FIGURE_ROWS);
        for (uint8_t j = 0; j < end->session_count; j++)
            note_session(accountant, &book->lines[i], &end->sessions[j]);
    }
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        size_t channel = 0;
        enum tc_status status = tc_books_channel(&accountant->books, &catalog->channels[i],
                                                 &channel, error);

        if (status != TC_OK)
            return status;
        if (source->state->symbols[i].known > accountant->books.channels[channel].known)
            accountant->books.channels[channel].known = source->state->symbols[i].known;
    }
    return TC_OK;
}

enum tc_status tc_accountant_close(struct tc_accountant *accountant, struct tc_account *account,
                                   struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < accountant->source_count; i++)
        status = close_source(accountant, i, error);
    if (status == TC_OK)
        status = tc_books_close(&accountant->books, &accountant->account, error);
    /* no receive time was good */
    if (accountant->account.first_rx_ns == UINT64_MAX)
        accountant->account.first_rx_ns = 0;
    for (size_t i = 0; i < accountant->account.clock_count; i++)
        if (accountant->account.clocks[i].from_ns == UINT64_MAX)
            accountant->account.clocks[i].from_ns = 0;
    *account = accountant->account;
    return status;
}
