/* upcase.h - NTFS's upcase rule for one UTF-16 unit: $UpCase as volumes have it that were
 * formatted by Windows Vista or later (rules 5.3). Inside vss; others use winpath.h. */
#ifndef VSS_UPCASE_H
#define VSS_UPCASE_H

#include <stdint.h>

enum { UPCASE_BLOCK_UNITS = 64 };

/* upcase_table.c: the block of deltas that a run of 64 units uses, and the blocks. */
extern const uint8_t upcase_block[0x10000 / UPCASE_BLOCK_UNITS];
extern const uint16_t upcase_delta[][UPCASE_BLOCK_UNITS];

static inline uint16_t upcase_unit(uint16_t unit)
{
    const uint16_t *block = upcase_delta[upcase_block[unit / UPCASE_BLOCK_UNITS]];
    return (uint16_t)(unit + block[unit % UPCASE_BLOCK_UNITS]);
}

#endif
