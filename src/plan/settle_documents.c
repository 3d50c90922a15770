/* settle_documents.c - what is settled by the documents, writers and options alone.
 *
 * Before any destination is asked: who takes part, which restore target counts, who is refused
 * already by its scope, an earlier run or its writer. Places are settle.c's. */
#include "plan/settle.h"

#include "base/bug.h"
#include "plan/following.h"
#include "plan/restore_options.h"

static void check_scope(struct draft *draft, uint32_t unit)
{
    const struct draft_unit *u = &draft->units[unit];
    VSR_REQUIRE(u->wmd != NULL || u->scope->refusal != REFUSAL_NONE);
    if (u->scope->refusal != REFUSAL_NONE) {
        draft_refuse(draft, unit, u->scope->refusal, u->scope->rule, "%.*s",
                     VIEW_ARG(u->scope->detail));
    }
}

/* A writer that failed in PreRestore: its units are not copied (9.5). */
static void check_veto(struct draft *draft, uint32_t unit)
{
    const struct draft_unit *u = &draft->units[unit];
    const struct plan_said *said = draft->input->said;
    if (said != NULL && u->involve_writer && view_present(said[u->scope->writer].veto)) {
        draft_refuse(draft, unit, REFUSAL_WRITER_VETO, "9.5", "%.*s",
                     VIEW_ARG(said[u->scope->writer].veto));
    }
}

/* --restore-target 'WRITER:FULL\NAME=target' stands in for the writer's answer. */
static vsr_code target_of_caller(struct draft *draft, const char *option, vsr_error *error)
{
    struct component_ref ref;
    struct view rest = VIEW_NONE;
    const vsr_code code =
        choice_resolve(draft->input->documents, view_of(option), '=', &ref, &rest, error);
    if (code != VSR_OK) {
        return code;
    }
    const enum vss_target target = vss_target_parse(rest);
    const bool names_one = ref.component != MARK_NONE || ref.bcd_component != MARK_NONE;
    if (target == TARGET_UNKNOWN || target == TARGET_UNDEFINED || !names_one) {
        return err_set(error, VSR_ERR_SELECTION, "plan/settle",
                       "--restore-target '%s' is not of the form "
                       "WRITER:FULL\\NAME=original|alternate|directed|original_location",
                       option);
    }
    const uint32_t unit = draft_unit_of(draft, &ref);
    draft_warn_folded(draft, "--restore-target", option, &ref);
    if (unit == MARK_NONE) {
        draft_warn(draft, "--restore-target '%s': that component is not among those restored",
                   option);
        return VSR_OK;
    }
    draft->units[unit].target = target; /* set on the root, it covers the whole set (6.7) */
    draft->units[unit].target_text = view_of(vss_target_text(target));
    return VSR_OK;
}

vsr_code settle_documents(struct draft *draft, vsr_error *error)
{
    const struct plan_choices *choices = draft->input->choices;
    for (uint32_t unit = 0; unit < draft->unit_count; unit++) {
        struct draft_unit *u = &draft->units[unit];
        if (u->unprotected) {
            continue;
        }
        u->target = view_present(u->component->restore_target_text) ? u->component->restore_target
                                                                    : TARGET_ORIGINAL;
        u->target_text = u->target == TARGET_UNKNOWN ? u->component->restore_target_text
                                                     : view_of(vss_target_text(u->target));
        u->involve_writer = choices->private_dir == NULL &&
                            (u->wmd == NULL || (u->wmd->method != METHOD_CUSTOM &&
                                                u->wmd->writer_restore != WRITER_RESTORE_NEVER));
        check_scope(draft, unit);
        following_check(draft, unit);
        check_veto(draft, unit);
    }
    following_check_parent(draft);
    if (choices->private_dir != NULL && choices->restore_target_count > 0) {
        draft_warn(draft, "rule 6.2: --restore-target has no influence on a private restore");
    }
    for (uint32_t i = 0; i < choices->restore_target_count; i++) {
        const vsr_code code = target_of_caller(draft, choices->restore_targets[i], error);
        if (code != VSR_OK) {
            return code;
        }
    }
    return restore_options_take(draft, error);
}
