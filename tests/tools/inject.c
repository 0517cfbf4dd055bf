/*
 * Sends the frames of a pcap file through an interface, as they are: what a network does to a
 * capture under test. Frames are sent at a given rate, or as fast as they go.
 *
 * Instead of an interface it may be the cable of a guest, a Unix datagram socket that takes one
 * frame a datagram. There each frame keeps its own time, since the guest's NIC is not as fast.
 *
 * usage: inject FEED.pcap INTERFACE|/PATH/OF/SOCKET [FRAMES A SECOND]
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 64, FRAME_BYTES = 65600 };

struct burst {
    struct mmsghdr messages[BURST];
    struct iovec vectors[BURST];
    uint8_t bytes[BURST][FRAME_BYTES];
    unsigned count;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "inject: %s: %s\n", what, why);
    exit(1);
}

static int open_interface(const char *name)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_ifindex = (int)if_nametoindex(name)};
    int file = socket(AF_PACKET, SOCK_RAW, 0);
    int size = 16 << 20;

    if (file < 0)
        die(name, strerror(errno));
    setsockopt(file, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    if (address.sll_ifindex == 0 || bind(file, (struct sockaddr *)&address, sizeof address) != 0)
        die(name, strerror(errno));
    return file;
}

static int open_cable(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_DGRAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (file < 0 || connect(file, (struct sockaddr *)&address, sizeof address) != 0)
        die(path, strerror(errno));
    return file;
}

static void send_burst(int file, struct burst *burst)
{
    unsigned sent = 0;

    while (sent < burst->count) {
        int result = sendmmsg(file, burst->messages + sent, burst->count - sent, 0);

        if (result > 0)
            sent += (unsigned)result;
        else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
            die("a frame cannot be sent", strerror(errno));
    }
    burst->count = 0;
}

static void add_frame(struct burst *burst, const uint8_t *bytes, uint32_t length)
{
    struct iovec *vector = &burst->vectors[burst->count];

    if (length > FRAME_BYTES)
        die("a frame", "is too long");
    memcpy(burst->bytes[burst->count], bytes, length);
    *vector = (struct iovec){burst->bytes[burst->count], length};
    burst->messages[burst->count++] = (struct mmsghdr){
        .msg_hdr = {.msg_iov = vector, .msg_iovlen = 1}};
}

/* Waits until frame number `frames` is due. */
static void keep_rate(const struct timespec *start, uint64_t frames, double rate)
{
    double due = (double)frames / rate;
    struct timespec at = *start;

    at.tv_sec += (time_t)due;
    at.tv_nsec += (long)((due - (double)(time_t)due) * 1e9);
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int main(int count, char **words)
{
    char error[PCAP_ERRBUF_SIZE];
    struct burst *burst = calloc(1, sizeof *burst);
    double rate = count > 3 ? atof(words[3]) : 0;
    struct pcap_pkthdr *header;
    struct timespec start, end;
    const uint8_t *bytes;
    uint64_t frames = 0;
    pcap_t *pcap;
    bool cable;
    int file;

    if (count < 3 || burst == NULL)
        die("usage", "inject FEED.pcap INTERFACE|/PATH/OF/SOCKET [FRAMES A SECOND]");
    pcap = pcap_open_offline(words[1], error);
    if (pcap == NULL)
        die(words[1], error);
    cable = words[2][0] == '/';
    file = cable ? open_cable(words[2]) : open_interface(words[2]);
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (pcap_next_ex(pcap, &header, &bytes) == 1) {
        add_frame(burst, bytes, header->caplen);
        frames++;
        if (burst->count == BURST || cable || (rate > 0 && rate < BURST)) {
            send_burst(file, burst);
            if (rate > 0)
                keep_rate(&start, frames, rate);
        }
    }
    send_burst(file, burst);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%lu frames, %.0f a second\n", frames,
           (double)frames /
               ((double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9));
    pcap_close(pcap);
    close(file);
    free(burst);
    return 0;
}
