/*
 * DPDK's own way of making a pool keeps each buffer within a page, since hardware knows pages and
 * nothing beyond. Without hugepages that is one buffer of 2 KiB a page of 4 KiB: twice the memory,
 * and not what the driver of AF_XDP expects, which hands the kernel as much memory as the buffers
 * have bytes; buffers in the rest of it are refused one by one, to receive and to send (DPDK 22.11,
 * drivers/net/af_xdp/rte_eth_af_xdp.c, xdp_umem_configure).
 */
#include "tickcapd/framepool.h"

#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

enum { CACHE = 256 };

static struct rte_mempool *make_packed(const char *name, uint32_t count, uint16_t room_bytes,
                                       int node)
{
    struct rte_pktmbuf_pool_private about = {.mbuf_data_room_size = room_bytes};
    struct rte_mempool *pool = rte_mempool_create_empty(
        name, count, (uint32_t)sizeof(struct rte_mbuf) + room_bytes, CACHE, sizeof about, node,
        RTE_MEMPOOL_F_NO_IOVA_CONTIG);

    if (pool == NULL)
        return NULL;
    if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL) != 0) {
        rte_mempool_free(pool);
        return NULL;
    }
    rte_pktmbuf_pool_init(pool, &about);
    if (rte_mempool_populate_default(pool) < 0) {
        rte_mempool_free(pool);
        return NULL;
    }
    rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
    return pool;
}

struct rte_mempool *tc_frame_pool_make(const char *name, uint32_t count, uint32_t frame_bytes,
                                       int node, bool packed)
{
    uint16_t room_bytes = (uint16_t)(frame_bytes + RTE_PKTMBUF_HEADROOM);

    return packed ? make_packed(name, count, room_bytes, node)
                  : rte_pktmbuf_pool_create(name, count, CACHE, 0, room_bytes, node);
}
