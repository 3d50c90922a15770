/* plan.c - making a plan: the steps in their order, and nothing else.
 *
 * select -> sets -> files -> mappings -> places -> collisions -> records.
 * Pure but for the questions that places.c asks through plan_facts, and named_ranges.c through
 * plan_contents. */
#include "plan/plan.h"

#include "base/heap.h"
#include "media/part.h"
#include "plan/collide.h"
#include "plan/expand.h"
#include "plan/following.h"
#include "plan/foreign_take.h"
#include "plan/locate.h"
#include "plan/named.h"
#include "plan/order.h"
#include "plan/plan_build.h"
#include "plan/settle.h"
#include "plan/unprotected.h"

/* --- units --- */

static void units_load(struct draft *draft)
{
    const struct documents *documents = draft->input->documents;
    draft->unit_count = draft->selection.scope_count;
    draft->units = ARENA_ARRAY(&draft->arena, struct draft_unit, draft->unit_count + 1u);
    for (uint32_t i = 0; i < draft->unit_count; i++) {
        const struct scope *scope = &draft->selection.scopes[i];
        const struct bcd_writer *writer = &documents->bcd.writers[scope->writer];
        draft->units[i] =
            (struct draft_unit){.scope = scope,
                                .component = &writer->components[scope->bcd_component],
                                .wmd =
                                    scope->wmd != MARK_NONE ? &documents->wmds[scope->wmd] : NULL,
                                .verdict = VERDICT_REFUSED};
    }
    if (unprotected_wanted(draft->input)) {
        unprotected_add_unit(draft);
    }
    for (uint32_t i = 0; i < draft->selection.warning_count; i++) {
        draft_warn(draft, "%.*s", VIEW_ARG(draft->selection.warnings[i]));
    }
}

/* What is planned, and of which files: selected by the documents, or said by a front end. */
static vsr_code draft_choose(struct draft *draft, vsr_error *error)
{
    const struct plan_input *input = draft->input;
    const bool foreign = foreign_is_input(input);
    vsr_code code = foreign ? VSR_OK
                            : select_components(&draft->arena, input->documents, input->choices,
                                                &draft->selection, error);
    if (code == VSR_OK) {
        code = roots_init(&draft->roots, &draft->arena, &draft->canon, input, error);
    }
    if (code == VSR_OK && foreign) {
        foreign_add_units(draft);
        foreign_add_files(draft);
        return VSR_OK;
    }
    if (code == VSR_OK) {
        units_load(draft);
        code = settle_documents(draft, error);
    }
    if (code == VSR_OK) {
        expand_sets(draft);
        code = expand_files(draft, error);
    }
    return code;
}

static vsr_code draft_make(struct draft *draft, vsr_error *error)
{
    const struct plan_input *input = draft->input;
    vsr_code code =
        canon_init(&draft->canon, &draft->arena, &input->set->description, input->choices, error);
    if (code == VSR_OK) {
        code = draft_choose(draft, error);
    }
    if (code == VSR_OK) {
        named_resolve(draft);
        code = locate_sets(draft, error);
    }
    if (code == VSR_OK) {
        named_check_targets(draft);
        trace_mappings(draft);
    }
    if (code == VSR_OK) {
        code = places_init(&draft->places, &draft->arena, &draft->roots, input, error);
    }
    if (code == VSR_OK) {
        code = settle_places(draft, error);
    }
    if (code == VSR_OK) {
        code = following_check_roots(draft, error);
    }
    if (code == VSR_OK) {
        collide_files(draft);
    }
    return code;
}

/* --- what binds a plan to its set and call --- */

void plan_documents_digest(const struct media_set *set, uint8_t out[16])
{
    struct buffer hashes = {0};
    for (uint32_t i = 0; i < set->description.document_count; i++) {
        buffer_add(&hashes, set->description.documents[i].xxh3_128, 16);
    }
    const struct view all = buffer_view(&hashes);
    part_hash_bytes(all.p, all.n, out);
    buffer_free(&hashes);
}

static void add_choice(struct plan_build *build, const char *option, struct view value)
{
    struct plan_text text = plan_build_text(build, view_of(option));
    *plan_build_add_choice(build) = text;
    if (view_present(value)) {
        text = plan_build_text(build, value);
        *plan_build_add_choice(build) = text;
    }
}

static void add_choices(struct plan_build *build, const char *option, const char *const *values,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        add_choice(build, option, view_of(values[i]));
    }
}

static void add_flag(struct plan_build *build, const char *option, bool given)
{
    if (given) {
        add_choice(build, option, VIEW_NONE);
    }
}

static void build_choices(struct plan_build *build, const struct plan_choices *c)
{
    static const char *const dependencies[] = {"auto", "refuse", "ignore"};
    static const char *const in_use[] = {"strict", "lease", "ignore"};
    static const char *const overwrite[] = {"never", "if-newer", "always"};
    add_choices(build, "--component", c->components, c->component_count);
    add_choices(build, "--exclude-component", c->exclude_components, c->exclude_component_count);
    add_choices(build, "--file", c->files, c->file_count);
    add_choice(build, "--with-dependencies", view_of(dependencies[c->with_dependencies]));
    add_flag(build, "--widen", c->widen);
    add_flag(build, "--force-mandatory", c->force_mandatory);
    add_flag(build, "--force-failed-backup", c->force_failed_backup);
    add_choices(build, "--private", &c->private_dir, c->private_dir != NULL ? 1 : 0);
    add_choices(build, "--volume", c->volumes, c->volume_count);
    add_choices(build, "--root", &c->root, c->root != NULL ? 1 : 0);
    add_choices(build, "--env", c->environment, c->environment_count);
    add_choices(build, "--new-target", c->new_targets, c->new_target_count);
    add_choices(build, "--restore-target", c->restore_targets, c->restore_target_count);
    add_choices(build, "--restore-options", c->restore_options, c->restore_option_count);
    add_flag(build, "--service-command", c->services);
    if (c->additional_restores >= 0) {
        add_choice(build, "--additional-restores",
                   c->additional_restores > 0 ? VIEW("yes") : VIEW("no"));
    }
    add_choice(build, "--alm-overwrite", c->alm_overwrite_never ? VIEW("never") : VIEW("default"));
    add_choice(build, "--tree", c->tree == TREE_LIVE ? VIEW("live") : VIEW("offline"));
    add_choice(build, "--in-use", view_of(in_use[c->in_use]));
    add_flag(build, "--unprotected", c->unprotected);
    add_choice(build, "--overwrite", view_of(overwrite[c->overwrite]));
    add_choices(build, "--files-not-to-backup", c->not_to_backup, c->not_to_backup_count);
    add_flag(build, "--cross-mounts", c->cross_mounts);
    add_flag(build, "--in-place", c->in_place);
    add_choices(build, "--after", c->after, c->after_count);
    add_flag(build, "--no-component", c->no_component);
}

static void build_rest(struct draft *draft, struct plan_build *build)
{
    for (uint32_t i = 0; i < draft->roots.count; i++) {
        const struct plan_mapped_root *mapped = &draft->roots.list[i];
        struct plan_root *root = plan_build_add_root(build);
        root->spec = plan_build_text(build, mapped->spec);
        root->dir = plan_build_text(build, mapped->dir);
        root->from_root_option = mapped->from_root_option ? 1 : 0;
    }
    build_choices(build, draft->input->choices);
    for (uint32_t i = 0; i < draft->warning_count; i++) {
        const struct plan_text text = plan_build_text(build, draft->warnings[i]);
        *plan_build_add_warning(build) = text;
    }
}

vsr_code draft_plan(struct plan **out, const struct plan_input *input, struct trace *trace,
                    draft_look *look, void *context, vsr_error *error)
{
    struct draft draft = {.input = input, .index = &input->set->index, .trace = trace};
    vsr_code code = draft_make(&draft, error);
    if (code != VSR_OK) {
        draft_fini(&draft);
        return code;
    }
    if (look != NULL) {
        look(context, &draft);
    }
    struct plan_build build = {0};
    order_plan(&draft, &build);
    build_rest(&draft, &build);
    const struct plan_text set_path = plan_build_text(&build, set_folder(input->set));
    draft_fini(&draft);
    code = plan_build_end(&build, out, error);
    if (code != VSR_OK) {
        /* GCOVR_EXCL_START: no test has 2^32 files */
        plan_build_free(&build);
        return code;
        /* GCOVR_EXCL_STOP */
    }
    struct plan *plan = *out;
    plan->set_path = set_path;
    plan->set_uuid = input->set->description.uuid;
    memcpy(plan->index_xxh3, input->set->description.index.xxh3_128, sizeof plan->index_xxh3);
    plan_documents_digest(input->set, plan->documents_xxh3);
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        plan->refused_units += plan->units[i].refusal != REFUSAL_NONE ? 1u : 0u;
        plan->bytes += plan->units[i].bytes; /* a refused unit has none */
    }
    return VSR_OK;
}

vsr_code plan_create(struct plan **out, const struct plan_input *input, vsr_error *error)
{
    return draft_plan(out, input, NULL, NULL, NULL, error);
}
