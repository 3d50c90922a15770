/* slot.h - one frame in flight. The state says who holds it:
 *
 *   FREE -> READ (kernel) -> DECODE (cpu) -> WRITE (cpu, or kernel for a large file) -> FREE
 *
 * A frame that cannot be read or decoded fails its pieces and its slot is FREE again. One whose
 * buffers a broken ring may still write to is LOST: never used again. A slot belongs to one worker
 * for the whole run. */
#ifndef ENGINE_SLOT_H
#define ENGINE_SLOT_H

#include "media/frame.h"
#include "media/index.h"

enum slot_state { SLOT_FREE, SLOT_READ, SLOT_DECODE, SLOT_WRITE, SLOT_LOST };

struct large_file;
struct direct_pack;

struct slot {
    const struct index_chunk *frame; /* any chunk in it: names pack, offset, lengths */
    char *stored_home; /* the block of a frame there, behind its header, is aligned to a page */
    char *stored;      /* the frame: there, or where a direct read has brought it */
    char *plain;
    const char *payload;      /* the plain bytes: in plain, or inside stored */
    struct large_file *large; /* of the write that is in flight */
    uint32_t piece;           /* the next one to write */
    uint32_t piece_end;
    uint32_t moved_bytes; /* of the read or write that is in flight */
    uint32_t retries;     /* without progress */
    uint32_t page_bytes;
    enum slot_state state;
    struct direct_pack *direct; /* of the read that is in flight, past the page cache; or NULL */
};

static inline uint64_t slot_round_up(uint64_t bytes, uint64_t page_bytes)
{
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

/* Of a worker's slab, for a slot's two buffers. The stored one's home begins FRAME_BLOCK_OFFSET
 * ahead of its second page. It holds, from its first page on, the blocks of the file that a frame
 * stands in, wherever it begins in the first of them (blocks are not larger than pages). */
static inline uint64_t slot_stored_space(uint32_t stored_bytes_max, uint64_t page_bytes)
{
    return page_bytes + slot_round_up(stored_bytes_max, page_bytes);
}

static inline char *slot_stored_base(const struct slot *slot)
{
    return slot->stored_home + FRAME_BLOCK_OFFSET - slot->page_bytes;
}

static inline uint64_t slot_plain_space(uint32_t plain_bytes_max, uint64_t page_bytes)
{
    return slot_round_up(plain_bytes_max, page_bytes);
}

#endif
