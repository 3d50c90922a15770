/* budget.h - every number of a run, computed once before the first byte moves.
 *
 * Pure: options x machine x plan -> a constant struct that everything gets by pointer. Refuses,
 * naming the number that would be needed, when the memory budget is too small. */
#ifndef ENGINE_BUDGET_H
#define ENGINE_BUDGET_H

#include "base/buffer.h"
#include "base/err.h"

enum ring_choice { RING_AUTO, RING_URING, RING_SYNC };
enum write_mode { WRITE_AUTO, WRITE_DIRECT, WRITE_BUFFERED, WRITE_UNCACHED };

struct engine_options { /* zero: the default */
    uint32_t workers;
    uint32_t queue_depth;
    uint64_t memory_bytes;
    enum ring_choice ring;
    enum write_mode write_mode; /* of large files */
    bool discard;               /* the null sink: decode, verify, touch no destination */
};

struct machine_facts {
    uint32_t cores;
    uint64_t memory_bytes;
    uint64_t locked_memory_bytes; /* RLIMIT_MEMLOCK; UINT64_MAX: no limit */
    uint64_t page_bytes;
    bool uring; /* probed; false with reason */
    char uring_reason[128];
};
void machine_examine(struct machine_facts *out);

struct budget {
    struct engine_options asked; /* what was asked for; zero: nothing was */
    uint32_t slots_wanted;       /* asked for or chosen, before memory_limit_bytes cut them */
    uint32_t workers_wanted;     /* ditto; what was asked for is not cut */
    uint64_t memory_limit_bytes; /* asked for, or half of the machine's; UINT64_MAX: not known */
    uint64_t table_bytes;        /* of planned files, in total_bytes */
    uint32_t workers;
    uint32_t slots; /* frames in flight for each worker */
    uint32_t queue_depth;
    uint32_t stored_bytes_max; /* of a slot's two buffers */
    uint32_t plain_bytes_max;
    uint64_t slab_bytes;   /* of one worker */
    uint64_t total_bytes;  /* all that --memory counts: slabs, rings, tables */
    enum ring_choice ring; /* RING_URING or RING_SYNC */
    bool registered_buffers;
    enum write_mode write_mode; /* as asked for; what a destination gets: engine/write_mode.h */
    bool direct_write;          /* O_DIRECT where it is taken */
    bool uncached_write;        /* RWF_DONTCACHE where it is taken, for what does not go direct */
};

/* table_bytes: what tables take that not every file needs (range_table_bytes(),
 * publish_step_bytes()). */
vsr_code budget_resolve(struct budget *out, const struct engine_options *options,
                        const struct machine_facts *machine, uint32_t frame_stored_bytes_max,
                        uint32_t frame_plain_bytes_max, uint64_t file_count, uint64_t table_bytes,
                        vsr_error *error);

/* What is counted beside slabs: of each worker, its ring, stack and paths; of the control thread,
 * the windows of intents and of the journal's records; of each planned file, its countdown, links,
 * one piece and its job (its row lies in the run folder). */
#define BUDGET_WORKER_BYTES  ((uint64_t)1 << 20)
#define BUDGET_CONTROL_BYTES ((uint64_t)1 << 20)
#define BUDGET_FILE_BYTES    UINT64_C(28)

/* Each number with where it comes from - asked for, chosen, cut to what memory allows - and its
 * reason (budget_render.c; `inspect --system`): a line of text each; one JSON object on one line
 * (tools/schema/system.schema.json). Added to out. */
void budget_render(const struct budget *budget, const struct machine_facts *machine,
                   struct buffer *out);
void budget_render_json(const struct budget *budget, const struct machine_facts *machine,
                        struct buffer *out);

#endif
