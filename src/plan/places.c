/* places.c - destination directories, found without regard to case, asked for once each.
 *
 * Between the planner's idea of where a file goes and what stands there. A directory that does
 * not exist takes the source catalogue's spelling, else that of the first who names it
 * (contract, ruling 24), and what its nearest existing ancestor says of names and rights. It
 * does not decide what a blocked place means for a unit. */
#include "plan/places.h"

#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

static uint64_t name_hash(uint32_t parent, struct view name)
{
    const uint64_t key[2] = {parent, win_fold_hash(name)};
    return hash_bytes(key, sizeof key);
}

/* --- the source catalogue, by folded names --- */

static void catalogue_load(struct places *places, uint32_t directory)
{
    const uint64_t hash = hash_bytes(&directory, sizeof directory);
    size_t step = 0;
    uint32_t known = MARK_NONE;
    while ((known = hash_map_next(&places->catalogued, hash, &step)) != MARK_NONE) {
        if (known == directory) {
            return;
        }
    }
    hash_map_add(&places->catalogued, hash, directory);
    const struct index_entry *d = &places->index->entries[directory];
    const uint32_t end = d->directory.first_child + d->directory.child_count;
    for (uint32_t child = d->directory.first_directory; child < end; child++) {
        hash_map_add(&places->catalogue, name_hash(directory, index_name(places->index, child)),
                     child);
    }
}

/* The subdirectory of a media directory by name: the exact one, else the first that differs
 * only by case, else MARK_NONE. */
static uint32_t catalogue_child(struct places *places, uint32_t directory, struct view name)
{
    if (directory == MARK_NONE) {
        return MARK_NONE;
    }
    catalogue_load(places, directory);
    const uint64_t hash = name_hash(directory, name);
    size_t step = 0;
    uint32_t found = MARK_NONE;
    uint32_t child = MARK_NONE;
    while ((child = hash_map_next(&places->catalogue, hash, &step)) != MARK_NONE) {
        const struct view spelled = index_name(places->index, child);
        if (places->index->entries[child].parent != directory || !win_fold_equal(spelled, name)) {
            continue; /* GCOVR_EXCL_LINE: another name of one hash */
        }
        if (view_equal(spelled, name)) {
            return child;
        }
        found = found == MARK_NONE ? child : found;
    }
    return found;
}

/* --- tops --- */

static uint32_t place_add(struct places *places, const struct place *place)
{
    places->list = heap_grow(places->list, places->count, &places->capacity, sizeof *places->list);
    places->list[places->count] = *place;
    return places->count++;
}

static void place_take_facts(struct place *place, const struct fact_directory *fact)
{
    place->handle = fact->handle;
    place->name_bytes_max = fact->name_bytes_max;
    place->name_units = fact->name_units;
    place->case_sensitive = fact->case_sensitive;
    place->writable = fact->writable;
    place->why = fact->obstacle;
}

static vsr_code places_add_top(struct places *places, uint32_t root, vsr_error *error)
{
    struct plan_mapped_root *mapped = &places->roots->list[root];
    struct fact_directory fact = {0};
    const vsr_code code = places->facts->root(places->facts->context, root, &fact, error);
    if (code != VSR_OK) {
        return code;
    }
    if (!fact.exists && !mapped->from_root_option) {
        return err_set(error, VSR_ERR_SELECTION, "plan/places",
                       "cannot restore %.*s to '%.*s': there is no such directory",
                       VIEW_ARG(mapped->spec), VIEW_ARG(mapped->dir));
    }
    if (view_present(fact.path)) {
        mapped->dir = arena_copy(places->arena, fact.path);
    }
    places->real_paths[root] =
        view_present(fact.real_path) ? arena_copy(places->arena, fact.real_path) : mapped->dir;
    if (fact.exists && (fact.device | fact.inode) != 0) {
        for (uint32_t i = 0; i < root; i++) {
            if (places->identities[i][0] == fact.device && places->identities[i][1] == fact.inode) {
                places->tops[root] = places->tops[i];
                return VSR_OK;
            }
        }
        places->identities[root][0] = fact.device;
        places->identities[root][1] = fact.inode;
    }
    struct place top = {.parent = MARK_NONE,
                        .root = root,
                        .above = MARK_NONE,
                        .name = VIEW(""),
                        .entry = MARK_NONE,
                        .catalogue = MARK_NONE,
                        .alias = MARK_NONE,
                        .exists = fact.exists};
    place_take_facts(&top, &fact);
    if (!fact.exists) {
        top.writable = fact.obstacle == NULL;
        top.blocked = top.writable     ? REFUSAL_NONE
                      : fact.ambiguous ? REFUSAL_CASE_COLLISION
                                       : REFUSAL_NOT_REPLACEABLE;
    }
    places->tops[root] = place_add(places, &top);
    return VSR_OK;
}

/* Tops know what the catalogue holds of their volume. */
static void places_bind_volumes(struct places *places, const struct set_description *description)
{
    for (uint32_t v = 0; v < description->volume_count && v < places->index->volume_count; v++) {
        struct view spec = VIEW_NONE;
        struct win_path path;
        struct view below = VIEW_NONE;
        if (canon_volume_specs(&description->volumes[v], &spec, 1) == 0 ||
            win_path_parse(places->arena, spec, &path) != WIN_PATH_OK) {
            continue; /* GCOVR_EXCL_LINE: canon_init() took it for a path */
        }
        const uint32_t root = volume_table_find(&places->roots->table, &path, &below);
        if (root != MARK_NONE && below.n == 0 &&
            places->list[places->tops[root]].catalogue == MARK_NONE) {
            struct place *top = &places->list[places->tops[root]];
            top->catalogue = top->entry = places->index->volumes[v].root_entry;
        }
    }
}

/* One volume cannot be restored to two folders: letter, GUID and mount folders are its names. */
static vsr_code places_check_pairs(const struct places *places, vsr_error *error)
{
    for (uint32_t i = 0; i < places->roots->pair_count; i++) {
        const struct root_pair *pair = &places->roots->pairs[i];
        const struct plan_mapped_root *first = &places->roots->list[pair->first];
        const struct plan_mapped_root *second = &places->roots->list[pair->second];
        if (places->tops[pair->first] != places->tops[pair->second]) {
            return err_set(error, VSR_ERR_SELECTION, "plan/places",
                           "--volume: '%.*s' and '%.*s' are names of one volume of the set, and "
                           "cannot stand at '%.*s' and at '%.*s'",
                           VIEW_ARG(first->spec), VIEW_ARG(second->spec), VIEW_ARG(first->dir),
                           VIEW_ARG(second->dir));
        }
    }
    return VSR_OK;
}

vsr_code places_init(struct places *places, struct arena *arena, struct roots *roots,
                     const struct plan_input *input, vsr_error *error)
{
    *places = (struct places){.index = &input->set->index,
                              .roots = roots,
                              .set_folder = input->set_folder,
                              .facts = input->facts,
                              .arena = arena,
                              .cross_mounts = input->choices->cross_mounts};
    places->tops = ARENA_ARRAY(arena, uint32_t, roots->count);
    places->real_paths = ARENA_ARRAY(arena, struct view, roots->count);
    places->identities = arena_alloc(arena, roots->count, sizeof *places->identities);
    for (uint32_t i = 0; i < roots->count; i++) {
        const vsr_code code = places_add_top(places, i, error);
        if (code != VSR_OK) {
            places_fini(places);
            return code;
        }
    }
    const vsr_code code = places_check_pairs(places, error);
    if (code != VSR_OK) {
        places_fini(places);
        return code;
    }
    places_bind_volumes(places, &input->set->description);
    return VSR_OK;
}

void places_fini(struct places *places)
{
    free(places->list);
    hash_map_free(&places->names);
    hash_map_free(&places->catalogue);
    hash_map_free(&places->catalogued);
    *places = (struct places){0};
}

/* --- children --- */

static bool is_sibling(const struct places *places, uint32_t a, uint32_t b)
{
    const struct index_entry *entries = places->index->entries;
    return a != MARK_NONE && b != MARK_NONE && a != b && entries[a].parent == entries[b].parent;
}

/* The child that stands for this directory; *variant: one that differs from it only by case,
 * both being on the media. */
static uint32_t child_known(const struct places *places, uint32_t parent, uint64_t hash,
                            struct view name, uint32_t entry, bool original, bool *variant)
{
    size_t step = 0;
    uint32_t found = MARK_NONE;
    uint32_t child = MARK_NONE;
    while ((child = hash_map_next(&places->names, hash, &step)) != MARK_NONE) {
        const struct place *p = &places->list[child];
        if (p->parent != parent || !win_fold_equal(p->name, name)) {
            continue; /* GCOVR_EXCL_LINE: another name of one hash */
        }
        if (original && p->catalogue == entry) {
            return child;
        }
        if (original && is_sibling(places, p->catalogue, entry)) {
            *variant = true;
        } else if (found == MARK_NONE || view_equal(p->name, name)) {
            found = child;
        }
    }
    return found;
}

/* Which directory it is; 0, 0: not known. A mount may not have been entered. */
static void child_identity(const struct fact_directory *fact, const struct fact *entry,
                           uint64_t out[2])
{
    const bool entered = (fact->device | fact->inode) != 0;
    out[0] = entered ? fact->device : entry->device;
    out[1] = entered ? fact->inode : entry->inode;
}

static bool is_set_folder(const struct places *places, const uint64_t identity[2])
{
    return (identity[0] | identity[1]) != 0 && identity[0] == places->set_folder[0] &&
           identity[1] == places->set_folder[1];
}

/* Is this directory, or the mount that stands there, the top of a mapped volume? */
static bool is_mapped_elsewhere(const struct places *places, const uint64_t identity[2],
                                uint32_t *top)
{
    for (uint32_t i = 0; (identity[0] | identity[1]) != 0 && i < places->roots->count; i++) {
        if (places->identities[i][0] == identity[0] && places->identities[i][1] == identity[1]) {
            *top = places->tops[i];
            return true;
        }
    }
    return false;
}

static void child_block(struct place *child, enum refusal refusal, const char *why)
{
    child->blocked = (uint8_t)refusal;
    child->why = why;
    child->exists = false;
}

static void child_is_missing(const struct place *parent, struct place *child)
{
    const char *fault = place_name_fault(parent, child->name);
    if (fault != NULL) {
        child_block(child, REFUSAL_NAME_UNREPRESENTABLE, fault);
    } else if (!parent->writable) {
        child_block(child, REFUSAL_NOT_REPLACEABLE,
                    parent->why != NULL ? parent->why : "nothing may be created there");
    }
}

/* Does a place below parent stand for what is spelled so on disk? */
static bool child_stands_for(const struct places *places, uint32_t parent, struct view spelled)
{
    const uint64_t hash = name_hash(parent, spelled);
    size_t step = 0;
    uint32_t child = MARK_NONE;
    while ((child = hash_map_next(&places->names, hash, &step)) != MARK_NONE) {
        const struct place *p = &places->list[child];
        if (p->parent == parent && p->exists && view_equal(p->name, spelled)) {
            return true;
        }
    }
    return false;
}

/* What facts say of a child whose parent exists. */
static vsr_code child_ask(struct places *places, const struct place *parent, struct place *child,
                          bool variant, vsr_error *error)
{
    struct fact_directory fact = {0};
    struct fact entry = {0};
    const vsr_code code = places->facts->enter(places->facts->context, parent->handle, child->name,
                                               &fact, &entry, error);
    if (code != VSR_OK) {
        return code;
    }
    if (entry.ambiguous) {
        child_block(child, REFUSAL_CASE_COLLISION, "two entries there differ only by case");
        return VSR_OK;
    }
    switch (entry.type) {
    case FACT_ABSENT:
        child_is_missing(parent, child);
        return VSR_OK;
    case FACT_FILE:
    case FACT_SYMLINK:
    case FACT_OTHER:
        child_block(child, REFUSAL_NOT_REPLACEABLE,
                    entry.type == FACT_SYMLINK ? "a symbolic link stands where a directory should"
                                               : "a file stands where a directory should");
        return VSR_OK;
    case FACT_DIRECTORY:
        break;
    }
    uint64_t identity[2];
    child_identity(&fact, &entry, identity);
    if (variant && (!view_equal(entry.name, child->name) ||
                    child_stands_for(places, child->parent, entry.name))) {
        child_block(child, REFUSAL_CASE_COLLISION,
                    "directories that differ only by case would become one");
    } else if (is_set_folder(places, identity)) {
        child_block(child, REFUSAL_NOT_REPLACEABLE,
                    "the backup set itself stands there, of which nothing is ever changed");
    } else if (is_mapped_elsewhere(places, identity, &child->alias)) {
        child->exists = true;
    } else if (entry.mount_point && !places->cross_mounts) {
        child_block(child, REFUSAL_MOUNT_IN_PLACE, "another file system is mounted there");
    } else {
        child->exists = true;
        place_take_facts(child, &fact);
        if (view_present(entry.name) && !view_equal(entry.name, child->name)) {
            child->name = arena_copy(places->arena, entry.name);
        }
    }
    return VSR_OK;
}

static vsr_code child_make(struct places *places, uint32_t parent_number, struct view name,
                           uint32_t entry, bool original, bool variant, struct place *child,
                           vsr_error *error)
{
    const struct place parent = places->list[parent_number];
    const uint32_t catalogue = original ? entry : catalogue_child(places, parent.catalogue, name);
    *child = (struct place){.parent = parent_number,
                            .root = parent.root,
                            .above = parent.exists ? parent_number : parent.above,
                            .name = name,
                            .entry = entry != MARK_NONE ? entry : catalogue,
                            .catalogue = catalogue,
                            .alias = MARK_NONE,
                            .name_bytes_max = parent.name_bytes_max,
                            .name_units = parent.name_units,
                            .case_sensitive = parent.case_sensitive,
                            .writable = parent.writable};
    if (catalogue != MARK_NONE) {
        child->name = index_name(places->index, catalogue);
    }
    if (parent.blocked != REFUSAL_NONE) {
        child_block(child, (enum refusal)parent.blocked, parent.why);
        return VSR_OK;
    }
    if (view_starts(child->name, VIEW(OWN_FOLDER_PREFIX))) {
        child_block(child, REFUSAL_NAME_UNREPRESENTABLE, "a folder of that name is this program's");
        return VSR_OK;
    }
    if (variant && !parent.case_sensitive) {
        child_block(child, REFUSAL_CASE_COLLISION,
                    "names that differ only by case are one name there");
        return VSR_OK;
    }
    if (parent.exists) {
        return child_ask(places, &parent, child, variant, error);
    }
    child_is_missing(&parent, child);
    return VSR_OK;
}

vsr_code place_child(struct places *places, uint32_t parent, struct view name, uint32_t entry,
                     bool original, uint32_t *out, vsr_error *error)
{
    *out = MARK_NONE;
    if (parent == MARK_NONE) {
        return VSR_OK;
    }
    const uint64_t hash = name_hash(parent, name);
    bool variant = false;
    uint32_t found = child_known(places, parent, hash, name, entry, original, &variant);
    if (found == MARK_NONE) {
        struct place child;
        const vsr_code code =
            child_make(places, parent, name, entry, original, variant, &child, error);
        if (code != VSR_OK) {
            return code;
        }
        found = place_add(places, &child);
        hash_map_add(&places->names, hash, found);
    }
    *out = places->list[found].alias != MARK_NONE ? places->list[found].alias : found;
    return VSR_OK;
}

uint32_t place_next(const struct places *places, uint32_t parent, struct view name, size_t *step)
{
    const uint64_t hash = name_hash(parent, name);
    uint32_t child = MARK_NONE;
    while ((child = hash_map_next(&places->names, hash, step)) != MARK_NONE) {
        if (places->list[child].parent == parent &&
            win_fold_equal(places->list[child].name, name)) {
            break;
        }
    }
    return child;
}

vsr_code place_of_path(struct places *places, const struct win_path *path, uint32_t *out,
                       vsr_error *error)
{
    *out = MARK_NONE;
    struct view below = VIEW_NONE;
    const uint32_t root = volume_table_find(&places->roots->table, path, &below);
    if (root == MARK_NONE) {
        return VSR_OK;
    }
    uint32_t place = places->tops[root];
    for (;;) {
        const struct view name = win_path_element(&below);
        if (!view_present(name)) {
            break;
        }
        const vsr_code code = place_child(places, place, name, MARK_NONE, false, &place, error);
        if (code != VSR_OK) {
            return code;
        }
    }
    *out = place;
    return VSR_OK;
}
