/* budget.c - every number of a run from what was asked for and what the machine has.
 *
 * Pure. The numbers are those that engine measurements found best; each has its reason beside
 * it in budget_render(). Does not look at the machine (machine.c). */
#include "engine/budget.h"

#include "base/limits.h"
#include "engine/slot.h"

/* One MiB frames: eight in flight keep a disk busy and cost 17 MiB a worker. */
enum { BUDGET_SLOTS = 8 };
/* What a worker has beside its slab: ring, stack, paths. */
#define BUDGET_WORKER_BYTES ((uint64_t)1 << 20)
/* Countdown, links, one piece, its job: for each planned file. Its row lies in the run folder. */
#define BUDGET_FILE_BYTES UINT64_C(28)
/* Of the control thread: the windows of intents, and of the journal's records. */
#define BUDGET_CONTROL_BYTES ((uint64_t)1 << 20)

static uint64_t budget_slab(const struct budget *budget, uint64_t page_bytes)
{
    return (uint64_t)budget->slots * (slot_stored_space(budget->stored_bytes_max, page_bytes) +
                                      slot_plain_space(budget->plain_bytes_max, page_bytes));
}

static uint64_t budget_total(const struct budget *budget, uint64_t file_count)
{
    return (uint64_t)budget->workers * (budget->slab_bytes + BUDGET_WORKER_BYTES) +
           BUDGET_CONTROL_BYTES + file_count * BUDGET_FILE_BYTES;
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
        .workers = options->workers != 0 ? options->workers : machine->cores,
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
    for (;; out->slots--) {
        out->slab_bytes = budget_slab(out, machine->page_bytes);
        out->total_bytes = budget_total(out, file_count) + table_bytes;
        if (out->total_bytes <= allowed || out->slots == 1) {
            break;
        }
    }
    if (out->total_bytes > allowed) {
        return err_set(error, VSR_ERR_MEMORY, "engine/budget",
                       "%llu bytes of memory are allowed, %u workers with one frame each need %llu",
                       (unsigned long long)allowed, out->workers,
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

static const char *budget_write_reason(const struct budget *budget)
{
    switch (budget->write_mode) {
    case WRITE_DIRECT:
        return "direct, asked for: a destination without O_DIRECT is refused";
    case WRITE_BUFFERED:
        return "buffered, asked for: large files stay in the page cache";
    case WRITE_UNCACHED:
        return "uncached, asked for: a destination without RWF_DONTCACHE is refused";
    case WRITE_AUTO:
        break;
    }
    return budget->direct_write
               ? "auto: large files go past the page cache (O_DIRECT) where the destination can, "
                 "else leave it behind them (RWF_DONTCACHE), else stay in it"
               : "auto: large files leave the page cache behind them (RWF_DONTCACHE) where the "
                 "destination can, else stay in it; O_DIRECT pays with io_uring alone";
}

void budget_render(const struct budget *budget, const struct machine_facts *machine,
                   struct buffer *out)
{
    buffer_printf(out, "workers %u: one for each of %u cores\n", budget->workers, machine->cores);
    buffer_printf(out, "slots %u: frames in flight for each worker, as memory allows\n",
                  budget->slots);
    buffer_printf(out, "buffers %u + %u bytes: the largest frame, stored and plain\n",
                  budget->stored_bytes_max, budget->plain_bytes_max);
    buffer_printf(out, "memory %llu bytes: %u workers of %llu, and the tables of planned files\n",
                  (unsigned long long)budget->total_bytes, budget->workers,
                  (unsigned long long)budget->slab_bytes);
    if (budget->ring == RING_URING) {
        buffer_printf(out, "ring io_uring, queue depth %u\n", budget->queue_depth);
    } else {
        buffer_printf(out, "ring preadv and pwritev: %s\n",
                      machine->uring ? "asked for" : machine->uring_reason);
    }
    const char *registered = budget->registered_buffers ? "yes" : "no";
    if (machine->locked_memory_bytes == UINT64_MAX) {
        buffer_printf(out, "registered buffers %s: no limit on locked memory\n", registered);
    } else {
        buffer_printf(out, "registered buffers %s: %llu bytes may be locked\n", registered,
                      (unsigned long long)machine->locked_memory_bytes);
    }
    buffer_printf(out, "write mode %s\n", budget_write_reason(budget));
}
