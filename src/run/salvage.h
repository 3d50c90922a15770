/* salvage.h - `run --salvage`: what is readable of files whose media are damaged, beside their
 * places, with a list of what is not.
 *
 * Nothing else changes: the files are not restored, their units stay what they are, and so does the
 * exit code. What a process of this run has kept before is told again, not kept twice; what it left
 * of files that are restored now, a pack having been mended meanwhile, goes. Of one that is neither
 * damaged any more nor restored, its unit having failed for another, it stands, and is told again.
 * Control thread, after publishing, before stage_close(). */
#ifndef RUN_SALVAGE_H
#define RUN_SALVAGE_H

#include "base/buffer.h"
#include "dest/stage.h"
#include "plan/outcome.h"

struct salvage_input {
    const struct plan *plan;
    const struct media_set *set;
    const struct uuid *run;
    struct stage *stage;
    const struct outcome_row *rows;
    int run_folder_fd; /* salvage.jsonl is written there: a line for each file; and salvage.bin,
                          for whoever goes on */
    bool durable;
    const volatile int *cancel; /* or NULL */
};

struct salvage_told {
    uint32_t saved;         /* files */
    uint32_t failed;        /* of which not even that could be kept */
    uint64_t readable, bad; /* bytes */
    bool cut_short;         /* cancelled: there are more, for whoever goes on */
    struct buffer first;    /* why the first one failed; absent: none */
};

/* Every planned whole file that ended MEDIA_CORRUPT or MEDIA_MISSING. Further names of a file, and
 * files with ranges, have none of their own. Errors: DEST_*, of these two files alone. The caller
 * frees told->first. */
vsr_code salvage_run(const struct salvage_input *input, struct salvage_told *told,
                     vsr_error *error);

#endif
