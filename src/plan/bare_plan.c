/* bare_plan.c - facts of a machine that has nothing, and the plan that follows from them. It asks
 * no disk. */
#include "plan/bare_plan.h"

#include "vss/documents.h"

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

vsr_code bare_plan_choose(struct plan **out, const struct documents *documents,
                          const struct media_set *set, const struct plan_choices *choices,
                          const struct plan_contents *contents, vsr_error *error)
{
    const struct plan_facts facts = {.root = bare_root, .enter = bare_enter, .lookup = bare_lookup};
    const struct plan_input input = {.documents = documents,
                                     .set = set,
                                     .choices = choices,
                                     .facts = &facts,
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
        bool folded = false;
        if (unit->writer != bcd_writer || is_of_places((enum refusal)unit->refusal)) {
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
