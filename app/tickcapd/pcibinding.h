/*
 * Whether a PCI device is bound as its profile wants it.
 */
#ifndef TC_TICKCAPD_PCIBINDING_H
#define TC_TICKCAPD_PCIBINDING_H

#include "tickcapd/profile.h"

/* TC_USAGE with one sentence that holds the command to run, where it is not. */
TC_MUST_USE enum tc_status
tc_pci_binding_check(const char *address, const struct tc_profile *profile, struct tc_error *error);

#endif
