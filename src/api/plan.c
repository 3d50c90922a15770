/* plan.c - plans behind the public handles: create, load, save, show, verify. */
#include "api/objects.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "plan/adopt.h"
#include "plan/foreign_take.h"
#include "plan/plan_lines.h"
#include "plan/plan_render.h"
#include "plan/stale.h"
#include "run/foreign_set.h"
#include "run/planned_place.h"
#include "run/verify_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static enum with_dependencies dependencies_of(vsr_dependencies given)
{
    return given == VSR_DEPENDENCIES_REFUSE   ? DEPENDENCIES_REFUSE
           : given == VSR_DEPENDENCIES_IGNORE ? DEPENDENCIES_IGNORE
                                              : DEPENDENCIES_AUTO;
}

static enum in_use in_use_of(vsr_in_use given)
{
    return given == VSR_IN_USE_LEASE    ? IN_USE_LEASE
           : given == VSR_IN_USE_IGNORE ? IN_USE_IGNORE
                                        : IN_USE_STRICT;
}

static int additional_of(vsr_additional_restores given)
{
    return given == VSR_ADDITIONAL_RESTORES_YES ? 1 : given == VSR_ADDITIONAL_RESTORES_NO ? 0 : -1;
}

static struct plan_choices choices_of(const vsr_choices *given)
{
    return (struct plan_choices){
        .components = given->components,
        .component_count = (uint32_t)given->component_count,
        .exclude_components = given->exclude_components,
        .exclude_component_count = (uint32_t)given->exclude_component_count,
        .files = given->files,
        .file_count = (uint32_t)given->file_count,
        .with_dependencies = dependencies_of(given->dependencies),
        .widen = given->widen != 0,
        .force_mandatory = given->force_mandatory != 0,
        .force_failed_backup = given->force_failed_backup != 0,
        .private_dir = given->private_dir,
        .volumes = given->volumes,
        .volume_count = (uint32_t)given->volume_count,
        .root = given->root,
        .environment = given->environment,
        .environment_count = (uint32_t)given->environment_count,
        .new_targets = given->new_targets,
        .new_target_count = (uint32_t)given->new_target_count,
        .restore_targets = given->restore_targets,
        .restore_target_count = (uint32_t)given->restore_target_count,
        .restore_options = given->restore_options,
        .restore_option_count = (uint32_t)given->restore_option_count,
        .services = given->services != 0,
        .additional_restores = additional_of(given->additional_restores),
        .after = given->after,
        .after_count = (uint32_t)given->after_count,
        .alm_overwrite_never = given->mapping_overwrite_never != 0,
        .tree = given->live_tree != 0 ? TREE_LIVE : TREE_OFFLINE,
        .in_use = in_use_of(given->in_use),
        .unprotected = given->unprotected != 0,
        .overwrite = (enum overwrite)given->overwrite,
        .cross_mounts = given->cross_mounts != 0,
        .in_place = given->in_place != 0,
    };
}

/* "dir" from the root of the file system: a saved plan is run from another folder, too. */
static const char *dir_absolute(struct arena *arena, const char *dir)
{
    char here[4096];
    if (dir == NULL || dir[0] == '/' || dir[0] == '\0' || getcwd(here, sizeof here) == NULL) {
        return dir;
    }
    return arena_printf(arena, "%s/%s", here, dir).p;
}

/* The places of *choices with absolute folders. "SPEC=DIR" is parted at its first '='. */
static void places_absolute(struct arena *arena, struct plan_choices *choices)
{
    const char **volumes = ARENA_ARRAY(arena, const char *, choices->volume_count);
    for (uint32_t i = 0; i < choices->volume_count; i++) {
        const char *equals = strchr(choices->volumes[i], '=');
        volumes[i] = choices->volumes[i];
        if (equals != NULL && equals[1] != '/') {
            volumes[i] = arena_printf(arena, "%.*s=%s", (int)(equals - volumes[i]), volumes[i],
                                      dir_absolute(arena, equals + 1))
                             .p;
        }
    }
    choices->volumes = volumes;
    choices->root = dir_absolute(arena, choices->root);
    choices->private_dir = dir_absolute(arena, choices->private_dir);
    const char **after = ARENA_ARRAY(arena, const char *, choices->after_count);
    for (uint32_t i = 0; i < choices->after_count; i++) {
        after[i] = dir_absolute(arena, choices->after[i]);
    }
    choices->after = after;
}

/* The lines of the operator's list, cut at their ends. */
static vsr_code not_to_backup_read(struct arena *arena, const char *path,
                                   struct plan_choices *choices, vsr_error *error)
{
    struct buffer text = {0};
    vsr_code rc = path == NULL ? VSR_OK
                               : io_read_file(AT_FDCWD, path, NOT_TO_BACKUP_BYTES_MAX, &text,
                                              VSR_ERR_SELECTION, error);
    uint32_t lines = 0;
    for (size_t i = 0; i < text.n; i++) {
        lines += text.p[i] == '\n' ? 1u : 0u;
    }
    const char **list = ARENA_ARRAY(arena, const char *, lines + 1u);
    struct view rest = buffer_view(&text);
    while (rc == VSR_OK && rest.n > 0) {
        const struct view line = {rest.p, view_find(rest, '\n')};
        list[choices->not_to_backup_count++] = arena_copy(arena, line).p;
        rest = view_skip(rest, line.n < rest.n ? line.n + 1 : line.n);
    }
    choices->not_to_backup = list;
    buffer_free(&text);
    return rc;
}

vsr_code choices_take(struct arena *arena, const vsr_choices *given, struct plan_choices *out,
                      vsr_error *error)
{
    if ((given->root != NULL && given->root[0] == '\0') ||
        (given->private_dir != NULL && given->private_dir[0] == '\0')) {
        return err_set(error, VSR_ERR_SELECTION, "api/plan",
                       "--root and --private want a folder; an empty one is no place");
    }
    *out = choices_of(given);
    places_absolute(arena, out);
    return not_to_backup_read(arena, given->files_not_to_backup, out, error);
}

vsr_code choices_take_all(struct arena *arena, const vsr_choices *choices,
                          const struct vsr_set *set, struct plan_choices *out,
                          struct plan_step *step, vsr_error *error)
{
    vsr_choices mine;
    *step = (struct plan_step){.registry = pending_registry_of(NULL)};
    vsr_code rc = set_needs_documents(set, error);
    if (rc == VSR_OK) {
        rc = options_take(&mine, sizeof mine, choices, "vsr_choices", error);
    }
    if (rc == VSR_OK) {
        rc = choices_take(arena, &mine, out, error);
    }
    if (rc == VSR_OK && mine.chain != NULL && mine.chain->count > 1) {
        step->chain = &mine.chain->chain;
        step->number = (uint32_t)mine.chain_step;
        step->file_hits = mine.chain->look_only /* else vsr_chain_check() has asked */
                              ? NULL
                              : ARENA_ARRAY(arena, bool, out->file_count);
        rc = chain_step_choices(arena, mine.chain, step->number, set, out, error);
    }
    return rc;
}

vsr_code vsr_plan_create(vsr_plan **plan, const vsr_set *set, const vsr_choices *choices,
                         vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices inner;
    struct vsr_plan made = {.set = set};
    struct plan_step step;
    *plan = NULL;
    vsr_code rc = choices_take_all(&arena, choices, set, &inner, &step, error);
    if (rc == VSR_OK) {
        rc = plan_now(&made.plan, &set->media, &set->documents, &inner, &step, error);
    }
    if (rc == VSR_OK) {
        *plan = heap_alloc(1, sizeof **plan);
        **plan = made;
    }
    arena_free(&arena);
    return rc;
}

/* A plan of another front end says what goes where, not what stands there: that is asked now, and
 * the answers make the plan that is run. */
static vsr_code plan_ask_foreign(struct vsr_plan *loaded, vsr_error *error)
{
    const struct media_set *set = &loaded->set->media;
    const struct plan_choices choices = foreign_choices(set);
    const struct plan_step step = {.registry = pending_registry_of(NULL)};
    struct plan *now = NULL;
    const vsr_code rc = plan_now(&now, set, &loaded->set->documents, &choices, &step, error);
    if (rc == VSR_OK) {
        plan_free(loaded->plan);
        loaded->plan = now;
        loaded->unasked = false;
    }
    return rc;
}

/* Every question asked again: units whose answers differ are refused (contract, section 4). */
static vsr_code plan_ask_again(struct vsr_plan *loaded, vsr_error *error)
{
    struct plan *now = NULL;
    enum refusal *refusals = heap_alloc(loaded->plan->unit_count, sizeof *refusals);
    uint32_t stale = 0;
    const struct plan_step step = {.registry = pending_registry_of(NULL)};
    const vsr_code rc = plan_now_stale(loaded->plan, &loaded->set->media, &loaded->set->documents,
                                       &step, refusals, &now, error);
    if (rc != VSR_OK) {
        free(refusals);
        return rc;
    }
    for (uint32_t u = 0; u < loaded->plan->unit_count; u++) {
        stale += refusals[u] != REFUSAL_NONE;
    }
    if (loaded->from_lines && stale == 0 && plan_stale_is_same(loaded->plan, now)) {
        struct plan *lines = loaded->plan;
        loaded->plan = now;
        loaded->from_lines = false; /* and says all that a plan of ours does */
        now = lines;
    } else if (loaded->from_lines) {
        plan_adopt(loaded->plan, now, refusals);
    }
    loaded->refusals = refusals;
    plan_free(now);
    return VSR_OK;
}

/* Of either form: its first bytes tell which (contract, section 4). */
static vsr_code plan_load_any(struct vsr_plan *loaded, const char *path, vsr_error *error)
{
    bool binary = false;
    struct view bytes = VIEW_NONE;
    vsr_code rc = plan_is_binary(path, &binary, error);
    if (rc != VSR_OK || binary) {
        return rc != VSR_OK ? rc : plan_load(&loaded->plan, path, error);
    }
    if (loaded->set->media.foreign != NULL) {
        return foreign_set_plan(&loaded->plan, &loaded->set->media, &loaded->set->documents, path,
                                error);
    }
    loaded->from_lines = true;
    rc = plan_file_map(path, &bytes, error);
    if (rc == VSR_OK) {
        rc = plan_read_lines(&loaded->plan, bytes, path, &loaded->set->media,
                             &loaded->set->documents, error);
        plan_file_unmap(bytes);
    }
    return rc;
}

vsr_code vsr_plan_load(vsr_plan **plan, const vsr_set *set, const char *path, vsr_error *error)
{
    struct vsr_plan loaded = {.set = set, .unasked = set->media.foreign != NULL};
    *plan = NULL;
    vsr_code rc = plan_load_any(&loaded, path, error);
    if (rc == VSR_OK) {
        rc = plan_check_set(loaded.plan, &set->media, error);
        if (rc != VSR_OK) {
            plan_free(loaded.plan);
            return rc;
        }
        *plan = heap_alloc(1, sizeof **plan);
        **plan = loaded;
    }
    return rc;
}

vsr_code vsr_plan_refresh(vsr_plan *plan, vsr_error *error)
{
    free(plan->refusals);
    plan->refusals = NULL;
    return plan->set->media.foreign != NULL ? plan_ask_foreign(plan, error)
                                            : plan_ask_again(plan, error);
}

static vsr_code set_path_read(const char *path, struct buffer *out, vsr_error *error)
{
    bool binary = false;
    struct plan *plan = NULL;
    struct view bytes = VIEW_NONE;
    vsr_code rc = plan_is_binary(path, &binary, error);
    if (rc == VSR_OK && binary) {
        rc = plan_load(&plan, path, error);
        if (rc == VSR_OK) {
            buffer_add_view(out, plan_text(plan, plan->set_path));
            plan_free(plan);
        }
    } else if (rc == VSR_OK && foreign_set_is_one(path)) {
        buffer_add_view(out, view_of(path));
    } else if (rc == VSR_OK) {
        rc = plan_file_map(path, &bytes, error);
        if (rc == VSR_OK) {
            rc = plan_read_set_path(bytes, path, out, error);
            plan_file_unmap(bytes);
        }
    }
    return rc;
}

vsr_code vsr_plan_set_path(const char *path, char *out, size_t out_bytes, vsr_error *error)
{
    struct buffer set_path = {0};
    vsr_code rc = set_path_read(path, &set_path, error);
    if (rc == VSR_OK && set_path.n == 0) {
        rc = err_set(error, VSR_ERR_USAGE, "api/plan",
                     "the set of the plan in %s is in no folder: who made the plan read it by "
                     "functions, and runs it by vsr_plan_load()",
                     path);
    } else if (rc == VSR_OK && set_path.n >= out_bytes) {
        rc = err_set(error, VSR_ERR_USAGE, "api/plan", "the set's path in %s is too long", path);
    } else if (rc == VSR_OK) {
        memcpy(out, buffer_view(&set_path).p, set_path.n);
        out[set_path.n] = '\0';
    }
    buffer_free(&set_path);
    return rc;
}

struct plan_sink {
    vsr_sink sink;
    void *context;
};

static vsr_code plan_sink_take(void *context, const void *bytes, size_t count, vsr_error *error)
{
    const struct plan_sink *to = context;
    return sink_give(to->sink, to->context, (struct view){bytes, count}, error);
}

vsr_code vsr_plan_write(const vsr_plan *plan, vsr_sink sink, void *context, vsr_error *error)
{
    struct plan_sink to = {sink, context};
    return plan_write(plan->plan, plan_sink_take, &to, error);
}

vsr_code vsr_plan_save(const vsr_plan *plan, const char *path, vsr_error *error)
{
    OWN(fd) folder_fd = -1;
    const char *name = NULL;
    vsr_code rc = io_open_folder_of(path, &folder_fd, &name, error);
    if (rc == VSR_OK && io_folder_is_below(folder_fd, plan->set->media.dir_fd)) {
        rc = err_set(error, VSR_ERR_SELECTION, "api/plan",
                     "the plan cannot be written to %s: that is in the backup set, of which "
                     "nothing is ever changed",
                     path);
    }
    if (rc == VSR_OK) {
        rc = io_check_replaceable(folder_fd, name, VSR_ERR_SELECTION, error);
    }
    if (rc == VSR_OK) {
        rc = planned_place_check(path, "the plan's file", plan->plan, &plan->set->media, error);
    }
    return rc == VSR_OK ? plan_save(plan->plan, folder_fd, name, error) : rc;
}

void vsr_plan_free(vsr_plan *plan)
{
    if (plan != NULL) {
        plan_free(plan->plan);
        free(plan->refusals);
        free(plan);
    }
}

void vsr_plan_count(const vsr_plan *plan, vsr_plan_totals *totals)
{
    *totals = (vsr_plan_totals){
        .units = plan->plan->unit_count,
        .refused_units = plan->plan->refused_units,
        .files = plan->plan->file_count,
        .bytes = plan->plan->bytes,
        .warnings = plan->plan->warning_count,
    };
}

void vsr_plan_warnings(const vsr_plan *plan, vsr_message on_warning, void *context)
{
    struct buffer sentence = {0};
    for (uint32_t i = 0; i < plan->plan->warning_count; i++) {
        sentence.n = 0;
        buffer_add_view(&sentence, plan_text(plan->plan, plan->plan->warnings[i]));
        buffer_add_char(&sentence, '\0');
        on_warning(context, sentence.p);
    }
    buffer_free(&sentence);
}

struct lines_sink {
    vsr_sink sink;
    void *context;
};

static vsr_code lines_give(void *context, struct view lines, vsr_error *error)
{
    const struct lines_sink *to = context;
    return sink_give(to->sink, to->context, lines, error);
}

vsr_code vsr_plan_render(const vsr_plan *plan, vsr_format format, vsr_sink sink, void *context,
                         vsr_error *error)
{
    struct lines_sink to = {sink, context};
    if (format == VSR_FORMAT_JSON) {
        return plan_render_jsonl(plan->plan, &plan->set->media, lines_give, &to, error);
    }
    struct buffer text = {0};
    plan_render_text(plan->plan, &text);
    const vsr_code rc = sink_give(sink, context, buffer_view(&text), error);
    buffer_free(&text);
    return rc;
}

struct difference_sink {
    vsr_message on_difference;
    void *context;
};

static void difference_give(void *context, struct view sentence)
{
    const struct difference_sink *to = context;
    if (to->on_difference != NULL) {
        struct buffer text = {0};
        buffer_add_view(&text, sentence);
        buffer_add_char(&text, '\0');
        to->on_difference(to->context, text.p);
        buffer_free(&text);
    }
}

vsr_code vsr_plan_verify(const vsr_plan *plan, vsr_message on_difference, void *context,
                         uint64_t *differences, vsr_error *error)
{
    struct difference_sink to = {on_difference, context};
    return verify_plan(plan->plan, &plan->set->media, difference_give, &to, differences, error);
}
