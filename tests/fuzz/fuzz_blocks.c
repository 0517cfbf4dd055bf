/*
 * Blocks: any bytes behind a sound checksum are refused, or are frames that hold together.
 *
 * Input: a block of a capture with two lines of every feed. Header and checksums are put right
 * first, the digest of the frames once they are known.
 */
#include "feed/registry.h"
#include "hostile.h"
#include "tickparts.h"

static const struct tc_capture *capture_of_all(void)
{
    static struct tc_capture *capture;

    if (capture == NULL)
        capture = smith_capture_of_all_feeds();
    return capture;
}

/* A frame lies where its bytes are, and its messages in it. */
static void check_frame(const struct tc_catalog *catalog, const struct tc_frame *frame)
{
    const struct tc_framer *framer;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < frame->captured_bytes; i++)
        sum += frame->bytes[i]; /* a sanitizer looks at each */
    FUZZ_MUST(sum <= UINT64_C(0xff) * frame->captured_bytes, "bytes are more than bytes can be");
    FUZZ_MUST(frame->line == TC_LINE_NONE || frame->line < catalog->line_count,
              "a frame of a line that there is not");
    FUZZ_MUST(frame->line != TC_LINE_NONE || frame->messages == 0, "messages of no line");
    for (uint32_t i = 0; i < frame->messages; i++) {
        const struct tc_mark *mark = &frame->marks[i];
        uint32_t at = frame->payload_offset + (uint32_t)mark->offset;

        framer = &catalog->channels[catalog->lines[frame->line].channel].framer;
        FUZZ_MUST(at >= TC_LENGTH_PREFIX_BYTES && at <= frame->captured_bytes,
                  "a message outside of its frame");
        FUZZ_MUST(tc_framer_bytes(framer, frame->bytes + at) <= frame->captured_bytes - at,
                  "a message longer than its frame");
        FUZZ_MUST(mark->class == TC_CLASS_OTHER || (mark->class < framer->feed->type_count &&
                                                    framer->feed->types[mark->class].bytes ==
                                                        tc_framer_bytes(framer, frame->bytes + at)),
                  "a message of another length than its type");
    }
}

static void check_frames(const struct tc_join *join, const struct tc_block_header *header)
{
    uint32_t count, events, position = 0;
    const struct tc_frame *frames = tc_join_frames(join, &count);
    const struct tc_event *told = tc_join_events(join, &events);
    uint64_t bytes = 0, messages = 0;

    for (uint32_t i = 0; i < count; i++) {
        check_frame(&capture_of_all()->catalog, &frames[i]);
        bytes += frames[i].captured_bytes;
        messages += frames[i].messages;
    }
    FUZZ_MUST(count == header->frames && bytes == header->frame_bytes &&
                  messages == header->messages,
              "a block has other sums than its header");
    FUZZ_MUST(events == header->events, "a block has other events than its header");
    for (uint32_t i = 0; i < events; i++) {
        FUZZ_MUST(told[i].position >= position && told[i].position <= count,
                  "an event out of place");
        position = told[i].position;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const uint8_t id[TC_ID_BYTES] = {1};
    uint8_t *block = fuzz_exact(bytes, length);
    size_t stored = tick_fix_block(block, length, id, 0);
    struct tc_block_header header;
    struct tc_error error = {0};
    struct tc_join *join;

    if (stored == 0 || tc_block_header_read(block, stored, &header, &error) != TC_OK) {
        FUZZ_MUST(stored == 0 || strlen(error.text) > 10, "refused without a sentence");
        free(block);
        return 0;
    }
    join = tc_join_new(&capture_of_all()->catalog);
    FUZZ_MUST(join != NULL, "no memory to join");
    if (tc_join_block(join, &header, block, false, &error) == TC_OK) {
        check_frames(join, &header);
        tick_fix_digest(block, join);
        FUZZ_MUST(tc_block_header_read(block, stored, &header, &error) == TC_OK, error.text);
        FUZZ_MUST(tc_join_block(join, &header, block, true, &error) == TC_OK, error.text);
        check_frames(join, &header);
    } else {
        FUZZ_MUST(strlen(error.text) > 10, "refused without a sentence");
        FUZZ_MUST(tc_join_block(join, &header, block, true, &error) != TC_OK,
                  "refused, and then not");
    }
    tc_join_free(join);
    free(block);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t most, unsigned seed)
{
    return tick_mutate_block(bytes, length, most, seed);
}
