/* survey.c - the preflight predicates, file by file, directory by directory.
 *
 * Asks facts about a name only in directories that exist. The first obstacle in plan order is
 * kept with its sentence (ruling 39); what follows from it is decide.c's business. */
#include "plan/survey.h"

#include "base/heap.h"
#include "media/foreign.h"
#include "plan/following.h"
#include "plan/locate.h"
#include "plan/unprotected.h"

/* --- obstacles --- */

/* Each hinders what stands before it as well. */
enum hindrance { HINDERS_CREATING, HINDERS_WRITING, HINDERS_STAGING, HINDERS_ALL };

struct survey_at {
    struct draft *draft;
    struct survey *survey; /* NULL: only locate */
    enum subunit subunit;
    enum plan_place where;
};

/* The place as a message shows it: where it is known, else the source. */
static struct view place_of_file(struct draft *draft, const struct draft_file *file)
{
    if (file->place == MARK_NONE) {
        return draft_source_text(draft, file->entry);
    }
    const bool directory = draft_is_directory(file);
    return place_text(&draft->places, &draft->arena, file->place,
                      directory ? VIEW("") : draft_name(draft, file));
}

static void obstacle_note(struct draft *draft, struct obstacle *obstacle, enum refusal refusal,
                          const char *rule, const struct draft_file *file, const char *why)
{
    if (obstacle->refusal == REFUSAL_NONE) {
        obstacle->refusal = refusal;
        obstacle->rule = rule;
        const struct view text = place_of_file(draft, file);
        obstacle->detail = arena_printf(&draft->arena, "'%.*s': %s", VIEW_ARG(text), why);
    }
}

/* What stands at the place of the file that is followed. */
static void tell(const struct survey_at *at, const struct draft_file *file, const char *rule,
                 const char *what)
{
    struct draft *draft = at->draft;
    if (at->survey != NULL && trace_follows(draft->trace, file->entry)) {
        trace_note(draft->trace, "place", draft->sets[file->set].unit, rule, "'%.*s': %s",
                   VIEW_ARG(place_of_file(draft, file)), what);
    }
}

static void hinder(const struct survey_at *at, struct draft_file *file, enum hindrance how,
                   enum refusal refusal, const char *rule, const char *why)
{
    file->state = STATE_BLOCKED;
    tell(at, file, rule, why);
    struct survey *survey = at->survey;
    if (survey == NULL) {
        return;
    }
    survey->all_absent = false;
    obstacle_note(at->draft, &survey->to_creating, refusal, rule, file, why);
    if (how >= HINDERS_WRITING) {
        survey->all_writable = false;
        obstacle_note(at->draft, &survey->to_writing, refusal, rule, file, why);
    }
    if (how >= HINDERS_STAGING) {
        survey->all_stageable = false;
        obstacle_note(at->draft, &survey->to_staging, refusal, rule, file, why);
    }
    survey->impossible |= how == HINDERS_ALL;
}

/* A blocked directory blocks what goes into it. */
static void hinder_by_place(const struct survey_at *at, struct draft_file *file,
                            const struct place *place)
{
    const enum refusal refusal = (enum refusal)place->blocked;
    const char *why = place->why != NULL ? place->why : "nothing can be put there";
    switch (place->blocked) {
    case REFUSAL_MOUNT_IN_PLACE:
        hinder(at, file, HINDERS_ALL, refusal, "ruling 26", why);
        break;
    case REFUSAL_CASE_COLLISION:
        hinder(at, file, HINDERS_ALL, refusal, "5.9", why);
        break;
    default: /* no folder can be there, so that nothing can wait for it either */
        hinder(at, file, HINDERS_STAGING, refusal, "6.5", why);
        break;
    }
}

/* --- one file --- */

static void file_is_absent(const struct survey_at *at, struct draft_file *file,
                           const struct place *place)
{
    const char *fault = place_name_fault(place, draft_name(at->draft, file));
    if (fault != NULL) {
        hinder(at, file, HINDERS_STAGING, REFUSAL_NAME_UNREPRESENTABLE, "6.5", fault);
        return;
    }
    if (!place->writable) {
        hinder(at, file, HINDERS_WRITING, REFUSAL_NOT_REPLACEABLE, "6.5",
               place->why != NULL ? place->why : "its directory does not permit it");
        return;
    }
    tell(at, file, "6.5", "nothing stands there, and it can be created");
    file->state = STATE_ABSENT;
    if (draft_goes_by(at->draft, file, NAMED_PARTIAL) && at->survey != NULL) {
        obstacle_note(at->draft, &at->survey->no_base, REFUSAL_BASE_MISSING, "7.7", file,
                      "the file that the saved ranges belong to does not stand there; restore the "
                      "backup that it is based on first");
    }
}

/* Ranges are written into it, so that further names would show them, too. */
static bool is_linked_base(const struct draft *draft, const struct draft_file *file,
                           const struct fact *fact)
{
    return draft_has_ranges(draft, file) && fact->link_count > 1 &&
           !draft->input->choices->in_place;
}

static void file_is_present(const struct survey_at *at, struct draft_file *file,
                            const struct place *place, const struct fact *fact)
{
    struct draft *draft = at->draft;
    const bool link = draft->index->entries[file->entry].kind == INDEX_SYMLINK;
    if (unprotected_keeps(draft, file, fact)) {
        tell(at, file, "5.8", "what stands there is kept (--overwrite)");
        file->state = STATE_REPLACEABLE;
        file->action = ACTION_NONE;
        return;
    }
    if (foreign_is_stored(draft->input->set->foreign, fact->device, fact->inode)) {
        hinder(at, file, HINDERS_ALL, REFUSAL_NOT_REPLACEABLE, "6.5",
               "it is the plan's file, or a stored file that the plan restores from");
        return;
    }
    if (fact->type == FACT_DIRECTORY) {
        hinder(at, file, HINDERS_WRITING, REFUSAL_NOT_REPLACEABLE, "6.5",
               "a directory stands there");
        return;
    }
    /* what is there at all stops a method that wants nothing there, whatever it is; but for a
     * partial file it is what it wants (ruling 12), and an earlier step's is the chain's own */
    if (!draft_goes_by(draft, file, NAMED_PARTIAL) && !following_has_restored(draft, file)) {
        hinder(at, file, HINDERS_CREATING, REFUSAL_PRESENT, "6.6/1", "it exists");
    }
    /* a link made by an earlier restore may be made again; anything else stays refused */
    const bool right_type = fact->type == FACT_FILE || (fact->type == FACT_SYMLINK && link);
    if (!right_type || !fact->replaceable || !place->writable) {
        const char *why = fact->obstacle;
        if (why == NULL) {
            why = !right_type ? "what stands there is no regular file" : place->why;
        }
        hinder(at, file, HINDERS_WRITING, REFUSAL_NOT_REPLACEABLE, "6.5",
               why != NULL ? why : "it cannot be replaced");
        return;
    }
    if (is_linked_base(draft, file, fact)) {
        hinder(at, file, HINDERS_STAGING, REFUSAL_NOT_REPLACEABLE, "7.7",
               "it has further names (hard links), which would change with it: give --in-place");
        return;
    }
    if (fact->use_unknown && at->survey != NULL && at->survey->unknown_count++ == 0) {
        at->survey->unknown = place_of_file(draft, file);
    }
    tell(at, file, "6.5", "what stands there can be replaced");
    file->state = STATE_REPLACEABLE;
    file->action = draft_has_ranges(draft, file) ? ACTION_WRITE_RANGES : ACTION_REPLACE;
    if (file->action == ACTION_REPLACE && fact->link_count > 1 && at->survey != NULL &&
        at->survey->linked_count++ == 0) {
        at->survey->linked = place_of_file(draft, file);
    }
}

/* The name that a file is to have, were nothing there. */
static struct view file_wanted_name(const struct draft *draft, const struct draft_file *file)
{
    return draft_goes_by(draft, file, NAMED_DIRECTED) ? draft->named[file->named].target
                                                      : index_name(draft->index, file->entry);
}

static void file_take_spelling(struct draft *draft, struct draft_file *file, struct view name)
{
    if (!view_present(name) || view_equal(name, draft_name(draft, file))) {
        return;
    }
    draft->names =
        heap_grow(draft->names, draft->name_count, &draft->name_capacity, sizeof *draft->names);
    draft->names[draft->name_count] = arena_copy(&draft->arena, name);
    file->name = draft->name_count++;
}

/* Rules 8.1: what is queued for a boot comes in the order queued. What is written now would be
 * replaced by something older then; what waits itself stands behind it. */
static void file_is_awaited(const struct survey_at *at, struct draft_file *file)
{
    struct draft *draft = at->draft;
    const char *folder = file->state == STATE_BLOCKED || file->action == ACTION_NONE
                             ? NULL
                             : place_waits(&draft->places, file->place, draft_name(draft, file));
    if (folder != NULL) {
        const struct view why =
            arena_printf(&draft->arena,
                         "an older run staged something for it, which the next boot would lay over "
                         "this: `vssrestore pending apply %s` first, or remove that folder",
                         folder);
        hinder(at, file, HINDERS_WRITING, REFUSAL_NOT_REPLACEABLE, "8.5", why.p);
    }
}

static vsr_code file_ask(const struct survey_at *at, struct draft_file *file, vsr_error *error)
{
    struct draft *draft = at->draft;
    const struct place place = draft->places.list[file->place];
    if (place.blocked != REFUSAL_NONE) {
        hinder_by_place(at, file, &place);
        return VSR_OK;
    }
    if (!place.exists) {
        file_is_absent(at, file, &place);
        file_is_awaited(at, file);
        return VSR_OK;
    }
    struct fact fact;
    const vsr_code code =
        place_lookup(&draft->places, file->place, file_wanted_name(draft, file), &fact, error);
    if (code != VSR_OK) {
        return code;
    }
    if (fact.ambiguous) {
        hinder(at, file, HINDERS_ALL, REFUSAL_CASE_COLLISION, "5.9",
               "two entries there differ only by case");
    } else if (fact.type == FACT_ABSENT) {
        file_is_absent(at, file, &place);
    } else if (fact.mount_point) {
        hinder(at, file, HINDERS_ALL, REFUSAL_MOUNT_IN_PLACE, "ruling 26",
               "another file system is mounted there");
    } else {
        file_take_spelling(draft, file, fact.name);
        file_is_present(at, file, &place, &fact);
    }
    file_is_awaited(at, file);
    return VSR_OK;
}

/* Only the first obstacle's sentence is kept. */
static bool is_first(const struct survey_at *at)
{
    return at->survey != NULL && at->survey->to_writing.refusal == REFUSAL_NONE;
}

/* Is the destination that the set's mapping or new target names understood? */
static bool base_is_understood(const struct survey_at *at, struct draft_file *file, uint32_t base)
{
    struct draft *draft = at->draft;
    const struct canon_directory *directory = &draft->bases[base].directory;
    if (directory->status == CANON_OK) {
        return true;
    }
    const bool environment = directory->status == CANON_ENVIRONMENT;
    struct view why = VIEW("its destination is not understood");
    if (is_first(at)) {
        const struct view text = draft->bases[base].text;
        why = environment
                  ? arena_printf(&draft->arena,
                                 "its destination '%.*s' needs a value for %%%.*s%%: give --env",
                                 VIEW_ARG(text), VIEW_ARG(directory->unknown))
                  : arena_printf(&draft->arena, "its destination '%.*s' is none: %s",
                                 VIEW_ARG(text), directory->fault);
    }
    hinder(at, file, HINDERS_ALL,
           environment ? REFUSAL_ENVIRONMENT_UNKNOWN : REFUSAL_DOCUMENT_INVALID, "5.3", why.p);
    return false;
}

static void file_is_unmapped(const struct survey_at *at, struct draft_file *file, uint32_t base)
{
    struct draft *draft = at->draft;
    struct view volume = VIEW_NONE;
    if (base != MARK_NONE) {
        volume = draft->bases[base].directory.path.volume;
    } else {
        const uint32_t number = draft->index->entries[file->entry].volume;
        (void)canon_volume_specs(&draft->input->set->description.volumes[number], &volume, 1);
    }
    struct view why = VIEW("its volume is not mapped");
    if (is_first(at)) {
        why = arena_printf(&draft->arena, "volume %.*s is not mapped: give --volume or --root",
                           VIEW_ARG(volume));
    }
    hinder(at, file, HINDERS_ALL, REFUSAL_VOLUME_UNMAPPED, "6.12", why.p);
}

/* The destination directory below which the file goes; MARK_NONE: its original place. */
static uint32_t file_base(const struct survey_at *at, const struct draft_file *file)
{
    if (at->subunit == SUBUNIT_DIRECTED) {
        return at->draft->named[file->named].base;
    }
    const bool based = at->where == PLACE_ALTERNATE || at->where == PLACE_NEW_TARGET;
    return based ? at->draft->sets[file->set].base : MARK_NONE;
}

static vsr_code file_locate(const struct survey_at *at, struct draft_file *file, uint32_t base,
                            vsr_error *error)
{
    struct draft *draft = at->draft;
    if (at->subunit == SUBUNIT_DIRECTED) { /* exactly where the document says (7.8) */
        file_take_spelling(draft, file, file_wanted_name(draft, file));
        return locate_base_place(draft, base, &file->place, error);
    }
    const uint32_t media_directory =
        draft_is_directory(file) ? file->entry : draft->index->entries[file->entry].parent;
    return locate_directory(draft, media_directory, &draft->sets[file->set], base, &file->place,
                            error);
}

static vsr_code file_survey(const struct survey_at *at, struct draft_file *file, vsr_error *error)
{
    struct draft *draft = at->draft;
    const uint32_t base = file_base(at, file);
    file->place = MARK_NONE;
    file->name = MARK_NONE;
    file->where = (uint8_t)at->where;
    file->action = draft_has_ranges(draft, file) ? ACTION_WRITE_RANGES : ACTION_CREATE;
    if ((at->where == PLACE_ALTERNATE || at->where == PLACE_NEW_TARGET) && base == MARK_NONE) {
        return VSR_OK; /* a directory of a set that has no files and no mapping: left out */
    }
    if (base != MARK_NONE && !base_is_understood(at, file, base)) {
        return VSR_OK;
    }
    const vsr_code code = file_locate(at, file, base, error);
    if (code != VSR_OK) {
        return code;
    }
    if (file->place == MARK_NONE) {
        file_is_unmapped(at, file, base);
        return VSR_OK;
    }
    if (draft_is_directory(file)) {
        const struct place *place = &draft->places.list[file->place];
        if (place->blocked == REFUSAL_MOUNT_IN_PLACE || place->blocked == REFUSAL_CASE_COLLISION) {
            hinder_by_place(at, file, place);
        }
        return VSR_OK;
    }
    return at->survey != NULL ? file_ask(at, file, error) : VSR_OK;
}

/* --- a unit --- */

enum subunit survey_subunit(const struct draft *draft, const struct draft_file *file)
{
    const struct draft_set *set = &draft->sets[file->set];
    if (draft_goes_by(draft, file, NAMED_DIRECTED)) {
        return SUBUNIT_DIRECTED;
    }
    if (draft_goes_by(draft, file, NAMED_RANGES_FILE) && set->named != MARK_NONE) {
        return SUBUNIT_RANGES_FILES;
    }
    return set->target != MARK_NONE ? SUBUNIT_TARGETED : SUBUNIT_PLAIN;
}

static vsr_code survey_files(const struct survey_at *at, uint32_t unit, vsr_error *error)
{
    const struct draft_unit *u = &at->draft->units[unit];
    for (uint32_t i = 0; i < u->file_count; i++) {
        struct draft_file *file = &at->draft->files[u->first_file + i];
        if (survey_subunit(at->draft, file) != at->subunit) {
            continue;
        }
        const vsr_code code = file_survey(at, file, error);
        if (code != VSR_OK) {
            return code;
        }
    }
    return VSR_OK;
}

vsr_code survey_unit(struct draft *draft, uint32_t unit, enum subunit subunit,
                     enum plan_place where, struct survey *out, vsr_error *error)
{
    *out = (struct survey){.all_absent = true, .all_writable = true, .all_stageable = true};
    const struct survey_at at = {draft, out, subunit, where};
    return survey_files(&at, unit, error);
}

vsr_code survey_intent(struct draft *draft, uint32_t unit, enum subunit subunit,
                       enum plan_place where, vsr_error *error)
{
    const struct survey_at at = {draft, NULL, subunit, where};
    return survey_files(&at, unit, error);
}

void survey_warn(struct draft *draft, uint32_t unit, const struct survey *survey)
{
    if (survey->linked_count > 0) {
        draft_warn(draft,
                   "%u files to be replaced for %.*s have further names, which keep the old "
                   "content; the first is '%.*s'",
                   survey->linked_count, VIEW_ARG(draft_unit_text(draft, unit)),
                   VIEW_ARG(survey->linked));
    }
    if (survey->unknown_count > 0) {
        draft_warn(draft,
                   "rule 8.3: whether %u files to be replaced for %.*s are in use cannot be told "
                   "(busy=unknown); the first is '%.*s'",
                   survey->unknown_count, VIEW_ARG(draft_unit_text(draft, unit)),
                   VIEW_ARG(survey->unknown));
    }
}
