/* restore.h - run a plan: move every planned file from the set to its place.
 *
 * While it runs, a run holds its run folder and its staging folders by flock(2), on descriptors
 * that are closed on exec. A program that forks meanwhile hands them to its child: unless that
 * executes another program or closes them, the run folder counts as in use (VSR_ERR_RUN_BUSY) until
 * the child has ended, too, whether the run has ended or was killed. No other sort of lock would
 * serve: those of open file descriptions are handed on in the same way, and those of a process are
 * lost with the first descriptor of the file that is closed. */
#ifndef VSSRESTORE_RESTORE_H
#define VSSRESTORE_RESTORE_H

#include "vssrestore/pending.h"
#include "vssrestore/plan.h"
#include "vssrestore/report.h"
#include "vssrestore/writers.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vsr_ring { VSR_RING_AUTO = 0, VSR_RING_URING = 1, VSR_RING_SYNC = 2 } vsr_ring;

/** How large files are written; small ones always by plain calls. */
typedef enum vsr_write_mode {
    VSR_WRITE_AUTO = 0,   /**< for each destination the first of direct, uncached, buffered that it
                                 takes; direct pays with io_uring alone */
    VSR_WRITE_DIRECT = 1, /**< past the page cache (O_DIRECT)             */
    VSR_WRITE_BUFFERED = 2, /**< through the page cache                     */
    VSR_WRITE_UNCACHED = 3  /**< leaving nothing in the page cache (RWF_DONTCACHE, Linux 6.14) */
} vsr_write_mode;

typedef enum vsr_durability {
    VSR_DURABILITY_UNIT = 0, /**< each unit is on stable storage before it is seen */
    VSR_DURABILITY_END = 1,  /**< one sync at the end                             */
    VSR_DURABILITY_NONE = 2
} vsr_durability;

typedef enum vsr_owner {
    VSR_OWNER_DEFAULT = 0, /**< media as root, else mine */
    VSR_OWNER_MEDIA = 1,
    VSR_OWNER_MINE = 2
} vsr_owner;

/** Files and bytes done are settled, failed ones with them. No count falls, and none exceeds its
 *  total. */
typedef struct vsr_progress {
    uint64_t files_total, files_done, files_failed;
    uint64_t bytes_total, bytes_done;
    uint64_t units_total, units_done;
    uint64_t elapsed_ns;
    const char *unit;    /**< full name of the unit that is worked on, or NULL */
    const char *run_dir; /**< the run folder */
    int paused;          /**< 1: the control line paused it (control.h) */
    int is_last;         /**< 1: the run has ended and nothing cut it short: done is total */
} vsr_progress;

/** Set `size` to sizeof(vsr_restore_options), the rest to zero or what is meant. */
typedef struct vsr_restore_options {
    size_t size;
    const char *run_dir;  /**< NULL: ./vssrestore-run-<uuid>                        */
    const char *bcd_out;  /**< where the document goes after the run; NULL: run folder */
    unsigned workers;     /**< 0: one for each core                                 */
    unsigned queue_depth; /**< 0: chosen                                            */
    /** The budget of the workers' buffers (their slabs), rings, and tables of planned files and
     *  ranges. The plan, rows, and what of a set is mapped (its index) are not in it. 0: what full
     *  speed needs at the least, never more than half of the machine's memory; vsr_system_inspect()
     *  tells how much that is. More than that is not used. */
    uint64_t memory_bytes;
    vsr_ring ring;
    vsr_durability durability;
    vsr_owner owner;
    /** Called about ten times a second on the calling thread, or NULL. */
    void (*on_progress)(void *context, const vsr_progress *progress);
    void *context; /**< of on_progress and on_warning */
    /** The run ends soon after this becomes non-zero, as by the signal of that number; or NULL. It
     *  is read as one word: a signal handler, a callback or another thread may raise it, the latter
     *  by an atomic store (__atomic_store_n()). */
    const volatile int *cancel;
    /** Where to note what waits for the next boot, if that folder is there and may be written;
     *  NULL: VSR_PENDING_REGISTRY (pending.h), "": nowhere. */
    const char *pending_registry;
    /** Who plays writers and services; or NULL: nobody. */
    const vsr_writers *writers;
    /** A sentence about a writer or a service, when it happens; with `context`. Or NULL. */
    vsr_message on_warning;
    vsr_write_mode write_mode; /**< a destination that cannot: VSR_ERR_USAGE, nothing is written */
    /** The null sink, for measuring: everything planned is read, decoded and verified, and nothing
     *  is written: no destination is touched, not even for staging, and no document comes out. All
     *  units are NONE, verified files count as not started, and `verified` of the summary counts
     *  them. With writers, services or bcd_out: VSR_ERR_USAGE. */
    int discard;
    int profile;      /**< the JSON summary has where the time went (vsr_report_profile()) */
    const char *keep; /**< a text of the caller's (UTF-8) that the run folder keeps for
                           vsr_run_kept(): what else was to be done; or NULL */
    int salvage;      /**< of files whose media are damaged, keep what verifies beside their places,
                           as NAME.salvaged, and NAME.salvaged.json with the ranges that do not;
                           they are not restored all the same. Not with discard: VSR_ERR_USAGE */
    uint64_t throttle_bytes_per_s; /**< read, decode and write no more than that; 0: no limit. May
                                        be changed while it runs (control.h) */
    const vsr_chain *chain; /**< of vsr_resume() and vsr_resume_set(): that the run was a step of;
                                 NULL: it knows where its sets are */
    /** A file that the caller writes while it runs or afterwards; of vsr_resume(), too. A plan that
     *  restores to its place, as one that restores to bcd_out or into run_dir, is refused before it
     *  begins: VSR_ERR_SELECTION. Or NULL. */
    const char *own_file;
} vsr_restore_options;

/** Restore a set: plan, ask the writers, plan again with their answers, run, tell them. The way to
 *  go where writers are played; without them it is vsr_plan_create() and vsr_restore_run() in one.
 *  Results as of vsr_restore_run(), and those of vsr_plan_create(). */
VSR_API vsr_code vsr_restore_set(vsr_report **report, const vsr_set *set,
                                 const vsr_choices *choices, const vsr_restore_options *options,
                                 vsr_error *error);

/** Run a plan. A run outlives single-file trouble: a file that cannot be read, verified or
 *  written becomes a row in the report and the run goes on; this function fails only when the run
 *  as a whole cannot start or go on.
 *
 *  @param[out] report  set on success and whenever the run had begun, else NULL; the caller's,
 *                      freed by vsr_report_free().
 *  @retval VSR_OK             the run finished; vsr_report_summary() tells how.
 *  @retval VSR_ERR_CANCELLED  *options->cancel was raised and cut the run short; nothing
 *                             half-written is visible. Raised when all had been published, it
 *                             changes nothing.
 *  @retval VSR_ERR_RUN_BUSY   the run folder exists already.
 *  @retval VSR_ERR_MEMORY     the budget is too small; the message names what is needed.
 *
 *  The set that the plan was made for serves one run at a time: its packs are opened here.
 *  Blocks. Starts threads of its own, all joined on return. */
VSR_API vsr_code vsr_restore_run(vsr_report **report, const vsr_plan *plan,
                                 const vsr_restore_options *options, vsr_error *error);

/** Go on with a run that was killed, cut short by a signal or out of space: run_dir is its run
 *  folder. What it had staged and published is kept, renames that it was in the middle of are taken
 *  back first, and it ends with the tree, statuses, rows and document that it would have had
 *  undisturbed. A run that is over is not touched: the report is that of its end.
 *
 *  Of options count: workers, queue_depth, memory_bytes, ring, write_mode (zero: as the run had
 *  them), on_progress, on_warning, context, cancel, profile, and writers, which must be given again
 *  where functions played them; programs are known from the run. All else, and the set's place, is
 *  the run's own. Nobody is asked PreRestore again; who was, is told PostRestore. But a run that
 *  ended while it asked had written nothing: who may have been asked is told PostRestore, services
 *  that may have been stopped are started, and the run is begun anew. A step of a chain is that
 *  again: the run knows in which folders its sets are; where functions read one, the chain must be
 *  given.
 *
 *  @param[out] report  as of vsr_restore_run().
 *  @retval VSR_ERR_SELECTION    run_dir is no run folder.
 *  @retval VSR_ERR_RUN_BUSY     its run, or another resume of it, is at work.
 *  @retval VSR_ERR_RUN_FOREIGN  plan, journal, set or staging folders do not belong to each other,
 *                               or the folder belongs to another user.
 *  @retval VSR_ERR_USAGE        writers or services were played by functions that are not given; or
 *                               the set was read by functions: vsr_resume_set() (media.h); or the
 *                               chain was, and is not given.
 *  Else as of vsr_restore_run(). Blocks. */
VSR_API vsr_code vsr_resume(vsr_report **report, const char *run_dir,
                            const vsr_restore_options *options, vsr_error *error);

/** What a run folder says of its run, which may be at work meanwhile: running, killed, interrupted
 *  or ended; of each unit, whether it is published, being published, staged in part, refused or
 *  failed; of one that was ended while it asked, who is owed the end. Changes nothing. Text, or one
 *  JSON object. @retval VSR_ERR_SELECTION it is no run folder; VSR_ERR_RUN_FOREIGN: what is in it
 *  is damaged, or does not belong together. */
VSR_API vsr_code vsr_run_inspect(const char *run_dir, vsr_format format, vsr_sink sink,
                                 void *context, vsr_error *error);

/** The text that vsr_restore_options.keep gave to the run, be it over or not; nothing, if there was
 *  none. Results as of vsr_run_inspect(). */
VSR_API vsr_code vsr_run_kept(const char *run_dir, vsr_sink sink, void *context, vsr_error *error);

/** Every number that a run with these options would use here, whether it was asked for, chosen or
 *  cut, and why; as JSON, one object (system.schema.json). */
VSR_API vsr_code vsr_system_inspect(const vsr_restore_options *options, vsr_format format,
                                    vsr_sink sink, void *context, vsr_error *error);

#ifdef __cplusplus
}
#endif
#endif
