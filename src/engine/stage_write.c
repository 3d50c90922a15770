/* stage_write.c - the pieces of a decoded frame, each verified and then written.
 *
 * Small files whole and at once by plain calls (measured better than the ring); pieces of large
 * files at their offsets, through the ring and past the page cache where the destination can,
 * else by pwrite; ranges into files that exist by pwrite, since few are aligned. One ring write
 * in flight for a slot: the slot waits, the worker does not. */
#include "engine/worker.h"

#include "base/bug.h"

#include <errno.h>

static void write_bare(struct worker *worker, struct slot *slot)
{
    const uint32_t file = worker->claims->pieces[slot->piece++].file;
    meter_small(&worker->meter);
    if (stage_is_ranged(&worker->input->plan->files[file])) {
        file_pieces_done(worker, file, 1, false); /* neither ranges nor a base with bytes */
        return;
    }
    if (!worker->input->discard && !file_table_has_fault(worker->table, file)) {
        const int fault = bare_file_make(worker, file);
        if (fault != 0) {
            file_table_fault(worker->table, file, outcome_of_errno(fault), fault);
        }
    }
    file_pieces_done(worker, file, 1, true);
}

enum slot_state slot_fail(struct worker *worker, struct slot *slot, enum outcome outcome,
                          int os_errno)
{
    while (slot->piece < slot->piece_end) {
        const struct claim_piece *piece = &worker->claims->pieces[slot->piece];
        if (piece->chunk == MARK_NONE && outcome != OUTCOME_CANCELLED) {
            write_bare(worker, slot); /* what has no data does not miss the frame */
            continue;
        }
        file_table_fault(worker->table, piece->file, outcome, os_errno);
        slot->piece++;
        file_pieces_done(worker, piece->file, 1, false);
    }
    meter_small_end(&worker->meter);
    return SLOT_FREE;
}

/* --- pieces of large files --- */

/* How much of what is left may go past the page cache: aligned in the file and in memory. */
static uint32_t write_direct_bytes(const struct worker *worker, const struct large_file *large,
                                   const struct ring_operation *o)
{
    if (large->direct_fd < 0 || large->direct_refused) {
        return 0;
    }
    const uint32_t mount = stage_file_mount(worker->input->stage, large->file);
    const uint32_t align = worker->input->stage->mounts[mount].abilities.direct_align_bytes;
    if (o->offset % align != 0 || (uintptr_t)o->bytes % align != 0) {
        return 0;
    }
    return o->count - o->count % align;
}

/* Where the rest of the current piece goes. */
static struct ring_operation write_rest(const struct worker *worker, const struct slot *slot)
{
    const struct index_chunk *chunk =
        claim_chunk(worker->claims, &worker->claims->pieces[slot->piece]);
    char *bytes = (char *)(uintptr_t)slot->payload + chunk->offset_in_frame + slot->moved_bytes;
    return (struct ring_operation){
        .bytes = bytes,
        .count = chunk->length - slot->moved_bytes,
        .offset = chunk->file_offset + slot->moved_bytes,
        .tag = (uint32_t)(slot - worker->slots),
    };
}

static enum slot_state write_piece_end(struct worker *worker, struct slot *slot, int fault)
{
    const struct claim_piece *piece = &worker->claims->pieces[slot->piece];
    const uint32_t file = piece->file;
    if (fault != 0) {
        file_table_fault(worker->table, file, outcome_of_errno(fault), fault);
    } else if (!file_table_has_fault(worker->table, file)) {
        meter_add(&worker->meter.bytes_done,
                  claim_chunk(worker->claims, &worker->claims->pieces[slot->piece])->length);
    }
    if (slot->large != NULL) {
        if (fault == 0) {
            marks_piece(worker->input->marks, file, piece->chunk);
        }
        slot->large->in_flight--;
        slot->large = NULL;
    }
    slot->piece++;
    file_pieces_done(worker, file, 1, false);
    return SLOT_FREE; /* of this piece; stage_write() goes on with the next */
}

/* SLOT_WRITE: a ring write is in flight. SLOT_FREE: the piece is done. */
static enum slot_state write_large(struct worker *worker, struct slot *slot)
{
    struct ring_operation o = write_rest(worker, slot);
    const uint32_t direct = write_direct_bytes(worker, slot->large, &o);
    if (direct > 0) {
        o.fd = slot->large->direct_fd;
        o.count = direct;
        ring_write(worker->ring, &o);
        return SLOT_WRITE;
    }
    const int fault = large_file_write(worker, slot->large, o.bytes, o.count, o.offset);
    if (o.count > 0) { /* else it all went through the ring */
        meter_mark(&worker->meter, WORK_WRITE);
    }
    return write_piece_end(worker, slot, fault);
}

static enum slot_state write_large_begin(struct worker *worker, struct slot *slot)
{
    const struct claim_piece *piece = &worker->claims->pieces[slot->piece];
    slot->moved_bytes = 0;
    slot->retries = 0;
    if (!piece_is_right(worker, piece, slot->payload)) {
        file_table_fault(worker->table, piece->file, OUTCOME_MEDIA_CORRUPT, 0);
    }
    meter_mark(&worker->meter, WORK_VERIFY);
    if (worker->input->discard || file_table_has_fault(worker->table, piece->file)) {
        return write_piece_end(worker, slot, 0);
    }
    slot->large = large_file_open(worker, piece->file);
    if (slot->large == NULL) {
        return write_piece_end(worker, slot, errno);
    }
    slot->large->in_flight++;
    return write_large(worker, slot);
}

enum slot_state stage_write_done(struct worker *worker, struct slot *slot, int32_t result)
{
    enum slot_state state;
    if (result == -EINVAL) {
        slot->large->direct_refused = true; /* stricter than it said: plain from here on */
        state = write_large(worker, slot);
    } else if (result > 0) {
        slot->moved_bytes += (uint32_t)result;
        meter_add(&worker->meter.direct_bytes, (uint64_t)result);
        slot->retries = 0;
        state = write_large(worker, slot);
    } else if ((result == 0 || result == -EINTR || result == -EAGAIN) &&
               ++slot->retries <= IO_RETRIES_MAX) {
        state = write_large(worker, slot);
    } else {
        state = write_piece_end(worker, slot, result == 0 ? EIO : -result);
    }
    return state == SLOT_WRITE ? SLOT_WRITE : stage_write(worker, slot);
}

/* --- small files --- */

/* How many pieces from the current one on are of the same file. */
static uint32_t write_run(const struct worker *worker, const struct slot *slot)
{
    const struct claim_piece *pieces = worker->claims->pieces;
    uint32_t count = 1;
    while (slot->piece + count < slot->piece_end &&
           pieces[slot->piece + count].file == pieces[slot->piece].file) {
        count++;
    }
    return count;
}

static bool write_is_whole(const struct worker *worker, const struct slot *slot, uint32_t count)
{
    const uint32_t file = worker->claims->pieces[slot->piece].file;
    const uint32_t entry = file_table_data_entry(worker->table, file);
    return worker->input->set->index.entries[entry].chunk_count == count;
}

static void write_small(struct worker *worker, struct slot *slot, uint32_t count)
{
    const struct claim_piece *pieces = &worker->claims->pieces[slot->piece];
    const uint32_t file = pieces[0].file;
    meter_small(&worker->meter);
    for (uint32_t i = 0; i < count; i++) {
        if (!piece_is_right(worker, &pieces[i], slot->payload)) {
            file_table_fault(worker->table, file, OUTCOME_MEDIA_CORRUPT, 0);
        }
    }
    meter_mark(&worker->meter, WORK_VERIFY);
    if (!worker->input->discard && !file_table_has_fault(worker->table, file)) {
        const int fault = small_file_write(worker, pieces, count, slot->payload);
        if (fault != 0) {
            file_table_fault(worker->table, file, outcome_of_errno(fault), fault);
        }
    }
    slot->piece += count;
    file_pieces_done(worker, file, count, true);
}

/* --- ranges into files that exist --- */

static void write_ranged(struct worker *worker, struct slot *slot)
{
    const struct claim_piece *piece = &worker->claims->pieces[slot->piece++];
    const bool copy = claim_is_copy(piece);
    if (!copy && !piece_is_right(worker, piece, slot->payload)) {
        file_table_fault(worker->table, piece->file, OUTCOME_MEDIA_CORRUPT, 0);
    }
    meter_mark(&worker->meter, WORK_VERIFY);
    if (!worker->input->discard && !file_table_has_fault(worker->table, piece->file)) {
        const int fault = copy ? ranges_copy(worker, piece, slot->plain)
                               : ranges_write(worker, piece, slot->payload);
        if (fault == ECANCELED) {
            file_table_fault(worker->table, piece->file, OUTCOME_CANCELLED, 0);
        } else if (fault != 0) {
            file_table_fault(worker->table, piece->file, outcome_of_errno(fault), fault);
        } else if (worker->input->marks != NULL) {
            marks_piece(worker->input->marks, stage_target(worker->input->plan, piece->file),
                        claim_ordinal(worker->claims, piece));
        }
        meter_mark(&worker->meter, WORK_WRITE);
    }
    file_pieces_done(worker, piece->file, 1, false);
}

enum slot_state stage_write(struct worker *worker, struct slot *slot)
{
    worker->file_ms = slow_now_ms();
    while (slot->piece < slot->piece_end) {
        const struct claim_piece *piece = &worker->claims->pieces[slot->piece];
        if (piece->chunk == MARK_NONE) {
            write_bare(worker, slot);
            continue;
        }
        if (stage_is_ranged(&worker->input->plan->files[piece->file])) {
            meter_small_end(&worker->meter);
            write_ranged(worker, slot);
            continue;
        }
        if (worker->stream != NULL) {
            meter_small_end(&worker->meter);
            slow_starts_note(&worker->claims->starts, piece->file);
            stream_piece(worker, &worker->claims->pieces[slot->piece++]);
            continue;
        }
        const uint32_t count = write_run(worker, slot);
        if (write_is_whole(worker, slot, count)) {
            write_small(worker, slot, count);
            continue;
        }
        meter_small_end(&worker->meter);
        if (write_large_begin(worker, slot) == SLOT_WRITE) {
            return SLOT_WRITE;
        }
    }
    meter_small_end(&worker->meter);
    return SLOT_FREE;
}
