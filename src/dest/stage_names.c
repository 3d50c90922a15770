/* stage_names.c - names that a mount takes for one, found before anything is staged on it.
 *
 * The planner refuses such units where it can know (dest/probe_entry.c looks, and makes nothing);
 * on an empty file system that says nothing of it, only making a name shows it. Staged all the
 * same, the second file would be written over the first, and both be told as restored. */
#include "base/hash_map.h"
#include "base/limits.h"
#include "dest/stage_layout.h"
#include "vss/winpath.h"

#include <string.h>

/* A file, or (file_count and up) a directory that is made, in the folder that it goes to. */
struct staged_name {
    const struct stage *stage;
    uint32_t folder;
    struct view name;
};

static struct view names_file(const struct stage *stage, uint32_t file)
{
    const struct plan_file *f = &stage->plan->files[file];
    const struct view name = plan_text(stage->plan, f->name);
    return view_present(name) ? name : index_name(&stage->set->index, f->entry);
}

static struct staged_name names_of(const struct stage *stage, uint32_t number)
{
    const struct plan *plan = stage->plan;
    if (number < plan->file_count) {
        return (struct staged_name){stage, plan->files[number].directory,
                                    names_file(stage, number)};
    }
    const struct plan_directory *d = &plan->directories[number - plan->file_count];
    return (struct staged_name){stage, d->parent, plan_text(plan, d->name)};
}

static bool names_are_one(const void *context, const void *key, uint32_t number)
{
    const struct staged_name *wanted = key;
    const struct staged_name other = names_of(context, number);
    return wanted->folder == other.folder && !view_equal(wanted->name, other.name) &&
           win_fold_equal(wanted->name, other.name);
}

static bool names_count(const struct stage *stage, uint32_t number)
{
    const struct plan *plan = stage->plan;
    if (number < plan->file_count) {
        return plan->files[number].kind != KIND_DIRECTORY && stage_is_staged(stage, number) &&
               stage->mounts[stage_file_mount(stage, number)].abilities.folds_names;
    }
    const uint32_t directory = number - plan->file_count;
    return stage->directory_tree[directory] != MARK_NONE &&
           stage->mounts[stage->directory_mount[directory]].abilities.folds_names;
}

vsr_code stage_check_names(const struct stage *stage, vsr_error *error)
{
    struct hash_map map = {0};
    vsr_code code = VSR_OK;
    bool any = false;
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        any = any || stage->mounts[i].abilities.folds_names;
    }
    const uint64_t count = (uint64_t)stage->plan->file_count + stage->plan->directory_count;
    for (uint64_t i = 0; any && i < count && i < MARK_NONE && code == VSR_OK; i++) {
        const uint32_t number = (uint32_t)i;
        if (!names_count(stage, number)) {
            continue;
        }
        const struct staged_name name = names_of(stage, number);
        const uint64_t parts[2] = {win_fold_hash(name.name), name.folder};
        const uint64_t hash = hash_bytes(parts, sizeof parts);
        const uint32_t other = hash_map_find(&map, hash, &name, names_are_one, stage);
        if (other != MARK_NONE) {
            const struct view first = names_of(stage, other).name;
            code = err_set(error, VSR_ERR_DEST_PERMISSION, "dest/stage",
                           "'%.*s' and '%.*s' go to one folder, and the file system there takes "
                           "them for one name; restore them to one that keeps case apart",
                           VIEW_ARG(first), VIEW_ARG(name.name));
        }
        hash_map_add(&map, hash, number);
    }
    hash_map_free(&map);
    return code;
}
