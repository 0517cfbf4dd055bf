/* What an account says of the clocks of a capture. */
#include <criterion/criterion.h>

#include "feed/registry.h"
#include "file/account.h"
#include "segmentbed.h"
#include "tamperbed.h"

TestSuite(account, .init = segments_set_up, .fini = segments_tear_down);

/* Frames stand in the stream of a port; a file may say what it likes. */
Test(account, a_clock_of_a_stream_without_a_port_is_of_nobody)
{
    struct faults faults;
    struct tc_error error = {0};
    struct tc_accountant *accountant;
    struct tc_account account;
    struct tc_reader *reader;
    struct tc_item item;

    tamper_open(&tc_feed_itch50, 1, false);
    tamper.capture->streams[0].port = TC_PORT_NONE;
    tamper_send(0, "S", 1, 1, 0, 0);
    tamper_close();
    reader = segments_reader(segments_folder, &faults);
    cr_assert_eq(tc_accountant_open(&accountant, reader, false, &error), TC_OK);
    while (tc_reader_next(reader, &item, &error) == TC_OK)
        cr_assert_eq(tc_accountant_take(accountant, &item, &error), TC_OK);
    cr_assert_eq(tc_accountant_close(accountant, &account, &error), TC_OK);
    cr_assert_eq(account.frames, 1);
    cr_assert_eq(account.clock_count, 1);
    cr_assert_null(account.clocks[0].port);
    tc_accountant_free(accountant);
    tc_reader_close(reader);
}
