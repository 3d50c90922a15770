/* stage_place.c - from a planned file or directory to a path below a descriptor.
 *
 * The only place where names from media and documents become paths, and each of them is checked
 * to be one plain element first. Workers call stage_place() for every file: it allocates
 * nothing, and writes a path only when the directory is another than the last one. */
#include "base/limits.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Files for directories that exist are staged in shards of this many, by number. */
enum { STAGE_SHARD_SHIFT = 12 };

/* Text is built from its end: a path is known from its last element up. */
struct backward {
    char *bytes;
    size_t at;
};

static bool backward_add(struct backward *text, struct view part, bool separated)
{
    if (part.n + (separated ? 1 : 0) > text->at) {
        return false;
    }
    if (separated) {
        text->bytes[--text->at] = '/';
    }
    text->at -= part.n;
    memcpy(text->bytes + text->at, part.p, part.n);
    return true;
}

static struct view stage_hex(char prefix, uint32_t number, char out[9])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 9;
    do {
        out[--at] = digits[number & 15u];
        number >>= 4;
    } while (number != 0);
    if (prefix != '\0') {
        out[--at] = prefix;
    }
    return (struct view){out + at, 9 - at};
}

bool stage_is_staged(const struct stage *stage, uint32_t file)
{
    const struct plan_file *f = &stage->plan->files[file];
    const enum refusal *since = stage->options.refusals;
    const struct stage_known *known = stage->options.known;
    return f->action != ACTION_NONE && stage->plan->units[f->unit].refusal == REFUSAL_NONE &&
           (since == NULL || since[f->unit] == REFUSAL_NONE) &&
           (known == NULL || known->done == NULL || known->done[f->unit] == 0);
}

bool stage_is_root_top(const struct plan *plan, uint32_t directory)
{
    return plan->directories[directory].parent == MARK_NONE;
}

uint32_t stage_tree_above(const struct stage *stage, uint32_t directory)
{
    while (directory != MARK_NONE && stage->directory_tree[directory] == MARK_NONE) {
        directory = stage->plan->directories[directory].parent;
    }
    return directory != MARK_NONE ? stage->directory_tree[directory] : MARK_NONE;
}

bool stage_directory_path(const struct stage *stage, uint32_t directory, bool inside_tree,
                          char *path, size_t path_bytes)
{
    const struct plan *plan = stage->plan;
    struct backward text = {path, path_bytes};
    char number[9];
    bool separated = false;
    if (!backward_add(&text, (struct view){"", 1}, false)) {
        return false;
    }
    const uint32_t top =
        inside_tree ? stage->trees[stage_tree_above(stage, directory)].directory : MARK_NONE;
    for (uint32_t at = directory; at != MARK_NONE && at != top; at = plan->directories[at].parent) {
        if (stage_is_root_top(plan, at)) {
            break;
        }
        const struct view name = plan_text(plan, plan->directories[at].name);
        if (!root_name_is_plain(name) || !backward_add(&text, name, separated)) {
            return false;
        }
        separated = true;
    }
    if (inside_tree && !backward_add(&text, stage_hex('t', top, number), separated)) {
        return false;
    }
    memmove(path, path + text.at, path_bytes - text.at);
    return true;
}

uint32_t stage_file_mount(const struct stage *stage, uint32_t file)
{
    return stage->directory_mount[stage->plan->files[file].directory];
}

uint32_t stage_data_entry(const struct media_index *index, uint32_t entry)
{
    const uint32_t group = index->entries[entry].link_group;
    return group == MARK_NONE ? entry : group;
}

static struct view stage_file_name(const struct stage *stage, uint32_t file)
{
    const struct plan_file *f = &stage->plan->files[file];
    const struct view name = plan_text(stage->plan, f->name);
    return view_present(name) ? name : index_name(&stage->set->index, f->entry);
}

static bool stage_copy_name(struct view name, char *out)
{
    if (name.n > WIN_NAME_BYTES_MAX) {
        return false;
    }
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
    return true;
}

bool stage_final_name(const struct stage *stage, uint32_t file, char *out)
{
    const struct view name = stage_file_name(stage, file);
    return root_name_is_plain(name) && stage_copy_name(name, out);
}

bool stage_in_tree(const struct stage *stage, uint32_t file)
{
    const struct plan_file *f = &stage->plan->files[file];
    return f->action != ACTION_STAGE && stage->directory_tree[f->directory] != MARK_NONE;
}

uint64_t stage_key(const struct stage *stage, uint32_t file)
{
    file = stage_target(stage->plan, file);
    const uint32_t directory = stage->plan->files[file].directory;
    if (stage_in_tree(stage, file)) {
        return directory;
    }
    return UINT64_C(1) << 63 | (uint64_t)stage->directory_mount[directory] << 32 |
           (uint64_t)(file >> STAGE_SHARD_SHIFT);
}

bool stage_place(const struct stage *stage, uint32_t file, struct stage_where *out)
{
    file = stage_target(stage->plan, file);
    const uint32_t directory = stage->plan->files[file].directory;
    const uint64_t key = stage_key(stage, file);
    const bool in_tree = stage_in_tree(stage, file);
    char number[9];
    out->mount = stage->directory_mount[directory];
    out->base_fd = stage->mounts[out->mount].fd;
    if (out->key != key && in_tree &&
        !stage_directory_path(stage, directory, true, out->path, STAGE_PATH_BYTES_MAX)) {
        out->key = STAGE_KEY_NONE;
        return false;
    }
    if (out->key != key && !in_tree) {
        (void)stage_copy_name(stage_hex('f', file >> STAGE_SHARD_SHIFT, number), out->path);
    }
    out->key = key;
    return in_tree ? stage_final_name(stage, file, out->name)
                   : stage_copy_name(stage_hex('\0', file, number), out->name);
}

uint32_t stage_shard_of(uint32_t file)
{
    return file >> STAGE_SHARD_SHIFT;
}

void stage_shard_name(uint32_t shard, char out[10])
{
    char number[9];
    (void)stage_copy_name(stage_hex('f', shard, number), out);
}

/* By the number of its top: however many trees there are when a run goes on, it is the same. */
void stage_tree_name(const struct stage *stage, uint32_t tree, char out[10])
{
    char number[9];
    (void)stage_copy_name(stage_hex('t', stage->trees[tree].directory, number), out);
}

int stage_open_place(const struct stage *stage, uint32_t directory, int flags)
{
    const struct stage_layout *layout = stage_layout_read(stage);
    char path[STAGE_PATH_BYTES_MAX];
    if (!stage_directory_path(stage, directory, false, path, sizeof path)) {
        return -EINVAL;
    }
    const int root_fd = layout->roots[stage->plan->directories[directory].root].fd;
    return stage->options.cross_mounts ? root_openat_crossing(root_fd, path, flags, 0)
                                       : root_openat(root_fd, path, flags, 0);
}

int stage_open_staged(const struct stage *stage, uint32_t directory, int flags)
{
    char path[STAGE_PATH_BYTES_MAX];
    if (!stage_directory_path(stage, directory, true, path, sizeof path)) {
        return -EINVAL;
    }
    const struct stage_tree *tree = &stage->trees[stage_tree_above(stage, directory)];
    return root_openat(stage->mounts[tree->mount].fd, path, flags, 0);
}
