/* frame.h - one LZ4 frame of one block: the unit that is read, decoded and verified.
 *
 * Data plane: no allocation, no logging; any thread, on buffers of its own. frame_decode()
 * leaves the frame's own XXH32 unchecked: `run` verifies XXH3 of exactly the bytes that it
 * writes; frame_verify() is for `verify`, which checks everything. */
#ifndef MEDIA_FRAME_H
#define MEDIA_FRAME_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_HEADER_BYTES = 15, FRAME_BLOCK_OFFSET = 19, FRAME_OVERHEAD_BYTES = 31 };

/* Encode plain (1..FRAME_PLAIN_BYTES_MAX bytes) as a frame. stored holds at least
 * frame_stored_bound(plain_bytes). state is frame_state_bytes() bytes of scratch. Returns the
 * bytes of the frame; the same for the same plain bytes and LZ4 version. */
size_t frame_stored_bound(uint32_t plain_bytes);
size_t frame_state_bytes(void);
uint32_t frame_encode(const void *plain, uint32_t plain_bytes, void *stored, void *state);

enum frame_fault {
    FRAME_OK,
    FRAME_BAD_MAGIC,
    FRAME_BAD_HEADER,  /* flags, sizes or header checksum */
    FRAME_BAD_LENGTH,  /* lengths inside disagree with the index */
    FRAME_BAD_BLOCK,   /* LZ4 cannot decode it, or to another length */
    FRAME_BAD_CHECKSUM /* frame_verify() only */
};
const char *frame_fault_text(enum frame_fault fault);

/* Decode stored (exactly stored_bytes, a whole frame) into plain, which must come to exactly
 * plain_bytes. *payload: where the plain bytes are: in plain, or inside stored when the block is
 * stored as it is. */
enum frame_fault frame_decode(const void *stored, uint32_t stored_bytes, void *plain,
                              uint32_t plain_bytes, const char **payload);

/* Only the header of the frame at stored: stored and plain length. Needs FRAME_BLOCK_OFFSET
 * bytes. */
enum frame_fault frame_measure(const void *stored, uint32_t *stored_bytes, uint32_t *plain_bytes);

/* The frame's own checksums, of its block as stored and of its decoded plain bytes, and its end
 * mark. Together with frame_decode() every byte of the frame is covered. Only after
 * frame_decode() found no fault. */
enum frame_fault frame_verify(const void *stored, uint32_t stored_bytes, const void *plain,
                              uint32_t plain_bytes);

#endif
