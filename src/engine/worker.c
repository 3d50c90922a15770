/* worker.c - one thread, one ring, one slab: the loop that every byte passes through.
 *
 * The engine's only switch on slot state stands here; no stage knows which comes after it. No
 * queue and no lock: back-pressure is that a worker without a FREE slot takes no job. */
#include "engine/worker.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

vsr_code worker_init(struct worker *worker, const struct engine_input *input,
                     struct file_table *table, struct claim_list *claims, const atomic_bool *stop,
                     vsr_error *error)
{
    const struct budget *budget = input->budget;
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const uint64_t stored = slot_stored_space(budget->stored_bytes_max, page);
    const uint64_t plain = slot_plain_space(budget->plain_bytes_max, page);
    *worker = (struct worker){.input = input, .table = table, .claims = claims, .stop = stop};
    worker->slot_count = budget->slots;
    worker->slots = heap_alloc(budget->slots, sizeof *worker->slots);
    worker->events = heap_alloc(budget->slots, sizeof *worker->events);
    worker->large = heap_alloc(budget->slots + 1u, sizeof *worker->large);
    worker->owner_name = heap_alloc(WIN_PATH_BYTES_MAX + 1u, 1);
    for (uint32_t i = 0; i < budget->slots + 1u; i++) {
        worker->large[i] =
            (struct large_file){.file = MARK_NONE, .fd = -1, .direct_fd = -1, .base_fd = -1};
    }
    if (claims->ranges.target_count > 0) {
        worker->attributes = heap_alloc(WORKER_ATTRIBUTE_BYTES, 2);
    }
    for (int i = 0; i < WORKER_DIRECTORIES; i++) {
        worker->directories[i] = (struct open_directory){
            .where = {.key = STAGE_KEY_NONE,
                      .path = heap_alloc(STAGE_PATH_BYTES_MAX, 1),
                      .name = heap_alloc(WIN_NAME_BYTES_MAX + 1u, 1)},
            .fd = -1,
        };
    }
    worker->slab_bytes = budget->slots * (stored + plain);
    void *slab =
        mmap(NULL, worker->slab_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slab == MAP_FAILED) {
        return err_sys(error, VSR_ERR_MEMORY, "engine/worker", "cannot map %llu bytes of buffers",
                       (unsigned long long)worker->slab_bytes);
    }
    worker->slab = slab;
    (void)madvise(slab, worker->slab_bytes, MADV_HUGEPAGE);
    for (uint32_t i = 0; i < budget->slots; i++) {
        char *base = worker->slab + i * (stored + plain);
        worker->slots[i].page_bytes = (uint32_t)page;
        worker->slots[i].stored_home = base + page - FRAME_BLOCK_OFFSET;
        worker->slots[i].stored = worker->slots[i].stored_home;
        worker->slots[i].plain = base + stored;
    }
    if (input->set->foreign != NULL) {
        stream_init(worker);
    }
    direct_read_init(worker);
    return VSR_OK;
}

vsr_code worker_begin(struct worker *worker, vsr_error *error)
{
    const struct budget *budget = worker->input->budget;
    struct ring_setup setup = {
        .choice = budget->ring,
        .depth = budget->slots,
        .fixed = budget->registered_buffers ? worker->slab : NULL,
        .fixed_bytes = worker->slab_bytes,
    };
    worker->policy = meta_policy_now(worker->input->owner);
    if (unshare(CLONE_FS) == 0) { /* a umask of this thread's own: the process keeps its */
        (void)umask(0);
        worker->policy.umask = 0;
    }
    (void)worker_confine(worker->input->stage); /* before the ring: it works with our rights */
    vsr_code code = ring_open(&worker->ring, &setup, error);
    if (code == VSR_OK && setup.choice == RING_URING) {
        setup.choice = RING_SYNC;
        code = ring_open(&worker->spare, &setup, error);
    }
    return code;
}

void worker_end(struct worker *worker)
{
    ring_close(worker->ring);
    ring_close(worker->spare);
    ring_close(worker->given_up);
    worker->ring = NULL;
    large_file_close_all(worker);
    direct_read_fini(worker);
    for (int i = 0; i < WORKER_DIRECTORIES; i++) {
        if (worker->directories[i].fd >= 0) {
            (void)close(worker->directories[i].fd);
            worker->directories[i].fd = -1;
        }
    }
}

void worker_fini(struct worker *worker)
{
    if (worker->slab != NULL) {
        (void)munmap(worker->slab, worker->slab_bytes);
    }
    for (int i = 0; i < WORKER_DIRECTORIES; i++) {
        free(worker->directories[i].where.path);
        free(worker->directories[i].where.name);
    }
    free(worker->slots);
    free(worker->events);
    free(worker->large);
    free(worker->owner_name);
    free(worker->attributes);
    stream_fini(worker);
}

/* --- jobs --- */

static bool worker_next_job(struct worker *worker, uint32_t *job)
{
    if (worker->job == worker->job_end &&
        !claim_take(worker->claims, &worker->job, &worker->job_end)) {
        return false;
    }
    *job = worker->job++;
    return true;
}

/* Has every file with data in the slot failed already? Then its frame need not be read. */
static bool worker_is_futile(const struct worker *worker, const struct slot *slot)
{
    for (uint32_t i = slot->piece; i < slot->piece_end; i++) {
        const struct claim_piece *piece = &worker->claims->pieces[i];
        if (piece->chunk != MARK_NONE && !file_table_has_fault(worker->table, piece->file)) {
            return false;
        }
    }
    return true;
}

static void worker_keep_pace(struct worker *worker, const struct index_chunk *frame)
{
    meter_small_end(&worker->meter);
    pace_wait(worker->input->pace, frame != NULL ? frame->frame_plain_bytes : 0, worker->stop);
    meter_mark(&worker->meter, WORK_PACE);
}

static enum slot_state worker_begin_job(struct worker *worker, struct slot *slot, uint32_t job)
{
    slot->frame = claim_frame(worker->claims, job);
    slot->piece = worker->claims->job_first[job];
    slot->piece_end = worker->claims->job_first[job + 1];
    slot->large = NULL;
    if (worker->input->pace != NULL && !pace_is_free(worker->input->pace)) {
        worker_keep_pace(worker, worker->stream == NULL ? slot->frame : NULL);
    }
    if (atomic_load_explicit(worker->stop, memory_order_acquire)) {
        return slot_fail(worker, slot, OUTCOME_CANCELLED, 0);
    }
    if (worker->broken != 0) {
        return slot_fail(worker, slot, OUTCOME_DEST_ERROR, worker->broken);
    }
    if (slot->frame == NULL || worker->stream != NULL) {
        return stage_write(worker, slot);
    }
    slow_starts_note(&worker->claims->starts,
                     stage_target(worker->input->plan, worker->claims->pieces[slot->piece].file));
    if (worker_is_futile(worker, slot)) {
        return slot_fail(worker, slot, OUTCOME_MEDIA_CORRUPT, 0); /* first causes stay */
    }
    return stage_read(worker, slot);
}

/* From stored bytes in memory on: to the end, or to a write that is in flight. */
static void slot_finish(struct worker *worker, struct slot *slot)
{
    if (slot->state == SLOT_DECODE) {
        slot->state = stage_decode(worker, slot);
        slot->state = slot->state == SLOT_WRITE ? stage_write(worker, slot) : slot->state;
    }
    worker->in_flight -= slot->state == SLOT_FREE;
}

/* The first free slot takes jobs as long as they end at once. */
static void worker_claim(struct worker *worker)
{
    uint32_t job;
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        while (slot->state == SLOT_FREE) {
            if (!worker_next_job(worker, &job)) {
                return;
            }
            worker->in_flight++;
            slot->state = worker_begin_job(worker, slot, job);
            slot_finish(worker, slot);
        }
    }
}

/* Each arrow of the drawing in slot.h is one line here. */
static void slot_step(struct worker *worker, struct slot *slot, int32_t result)
{
    switch (slot->state) {
    case SLOT_READ:
        slot->state = stage_read_done(worker, slot, result);
        break;
    case SLOT_WRITE:
        slot->state = stage_write_done(worker, slot, result);
        break;
    case SLOT_FREE:
    case SLOT_DECODE:
    case SLOT_LOST:
        VSR_BUG("the kernel completed an operation that this slot never had in flight");
    }
    slot_finish(worker, slot);
}

static void worker_lose(struct worker *worker, struct slot *slot, int os_errno)
{
    (void)slot_fail(worker, slot, OUTCOME_DEST_ERROR, os_errno);
    slot->state = SLOT_LOST;
    worker->in_flight--;
    worker->lost++;
}

/* The ring is broken. What the kernel has not begun is done again by plain calls, and so is all
 * that comes; what it has begun fails with its slot. */
static void worker_fall_back(struct worker *worker, int os_errno)
{
    worker->direct_media = false; /* plain calls read one at a time: the kernel's reading ahead */
    worker->given_up = worker->ring;
    worker->ring = worker->spare;
    worker->spare = NULL;
    const bool none = worker->ring == NULL;
    worker->ring = none ? worker->given_up : worker->ring;
    worker->given_up = none ? NULL : worker->given_up;
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->state != SLOT_READ && slot->state != SLOT_WRITE) {
            continue;
        }
        if (none || ring_is_started(worker->given_up, i)) {
            worker_lose(worker, slot, os_errno);
        } else {
            slot_step(worker, slot, -EINTR);
        }
    }
    if (none || worker->lost == worker->slot_count) {
        worker->broken = os_errno;
        worker->slots[0].state = SLOT_FREE; /* to fail what is claimed: no buffer is used */
    }
}

static void worker_move(struct worker *worker)
{
    for (;;) {
        worker_claim(worker);
        if (worker->in_flight == 0) {
            break; /* nothing claimed, nothing pending: the plan is exhausted */
        }
        const int count = ring_wait(worker->ring, worker->events, worker->slot_count);
        if (count < 0) {
            worker_fall_back(worker, -count);
            continue;
        }
        meter_mark(&worker->meter, worker->slots[worker->events[0].tag].state == SLOT_WRITE
                                       ? WORK_WRITE_WAIT
                                       : WORK_READ_WAIT);
        for (int i = 0; i < count; i++) {
            slot_step(worker, &worker->slots[worker->events[i].tag], worker->events[i].result);
        }
    }
}

void worker_run(struct worker *worker)
{
    struct meter *meter = &worker->meter;
    meter->marked_ns = clock_monotonic_ns();
    meter_add(&meter->began_ns, meter->marked_ns);
    worker_move(worker);
    meter_small_end(meter);
    meter_add(&meter->ended_ns, meter->marked_ns); /* from then on it was idle */
}
