/* Laying messages out. Everything is big endian, text is padded with spaces. */
#include "tickcap/gen/itchwriter.h"

#include "base/bytes.h"

static const char participants[][5] = {
    "VIRT", "CDRG", "GSCO", "JPMS", "MSCO", "UBSS", "NITE", "SUSQ", "ETMM", "LTGC", "TIMB", "FLOW",
};

static const char *participant_name(unsigned participant)
{
    return participants[participant % (sizeof participants / sizeof participants[0])];
}

static void put_head(uint8_t *out, char type, struct tc_itch_head head)
{
    out[0] = (uint8_t)type;
    tc_store_be16(out + 1, head.symbol != NULL ? head.symbol->locate : 0);
    tc_store_be16(out + 3, head.tracking);
    tc_store_be16(out + 5, (uint16_t)(head.time_ns >> 32));
    tc_store_be32(out + 7, (uint32_t)head.time_ns);
}

static void put_name(uint8_t *out, struct tc_itch_head head)
{
    memcpy(out, head.symbol->name, TC_LISTED_NAME_BYTES);
}

static void put_text(uint8_t *out, const char *text)
{
    memcpy(out, text, strlen(text));
}

/* 1.1 */
size_t tc_itch_system_event(uint8_t *out, struct tc_itch_head head, char event)
{
    put_head(out, 'S', head);
    out[11] = (uint8_t)event;
    return 12;
}

/* 1.2.5.1: an index level with eight decimal places, less 7, 13 and 20 % */
size_t tc_itch_decline_levels(uint8_t *out, struct tc_itch_head head, uint64_t index_level)
{
    put_head(out, 'V', head);
    tc_store_be64(out + 11, index_level / 100 * 93);
    tc_store_be64(out + 19, index_level / 100 * 87);
    tc_store_be64(out + 27, index_level / 100 * 80);
    return 35;
}

/* 1.2.1 */
size_t tc_itch_directory(uint8_t *out, struct tc_itch_head head)
{
    bool fund = head.symbol->market == 'P' || head.symbol->market == 'Z';

    put_head(out, 'R', head);
    put_name(out + 11, head);
    out[19] = (uint8_t)head.symbol->market;
    out[20] = head.symbol->market == 'Q' || head.symbol->market == 'G' ? 'N' : ' ';
    tc_store_be32(out + 21, 100);             /* round lot */
    out[25] = 'N';                            /* odd lots may be entered */
    put_text(out + 26, fund ? "QE " : "CZ "); /* issue classification and sub-type */
    put_text(out + 29, "PNN");                /* in production, no threshold security, no IPO */
    out[32] = head.symbol->price > 500000 ? '1' : '2';
    out[33] = fund ? 'Y' : 'N';
    tc_store_be32(out + 34, 0); /* leverage */
    out[38] = 'N';
    return 39;
}

/* 1.2.2: trading on Nasdaq */
size_t tc_itch_trading_action(uint8_t *out, struct tc_itch_head head)
{
    put_head(out, 'H', head);
    put_name(out + 11, head);
    put_text(out + 19, "T     ");
    return 25;
}

/* 1.2.3: no price test in effect */
size_t tc_itch_short_sale(uint8_t *out, struct tc_itch_head head)
{
    put_head(out, 'Y', head);
    put_name(out + 11, head);
    out[19] = '0';
    return 20;
}

/* 1.2.4: a primary market maker in normal mode, active */
size_t tc_itch_participant(uint8_t *out, struct tc_itch_head head, unsigned participant)
{
    put_head(out, 'L', head);
    put_text(out + 11, participant_name(participant));
    put_name(out + 15, head);
    put_text(out + 23, "YNA");
    return 26;
}

/* 1.3.1 */
size_t tc_itch_add(uint8_t *out, struct tc_itch_head head, enum tc_side side,
                   const struct tc_order *order)
{
    put_head(out, 'A', head);
    tc_store_be64(out + 11, order->reference);
    out[19] = side == TC_BUY ? 'B' : 'S';
    tc_store_be32(out + 20, order->shares);
    put_name(out + 24, head);
    tc_store_be32(out + 32, order->price);
    return 36;
}

/* 1.3.2 */
size_t tc_itch_add_attributed(uint8_t *out, struct tc_itch_head head, enum tc_side side,
                              const struct tc_order *order, unsigned participant)
{
    size_t bytes = tc_itch_add(out, head, side, order);

    out[0] = 'F';
    put_text(out + bytes, participant_name(participant));
    return bytes + 4;
}

/* 1.4.1 */
size_t tc_itch_execute(uint8_t *out, struct tc_itch_head head, uint64_t reference, uint32_t shares,
                       uint64_t match)
{
    put_head(out, 'E', head);
    tc_store_be64(out + 11, reference);
    tc_store_be32(out + 19, shares);
    tc_store_be64(out + 23, match);
    return 31;
}

/* 1.4.2 */
size_t tc_itch_execute_at(uint8_t *out, struct tc_itch_head head, uint64_t reference,
                          uint32_t shares, uint64_t match, uint32_t price)
{
    size_t bytes = tc_itch_execute(out, head, reference, shares, match);

    out[0] = 'C';
    out[bytes] = 'Y'; /* printable */
    tc_store_be32(out + bytes + 1, price);
    return bytes + 5;
}

/* 1.4.3 */
size_t tc_itch_cancel(uint8_t *out, struct tc_itch_head head, uint64_t reference, uint32_t shares)
{
    put_head(out, 'X', head);
    tc_store_be64(out + 11, reference);
    tc_store_be32(out + 19, shares);
    return 23;
}

/* 1.4.4 */
size_t tc_itch_delete(uint8_t *out, struct tc_itch_head head, uint64_t reference)
{
    put_head(out, 'D', head);
    tc_store_be64(out + 11, reference);
    return 19;
}

/* 1.4.5 */
size_t tc_itch_replace(uint8_t *out, struct tc_itch_head head, uint64_t replaced,
                       const struct tc_order *order)
{
    put_head(out, 'U', head);
    tc_store_be64(out + 11, replaced);
    tc_store_be64(out + 19, order->reference);
    tc_store_be32(out + 27, order->shares);
    tc_store_be32(out + 31, order->price);
    return 35;
}

/* 1.5.1: of a hidden order, whose reference and side the exchange does not tell */
size_t tc_itch_trade(uint8_t *out, struct tc_itch_head head, uint32_t shares, uint32_t price,
                     uint64_t match)
{
    put_head(out, 'P', head);
    tc_store_be64(out + 11, 0);
    out[19] = 'B';
    tc_store_be32(out + 20, shares);
    put_name(out + 24, head);
    tc_store_be32(out + 32, price);
    tc_store_be64(out + 36, match);
    return 44;
}

/* 1.5.2: of the opening */
size_t tc_itch_cross(uint8_t *out, struct tc_itch_head head, uint64_t shares, uint32_t price,
                     uint64_t match)
{
    put_head(out, 'Q', head);
    tc_store_be64(out + 11, shares);
    put_name(out + 19, head);
    tc_store_be32(out + 27, price);
    tc_store_be64(out + 31, match);
    out[39] = 'O';
    return 40;
}

/* 1.5.3 */
size_t tc_itch_broken_trade(uint8_t *out, struct tc_itch_head head, uint64_t match)
{
    put_head(out, 'B', head);
    tc_store_be64(out + 11, match);
    return 19;
}

/* 1.6: of the opening; far, near and current reference price coincide */
size_t tc_itch_imbalance(uint8_t *out, struct tc_itch_head head, uint64_t paired,
                         uint64_t imbalance, uint32_t price)
{
    put_head(out, 'I', head);
    tc_store_be64(out + 11, paired);
    tc_store_be64(out + 19, imbalance);
    out[27] = imbalance > 0 ? 'B' : 'N';
    put_name(out + 28, head);
    tc_store_be32(out + 36, price);
    tc_store_be32(out + 40, price);
    tc_store_be32(out + 44, price);
    put_text(out + 48, "OL");
    return 50;
}

/* 1.7 */
size_t tc_itch_retail_interest(uint8_t *out, struct tc_itch_head head, char interest)
{
    put_head(out, 'N', head);
    put_name(out + 11, head);
    out[19] = (uint8_t)interest;
    return 20;
}
