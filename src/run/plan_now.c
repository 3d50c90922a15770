/* plan_now.c - opens the mapped volumes, lets the planner ask, closes them again. Decides
 * nothing. */
#include "run/plan_now.h"

#include "base/limits.h"
#include "dest/probe.h"
#include "media/content.h"
#include "plan/replay.h"
#include "plan/stale.h"
#include "run/past_run.h"

static vsr_code contents_read(const void *context, uint32_t entry, struct buffer *out,
                              vsr_error *error)
{
    return content_read(context, entry, RANGES_FILE_BYTES_MAX, out, error);
}

/* Does some method want that nothing stands there? Else nobody asks what was restored before. */
static bool places_matter(const struct documents *documents, const struct plan_choices *choices)
{
    bool matter = choices->alm_overwrite_never || choices->unprotected;
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        matter = matter || documents->wmds[i].method == METHOD_RESTORE_IF_NOT_THERE;
    }
    return matter;
}

static vsr_code earlier_read(struct earlier *out, const struct documents *documents,
                             const struct plan_choices *choices, vsr_error *error)
{
    const bool places = places_matter(documents, choices);
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < choices->after_count && rc == VSR_OK; i++) {
        rc = past_run_read(out, choices->after[i], places, error);
    }
    return rc;
}

vsr_code plan_ask(const struct media_set *set, const struct documents *documents,
                  const struct plan_choices *choices, const struct plan_step *step, plan_use *use,
                  void *context, vsr_error *error)
{
    const struct plan_contents contents = {set, contents_read};
    struct earlier earlier = {0};
    struct plan_input input = {.documents = documents,
                               .set = set,
                               .choices = choices,
                               .contents = &contents,
                               .chain = step != NULL ? step->chain : NULL,
                               .chain_step = step != NULL ? step->number : 0,
                               .file_hits = step != NULL ? step->file_hits : NULL,
                               .said = step != NULL ? step->said : NULL,
                               .earlier = choices->after_count > 0 ? &earlier : NULL};
    struct arena arena = {0};
    struct plan_mapped_root *roots = NULL;
    uint32_t root_count = 0;
    struct probe *probe = NULL;
    const struct probe_options probing = {.cross_mounts = choices->cross_mounts,
                                          .tree = choices->tree,
                                          .in_use = choices->in_use};
    vsr_code rc = earlier_read(&earlier, documents, choices, error);
    if (rc == VSR_OK) {
        rc = plan_map_volumes(&arena, &input, &roots, &root_count, error);
    }
    if (rc == VSR_OK) {
        rc = probe_open(&probe, roots, root_count, &probing, error);
    }
    if (rc == VSR_OK) {
        const struct plan_facts facts = probe_facts(probe);
        input.facts = &facts;
        rc = use(context, &input, error);
    }
    if (probe != NULL) {
        probe_close(probe);
    }
    earlier_free(&earlier);
    arena_free(&arena);
    return rc;
}

static vsr_code use_create(void *context, const struct plan_input *input, vsr_error *error)
{
    return plan_create(context, input, error);
}

vsr_code plan_now(struct plan **plan, const struct media_set *set,
                  const struct documents *documents, const struct plan_choices *choices,
                  const struct plan_step *step, vsr_error *error)
{
    return plan_ask(set, documents, choices, step, use_create, plan, error);
}

vsr_code plan_now_stale(const struct plan *saved, const struct media_set *set,
                        const struct documents *documents, const struct plan_said *said,
                        enum refusal *refusals, struct plan **now, vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices choices;
    *now = NULL;
    vsr_code rc = plan_replay(&arena, saved, &choices, error);
    if (rc == VSR_OK) {
        const struct plan_step step = {.said = said};
        rc = plan_now(now, set, documents, &choices, &step, error);
    }
    if (rc == VSR_OK) {
        (void)plan_stale_units(saved, *now, set, refusals);
    }
    arena_free(&arena);
    return rc;
}
