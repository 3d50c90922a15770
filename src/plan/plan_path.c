/* plan_path.c - the paths of a plan's records, put together from directory and name. */
#include "plan/plan.h"

#include "base/bug.h"

/* spec without the backslash that a GUID's has at its end. */
static void add_spec(struct view spec, struct buffer *out)
{
    while (spec.n > 0 && spec.p[spec.n - 1] == '\\') {
        spec.n--;
    }
    buffer_add_view(out, spec);
}

/* A path is known from its end: room for all of it, then elements from the last to the first. */
static void add_before(char **at, struct view name, char separator)
{
    *at -= name.n;
    memcpy(*at, name.p, name.n);
    *--*at = separator;
}

void plan_entry_path(const struct media_set *set, uint32_t entry, struct buffer *out)
{
    const struct media_index *index = &set->index;
    VSR_REQUIRE(entry < index->entry_count);
    const struct index_entry *e = &index->entries[entry];
    const struct set_volume *volume = &set->description.volumes[e->volume];
    add_spec(volume->letter.n > 0      ? volume->letter
             : volume->guid.n > 0      ? volume->guid
             : volume->unc.n > 0       ? volume->unc
             : volume->mount_count > 0 ? volume->mounts[0]
                                       : volume->prefix,
             out);
    if (e->parent == MARK_NONE) {
        buffer_add_char(out, '\\');
        return;
    }
    size_t bytes = 0;
    for (uint32_t at = entry; index->entries[at].parent != MARK_NONE;
         at = index->entries[at].parent) {
        bytes += index_name(index, at).n + 1;
    }
    buffer_reserve(out, bytes);
    out->n += bytes;
    char *end = out->p + out->n;
    for (uint32_t at = entry; index->entries[at].parent != MARK_NONE;
         at = index->entries[at].parent) {
        add_before(&end, index_name(index, at), '\\');
    }
}

void plan_below_root(const struct plan *plan, uint32_t directory, char separator,
                     struct buffer *out)
{
    VSR_REQUIRE(directory < plan->directory_count);
    size_t bytes = 0;
    for (uint32_t at = directory; plan->directories[at].parent != MARK_NONE;
         at = plan->directories[at].parent) {
        bytes += plan_text(plan, plan->directories[at].name).n + 1;
    }
    buffer_reserve(out, bytes);
    out->n += bytes;
    char *end = out->p + out->n;
    for (uint32_t at = directory; plan->directories[at].parent != MARK_NONE;
         at = plan->directories[at].parent) {
        add_before(&end, plan_text(plan, plan->directories[at].name), separator);
    }
}

/* The root's own text, then the directory's elements. */
static void add_directory(const struct plan *plan, uint32_t directory, char separator,
                          struct buffer *out)
{
    VSR_REQUIRE(directory < plan->directory_count);
    const struct plan_root *root = &plan->roots[plan->directories[directory].root];
    if (separator == '\\') {
        add_spec(plan_text(plan, root->spec), out);
    } else {
        const struct view dir = plan_text(plan, root->dir);
        buffer_add_view(out, view_equal(dir, VIEW("/")) ? VIEW("") : dir);
    }
    plan_below_root(plan, directory, separator, out);
}

void plan_directory_path(const struct plan *plan, uint32_t directory, struct buffer *out)
{
    add_directory(plan, directory, '/', out);
}

static void add_record(const struct plan *plan, const struct media_set *set, uint32_t file,
                       char separator, struct buffer *out)
{
    VSR_REQUIRE(file < plan->file_count);
    add_directory(plan, plan->files[file].directory, separator, out);
    if (plan->files[file].kind != KIND_DIRECTORY) {
        buffer_add_char(out, separator);
        buffer_add_view(out, plan_file_name(plan, set, file));
    }
}

struct view plan_file_name(const struct plan *plan, const struct media_set *set, uint32_t file)
{
    VSR_REQUIRE(file < plan->file_count);
    const struct plan_file *f = &plan->files[file];
    if (f->kind == KIND_DIRECTORY) {
        return plan_text(plan, plan->directories[f->directory].name);
    }
    return f->name.offset != MARK_NONE ? plan_text(plan, f->name)
                                       : index_name(&set->index, f->entry);
}

void plan_source_path(const struct plan *plan, const struct media_set *set, uint32_t file,
                      struct buffer *out)
{
    VSR_REQUIRE(file < plan->file_count);
    if (plan->files[file].entry != MARK_NONE) {
        plan_entry_path(set, plan->files[file].entry, out);
    }
}

void plan_dest_path(const struct plan *plan, const struct media_set *set, uint32_t file,
                    struct buffer *out)
{
    add_record(plan, set, file, '\\', out);
}

void plan_unix_path(const struct plan *plan, const struct media_set *set, uint32_t file,
                    struct buffer *out)
{
    add_record(plan, set, file, '/', out);
}
