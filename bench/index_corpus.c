/* index_corpus.c - file sets -> a tree of names (volume_sets.c) -> an index.
 *
 * How many names a wildcard gets is found by making the tree with one and with two times the
 * usual number. Entries are numbered as FORMAT.md, section 3, says. */
#include "index_corpus.h"

#include "volume_environment.h"
#include "volume_sets.h"

#include "base/heap.h"
#include "media/set_write.h"
#include "vss/documents.h"

#include <stdlib.h>
#include <unistd.h>

struct corpus {
    struct arena arena;
    struct volume_tree tree;
    struct volume_sets sets;
    uint64_t files;
    uint32_t *first, *next; /* of each node: its first child, its next sibling */
    uint32_t *pending;      /* folders that wait for their children's numbers, and their entries */
    uint32_t *pending_entries;
    uint32_t pending_count;
    struct index_build build;
};

static void corpus_free(struct corpus *corpus)
{
    volume_sets_free(&corpus->sets);
    volume_tree_free(&corpus->tree);
    index_build_free(&corpus->build);
    free(corpus->first);
    free(corpus->next);
    free(corpus->pending);
    free(corpus->pending_entries);
    arena_free(&corpus->arena);
    *corpus = (struct corpus){0};
}

/* --- the tree --- */

static vsr_code corpus_place(struct corpus *corpus, const struct documents *documents,
                             const struct index_corpus_options *options, uint32_t scale,
                             vsr_error *error)
{
    struct tree_totals totals;
    volume_tree_init(&corpus->tree, &corpus->arena);
    corpus->sets = (struct volume_sets){.tree = &corpus->tree,
                                        .arena = &corpus->arena,
                                        .sizes = SIZES_TINY,
                                        .scale = scale,
                                        .rng = {1}};
    volume_environment(&corpus->sets.env, &corpus->arena, options->environment,
                       options->environment_count);
    if (!volume_sets_place(&corpus->sets, documents)) {
        return err_set(error, VSR_ERR_SELECTION, "bench/index_corpus",
                       "%%%.*s%% has no value: give --env",
                       VIEW_ARG(corpus->sets.unknown_names[0]));
    }
    volume_tree_count(&corpus->tree, &totals);
    corpus->files = totals.files;
    return VSR_OK;
}

/* As many names for each wildcard as bring the whole to about options->files. */
static vsr_code corpus_scaled(struct corpus *corpus, const struct documents *documents,
                              const struct index_corpus_options *options, vsr_error *error)
{
    uint64_t counts[2] = {0};
    vsr_code code = VSR_OK;
    for (uint32_t scale = 1; scale <= 2 && code == VSR_OK; scale++) {
        code = corpus_place(corpus, documents, options, scale, error);
        counts[scale - 1] = corpus->files;
        corpus_free(corpus);
    }
    if (code != VSR_OK) {
        return code;
    }
    const uint64_t step = counts[1] > counts[0] ? counts[1] - counts[0] : 1;
    const uint64_t more = options->files > counts[0] ? options->files - counts[0] : 0;
    return corpus_place(corpus, documents, options, (uint32_t)(1 + (more + step / 2) / step),
                        error);
}

/* --- the index --- */

static const struct volume_tree *sorted_tree; /* for child_order(): qsort() hands nothing on */

static int child_order(const void *a, const void *b)
{
    const struct tree_node *x = &sorted_tree->nodes[*(const uint32_t *)a];
    const struct tree_node *y = &sorted_tree->nodes[*(const uint32_t *)b];
    return x->folder != y->folder ? (int)x->folder - (int)y->folder
                                  : view_compare(x->name, y->name);
}

static void children_link(struct corpus *corpus)
{
    const uint32_t count = corpus->tree.node_count;
    corpus->first = heap_alloc(count, sizeof *corpus->first);
    corpus->next = heap_alloc(count, sizeof *corpus->next);
    memset(corpus->first, 0xff, count * sizeof *corpus->first);
    for (uint32_t i = 1; i < count; i++) {
        corpus->next[i] = corpus->first[corpus->tree.nodes[i].parent];
        corpus->first[corpus->tree.nodes[i].parent] = i;
    }
}

static uint32_t entry_add(struct corpus *corpus, uint32_t node, uint32_t parent, uint32_t volume)
{
    const struct tree_node *from = &corpus->tree.nodes[node];
    const struct view name = parent == MARK_NONE ? VIEW("") : from->name;
    const uint32_t entry = corpus->build.entry_count++;
    corpus->build.entries[entry] = (struct index_entry){
        .parent = parent,
        .volume = volume,
        .name_offset = corpus->build.blobs.n,
        .name_bytes = (uint16_t)name.n,
        .kind = from->folder ? INDEX_DIRECTORY : INDEX_FILE,
        .mode = from->folder ? 0040755 : 0100644,
        .link_group = MARK_NONE,
        .descriptor = MARK_NONE,
        .modify_s = 1700000000,
    };
    buffer_add(&corpus->build.blobs, name.p, name.n);
    return entry;
}

/* A folder's children in a row; its subfolders wait, the first on top. */
static void folder_add(struct corpus *corpus, uint32_t node, uint32_t entry)
{
    const struct volume_tree *tree = &corpus->tree;
    const uint32_t base = corpus->build.entry_count;
    uint32_t *children = NULL;
    size_t capacity = 0;
    uint32_t count = 0;
    for (uint32_t i = corpus->first[node]; i != MARK_NONE; i = corpus->next[i]) {
        children = heap_grow(children, count, &capacity, sizeof *children);
        children[count++] = i;
    }
    sorted_tree = tree;
    if (count > 0) {
        qsort(children, count, sizeof *children, child_order);
    }
    uint32_t folders = 0;
    for (uint32_t i = 0; i < count; i++) {
        (void)entry_add(corpus, children[i], entry, corpus->build.entries[entry].volume);
        folders += tree->nodes[children[i]].folder;
    }
    for (uint32_t i = count; i > count - folders; i--) {
        corpus->pending[corpus->pending_count] = children[i - 1];
        corpus->pending_entries[corpus->pending_count++] = base + i - 1;
    }
    struct index_entry *self = &corpus->build.entries[entry];
    self->directory.first_child = count > 0 ? base : 0;
    self->directory.child_count = count;
    self->directory.first_directory = count > 0 ? base + count - folders : 0;
    free(children);
}

static vsr_code corpus_index(struct corpus *corpus, vsr_error *error)
{
    const struct volume_tree *tree = &corpus->tree;
    struct index_build *build = &corpus->build;
    children_link(corpus);
    build->entries = heap_alloc(tree->node_count, sizeof *build->entries);
    build->volumes = heap_alloc(corpus->sets.place_count, sizeof *build->volumes);
    corpus->pending = heap_alloc(tree->node_count, sizeof *corpus->pending);
    corpus->pending_entries = heap_alloc(tree->node_count, sizeof *corpus->pending_entries);
    for (size_t i = 0; i < corpus->sets.place_count; i++) {
        const struct volume_place *place = &corpus->sets.places[i];
        if (place->path.kind != VOLUME_LETTER && place->path.kind != VOLUME_GUID) {
            return err_set(error, VSR_ERR_SELECTION, "bench/index_corpus",
                           "'%.*s': no index is made for such a volume",
                           VIEW_ARG(place->path.volume));
        }
        const struct view prefix = tree->nodes[place->root].name;
        const uint32_t volume = build->volume_count++;
        build->volumes[volume] = (struct index_volume){.root_entry = build->entry_count,
                                                       .prefix_bytes = (uint32_t)prefix.n,
                                                       .prefix_offset = build->blobs.n};
        buffer_add(&build->blobs, prefix.p, prefix.n);
        folder_add(corpus, place->root, entry_add(corpus, place->root, MARK_NONE, volume));
        while (corpus->pending_count > 0) {
            const uint32_t at = --corpus->pending_count;
            folder_add(corpus, corpus->pending[at], corpus->pending_entries[at]);
        }
    }
    return VSR_OK;
}

/* --- the set --- */

static void corpus_describe(struct corpus *corpus, struct set_description *out)
{
    *out = (struct set_description){
        .backup_type = VIEW("full"),
        .created = VIEW("2020-01-01T00:00:00Z"),
        .host = VIEW("bench"),
        .volumes = ARENA_ARRAY(&corpus->arena, struct set_volume, corpus->build.volume_count),
        .volume_count = corpus->build.volume_count,
        .environment = corpus->sets.env.names,
        .environment_count = corpus->sets.env.count,
    };
    memcpy(out->uuid.bytes, "bench index set", sizeof out->uuid.bytes);
    for (uint32_t i = 0; i < out->volume_count; i++) {
        const struct win_path *path = &corpus->sets.places[i].path;
        out->volumes[i] = (struct set_volume){
            .letter = path->kind == VOLUME_LETTER ? path->volume : VIEW_NONE,
            .guid = path->kind == VOLUME_GUID
                        ? arena_printf(&corpus->arena, "%.*s\\", VIEW_ARG(path->volume))
                        : VIEW_NONE,
            .prefix = corpus->tree.nodes[corpus->sets.places[i].root].name,
        };
    }
}

static vsr_code corpus_write(struct corpus *corpus, const struct documents *documents,
                             const char *output, vsr_error *error)
{
    struct set_description description;
    struct set_writer *writer = NULL;
    uint32_t pack;
    uint64_t offset;
    corpus_describe(corpus, &description);
    vsr_code code = set_writer_begin(&writer, output, &description.uuid, error);
    for (uint32_t i = 0; i < documents->file_count && code == VSR_OK; i++) {
        const struct document_file *file = &documents->files[i];
        const struct view name = arena_printf(&corpus->arena, "%u.xml", i);
        if (file->kind != DOCUMENT_FOREIGN) {
            code = set_writer_document(writer, name, file->bytes, error);
        }
    }
    if (code == VSR_OK) {
        code = set_writer_frame(writer, "", 1, &pack, &offset, error);
    }
    if (code == VSR_OK) {
        code = set_writer_end_pack(writer, &corpus->build, corpus->build.entry_count, error);
    }
    if (code != VSR_OK) {
        set_writer_abandon(writer);
        return code;
    }
    return set_writer_end(writer, &corpus->build, &description, error);
}

vsr_code index_corpus_make(const struct index_corpus_options *options, uint64_t *files,
                           vsr_error *error)
{
    struct media_set made;
    if (set_open_description(&made, options->output, NULL) == VSR_OK) {
        *files = made.description.files;
        set_close(&made);
        return VSR_OK;
    }
    struct documents documents = {0};
    struct corpus corpus = {0};
    vsr_code code = documents_read(&documents, options->documents, options->document_count, error);
    if (code != VSR_OK) {
        return code;
    }
    code = corpus_scaled(&corpus, &documents, options, error);
    if (code == VSR_OK) {
        code = corpus_index(&corpus, error);
    }
    if (code == VSR_OK) {
        code = corpus_write(&corpus, &documents, options->output, error);
    }
    *files = corpus.files;
    corpus_free(&corpus);
    documents_free(&documents);
    return code;
}
