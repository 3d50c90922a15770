/* named.c - the document's own entries: collected before the walk, checked after it.
 *
 * A partial or differenced file need not lie in any file set; then a set of its own stands in, so
 * that all later steps see a file of a set: never with a mapping for a partial file, with one that
 * has the same triple for a differenced one (6.3; ruling 5). What their ranges say is
 * named_ranges.c's. */
#include "plan/named.h"

#include "base/heap.h"
#include "plan/expand.h"
#include "plan/locate.h"
#include "vss/ranges.h"

/* --- collecting --- */

static uint32_t named_add(struct draft *draft, const struct draft_named *named)
{
    draft->named =
        heap_grow(draft->named, draft->named_count, &draft->named_capacity, sizeof *draft->named);
    struct draft_named *out = &draft->named[draft->named_count];
    *out = *named;
    out->media = out->set = out->same = out->base = out->owner = MARK_NONE;
    out->files[0] = out->files[1] = MARK_NONE;
    return draft->named_count++;
}

/* A set of its own, for when no file set of the unit holds the file. */
static void named_stand_in(struct draft *draft, uint32_t number, struct view path)
{
    struct draft_named *named = &draft->named[number];
    struct vss_file_set *set = ARENA_NEW(&draft->arena, struct vss_file_set);
    *set = (struct vss_file_set){.path = path,
                                 .filespec = named->filespec,
                                 .recursive = named->recursive};
    named->set = expand_add_set(draft, named->unit, draft->units[named->unit].scope->root, set);
    draft->sets[named->set].named = number;
    if (named->kind != NAMED_DIFFERENCED) {
        draft->sets[named->set].triple = VIEW_NONE; /* no mapping has it (7.7) */
    }
}

/* The one file that an entry must name. */
static bool name_is_one(struct view name)
{
    return name.n > 0 && view_find(name, '*') == name.n && view_find(name, '?') == name.n;
}

/* Cut the last element, a file's name, off a path. False: there is none. */
static bool directory_cut_name(struct canon_directory *path, struct view *name)
{
    size_t at = path->below.n;
    while (at > 0 && path->below.p[at - 1] != '\\') {
        at--;
    }
    *name = view_skip(path->below, at);
    path->below.n = at > 0 ? at - 1 : 0;
    path->path.rest.n -= name->n < path->path.rest.n ? name->n + 1 : name->n;
    return name->n > 0;
}

/* The draft_named of the ranges file that ranges stands for, or MARK_NONE: it is a list, or none
 * at all (which named_resolve() tells). */
static uint32_t collect_ranges_file(struct draft *draft, uint32_t unit, uint32_t number,
                                    struct view ranges)
{
    struct vss_ranges parsed;
    const char *fault = NULL;
    size_t at = 0;
    const bool is_list = ranges.n > 0 && ranges.p[0] >= '0' && ranges.p[0] <= '9';
    if (is_list || !vss_ranges_parse(&draft->arena, ranges, &parsed, &fault, &at)) {
        return MARK_NONE;
    }
    struct draft_named file = {.kind = NAMED_RANGES_FILE,
                               .unit = unit,
                               .number = number,
                               .directory =
                                   canon_source(&draft->canon, &draft->arena, parsed.file)};
    draft_refuse_path(draft, unit, &file.directory, "the ranges file", parsed.file);
    if (file.directory.status != CANON_OK) {
        return MARK_NONE;
    }
    if (!directory_cut_name(&file.directory, &file.filespec)) {
        draft_refuse(draft, unit, REFUSAL_RANGES_INVALID, "7.5", "'%.*s' is no ranges file",
                     VIEW_ARG(parsed.file));
        return MARK_NONE;
    }
    const uint32_t added = named_add(draft, &file);
    named_stand_in(draft, added, win_path_text(&draft->arena, &file.directory.path));
    return added;
}

static void collect_partial(struct draft *draft, uint32_t unit, uint32_t number)
{
    const struct bcd_partial_file *entry = &draft->units[unit].component->partial_files[number];
    const struct draft_named named = {.kind = NAMED_PARTIAL,
                                      .unit = unit,
                                      .number = number,
                                      .directory =
                                          canon_source(&draft->canon, &draft->arena, entry->path),
                                      .filespec = entry->filespec};
    draft_refuse_path(draft, unit, &named.directory, "the partial file's path", entry->path);
    if (!name_is_one(entry->filespec)) {
        draft_refuse(draft, unit, REFUSAL_DOCUMENT_INVALID, "7.7",
                     "the partial file '%.*s' in '%.*s' is not the name of one file",
                     VIEW_ARG(entry->filespec), VIEW_ARG(entry->path));
        return;
    }
    const uint32_t added = named_add(draft, &named);
    named_stand_in(draft, added, entry->path);
    const uint32_t file = collect_ranges_file(draft, unit, number, entry->ranges);
    draft->named[added].files[0] = file;
}

static void collect_differenced(struct draft *draft, uint32_t unit, uint32_t number)
{
    const struct bcd_differenced_file *entry =
        &draft->units[unit].component->differenced_files[number];
    const struct draft_named named = {.kind = NAMED_DIFFERENCED,
                                      .unit = unit,
                                      .number = number,
                                      .directory =
                                          canon_source(&draft->canon, &draft->arena, entry->path),
                                      .filespec = entry->filespec,
                                      .recursive = entry->recursive};
    draft_refuse_path(draft, unit, &named.directory, "the differenced files' path", entry->path);
    named_stand_in(draft, named_add(draft, &named), entry->path);
}

static void collect_directed(struct draft *draft, uint32_t unit, uint32_t number)
{
    const struct bcd_directed_target *entry =
        &draft->units[unit].component->directed_targets[number];
    struct win_spec spec;
    const struct draft_named named = {.kind = NAMED_DIRECTED,
                                      .unit = unit,
                                      .number = number,
                                      .directory = canon_source(&draft->canon, &draft->arena,
                                                                entry->source_path),
                                      .filespec = entry->source_filename,
                                      .target = entry->destination_filename};
    draft_refuse_path(draft, unit, &named.directory, "the directed source's path",
                      entry->source_path);
    if (!name_is_one(entry->source_filename) || !name_is_one(entry->destination_filename)) {
        draft_refuse(draft, unit, REFUSAL_DIRECTED_RANGES_INVALID, "7.8",
                     "the directed target of '%.*s' in '%.*s' does not name one source file and "
                     "one destination file",
                     VIEW_ARG(entry->source_filename), VIEW_ARG(entry->source_path));
        return;
    }
    if (!win_spec_compile(&draft->arena, entry->destination_filename, &spec) ||
        win_name_fault(entry->destination_filename) != NULL) {
        draft_refuse(draft, unit, REFUSAL_DOCUMENT_INVALID, "7.8",
                     "the directed destination '%.*s' in '%.*s' is no file's name",
                     VIEW_ARG(entry->destination_filename), VIEW_ARG(entry->destination_path));
        return;
    }
    const uint32_t added = named_add(draft, &named);
    const uint32_t files[2] = {collect_ranges_file(draft, unit, number, entry->source_ranges),
                               collect_ranges_file(draft, unit, number, entry->destination_ranges)};
    draft->named[added].base = locate_add_base(draft, entry->destination_path);
    memcpy(draft->named[added].files, files, sizeof files);
}

void named_collect(struct draft *draft, uint32_t unit)
{
    const struct draft_unit *u = &draft->units[unit];
    if (u->scope->root == MARK_NONE || !draft_copies(draft, u)) {
        return;
    }
    for (uint32_t i = 0; i < u->component->partial_file_count; i++) {
        collect_partial(draft, unit, i);
    }
    for (uint32_t i = 0; i < u->component->differenced_file_count; i++) {
        collect_differenced(draft, unit, i);
    }
    for (uint32_t i = 0; draft_is_directed(draft, u) && i < u->component->directed_target_count;
         i++) {
        collect_directed(draft, unit, i);
    }
}

/* --- what the walk did not meet --- */

static struct view named_text(struct draft *draft, const struct draft_named *named)
{
    const struct view directory = win_path_text(&draft->arena, &named->directory.path);
    return arena_printf(&draft->arena, "%.*s%s%.*s", VIEW_ARG(directory),
                        named->directory.path.rest.n > 0 ? "\\" : "", VIEW_ARG(named->filespec));
}

/* Do entries of the unit of this kind name the file, too? */
static bool is_named_by(struct walk *walk, const struct draft_named *named, enum named_kind kind)
{
    const struct draft *draft = walk->draft;
    const uint32_t count = walk_ask_path(walk, walk->named, &named->directory, named->filespec);
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_named *other = &draft->named[walk->path_ids[i]];
        if (other->unit == named->unit && other->kind == kind) {
            return true;
        }
    }
    return false;
}

/* Would the file be one of the unit's, by its path alone (7.8; ruling 38)? */
static bool is_in_scope(struct walk *walk, const struct draft_named *named)
{
    const struct draft *draft = walk->draft;
    const uint32_t count = walk_ask_path(walk, walk->wanted, &named->directory, named->filespec);
    bool left_out = draft->units[named->unit].scope->by_subcomponents;
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_set *set = &draft->sets[walk->path_ids[i]];
        if (set->unit == named->unit && !set->left_out) {
            return true;
        }
        left_out |= set->unit == named->unit;
    }
    return !left_out && (named->kind == NAMED_PARTIAL || is_named_by(walk, named, NAMED_PARTIAL) ||
                         is_named_by(walk, named, NAMED_DIFFERENCED));
}

static void check_one(struct walk *walk, const struct draft_named *named)
{
    struct draft *draft = walk->draft;
    const bool met = named->media != MARK_NONE;
    if (named->in_scope || named->directory.status != CANON_OK) {
        return;
    }
    if (met || !is_in_scope(walk, named)) {
        if (named->kind == NAMED_DIRECTED) {
            draft_warn(draft,
                       "ruling 16: the directed target of '%.*s' is passed over: its source is "
                       "not among the files restored",
                       VIEW_ARG(named_text(draft, named)));
        }
        return;
    }
    if (walk->pattern_count > 0 &&
        !walk_holds(walk, walk->chosen, &named->directory, named->filespec, MARK_NONE)) {
        return;
    }
    if (named->kind == NAMED_PARTIAL && is_named_by(walk, named, NAMED_DIFFERENCED)) {
        return; /* T58: as a differenced file, which is not there when it did not change (7.10) */
    }
    draft_refuse(draft, named->unit, REFUSAL_FILE_MISSING_ON_MEDIA,
                 named->kind == NAMED_PARTIAL ? "7.7" : "7.8",
                 "the media do not hold '%.*s', of which the document names ranges",
                 VIEW_ARG(named_text(draft, named)));
}

void named_check(struct walk *walk)
{
    const struct draft *draft = walk->draft;
    for (uint32_t i = 0; i < draft->named_count; i++) {
        if (draft->named[i].kind == NAMED_PARTIAL || draft->named[i].kind == NAMED_DIRECTED) {
            check_one(walk, &draft->named[i]);
        }
    }
}

void named_check_targets(struct draft *draft)
{
    for (uint32_t i = 0; draft->named_count > 0 && i < draft->file_count; i++) {
        const struct draft_file *file = &draft->files[i];
        const struct draft_set *set = &draft->sets[file->set];
        if (set->target != MARK_NONE && draft_goes_by(draft, file, NAMED_DIRECTED)) {
            draft_refuse(draft, set->unit, REFUSAL_TARGET_CONFLICT, "6.2/3",
                         "'%.*s' has a directed target, and its file set a new target: which one "
                         "counts is not decided for you",
                         VIEW_ARG(draft_source_text(draft, file->entry)));
        }
    }
}
