/* plan_now.c - opens the mapped volumes, lets the planner ask, closes them again. Decides
 * nothing. */
#include "run/plan_now.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/probe.h"
#include "media/content.h"
#include "plan/replay.h"
#include "plan/stale.h"
#include "run/past_run.h"
#include "run/pending_places.h"

#include <fcntl.h>
#include <sys/stat.h>

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

/* --- destinations --- */

/* The folder at path, or the nearest one above it that is there; -1: none can be opened. */
static int folder_open_nearest(struct arena *arena, struct view path)
{
    for (;;) {
        const struct view here = arena_copy(arena, path.n > 0 ? path : VIEW("/"));
        const int fd = open(here.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 || path.n == 0) {
            return fd;
        }
        do {
            path.n--;
        } while (path.n > 0 && path.p[path.n] != '/');
    }
}

/* A volume that stands in the set itself would have the restore write there. Names, links and
 * mounts make no difference. */
static vsr_code roots_check(struct arena *arena, const struct plan_facts *facts,
                            const struct plan_mapped_root *roots, uint32_t root_count,
                            const struct media_set *set, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < root_count && rc == VSR_OK; i++) {
        struct fact_directory fact = {0};
        rc = facts->root(facts->context, i, &fact, error);
        OWN(fd)
        fd = folder_open_nearest(arena, view_present(fact.real_path) ? fact.real_path
                                        : view_present(fact.path)    ? fact.path
                                                                     : roots[i].dir);
        if (rc == VSR_OK && fd >= 0 && io_folder_is_below(fd, set->dir_fd)) {
            rc = err_set(error, VSR_ERR_SELECTION, "run/plan_now",
                         "cannot restore %.*s to '%.*s': that is in the backup set, of which "
                         "nothing is ever changed; name a place outside of %.*s",
                         VIEW_ARG(roots[i].spec), VIEW_ARG(roots[i].dir), VIEW_ARG(set->path));
        }
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
    struct pending_places *older = pending_places_create();
    const struct probe_waiting waiting = pending_places_waiting(older);
    const struct probe_options probing = {.cross_mounts = choices->cross_mounts,
                                          .tree = choices->tree,
                                          .in_use = choices->in_use,
                                          .waiting = &waiting};
    vsr_code rc = earlier_read(&earlier, documents, choices, error);
    if (rc == VSR_OK) {
        rc = plan_map_volumes(&arena, &input, &roots, &root_count, error);
    }
    if (rc == VSR_OK) {
        pending_places_add_registered(older, step != NULL ? step->registry : NULL);
        rc = probe_open(&probe, roots, root_count, &probing, error);
    }
    if (rc == VSR_OK) {
        const struct plan_facts facts = probe_facts(probe);
        struct stat folder;
        input.facts = &facts;
        if (fstat(set->dir_fd, &folder) == 0) {
            input.set_folder[0] = folder.st_dev;
            input.set_folder[1] = folder.st_ino;
        }
        rc = roots_check(&arena, &facts, roots, root_count, set, error);
        rc = rc == VSR_OK ? use(context, &input, error) : rc;
    }
    if (probe != NULL) {
        probe_close(probe);
    }
    pending_places_free(older);
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
                        const struct documents *documents, const struct plan_step *step,
                        enum refusal *refusals, struct plan **now, vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices choices;
    *now = NULL;
    vsr_code rc = plan_replay(&arena, saved, &choices, error);
    if (rc == VSR_OK) {
        rc = plan_now(now, set, documents, &choices, step, error);
    }
    if (rc == VSR_OK) {
        (void)plan_stale_units(saved, *now, set, refusals);
    }
    arena_free(&arena);
    return rc;
}
