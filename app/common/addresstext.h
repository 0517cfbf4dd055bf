/*
 * IPv4 addresses as people read them.
 */
#ifndef TC_APP_ADDRESSTEXT_H
#define TC_APP_ADDRESSTEXT_H

#include <stdint.h>
#include <stdio.h>

enum { TC_ADDRESS_TEXT = 16 };

/* Dotted decimal, of an address in host byte order. */
static inline const char *tc_address_text(char text[TC_ADDRESS_TEXT], uint32_t address)
{
    snprintf(text, TC_ADDRESS_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
             address >> 8 & 0xff, address & 0xff);
    return text;
}

#endif
