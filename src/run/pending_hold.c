/* pending_hold.c - units with staged files, one after the other, into pending folders.
 *
 * For a unit: files out of staging, folders that their places lack made, all of it synced, then
 * its records, synced; only later, when the rest of the unit stands at its place, the record that
 * makes them count. What does not come to count goes back into staging, so that nothing is staged
 * twice for it. Numbers of records go over all folders of the run. */
#include "run/pending_hold_inside.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "run/pending_links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* Folders: by the number of their record. */
static void hold_name(uint64_t seq, char out[HOLD_NAME_BYTES])
{
    (void)snprintf(out, HOLD_NAME_BYTES, "%llx", (unsigned long long)seq);
}

/* Files: so that each finds its way back. */
void hold_file_name(uint32_t file, char out[HOLD_NAME_BYTES])
{
    (void)snprintf(out, HOLD_NAME_BYTES, "p%x", file);
}

struct pending_hold *pending_hold_create(struct stage *stage, const struct uuid *run,
                                         struct outcome_row *rows, const struct publish_log *log,
                                         const volatile int *cancel)
{
    struct pending_hold *hold = heap_alloc(1, sizeof *hold);
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    hold->stage = stage;
    hold->rows = rows;
    hold->log = *log;
    hold->cancel = cancel;
    hold->identity = (struct pending_identity){.run = *run,
                                               .set = stage->plan->set_uuid,
                                               .created_s = now.tv_sec,
                                               .created_ns = (uint32_t)now.tv_nsec};
    hold->units = heap_alloc(stage->plan->unit_count + 1u, sizeof *hold->units);
    hold->made_for = heap_alloc(stage->plan->directory_count + 1u, sizeof *hold->made_for);
    return hold;
}

/* --- folders --- */

/* What syncfs does not reach. */
static int entries_sync(struct pending_hold *hold, const struct hold_folder *folder)
{
    const struct stage_options *options = &hold->stage->options;
    int fault = sync_note_begin(options->sync_notes, SYNC_NOTER_ENTRIES);
    if (fault != 0) {
        publish_sync_unnoted(hold->stage, fault);
        return fault;
    }
    fault = pending_sync_entries(&folder->folder);
    if (fault == 0) {
        sync_note_good(options->sync_notes, SYNC_NOTER_ENTRIES);
    } else if (options->on_sync_failed != NULL) {
        options->on_sync_failed(options->context);
    }
    return fault;
}

/* 0, an errno, or ECANCELED: a signal came, and it was not waited for. */
static int folder_sync(struct pending_hold *hold, const struct hold_folder *folder)
{
    vsr_error error = {0};
    const int fault = folder->each ? entries_sync(hold, folder) : 0;
    const vsr_code rc =
        fault != 0 ? VSR_OK
                   : publish_sync(hold->stage, hold->stage->directory_mount[folder->top], &error);
    return rc == VSR_ERR_CANCELLED ? ECANCELED
           : rc != VSR_OK          ? (error.os_errno != 0 ? error.os_errno : EIO)
                                   : fault;
}

static int folder_add(struct pending_hold *hold, uint32_t top, struct hold_folder **out)
{
    const struct stage *stage = hold->stage;
    struct hold_folder made = {.top = top,
                               .journal = {.fd = -1},
                               .each =
                                   stage->mounts[stage->directory_mount[top]].abilities.is_fuse};
    int fault = pending_folder_make(&made.folder, stage, top, &hold->identity.run);
    made.folder.cancel = hold->cancel;
    if (fault == 0) {
        fault = pending_journal_make(&made.journal, &made.folder, &hold->identity);
        fault = fault == 0 ? folder_sync(hold, &made) : fault;
        if (fault != 0) {
            pending_journal_close(&made.journal);
            (void)pending_folder_remove(&made.folder, PENDING_JOURNAL);
        }
    }
    if (fault != 0) {
        pending_folder_close(&made.folder);
        return fault;
    }
    hold->folders =
        heap_grow(hold->folders, hold->folder_count, &hold->folder_capacity, sizeof *hold->folders);
    *out = &hold->folders[hold->folder_count++];
    **out = made;
    return 0;
}

static int folder_of(struct pending_hold *hold, uint32_t directory, struct hold_folder **out)
{
    const uint32_t top = pending_top(hold->stage, directory);
    for (uint32_t i = 0; i < hold->folder_count; i++) {
        if (hold->folders[i].top == top) {
            *out = &hold->folders[i];
            return 0;
        }
    }
    return folder_add(hold, top, out);
}

/* --- a unit --- */

static struct hold_part *part_find(const struct hold_folder *folder, uint32_t unit)
{
    for (uint32_t i = folder->part_count; i-- > 0;) { /* mostly the last */
        if (folder->parts[i].unit == unit) {
            return &folder->parts[i];
        }
    }
    return NULL;
}

static void part_remove(struct hold_folder *folder, uint32_t unit)
{
    struct hold_part *part = part_find(folder, unit);
    if (part != NULL) {
        *part = folder->parts[--folder->part_count];
    }
}

static void record_add(struct hold_folder *to, struct pending_record *record, const char *src,
                       const char *dst)
{
    record->src = view_of(src);
    record->dst = view_of(dst);
    if (part_find(to, record->unit) == NULL) {
        to->parts = heap_grow(to->parts, to->part_count, &to->part_capacity, sizeof *to->parts);
        to->parts[to->part_count++] = (struct hold_part){record->unit, record->seq};
        to->batch = pending_batch_begin(&to->journal);
    }
    pending_batch_record(&to->batch, record);
}

/* row: of the folder's own record, if it is this unit's; or NULL. */
static int keep_directory(struct pending_hold *hold, uint32_t unit, uint32_t directory,
                          struct outcome_row *row)
{
    struct stage *stage = hold->stage;
    struct hold_folder *to = NULL;
    char path[STAGE_PATH_BYTES_MAX];
    char name[HOLD_NAME_BYTES];
    struct meta_loss loss = {0};
    struct pending_record record = {.seq = hold->next_seq, .unit = unit, .op = PENDING_MKDIR};
    int fault = folder_of(hold, directory, &to);
    if (fault == 0 && !pending_path(stage, directory, path, sizeof path)) {
        fault = ENAMETOOLONG;
    }
    if (fault == 0) {
        hold->next_seq++;
        hold_name(record.seq, name);
        fault = pending_take_directory(stage, directory, &to->folder, name, &record, &loss);
    }
    if (fault == 0) {
        meta_loss_add(&stage->losses, &loss);
        if (row != NULL) {
            row->loss |= meta_loss_bits(&loss);
        }
        record_add(to, &record, name, path);
    }
    return fault;
}

/* Those that the place lacks, from the top down. The depth is bounded: a path has at most
 * WIN_PATH_DEPTH_MAX elements. */
static int keep_directories(struct pending_hold *hold, uint32_t unit, uint32_t file)
{
    const uint32_t directory = hold->stage->plan->files[file].directory;
    const struct plan_directory *directories = hold->stage->plan->directories;
    uint32_t missing[WIN_PATH_DEPTH_MAX];
    uint32_t count = 0;
    int fault = 0;
    for (uint32_t at = directory; directories[at].parent != MARK_NONE &&
                                  directories[at].make != 0 && hold->made_for[at] != unit + 1;
         at = directories[at].parent) {
        if (count == WIN_PATH_DEPTH_MAX) {
            return ENAMETOOLONG;
        }
        hold->made_for[at] = unit + 1;
        missing[count++] = at;
    }
    while (count > 0 && fault == 0) {
        const uint32_t one = missing[--count];
        const bool own = one == directory && hold->stage->plan->files[file].kind == KIND_DIRECTORY;
        fault = keep_directory(hold, unit, one, own ? &hold->rows[file] : NULL);
    }
    return fault;
}

static int keep_file(struct pending_hold *hold, uint32_t unit, uint32_t file)
{
    const struct plan_file *f = &hold->stage->plan->files[file];
    struct hold_folder *to = NULL;
    struct buffer dst = {0};
    char path[STAGE_PATH_BYTES_MAX];
    char name[HOLD_NAME_BYTES];
    int fault = keep_directories(hold, unit, file);
    if (fault != 0 || f->kind == KIND_DIRECTORY) {
        return fault;
    }
    struct pending_record record = {.seq = hold->next_seq, .unit = unit, .op = PENDING_MOVE};
    fault = folder_of(hold, f->directory, &to);
    if (fault == 0 && !pending_path(hold->stage, f->directory, path, sizeof path)) {
        fault = ENAMETOOLONG;
    }
    if (fault == 0) {
        hold->next_seq++;
        hold_file_name(file, name);
        fault = pending_take(hold->stage, file, &to->folder, name, &record);
    }
    if (fault == 0) {
        const struct view last =
            plan_file_name(hold->stage->plan, hold->stage->set, file); /* checked when staged */
        buffer_printf(&dst, "%s%s", path, path[0] != '\0' ? "/" : "");
        buffer_add_view(&dst, last);
        buffer_add_char(&dst, '\0');
        record_add(to, &record, name, dst.p);
    }
    buffer_free(&dst);
    return fault;
}

static int unit_write(struct pending_hold *hold, uint32_t unit)
{
    int fault = 0;
    for (uint32_t i = 0; i < hold->folder_count && fault == 0; i++) {
        const struct hold_folder *one = &hold->folders[i];
        if (part_find(one, unit) != NULL) {
            fault = folder_sync(hold, one);
        }
    }
    for (uint32_t i = 0; i < hold->folder_count && fault == 0; i++) {
        struct hold_folder *one = &hold->folders[i];
        if (part_find(one, unit) != NULL) {
            fault = pending_batch_write(&one->batch, &one->journal);
        }
    }
    return fault;
}

/* Its files go back into staging, if they can, its folders go, wherever they are. */
static void unit_give_back(struct pending_hold *hold, uint32_t unit)
{
    const struct plan *plan = hold->stage->plan;
    const struct plan_unit *u = &plan->units[unit];
    char name[HOLD_NAME_BYTES];
    for (uint32_t i = 0; i < hold->folder_count; i++) {
        const int fd = hold->folders[i].folder.fd;
        for (uint32_t file = u->first_file; file < u->first_file + u->file_count; file++) {
            hold_file_name(file, name);
            if (plan->files[file].action == ACTION_STAGE &&
                pending_give_back(hold->stage, file, fd, name) != 0) {
                (void)unlinkat(fd, name, 0);
            }
        }
        for (uint64_t seq = hold->units[unit].first_seq; seq < hold->units[unit].end_seq; seq++) {
            hold_name(seq, name);
            (void)unlinkat(fd, name, AT_REMOVEDIR);
        }
    }
}

/* A unit failed, or was put off: it is as before it was kept. */
static void hold_drop(void *context, uint32_t unit)
{
    struct pending_hold *hold = context;
    struct hold_unit *u = &hold->units[unit];
    if (u->first_seq == u->end_seq) {
        return;
    }
    for (uint32_t i = 0; i < hold->folder_count; i++) {
        struct hold_folder *one = &hold->folders[i];
        if (part_find(one, unit) != NULL && u->written) {
            struct pending_batch batch = pending_batch_begin(&one->journal);
            pending_batch_drop(&batch, unit);
            (void)pending_batch_write(&batch, &one->journal); /* its files go anyway */
        }
        part_remove(one, unit);
        buffer_free(&one->batch.bytes);
    }
    unit_give_back(hold, unit);
    *u = (struct hold_unit){0};
}

static int hold_keep(void *context, uint32_t unit)
{
    struct pending_hold *hold = context;
    const struct plan_unit *u = &hold->stage->plan->units[unit];
    const uint64_t first_seq = hold->next_seq;
    int fault = 0;
    for (uint32_t i = u->first_file; i < u->first_file + u->file_count && fault == 0; i++) {
        if (hold->rows[i].outcome == OUTCOME_STAGED) {
            fault = keep_file(hold, unit, i);
        }
    }
    const bool written = fault == 0;
    if (written) {
        fault = unit_write(hold, unit);
    }
    hold->units[unit] = (struct hold_unit){first_seq, hold->next_seq, written, false};
    if (fault != 0) {
        hold_drop(hold, unit);
    }
    return fault;
}

static int unit_seal(struct pending_hold *hold, uint32_t unit)
{
    const struct plan *plan = hold->stage->plan;
    const struct plan_unit *u = &plan->units[unit];
    int fault = 0;
    hold->units[unit].sealed = true;
    for (uint32_t i = 0; i < hold->folder_count && fault == 0; i++) {
        struct hold_folder *one = &hold->folders[i];
        const struct hold_part *part = part_find(one, unit);
        if (part != NULL) {
            const struct pending_unit named = {.first_seq = part->first_seq,
                                               .unit = unit,
                                               .writer = plan_text(plan, u->writer_name),
                                               .logical_path = plan_text(plan, u->logical_path),
                                               .component = plan_text(plan, u->component)};
            struct pending_batch batch = pending_batch_begin(&one->journal);
            pending_batch_unit(&batch, &named);
            fault = pending_batch_write(&batch, &one->journal);
        }
    }
    return fault;
}

static vsr_code hold_commit(void *context, uint32_t group, vsr_error *error)
{
    struct pending_hold *hold = context;
    const struct stage_group *g = &hold->stage->groups[group];
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        const uint32_t unit = hold->stage->group_units[i];
        const bool kept = hold->units[unit].first_seq != hold->units[unit].end_seq;
        const int fault = kept ? unit_seal(hold, unit) : 0;
        if (fault != 0) {
            errno = fault;
            return err_sys(error, err_dest_code(fault), "run/pending",
                           "cannot write the journal of what waits for the next boot");
        }
    }
    return hold->log.commit(hold->log.context, group, error);
}

static vsr_code hold_intents(void *context, uint32_t group, const struct publish_intent *intents,
                             uint32_t count, bool last, vsr_error *error)
{
    const struct pending_hold *hold = context;
    return hold->log.intents(hold->log.context, group, intents, count, last, error);
}

struct publish_log pending_hold_log(struct pending_hold *hold)
{
    return (struct publish_log){.context = hold,
                                .intents = hold_intents,
                                .commit = hold_commit,
                                .keep = hold_keep,
                                .drop = hold_drop};
}

/* --- the end --- */

/* A run that stopped in the middle may have kept units that it never sealed. */
static bool folder_counts(const struct pending_hold *hold, const struct hold_folder *folder)
{
    for (uint32_t i = 0; i < folder->part_count; i++) {
        if (hold->units[folder->parts[i].unit].sealed) {
            return true;
        }
    }
    return false;
}

/* Its path, for a sentence. */
static void folder_name(const struct hold_folder *folder, struct buffer *paths)
{
    buffer_printf(paths, "%s", paths->n > 0 ? ", " : "");
    if (!pending_folder_path(&folder->folder, paths)) {
        buffer_printf(paths, "%s", folder->folder.name);
    }
}

vsr_code pending_hold_end(struct pending_hold *hold, int run_dir_fd, const char *registry,
                          struct pending_held *held, vsr_error *error)
{
    struct buffer unnoted = {0};
    vsr_code rc = VSR_OK;
    int first = 0;
    *held = (struct pending_held){0};
    for (uint32_t i = 0; i < hold->folder_count; i++) {
        struct hold_folder *one = &hold->folders[i];
        if (!folder_counts(hold, one)) {
            (void)pending_folder_remove(&one->folder, PENDING_JOURNAL);
            continue;
        }
        const int fault = pending_link_run(run_dir_fd, held->folders, &one->folder);
        if (fault != 0) {
            first = first != 0 ? first : fault;
            folder_name(one, &unnoted);
        }
        held->registered += pending_link_register(registry, held->folders, &one->folder) ? 1 : 0;
        held->folders++;
    }
    if (first != 0) {
        errno = first;
        rc = err_sys(error, err_dest_code(first), "run/pending",
                     "cannot note in the run folder what waits for the next boot: give "
                     "`vssrestore pending apply` its path, %.*s",
                     VIEW_ARG(buffer_view(&unnoted)));
    }
    buffer_free(&unnoted);
    return rc;
}

void pending_hold_free(struct pending_hold *hold)
{
    if (hold == NULL) {
        return;
    }
    for (uint32_t i = 0; i < hold->folder_count; i++) {
        buffer_free(&hold->folders[i].batch.bytes);
        free(hold->folders[i].parts);
        pending_journal_close(&hold->folders[i].journal);
        pending_folder_close(&hold->folders[i].folder);
    }
    free(hold->folders);
    free(hold->units);
    free(hold->made_for);
    free(hold);
}
