/*
 * Events: what happened between frames, as it travels in batches and stands in recorded files.
 *
 * The payload of most kinds is a row of fixed fields; the tables below say which, and writing,
 * printing and the page about the format all follow from them (docs/FORMAT.md, "Events").
 */
#ifndef TC_BLOCK_EVENTS_H
#define TC_BLOCK_EVENTS_H

#include "base/bytes.h"
#include "base/packet.h"
#include "base/status.h"

/* What an event is about: the number in its record. */
enum tc_event_about {
    TC_ABOUT_NOTHING, /* 0xffff */
    TC_ABOUT_LINE,
    TC_ABOUT_CHANNEL,
    TC_ABOUT_PORT,
};

/* Id (permanent), code, name, about, what it is. */
#define TC_EVENT_TABLE(X)                                                                         \
    X(1, TC_EVENT_SYMBOL, "symbol", TC_ABOUT_CHANNEL, "a locate has this name from here on")      \
    X(2, TC_EVENT_SESSION, "session_closed", TC_ABOUT_LINE,                                       \
      "a session is closed; nothing counts there any more")                                       \
    X(3, TC_EVENT_DROPPED, "dropped", TC_ABOUT_NOTHING,                                           \
      "frames were received here, but are not recorded")                                          \
    X(4, TC_EVENT_LINE, "line", TC_ABOUT_LINE, "figures of a line up to here")                    \
    X(5, TC_EVENT_FILTERED, "filtered", TC_ABOUT_NOTHING,                                         \
      "frames were received here, and left out on purpose")                                       \
    X(6, TC_EVENT_GAP, "gap", TC_ABOUT_LINE, "sequence numbers are missing from here on")         \
    X(7, TC_EVENT_FILLED, "filled", TC_ABOUT_LINE, "numbers that were missing came on this line") \
    X(8, TC_EVENT_SESSION_START, "session_start", TC_ABOUT_LINE, "a session or a restart begins") \
    X(9, TC_EVENT_SESSION_END, "session_end", TC_ABOUT_LINE, "the feed says a session is over")   \
    X(10, TC_EVENT_SILENT, "silent", TC_ABOUT_LINE, "the line is silent while another speaks")    \
    X(11, TC_EVENT_SPEAKS, "speaks", TC_ABOUT_LINE, "a silent line speaks again")                 \
    X(12, TC_EVENT_NIC, "nic", TC_ABOUT_PORT, "the port's own counters of losses have risen")     \
    X(13, TC_EVENT_LINK, "link", TC_ABOUT_PORT, "the link of the port went up or down")           \
    X(14, TC_EVENT_CLOCK_STEP, "clock_step", TC_ABOUT_PORT, "a clock was set")                    \
    X(15, TC_EVENT_CHANNEL, "channel", TC_ABOUT_CHANNEL, "merged figures up to here")             \
    X(16, TC_EVENT_UNHEARD, "unheard", TC_ABOUT_NOTHING,                                          \
      "packets of several streams were not compared")                                             \
    X(17, TC_EVENT_BAD_TIME, "bad_time", TC_ABOUT_PORT, "receive times were refused")             \
    X(18, TC_EVENT_LATENCY, "latency", TC_ABOUT_LINE,                                             \
      "exchange and receive time are further apart than latency_bound")

enum tc_event_kind {
#define TC_EVENT_CODE(id, code, name, about, what) code = id,
    TC_EVENT_TABLE(TC_EVENT_CODE)
#undef TC_EVENT_CODE
        TC_EVENT_KINDS
};

/* How a field of a payload is read and shown. */
enum tc_event_field_form {
    TC_FIELD_FORM_UINT,
    TC_FIELD_FORM_INT,
    TC_FIELD_FORM_TIME,    /* nanoseconds since 1970 */
    TC_FIELD_FORM_SESSION, /* as on the wire, padded with zeros to 16 */
    TC_FIELD_FORM_TEXT,    /* padded with spaces */
    TC_FIELD_FORM_BOOL,
    TC_FIELD_FORM_WAY,     /* enum tc_filled_way */
    TC_FIELD_FORM_FATE,    /* enum tc_drop_cause or TC_DROP_FILTERED */
    TC_FIELD_FORM_CLOCK,   /* enum tc_stepped_clock */
    TC_FIELD_FORM_REFUSAL, /* enum tc_time_verdict */
};

/* How numbers that were missing came. */
enum tc_filled_way {
    TC_FILLED_LATE = 1,    /* late, on the line that missed them */
    TC_FILLED_BY_LINE = 2, /* on this line, while no other had brought them */
};

struct tc_event_field {
    const char *name;
    uint8_t width;
    uint8_t form; /* enum tc_event_field_form */
};

struct tc_event_type {
    const char *name;
    const char *what;
    uint8_t about; /* enum tc_event_about */
};

/* The type of a kind, or NULL where this version does not know it. */
const struct tc_event_type *tc_event_type(unsigned kind);

/* The fields of its payload, ending with width 0; none for a kind that is not known. */
const struct tc_event_field *tc_event_fields(unsigned kind);

/* Fields of the runs behind the head of a dropped or filtered event. */
extern const struct tc_event_field tc_event_run_fields[];

/* Bytes of a row of fields. */
size_t tc_event_fields_bytes(const struct tc_event_field *fields);

enum { TC_EVENT_PAYLOAD_MAX = 96 }; /* of kinds whose payload is their fields alone */

#endif
