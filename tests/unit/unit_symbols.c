/* Names of symbols: each follower is told each news exactly once, however late it asks. */
#include <criterion/criterion.h>

#include "support.h"
#include "track/symbols.h"

static struct tc_symbols symbols;
static void *memory;

static void set_up(uint32_t followers)
{
    memory = malloc(tc_symbols_footprint(followers));
    memset(memory, 0xee, tc_symbols_footprint(followers));
    tc_symbols_init(&symbols, memory, followers);
}

static void tear_down(void)
{
    free(memory);
}

static bool name(uint16_t locate, const char *eight)
{
    uint8_t *exact = test_exact_copy(eight, TC_SYMBOL_BYTES);
    bool news = tc_symbols_set(&symbols, locate, exact);

    test_exact_free(exact);
    return news;
}

Test(symbols, a_fresh_table_knows_nothing)
{
    set_up(2);
    for (uint32_t locate = 0; locate < TC_LOCATES; locate++)
        cr_assert_null(tc_symbols_name(&symbols, (uint16_t)locate));
    cr_assert_eq(tc_symbols_tell(&symbols, 0), -1);
    cr_assert_eq(tc_symbols_tell(&symbols, 1), -1);
    cr_assert_eq(symbols.known, 0);
    tear_down();
}

Test(symbols, each_follower_is_told_once)
{
    set_up(3);
    cr_assert(name(7, "AAPL    "));
    cr_assert_eq(symbols.known, 1);
    cr_assert_arr_eq(tc_symbols_name(&symbols, 7), "AAPL    ", TC_SYMBOL_BYTES);
    for (uint32_t follower = 0; follower < 3; follower++) {
        cr_assert_eq(tc_symbols_tell(&symbols, follower), 7);
        cr_assert_eq(tc_symbols_tell(&symbols, follower), -1);
    }
    tear_down();
}

Test(symbols, the_same_name_again_is_no_news_but_another_one_is)
{
    set_up(1);
    cr_assert(name(7, "AAPL    "));
    cr_assert_eq(tc_symbols_tell(&symbols, 0), 7);
    cr_assert_not(name(7, "AAPL    "));
    cr_assert_eq(tc_symbols_tell(&symbols, 0), -1);
    cr_assert(name(7, "MSFT    "));
    cr_assert_eq(symbols.known, 1);
    cr_assert_eq(tc_symbols_tell(&symbols, 0), 7);
    cr_assert_arr_eq(tc_symbols_name(&symbols, 7), "MSFT    ", TC_SYMBOL_BYTES);
    cr_assert_eq(tc_symbols_tell(&symbols, 0), -1);
    tear_down();
}

Test(symbols, renamed_before_it_was_told_it_is_told_once)
{
    set_up(1);
    name(7, "AAPL    ");
    name(7, "MSFT    ");
    cr_assert_eq(tc_symbols_tell(&symbols, 0), 7);
    cr_assert_eq(tc_symbols_tell(&symbols, 0), -1);
    tear_down();
}

Test(symbols, all_zero_is_no_name)
{
    set_up(1);
    cr_assert_not(name(7, "\0\0\0\0\0\0\0\0"));
    cr_assert_null(tc_symbols_name(&symbols, 7));
    cr_assert(name(7, "\0\0\0\0\0\0\0X"));
    cr_assert_not(name(7, "\0\0\0\0\0\0\0\0"));
    cr_assert_arr_eq(tc_symbols_name(&symbols, 7), "\0\0\0\0\0\0\0X", TC_SYMBOL_BYTES);
    cr_assert_eq(symbols.known, 1);
    tear_down();
}

Test(symbols, what_could_not_be_passed_on_is_told_again)
{
    set_up(2);
    name(100, "A       ");
    name(3, "B       ");
    cr_assert_eq(tc_symbols_tell(&symbols, 0), 3);
    tc_symbols_untell(&symbols, 0, 3);
    cr_assert_eq(tc_symbols_tell(&symbols, 0), 3);
    cr_assert_eq(tc_symbols_tell(&symbols, 0), 100);
    cr_assert_eq(tc_symbols_tell(&symbols, 0), -1);
    cr_assert_eq(tc_symbols_tell(&symbols, 1), 3);
    tear_down();
}

Test(symbols, the_whole_table_is_told_in_as_many_steps)
{
    static bool told[TC_LOCATES];

    set_up(1);
    for (uint32_t locate = 0; locate < TC_LOCATES; locate++)
        cr_assert(name((uint16_t)locate, "ANY     "));
    cr_assert_eq(symbols.known, TC_LOCATES);
    for (uint32_t step = 0; step < TC_LOCATES; step++) {
        int32_t locate = tc_symbols_tell(&symbols, 0);

        cr_assert(locate >= 0 && locate < TC_LOCATES);
        cr_assert_not(told[locate]);
        told[locate] = true;
    }
    cr_assert_eq(tc_symbols_tell(&symbols, 0), -1);
    tear_down();
}

/* ---- against a model ---- */

enum { FOLLOWERS = 5 };

struct model {
    uint64_t names[TC_LOCATES];
    bool untold[FOLLOWERS][TC_LOCATES];
    uint32_t untold_count[FOLLOWERS];
    uint32_t known;
};

static struct model model;

static void model_untell(uint32_t follower, uint16_t locate)
{
    model.untold_count[follower] += !model.untold[follower][locate];
    model.untold[follower][locate] = true;
}

static void both_set(struct test_random *random, uint16_t locate)
{
    uint64_t word = test_below(random, 4);
    bool news = word != 0 && word != model.names[locate];

    cr_assert_eq(name(locate, (const char *)&word), news);
    if (!news)
        return;
    model.known += model.names[locate] == 0;
    model.names[locate] = word;
    for (uint32_t follower = 0; follower < FOLLOWERS; follower++)
        model_untell(follower, locate);
}

/* Any name may be told, but one that is owed; and -1 exactly when none is. */
static void both_tell(uint32_t follower)
{
    int32_t locate = tc_symbols_tell(&symbols, follower);

    cr_assert_eq(locate == -1, model.untold_count[follower] == 0);
    if (locate == -1)
        return;
    cr_assert(model.untold[follower][locate], "locate %d is not owed to %u", locate, follower);
    model.untold[follower][locate] = false;
    model.untold_count[follower]--;
}

static void expect_names(void)
{
    cr_assert_eq(symbols.known, model.known);
    for (uint32_t locate = 0; locate < TC_LOCATES; locate++) {
        const uint8_t *found = tc_symbols_name(&symbols, (uint16_t)locate);

        cr_assert_eq(found != NULL, model.names[locate] != 0);
        if (found != NULL)
            cr_assert_arr_eq(found, &model.names[locate], TC_SYMBOL_BYTES);
    }
}

static void live(uint64_t seed, uint32_t locates)
{
    struct test_random random = {seed};

    memset(&model, 0, sizeof model);
    set_up(FOLLOWERS);
    for (int step = 0; step < 20000; step++) {
        uint32_t follower = (uint32_t)test_below(&random, FOLLOWERS);
        uint16_t locate = (uint16_t)(TC_LOCATES - 1 - test_below(&random, locates));

        switch (test_below(&random, 8)) {
        case 0:
            if (model.names[locate] != 0) {
                tc_symbols_untell(&symbols, follower, locate);
                model_untell(follower, locate);
            }
            break;
        case 1:
        case 2: both_set(&random, locate); break;
        default: both_tell(follower); break;
        }
    }
    for (uint32_t follower = 0; follower < FOLLOWERS; follower++)
        while (model.untold_count[follower] > 0)
            both_tell(follower);
    for (uint32_t follower = 0; follower < FOLLOWERS; follower++)
        cr_assert_eq(tc_symbols_tell(&symbols, follower), -1);
    expect_names();
    tear_down();
}

Test(symbols, random_days_agree_with_the_model)
{
    static const uint32_t locates[] = {1, 2, 64, 65, 1000, TC_LOCATES};

    for (uint64_t seed = 0; seed < 30; seed++)
        live(seed, locates[seed % 6]);
}
