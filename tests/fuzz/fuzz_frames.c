/*
 * Frames: whatever arrives comes back from the blocks, byte for byte, with everything that is
 * said of it; and where it went to a disk, it is read, verified and accounted for.
 *
 * The input is a list of steps. Four bytes choose channels and limits; then each step is a byte,
 * its lower three bits what to do and the upper ones a parameter, and what it wants after that.
 * Steps build on each other (the same payload on the other line, the last frame cut), since what
 * is recorded by reference or prediction is where an error would hide.
 */
#include <stdio.h>

#include "fuzz.h"
#include "hostile.h"
#include "tickcap.h"

enum { FRAMES_MAX = 3000, PAYLOAD_MAX = 4096, CHANNELS_MANY = 34 };

struct machine {
    struct tc_capture *capture;
    struct pipework *work;
    struct tc_cursor in;
    uint64_t time_ns;
    uint64_t proc_after_ns;
    uint16_t arrival_flags;
    uint64_t *next; /* sequence number by channel */
    struct smith_random random;
    struct smith_envelope envelope;
    struct smith_packet packet;
    uint32_t payload_bytes;
    uint8_t payload[65536];
    uint32_t frame_bytes;
    uint8_t frame[SMITH_FRAME_BYTES];
    uint32_t frames;
};

/* ---- steps ---- */

static void arrive(struct machine *machine, uint32_t captured_bytes, uint32_t wire_bytes)
{
    const struct tc_arrival arrival = {
        .bytes = machine->frame,
        .captured_bytes = captured_bytes,
        .wire_bytes = wire_bytes,
        .rx_ns = machine->time_ns,
        .proc_ns = machine->time_ns + machine->proc_after_ns,
        .flags = machine->arrival_flags,
    };

    pipework_take(machine->work, &arrival);
    machine->frames++;
}

/* The bytes that the input gives, up to a length that it says. */
static uint32_t given(struct machine *machine, uint8_t *bytes, uint32_t most)
{
    uint32_t length = tc_cursor_u16(&machine->in) % (most + 1);
    size_t left = tc_cursor_left(&machine->in);

    if (length > left)
        length = (uint32_t)left;
    if (length > 0)
        memcpy(bytes, tc_cursor_take(&machine->in, length), length);
    return length;
}

static void send_payload(struct machine *machine, uint8_t parameter)
{
    const struct tc_catalog *catalog = &machine->capture->catalog;

    if (catalog->line_count == 0)
        return;
    machine->frame_bytes = smith_frame(
        machine->frame, &catalog->lines[parameter % catalog->line_count], &machine->envelope,
        machine->payload, machine->payload_bytes);
    machine->envelope.ip_id++;
    arrive(machine, machine->frame_bytes, machine->frame_bytes);
}

static void step_raw(struct machine *machine, uint8_t parameter)
{
    (void)parameter;
    machine->frame_bytes = given(machine, machine->frame, PAYLOAD_MAX);
    arrive(machine, machine->frame_bytes, machine->frame_bytes);
}

static void step_payload(struct machine *machine, uint8_t parameter)
{
    machine->payload_bytes = given(machine, machine->payload, PAYLOAD_MAX);
    send_payload(machine, parameter);
}

static void step_changed(struct machine *machine, uint8_t parameter)
{
    uint16_t at = tc_cursor_u16(&machine->in);

    if (machine->payload_bytes > 0)
        machine->payload[at % machine->payload_bytes] ^= (uint8_t)(1 + (at >> 12));
    send_payload(machine, parameter);
}

/* A packet that continues its channel, or nearly. */
static void step_packet(struct machine *machine, uint8_t parameter)
{
    const struct tc_catalog *catalog = &machine->capture->catalog;
    uint8_t shape = tc_cursor_u8(&machine->in);
    int8_t jump = (int8_t)tc_cursor_u8(&machine->in);
    uint16_t channel;
    const struct tc_feed *feed;

    if (catalog->line_count == 0)
        return;
    channel = catalog->lines[parameter % catalog->line_count].channel;
    feed = catalog->channels[channel].feed;
    machine->next[channel] += (uint64_t)(int64_t)jump;
    smith_packet_begin(&machine->packet, &catalog->channels[channel],
                       (const char *[]){"S1", "S2", "T3", ""}[shape >> 6], machine->next[channel]);
    for (uint8_t i = 0; i < (shape & 0x1f); i++) {
        uint8_t message[4096];
        uint8_t class = tc_cursor_u8(&machine->in);
        uint16_t bytes = class % 17;

        memset(message, class, bytes);
        if (class % 16 != 15)
            bytes = smith_message(&machine->random, feed, (uint8_t)(class % feed->type_count),
                                  message);
        smith_packet_add(&machine->packet, message, bytes);
    }
    smith_packet_end(&machine->packet, machine->time_ns, machine->next[channel] * 32);
    if ((shape & 0x20) != 0)
        smith_packet_count(&machine->packet, tc_cursor_u16(&machine->in));
    machine->next[channel] += machine->packet.messages;
    machine->payload_bytes = machine->packet.length;
    memcpy(machine->payload, machine->packet.bytes, machine->payload_bytes);
    send_payload(machine, parameter);
}

static void step_time(struct machine *machine, uint8_t parameter)
{
    static const uint8_t shifts[] = {0, 4, 10, 20, 30, 40, 47, 63};
    static const uint16_t flags[] = {0, TC_FRAME_SOFTWARE_TIME, TC_FRAME_BAD_TIME,
                                     TC_FRAME_SOFTWARE_TIME | TC_FRAME_BAD_TIME};

    machine->time_ns += (uint64_t)(int64_t)(int16_t)tc_cursor_u16(&machine->in)
                        << shifts[parameter & 7];
    machine->proc_after_ns = (uint64_t)tc_cursor_u8(&machine->in) << (parameter & 8 ? 28 : 0);
    machine->arrival_flags = flags[tc_cursor_u8(&machine->in) & 3];
}

/* Another envelope; the disk falls behind, or catches up. */
static void step_around(struct machine *machine, uint8_t parameter)
{
    uint8_t shape = tc_cursor_u8(&machine->in);
    uint16_t words = tc_cursor_u16(&machine->in);

    machine->envelope = (struct smith_envelope){
        .vlans = {words, (uint16_t)(words >> 3), 7},
        .vlan_count = parameter & 3,
        .option_words = (uint8_t)((shape & 0x10) != 0 ? words % 11 : 0),
        .ip_id = (uint16_t)(machine->envelope.ip_id + (int16_t)words),
        .udp_checksum = shape & 3,
        .ip_wrong = (shape & 4) != 0,
        .pad = (shape & 0x20) != 0 ? words % 64 : 0,
        .ip_extra = (shape & 0x40) != 0 ? words % 5 : 0,
        .udp_length_by = (shape & 0x80) != 0 ? (int8_t)words : 0,
    };
    machine->work->starved = (parameter & 4) != 0;
    if ((shape & 8) != 0)
        tc_intake_tick(&machine->work->intake, machine->time_ns);
}

static void step_cut(struct machine *machine, uint8_t parameter)
{
    uint16_t by = tc_cursor_u16(&machine->in);

    if (parameter % 2 == 0 && machine->frame_bytes > 0)
        arrive(machine, machine->frame_bytes - by % machine->frame_bytes, machine->frame_bytes);
    else
        arrive(machine, machine->frame_bytes, machine->frame_bytes + by);
}

static void (*const steps[8])(struct machine *machine, uint8_t parameter) = {
    step_raw,    step_payload, send_payload, step_changed,
    step_packet, step_time,    step_around,  step_cut,
};

/* ---- the run ---- */

static struct tc_capture *capture_of(uint8_t choice)
{
    struct smith_channel channels[CHANNELS_MANY];

    for (size_t i = 0; i < CHANNELS_MANY; i++) {
        size_t feed = i;

        /* a table of names is large: one channel of each feed has its own */
        while (i >= tc_feed_count && (tc_feeds[feed % tc_feed_count]->flags & TC_FEED_LOCATES) != 0)
            feed++;
        channels[i] = (struct smith_channel){tc_feeds[feed % tc_feed_count], (uint16_t)(1 + i % 2)};
    }
    switch (choice % 4) {
    case 0: return smith_capture_of_all_feeds();
    case 1:
        return smith_capture_new(&(struct smith_channel){tc_feeds[choice / 4 % tc_feed_count], 3},
                                 1, 1);
    case 2: return smith_capture_new(channels, CHANNELS_MANY, 1); /* that share columns */
    default: return smith_capture_new(NULL, 0, 1);
    }
}

static struct pipework_options options_of(struct tc_cursor *in)
{
    static const uint32_t batch_messages[] = {1, 7, 64, 8192};
    static const uint32_t block_messages[] = {1, 60, 8192 + 100, 65536};
    static const uint64_t rotations[] = {0, 1, 20000, 100000};
    uint8_t limits = tc_cursor_u8(in);
    uint8_t rest = tc_cursor_u8(in);
    struct pipework_options options = {
        .limits = {.writers = 1u + (rest & 3),
                   .batch_messages = batch_messages[limits & 3],
                   .block_messages = block_messages[limits >> 2 & 3],
                   .block_bytes = (limits & 0x10) != 0 ? TC_BATCH_BYTES : 1 << 20,
                   .batch_age_ns = (limits & 0x20) != 0 ? 1000 : 0,
                   .block_age_ns = (limits & 0x40) != 0 ? 5000 : 0},
        .batches = 1u + (rest >> 2 & 3),
        .plain = (limits & 0x80) != 0,
        .rotate_bytes = rotations[rest >> 4 & 3],
        .rotate_ns = (rest & 0x40) != 0 ? 100000 : 0,
        .directory = (rest & 0x80) != 0 ? fuzz_folder() : NULL,
    };

    if (options.limits.batch_messages > options.limits.block_messages)
        options.limits.batch_messages = options.limits.block_messages;
    return options;
}

static void told(void *context, const struct tc_error *fault)
{
    (void)context;
    pipework_fail(__FILE__, __LINE__, fault->text);
}

/* What is on the disk is whole, and says what the intake knows. */
static void read_back(const struct pipework *work)
{
    const struct tc_reader_options reading = {.verify = true, .fault = told};
    const char *path = fuzz_folder();
    struct tc_accountant *accountant;
    struct tc_verified verified;
    struct tc_account account;
    struct tc_reader *reader;
    struct tc_error error = {0};
    struct tc_item item;

    FUZZ_MUST(tc_verify(&path, 1, told, NULL, NULL, &verified, &error) == TC_OK, error.text);
    FUZZ_MUST(verified.faults == 0, "a whole capture has faults");
    FUZZ_MUST(tc_reader_open(&reader, &path, 1, &reading, &error) == TC_OK, error.text);
    FUZZ_MUST(tc_accountant_open(&accountant, reader, true, &error) == TC_OK, error.text);
    while (tc_reader_next(reader, &item, &error) == TC_OK)
        FUZZ_MUST(tc_accountant_take(accountant, &item, &error) == TC_OK, error.text);
    FUZZ_MUST(tc_accountant_close(accountant, &account, &error) == TC_OK, error.text);
    FUZZ_MUST(tc_reader_totals(reader).complete, "a whole capture is not complete");
    FUZZ_MUST(account.frames == work->intake.ledger.recorded && verified.frames == account.frames &&
                  account.messages == work->intake.ledger.messages &&
                  memcmp(&account.ledger, &work->intake.ledger, sizeof account.ledger) == 0,
              "the account has other frames than the intake");
    tc_accountant_free(accountant);
    tc_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct machine machine;
    struct pipework_options options;

    machine.in = tc_cursor_of(bytes, length);
    machine.capture = capture_of(tc_cursor_u8(&machine.in));
    options = options_of(&machine.in);
    options.capture = machine.capture;
    machine.random.state = tc_cursor_u8(&machine.in);
    machine.work = pipework_new(&options);
    machine.next = calloc(machine.capture->catalog.channel_count + 1u, sizeof machine.next[0]);
    FUZZ_MUST(machine.next != NULL, "no memory");
    machine.time_ns = UINT64_C(1700000000000000000);
    machine.proc_after_ns = 0;
    machine.arrival_flags = 0;
    machine.envelope = (struct smith_envelope){0};
    machine.payload_bytes = machine.frame_bytes = machine.frames = 0;
    while (tc_cursor_left(&machine.in) > 0 && machine.frames < FRAMES_MAX) {
        uint8_t step = tc_cursor_u8(&machine.in);

        steps[step & 7](&machine, step >> 3);
    }
    pipework_finish(machine.work, machine.time_ns);
    if (options.directory != NULL) {
        read_back(machine.work);
        fuzz_folder_clear();
    }
    free(machine.next);
    pipework_free(machine.work);
    smith_capture_free(machine.capture);
    return 0;
}
