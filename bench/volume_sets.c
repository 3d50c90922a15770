/* volume_sets.c - from documents to a tree of names: first every folder that is named, then the
 * files, so that a file never takes a folder's name. Writes nothing; does not read Windows names
 * by itself: vss/winpath does. */
#include "volume_sets.h"

#include "base/heap.h"
#include "vss/ranges.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    NAMES_MIN = 8, /* for each wildcard set and folder */
    NAMES_SPREAD = 5,
    NAME_TRIES = 20,
    FOLDER_DEPTH = 2, /* levels below a recursive set's folder */
    BEFORE_BYTES = 4096,
    EXTENT_BYTES_MAX = 1 << 20, /* of a longer range only its start holds data, and its end */
};
#define SIZE_MAX_BYTES ((uint64_t)1 << 42) /* of a sparse file: what ext4 can hold, and some less */

/* A file set, exclude or differenced entry that has found its folder. */
struct placed_set {
    uint32_t writer;
    uint32_t folder; /* where its files stand */
    uint32_t normal; /* where they are catalogued */
    bool exclude;
    bool named; /* by the Backup Components Document: excludes do not count */
    bool recursive;
    struct win_spec spec;
};

static void leave_out(struct volume_sets *sets, struct view path, struct view name, const char *why)
{
    sets->left_out++;
    (void)fprintf(stderr, "make_volume: left out %.*s | %.*s: %s\n", VIEW_ARG(path), VIEW_ARG(name),
                  why);
}

static void unknown_add(struct volume_sets *sets, struct view name)
{
    for (size_t i = 0; i < sets->unknown_count; i++) {
        if (win_fold_equal(sets->unknown_names[i], name)) {
            return;
        }
    }
    sets->unknown_names = heap_grow(sets->unknown_names, sets->unknown_count,
                                    &sets->unknown_capacity, sizeof *sets->unknown_names);
    sets->unknown_names[sets->unknown_count++] = name;
}

static void place_note(struct volume_sets *sets, uint32_t root, const struct win_path *path)
{
    for (size_t i = 0; i < sets->place_count; i++) {
        if (sets->places[i].root == root) {
            return;
        }
    }
    sets->places =
        heap_grow(sets->places, sets->place_count, &sets->place_capacity, sizeof *sets->places);
    sets->places[sets->place_count++] =
        (struct volume_place){root, {path->kind, path->volume, VIEW("")}};
}

static bool path_read(struct volume_sets *sets, struct view text, struct win_path *path)
{
    struct view expanded;
    struct view unknown;
    if (!win_env_expand(sets->arena, &sets->env, text, &expanded, &unknown)) {
        unknown_add(sets, unknown);
        return false;
    }
    const enum win_path_fault fault = win_path_parse(sets->arena, expanded, path);
    if (fault != WIN_PATH_OK) {
        leave_out(sets, text, VIEW(""), win_path_fault_text(fault));
    }
    return fault == WIN_PATH_OK;
}

/* The folder that text names, made where missing; MARK_NONE was told. */
static uint32_t folder_place(struct volume_sets *sets, struct view text)
{
    struct win_path path;
    if (!path_read(sets, text, &path)) {
        return MARK_NONE;
    }
    const uint32_t root = volume_tree_root(sets->tree, &path);
    if (root != MARK_NONE) {
        place_note(sets, root, &path);
    }
    const uint32_t folder = volume_tree_folder(sets->tree, &path);
    if (folder == MARK_NONE) {
        leave_out(sets, text, VIEW(""), "a file has this name, or no volume can hold it");
    }
    return folder;
}

static void set_place(struct volume_sets *sets, const struct vss_file_set *from, uint32_t writer,
                      bool exclude, bool named)
{
    struct placed_set set = {.writer = writer,
                             .exclude = exclude,
                             .named = named,
                             .recursive = from->recursive};
    set.normal = folder_place(sets, from->path);
    set.folder = set.normal;
    if (!exclude && view_present(from->alternate_path) && from->alternate_path.n > 0) {
        set.folder = folder_place(sets, from->alternate_path);
    }
    if (set.folder == MARK_NONE || set.normal == MARK_NONE) {
        return;
    }
    if (!win_spec_compile(sets->arena, from->filespec, &set.spec)) {
        leave_out(sets, from->path, from->filespec, "no file specification");
        return;
    }
    if (!named && (exclude || !set.spec.literal || set.recursive)) {
        const struct tree_rule rule = {.writer = writer,
                                       .exclude = exclude,
                                       .recursive = set.recursive,
                                       .spec = set.spec,
                                       .normal = set.normal};
        volume_tree_add_rule(sets->tree, set.folder, &rule);
    }
    sets->placed =
        heap_grow(sets->placed, sets->placed_count, &sets->placed_capacity, sizeof *sets->placed);
    sets->placed[sets->placed_count++] = set;
}

/* --- the files of a set --- */

static uint32_t file_add(struct volume_sets *sets, uint32_t folder, struct view name)
{
    const uint32_t count = sets->tree->node_count;
    const uint32_t file = volume_tree_file(sets->tree, folder, name);
    if (file == count) { /* it was not there */
        sets->tree->nodes[file].size = volume_size(sets->sizes, &sets->rng);
    }
    return file;
}

static bool set_excludes(const struct volume_sets *sets, const struct placed_set *set,
                         uint32_t folder, struct view name)
{
    return !set->exclude && !set->named &&
           volume_tree_excluded(sets->tree, set->writer, folder, name, set->folder, set->normal);
}

/* The one file of a literal specification. It is made even if an exclude hits it: the documents
 * mean it. */
static void literal_add(struct volume_sets *sets, const struct placed_set *set, uint32_t folder)
{
    const uint32_t file = file_add(sets, folder, set->spec.text);
    if (file == MARK_NONE) {
        leave_out(sets, volume_tree_path(sets->tree, folder), set->spec.text,
                  "a folder has this name, or no volume can hold it");
    } else if (!set->exclude && !set_excludes(sets, set, folder, set->spec.text)) {
        sets->tree->nodes[file].protected_file = true;
    }
}

/* Names that fit a wildcard; none that the writer's own excludes take. */
static void names_add(struct volume_sets *sets, const struct placed_set *set, uint32_t folder)
{
    const uint32_t wanted =
        set->exclude
            ? 2
            : sets->scale * (NAMES_MIN + (uint32_t)content_below(&sets->rng, NAMES_SPREAD));
    for (uint32_t i = 0; i < wanted; i++) {
        struct view name = VIEW_NONE;
        for (int t = 0; t < NAME_TRIES && !view_present(name); t++) {
            name = volume_name(sets->arena, &set->spec, &sets->rng, i);
            if (view_present(name) && set_excludes(sets, set, folder, name)) {
                name = VIEW_NONE;
            }
        }
        const uint32_t file = view_present(name) ? file_add(sets, folder, name) : MARK_NONE;
        if (file != MARK_NONE && set->named) {
            sets->tree->nodes[file].protected_file = true;
        }
    }
}

static void set_fill(struct volume_sets *sets, const struct placed_set *set, uint32_t folder,
                     int depth)
{
    if (set->spec.literal) {
        literal_add(sets, set, folder);
    } else {
        names_add(sets, set, folder);
    }
    if (!set->recursive || depth == (set->exclude ? 1 : FOLDER_DEPTH)) {
        return;
    }
    const uint32_t wanted = set->exclude ? 1 : 2 + (uint32_t)content_below(&sets->rng, 2);
    for (uint32_t i = 0; i < wanted; i++) {
        const uint32_t below =
            volume_tree_subfolder(sets->tree, folder,
                                  volume_folder_name(sets->arena, &sets->rng, i));
        if (below != MARK_NONE) {
            set_fill(sets, set, below, depth + 1);
        }
    }
    (void)volume_tree_subfolder(sets->tree, folder, VIEW("empty folder"));
}

/* Beside the files of a set that is not recursive: one that no set wants. */
static void stranger_add(struct volume_sets *sets, const struct placed_set *set)
{
    const struct view name = VIEW("of no component.stranger");
    if (!set->recursive && !set->spec.literal && !set->exclude &&
        !win_spec_match(&set->spec, name)) {
        (void)file_add(sets, set->folder, name);
    }
}

/* --- files of which parts were saved --- */

static int extent_order(const void *a, const void *b)
{
    const uint64_t from_a = ((const struct content_extent *)a)->offset;
    const uint64_t from_b = ((const struct content_extent *)b)->offset;
    return from_a < from_b ? -1 : from_a > from_b;
}

/* Ascending, and one where they touch or overlap. */
static size_t extents_merge(struct content_extent *extents, size_t count)
{
    size_t kept = 0;
    qsort(extents, count, sizeof *extents, extent_order);
    for (size_t i = 0; i < count; i++) {
        struct content_extent *last = kept > 0 ? &extents[kept - 1] : NULL;
        const uint64_t end = extents[i].offset + extents[i].length;
        if (extents[i].length == 0) {
            continue;
        }
        if (last != NULL && extents[i].offset <= last->offset + last->length) {
            last->length = end > last->offset + last->length ? end - last->offset : last->length;
        } else {
            extents[kept++] = extents[i];
        }
    }
    return kept;
}

/* Make file hold data inside the ranges and some ahead of them; elsewhere holes. */
static void ranges_lay(struct volume_sets *sets, uint32_t file, const struct vss_ranges *ranges)
{
    struct tree_node *node = &sets->tree->nodes[file];
    struct content_extent *extents =
        ARENA_ARRAY(sets->arena, struct content_extent,
                    node->extent_count + 2 * (size_t)ranges->count + 1);
    size_t count = node->extent_count;
    if (count > 0) {
        memcpy(extents, node->extents, count * sizeof *extents);
    } else {
        node->size = BEFORE_BYTES;
    }
    extents[count++] = (struct content_extent){0, BEFORE_BYTES};
    for (uint32_t i = 0; i < ranges->count; i++) {
        const struct vss_range *range = &ranges->list[i];
        const uint64_t end = range->offset + range->length;
        if (end > SIZE_MAX_BYTES) {
            leave_out(sets, volume_tree_path(sets->tree, file), VIEW("a range"), "beyond 2^42");
            continue;
        }
        const uint64_t head = range->length < EXTENT_BYTES_MAX ? range->length : EXTENT_BYTES_MAX;
        extents[count++] = (struct content_extent){range->offset, head};
        extents[count++] =
            (struct content_extent){end - (head < 512 ? head : 512), head < 512 ? head : 512};
        node->size = end + BEFORE_BYTES > node->size ? end + BEFORE_BYTES : node->size;
    }
    node->extents = extents;
    node->extent_count = extents_merge(extents, count);
    node->protected_file = true;
}

/* Three ranges of our own, inside the file that they are for, written as a ranges file. */
static void ranges_file_add(struct volume_sets *sets, struct view text, struct vss_ranges *ranges)
{
    static const struct vss_range three[] = {{512, 1000}, {65536, 70001}, {1 << 20, 262145}};
    struct win_path path;
    ranges->list = ARENA_ARRAY(sets->arena, struct vss_range, 3);
    ranges->count = 3;
    memcpy(ranges->list, three, sizeof three);
    if (!path_read(sets, text, &path) || path.rest.n == 0) {
        return;
    }
    size_t cut = path.rest.n;
    while (cut > 0 && path.rest.p[cut - 1] != '\\') {
        cut--;
    }
    const struct view name = view_skip(path.rest, cut);
    path.rest.n = cut > 0 ? cut - 1 : 0;
    const uint32_t folder = volume_tree_folder(sets->tree, &path);
    const uint32_t file = folder == MARK_NONE ? MARK_NONE : file_add(sets, folder, name);
    if (file == MARK_NONE) {
        leave_out(sets, text, VIEW(""), "no place for this ranges file");
        return;
    }
    uint64_t *words = ARENA_ARRAY(sets->arena, uint64_t, 7); /* little-endian machines only */
    words[0] = 3;
    memcpy(words + 1, three, sizeof three);
    sets->tree->nodes[file].bytes = (struct view){(const char *)words, 56};
    sets->tree->nodes[file].protected_file = true;
}

static void saved_part_add(struct volume_sets *sets, struct view path, struct view name,
                           struct view ranges_text)
{
    struct vss_ranges ranges = {0};
    const char *fault = NULL;
    size_t at = 0;
    const uint32_t folder = folder_place(sets, path);
    if (folder == MARK_NONE) {
        return;
    }
    if (!vss_ranges_parse(sets->arena, ranges_text, &ranges, &fault, &at)) {
        leave_out(sets, path, name, fault);
        return;
    }
    if (view_present(ranges.file)) {
        ranges_file_add(sets, ranges.file, &ranges);
    }
    const uint32_t file = file_add(sets, folder, name);
    if (file == MARK_NONE) {
        leave_out(sets, path, name, "a folder has this name, or no volume can hold it");
    } else {
        ranges_lay(sets, file, &ranges);
    }
}

/* --- all documents --- */

static void wmd_place(struct volume_sets *sets, const struct wmd *wmd, uint32_t writer)
{
    for (uint32_t i = 0; i < wmd->exclude_count; i++) {
        set_place(sets, &wmd->excludes[i], writer, true, false);
    }
    for (uint32_t c = 0; c < wmd->component_count; c++) {
        const struct wmd_component *component = &wmd->components[c];
        for (uint32_t i = 0; i < component->file_set_count; i++) {
            set_place(sets, &component->file_sets[i], writer, false, false);
        }
    }
}

static void differenced_place(struct volume_sets *sets, const struct bcd_component *component,
                              uint32_t writer)
{
    for (uint32_t i = 0; i < component->differenced_file_count; i++) {
        const struct bcd_differenced_file *entry = &component->differenced_files[i];
        const struct vss_file_set set = {.path = entry->path,
                                         .filespec = entry->filespec,
                                         .recursive = entry->recursive};
        set_place(sets, &set, writer, false, true);
    }
}

static void saved_parts_place(struct volume_sets *sets, const struct bcd_component *component)
{
    for (uint32_t i = 0; i < component->partial_file_count; i++) {
        const struct bcd_partial_file *entry = &component->partial_files[i];
        saved_part_add(sets, entry->path, entry->filespec, entry->ranges);
    }
    for (uint32_t i = 0; i < component->directed_target_count; i++) {
        const struct bcd_directed_target *entry = &component->directed_targets[i];
        saved_part_add(sets, entry->source_path, entry->source_filename, entry->source_ranges);
    }
}

static void components_place(struct volume_sets *sets, const struct documents *documents,
                             bool differenced)
{
    for (uint32_t w = 0; w < documents->bcd.writer_count; w++) {
        const struct bcd_writer *writer = &documents->bcd.writers[w];
        for (uint32_t c = 0; c < writer->component_count; c++) {
            if (differenced) {
                differenced_place(sets, &writer->components[c], documents->writer_wmd[w]);
            } else {
                saved_parts_place(sets, &writer->components[c]);
            }
        }
    }
}

/* A folder that no document names, on each volume. */
static void strangers_add(struct volume_sets *sets)
{
    struct win_spec all;
    (void)win_spec_compile(sets->arena, VIEW("*"), &all);
    for (size_t i = 0; i < sets->place_count; i++) {
        const struct placed_set set = {.writer = MARK_NONE,
                                       .folder = sets->places[i].root,
                                       .normal = sets->places[i].root,
                                       .named = true,
                                       .spec = all};
        const uint32_t folder =
            volume_tree_subfolder(sets->tree, set.folder, VIEW("Unprotected files"));
        for (uint32_t n = 0; folder != MARK_NONE && n < 4 * sets->scale; n++) {
            const struct view name = volume_name(sets->arena, &set.spec, &sets->rng, n);
            if (view_present(name)) {
                (void)file_add(sets, folder, name);
            }
        }
    }
}

bool volume_sets_place(struct volume_sets *sets, const struct documents *documents)
{
    for (uint32_t w = 0; w < documents->wmd_count; w++) {
        wmd_place(sets, &documents->wmds[w], w);
    }
    components_place(sets, documents, true);
    for (size_t i = 0; i < sets->placed_count; i++) { /* literal names before made ones */
        if (sets->placed[i].spec.literal && !sets->placed[i].recursive) {
            set_fill(sets, &sets->placed[i], sets->placed[i].folder, 0);
        }
    }
    for (size_t i = 0; i < sets->placed_count; i++) {
        if (!sets->placed[i].spec.literal || sets->placed[i].recursive) {
            set_fill(sets, &sets->placed[i], sets->placed[i].folder, 0);
        }
        stranger_add(sets, &sets->placed[i]);
    }
    components_place(sets, documents, false);
    strangers_add(sets);
    return sets->unknown_count == 0;
}

void volume_sets_free(struct volume_sets *sets)
{
    free(sets->placed);
    free(sets->places);
    free(sets->unknown_names);
    *sets = (struct volume_sets){0};
}
