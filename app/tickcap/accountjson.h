/* An account as JSON, with the names that docs/OPERATING.md lists. */
#ifndef TC_APP_ACCOUNTJSON_H
#define TC_APP_ACCOUNTJSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "file/account.h"

/* The whole account; the caller owns the answer. */
json_t *account_json(const struct tc_account *account, const struct tc_reader *reader);

/* Of a capture that has just begun: nothing is known of it but that. */
json_t *account_json_begun(void);

/* A number of any 64 bits, for objects that account_json_print prints. */
json_t *account_json_number(uint64_t value);

/* Prints an object, numbers of all 64 bits exactly. False when memory is short. */
bool account_json_print(const json_t *object, FILE *out);

/* 16 bytes as 32 hex digits. */
void id_text(char text[33], const uint8_t id[TC_ID_BYTES]);

#endif
