/* line_places.c - paths to numbers, the way back of plan_path.c. Records come folder by folder, so
 * the last one is kept. Nothing is looked up on this machine. */
#include "plan/line_places.h"

#include "base/heap.h"
#include "base/limits.h"
#include "plan/canon.h"

#include <stdlib.h>

enum { SPECS_MAX = 64 };

struct name_key {
    uint32_t parent;
    struct view name;
};

void line_places_init(struct line_places *places, const struct media_set *set,
                      struct plan_build *build)
{
    *places = (struct line_places){.set = set,
                                   .build = build,
                                   .folder_directory = MARK_NONE,
                                   .source_directory = MARK_NONE};
    places->tops = heap_alloc(build->root_count + 1u, sizeof *places->tops);
    memset(places->tops, 0xff, (build->root_count + 1u) * sizeof *places->tops);
}

void line_places_fini(struct line_places *places)
{
    free(places->tops);
    hash_map_free(&places->names);
    buffer_free(&places->folder);
    buffer_free(&places->source_folder);
    *places = (struct line_places){0};
}

/* A volume's spec as paths begin with it: without the backslash that a GUID's has at its end. */
static struct view spec_lead(struct view spec)
{
    while (spec.n > 0 && spec.p[spec.n - 1] == '\\') {
        spec.n--;
    }
    return spec;
}

static bool folder_is(const struct buffer *kept, struct view folder)
{
    return kept->p != NULL && view_equal(buffer_view(kept), folder);
}

static void folder_keep(struct buffer *kept, struct view folder)
{
    kept->n = 0;
    buffer_reserve(kept, 1); /* an empty one is one, too */
    buffer_add_view(kept, folder);
}

/* Where the last element of path begins, behind its separator; 0: there is none. */
static size_t last_element(struct view path, char separator)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != separator) {
        at--;
    }
    return at;
}

/* --- sources --- */

/* Names of a Linux source may hold backslashes: the shortest name that leads on is taken. */
static uint32_t source_child(const struct media_index *index, uint32_t directory, struct view *rest)
{
    for (size_t end = view_find(*rest, '\\');;) {
        const uint32_t child = index_child(index, directory, (struct view){rest->p, end});
        if (child != MARK_NONE || end == rest->n) {
            *rest = view_skip(*rest, end < rest->n ? end + 1 : end);
            return child;
        }
        end += 1 + view_find(view_skip(*rest, end + 1), '\\');
    }
}

static uint32_t source_below(const struct media_index *index, uint32_t entry, struct view rest)
{
    while (entry != MARK_NONE && rest.n > 0) {
        entry = source_child(index, entry, &rest);
    }
    return entry;
}

uint32_t line_source(struct line_places *places, struct view source)
{
    const struct media_index *index = &places->set->index;
    const size_t name = last_element(source, '\\');
    const struct view folder = {source.p, name};
    if (places->source_directory != MARK_NONE && folder_is(&places->source_folder, folder)) {
        const uint32_t found =
            index_child(index, places->source_directory, view_skip(source, name));
        if (found != MARK_NONE) {
            return found;
        }
    }
    uint32_t found = MARK_NONE;
    for (uint32_t v = 0; v < index->volume_count && found == MARK_NONE; v++) {
        struct buffer top = {0};
        plan_entry_path(places->set, index->volumes[v].root_entry, &top); /* "C:\" */
        if (view_starts(source, buffer_view(&top))) {
            found = source_below(index, index->volumes[v].root_entry, view_skip(source, top.n));
        }
        buffer_free(&top);
    }
    if (found != MARK_NONE && index->entries[found].parent != MARK_NONE &&
        index_name(index, found).n == source.n - name) {
        folder_keep(&places->source_folder, folder);
        places->source_directory = index->entries[found].parent;
    }
    return found;
}

/* --- destinations --- */

/* The same names behind both, whatever parts them. */
static bool rests_agree(struct view dest, struct view path)
{
    if (dest.n != path.n) {
        return false;
    }
    for (size_t i = 0; i < path.n; i++) {
        if (dest.p[i] != (path.p[i] == '/' ? '\\' : path.p[i])) {
            return false;
        }
    }
    return true;
}

/* The root that both begin with, and in *rest what path has behind it: "" or "/...". */
static uint32_t destination_root(const struct line_places *places, struct view dest,
                                 struct view path, struct view *rest)
{
    const struct plan_build *build = places->build;
    for (uint32_t i = 0; i < build->root_count; i++) {
        const struct plan_root *root = &build->roots[i];
        const struct view spec =
            spec_lead((struct view){build->text.p + root->spec.offset, root->spec.bytes});
        struct view dir = {build->text.p + root->dir.offset, root->dir.bytes};
        dir = view_equal(dir, VIEW("/")) ? VIEW("") : dir;
        if (!view_starts(dest, spec) || !view_starts(path, dir)) {
            continue;
        }
        *rest = view_skip(path, dir.n);
        if (rest->n > 0 && rest->p[0] == '/' && rests_agree(view_skip(dest, spec.n), *rest)) {
            return i;
        }
    }
    return MARK_NONE;
}

/* The media's entry for the top of a volume that may have to be made. */
static uint32_t top_entry(const struct line_places *places, struct view root_spec)
{
    const struct set_description *description = &places->set->description;
    for (uint32_t v = 0; v < description->volume_count && v < places->set->index.volume_count;
         v++) {
        struct view specs[SPECS_MAX];
        const uint32_t count = canon_volume_specs(&description->volumes[v], specs, SPECS_MAX);
        for (uint32_t i = 0; i < count; i++) {
            if (view_equal(spec_lead(specs[i]), spec_lead(root_spec))) {
                return places->set->index.volumes[v].root_entry;
            }
        }
    }
    return MARK_NONE;
}

static uint32_t top_of(struct line_places *places, uint32_t root, uint32_t unit)
{
    struct plan_build *build = places->build;
    if (places->tops[root] == MARK_NONE) {
        const struct plan_text spec = build->roots[root].spec;
        const uint32_t entry =
            top_entry(places, (struct view){build->text.p + spec.offset, spec.bytes});
        const struct plan_text no_name = plan_build_text(build, VIEW(""));
        places->tops[root] = build->directory_count;
        *plan_build_add_directory(build) = (struct plan_directory){
            .parent = MARK_NONE, .root = root, .name = no_name, .entry = entry, .unit = unit};
    }
    return places->tops[root];
}

static bool name_equal(const void *context, const void *key, uint32_t directory)
{
    const struct plan_build *build = context;
    const struct name_key *k = key;
    const struct plan_directory *d = &build->directories[directory];
    return d->parent == k->parent &&
           view_equal((struct view){build->text.p + d->name.offset, d->name.bytes}, k->name);
}

static uint32_t child_of(struct line_places *places, uint32_t parent, struct view name,
                         uint32_t unit)
{
    struct plan_build *build = places->build;
    const struct name_key key = {parent, name};
    const uint64_t hash = hash_bytes(name.p, name.n) ^ (parent * UINT64_C(0x9e3779b97f4a7c15));
    const uint32_t known = hash_map_find(&places->names, hash, &key, name_equal, build);
    if (known != MARK_NONE) {
        return known;
    }
    const uint32_t number = build->directory_count;
    const struct plan_text text = plan_build_text(build, name);
    const uint32_t root = build->directories[parent].root;
    *plan_build_add_directory(build) = (struct plan_directory){
        .parent = parent, .root = root, .name = text, .entry = MARK_NONE, .unit = unit};
    hash_map_add(&places->names, hash, number);
    return number;
}

bool line_destination(struct line_places *places, struct view dest, struct view path,
                      bool is_directory, uint32_t unit, uint32_t *directory, struct view *name)
{
    struct view rest = VIEW_NONE;
    const uint32_t root = destination_root(places, dest, path, &rest);
    if (root == MARK_NONE) {
        return false;
    }
    const size_t last = last_element(path, '/');
    const struct view folder = {path.p, last};
    *name = is_directory ? VIEW_NONE : view_skip(path, last);
    if (!is_directory && places->folder_directory != MARK_NONE &&
        folder_is(&places->folder, folder) &&
        places->build->directories[places->folder_directory].root == root) {
        *directory = places->folder_directory;
        return true;
    }
    if (!is_directory) {
        rest.n -= name->n + 1;
    }
    uint32_t at = top_of(places, root, unit);
    while (rest.n > 0) {
        rest = view_skip(rest, 1);
        const struct view element = {rest.p, view_find(rest, '/')};
        at = child_of(places, at, element, unit);
        rest = view_skip(rest, element.n);
    }
    *directory = at;
    if (!is_directory) {
        folder_keep(&places->folder, folder);
        places->folder_directory = at;
    }
    return true;
}
