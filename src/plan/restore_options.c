/* restore_options.c - from 'WRITER:FULL\NAME=text' to the unit whose writer is told.
 *
 * The text is opaque: carried verbatim, looked at only to warn of what is none of the published
 * form. It decides nothing. */
#include "plan/restore_options.h"

#include "vss/xml_value.h"

/* The part between two double quotes at the start of *text, which moves behind it. */
static bool quoted_skip(struct view *text)
{
    if (text->n == 0 || text->p[0] != '"') {
        return false;
    }
    const struct view inside = view_skip(*text, 1);
    const size_t end = view_find(inside, '"');
    if (end == inside.n) {
        return false;
    }
    *text = view_skip(inside, end + 1);
    return true;
}

static bool char_skip(struct view *text, char c)
{
    if (text->n == 0 || text->p[0] != c) {
        return false;
    }
    *text = view_skip(*text, 1);
    return true;
}

bool restore_options_is_list(struct view text)
{
    do {
        while (char_skip(&text, ' ') || char_skip(&text, '\t')) {
        }
        if (!quoted_skip(&text)) {
            return false;
        }
        if (char_skip(&text, ':') && !quoted_skip(&text)) {
            return false;
        }
        if (!char_skip(&text, '=') || !quoted_skip(&text)) {
            return false;
        }
    } while (char_skip(&text, ','));
    return text.n == 0;
}

static vsr_code option_take(struct draft *draft, const char *option, vsr_error *error)
{
    struct component_ref ref;
    struct view text = VIEW_NONE;
    const vsr_code code =
        choice_resolve(draft->input->documents, view_of(option), '=', &ref, &text, error);
    if (code != VSR_OK) {
        return code;
    }
    if (!view_present(text) || (ref.component == MARK_NONE && ref.bcd_component == MARK_NONE)) {
        return err_set(error, VSR_ERR_SELECTION, "plan/restore_options",
                       "--restore-options '%s' is not of the form WRITER:FULL\\NAME=text", option);
    }
    if (xml_value_length(text) != text.n) { /* said now, not when the document is written */
        return err_set(
            error, VSR_ERR_SELECTION, "plan/restore_options",
            "--restore-options '%s': byte %zu of the text is nothing that a document can "
            "hold",
            option, xml_value_length(text));
    }
    const uint32_t unit = draft_unit_of(draft, &ref);
    draft_warn_folded(draft, "--restore-options", option, &ref);
    if (unit == MARK_NONE) {
        draft_warn(draft, "--restore-options '%s': that component is not among those restored",
                   option);
        return VSR_OK;
    }
    struct draft_unit *u = &draft->units[unit];
    if (ref.component != MARK_NONE && ref.component != u->scope->root) {
        return err_set(error, VSR_ERR_SELECTION, "plan/restore_options",
                       "--restore-options '%s': options are told for the component that was backed "
                       "up explicitly, %.*s (rule 2.4)",
                       option, VIEW_ARG(draft_unit_text(draft, unit)));
    }
    if (view_present(u->restore_options)) {
        return err_set(error, VSR_ERR_SELECTION, "plan/restore_options",
                       "--restore-options '%s': the component has options already (rule 2.4)",
                       option);
    }
    if (!restore_options_is_list(text)) {
        draft_warn(
            draft,
            "the restore options of %.*s are no list of \"name\"=\"value\" (rule 10.16); they "
            "are handed on as they stand",
            VIEW_ARG(draft_unit_text(draft, unit)));
    }
    u->restore_options = text;
    return VSR_OK;
}

vsr_code restore_options_take(struct draft *draft, vsr_error *error)
{
    const struct plan_choices *choices = draft->input->choices;
    if (choices->restore_option_count > 0 && choices->private_dir != NULL) {
        return err_set(error, VSR_ERR_SELECTION, "plan/restore_options",
                       "--restore-options cannot be given with --private: no writer is told "
                       "(rule 6.2)");
    }
    for (uint32_t i = 0; i < choices->restore_option_count; i++) {
        const vsr_code code = option_take(draft, choices->restore_options[i], error);
        if (code != VSR_OK) {
            return code;
        }
    }
    return VSR_OK;
}
