/*
 * What a call can answer, and one sentence about why.
 *
 * A status is an enum so that it can be compared and must be used; the detail that a person needs
 * (which file, which offset, what was expected) goes through an optional out structure, so that
 * code which only wants to know "did it work" pays nothing and prints nothing.
 */
#ifndef TC_BASE_STATUS_H
#define TC_BASE_STATUS_H

#define TC_MUST_USE __attribute__((warn_unused_result))
#define TC_PRINTF(format_index, first_argument) \
    __attribute__((format(printf, format_index, first_argument)))

/* code, name, sentence */
#define TC_STATUS_TABLE(X)                                                       \
    X(TC_OK, "ok", "it worked")                                                  \
    X(TC_END, "end", "there is no more")                                         \
    X(TC_FULL, "full", "there is no room left")                                  \
    X(TC_USAGE, "usage", "an argument or a configuration value is not usable")   \
    X(TC_FOREIGN, "foreign", "the bytes are of another kind than expected")      \
    X(TC_VERSION, "version", "the bytes are of a version that is not read here") \
    X(TC_TRUNCATED, "truncated", "the bytes end too early")                      \
    X(TC_DAMAGED, "damaged", "the bytes contradict themselves")                  \
    X(TC_LIMIT, "limit", "a count or a length is beyond what is supported")      \
    X(TC_MEMORY, "memory", "memory could not be had")                            \
    X(TC_IO, "io", "the operating system refused to read or to write")           \
    X(TC_BUSY, "busy", "somebody else holds it")                                 \
    X(TC_MISSING, "missing", "it is not there")

enum tc_status {
#define TC_STATUS_CODE(code, name, sentence) code,
    TC_STATUS_TABLE(TC_STATUS_CODE)
#undef TC_STATUS_CODE
        TC_STATUS_COUNT
};

enum { TC_ERROR_BYTES = 512 };

/* Detail of a failure. `text` is one sentence without a full stop or a line end. */
struct tc_error {
    enum tc_status status;
    char text[TC_ERROR_BYTES];
};

/* Short stable name of a status ("truncated"); "unknown" for a value outside the table. */
const char *tc_status_name(enum tc_status status);

/* What a status means, for a reader who has no detail. */
const char *tc_status_sentence(enum tc_status status);

/* Fills `error` (may be NULL) and returns `status`, so that a failure is one return statement. */
enum tc_status tc_fail(struct tc_error *error, enum tc_status status, const char *format, ...)
    TC_PRINTF(3, 4);

/* Told of each part of something that could not be read, while the rest of it is. */
typedef void tc_fault_told(void *context, const struct tc_error *fault);

#endif
