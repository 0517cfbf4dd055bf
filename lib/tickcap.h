/*
 * libtickcap: reading what tickcap has recorded.
 *
 * The only header that a program outside tickcap needs. A reader opens segments or directories of
 * them and gives frames and events in order; a ticker gives the messages of a frame, with time,
 * symbol and sequence number; print turns them into text. Nothing here prints, exits, or keeps
 * anything global; one reader is for one thread.
 *
 *     struct tc_reader_options options = {.verify = true};
 *     struct tc_reader *reader;
 *     struct tc_error error = {0};
 *     struct tc_item item;
 *     struct tc_tick tick;
 *
 *     if (tc_reader_open(&reader, &path, 1, &options, &error) != TC_OK)
 *         return complain(error.text);
 *     while (tc_reader_next(reader, &item, &error) == TC_OK) {
 *         tc_ticker_frame(ticker, &item);
 *         while (tc_ticker_next(ticker, &tick))
 *             use(&tick);
 *     }
 */
#ifndef TC_TICKCAP_H
#define TC_TICKCAP_H

#include "base/status.h"
#include "base/text.h"
#include "feed/print.h"
#include "feed/registry.h"
#include "file/account.h"
#include "file/gaps.h"
#include "file/reader.h"
#include "file/ticks.h"
#include "file/verify.h"

#endif
