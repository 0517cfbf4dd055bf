/* A lapse waits for its event: who sets a clock and who stamps frames are different threads. */
#include "file/timecheck.h"

static bool lapsed(struct tc_time_check *check, const struct tc_item *item, uint64_t back_ns,
                   struct tc_time_lapse *unexplained)
{
    bool open = check->open;

    if (check->set_back) {
        check->set_back = false;
        return false;
    }
    *unexplained = check->lapse;
    check->lapse = (struct tc_time_lapse){item->number, item->source->block->number, back_ns};
    check->open = true;
    return open;
}

static bool take_frame(struct tc_time_check *check, const struct tc_item *item,
                       struct tc_time_lapse *unexplained)
{
    const struct tc_frame *frame = item->frame;
    uint64_t *last_ns = &check->last_ns[(frame->flags & TC_FRAME_SOFTWARE_TIME) != 0];
    uint64_t before_ns = *last_ns;

    if ((frame->flags & TC_FRAME_BAD_TIME) != 0) {
        check->refused++;
        return false;
    }
    *last_ns = frame->rx_ns;
    if (frame->rx_ns >= before_ns || item->source->state->clock.source == TC_CLOCK_FILE)
        return false;
    return lapsed(check, item, before_ns - frame->rx_ns, unexplained);
}

static void take_step(struct tc_time_check *check, int64_t step_ns)
{
    if (step_ns >= 0)
        return;
    if (!check->open)
        check->set_back = true;
    check->open = false;
}

bool tc_time_check_take(struct tc_time_check *check, const struct tc_item *item,
                        struct tc_time_lapse *lapse)
{
    struct tc_cursor in;

    if (item->kind == TC_ITEM_FRAME)
        return take_frame(check, item, lapse);
    in = tc_cursor_of(item->event->payload, item->event->payload_bytes);
    if (item->event->kind == TC_EVENT_CLOCK_STEP)
        take_step(check, (int64_t)tc_cursor_u64(&in));
    else if (item->event->kind == TC_EVENT_BAD_TIME)
        check->told += tc_cursor_u64(&in);
    return false;
}

bool tc_time_check_end(struct tc_time_check *check, struct tc_time_lapse *lapse)
{
    bool open = check->open;

    *lapse = check->lapse;
    check->open = false;
    return open;
}
