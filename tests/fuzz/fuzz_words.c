/*
 * Words that a user types: numbers, sizes, times, addresses. Any word is a value, or is refused
 * with a sentence; what is taken for a time comes back from its own text.
 */
#include "base/text.h"
#include "common/parse.h"
#include "fuzz.h"

static int64_t eastern(const void *zone, int64_t local_s)
{
    (void)zone;
    return local_s % 2 == 0 ? -5 * 3600 : -4 * 3600;
}

static void refused(const struct tc_error *error)
{
    FUZZ_MUST(error->status == TC_USAGE && strlen(error->text) > 10, "refused without a sentence");
}

/* A time, written as text, is the same time. */
static void write_time(uint64_t time_ns)
{
    char text[64] = "";
    struct tc_scribe out = tc_scribe_of(text, sizeof text - 1);
    struct tc_error error = {0};
    uint64_t again = 0;

    tc_text_time(&out, time_ns);
    FUZZ_MUST(!out.failed, "a time has no room");
    if (time_ns / 1000000000 > 9183110400) /* 2261, the last year that is taken */
        return;
    FUZZ_MUST(tc_parse_time(text, NULL, NULL, &again, &error) == TC_OK, error.text);
    FUZZ_MUST(again == time_ns, "a time has come back as another");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *word = malloc(length + 1);
    struct tc_error error = {0};
    uint32_t address;
    uint64_t number;
    double real;

    FUZZ_MUST(word != NULL, "no memory for a word");
    memcpy(word, bytes, length);
    word[length] = '\0';
    if (tc_parse_uint(word, length, UINT64_MAX - length, &number, &error) != TC_OK)
        refused(&error);
    else
        FUZZ_MUST(number >= length && number <= UINT64_MAX - length, "a number out of its range");
    if (tc_parse_bytes(word, &number, &error) != TC_OK)
        refused(&error);
    if (tc_parse_real(word, -1e9, 1e9, &real, &error) != TC_OK)
        refused(&error);
    else
        FUZZ_MUST(real >= -1e9 && real <= 1e9, "a real number out of its range");
    if (tc_parse_address(word, &address, &error) != TC_OK)
        refused(&error);
    if (tc_parse_time(word, NULL, NULL, &number, &error) != TC_OK)
        refused(&error);
    else
        write_time(number);
    if (tc_parse_time(word, eastern, NULL, &number, &error) != TC_OK)
        refused(&error);
    free(word);
    return 0;
}
