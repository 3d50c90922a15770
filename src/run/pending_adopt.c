/* pending_adopt.c - pending folders that an earlier process of a run made, taken over by one that
 * goes on with it. What counts in them stays; files that do not go back into staging. */
#include "base/cancel.h"
#include "base/hash_map.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/folder_list.h"
#include "run/pending_hold_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct adopting {
    const struct stage *stage;
    const struct pending_content *content;
    const bool *published;
    const volatile int *cancel;
    struct hash_map staying; /* src -> items that count */
};

static bool src_is(const void *context, const void *name, uint32_t item)
{
    const struct pending_content *content = context;
    return view_equal(content->items[item].record.src, view_of(name));
}

static void staying_find(struct adopting *a)
{
    for (uint32_t i = 0; i < a->content->item_count; i++) {
        const struct pending_item *item = &a->content->items[i];
        if (item->counts && a->published[item->record.unit]) {
            hash_map_add(&a->staying, hash_bytes(item->record.src.p, item->record.src.n), i);
        }
    }
}

/* Does a record that counts speak for it? */
static bool entry_stays(const struct adopting *a, const char *name)
{
    return strcmp(name, PENDING_JOURNAL) == 0 ||
           hash_map_find(&a->staying, hash_bytes(name, strlen(name)), name, src_is, a->content) !=
               MARK_NONE;
}

/* Back into staging; false: it is no file of a unit that is still to come, or cannot go there. */
static bool entry_give_back(const struct adopting *a, int dir_fd, const char *name)
{
    const struct plan *plan = a->stage->plan;
    char canonical[HOLD_NAME_BYTES] = "";
    const unsigned long long file = name[0] == 'p' ? strtoull(name + 1, NULL, 16) : UINT64_MAX;
    if (file < plan->file_count) {
        hold_file_name((uint32_t)file, canonical);
    }
    return strcmp(canonical, name) == 0 && plan->files[file].action == ACTION_STAGE &&
           plan->files[file].kind != KIND_DIRECTORY && stage_is_staged(a->stage, (uint32_t)file) &&
           !a->published[plan->files[file].unit] &&
           pending_give_back(a->stage, (uint32_t)file, dir_fd, name) == 0;
}

/* What no record speaks for, or one that does not count, was in the middle. */
static int adopt_entry(void *context, int dir_fd, const char *name)
{
    const struct adopting *a = context;
    if (cancel_number(a->cancel) != 0) {
        return ECANCELED;
    }
    return entry_stays(a, name) || entry_give_back(a, dir_fd, name) ||
                   unlinkat(dir_fd, name, 0) == 0 || unlinkat(dir_fd, name, AT_REMOVEDIR) == 0
               ? 0
               : errno;
}

static void part_add(struct hold_folder *folder, uint32_t unit, uint64_t first_seq)
{
    folder->parts =
        heap_grow(folder->parts, folder->part_count, &folder->part_capacity, sizeof *folder->parts);
    folder->parts[folder->part_count++] = (struct hold_part){unit, first_seq};
}

/* Of each unit that was not published, once: its records are said to be none. */
static bool records_drop(const struct adopting *a, struct pending_batch *batch)
{
    OWN(heap) seen = heap_alloc(a->stage->plan->unit_count + 1u, sizeof(bool));
    bool *dropped = seen;
    bool any = false;
    for (uint32_t i = 0; i < a->content->item_count; i++) {
        const struct pending_item *item = &a->content->items[i];
        const uint32_t unit = item->record.unit;
        if (!a->published[unit] && !item->dropped && !dropped[unit]) {
            dropped[unit] = any = true;
            pending_batch_drop(batch, unit);
        }
    }
    return any;
}

static int adopt_units(struct pending_hold *hold, struct hold_folder *folder,
                       const struct adopting *a)
{
    for (uint32_t i = 0; i < a->content->unit_count; i++) {
        const struct pending_unit *unit = &a->content->units[i];
        if (a->published[unit->unit]) {
            part_add(folder, unit->unit, unit->first_seq);
            hold->units[unit->unit].sealed = true;
        }
    }
    for (uint32_t i = 0; i < a->content->item_count; i++) {
        const uint64_t seq = a->content->items[i].record.seq;
        hold->next_seq = seq >= hold->next_seq ? seq + 1 : hold->next_seq;
    }
    struct pending_batch batch = pending_batch_begin(&folder->journal);
    if (!records_drop(a, &batch)) {
        buffer_free(&batch.bytes);
        return 0;
    }
    return pending_batch_write(&batch, &folder->journal);
}

static bool content_fits(const struct pending_hold *hold, const struct pending_content *content)
{
    const uint32_t units = hold->stage->plan->unit_count;
    bool fits = uuid_equal(&content->identity.run, &hold->identity.run);
    for (uint32_t i = 0; i < content->unit_count; i++) {
        fits = fits && content->units[i].unit < units;
    }
    for (uint32_t i = 0; i < content->item_count; i++) {
        fits = fits && content->items[i].record.unit < units;
    }
    return fits;
}

/* One that is open. */
static vsr_code adopt_folder(struct pending_hold *hold, struct hold_folder *folder,
                             const bool *published, vsr_error *error)
{
    struct pending_content content;
    const char *name = folder->folder.name;
    vsr_code rc =
        pending_journal_open(&folder->journal, &content, &folder->folder, name, true, error);
    if (rc != VSR_OK) {
        return rc;
    }
    struct adopting a = {hold->stage, &content, published, hold->cancel, {0}};
    int fault = 0;
    if (!content_fits(hold, &content)) {
        rc = err_set(error, VSR_ERR_RUN_FOREIGN, "run/pending",
                     "the journal of %s is of another run", name);
    } else {
        fault = adopt_units(hold, folder, &a);
        staying_find(&a);
        fault = fault == 0 ? folder_list(folder->folder.fd, adopt_entry, &a) : fault;
        hash_map_free(&a.staying);
    }
    if (fault == ECANCELED) {
        rc = err_set(error, VSR_ERR_CANCELLED, "run/pending",
                     "the run was cancelled before it was gone on with; what waits for the next "
                     "boot stays in %s: `vssrestore resume` goes on with it",
                     name);
    } else if (fault != 0) {
        errno = fault;
        rc = err_sys(error, err_dest_code(fault), "run/pending", "cannot go on with %s", name);
    }
    pending_content_free(&content);
    return rc;
}

static vsr_code adopt_top(struct pending_hold *hold, uint32_t top, const bool *published,
                          vsr_error *error)
{
    const struct stage *stage = hold->stage;
    struct hold_folder found = {.top = top,
                                .journal = {.fd = -1},
                                .each =
                                    stage->mounts[stage->directory_mount[top]].abilities.is_fuse};
    const int fault = pending_folder_find(&found.folder, stage, top, &hold->identity.run);
    if (fault != 0) {
        errno = fault;
        return fault == ENOENT ? VSR_OK
                               : err_sys(error, err_dest_code(fault), "run/pending",
                                         "cannot open what waits for the next boot");
    }
    found.folder.cancel = hold->cancel;
    if (!pending_journal_is_begun(&found.folder)) { /* nothing counts in it */
        const int removed = pending_folder_remove(&found.folder, PENDING_JOURNAL);
        pending_folder_close(&found.folder);
        errno = removed;
        return removed == 0 ? VSR_OK
                            : err_sys(error, err_dest_code(removed), "run/pending",
                                      "cannot remove %s", found.folder.name);
    }
    const vsr_code rc = adopt_folder(hold, &found, published, error);
    hold->folders =
        heap_grow(hold->folders, hold->folder_count, &hold->folder_capacity, sizeof *hold->folders);
    hold->folders[hold->folder_count++] = found;
    return rc;
}

vsr_code pending_hold_adopt(struct pending_hold *hold, const bool *published, vsr_error *error)
{
    const struct plan *plan = hold->stage->plan;
    uint8_t *looked = heap_alloc(plan->directory_count + 1u, 1);
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < plan->file_count && rc == VSR_OK; i++) {
        const uint32_t directory = plan->files[i].directory;
        if (plan->files[i].action != ACTION_STAGE ||
            hold->stage->directory_mount[directory] == MARK_NONE) {
            continue;
        }
        const uint32_t top = pending_top(hold->stage, directory);
        if (looked[top] == 0) {
            looked[top] = 1;
            rc = adopt_top(hold, top, published, error);
        }
    }
    free(looked);
    return rc;
}
