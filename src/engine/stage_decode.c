/* stage_decode.c - the one CPU stage: stored bytes in, plain bytes out.
 *
 * Runs on the worker that owns the slot, between its read and its write: the bytes are still in
 * this core's cache. What is verified is each piece's XXH3 (piece_is_right()), of exactly the
 * bytes that will be written; the frame's own checksum is for `verify`. */
#include "engine/worker.h"

#include "base/xxh3.h"

enum slot_state stage_decode(struct worker *worker, struct slot *slot)
{
    const struct index_chunk *frame = slot->frame;
    const enum frame_fault fault = frame_decode(slot->stored, frame->frame_bytes, slot->plain,
                                                frame->frame_plain_bytes, &slot->payload);
    meter_add(&worker->meter.frames, 1);
    meter_mark(&worker->meter, WORK_DECODE);
    return fault == FRAME_OK ? SLOT_WRITE : slot_fail(worker, slot, OUTCOME_MEDIA_CORRUPT, 0);
}

bool piece_is_right(const struct worker *worker, const struct claim_piece *piece,
                    const char *payload)
{
    const struct index_chunk *chunk = claim_chunk(worker->claims, piece);
    const uint64_t seed =
        index_chunk_seed(worker->input->set->index.header->set_uuid,
                         file_table_data_entry(worker->table, piece->file), chunk->file_offset);
    return XXH3_64bits_withSeed(payload + chunk->offset_in_frame, chunk->length, seed) ==
           chunk->xxh3_64;
}
