/* check_pack.c - cutting packs into claims.
 *
 * Under check.c, above check_frame.c. The index tells where frames with data lie, so damage in
 * one frame never hides the next; frames with nothing but headers are found by their own header.
 * Where neither tells, bytes up to the next known frame are told and passed over: the pack's hash
 * cannot be right any more, and a gap is as long as set.json says, which may be terabytes of holes.
 * Without an index the walk is by headers alone. */
#include "media/check_pack.h"

#include "media/frame.h"

static const uint32_t raw_bytes_max = FRAME_PLAIN_BYTES_MAX;

/* The next chunk, if it lies in the pack that is being claimed. */
static const struct index_chunk *claim_known_frame(const struct check_run *run)
{
    if (run->index == NULL || run->chunk >= run->index->chunk_count) {
        return NULL;
    }
    const struct index_chunk *chunk = &run->index->chunks[run->chunk];
    return chunk->pack == run->pack ? chunk : NULL;
}

/* Files follow each other in the index as their chunks do. */
static void claim_find_entry(struct check_run *run)
{
    const struct index_entry *entries = run->index->entries;
    while (entries[run->entry].kind != INDEX_FILE || entries[run->entry].chunk_count == 0 ||
           run->chunk >= entries[run->entry].file.first_chunk + entries[run->entry].chunk_count) {
        run->entry++;
    }
}

/* The frame that the index says begins here, with all its chunks. */
static void claim_known(struct check_run *run, const struct index_chunk *chunk,
                        struct check_claim *out)
{
    claim_find_entry(run);
    out->kind = CLAIM_FRAME;
    out->stored_bytes = chunk->frame_bytes;
    out->plain_bytes = chunk->frame_plain_bytes;
    out->first_chunk = run->chunk;
    out->entry = run->entry;
    const struct index_chunk *next = chunk;
    while (next != NULL && next->frame_offset == chunk->frame_offset) {
        run->chunk++;
        next = claim_known_frame(run);
    }
    out->chunk_end = run->chunk;
}

/* A frame that only its own header tells of. It must end by limit. *unread: the header cannot be
 * read, which is told by who then claims its bytes. */
static enum frame_fault claim_measured(const struct check_run *run, uint64_t limit,
                                       struct check_claim *out, bool *unread)
{
    char header[FRAME_BLOCK_OFFSET];
    const struct check_pack *pack = &run->packs[run->pack];
    if (!source_is_open(&pack->source) || limit - run->offset < sizeof header) {
        return FRAME_BAD_LENGTH;
    }
    const vsr_code rc =
        source_read_all(&pack->source, run->offset, header, sizeof header, pack->name, NULL);
    *unread = rc == VSR_ERR_MEDIA_UNREADABLE;
    if (rc != VSR_OK) {
        return FRAME_BAD_LENGTH;
    }
    const enum frame_fault fault = frame_measure(header, &out->stored_bytes, &out->plain_bytes);
    if (fault != FRAME_OK) {
        return fault;
    }
    out->kind = CLAIM_FRAME;
    return out->stored_bytes <= limit - run->offset ? FRAME_OK : FRAME_BAD_LENGTH;
}

static void claim_raw(const struct check_run *run, uint64_t end, struct check_claim *out)
{
    const uint64_t left = end - run->offset;
    out->kind = CLAIM_RAW;
    out->stored_bytes = left < raw_bytes_max ? (uint32_t)left : raw_bytes_max;
    out->plain_bytes = 0;
}

/* What begins here and ends at end is no frame. A header that cannot be read is told by who claims
 * its bytes, which may be read on the way; all else is passed over: false. */
static bool claim_gap(struct check_run *run, uint64_t end, enum frame_fault fault, bool unread,
                      struct check_claim *out)
{
    if (unread) {
        run->raw_end = end;
        claim_raw(run, end, out);
        return true;
    }
    if (!run->packs[run->pack].lost) {
        findings_add(&run->findings, (struct finding){.code = VSR_ERR_MEDIA,
                                                      .structure = FOUND_PACK,
                                                      .number = run->pack,
                                                      .offset = run->offset,
                                                      .entry = MARK_NONE,
                                                      .why = view_of(frame_fault_text(fault))});
    }
    run->offset = end;
    return false;
}

/* False: a gap was passed over. */
static bool claim_frame(struct check_run *run, struct check_claim *out)
{
    const struct index_chunk *known = claim_known_frame(run);
    if (known != NULL && known->frame_offset == run->offset) {
        claim_known(run, known, out);
        return true;
    }
    const uint64_t limit = known != NULL ? known->frame_offset : run->packs[run->pack].frames_end;
    bool unread = false;
    const enum frame_fault fault = claim_measured(run, limit, out, &unread);
    return fault == FRAME_OK || claim_gap(run, limit, fault, unread, out);
}

static bool claim_next_pack(struct check_run *run)
{
    run->pack++;
    run->offset = 0;
    run->raw_end = 0;
    run->claimed_end = 0;
    run->trailer_claimed = false;
    return run->pack < run->pack_count;
}

/* Behind the end of a pack that was lost only frames that the index knows are claimed, for their
 * files: how long it should be nothing but set.json says. */
static void claim_pass_lost(struct check_run *run)
{
    const struct check_pack *pack = &run->packs[run->pack];
    if (pack->lost && run->offset >= pack->there) {
        const struct index_chunk *known = claim_known_frame(run);
        run->offset = known != NULL ? known->frame_offset : pack->bytes;
    }
}

/* Is there a pack to go on in? */
static bool claim_pass_ended(struct check_run *run)
{
    while (run->pack < run->pack_count) {
        claim_pass_lost(run);
        if (run->offset < run->packs[run->pack].bytes) {
            return true;
        }
        if (!claim_next_pack(run)) {
            return false;
        }
    }
    return false;
}

/* Take what begins at run->offset; false: nothing of it is to be read. */
static bool claim_take(struct check_run *run, struct check_claim *out)
{
    const struct check_pack *pack = &run->packs[run->pack];
    *out = (struct check_claim){.pack = run->pack, .offset = run->offset};
    if (run->offset < run->raw_end) {
        claim_raw(run, run->raw_end, out);
    } else if (run->offset < pack->frames_end || claim_known_frame(run) != NULL) {
        return claim_frame(run, out);
    } else if (pack->has_trailer && !run->trailer_claimed) {
        run->trailer_claimed = true;
        out->kind = CLAIM_TRAILER;
    } else {
        claim_raw(run, pack->bytes, out);
    }
    return true;
}

static bool claim_next_locked(struct check_run *run, struct check_claim *out)
{
    while (claim_pass_ended(run)) {
        if (claim_take(run, out)) {
            out->ticket = run->ticket++;
            out->behind_gap = run->offset != run->claimed_end;
            run->offset += out->stored_bytes;
            run->claimed_end = run->offset;
            return true;
        }
    }
    return false;
}

bool check_claim_next(struct check_run *run, struct check_claim *out)
{
    (void)pthread_mutex_lock(&run->claim_lock);
    const bool any = claim_next_locked(run, out);
    (void)pthread_mutex_unlock(&run->claim_lock);
    return any;
}
