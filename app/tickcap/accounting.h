/* All of a capture put into an account, with progress on a terminal: how info and gaps begin. */
#ifndef TC_APP_ACCOUNTING_H
#define TC_APP_ACCOUNTING_H

#include "file/account.h"

/*
 * Takes every item of `reader`; `holes`: sequence numbers too, for gaps. The caller frees
 * `accountant`, in which `account` lives, with tc_accountant_free, also after a failure.
 */
TC_MUST_USE enum tc_status account_read(struct tc_reader *reader, bool holes,
                                        struct tc_accountant **accountant,
                                        struct tc_account *account, struct tc_error *error);

#endif
