/* unprotected.c - files of no component, from the media's mark to a place.
 *
 * Beside the table of methods: there is no writer, no method and no mapping, only the original
 * place and what --overwrite says of a file that stands there. It never decides about a file that
 * some component wants. */
#include "plan/unprotected.h"

#include "base/heap.h"
#include "plan/following.h"
#include "plan/not_to_backup.h"
#include "plan/profile.h"
#include "plan/survey.h"

#define RULE "5.8"

bool unprotected_wanted(const struct plan_input *input)
{
    return input->choices->unprotected || !input->documents->bcd.select_components;
}

void unprotected_add_unit(struct draft *draft)
{
    static const struct bcd_component none;
    struct scope *scope = ARENA_NEW(&draft->arena, struct scope);
    *scope = (struct scope){.writer = MARK_NONE,
                            .bcd_component = MARK_NONE,
                            .wmd = MARK_NONE,
                            .members = ARENA_NEW(&draft->arena, uint32_t),
                            .member_count = 1,
                            .rule = RULE};
    draft->units[draft->unit_count++] = (struct draft_unit){.scope = scope,
                                                            .component = &none,
                                                            .target = TARGET_ORIGINAL,
                                                            .verdict = VERDICT_REFUSED,
                                                            .unprotected = true};
}

void unprotected_add_set(struct draft *draft, uint32_t unit)
{
    static const struct vss_file_set everything = {.path = {"", 0}, .filespec = {"*", 1}};
    draft->sets =
        heap_grow(draft->sets, draft->set_count, &draft->set_capacity, sizeof *draft->sets);
    draft->sets[draft->set_count++] = (struct draft_set){.set = &everything,
                                                         .unit = unit,
                                                         .directory = {.volume = MARK_NONE},
                                                         .mapping = MARK_NONE,
                                                         .target = MARK_NONE,
                                                         .base = MARK_NONE,
                                                         .overlapped_with = MARK_NONE,
                                                         .named = MARK_NONE,
                                                         .hit = true};
}

/* --- which files --- */

static bool is_writers_name(const struct documents *documents, struct view name)
{
    for (uint32_t w = 0; w < documents->wmd_count; w++) {
        if (documents->wmds[w].friendly_name.n > 0 &&
            win_fold_equal(documents->wmds[w].friendly_name, name)) {
            return true;
        }
    }
    return false;
}

/* One entry of the list, for its own volume or, where it names none, for every volume. */
static const char *left_out_add(struct walk *walk, const struct not_to_backup *entry)
{
    struct draft *draft = walk->draft;
    struct canon_directory directory = {.volume = MARK_NONE};
    const uint32_t volumes = draft->index->volume_count;
    const bool all = entry->all_volumes;
    struct view path = entry->directory;
    if (all && volumes > 0) { /* parsed as a path of some volume, then meant for each */
        path = arena_printf(&draft->arena, "C:%.*s", VIEW_ARG(entry->directory));
    }
    directory = canon_source(&draft->canon, &draft->arena, path);
    if (directory.status == CANON_ENVIRONMENT) {
        return "no value is known for its %NAME%";
    }
    if (directory.status == CANON_PATH) {
        return directory.fault;
    }
    for (uint32_t v = 0; v < volumes; v++) {
        const struct match_set set = {.volume = v,
                                      .below = all ? directory.path.rest : directory.below,
                                      .filespec = entry->name,
                                      .recursive = entry->recursive};
        if ((all || v == directory.volume) && !match_add(walk->left_out, &set)) {
            return "its name is no file pattern";
        }
    }
    return NULL;
}

void unprotected_add_left_out(struct walk *walk)
{
    struct draft *draft = walk->draft;
    const struct plan_choices *choices = draft->input->choices;
    for (uint32_t i = 0; i < choices->not_to_backup_count; i++) {
        struct not_to_backup_line line = {.rest = view_of(choices->not_to_backup[i])};
        struct view text = VIEW_NONE;
        while (not_to_backup_next(&line, &text)) {
            struct not_to_backup entry;
            if (view_present(line.key) && is_writers_name(draft->input->documents, line.key)) {
                continue; /* the writer's own documents say it better (5.8) */
            }
            const char *fault = not_to_backup_parse(text, &entry);
            fault = fault == NULL ? left_out_add(walk, &entry) : fault;
            if (fault != NULL) {
                draft_warn(draft, "the file not to back up '%.*s' is passed over: %s (rules 5.8)",
                           VIEW_ARG(text), fault);
            }
        }
    }
}

static bool is_excluded(const struct walk *walk, uint32_t excluded)
{
    const struct documents *documents = walk->draft->input->documents;
    for (uint32_t i = 0; i < excluded; i++) {
        const uint32_t by = walk->excluded_by[i];
        if (by == documents->wmd_count || profile_excludes_hold(&documents->wmds[by])) {
            return true;
        }
    }
    return false;
}

void unprotected_take(struct walk *walk, const struct walk_step *step, uint32_t entry,
                      uint32_t excluded, bool chosen)
{
    struct draft *draft = walk->draft;
    const uint32_t set = draft->set_count - 1;
    struct match_name name = match_name_of(index_name(draft->index, entry));
    uint32_t id = 0;
    if (draft->index->entries[entry].kind == INDEX_DIRECTORY) {
        if (walk->pattern_count == 0) {
            (void)walk_hit(walk, entry, set, 0);
        }
        return;
    }
    const bool followed = trace_follows(draft->trace, entry);
    if (is_excluded(walk, excluded) ||
        match_file(walk->left_out, step->left_out, &name, &id, 1) > 0) {
        walk->left_out_count++;
        if (followed) {
            trace_note(draft->trace, "files", MARK_NONE, RULE,
                       "it is not to be backed up, or must not come back: left out");
        }
    } else if (chosen) {
        draft->sets[set].owns = true;
        if (followed) {
            trace_note(draft->trace, "files", draft->sets[set].unit, RULE,
                       "it belongs to no component, and --unprotected asks for such files");
        }
        (void)walk_hit(walk, entry, set, (uint32_t)match_name_hash(&name));
    } else {
        draft->units[draft->sets[set].unit].partial_selection = true;
    }
}

void unprotected_warn(struct walk *walk)
{
    struct draft *draft = walk->draft;
    if (walk->left_out_count > 0) {
        draft_warn(draft,
                   "rule 5.8: %u files of no component are left out: they are not to be backed up, "
                   "or must not come back",
                   walk->left_out_count);
    }
    if (!draft->sets[draft->set_count - 1].owns && walk->left_out_count == 0) {
        draft_warn(draft, "the set holds no files of no component; `pack --all` takes them");
    }
}

/* --- where they go --- */

/* Is the file on the media newer than what stands there? */
static bool is_newer(const struct index_entry *entry, const struct fact *fact)
{
    return entry->modify_s != fact->modify_s ? entry->modify_s > fact->modify_s
                                             : entry->modify_ns > fact->modify_ns;
}

bool unprotected_keeps(const struct draft *draft, const struct draft_file *file,
                       const struct fact *fact)
{
    const struct index_entry *entry = &draft->index->entries[file->entry];
    const bool comparable = fact->type == FACT_FILE || fact->type == FACT_SYMLINK;
    if (!draft->units[draft->sets[file->set].unit].unprotected ||
        following_has_restored(draft, file)) { /* the chain's own is no other's (7.4) */
        return false;
    }
    switch (draft->input->choices->overwrite) {
    case OVERWRITE_NEVER:
        return true;
    case OVERWRITE_IF_NEWER:
        return comparable && !is_newer(entry, fact);
    case OVERWRITE_ALWAYS:
        break;
    }
    return false;
}

static void settle_place(struct draft *draft, struct draft_unit *unit)
{
    const bool private_restore = draft->input->choices->private_dir != NULL;
    uint32_t kept = 0;
    unit->verdict = private_restore ? VERDICT_PRIVATE : VERDICT_ORIGINAL;
    unit->rule = VIEW(RULE);
    for (uint32_t i = 0; i < unit->file_count; i++) {
        struct draft_file *file = &draft->files[unit->first_file + i];
        file->where = private_restore ? PLACE_PRIVATE : PLACE_ORIGINAL;
        kept += file->action == ACTION_NONE ? 1u : 0u;
    }
    if (kept > 0) {
        draft_warn(draft, "rule 5.8: %u files of no component stand there already and are kept%s",
                   kept,
                   draft->input->choices->overwrite == OVERWRITE_NEVER
                       ? " (--overwrite if-newer or always replaces them)"
                       : ", being as new as the media's");
    }
}

vsr_code unprotected_settle(struct draft *draft, uint32_t unit, vsr_error *error)
{
    struct survey survey;
    if (draft->units[unit].refusal != REFUSAL_NONE) {
        return VSR_OK; /* what must not come back cannot be told */
    }
    const vsr_code code = survey_unit(draft, unit, SUBUNIT_PLAIN, PLACE_ORIGINAL, &survey, error);
    if (code != VSR_OK) {
        return code;
    }
    if (survey.impossible || !survey.all_writable) {
        draft_refuse(draft, unit, survey.to_writing.refusal, survey.to_writing.rule, "%.*s",
                     VIEW_ARG(survey.to_writing.detail));
        return VSR_OK;
    }
    survey_warn(draft, unit, &survey);
    settle_place(draft, &draft->units[unit]);
    return VSR_OK;
}
