/*
 * Histograms of latencies in the terminal: `tickcap info --latency`.
 *
 * Latencies spread over decades and their tails over more, so both axes are logarithmic: rows of
 * either sign begin at 1, 2, 5, 10, ..., or closer to each other where that gives only few, and
 * bars are as long as the logarithm of their count, so that a single message of a million is still
 * seen. 80 columns, no colours; blocks where the locale is UTF-8, else ASCII.
 */
#ifndef TC_TICKCAP_LATENCYDRAWING_H
#define TC_TICKCAP_LATENCYDRAWING_H

#include "file/account.h"

void latency_draw(const struct tc_account *account);

#endif
