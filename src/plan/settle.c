/* settle.c - asks the table, looks where the table says, and asks again.
 *
 * What the method does not move - the files of new targets, of directed entries, ranges files of
 * no set - is surveyed after the rest was decided, each a sub-unit of its own, and one obstacle
 * there refuses the root (rules 6.1, 6.9, 7.8). */
#include "plan/settle.h"

#include "plan/decide.h"
#include "plan/following.h"
#include "plan/profile.h"
#include "plan/survey.h"
#include "plan/unprotected.h"

/* --- what is known before a look --- */

/* Why the service of a unit of method 3 cannot be stopped; absent: it can, or was, or nothing
 * runs on an offline tree (ruling 7). */
static struct view service_fault(const struct draft *draft, const struct draft_unit *unit)
{
    const struct plan_input *input = draft->input;
    if (unit->wmd->method != METHOD_STOP_RESTORE_START) {
        return VIEW_NONE;
    }
    if (unit->wmd->service.n == 0) {
        return VIEW("the method asks for a service to be stopped first, and none is named");
    }
    if (input->choices->tree == TREE_LIVE && !input->choices->services) {
        return VIEW("the method asks for a service to be stopped first: --service-command");
    }
    return input->said != NULL ? input->said[unit->scope->writer].service_fault : VIEW_NONE;
}

struct subunits {
    uint32_t counts[SUBUNIT_RANGES_FILES + 1]; /* files, not directories */
    bool all_mapped;                           /* of the plain ones      */
};

static struct subunits subunits_count(const struct draft *draft, const struct draft_unit *unit)
{
    struct subunits out = {.all_mapped = true};
    for (uint32_t i = 0; i < unit->file_count; i++) {
        const struct draft_file *file = &draft->files[unit->first_file + i];
        if (draft_is_directory(file)) {
            continue;
        }
        const enum subunit subunit = survey_subunit(draft, file);
        out.counts[subunit]++;
        out.all_mapped &= subunit != SUBUNIT_PLAIN || draft->sets[file->set].mapping != MARK_NONE;
    }
    return out;
}

static unsigned known_first(const struct draft *draft, const struct draft_unit *unit,
                            const struct subunits *subunits)
{
    const struct plan_choices *choices = draft->input->choices;
    return (choices->private_dir != NULL ? KNOWN_PRIVATE : 0u) |
           (choices->tree == TREE_LIVE ? KNOWN_LIVE : 0u) |
           (subunits->counts[SUBUNIT_PLAIN] == 0 ? KNOWN_EMPTY : 0u) |
           (view_present(service_fault(draft, unit)) ? KNOWN_NO_SERVICE : 0u) |
           (subunits->all_mapped ? KNOWN_MAPPED : 0u);
}

static unsigned known_original(const struct survey *survey)
{
    return SEEN_ORIGINAL | (survey->impossible ? ORIGINAL_IMPOSSIBLE : 0u) |
           (survey->all_absent ? ORIGINAL_ABSENT : 0u) |
           (survey->all_writable ? ORIGINAL_REPLACEABLE : 0u) |
           (survey->all_stageable ? ORIGINAL_STAGEABLE : 0u);
}

/* Q5: files that stand at the mapping may be replaced, unless the caller says never. */
static unsigned known_alternate(const struct survey *survey, bool overwrite_never)
{
    const bool writable = overwrite_never ? survey->all_absent : survey->all_writable;
    return SEEN_ALTERNATE | (survey->impossible ? ALTERNATE_IMPOSSIBLE : 0u) |
           (survey->all_absent ? ALTERNATE_ABSENT : 0u) | (writable ? ALTERNATE_WRITABLE : 0u);
}

/* --- the decision --- */

static enum plan_place where_of(enum plan_verdict verdict)
{
    switch (verdict) {
    case VERDICT_ALTERNATE:
        return PLACE_ALTERNATE;
    case VERDICT_ORIGINAL_LOCATION:
        return PLACE_ORIGINAL_LOCATION;
    case VERDICT_PRIVATE:
        return PLACE_PRIVATE;
    case VERDICT_ORIGINAL:
    case VERDICT_MIXED:
    case VERDICT_STAGED:
    case VERDICT_REFUSED:
    case VERDICT_CUSTOM:
        break;
    }
    return PLACE_ORIGINAL;
}

/* What stands against it even at the next boot goes before what is in use now. */
static const struct obstacle *obstacle_of(const struct draft *draft, const struct draft_unit *u,
                                          bool creating, const struct survey *survey)
{
    const bool may_wait = draft->input->choices->tree == TREE_LIVE &&
                          (u->wmd->method == METHOD_RESTORE_AT_REBOOT ||
                           u->wmd->method == METHOD_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE);
    if (may_wait && survey->to_staging.refusal != REFUSAL_NONE) {
        return &survey->to_staging;
    }
    return creating ? &survey->to_creating : &survey->to_writing;
}

static void refuse_by(struct draft *draft, uint32_t unit, const struct decided *decided,
                      const struct survey *survey)
{
    const struct plan_choices *choices = draft->input->choices;
    const struct draft_unit *u = &draft->units[unit];
    const bool if_not_there = u->wmd->method == METHOD_RESTORE_IF_NOT_THERE &&
                              u->target != TARGET_ORIGINAL_LOCATION && choices->private_dir == NULL;
    const bool at_alternate = decided->decision == DECIDE_REFUSE_BY_ALTERNATE;
    const bool creating = at_alternate ? (if_not_there && u->target != TARGET_ALTERNATE) ||
                                             choices->alm_overwrite_never
                                       : if_not_there;
    const struct obstacle *obstacle = obstacle_of(draft, u, creating, survey);
    const enum refusal refusal =
        decided->refusal != REFUSAL_NONE ? decided->refusal : obstacle->refusal;
    const bool by_obstacle = decided->refusal == REFUSAL_NONE && survey->impossible;
    draft_refuse(draft, unit, refusal, by_obstacle ? obstacle->rule : decided->rule, "%.*s",
                 VIEW_ARG(obstacle->detail));
}

static void settle_refuse(struct draft *draft, uint32_t unit, const struct decided *decided)
{
    const struct draft_unit *u = &draft->units[unit];
    const bool by_method =
        decided->refusal == REFUSAL_DOCUMENT_UNKNOWN_WORD && u->wmd->method == METHOD_UNKNOWN;
    const bool by_target = decided->refusal == REFUSAL_DOCUMENT_UNKNOWN_WORD && !by_method;
    const struct view word = by_method ? u->wmd->method_text : u->target_text;
    if (by_method || by_target) {
        draft_refuse(draft, unit, decided->refusal, decided->rule, "%s: '%.*s'", decided->why,
                     VIEW_ARG(word));
    } else if (decided->refusal == REFUSAL_SERVICE_STOP_FAILED) {
        draft_refuse(draft, unit, decided->refusal, decided->rule, "%.*s",
                     VIEW_ARG(service_fault(draft, u)));
    } else {
        draft_refuse(draft, unit, decided->refusal, decided->rule, "%s", decided->why);
    }
    if (draft->units[unit].refusal == REFUSAL_METHOD_CUSTOM) {
        draft->units[unit].verdict = VERDICT_CUSTOM;
    }
}

/* All of the unit waits, none is replaced now (6.6/6, T43); a mapping is never used (T44). */
static void settle_stage(struct draft *draft, uint32_t unit, const struct survey *original)
{
    const struct draft_unit *u = &draft->units[unit];
    for (uint32_t i = 0; i < u->file_count; i++) {
        struct draft_file *file = &draft->files[u->first_file + i];
        if (file->where != PLACE_ORIGINAL) {
            continue; /* GCOVR_EXCL_LINE: other places are settled behind this one */
        }
        if (draft_has_ranges(draft, file)) {
            draft_refuse(draft, unit, REFUSAL_NOT_REPLACEABLE, "8.4",
                         "'%.*s': ranges cannot wait for the next boot, because what they are laid "
                         "into may change until then%s%.*s",
                         VIEW_ARG(draft_source_text(draft, file->entry)),
                         original->to_writing.refusal != REFUSAL_NONE ? "; " : "",
                         VIEW_ARG(original->to_writing.detail));
            return;
        }
        file->action = ACTION_STAGE;
    }
    if (original->to_writing.refusal != REFUSAL_NONE) {
        draft_warn(draft, "%.*s waits for the next boot: %.*s",
                   VIEW_ARG(draft_unit_text(draft, unit)), VIEW_ARG(original->to_writing.detail));
    }
}

static void refuse_without_base(struct draft *draft, uint32_t unit, const struct survey *survey)
{
    if (survey->no_base.refusal != REFUSAL_NONE) {
        draft_refuse(draft, unit, survey->no_base.refusal, survey->no_base.rule, "%.*s",
                     VIEW_ARG(survey->no_base.detail));
    }
}

/* What was directed or given a new target: created, replaced or written into, else the whole unit
 * is refused (6.9, 7.8; ruling 16). */
static vsr_code settle_moved(struct draft *draft, uint32_t unit, const struct subunits *subunits,
                             enum subunit subunit, vsr_error *error)
{
    const bool directed = subunit == SUBUNIT_DIRECTED;
    struct draft_unit *u = &draft->units[unit];
    const bool has_folders = subunit == SUBUNIT_TARGETED && u->target_count > 0;
    if (u->refusal != REFUSAL_NONE || (subunits->counts[subunit] == 0 && !has_folders)) {
        return VSR_OK;
    }
    struct survey survey;
    const vsr_code code = survey_unit(draft, unit, subunit,
                                      directed ? PLACE_DIRECTED : PLACE_NEW_TARGET, &survey, error);
    if (code != VSR_OK) {
        return code;
    }
    if (survey.impossible || !survey.all_writable) {
        draft_refuse(draft, unit, survey.to_writing.refusal, directed ? "7.8" : "6.9", "%.*s",
                     VIEW_ARG(survey.to_writing.detail));
        return VSR_OK;
    }
    refuse_without_base(draft, unit, &survey);
    if (u->refusal == REFUSAL_NONE && subunits->counts[subunit] > 0) {
        survey_warn(draft, unit, &survey);
        u->verdict = VERDICT_MIXED;
        u->rule = directed ? VIEW("6.7/3") : VIEW("6.9");
    }
    return VSR_OK;
}

/* Ranges files of no set: laid down at their own place, or waiting with the rest of the unit, for
 * the writer's sake; no verdict is theirs (7.6). */
static vsr_code settle_ranges_files(struct draft *draft, uint32_t unit,
                                    const struct subunits *subunits, vsr_error *error)
{
    const struct draft_unit *u = &draft->units[unit];
    const bool staged = u->verdict == VERDICT_STAGED;
    const enum plan_place where =
        u->verdict == VERDICT_ALTERNATE ? PLACE_ORIGINAL : where_of(u->verdict);
    if (u->refusal != REFUSAL_NONE || subunits->counts[SUBUNIT_RANGES_FILES] == 0) {
        return VSR_OK;
    }
    struct survey survey;
    const vsr_code code =
        survey_unit(draft, unit, SUBUNIT_RANGES_FILES, PLACE_ORIGINAL, &survey, error);
    if (code != VSR_OK) {
        return code;
    }
    const struct obstacle *obstacle = staged ? &survey.to_staging : &survey.to_writing;
    if (obstacle->refusal != REFUSAL_NONE) {
        draft_refuse(draft, unit, obstacle->refusal, "7.6", "%.*s", VIEW_ARG(obstacle->detail));
        return VSR_OK;
    }
    survey_warn(draft, unit, &survey);
    for (uint32_t i = 0; i < u->file_count; i++) {
        struct draft_file *file = &draft->files[u->first_file + i];
        if (!draft_is_directory(file) && survey_subunit(draft, file) == SUBUNIT_RANGES_FILES) {
            file->where = (uint8_t)where;
            file->action = staged ? ACTION_STAGE : file->action;
        }
    }
    return VSR_OK;
}

/* All that is decided beside the method; the verdict of the rest still stands when it begins. */
static vsr_code settle_beside(struct draft *draft, uint32_t unit, const struct subunits *subunits,
                              vsr_error *error)
{
    vsr_code code = settle_ranges_files(draft, unit, subunits, error);
    if (code == VSR_OK) {
        code = settle_moved(draft, unit, subunits, SUBUNIT_TARGETED, error);
    }
    return code == VSR_OK ? settle_moved(draft, unit, subunits, SUBUNIT_DIRECTED, error) : code;
}

static void warn_of_target(struct draft *draft, uint32_t unit)
{
    const struct draft_unit *u = &draft->units[unit];
    if (u->wmd->method == METHOD_RESTORE_AT_REBOOT && u->target != TARGET_ORIGINAL) {
        draft_warn(draft, "rule 6.8: the restore target of %.*s has no influence at reboot",
                   VIEW_ARG(draft_unit_text(draft, unit)));
    }
    if (u->target == TARGET_DIRECTED && u->component->directed_target_count == 0) {
        draft_warn(draft, "rule 6.7: %.*s is directed, but nothing says where to",
                   VIEW_ARG(draft_unit_text(draft, unit)));
    }
}

/* Do method and target ask for the mappings, whatever stands at the original place? What is copied
 * at reboot listens to no target (6.8). */
static bool wants_alternate(const struct draft *draft, const struct draft_unit *unit)
{
    return draft->input->choices->private_dir == NULL && unit->target != TARGET_ORIGINAL_LOCATION &&
           unit->wmd->method != METHOD_RESTORE_AT_REBOOT &&
           (unit->wmd->method == METHOD_RESTORE_TO_ALTERNATE_LOCATION ||
            unit->target == TARGET_ALTERNATE);
}

/* The files are where the last look was. */
static void plain_take_place(struct draft *draft, uint32_t unit, const struct survey *survey)
{
    const struct draft_unit *u = &draft->units[unit];
    const enum plan_place where = where_of(u->verdict);
    survey_warn(draft, unit, survey);
    for (uint32_t i = 0; where != PLACE_ORIGINAL && i < u->file_count; i++) {
        struct draft_file *file = &draft->files[u->first_file + i];
        if (file->where == PLACE_ORIGINAL) {
            file->where = (uint8_t)where;
        }
    }
    if (u->verdict == VERDICT_STAGED) {
        settle_stage(draft, unit, survey);
    }
    refuse_without_base(draft, unit, survey);
}

/* Ask, look, ask again: at most two looks. */
static vsr_code settle_plain(struct draft *draft, uint32_t unit, const struct subunits *subunits,
                             vsr_error *error)
{
    struct draft_unit *u = &draft->units[unit];
    unsigned known = known_first(draft, u, subunits);
    struct survey original = {0};
    struct survey alternate = {0};
    for (;;) {
        const struct decided decided = plan_decide(u->wmd->method, u->target, known);
        trace_decision(draft, unit, known);
        vsr_code code = VSR_OK;
        switch (decided.decision) {
        case DECIDE_LOOK_ORIGINAL:
            code = survey_unit(draft, unit, SUBUNIT_PLAIN, PLACE_ORIGINAL, &original, error);
            following_hold(draft, unit, &original);
            known |= known_original(&original);
            trace_survey(draft, unit, "original place", &original);
            break;
        case DECIDE_LOOK_ALTERNATE:
            code = survey_unit(draft, unit, SUBUNIT_PLAIN, PLACE_ALTERNATE, &alternate, error);
            known |= known_alternate(&alternate, draft->input->choices->alm_overwrite_never);
            trace_survey(draft, unit, "mappings' place", &alternate);
            break;
        case DECIDE_REFUSE:
            settle_refuse(draft, unit, &decided);
            return VSR_OK;
        case DECIDE_REFUSE_BY_ORIGINAL:
            refuse_by(draft, unit, &decided, &original);
            return VSR_OK;
        case DECIDE_REFUSE_BY_ALTERNATE:
            refuse_by(draft, unit, &decided, &alternate);
            return VSR_OK;
        case DECIDE_PLACE:
            if (following_refuses(draft, unit, decided.verdict)) {
                return VSR_OK;
            }
            u->verdict = decided.verdict;
            u->rule = view_of(decided.rule);
            warn_of_target(draft, unit);
            if ((known & (SEEN_ORIGINAL | SEEN_ALTERNATE)) == 0) { /* directories at most */
                return survey_unit(draft, unit, SUBUNIT_PLAIN,
                                   wants_alternate(draft, u) ? PLACE_ALTERNATE : PLACE_ORIGINAL,
                                   &original, error);
            }
            plain_take_place(draft, unit, (known & SEEN_ALTERNATE) != 0 ? &alternate : &original);
            return VSR_OK;
        }
        if (code != VSR_OK) {
            return code;
        }
    }
}

/* Where a refused unit's files would have gone, for those who share them (ruling 28). */
static vsr_code settle_intent(struct draft *draft, uint32_t unit, vsr_error *error)
{
    const struct draft_unit *u = &draft->units[unit];
    if (u->wmd == NULL) {
        return VSR_OK;
    }
    static const struct {
        enum subunit subunit;
        enum plan_place where;
    } moved[] = {{SUBUNIT_TARGETED, PLACE_NEW_TARGET},
                 {SUBUNIT_RANGES_FILES, PLACE_ORIGINAL},
                 {SUBUNIT_DIRECTED, PLACE_DIRECTED}};
    vsr_code code =
        survey_intent(draft, unit, SUBUNIT_PLAIN,
                      wants_alternate(draft, u) ? PLACE_ALTERNATE : PLACE_ORIGINAL, error);
    for (size_t i = 0; i < sizeof moved / sizeof *moved && code == VSR_OK; i++) {
        code = survey_intent(draft, unit, moved[i].subunit, moved[i].where, error);
    }
    return code;
}

vsr_code settle_places(struct draft *draft, vsr_error *error)
{
    for (uint32_t unit = 0; unit < draft->unit_count; unit++) {
        const struct draft_unit *u = &draft->units[unit];
        vsr_code code = VSR_OK;
        if (u->unprotected) {
            code = unprotected_settle(draft, unit, error);
        } else if (u->refusal == REFUSAL_NONE) {
            const struct subunits subunits = subunits_count(draft, u);
            profile_check(draft, unit);
            if (u->refusal == REFUSAL_NONE) {
                code = settle_plain(draft, unit, &subunits, error);
            }
            if (code == VSR_OK) {
                code = settle_beside(draft, unit, &subunits, error);
            }
        }
        if (code == VSR_OK && u->refusal != REFUSAL_NONE) {
            code = settle_intent(draft, unit, error);
        }
        if (code != VSR_OK) {
            return code;
        }
    }
    return VSR_OK;
}
