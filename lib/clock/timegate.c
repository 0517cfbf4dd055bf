/* What is seldom: the fast path in the header has already let through what is plainly good. */
#include "clock/timegate.h"

static enum tc_time_verdict judge_file(uint64_t rx_ns)
{
    if (rx_ns == 0)
        return TC_TIME_ZERO;
    if (rx_ns < TC_FILE_MIN_NS)
        return TC_TIME_PAST;
    return rx_ns >= TC_FILE_MAX_NS ? TC_TIME_FUTURE : TC_TIME_GOOD;
}

/* Before the frame before, and near enough to this host's clock to be meant. */
static enum tc_time_verdict judge_backward(struct tc_time_gate *gate, uint64_t *rx_ns)
{
    if (gate->last_ns - *rx_ns <= TC_TREMBLE_NS) {
        *rx_ns = gate->last_ns;
        gate->back_frames = 0;
        return TC_TIME_GOOD;
    }
    if (gate->is_watched)
        return TC_TIME_BACKWARD;
    gate->back_frames = gate->back_frames > 0 && *rx_ns >= gate->back_ns ? gate->back_frames + 1
                                                                         : 1;
    gate->back_ns = *rx_ns;
    if (gate->back_frames < TC_BACKWARD_FRAMES)
        return TC_TIME_BACKWARD;
    gate->step_ns = (int64_t)(*rx_ns - gate->last_ns);
    gate->last_ns = *rx_ns;
    gate->back_frames = 0;
    return TC_TIME_STEPPED;
}

enum tc_time_verdict tc_time_gate_doubt(struct tc_time_gate *gate, uint64_t *rx_ns, uint64_t now_ns)
{
    if (gate->of_file)
        return judge_file(*rx_ns);
    if (*rx_ns == 0)
        return TC_TIME_ZERO;
    if (*rx_ns > now_ns && *rx_ns - now_ns > gate->ahead_ns)
        return TC_TIME_FUTURE;
    if (*rx_ns < now_ns && now_ns - *rx_ns > TC_PAST_NS)
        return TC_TIME_PAST;
    if (*rx_ns < gate->last_ns)
        return judge_backward(gate, rx_ns);
    gate->last_ns = *rx_ns;
    gate->back_frames = 0;
    return TC_TIME_GOOD;
}
