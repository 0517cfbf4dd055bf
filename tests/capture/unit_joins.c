/*
 * What a port joins, stepped by hand: the port is a ring that the test reads and fills, so that its
 * link can go, its queue can be full, and what the receiver hands to the main lcore can be seen.
 */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ringstand.h"

enum { FRAMES_MAX = 4000 };

static struct ring_stand stand;
static char directory[] = "/tmp/tickcap-joins-XXXXXX";

static unsigned first_cpu(void)
{
    unsigned cpu = 0;
    cpu_set_t ours;

    cr_assert_eq(sched_getaffinity(0, sizeof ours, &ours), 0);
    while (!CPU_ISSET(cpu, &ours))
        cpu++;
    return cpu;
}

/* Two lines without a tag and two in VLAN 1013, of which one group is the same from two sources. */
static void open_stand(void)
{
    unsigned cpu = first_cpu();
    char path[64];
    FILE *file;

    cr_assert_neq(mkdtemp(directory), NULL);
    snprintf(path, sizeof path, "%s/capture.yaml", directory);
    file = fopen(path, "w");
    cr_assert_neq(file, NULL);
    fprintf(file,
            "name: joins%d\noutput: { directories: [%s] }\nbuffer: 1MiB\n"
            "ports:\n  - { name: p0, device: net_ring0, rx_lcores: [%u], writer_lcores: [%u], "
            "join: true }\n"
            "channels:\n  - name: feed\n    feed: moldudp64/itch50\n    lines:\n"
            "      - { name: a, group: \"239.1.1.1:1000\" }\n"
            "      - { name: b, group: \"239.1.1.1:1001\" }\n"
            "      - { name: c, group: \"10.1.1.1@232.1.1.1:1000\", vlan: 1013 }\n"
            "      - { name: d, group: \"10.1.1.2@232.1.1.1:1000\", vlan: 1013 }\n"
            "      - { name: e, group: \"10.1.1.2:1000\", vlan: 1014 }\n",
            (int)getpid(), directory, cpu, cpu);
    fclose(file);
    ring_stand_open(&stand, path, NULL, 0, FRAMES_MAX);
}

static void close_stand(void)
{
    char command[128];

    tc_capture_run_close(&stand.run);
    snprintf(command, sizeof command, "rm -r %s", directory);
    cr_assert_eq(system(command), 0);
}

static struct tc_port_joins *joins(void)
{
    return &stand.run.joins[0];
}

/* Takes out of the ring what the port has sent; answers how many frames, the last in `frame`. */
static unsigned sent(uint8_t frame[TC_IGMP_FRAME_BYTES])
{
    unsigned count = 0;
    void *mbuf;

    while (rte_ring_dequeue(stand.rings[0], &mbuf) == 0) {
        memcpy(frame, rte_pktmbuf_mtod((struct rte_mbuf *)mbuf, uint8_t *),
               rte_pktmbuf_data_len((struct rte_mbuf *)mbuf));
        rte_pktmbuf_free(mbuf);
        count++;
    }
    return count;
}

static unsigned step_and_count(void)
{
    uint8_t frame[TC_IGMP_FRAME_BYTES];

    tc_port_joins_step(joins());
    return sent(frame);
}

Test(joins, each_vlan_has_what_its_lines_want)
{
    uint8_t frame[TC_IGMP_FRAME_BYTES];

    open_stand();
    cr_assert_eq(joins()->network_count, 2, "what is no group is not joined");
    tc_port_joins_link(joins(), true);
    tc_port_joins_step(joins());
    cr_assert_eq(sent(frame), 2);
    /* VLANs come in their order, and no tag is the last */
    cr_assert_eq(joins()->networks[0].plan->vlan, 1013);
    cr_assert_eq(joins()->networks[1].plan->vlan, TC_VLAN_NONE);
    cr_assert_eq(joins()->networks[1].plan->want_count, 1, "two lines of one group");
    cr_assert_eq(tc_load_be16(frame + 12), TC_ETHERTYPE_IPV4);
    cr_assert_eq(tc_load_be32(frame + 14 + 24 + 8 + 4), 0xef010101);
    cr_assert_eq(tc_published_get(&joins()->networks[0].report_figures[0]), 1);
    close_stand();
}

Test(joins, nothing_is_said_without_a_link_and_all_of_it_again_after)
{
    open_stand();
    tc_port_joins_link(joins(), false);
    cr_assert_eq(step_and_count(), 0);
    tc_port_joins_link(joins(), true);
    cr_assert_eq(step_and_count(), 2);
    tc_port_joins_link(joins(), true);
    cr_assert_eq(step_and_count(), 0, "it was up already");
    tc_port_joins_link(joins(), false);
    cr_assert_eq(step_and_count(), 0);
    tc_port_joins_link(joins(), true);
    cr_assert_eq(step_and_count(), 2, "the switch may have forgotten");
    close_stand();
}

Test(joins, a_port_without_room_gets_its_frames_later)
{
    uint8_t frame[TC_IGMP_FRAME_BYTES] = {0};

    open_stand();
    while (ring_stand_push(&stand, 0, frame, 60))
        ;
    tc_port_joins_link(joins(), true);
    for (int i = 0; i < 3; i++)
        tc_port_joins_step(joins());
    cr_assert_eq(sent(frame), stand.pushed[0], "nothing fits");
    cr_assert_eq(step_and_count(), 2);
    cr_assert_eq(rte_mempool_in_use_count(joins()->pool), 0, "buffers stay behind");
    close_stand();
}

/* ---- from the receiver to the main lcore ---- */

static void receive(const uint8_t *frame, size_t length)
{
    struct tc_receiver *receiver = stand.run.streams[0].receiver;

    cr_assert(ring_stand_push(&stand, 0, frame, (uint32_t)length));
    cr_assert_eq(receiver->task.ops->step(&receiver->task), 1);
}

/* A general query of version 2 that wants an answer at once, by the numbers of this test. */
static size_t write_query(uint8_t *frame, uint16_t vlan)
{
    size_t ip = vlan != TC_VLAN_NONE ? 18 : 14;

    memset(frame, 0, 64);
    if (vlan != TC_VLAN_NONE)
        tc_store_be32(frame + 12, 0x81000000 | vlan);
    tc_store_be16(frame + ip - 2, 0x0800);
    frame[ip] = 0x45;
    tc_store_be16(frame + ip + 2, 28);
    frame[ip + 9] = 2;
    tc_store_be16(frame + ip + 10, (uint16_t)~tc_ones_sum(frame + ip, 20, 0));
    frame[ip + 20] = 0x11;
    frame[ip + 21] = 1;
    tc_store_be16(frame + ip + 22, (uint16_t)~tc_ones_sum(frame + ip + 20, 8, 0));
    return ip + 28;
}

Test(joins, a_query_among_the_frames_is_answered)
{
    static const struct {
        uint16_t vlan;
        unsigned answers[2];
    } rows[] = {{1013, {1, 0}}, {TC_VLAN_NONE, {0, 1}}, {0, {0, 1}}, {1012, {0, 0}}};
    uint8_t frame[TC_IGMP_FRAME_BYTES];
    uint64_t expected[2] = {0};

    open_stand();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        receive(frame, write_query(frame, rows[i].vlan));
        cr_assert_eq(rte_ring_count(stand.rings[0]), 0);
        tc_capture_run_answer(&stand.run, 4711 + i);
        for (size_t j = 0; j < 2; j++) {
            expected[j] += rows[i].answers[j];
            cr_assert_eq(tc_published_get(&joins()->networks[j].queries), expected[j], "%zu", i);
            cr_assert_eq(tc_published_get(&joins()->networks[j].reports), expected[j], "%zu", i);
            if (rows[i].answers[j] > 0)
                cr_assert_eq(tc_published_get(&joins()->networks[j].last_query_ns), 4711 + i);
        }
        cr_assert_eq(sent(frame), rows[i].answers[0] + rows[i].answers[1]);
    }
    cr_assert_eq(stand.run.streams[0].receiver->intake.ledger.unmatched, 4, "recorded as ever");
    close_stand();
}

/* More queries than the ring has room for: the rest is not heard, and nothing breaks. */
Test(joins, a_flood_of_queries_does_no_harm)
{
    uint8_t frame[TC_IGMP_FRAME_BYTES];
    size_t length;

    open_stand();
    length = write_query(frame, 1013);
    for (int i = 0; i < 1000; i++)
        receive(frame, length);
    tc_capture_run_answer(&stand.run, 1);
    tc_capture_run_answer(&stand.run, 1);
    cr_assert_eq(tc_published_get(&joins()->networks[0].queries), TC_STRAYS - 1);
    cr_assert_eq(sent(frame), 1, "one answer is enough");
    cr_assert_eq(stand.run.streams[0].receiver->intake.ledger.unmatched, 1000);
    close_stand();
}

/* A datagram to group and port of a line in another VLAN: told once for each line. */
Test(joins, a_frame_that_misses_a_line_is_told)
{
    struct tc_stray_watch *strays;
    struct tc_stray stray;
    uint8_t frame[64] = {0};

    open_stand();
    strays = stand.run.streams[0].strays;
    tc_store_be32(frame + 12, 0x81000007);
    tc_store_be16(frame + 16, 0x0800);
    frame[18] = 0x45;
    tc_store_be16(frame + 20, 28);
    frame[18 + 9] = 17;
    tc_store_be32(frame + 18 + 12, 0x0a010102);
    tc_store_be32(frame + 18 + 16, 0xe8010101);
    tc_store_be16(frame + 18 + 22, 1000);
    tc_store_be16(frame + 18 + 24, 8);
    for (int i = 0; i < 3; i++)
        receive(frame, sizeof frame);
    for (uint16_t line = 2; line < 4; line++) {
        cr_assert(tc_stray_take(strays, &stray));
        cr_assert_eq(stray.kind, TC_STRAY_NEAR);
        cr_assert_eq(stray.line, line);
        cr_assert_eq(stray.vlan, 7);
        cr_assert_eq(stray.source, 0x0a010102);
    }
    cr_assert_not(tc_stray_take(strays, &stray));
    tc_store_be16(frame + 18 + 22, 999);
    receive(frame, sizeof frame);
    cr_assert_not(tc_stray_take(strays, &stray), "of no line's port");
    close_stand();
}
