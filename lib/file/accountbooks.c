/* Looking up, beginning and closing books. */
#include "file/accountbooks.h"

#include <stdlib.h>

enum { NAME_SLOTS_FIRST = 1024 };

void tc_books_free(struct tc_books *books)
{
    for (size_t i = 0; i < books->line_count; i++) {
        for (size_t j = 0; j < books->lines[i].session_count; j++) {
            tc_rangeset_free(&books->lines[i].sessions[j].received);
            tc_rangeset_free(&books->lines[i].sessions[j].recorded);
        }
        free(books->lines[i].sessions);
        free(books->lines[i].latency);
        XXH3_freeState(books->lines[i].digest);
    }
    for (size_t i = 0; i < books->channel_count; i++)
        free(books->channels[i].names.slots);
    for (size_t i = 0; i < books->channel_count; i++)
        free(books->channels[i].leads);
    free(books->channels);
    free(books->lines);
}

/* Room grows by doubling: counts are powers of two when it is full. */
void *tc_books_append(void *array, size_t *count, size_t item_bytes)
{
    void **items = array;
    uint8_t *grown = *items;

    if ((*count & (*count - 1)) == 0)
        grown = realloc(*items, (*count > 0 ? 2 * *count : 1) * item_bytes);
    if (grown == NULL)
        return NULL;
    *items = grown;
    memset(grown + *count * item_bytes, 0, item_bytes);
    return grown + (*count)++ * item_bytes;
}

/* ---- numbers ---- */

enum tc_status tc_books_channel(struct tc_books *books, const struct tc_channel *channel,
                                size_t *number, struct tc_error *error)
{
    struct tc_book_channel *book;

    for (*number = 0; *number < books->channel_count; (*number)++) {
        const struct tc_channel *known = books->channels[*number].channel;

        if (strcmp(known->name, channel->name) == 0 &&
            strcmp(known->feed->name, channel->feed->name) == 0)
            return TC_OK;
    }
    book = tc_books_append(&books->channels, &books->channel_count, sizeof *book);
    if (book == NULL)
        return tc_books_no_memory(error);
    book->channel = channel;
    return TC_OK;
}

enum tc_status tc_books_line(struct tc_books *books, const struct tc_catalog *catalog,
                             uint16_t line, size_t *number, struct tc_error *error)
{
    const struct tc_line *named = &catalog->lines[line];
    struct tc_book_line *book;
    size_t channel;
    enum tc_status status = tc_books_channel(books, &catalog->channels[named->channel], &channel,
                                             error);

    if (status != TC_OK)
        return status;
    for (*number = 0; *number < books->line_count; (*number)++)
        if (books->lines[*number].channel == channel &&
            strcmp(books->lines[*number].line->name, named->name) == 0)
            return TC_OK;
    book = tc_books_append(&books->lines, &books->line_count, sizeof *book);
    if (book == NULL)
        return tc_books_no_memory(error);
    book->line = named;
    book->channel = channel;
    book->digest = XXH3_createState();
    if (book->digest == NULL)
        return tc_books_no_memory(error);
    XXH3_64bits_reset(book->digest);
    return TC_OK;
}

enum tc_status tc_books_session(struct tc_book_line *line, struct tc_session_id id,
                                uint32_t occurrence, size_t *number, struct tc_error *error)
{
    struct tc_account_session *session;

    for (*number = 0; *number < line->session_count; (*number)++)
        if (tc_session_equal(line->sessions[*number].id, id) &&
            line->sessions[*number].occurrence == occurrence)
            return TC_OK;
    session = tc_books_append(&line->sessions, &line->session_count, sizeof *session);
    if (session == NULL)
        return tc_books_no_memory(error);
    session->id = id;
    session->occurrence = occurrence;
    session->first = session->base = UINT64_MAX;
    return TC_OK;
}

/* ---- names ---- */

static void insert(const struct tc_book_names *names, uint64_t name)
{
    size_t slot = (size_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 32) % names->capacity;

    while (names->slots[slot] != 0 && names->slots[slot] != name)
        slot = (slot + 1) % names->capacity;
    names->slots[slot] = name;
}

static bool holds(const struct tc_book_names *names, uint64_t name)
{
    size_t slot = (size_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 32) % names->capacity;

    while (names->slots[slot] != 0 && names->slots[slot] != name)
        slot = (slot + 1) % names->capacity;
    return names->slots[slot] == name;
}

enum tc_status tc_books_name(struct tc_book_names *names, const uint8_t *symbol,
                             struct tc_error *error)
{
    uint64_t name = tc_load_le64(symbol);

    if (name == 0 || (names->capacity > 0 && holds(names, name)))
        return TC_OK;
    if (2 * (names->count + 1) > names->capacity) {
        struct tc_book_names grown = {
            .capacity = names->capacity > 0 ? 2 * names->capacity : NAME_SLOTS_FIRST,
            .count = names->count,
        };

        grown.slots = calloc(grown.capacity, sizeof grown.slots[0]);
        if (grown.slots == NULL)
            return tc_books_no_memory(error);
        for (size_t i = 0; i < names->capacity; i++)
            if (names->slots[i] != 0)
                insert(&grown, names->slots[i]);
        free(names->slots);
        *names = grown;
    }
    insert(names, name);
    names->count++;
    return TC_OK;
}

/* ---- closing ---- */

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

static enum tc_status close_channel(const struct tc_books *books, size_t number,
                                    struct tc_account_channel *channel, struct tc_error *error)
{
    const struct tc_book_channel *book = &books->channels[number];
    enum tc_status status = TC_OK;

    channel->channel = book->channel;
    channel->lead = book->leads != NULL ? &book->leads->lead : NULL;
    channel->symbols = (book->channel->feed->flags & TC_FEED_LOCATES) != 0 ? book->known
                                                                           : book->names.count;
    for (size_t i = 0; i < books->line_count; i++) {
        const struct tc_book_line *from = &books->lines[i];
        struct tc_account_line *line;

        if (from->channel != number)
            continue;
        line = tc_books_append(&channel->lines, &channel->line_count, sizeof *line);
        if (line == NULL)
            return tc_books_no_memory(error);
        *line = (struct tc_account_line){.line = from->line,
                                         .book = i,
                                         .figures = from->figures,
                                         .digest = XXH3_64bits_digest(from->digest),
                                         .latency = from->latency,
                                         .leads = from->leads,
                                         .sessions = from->sessions,
                                         .session_count = from->session_count};
    }
    for (size_t i = 0; i < channel->line_count; i++)
        for (size_t j = 0; status == TC_OK && j < channel->lines[i].session_count; j++)
            if (!merged_before(channel, i, j))
                status = merge_session(channel, &channel->lines[i].sessions[j], &channel->merged);
    return status == TC_OK ? TC_OK : tc_books_no_memory(error);
}

enum tc_status tc_books_close(const struct tc_books *books, struct tc_account *account,
                              struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < books->channel_count; i++) {
        struct tc_account_channel *channel = tc_books_append(
            &account->channels, &account->channel_count, sizeof *channel);

        if (channel == NULL)
            return tc_books_no_memory(error);
        status = close_channel(books, i, channel, error);
    }
    return status;
}
