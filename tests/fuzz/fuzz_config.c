/*
 * Configurations: any text is refused with one sentence, or makes a capture whose head can be
 * written and read.
 *
 * Input: the text of a file; behind a zero byte, assignments as --set takes them, each ended by
 * another.
 */
#include "common/config.h"
#include "file/segmenthead.h"
#include "fuzz.h"

enum { SETS_MAX = 8, HEAD_BYTES_MAX = 8 << 20 };

/* What a recorded file would say of it. */
static void keep(const struct tc_config *config)
{
    static struct tc_port ports[TC_PORTS_MAX];
    struct tc_stream stream = {0};
    struct tc_capture capture = {.ports = ports,
                                 .port_count = (uint16_t)(config->ports.count + 1),
                                 .streams = &stream,
                                 .stream_count = 1,
                                 .catalog = config->catalog};
    struct tc_segment_head head = {.number = 1, .writers = 1};
    struct tc_stream_state state, read_state;
    struct tc_capture read;
    struct tc_arena arena = {0};
    struct tc_error error = {0};
    size_t state_bytes = tc_align_up(tc_stream_state_footprint(&capture.catalog) + 64, 64);
    size_t head_bytes = tc_segment_head_bytes_max(&capture);
    uint8_t *bytes, *memory;

    if (head_bytes > HEAD_BYTES_MAX || capture.port_count > TC_PORTS_MAX)
        return;
    memcpy(capture.host, config->host, sizeof capture.host);
    memcpy(capture.name, config->name, sizeof capture.name);
    if (config->ports.count > 0)
        memcpy(ports[0].device, tc_config_port(config, 0)->device, sizeof ports[0].device);
    bytes = malloc(head_bytes);
    memory = aligned_alloc(64, state_bytes);
    FUZZ_MUST(bytes != NULL && memory != NULL, "no memory for a head");
    memset(memory, 0, state_bytes);
    tc_stream_state_init(&state, memory, &capture.catalog);
    tc_segment_head_write(bytes, &head, &capture, &state);
    FUZZ_MUST(head.head_bytes <= head_bytes, "a head is longer than it can be");
    FUZZ_MUST(tc_segment_head_peek(bytes, head.head_bytes, &head, &error) == TC_OK, error.text);
    FUZZ_MUST(tc_segment_head_read(bytes, &head, &arena, &read, &read_state, &error) == TC_OK,
              error.text);
    FUZZ_MUST(read.catalog.channel_count == capture.catalog.channel_count &&
                  read.catalog.line_count == capture.catalog.line_count &&
                  strcmp(read.name, capture.name) == 0,
              "a capture has come back as another");
    for (uint16_t i = 0; i < capture.catalog.channel_count; i++)
        FUZZ_MUST(strcmp(read.catalog.channels[i].name, capture.catalog.channels[i].name) == 0,
                  "a channel has come back with another name");
    tc_arena_free(&arena);
    free(memory);
    free(bytes);
}

static void load(const char *path, const char *const *sets, size_t set_count,
                 enum tc_config_use use)
{
    struct tc_config config;
    struct tc_error error = {0};
    enum tc_status status = tc_config_load(&config, path, sets, set_count, use, &error);

    if (status == TC_OK)
        keep(&config);
    else
        FUZZ_MUST(status == TC_USAGE && strlen(error.text) > 10 && strchr(error.text, '\n') == NULL,
                  "refused without one sentence");
    tc_config_free(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const uint8_t *zero = length > 0 ? memchr(bytes, 0, length) : NULL;
    size_t text_bytes = zero != NULL ? (size_t)(zero - bytes) : length;
    char *words = (char *)fuzz_exact(bytes + text_bytes, length - text_bytes);
    const char *path = fuzz_file(bytes, text_bytes);
    const char *sets[SETS_MAX];
    size_t set_count = 0;

    /* `words` begins with the zero behind the text; one without an end is left out */
    for (size_t at = 1; at < length - text_bytes && set_count < SETS_MAX;) {
        const char *end = memchr(words + at, 0, length - text_bytes - at);

        if (end == NULL)
            break;
        sets[set_count++] = words + at;
        at = (size_t)(end - words) + 1;
    }
    load(path, sets, set_count, TC_CONFIG_IMPORT);
    load(path, sets, set_count, TC_CONFIG_CAPTURE);
    free(words);
    return 0;
}
