/*
 * The books that an accountant keeps: channels, lines and sessions over all runs and streams that
 * have them, under one number each. Internal to the account.
 */
#ifndef TC_FILE_ACCOUNTBOOKS_H
#define TC_FILE_ACCOUNTBOOKS_H

#include "base/digest.h"
#include "file/account.h"
#include "file/leads.h"

/* Names that messages of a channel carry: a set. */
struct tc_book_names {
    uint64_t *slots;
    size_t capacity;
    size_t count;
};

/* A channel over all runs that have one of that name and feed. */
struct tc_book_channel {
    const struct tc_channel *channel;
    struct tc_book_names names;
    uint64_t known;         /* locates with a name */
    struct tc_leads *leads; /* NULL: only one line has been heard */
};

struct tc_book_line {
    const struct tc_line *line;
    size_t channel; /* number of its book */
    XXH3_state_t *digest;
    struct tc_latency *latency; /* NULL: no message yet */
    struct tc_account_session *sessions;
    size_t session_count;
    struct tc_figures figures;
    uint64_t leads; /* packets that came on this line first */
};

struct tc_books {
    struct tc_book_channel *channels;
    size_t channel_count;
    struct tc_book_line *lines;
    size_t line_count;
};

void tc_books_free(struct tc_books *books);

/* Numbers of books, which are begun where they are new. */
TC_MUST_USE enum tc_status tc_books_channel(struct tc_books *books,
                                            const struct tc_channel *channel, size_t *number,
                                            struct tc_error *error);
TC_MUST_USE enum tc_status tc_books_line(struct tc_books *books, const struct tc_catalog *catalog,
                                         uint16_t line, size_t *number, struct tc_error *error);
TC_MUST_USE enum tc_status tc_books_session(struct tc_book_line *line, struct tc_session_id id,
                                            uint32_t occurrence, size_t *number,
                                            struct tc_error *error);

/* Notes a name of eight characters. */
TC_MUST_USE enum tc_status tc_books_name(struct tc_book_names *names, const uint8_t *symbol,
                                         struct tc_error *error);

/*
 * Puts the books into the account: channels with their lines, in order, and what the lines come to
 * together.
 */
TC_MUST_USE enum tc_status tc_books_close(const struct tc_books *books, struct tc_account *account,
                                          struct tc_error *error);

/* Appends a zeroed item to a growing array; NULL when memory is short. */
void *tc_books_append(void *array, size_t *count, size_t item_bytes);

static inline enum tc_status tc_books_no_memory(struct tc_error *error)
{
    return tc_fail(error, TC_MEMORY, "no memory for the account of this capture");
}

#endif
