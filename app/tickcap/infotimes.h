/*
 * What `tickcap info` says of times: the clocks and how far they can be trusted, how long messages
 * took, and which line of a channel came first.
 */
#ifndef TC_TICKCAP_INFOTIMES_H
#define TC_TICKCAP_INFOTIMES_H

#include "file/account.h"

void info_print_clocks(const struct tc_account *account);
void info_print_latencies(const struct tc_account *account);
void info_print_leads(const struct tc_account *account);

#endif
