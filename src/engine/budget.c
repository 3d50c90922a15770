/* budget.c - every number of a run from what was asked for and what the machine has.
 *
 * Pure. Keeps what was asked for and what was cut, so that budget_render.c can tell it. Does not
 * look at the machine (machine.c). */
#include "engine/budget.h"

#include "base/limits.h"
#include "engine/slot.h"

/* One MiB frames: eight in flight keep a disk busy and cost 17 MiB a worker. Fewer do where media
 * are cached, hardly where they are cold: four files of 1.5 GiB to ext4 with O_DIRECT, synced, took
 * 3.59, 3.36 and 3.34 s with 4, 6 and 8, of cold media 5.80, 5.45 and 5.25 (medians of five). */
enum { BUDGET_SLOTS = 8 };

/* More than WORKERS_MAX are refused only where they are asked for. */
static uint32_t budget_workers(const struct machine_facts *machine)
{
    return machine->cores < WORKERS_MAX ? machine->cores : WORKERS_MAX;
}

static uint64_t budget_slab(const struct budget *budget, uint64_t page_bytes)
{
    return (uint64_t)budget->slots * (slot_stored_space(budget->stored_bytes_max, page_bytes) +
                                      slot_plain_space(budget->plain_bytes_max, page_bytes));
}

static uint64_t budget_total(const struct budget *budget)
{
    return (uint64_t)budget->workers * (budget->slab_bytes + BUDGET_WORKER_BYTES) +
           BUDGET_CONTROL_BYTES + budget->table_bytes;
}

static vsr_code budget_ring(struct budget *out, const struct engine_options *options,
                            const struct machine_facts *machine, vsr_error *error)
{
    if (options->ring == RING_URING && !machine->uring) {
        return err_set(error, VSR_ERR_USAGE, "engine/budget",
                       "--ring uring was asked for, but %s; --ring sync does without",
                       machine->uring_reason);
    }
    out->ring = options->ring != RING_SYNC && machine->uring ? RING_URING : RING_SYNC;
    return VSR_OK;
}

/* The queue depth first, then workers that nobody asked for. False: it does not fit. */
static bool budget_cut(struct budget *budget, uint64_t page_bytes)
{
    for (;;) {
        budget->slab_bytes = budget_slab(budget, page_bytes);
        budget->total_bytes = budget_total(budget);
        if (budget->total_bytes <= budget->memory_limit_bytes) {
            return true;
        }
        if (budget->slots > 1) {
            budget->slots--;
        } else if (budget->asked.workers == 0 && budget->workers > 1) {
            budget->workers--;
        } else {
            return false;
        }
    }
}

vsr_code budget_resolve(struct budget *out, const struct engine_options *options,
                        const struct machine_facts *machine, uint32_t frame_stored_bytes_max,
                        uint32_t frame_plain_bytes_max, uint64_t file_count, uint64_t table_bytes,
                        vsr_error *error)
{
    const uint64_t half = machine->memory_bytes / 2;
    const uint64_t allowed = options->memory_bytes != 0 ? options->memory_bytes
                             : half != 0                ? half
                                                        : UINT64_MAX;
    *out = (struct budget){
        .asked = *options,
        .memory_limit_bytes = allowed,
        .table_bytes = file_count * BUDGET_FILE_BYTES + table_bytes,
        .workers = options->workers != 0 ? options->workers : budget_workers(machine),
        .slots = options->queue_depth != 0 ? options->queue_depth : BUDGET_SLOTS,
        .stored_bytes_max = frame_stored_bytes_max,
        .plain_bytes_max = frame_plain_bytes_max,
    };
    if (out->workers == 0 || out->workers > WORKERS_MAX || out->slots > QUEUE_DEPTH_MAX) {
        return err_set(error, VSR_ERR_USAGE, "engine/budget",
                       "%u workers with %u frames in flight: at most %u and %u", out->workers,
                       out->slots, WORKERS_MAX, QUEUE_DEPTH_MAX);
    }
    const vsr_code code = budget_ring(out, options, machine, error);
    if (code != VSR_OK) {
        return code;
    }
    out->slots_wanted = out->slots;
    out->workers_wanted = out->workers;
    if (!budget_cut(out, machine->page_bytes)) {
        return err_set(
            error, VSR_ERR_MEMORY, "engine/budget",
            "%llu bytes of memory are allowed, %u worker%s with one frame each need %llu",
            (unsigned long long)allowed, out->workers, out->workers == 1 ? "" : "s",
            (unsigned long long)out->total_bytes);
    }
    out->queue_depth = out->slots;
    out->registered_buffers =
        out->ring == RING_URING && out->slab_bytes <= machine->locked_memory_bytes / out->workers;
    out->write_mode = options->write_mode;
    out->direct_write = options->write_mode == WRITE_DIRECT ||
                        (options->write_mode == WRITE_AUTO && out->ring == RING_URING);
    out->uncached_write = options->write_mode != WRITE_BUFFERED;
    return VSR_OK;
}
