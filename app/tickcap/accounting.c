/* One walk over a capture. */
#include "tickcap/accounting.h"

#include "common/progress.h"

enum tc_status account_read(struct tc_reader *reader, bool holes, struct tc_accountant **accountant,
                            struct tc_account *account, struct tc_error *error)
{
    struct tc_progress progress;
    struct tc_item item;
    enum tc_status status;

    status = tc_accountant_open(accountant, reader, holes, error);
    if (status != TC_OK) {
        *accountant = NULL;
        return status;
    }
    tc_progress_begin(&progress, "reading", tc_reader_totals(reader).bytes_stored);
    while (status == TC_OK && tc_reader_next(reader, &item, error) == TC_OK) {
        tc_progress_show(&progress, tc_reader_totals(reader).bytes_read);
        status = tc_accountant_take(*accountant, &item, error);
    }
    tc_progress_end(&progress);
    return status == TC_OK ? tc_accountant_close(*accountant, account, error) : status;
}
