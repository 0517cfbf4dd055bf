/* An account as JSON, with the names that docs/OPERATING.md lists. */
#ifndef TC_APP_ACCOUNTJSON_H
#define TC_APP_ACCOUNTJSON_H

#include <jansson.h>

#include "file/account.h"

/* The whole account; the caller owns the answer. */
json_t *account_json(const struct tc_account *account, const struct tc_reader *reader);

/* 16 bytes as 32 hex digits. */
void id_text(char text[33], const uint8_t id[TC_ID_BYTES]);

#endif
