/*
 * What a number or a string of bytes means: the one vocabulary that feeds, codecs and blocks share.
 *
 * A feed table says of each field what it means; a codec says how values of a meaning are best
 * stored; neither knows the other. The numbers stand in recorded files: they are permanent, a new
 * meaning takes the next free one (docs/FORMAT.md, "Meanings").
 */
#ifndef TC_BASE_MEANING_H
#define TC_BASE_MEANING_H

/* id, code, name, what it is */
#define TC_MEANING_TABLE(X)                                                                    \
    X(0, TC_MEAN_OPAQUE, "opaque", "bytes without a known meaning")                            \
    X(1, TC_MEAN_RESERVED, "reserved", "bytes that the exchange leaves unused")                \
    X(2, TC_MEAN_TYPE, "type", "what kind of message this is")                                 \
    X(3, TC_MEAN_LOCATE, "locate", "number of a symbol, good for a day")                       \
    X(4, TC_MEAN_SYMBOL, "symbol", "name of what is traded")                                   \
    X(5, TC_MEAN_EXCH_TIME, "exch_time", "when the exchange made the message")                 \
    X(6, TC_MEAN_TIME, "time", "another time")                                                 \
    X(7, TC_MEAN_ORDER_ID, "order_id", "number of an order")                                   \
    X(8, TC_MEAN_MATCH_ID, "match_id", "number of a trade or a cross")                         \
    X(9, TC_MEAN_TRACKING, "tracking", "internal number of the exchange")                      \
    X(10, TC_MEAN_PRICE, "price", "a price")                                                   \
    X(11, TC_MEAN_SIZE, "size", "a number of shares or contracts")                             \
    X(12, TC_MEAN_SIDE, "side", "buy or sell")                                                 \
    X(13, TC_MEAN_CODE, "code", "one of a few values")                                         \
    X(14, TC_MEAN_PARTICIPANT, "participant", "who it is from")                                \
    X(15, TC_MEAN_SESSION, "session", "name of a run of sequence numbers")                     \
    X(16, TC_MEAN_SEQUENCE, "sequence", "number of the first message of a packet")             \
    X(17, TC_MEAN_COUNT, "count", "messages in a packet")                                      \
    X(18, TC_MEAN_PAYLOAD_BYTES, "payload_bytes", "bytes of a packet after its header")        \
    X(19, TC_MEAN_STREAM_OFFSET, "stream_offset", "bytes sent in the session before a packet") \
    X(20, TC_MEAN_SEND_TIME, "send_time", "when the exchange sent a packet")                   \
    X(21, TC_MEAN_VERSION, "version", "version or protocol of a header")                       \
    X(22, TC_MEAN_RX_TIME, "rx_time", "when a frame was received")                             \
    X(23, TC_MEAN_PROC_TIME, "proc_time", "when a frame was handled")                          \
    X(24, TC_MEAN_CLASS, "class", "row of a feed table that a message belongs to")             \
    X(25, TC_MEAN_HEADER, "header", "which header, or which field of it, a frame has")         \
    X(26, TC_MEAN_LENGTH, "length", "a number of bytes")                                       \
    X(27, TC_MEAN_FLAGS, "flags", "bits")                                                      \
    X(28, TC_MEAN_EXCH_SECOND, "exch_second", "second that exchange times count from")

enum tc_meaning {
#define TC_MEANING_CODE(id, code, name, what) code = id,
    TC_MEANING_TABLE(TC_MEANING_CODE)
#undef TC_MEANING_CODE
        TC_MEANING_COUNT
};

#endif
