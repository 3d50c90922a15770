/* filetime.h - the expiry time in a directory service's backup metadata (rules, section 11). Pure.
 *
 * The metadata are base64 of bytes that a writer made for itself; a time is recognised in one
 * layout alone: a 32-bit length of 8, then a FILETIME (100 ns since 1601), little-endian. */
#ifndef PLAN_FILETIME_H
#define PLAN_FILETIME_H

#include "base/view.h"

enum { FILETIME_TEXT_BYTES = 32 };

/* "2024-09-05 08:53:20 UTC". False: it is of another layout, or no time of the years 1970-9999. */
bool filetime_of_metadata(struct view base64, char out[FILETIME_TEXT_BYTES]);

#endif
