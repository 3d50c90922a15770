/* held.c - rows and marks against what stands in staging, file by file, folder by folder.
 *
 * Names of one file go together on one mount: a name of a file that is made again would be one of
 * the old file. */
#include "run/held.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "engine/marks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct holding {
    const struct stage *stage;
    struct outcome_row *rows;
    _Atomic uint64_t *epochs;
    uint64_t seed;
    uint32_t kept;
    uint8_t *held;
    struct stage_where where;
    own_fd fd; /* of where, or -1 */
};

/* Does its row say that it is whole? One of a run that a signal ended was withdrawn. */
static bool row_is_whole(const struct outcome_row *row)
{
    return row->outcome == OUTCOME_RESTORED || row->outcome == OUTCOME_STAGED ||
           row->outcome == OUTCOME_WITHDRAWN;
}

/* Does what an epoch says of this file still hold? */
static bool mark_counts(const struct holding *h, uint32_t file)
{
    const struct stage_mount *mount = &h->stage->mounts[stage_file_mount(h->stage, file)];
    const uint32_t epoch =
        marks_file_epoch(h->epochs, h->seed, file, outcome_row_content(&h->rows[file]));
    return epoch != 0 && mount->adopted && (mount->continuous || epoch <= h->kept);
}

/* What stands under its staged name. */
static bool staged_look(struct holding *h, uint32_t file, struct stat *facts)
{
    const uint64_t before = h->where.key;
    if (!stage_place(h->stage, file, &h->where)) {
        return false;
    }
    if (h->where.key != before || h->fd < 0) {
        own_fd_drop(&h->fd);
        h->fd = root_openat(h->where.base_fd, h->where.path, O_PATH | O_DIRECTORY, 0);
    }
    return h->fd >= 0 && fstatat(h->fd, h->where.name, facts, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool staged_stands(struct holding *h, uint32_t file)
{
    struct stat facts;
    return staged_look(h, file, &facts) &&
           stage_stands(h->stage, file, h->fd, h->where.name, &facts);
}

/* --- what intents tell --- */

/* is_last: what was staged when the last process was about to rename it has been taken back, and
 * stands there. What an earlier one had staged may have been made anew since, but what that had
 * found at the place never was. Inodes tell: devices may be called otherwise since. What is not
 * ours goes, or a large file would be written into it: never an original that stands nowhere else,
 * which has gone back, or failed its unit (recover_past()). */
static void intent_doubt(struct holding *h, const struct publish_intent *intent, bool is_last)
{
    const struct plan *plan = h->stage->plan;
    const uint32_t file = intent->file;
    struct stat facts;
    if (file >= plan->file_count || !stage_is_staged(h->stage, file) ||
        plan->files[file].kind == KIND_DIRECTORY || !staged_look(h, file, &facts)) {
        return;
    }
    const bool ours = is_last ? intent->staged.present && facts.st_ino == intent->staged.inode
                              : !intent->at_place.present || facts.st_ino != intent->at_place.inode;
    if (!ours) {
        (void)unlinkat(h->fd, h->where.name, 0);
    }
}

static void intents_doubt(struct holding *h, const struct resume *resume)
{
    const struct journal_content *content = &resume->content;
    for (uint32_t i = 0; i < content->past_count; i++) {
        const struct publish_intent past = journal_content_past(content, resume->journal, i);
        intent_doubt(h, &past, false);
    }
    for (uint32_t i = 0; i < content->intent_count; i++) {
        const struct publish_intent last = journal_content_intent(content, resume->journal, i);
        intent_doubt(h, &last, true);
    }
}

/* The file that a name or a further record of ranges is bound to. */
static uint32_t bound_to(const struct holding *h, uint32_t file)
{
    const struct plan_file *f = &h->stage->plan->files[file];
    return f->link_owner != MARK_NONE && f->link_owner != file &&
                   stage_is_staged(h->stage, f->link_owner)
               ? f->link_owner
               : MARK_NONE;
}

/* Whoever shares a file with one that is not held is not held either. */
static void names_settle(struct holding *h)
{
    const struct plan *plan = h->stage->plan;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const uint32_t owner = bound_to(h, i);
        if (owner != MARK_NONE && h->held[i] == 0) {
            h->held[owner] = 0;
        }
    }
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const uint32_t owner = bound_to(h, i);
        if (owner != MARK_NONE && h->held[owner] == 0) {
            h->held[i] = 0;
        }
    }
}

uint8_t *held_find(const struct stage *stage, const struct run_folder *folder,
                   const struct resume *resume)
{
    const struct plan *plan = stage->plan;
    struct outcome_row *const rows = folder->rows;
    _Atomic uint64_t *const epochs = folder->epochs;
    struct holding h = {.stage = stage,
                        .rows = rows,
                        .epochs = epochs,
                        .seed = run_folder_seed(folder),
                        .kept = resume->kept,
                        .held = heap_alloc(plan->file_count + 1u, 1),
                        .where = {.key = STAGE_KEY_NONE,
                                  .path = heap_alloc(STAGE_PATH_BYTES_MAX, 1),
                                  .name = heap_alloc(WIN_NAME_BYTES_MAX + 1u, 1)},
                        .fd = -1};
    intents_doubt(&h, resume);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        h.held[i] = stage_is_staged(stage, i) && plan->files[i].kind != KIND_DIRECTORY &&
                    row_is_whole(&rows[i]) && mark_counts(&h, i) && staged_stands(&h, i);
    }
    names_settle(&h);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (h.held[i] != 0) {
            rows[i].outcome =
                plan->files[i].action == ACTION_STAGE ? OUTCOME_STAGED : OUTCOME_RESTORED;
            rows[i].fault = 0; /* it was withdrawn, and stood */
        } else if (resume->done[plan->files[i].unit] == 0) {
            rows[i] = (struct outcome_row){0};
            atomic_store_explicit(&epochs[i], 0, memory_order_release);
        }
    }
    own_fd_drop(&h.fd);
    free(h.where.path);
    free(h.where.name);
    return h.held;
}
