/* plan_check.c - what a plan file may not say. A plan that passes leads nowhere outside its
 * roots and makes no later index run out of its array. Whether it is right is not asked. */
#include "plan/plan_check.h"

#include "base/limits.h"
#include "plan/coverage.h"
#include "plan/plan_build.h"

struct check {
    const struct plan *plan;
    vsr_error *error;
};

static vsr_code fault(const struct check *check, const char *array, uint32_t number,
                      const char *what)
{
    return err_set(check->error, VSR_ERR_RUN_FOREIGN, "plan/check", "the plan's %s %u: %s", array,
                   number, what);
}

static bool text_inside(const struct plan *plan, struct plan_text text)
{
    return text.offset == MARK_NONE ? text.bytes == 0
                                    : (uint64_t)text.offset + text.bytes <= plan->text_bytes;
}

/* A name that can be given to the system as one element below a directory. */
static bool name_is_element(struct view name)
{
    return name.n > 0 && name.n <= WIN_NAME_BYTES_MAX && view_find(name, '/') == name.n &&
           view_find(name, '\0') == name.n && !view_equal(name, VIEW(".")) &&
           !view_equal(name, VIEW(".."));
}

static vsr_code check_texts(const struct check *check, const char *array,
                            const struct plan_text *texts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!text_inside(check->plan, texts[i]) || texts[i].offset == MARK_NONE) {
            return fault(check, array, i, "its text lies outside");
        }
    }
    return VSR_OK;
}

static vsr_code check_roots(const struct check *check)
{
    const struct plan *plan = check->plan;
    for (uint32_t i = 0; i < plan->root_count; i++) {
        const struct plan_root *root = &plan->roots[i];
        if (!text_inside(plan, root->spec) || !text_inside(plan, root->dir) ||
            plan_text(plan, root->dir).n == 0 || root->from_root_option > 1) {
            return fault(check, "volume", i, "it names no directory");
        }
        if (view_find(plan_text(plan, root->dir), '\0') != root->dir.bytes) {
            return fault(check, "volume", i, "its directory holds a NUL");
        }
    }
    return VSR_OK;
}

static vsr_code check_directories(const struct check *check)
{
    const struct plan *plan = check->plan;
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        const struct plan_directory *d = &plan->directories[i];
        if (d->root >= plan->root_count || d->unit >= plan->unit_count || d->make > 1 ||
            !text_inside(plan, d->name)) {
            return fault(check, "directory", i, "a number in it is out of bounds");
        }
        if (d->parent == MARK_NONE) {
            continue;
        }
        if (d->parent >= i || plan->directories[d->parent].root != d->root ||
            plan->directories[d->parent].make > d->make) {
            return fault(check, "directory", i, "its parent cannot be its parent");
        }
        if (!name_is_element(plan_text(plan, d->name))) {
            return fault(check, "directory", i, "its name is none");
        }
    }
    return VSR_OK;
}

static vsr_code check_ranges(const struct check *check)
{
    for (uint32_t i = 0; i < check->plan->range_count; i++) {
        const struct plan_range *range = &check->plan->ranges[i];
        if (range->length > FILE_BYTES_MAX || range->source > FILE_BYTES_MAX - range->length ||
            range->dest > FILE_BYTES_MAX - range->length) {
            return fault(check, "range", i, "it ends beyond what a file can hold");
        }
    }
    return VSR_OK;
}

static bool kind_has_ranges(uint8_t kind)
{
    return kind == KIND_PARTIAL || kind == KIND_DIRECTED;
}

/* Of a partial or directed record: what its ranges and destination may not be. */
static const char *ranges_fault(const struct plan *plan, uint32_t number)
{
    const struct plan_file *f = &plan->files[number];
    uint64_t bytes = 0;
    if (f->action != ACTION_WRITE_RANGES && f->action != ACTION_STAGE) {
        return "it has ranges that are not to be written";
    }
    if (f->kind == KIND_DIRECTED && f->name.offset == MARK_NONE) {
        return "its destination has no name";
    }
    if (f->kind == KIND_PARTIAL && f->present == 0) {
        return "its ranges have no base";
    }
    for (uint32_t i = 0; i < f->range_count; i++) {
        const struct plan_range *range = &plan->ranges[f->first_range + i];
        if (f->kind == KIND_PARTIAL && range->source != range->dest) {
            return "its ranges go to other offsets than their own";
        }
        if (__builtin_add_overflow(bytes, range->length, &bytes)) {
            return "its ranges' sum is impossible";
        }
    }
    return bytes == f->size ? NULL : "its ranges do not add up";
}

/* What a record may refer to: the first name of its file, or of its destination. */
static bool owner_is_right(const struct plan *plan, uint32_t number)
{
    const struct plan_file *f = &plan->files[number];
    if (f->kind == KIND_HARDLINK) {
        return f->link_owner < number && plan->files[f->link_owner].kind == KIND_PLAIN;
    }
    if (f->link_owner == MARK_NONE) {
        return true;
    }
    if (f->kind != KIND_DIRECTED || f->link_owner >= number) {
        return false;
    }
    const struct plan_file *first = &plan->files[f->link_owner];
    return first->kind == KIND_DIRECTED && first->link_owner == MARK_NONE &&
           first->unit == f->unit && first->directory == f->directory &&
           first->present == f->present && first->action == f->action &&
           view_equal(plan_text(plan, first->name), plan_text(plan, f->name));
}

/* Was it made for a tree in use? */
static bool plan_is_live(const struct plan *plan)
{
    for (uint32_t i = 0; i + 1 < plan->choice_count; i++) {
        if (view_equal(plan_text(plan, plan->choices[i]), VIEW("--tree"))) {
            return view_equal(plan_text(plan, plan->choices[i + 1]), VIEW("live"));
        }
    }
    return false;
}

static const char *file_fault(const struct plan *plan, uint32_t number)
{
    const struct plan_file *f = &plan->files[number];
    const bool directory = f->kind == KIND_DIRECTORY;
    if (f->kind > KIND_REPARSE || f->place > PLACE_PRIVATE || f->action > ACTION_NONE ||
        f->present > 1 || f->component >= plan->component_count ||
        f->directory >= plan->directory_count || f->size > FILE_BYTES_MAX ||
        !text_inside(plan, f->name)) {
        return "a number in it is out of bounds";
    }
    if (f->first_range > plan->range_count || f->range_count > plan->range_count - f->first_range) {
        return "its ranges lie outside";
    }
    if (f->name.offset != MARK_NONE && !name_is_element(plan_text(plan, f->name))) {
        return "its name is none";
    }
    if (!directory && f->entry == MARK_NONE) {
        return "it has no source";
    }
    const struct plan_directory *d = &plan->directories[f->directory];
    if (directory && (d->make == 0 || d->parent == MARK_NONE || d->unit != f->unit)) {
        return "its directory is not one to be made here";
    }
    if (!owner_is_right(plan, number)) {
        return "it links to what is no file before it";
    }
    if (f->action == ACTION_STAGE && !plan_is_live(plan)) {
        return "it waits for a reboot of a tree that is not in use"; /* ruling 4 */
    }
    if (f->action == ACTION_NONE && plan->units[f->unit].writer != MARK_NONE) {
        return "it is left alone, though a component needs it";
    }
    if (kind_has_ranges(f->kind)) {
        return ranges_fault(plan, number);
    }
    return f->range_count == 0 && f->action != ACTION_WRITE_RANGES
               ? NULL
               : "it has ranges and is no file of ranges";
}

static vsr_code check_unit_files(const struct check *check, uint32_t number)
{
    const struct plan *plan = check->plan;
    const struct plan_unit *unit = &plan->units[number];
    uint64_t bytes = 0;
    for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count; i++) {
        const char *what =
            plan->files[i].unit != number ? "it is another unit's" : file_fault(plan, i);
        if (what == NULL && __builtin_add_overflow(bytes, plan->files[i].size, &bytes)) {
            what = "its size is impossible";
        }
        if (what != NULL) {
            return fault(check, "file", i, what);
        }
    }
    return bytes == unit->bytes ? VSR_OK : fault(check, "unit", number, "its bytes do not add up");
}

static bool unit_texts_inside(const struct plan *plan, const struct plan_unit *u)
{
    return text_inside(plan, u->writer_name) && text_inside(plan, u->logical_path) &&
           text_inside(plan, u->component) && text_inside(plan, u->method_text) &&
           text_inside(plan, u->target_text) && text_inside(plan, u->rule) &&
           text_inside(plan, u->detail);
}

static const char *unit_fault(const struct plan *plan, const struct plan_unit *u)
{
    if (u->type > COMPONENT_UNKNOWN || u->method >= METHOD_COUNT || u->target >= TARGET_COUNT ||
        u->verdict > VERDICT_CUSTOM || u->refusal >= REFUSAL_COUNT || u->involve_writer > 1 ||
        u->partial_selection > 1 || u->reduced > 1 || u->additional_restores > FLAG_YES ||
        !unit_texts_inside(plan, u)) {
        return "a number in it is out of bounds";
    }
    if (u->first_subcomponent > plan->component_count ||
        u->subcomponent_count > plan->component_count - u->first_subcomponent ||
        u->first_shared > plan->shared_count ||
        u->shared_count > plan->shared_count - u->first_shared) {
        return "its lists lie outside";
    }
    if (u->refusal != REFUSAL_NONE && (u->file_count > 0 || u->shared_count > 0)) {
        return "it is refused and has files";
    }
    return NULL;
}

static vsr_code check_units(const struct check *check)
{
    const struct plan *plan = check->plan;
    uint32_t next_file = 0;
    uint32_t refused = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const struct plan_unit *u = &plan->units[i];
        const char *what = unit_fault(plan, u);
        if (what == NULL &&
            (u->first_file != next_file || u->file_count > plan->file_count - next_file)) {
            what = "its files do not follow those of the unit before";
        }
        if (what != NULL) {
            return fault(check, "unit", i, what);
        }
        const vsr_code code = check_unit_files(check, i);
        if (code != VSR_OK) {
            return code;
        }
        next_file += u->file_count;
        refused += u->refusal != REFUSAL_NONE ? 1u : 0u;
        if (__builtin_add_overflow(bytes, u->bytes, &bytes)) {
            return fault(check, "unit", i, "its bytes are impossible");
        }
    }
    if (next_file != plan->file_count || refused != plan->refused_units || bytes != plan->bytes) {
        return err_set(check->error, VSR_ERR_RUN_FOREIGN, "plan/check",
                       "the plan's sums do not add up");
    }
    return VSR_OK;
}

static vsr_code check_lists(const struct check *check)
{
    const struct plan *plan = check->plan;
    for (uint32_t i = 0; i < plan->used_mapping_count; i++) {
        const struct plan_used_mapping *m = &plan->used_mappings[i];
        if (m->unit >= plan->unit_count || m->recursive > 1 || !text_inside(plan, m->path) ||
            !text_inside(plan, m->filespec) || !text_inside(plan, m->alternate_path)) {
            return fault(check, "used mapping", i, "a number in it is out of bounds");
        }
    }
    for (uint32_t i = 0; i < plan->ranges_path_count; i++) {
        const struct plan_ranges_path *path = &plan->ranges_paths[i];
        if (path->unit >= plan->unit_count || !text_inside(plan, path->path) ||
            path->path.offset == MARK_NONE) {
            return fault(check, "ranges file's path", i, "a number in it is out of bounds");
        }
    }
    for (uint32_t i = 0; i < plan->to_do_count; i++) {
        if (plan->to_dos[i].unit >= plan->unit_count || !text_inside(plan, plan->to_dos[i].text)) {
            return fault(check, "action", i, "a number in it is out of bounds");
        }
    }
    for (uint32_t i = 0; i < plan->new_target_count; i++) {
        const struct plan_new_target *t = &plan->new_targets[i];
        if (t->unit >= plan->unit_count || t->recursive > 1 || !text_inside(plan, t->path) ||
            !text_inside(plan, t->filespec) || !text_inside(plan, t->alternate_path)) {
            return fault(check, "new target", i, "a number in it is out of bounds");
        }
    }
    for (uint32_t i = 0; i < plan->restore_option_count; i++) {
        const struct plan_restore_options *options = &plan->restore_options[i];
        if (options->unit >= plan->unit_count || !text_inside(plan, options->text)) {
            return fault(check, "restore options", i, "a number in them is out of bounds");
        }
    }
    for (uint32_t i = 0; i < plan->shared_count; i++) {
        const struct plan_shared *s = &plan->shared[i];
        if (s->unit >= plan->unit_count || s->file >= plan->units[s->unit].first_file) {
            return fault(check, "shared file", i, "it is no earlier unit's");
        }
    }
    return VSR_OK;
}

vsr_code plan_check(const struct plan *plan, vsr_error *error)
{
    const struct check check = {plan, error};
    const struct plan_text *names = (const struct plan_text *)plan->components;
    vsr_code code = check_texts(&check, "component", names, plan->component_count);
    if (code == VSR_OK) {
        code = check_texts(&check, "warning", plan->warnings, plan->warning_count);
    }
    if (code == VSR_OK) {
        code = check_texts(&check, "option", plan->choices, plan->choice_count);
    }
    if (code == VSR_OK &&
        (!text_inside(plan, plan->set_path) ||
         view_find(plan_text(plan, plan->set_path), '\0') != plan_text(plan, plan->set_path).n)) {
        code = err_set(error, VSR_ERR_RUN_FOREIGN, "plan/check", "the plan's set has no path");
    }
    if (code == VSR_OK) {
        code = check_roots(&check);
    }
    if (code == VSR_OK) {
        code = check_directories(&check);
    }
    if (code == VSR_OK) {
        code = check_ranges(&check);
    }
    if (code == VSR_OK) {
        code = check_units(&check);
    }
    return code == VSR_OK ? check_lists(&check) : code;
}

/* --- against the set --- */

/* Names of one file on the media: then one's data are the other's. */
static bool link_is_right(const struct plan *plan, const struct media_index *index,
                          const struct plan_file *f)
{
    const uint32_t owner = plan->files[f->link_owner].entry; /* checked: it stands before f */
    return index->entries[f->entry].link_group != MARK_NONE &&
           index->entries[f->entry].link_group == index->entries[owner].link_group;
}

static const char *entry_fault(const struct plan *plan, const struct media_index *index,
                               const struct plan_file *f)
{
    if (f->entry == MARK_NONE) {
        return NULL;
    }
    if (f->entry >= index->entry_count) {
        return "its source is not in the set";
    }
    const struct index_entry *e = &index->entries[f->entry];
    const uint8_t want = f->kind == KIND_DIRECTORY ? INDEX_DIRECTORY
                         : f->kind == KIND_REPARSE ? INDEX_SYMLINK
                                                   : INDEX_FILE;
    if (e->kind != want) {
        return "its source is of another kind";
    }
    const bool whole = f->kind == KIND_PLAIN || f->kind == KIND_RANGES_FILE;
    if (whole && (e->flags & INDEX_PARTIAL) != 0) {
        return "its source holds ranges only";
    }
    if (whole && f->action != ACTION_NONE &&
        f->size != index->entries[coverage_data_entry(index, f->entry)].size) {
        return "its source has another size";
    }
    if (f->kind == KIND_HARDLINK && !link_is_right(plan, index, f)) {
        return "its source is no further name of the file that it is linked to";
    }
    return NULL;
}

/* Are the source's ranges on the media? */
static const char *source_fault(const struct plan *plan, const struct media_index *index,
                                const struct plan_file *f, struct coverage *coverage)
{
    if (!kind_has_ranges(f->kind)) {
        return NULL;
    }
    coverage_of(coverage, index, f->entry);
    for (uint32_t i = 0; i < f->range_count; i++) {
        const struct plan_range *range = &plan->ranges[f->first_range + i];
        if (!coverage_holds(coverage, range->source, range->length)) {
            return "its ranges are not on the media";
        }
    }
    return NULL;
}

static vsr_code check_sources(const struct check *check, const struct media_index *index)
{
    struct coverage coverage = COVERAGE_NONE;
    vsr_code code = VSR_OK;
    for (uint32_t i = 0; i < check->plan->file_count && code == VSR_OK; i++) {
        const struct plan_file *f = &check->plan->files[i];
        const char *what = entry_fault(check->plan, index, f);
        what = what == NULL ? source_fault(check->plan, index, f, &coverage) : what;
        code = what == NULL ? VSR_OK : fault(check, "file", i, what);
    }
    coverage_free(&coverage);
    return code;
}

/* same: the set, or the plan with media of its own, has the identity of the plan's. */
static vsr_code media_fault(const struct media_set *set, bool same, vsr_error *error)
{
    if (set->foreign == NULL) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, "plan/check",
                       "the plan was made for another set than the one at %.*s",
                       VIEW_ARG(set->path));
    }
    return err_set(error, VSR_ERR_RUN_FOREIGN, "plan/check",
                   same ? "a stored file that %.*s names has another size or modify time than at "
                          "first, or is gone: put it back, or run the plan anew"
                        : "%.*s is another plan than at first: put that one back, or run this one "
                          "anew",
                   VIEW_ARG(set->path));
}

vsr_code plan_check_set(const struct plan *plan, const struct media_set *set, vsr_error *error)
{
    uint8_t documents[16];
    plan_documents_digest(set, documents);
    const bool same = uuid_equal(&plan->set_uuid, &set->description.uuid);
    if (!same || memcmp(plan->index_xxh3, set->description.index.xxh3_128, 16) != 0 ||
        memcmp(plan->documents_xxh3, documents, sizeof documents) != 0) {
        return media_fault(set, same, error);
    }
    const struct check check = {plan, error};
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        const uint32_t entry = plan->directories[i].entry;
        if (entry != MARK_NONE && (entry >= set->index.entry_count ||
                                   set->index.entries[entry].kind != INDEX_DIRECTORY)) {
            return fault(&check, "directory", i, "its source is no directory of the set");
        }
    }
    return check_sources(&check, &set->index);
}
