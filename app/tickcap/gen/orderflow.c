/*
 * Order flow. What happens next is drawn from the mix of a real day; whether an order is added or
 * deleted is left to the book, which holds its depth. Deletes and replaces prefer orders near the
 * best price, executions take the best one: so lifetimes come out short at the top and long below.
 */
#include "tickcap/gen/orderflow.h"

enum {
    DRIFT_EVERY = 24,   /* orders, about, until the fair price moves by a tick */
    DEEPEN_EVERY = 128, /* messages, until a book usually holds one order more */
    BREAKABLE = 1000,   /* latest matches, one of which may be broken */
};

/* Distance of a new order from the best price, in levels. */
static const struct tc_quantiles depth_levels = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 7, 9, 13, 22, 70}};

/* Tracking numbers of executions; those of orders are 0. Equally likely. */
static const uint8_t execution_tracking[] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 6};

/*
 * One step of one symbol. Where several things are drawn, each has a statement of its own: the
 * order of draws must not depend on the compiler.
 */
struct step {
    struct tc_trading *trading;
    const struct tc_listed *symbol;
    struct tc_book *book;
    struct tc_numbers *numbers;
    struct tc_random *random;
    struct tc_itch_head head;
    uint8_t *out;
};

static struct tc_itch_head execution_head(const struct step *step)
{
    struct tc_itch_head head = step->head;

    head.tracking = execution_tracking[tc_random_below(step->random, sizeof execution_tracking)];
    return head;
}

/* References step by 4k with P(k) = 2^-k: most numbers of a lane go to orders nobody sees. */
static uint64_t next_reference(const struct step *step)
{
    uint64_t bits = tc_random_bits(step->random) | 1ULL << 32;
    uint64_t *latest = step->numbers->reference + step->symbol->lane;

    return *latest += TC_LANES * (1 + (uint64_t)__builtin_ctzll(bits));
}

static uint32_t draw_shares(const struct step *step)
{
    if (tc_random_once_in(step->random, 2))
        return step->symbol->usual_shares;
    return tc_listing_shares(step->random);
}

/* Part of an order of at least two shares, in round lots where it has more than one. */
static uint32_t draw_part(const struct step *step, uint32_t shares)
{
    if (shares > 100)
        return 100 * (1 + tc_random_below(step->random, (shares - 1) / 100));
    return 1 + tc_random_below(step->random, shares - 1);
}

/* A price at or behind the best of that side, and never across the other. */
static uint32_t draw_price(const struct step *step, enum tc_side side)
{
    const struct tc_listed *symbol = step->symbol;
    uint32_t level = symbol->tick * (1 + symbol->spread_ticks / 4);
    uint32_t depth = level * tc_random_quantile(step->random, &depth_levels);
    uint32_t fair = step->trading->fair, best;

    if (side == TC_BUY) {
        best = step->book->count[TC_SELL] > 0 ? tc_book_best(step->book, TC_SELL)->price : ~0U;
        fair = fair > depth ? fair - depth : symbol->tick;
        return fair < best ? fair : best - symbol->tick;
    }
    best = step->book->count[TC_BUY] > 0 ? tc_book_best(step->book, TC_BUY)->price : 0;
    fair += symbol->spread_ticks * symbol->tick + depth;
    return fair > best ? fair : best + symbol->tick;
}

/* The fair price walks, between half and twice the price it began with. */
static void drift(const struct step *step)
{
    struct tc_trading *trading = step->trading;
    const struct tc_listed *symbol = step->symbol;
    uint32_t toss = tc_random_below(step->random, 2 * DRIFT_EVERY);

    if (toss == 0 && trading->fair < 2 * symbol->price)
        trading->fair += symbol->tick;
    else if (toss == 1 && trading->fair > symbol->price / 2)
        trading->fair -= symbol->tick;
}

/* An order near the best price of either side; false where the book is empty. */
static bool pick_order(const struct step *step, enum tc_side *side, size_t *index)
{
    const struct tc_book *book = step->book;
    uint32_t orders = (uint32_t)book->count[TC_BUY] + book->count[TC_SELL];

    if (orders == 0)
        return false;
    *side = tc_random_below(step->random, orders) < book->count[TC_BUY] ? TC_BUY : TC_SELL;
    orders = book->count[*side];
    *index = orders - 1 - tc_random_below(step->random, 1 + tc_random_below(step->random, orders));
    return true;
}

/* The side of the next execution; false where the book is empty. */
static bool pick_best(const struct step *step, enum tc_side *side)
{
    *side = tc_random_once_in(step->random, 2) ? TC_BUY : TC_SELL;
    if (step->book->count[*side] == 0)
        *side = *side == TC_BUY ? TC_SELL : TC_BUY;
    return step->book->count[*side] > 0;
}

/*
 * What can happen. Each answers the length of its message, or 0 where the book does not allow it.
 */

static size_t delete_order(const struct step *step)
{
    enum tc_side side;
    size_t index;

    if (!pick_order(step, &side, &index))
        return 0;
    return tc_itch_delete(step->out, step->head, tc_book_remove(step->book, side, index).reference);
}

/* Puts a new order into the book; false where there is no room on either side. */
static bool place_order(const struct step *step, enum tc_side *side, struct tc_order *order)
{
    *side = tc_random_once_in(step->random, 2) ? TC_BUY : TC_SELL;
    if (tc_book_full(step->book, *side))
        *side = *side == TC_BUY ? TC_SELL : TC_BUY;
    if (tc_book_full(step->book, *side))
        return false;
    drift(step);
    order->reference = next_reference(step);
    order->price = draw_price(step, *side);
    order->shares = draw_shares(step);
    tc_book_insert(step->book, *side, *order);
    return true;
}

static size_t add_order(const struct step *step)
{
    struct tc_order order;
    enum tc_side side;

    if (!place_order(step, &side, &order))
        return delete_order(step);
    return tc_itch_add(step->out, step->head, side, &order);
}

static size_t add_attributed(const struct step *step)
{
    struct tc_order order;
    enum tc_side side;

    if (!place_order(step, &side, &order))
        return delete_order(step);
    return tc_itch_add_attributed(step->out, step->head, side, &order,
                                  tc_random_below(step->random, 1 << 16));
}

/* Adds and deletes hold each other in balance around the usual depth of the book. */
static size_t quote(const struct step *step)
{
    const struct tc_book *book = step->book;
    uint32_t deep = 1 + step->trading->messages / DEEPEN_EVERY;
    int usual = deep < book->room ? (int)deep : book->room;
    int orders = book->count[TC_BUY] + book->count[TC_SELL];
    int adds = orders < 2 * usual ? 128 + 32 * (usual - orders) / usual : 96; /* of 256 */

    if ((int)tc_random_below(step->random, 256) < adds)
        return add_order(step);
    return delete_order(step);
}

static size_t replace_order(const struct step *step)
{
    struct tc_order replaced, order;
    enum tc_side side;
    size_t index;

    if (!pick_order(step, &side, &index))
        return 0;
    replaced = tc_book_remove(step->book, side, index);
    order.reference = next_reference(step);
    order.price = draw_price(step, side);
    order.shares = tc_random_once_in(step->random, 4) ? draw_shares(step) : replaced.shares;
    tc_book_insert(step->book, side, order);
    return tc_itch_replace(step->out, step->head, replaced.reference, &order);
}

static size_t cancel_part(const struct step *step)
{
    struct tc_order *order;
    enum tc_side side;
    uint32_t shares;
    size_t index;

    if (!pick_order(step, &side, &index))
        return 0;
    order = step->book->orders[side] + index;
    if (order->shares < 2)
        return 0;
    shares = draw_part(step, order->shares);
    order->shares -= shares;
    return tc_itch_cancel(step->out, step->head, order->reference, shares);
}

/* Executes the best order, all or part of it; answers the order as it was, and the shares. */
static bool execute_best(const struct step *step, struct tc_order *executed, uint32_t *shares)
{
    struct tc_order *best;
    enum tc_side side;

    if (!pick_best(step, &side))
        return false;
    best = tc_book_best(step->book, side);
    *executed = *best;
    *shares = best->shares;
    if (best->shares > 1 && !tc_random_once_in(step->random, 3))
        *shares = draw_part(step, best->shares);
    best->shares -= *shares;
    if (best->shares == 0)
        step->book->count[side]--;
    return true;
}

static size_t execute(const struct step *step)
{
    struct tc_order order;
    uint32_t shares;

    if (!execute_best(step, &order, &shares))
        return 0;
    return tc_itch_execute(step->out, execution_head(step), order.reference, shares,
                           step->numbers->next_match++);
}

static size_t execute_at(const struct step *step)
{
    uint32_t shares, tick = step->symbol->tick;
    struct tc_order order;

    if (!execute_best(step, &order, &shares))
        return 0;
    return tc_itch_execute_at(step->out, execution_head(step), order.reference, shares,
                              step->numbers->next_match++, order.price + tick);
}

/* A hidden order was hit, most often in the middle of the spread. */
static size_t trade_hidden(const struct step *step)
{
    const struct tc_listed *symbol = step->symbol;
    uint32_t price = step->trading->fair + symbol->spread_ticks * symbol->tick / 2;
    uint32_t shares = draw_shares(step);

    return tc_itch_trade(step->out, execution_head(step), shares, price,
                         step->numbers->next_match++);
}

static size_t cross(const struct step *step)
{
    uint64_t shares = 100 * (uint64_t)draw_shares(step);

    return tc_itch_cross(step->out, execution_head(step), shares, step->trading->fair,
                         step->numbers->next_match++);
}

static size_t break_trade(const struct step *step)
{
    const struct tc_numbers *numbers = step->numbers;
    uint64_t matches = numbers->next_match - numbers->first_match, back;

    if (matches == 0)
        return 0;
    matches = matches < BREAKABLE ? matches : BREAKABLE;
    back = 1 + tc_random_below(step->random, (uint32_t)matches);
    return tc_itch_broken_trade(step->out, step->head, numbers->next_match - back);
}

static size_t show_imbalance(const struct step *step)
{
    uint64_t paired = 10 * (uint64_t)draw_shares(step);
    uint64_t imbalance = 100 * (uint64_t)tc_random_below(step->random, 200);

    if (tc_random_once_in(step->random, 3))
        imbalance = 0;
    return tc_itch_imbalance(step->out, step->head, paired, imbalance, step->trading->fair);
}

static size_t show_retail_interest(const struct step *step)
{
    return tc_itch_retail_interest(step->out, step->head, "BSAN"[tc_random_below(step->random, 4)]);
}

/* The mix of a day, of 10,000 messages. */
static const struct {
    uint32_t weight;
    size_t (*act)(const struct step *step);
} mix[] = {
    {8575, quote},             /* A and D */
    {850, replace_order},      /* U */
    {305, execute},            /* E */
    {170, cancel_part},        /* X */
    {50, add_attributed},      /* F */
    {32, trade_hidden},        /* P */
    {10, show_imbalance},      /* I */
    {3, execute_at},           /* C */
    {3, show_retail_interest}, /* N */
    {1, cross},                /* Q */
    {1, break_trade},          /* B */
};

enum { MIX_ROWS = sizeof mix / sizeof mix[0], MIX_WEIGHTS = 10000 };

size_t tc_orderflow_step(struct tc_trading *trading, struct tc_numbers *numbers,
                         struct tc_random *random, uint64_t time_ns, uint8_t *message)
{
    const struct step step = {
        .trading = trading,
        .symbol = trading->symbol,
        .book = &trading->book,
        .numbers = numbers,
        .random = random,
        .head = {.symbol = trading->symbol, .time_ns = time_ns},
        .out = message,
    };
    uint32_t point = tc_random_below(random, MIX_WEIGHTS);
    size_t bytes, row = 0;

    trading->messages++;
    for (; row + 1 < MIX_ROWS && point >= mix[row].weight; row++)
        point -= mix[row].weight;
    bytes = mix[row].act(&step);
    return bytes > 0 ? bytes : add_order(&step);
}
