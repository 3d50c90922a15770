/* engine.h - the pipeline: N workers, one ring and one set of buffers each, from frames on the
 * media to verified files in staging.
 *
 * Shared words, the complete list: the claim cursor (relaxed fetch_add over an immutable plan),
 * the stop flag, each file's count of chunks that remain (acq_rel; who brings it to zero
 * finishes the file), each group's count of files that remain, each worker's meter (one writer),
 * when each large file was begun, the pace (engine/pace.h), the caller's cancel word
 * (base/cancel.h), and the eventfd that tells the control thread that a group has ended. No mutex,
 * no queue; but where a set is read by functions that only the control thread may call, workers ask
 * it at the set's desk (media/desk.h), which engine_wait() looks after. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "dest/meta.h"
#include "dest/publish.h"
#include "engine/budget.h"
#include "engine/marks.h"
#include "engine/pace.h"
#include "engine/profile.h"
#include "engine/slow_files.h"

struct engine; /* heap */

struct engine_input {
    const struct plan *plan;
    const struct media_set *set; /* packs open */
    const struct stage *stage;   /* NULL with budget of a discarding run */
    const struct budget *budget;
    enum owner_policy owner;
    struct outcome_row
        *rows; /* plan->file_count of them, zeroed (NOT_STARTED) but for files that are held; shared
                  memory is fine */
    const uint8_t *skip; /* for each file: 1 = leave it alone; may be NULL */
    const uint8_t *held; /* for each file: 1 = it is staged already, and has its row; or NULL */
    struct marks *marks; /* what is done is written down there; NULL: nowhere */
    bool discard;
    struct pace *pace; /* how fast workers may go on; NULL: as fast as it goes */
    /* Raised, the control thread calls engine_stop() soon: a read that a function gives up then is
     * no fault of the media. NULL: no function reads the set. */
    const volatile int *cancel;
};

struct engine_progress {                /* sums over the workers' meters; monotone */
    uint64_t files_done, bytes_done;    /* staged and verified            */
    uint64_t stored_bytes_read, frames; /* from the media                 */
    uint64_t files_failed;
};

/* Allocate everything, start the workers. After this returns no worker allocates. */
vsr_code engine_start(struct engine **out, const struct engine_input *input, vsr_error *error);

/* Wait until a group's last file has ended, at most timeout_ns. *group: its number; false: timeout
 * or nothing is left (then engine_is_done()). Control thread. Groups are returned once each, in
 * the order in which they ended. */
bool engine_wait(struct engine *engine, uint64_t timeout_ns, uint32_t *group);
bool engine_is_done(const struct engine *engine);

/* Stop claiming; what is in flight ends; files that did not start become CANCELLED. Any thread,
 * async-signal-safe. */
void engine_stop(struct engine *engine);

void engine_progress(const struct engine *engine, struct engine_progress *out); /* any thread */

/* Join the workers: after engine_is_done(), or engine_stop(). Waits for calls that the kernel does
 * not answer, whatever signal came: a worker within one writes when it comes back, into what would
 * be somebody else's by then. Twice is fine. Control thread. */
void engine_join(struct engine *engine);

/* Where each worker's time went, after engine_join(): *workers is the caller's, heap. */
uint32_t engine_profile(const struct engine *engine, struct work_profile **workers);

/* The files that took longest, slowest first, after engine_join(). */
void engine_slowest(const struct engine *engine, struct slow_list *out);

/* Join the workers, close rings before slabs are unmapped. *losses: sums. */
void engine_end(struct engine *engine, struct meta_loss *losses);

#endif
