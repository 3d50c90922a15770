/* ranges.h - the range strings and ranges files of partial files and directed targets
 * (rules 7.5, 7.6). Pure; any thread. */
#ifndef VSS_RANGES_H
#define VSS_RANGES_H

#include "base/arena.h"

struct vss_range {
    uint64_t offset;
    uint64_t length; /* offset + length <= 2^63 - 1 */
};

struct vss_ranges {
    struct view file;       /* a ranges file's path ("File=" stripped), or absent: the list below;
                               a part of the text parsed, not expanded, not canonical */
    struct vss_range *list; /* in the order written, in the arena; may overlap, lengths may be 0 */
    uint32_t count;
};

/* Parse a ranges attribute: list or file. On failure *fault is a static sentence part and *at
 * the byte in text where it stands; on success *fault is NULL. */
bool vss_ranges_parse(struct arena *arena, struct view text, struct vss_ranges *out,
                      const char **fault, size_t *at);

/* Parse a ranges file's bytes: u64 count, then count pairs, little-endian. *tail_bytes counts
 * what stands behind (a warning). On failure *fault is a static sentence part. The caller bounds
 * bytes; the list takes no more memory than they do. */
bool vss_ranges_file_parse(struct arena *arena, struct view bytes, struct vss_ranges *out,
                           uint64_t *tail_bytes, const char **fault);

#endif
