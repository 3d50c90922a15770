/* expand.c - scopes x media index -> files and directories, in one walk.
 *
 * Every file set in scope stands in one matching index (match.h) under its number; numbers
 * ascend by unit, component and document order, so the first hit of a unit is the set that
 * owns the file (rules 5.9). Excludes stand in a second index under their writer's number
 * (5.7), recursive sets in a third that is asked for directories (5.5), --file patterns in a
 * fourth. Cost: one hash of each name in the trees that some set reaches (walk.c). Where files
 * go is not asked here. */
#include "plan/expand.h"

#include "base/heap.h"
#include "plan/named.h"
#include "plan/profile.h"
#include "plan/unprotected.h"

/* --- sets --- */

static struct draft_set set_make(struct draft *draft, uint32_t unit, uint32_t component,
                                 const struct vss_file_set *set)
{
    struct draft_set out = {.set = set,
                            .unit = unit,
                            .component = component,
                            .directory = canon_source(&draft->canon, &draft->arena, set->path),
                            .mapping = MARK_NONE,
                            .target = MARK_NONE,
                            .base = MARK_NONE,
                            .overlapped_with = MARK_NONE,
                            .named = MARK_NONE};
    if (out.directory.status == CANON_OK) {
        out.depth = canon_depth(out.directory.below);
        out.triple = canon_triple(&draft->arena, &out.directory, set->filespec, set->recursive);
    }
    return out;
}

uint32_t expand_add_set(struct draft *draft, uint32_t unit, uint32_t component,
                        const struct vss_file_set *set)
{
    draft->sets =
        heap_grow(draft->sets, draft->set_count, &draft->set_capacity, sizeof *draft->sets);
    draft->sets[draft->set_count] = set_make(draft, unit, component, set);
    return draft->set_count++;
}

static void expand_component(struct draft *draft, uint32_t unit, uint32_t number, bool left_out)
{
    const struct wmd_component *component = &draft->units[unit].wmd->components[number];
    for (uint32_t s = 0; s < component->file_set_count; s++) {
        const struct vss_file_set *file_set = &component->file_sets[s];
        const uint32_t added = expand_add_set(draft, unit, number, file_set);
        struct draft_set *set = &draft->sets[added];
        set->left_out = left_out;
        if (!left_out) {
            draft_refuse_path(draft, unit, &set->directory, "the file set", file_set->path);
        }
    }
}

/* Where members were left out, what the document names in their sets stays out with them. */
static void expand_left_out(struct draft *draft, uint32_t unit)
{
    const struct draft_unit *u = &draft->units[unit];
    const struct scope *scope = u->scope;
    if (!scope->reduced ||
        (u->component->partial_file_count == 0 && u->component->differenced_file_count == 0)) {
        return;
    }
    for (uint32_t c = 0, m = 0; c < u->wmd->component_count; c++) {
        while (m < scope->member_count && scope->members[m] < c) {
            m++;
        }
        if ((m == scope->member_count || scope->members[m] != c) &&
            select_root_of(draft->input->documents, scope->writer, c) == scope->bcd_component) {
            expand_component(draft, unit, c, true);
        }
    }
}

void expand_sets(struct draft *draft)
{
    for (uint32_t unit = 0; unit < draft->unit_count; unit++) {
        const struct draft_unit *u = &draft->units[unit];
        for (uint32_t m = 0; u->wmd != NULL && m < u->scope->member_count; m++) {
            expand_component(draft, unit, u->scope->members[m], false);
        }
        if (u->wmd != NULL) {
            expand_left_out(draft, unit);
            named_collect(draft, unit);
        }
        if (u->unprotected) {
            unprotected_add_set(draft, draft->unit_count - 1);
        }
    }
}

/* --- the indexes that the walk asks --- */

/* Is below the same directory as, or above, rest? In *relative what is left of rest. */
static bool below_holds(struct view below, struct view rest, struct view *relative)
{
    while (below.n > 0) {
        const struct view want = win_path_element(&below);
        const struct view have = win_path_element(&rest);
        if (!view_present(have) || !win_fold_equal(want, have)) {
            return false;
        }
    }
    *relative = rest;
    return true;
}

bool expand_mount_below(struct draft *draft, const struct canon_directory *directory,
                        uint32_t volume, struct view *relative)
{
    const struct set_volume *v = &draft->input->set->description.volumes[volume];
    for (uint32_t i = 0; i < v->mount_count && volume != directory->volume; i++) {
        struct win_path path;
        struct view below = VIEW_NONE;
        if (win_path_parse(&draft->arena, v->mounts[i], &path) != WIN_PATH_OK) {
            continue; /* GCOVR_EXCL_LINE: canon_init() took it for a path */
        }
        const struct win_path top = {.kind = path.kind, .volume = path.volume, .rest = VIEW("")};
        if (volume_table_find(&draft->canon.sources, &top, &below) == directory->volume &&
            below_holds(directory->below, path.rest, relative)) {
            return true;
        }
    }
    return false;
}

bool expand_match_add(struct draft *draft, struct match *match,
                      const struct canon_directory *directory, struct view filespec, bool recursive,
                      uint32_t id)
{
    const struct match_set set = {.volume = directory->volume,
                                  .below = directory->below,
                                  .filespec = filespec,
                                  .recursive = recursive,
                                  .id = id};
    if (!match_add(match, &set)) {
        return false;
    }
    for (uint32_t v = 0; recursive && v < draft->index->volume_count; v++) {
        struct view relative = VIEW_NONE;
        if (expand_mount_below(draft, directory, v, &relative)) {
            struct match_set mounted = set;
            mounted.volume = v;
            mounted.below = VIEW("");
            (void)match_add(match, &mounted);
        }
    }
    return true;
}

/* Recursive sets by (unit, directory): directories are asked for by these alone, so that
 * thousands of sets over one tree cost each of its directories one answer. */
struct tree_key {
    uint32_t unit;
    struct view directory; /* canon_triple() without a file spec */
};

struct tree_list {
    struct draft *draft;
    struct hash_map map; /* -> number of the first set with that key */
    struct view *directories;
};

static bool tree_equal(const void *context, const void *key, uint32_t value)
{
    const struct tree_list *list = context;
    const struct tree_key *tree = key;
    return list->draft->sets[value].unit == tree->unit &&
           view_equal(list->directories[value], tree->directory);
}

/* Is this the unit's first recursive set over its directory (5.9)? */
static bool tree_is_first(struct tree_list *list, uint32_t number)
{
    struct draft *draft = list->draft;
    const struct draft_set *set = &draft->sets[number];
    const struct tree_key key = {set->unit,
                                 canon_triple(&draft->arena, &set->directory, VIEW_NONE, true)};
    const uint64_t parts[2] = {key.unit, hash_bytes(key.directory.p, key.directory.n)};
    const uint64_t hash = hash_bytes(parts, sizeof parts);
    if (hash_map_find(&list->map, hash, &key, tree_equal, list) != MARK_NONE) {
        return false;
    }
    list->directories[number] = key.directory;
    hash_map_add(&list->map, hash, number);
    return true;
}

static void walk_add_sets(struct walk *walk)
{
    struct draft *draft = walk->draft;
    struct tree_list trees = {.draft = draft,
                              .directories =
                                  ARENA_ARRAY(&draft->arena, struct view, draft->set_count)};
    for (uint32_t i = 0; i < draft->set_count; i++) {
        const struct draft_set *set = &draft->sets[i];
        if (set->directory.status != CANON_OK || set->directory.volume == MARK_NONE ||
            set->named != MARK_NONE) {
            continue;
        }
        if (!expand_match_add(draft, walk->wanted, &set->directory, set->set->filespec,
                              set->set->recursive, i)) {
            if (!set->left_out) {
                draft_refuse(draft, set->unit, REFUSAL_DOCUMENT_INVALID, "5.1",
                             "the file spec '%.*s' is none", VIEW_ARG(set->set->filespec));
            }
        } else if (set->set->recursive && !set->left_out && tree_is_first(&trees, i)) {
            (void)expand_match_add(draft, walk->trees, &set->directory, VIEW(""), true, i);
        }
    }
    hash_map_free(&trees.map);
}

static void walk_add_named(struct walk *walk)
{
    struct draft *draft = walk->draft;
    for (uint32_t i = 0; i < draft->named_count; i++) {
        const struct draft_named *named = &draft->named[i];
        if (named->directory.status == CANON_OK && named->directory.volume != MARK_NONE &&
            !expand_match_add(draft, walk->named, &named->directory, named->filespec,
                              named->recursive, i)) {
            draft_refuse(draft, named->unit, REFUSAL_DOCUMENT_INVALID, "5.1",
                         "the document names the file '%.*s', which is no file's name",
                         VIEW_ARG(named->filespec));
        }
    }
}

static void exclude_refuse(struct draft *draft, const struct wmd *wmd,
                           const struct canon_directory *directory, struct view path)
{
    for (uint32_t unit = 0; unit < draft->unit_count; unit++) {
        if (draft->units[unit].wmd == wmd ||
            (draft->units[unit].unprotected && profile_excludes_hold(wmd))) {
            draft_refuse_path(draft, unit, directory, "the exclude", path);
        }
    }
}

static void walk_add_exclude(struct walk *walk, uint32_t number, const struct vss_file_set *set)
{
    struct draft *draft = walk->draft;
    const struct wmd *wmd = &draft->input->documents->wmds[number];
    const struct canon_directory directory = canon_source(&draft->canon, &draft->arena, set->path);
    if (directory.status == CANON_ENVIRONMENT) {
        exclude_refuse(draft, wmd, &directory, set->path);
    } else if (directory.status == CANON_PATH ||
               (directory.volume != MARK_NONE &&
                !expand_match_add(draft, walk->excludes, &directory, set->filespec, set->recursive,
                                  number))) {
        draft_warn(draft, "the exclude '%.*s' '%.*s' of %.*s is no file set; passed over",
                   VIEW_ARG(set->path), VIEW_ARG(set->filespec), VIEW_ARG(wmd->friendly_name));
    }
}

/* What no restore may bring back, whosever it is (section 11). */
static void walk_add_never(struct walk *walk)
{
    struct draft *draft = walk->draft;
    const struct profile_never *never = NULL;
    const uint32_t everybody = draft->input->documents->wmd_count;
    const uint32_t count = profile_never_restored(&never);
    for (uint32_t i = 0; i < count; i++) {
        const struct canon_directory directory =
            canon_source(&draft->canon, &draft->arena, never[i].path);
        for (uint32_t v = 0; v < draft->index->volume_count; v++) {
            const bool known = directory.status == CANON_OK;
            const struct canon_directory at = {.volume = v,
                                               .below = known ? directory.below : never[i].below};
            if (!known || directory.volume == v) {
                (void)expand_match_add(draft, walk->excludes, &at, VIEW("*"), true, everybody);
            }
        }
    }
}

/* Excludes of the writers in the plan, under the writer's number (5.7). */
static void walk_add_excludes(struct walk *walk)
{
    struct draft *draft = walk->draft;
    const struct documents *documents = draft->input->documents;
    bool *involved = ARENA_ARRAY(&draft->arena, bool, documents->wmd_count);
    for (uint32_t unit = 0; unit < draft->unit_count; unit++) {
        if (draft->units[unit].wmd != NULL) {
            involved[draft->units[unit].wmd - documents->wmds] = true;
        }
    }
    for (uint32_t w = 0; w < documents->wmd_count; w++) {
        const bool counts =
            involved[w] || (walk->unprotected && profile_excludes_hold(&documents->wmds[w]));
        for (uint32_t i = 0; counts && i < documents->wmds[w].exclude_count; i++) {
            walk_add_exclude(walk, w, &documents->wmds[w].excludes[i]);
        }
    }
    walk_add_never(walk);
}

/* --file 'C:\dir\pattern': files of that name in that directory. */
static vsr_code walk_add_chosen(struct walk *walk, vsr_error *error)
{
    struct draft *draft = walk->draft;
    const struct plan_choices *choices = draft->input->choices;
    walk->pattern_count = choices->file_count;
    walk->pattern_hit = ARENA_ARRAY(&draft->arena, bool, choices->file_count);
    walk->pattern_ids = ARENA_ARRAY(&draft->arena, uint32_t, choices->file_count);
    for (uint32_t i = 0; i < choices->file_count; i++) {
        const struct view text = view_of(choices->files[i]);
        size_t at = text.n;
        while (at > 0 && text.p[at - 1] != '\\' && text.p[at - 1] != '/') {
            at--;
        }
        const struct canon_directory directory =
            canon_source(&draft->canon, &draft->arena, (struct view){text.p, at});
        if (at == text.n || directory.status != CANON_OK) {
            return err_set(error, VSR_ERR_SELECTION, "plan/expand",
                           "--file '%s' is no absolute path with a file pattern at its end",
                           choices->files[i]);
        }
        if (directory.volume != MARK_NONE &&
            !expand_match_add(draft, walk->chosen, &directory, view_skip(text, at), false, i)) {
            return err_set(error, VSR_ERR_SELECTION, "plan/expand",
                           "--file '%s' does not end with a file pattern", choices->files[i]);
        }
    }
    return VSR_OK;
}

/* --- completeness and overlaps --- */

static bool set_is_literal(const struct vss_file_set *set)
{
    return set->filespec.n > 0 && view_find(set->filespec, '*') == set->filespec.n &&
           view_find(set->filespec, '?') == set->filespec.n;
}

/* Is the set's one file differenced? Then it is on the media only if it changed (7.10). */
static bool set_is_differenced(struct walk *walk, const struct draft_set *set)
{
    const struct draft *draft = walk->draft;
    const uint32_t count = walk_ask_path(walk, walk->named, &set->directory, set->set->filespec);
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_named *named = &draft->named[walk->path_ids[i]];
        if (named->unit == set->unit && named->kind == NAMED_DIFFERENCED) {
            return true;
        }
    }
    return false;
}

/* A file that a set names must be on the media if the set's mask asks for it (5.10, 7.9), no
 * exclude takes it away (ruling 36) and it is not one that is saved only when it changed. */
static void check_set(struct walk *walk, const struct draft_set *set)
{
    struct draft *draft = walk->draft;
    const struct draft_unit *unit = &draft->units[set->unit];
    const uint32_t bit = vss_fsbt_demand(draft->input->documents->bcd.backup_type);
    if (set->hit || set->named != MARK_NONE || set->left_out || !set_is_literal(set->set) ||
        (set->set->backup_type_mask & bit) == 0) {
        return;
    }
    const uint32_t wmd = (uint32_t)(unit->wmd - draft->input->documents->wmds);
    if (walk_holds(walk, walk->excludes, &set->directory, set->set->filespec, wmd) ||
        walk_holds(walk, walk->excludes, &set->directory, set->set->filespec,
                   draft->input->documents->wmd_count) ||
        (walk->pattern_count > 0 &&
         !walk_holds(walk, walk->chosen, &set->directory, set->set->filespec, MARK_NONE)) ||
        set_is_differenced(walk, set)) {
        return;
    }
    draft_refuse(draft, set->unit, REFUSAL_FILE_MISSING_ON_MEDIA, "5.10",
                 "the media do not hold '%.*s' in '%.*s', which component %.*s names",
                 VIEW_ARG(set->set->filespec), VIEW_ARG(set->set->path),
                 VIEW_ARG(unit->wmd->components[set->component].name));
}

static void check_overlap(struct draft *draft, const struct draft_set *set)
{
    if (set->overlapped_with == MARK_NONE) {
        return;
    }
    const struct draft_set *first = &draft->sets[set->overlapped_with];
    draft_warn(draft,
               "rule 5.9: file sets '%.*s' '%.*s' and '%.*s' '%.*s' of %.*s overlap; the first "
               "one's place counts",
               VIEW_ARG(first->set->path), VIEW_ARG(first->set->filespec), VIEW_ARG(set->set->path),
               VIEW_ARG(set->set->filespec), VIEW_ARG(draft_unit_text(draft, set->unit)));
}

static vsr_code expand_check(struct walk *walk, vsr_error *error)
{
    struct draft *draft = walk->draft;
    bool *hits = draft->input->file_hits;
    for (uint32_t i = 0; i < walk->pattern_count; i++) {
        if (hits != NULL) {
            hits[i] |= walk->pattern_hit[i];
        } else if (!walk->pattern_hit[i]) {
            return err_set(error, VSR_ERR_SELECTION, "plan/expand",
                           "--file '%s' matches no file of the selected components",
                           draft->input->choices->files[i]);
        }
    }
    for (uint32_t i = 0; i < draft->set_count; i++) {
        check_set(walk, &draft->sets[i]);
        check_overlap(draft, &draft->sets[i]);
    }
    named_check(walk);
    return VSR_OK;
}

vsr_code expand_files(struct draft *draft, vsr_error *error)
{
    struct walk walk;
    walk_init(&walk, draft);
    walk.unprotected = unprotected_wanted(draft->input);
    walk_add_sets(&walk);
    walk_add_named(&walk);
    walk_add_excludes(&walk);
    unprotected_add_left_out(&walk);
    vsr_code code = walk_add_chosen(&walk, error);
    if (code == VSR_OK) {
        walk_run(&walk);
        code = expand_check(&walk, error);
    }
    if (code == VSR_OK && walk.unprotected) {
        unprotected_warn(&walk);
    }
    walk_fini(&walk);
    return code;
}
