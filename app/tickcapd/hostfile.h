/*
 * Files in which the kernel tells of the machine: /sys and /proc.
 *
 * Tests stand another machine in for this one: with TICKCAPD_TEST_ROOT in the environment the files
 * are looked for below the folder that it names.
 */
#ifndef TC_TICKCAPD_HOSTFILE_H
#define TC_TICKCAPD_HOSTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/* The path of a file on the machine that is looked at; answers `path`. */
const char *tc_host_path(char path[PATH_MAX], const char *format, ...) TC_PRINTF(2, 3);

/* Opens a file of that machine to read; NULL where there is none. */
FILE *tc_host_open(const char *name);

/* First line of the file at a path that tc_host_path() made, without its end; false without one. */
bool tc_host_read_line(const char *path, char *line, size_t size);

/* The decimal number in it; `otherwise` where there is none. */
int64_t tc_host_read_number(const char *path, int64_t otherwise);

#endif
