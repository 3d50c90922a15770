/* bare_plan.c - facts of a machine that has nothing, and the plan that follows from them. It asks
 * no disk. */
#include "plan/bare_plan.h"

#include "base/arena.h"
#include "vss/documents.h"
#include "vss/winpath.h"

static vsr_code bare_root(void *context, uint32_t root, struct fact_directory *out,
                          vsr_error *error)
{
    (void)context;
    (void)error;
    *out = (struct fact_directory){.exists = true,
                                   .writable = true,
                                   .case_sensitive = true,
                                   .name_bytes_max = 3 * 255,
                                   .handle = root,
                                   .device = 1,
                                   .inode = (uint64_t)root + 1};
    return VSR_OK;
}

static vsr_code bare_enter(void *context, uint32_t handle, struct view name,
                           struct fact_directory *out, struct fact *as_entry, vsr_error *error)
{
    (void)context;
    (void)handle;
    (void)name;
    (void)error;
    *out = (struct fact_directory){0};
    *as_entry = (struct fact){.type = FACT_ABSENT};
    return VSR_OK;
}

static vsr_code bare_lookup(void *context, uint32_t handle, struct view name, struct fact *out,
                            vsr_error *error)
{
    (void)context;
    (void)handle;
    (void)name;
    (void)error;
    *out = (struct fact){.type = FACT_ABSENT};
    return VSR_OK;
}

static const struct plan_facts bare_facts = {.root = bare_root,
                                             .enter = bare_enter,
                                             .lookup = bare_lookup};

vsr_code bare_plan_choose(struct plan **out, const struct documents *documents,
                          const struct media_set *set, const struct plan_choices *choices,
                          const struct plan_contents *contents, vsr_error *error)
{
    const struct plan_input input = {.documents = documents,
                                     .set = set,
                                     .choices = choices,
                                     .facts = &bare_facts,
                                     .contents = contents};
    return plan_create(out, &input, error);
}

vsr_code bare_plan_create(struct plan **out, const struct documents *documents,
                          const struct media_set *set, const struct plan_contents *contents,
                          vsr_error *error)
{
    const struct plan_choices choices = {.root = "/"};
    return bare_plan_choose(out, documents, set, &choices, contents, error);
}

/* --- documents alone --- */

enum { VARIABLES_MAX = 64 }; /* what begins with one more is not judged */

/* A place for each variable that paths begin with: the machine's own are not known, and no matter
 * where files lie, their documents can be judged. */
struct variables {
    struct arena arena;
    struct view values[VARIABLES_MAX][2];
    uint32_t count;
};

static void variables_take(struct variables *variables, struct view path)
{
    const struct view rest = view_skip(path, path.n > 0 && path.p[0] == '%' ? 1 : path.n);
    const size_t bytes = view_find(rest, '%');
    const struct view name = {rest.p, bytes};
    if (bytes + 1 > rest.n || (bytes + 1 < rest.n && rest.p[bytes + 1] != '\\') ||
        variables->count == VARIABLES_MAX) {
        return;
    }
    for (uint32_t i = 0; i < variables->count; i++) {
        if (win_fold_equal(variables->values[i][0], name)) {
            return;
        }
    }
    struct view *value = variables->values[variables->count++];
    value[0] = name;
    value[1] = arena_printf(&variables->arena, "C:\\%u", variables->count);
}

static void variables_take_sets(struct variables *variables, const struct vss_file_set *sets,
                                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        variables_take(variables, sets[i].path);
        variables_take(variables, sets[i].alternate_path);
    }
}

static void variables_take_writer(struct variables *variables, const struct wmd *wmd)
{
    for (uint32_t i = 0; i < wmd->component_count; i++) {
        variables_take_sets(variables, wmd->components[i].file_sets,
                            wmd->components[i].file_set_count);
    }
    variables_take_sets(variables, wmd->excludes, wmd->exclude_count);
    for (uint32_t i = 0; i < wmd->mapping_count; i++) {
        variables_take(variables, wmd->mappings[i].path);
        variables_take(variables, wmd->mappings[i].alternate_path);
    }
}

vsr_code bare_plan_of_documents(struct plan **out, const struct documents *documents,
                                vsr_error *error)
{
    struct variables variables = {0};
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        variables_take_writer(&variables, &documents->wmds[i]);
    }
    const struct plan_choices choices = {.root = "/"};
    const struct media_set nothing = {.dir_fd = -1,
                                      .description = {.environment = variables.values,
                                                      .environment_count = variables.count}};
    const struct plan_input input = {.documents = documents,
                                     .set = &nothing,
                                     .choices = &choices,
                                     .facts = &bare_facts,
                                     .no_catalogue = true};
    const vsr_code rc = plan_create(out, &input, error);
    arena_free(&variables.arena);
    return rc;
}

/* --- refusals --- */

/* Names that say what stands, or does not, at a place; and of steps that come before this one. */
static bool is_of_places(enum refusal refusal)
{
    static const enum refusal of_places[] = {
        REFUSAL_PRESENT,        REFUSAL_NOT_REPLACEABLE,
        REFUSAL_BASE_MISSING,   REFUSAL_VOLUME_UNMAPPED,
        REFUSAL_CHAIN_INVALID,  REFUSAL_MOUNT_IN_PLACE,
        REFUSAL_CASE_COLLISION, REFUSAL_DESTINATION_CHANGED,
        REFUSAL_NO_SPACE,       REFUSAL_NONE,
    };
    for (size_t i = 0; i < sizeof of_places / sizeof *of_places; i++) {
        if (refusal == of_places[i]) {
            return true;
        }
    }
    return false;
}

void bare_plan_refused(const struct plan *plan, uint32_t bcd_writer, const struct wmd *wmd,
                       const struct plan_unit **refused)
{
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const struct plan_unit *unit = &plan->units[i];
        const enum refusal refusal = (enum refusal)unit->refusal;
        bool folded = false;
        if (unit->writer != bcd_writer || is_of_places(refusal)) {
            continue;
        }
        const uint32_t component =
            wmd_component_find(wmd, vss_logical_path_norm(plan_text(plan, unit->logical_path)),
                               plan_text(plan, unit->component), &folded);
        if (component != MARK_NONE && refused[component] == NULL) {
            refused[component] = unit;
        }
    }
}
