/* chain.c - chains of sets behind the public handles: found, checked, and what counts in each
 * step. Of each set only what the chain needs is kept; it is opened again when its turn comes. */
#include "api/objects.h"
#include "api/writers.h"
#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"
#include "media/shelf.h"
#include "plan/set_documents.h"

#include <stdlib.h>
#include <unistd.h>

static const char WHERE[] = "api/chain";

/* --- the sets --- */

struct parents { /* the way from the last set up, newest first */
    struct arena *arena;
    struct shelf shelf;
    bool looked;
    bool lacking; /* one was not found */
    const char *last;
    const vsr_chain_options *options;
    struct view paths[CHAIN_STEPS_MAX];
    uint32_t count;
};

static vsr_code shelf_fill(struct parents *parents, vsr_error *error)
{
    const vsr_chain_options *options = parents->options;
    vsr_code rc = VSR_OK;
    if (!parents->looked) {
        shelf_add_beside(&parents->shelf, parents->last);
    }
    for (size_t i = 0; i < options->set_folder_count && !parents->looked && rc == VSR_OK; i++) {
        vsr_error cause = {0};
        if (shelf_add_folder(&parents->shelf, options->set_folders[i], &cause) != VSR_OK) {
            rc = err_set(error, VSR_ERR_SELECTION, WHERE, "--sets %s: %s", options->set_folders[i],
                         cause.what);
        }
    }
    parents->looked = true;
    return rc;
}

/* What the set at path adds to; null: nothing, or what it is cannot be told from its type. */
static vsr_code parent_of(const char *path, struct uuid *parent, vsr_error *error)
{
    struct media_set set;
    const vsr_code rc = set_open_description(&set, path, error);
    *parent = (struct uuid){0};
    if (rc == VSR_OK) {
        const enum vss_backup_type type = vss_backup_type_parse(set.description.backup_type);
        if (type != BACKUP_FULL && type != BACKUP_COPY) {
            *parent = set.description.parent;
        }
        set_close(&set);
    }
    return rc;
}

static vsr_code parents_follow(struct parents *parents, vsr_error *error)
{
    parents->paths[parents->count++] = arena_copy(parents->arena, view_of(parents->last));
    for (;;) {
        struct uuid parent;
        const struct view path = parents->paths[parents->count - 1];
        vsr_code rc = parent_of(path.p, &parent, error);
        if (rc != VSR_OK || uuid_is_null(&parent)) {
            return rc;
        }
        rc = shelf_fill(parents, error);
        if (rc != VSR_OK) {
            return rc;
        }
        char text[UUID_TEXT_BYTES];
        uuid_text(&parent, text);
        const struct shelf_set *found = shelf_find(&parents->shelf, &parent);
        if (found == NULL) {
            const struct view where = shelf_text(&parents->shelf);
            parents->lacking = true;
            return err_set(error, VSR_ERR_SELECTION, WHERE,
                           "the set %.*s adds to the set %s, which is not in %.*s: say with --sets "
                           "where it is, or with --after which run restored it",
                           VIEW_ARG(path), text, VIEW_ARG(where));
        }
        if (parents->count == CHAIN_STEPS_MAX) {
            return err_set(error, VSR_ERR_SELECTION, WHERE,
                           "the set %s has more than %u sets before it, or they go in a circle",
                           parents->last, CHAIN_STEPS_MAX);
        }
        parents->paths[parents->count++] = arena_copy(parents->arena, found->path);
    }
}

/* A parent that is not there keeps nobody from looking at the last set. */
static vsr_code parents_forgo(struct parents *parents, const vsr_error *cause)
{
    const vsr_chain_options *options = parents->options;
    if (options->on_warning != NULL) {
        options->on_warning(options->context, cause->what);
    }
    parents->count = 1;
    return VSR_OK;
}

/* The steps of a chain that its last set stands for. */
static vsr_code steps_find(struct vsr_chain *chain, const char *last,
                           const vsr_chain_options *options, vsr_error *error)
{
    struct parents *parents = heap_alloc(1, sizeof *parents);
    vsr_error cause = {0};
    parents->arena = &chain->arena;
    parents->last = last;
    parents->options = options;
    vsr_code rc = parents_follow(parents, &cause);
    if (rc == VSR_ERR_SELECTION && options->look_only != 0 && parents->lacking) {
        rc = parents_forgo(parents, &cause);
    } else if (rc != VSR_OK && error != NULL) {
        *error = cause;
    }
    chain->count = parents->count;
    chain->paths = ARENA_ARRAY(&chain->arena, const char *, chain->count);
    for (uint32_t i = 0; i < chain->count; i++) {
        chain->paths[i] = parents->paths[chain->count - 1 - i].p;
    }
    shelf_free(&parents->shelf);
    free(parents);
    return rc;
}

static void step_add(struct vsr_chain *chain, uint32_t step, const struct media_set *set,
                     const struct documents *documents)
{
    chain_add(&chain->chain, view_of(chain->paths[step]), &set->description, documents);
    chain->chain.steps[step].in_folder = view_present(set_folder(set));
}

static vsr_code step_read(struct vsr_chain *chain, uint32_t step, vsr_error *error)
{
    struct media_set set;
    struct documents documents;
    if (chain->sets != NULL) {
        step_add(chain, step, &chain->sets[step]->media, &chain->sets[step]->documents);
        return VSR_OK;
    }
    vsr_code rc = set_open_description(&set, chain->paths[step], error);
    if (rc != VSR_OK) {
        return rc;
    }
    rc = set_documents_load(&documents, &set, error);
    if (rc == VSR_OK) {
        step_add(chain, step, &set, &documents);
        documents_free(&documents);
    }
    set_close(&set);
    return rc;
}

static vsr_code chain_read(struct vsr_chain *chain, const vsr_chain_options *options,
                           vsr_error *error)
{
    vsr_code rc = VSR_OK;
    chain->run_dirs = ARENA_ARRAY(&chain->arena, const char *, chain->count);
    for (uint32_t i = 0; i < chain->count && chain->count > 1 && rc == VSR_OK; i++) {
        rc = step_read(chain, i, error);
    }
    if (rc == VSR_OK && chain->count > 1) {
        rc = chain_check_order(&chain->chain, options->continues != 0, error);
    }
    if (rc == VSR_OK) {
        chain_judge(&chain->chain, options->strict != 0);
    }
    for (uint32_t i = 0; rc == VSR_OK && i < chain->chain.warning_count; i++) {
        if (options->on_warning != NULL) {
            options->on_warning(options->context, chain->chain.warnings[i].p);
        }
    }
    return rc;
}

/* Can there be a chain of so many sets? */
static vsr_code chain_options_take(vsr_chain_options *mine, size_t set_count,
                                   const vsr_chain_options *options, vsr_error *error)
{
    const vsr_code rc = options_take(mine, sizeof *mine, options, "vsr_chain_options", error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (set_count == 0 || set_count > CHAIN_STEPS_MAX) {
        return err_set(error, VSR_ERR_USAGE, WHERE, "a chain has 1 to %u sets, not %zu",
                       CHAIN_STEPS_MAX, set_count);
    }
    return VSR_OK;
}

/* made: its sets are known, as rc says. */
static vsr_code chain_end(struct vsr_chain *made, vsr_code rc, const vsr_chain_options *options,
                          vsr_chain **chain, vsr_error *error)
{
    if (rc == VSR_OK) {
        rc = chain_read(made, options, error);
    }
    if (rc != VSR_OK) {
        vsr_chain_close(made);
        return rc;
    }
    *chain = made;
    return VSR_OK;
}

vsr_code vsr_chain_open_sets(vsr_chain **chain, const vsr_set *const *sets, size_t set_count,
                             const vsr_chain_options *options, vsr_error *error)
{
    vsr_chain_options mine;
    *chain = NULL;
    vsr_code rc = chain_options_take(&mine, set_count, options, error);
    for (size_t i = 0; i < set_count && rc == VSR_OK; i++) {
        rc = set_needs_documents(sets[i], error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    struct vsr_chain *made = heap_alloc(1, sizeof *made);
    made->look_only = mine.look_only != 0;
    const vsr_set **own = ARENA_ARRAY(&made->arena, const vsr_set *, set_count);
    made->count = (uint32_t)set_count;
    made->paths = ARENA_ARRAY(&made->arena, const char *, set_count);
    for (size_t i = 0; i < set_count; i++) {
        own[i] = sets[i];
        made->paths[i] = arena_copy(&made->arena, sets[i]->media.path).p;
    }
    made->sets = own;
    return chain_end(made, VSR_OK, &mine, chain, error);
}

vsr_code vsr_chain_open(vsr_chain **chain, const char *const *paths, size_t path_count,
                        const vsr_chain_options *options, vsr_error *error)
{
    vsr_chain_options mine;
    *chain = NULL;
    vsr_code rc = chain_options_take(&mine, path_count, options, error);
    if (rc != VSR_OK) {
        return rc;
    }
    struct vsr_chain *made = heap_alloc(1, sizeof *made);
    made->look_only = mine.look_only != 0;
    if (path_count == 1 && mine.continues == 0 && paths[0][0] != '\0') {
        rc = steps_find(made, paths[0], &mine, error);
    } else {
        made->count = (uint32_t)path_count;
        made->paths = ARENA_ARRAY(&made->arena, const char *, path_count);
        for (size_t i = 0; i < path_count; i++) {
            made->paths[i] = arena_copy(&made->arena, view_of(paths[i])).p;
        }
    }
    return chain_end(made, rc, &mine, chain, error);
}

void vsr_chain_close(vsr_chain *chain)
{
    if (chain != NULL) {
        chain_free(&chain->chain);
        arena_free(&chain->arena);
        free(chain);
    }
}

size_t vsr_chain_count(const vsr_chain *chain)
{
    return chain->count;
}

const char *vsr_chain_path(const vsr_chain *chain, size_t step)
{
    VSR_REQUIRE(step < chain->count);
    return chain->paths[step];
}

void vsr_chain_note(vsr_chain *chain, size_t step, const vsr_report *report)
{
    vsr_chain_note_run(chain, step, vsr_report_run_dir(report));
}

void vsr_chain_note_run(vsr_chain *chain, size_t step, const char *run_dir)
{
    VSR_REQUIRE(step < chain->count);
    char here[4096];
    chain->run_dirs[step] = run_dir[0] == '/' || getcwd(here, sizeof here) == NULL
                                ? arena_copy(&chain->arena, view_of(run_dir)).p
                                : arena_printf(&chain->arena, "%s/%s", here, run_dir).p;
}

/* --- what counts in a step --- */

/* Lists of selectors among the choices, and what ends a selector in them. */
struct selectors {
    const char *const **items;
    uint32_t *count;
    char separator;
};

enum { SELECTOR_LISTS = 5 };

static void selectors_of(struct plan_choices *choices, struct selectors out[SELECTOR_LISTS])
{
    const struct selectors all[SELECTOR_LISTS] = {
        {&choices->components, &choices->component_count, '\0'},
        {&choices->exclude_components, &choices->exclude_component_count, '\0'},
        {&choices->new_targets, &choices->new_target_count, '|'},
        {&choices->restore_targets, &choices->restore_target_count, '='},
        {&choices->restore_options, &choices->restore_option_count, '='},
    };
    memcpy(out, all, sizeof all);
}

/* Leave those that the set knows. known (one for each, or NULL) is set for them. */
static void selectors_filter(struct arena *arena, const struct vsr_set *set,
                             const struct selectors *list, bool *known)
{
    const char **kept = ARENA_ARRAY(arena, const char *, *list->count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < *list->count; i++) {
        if (choice_is_known(&set->documents, view_of((*list->items)[i]), list->separator)) {
            kept[count++] = (*list->items)[i];
            if (known != NULL) {
                known[i] = true;
            }
        }
    }
    *list->items = kept;
    *list->count = count;
}

static void choices_filter(struct arena *arena, const struct vsr_set *set,
                           struct plan_choices *choices, bool *known[SELECTOR_LISTS])
{
    struct selectors lists[SELECTOR_LISTS];
    const bool chosen = choices->component_count > 0;
    selectors_of(choices, lists);
    for (size_t i = 0; i < SELECTOR_LISTS; i++) {
        selectors_filter(arena, set, &lists[i], known != NULL ? known[i] : NULL);
    }
    choices->no_component = chosen && choices->component_count == 0;
}

vsr_code chain_step_choices(struct arena *arena, const struct vsr_chain *chain, uint32_t step,
                            const struct vsr_set *set, struct plan_choices *choices,
                            vsr_error *error)
{
    if (step >= chain->count) {
        return err_set(error, VSR_ERR_USAGE, WHERE, "the chain has no step %u", step);
    }
    if (chain->look_only) {
        return VSR_OK;
    }
    choices_filter(arena, set, choices, NULL);
    const char **after = ARENA_ARRAY(arena, const char *, choices->after_count + step);
    for (uint32_t i = 0; i < choices->after_count; i++) {
        after[i] = choices->after[i];
    }
    for (uint32_t i = 0; i < step; i++) {
        if (chain->run_dirs[i] == NULL) {
            return err_set(error, VSR_ERR_USAGE, WHERE,
                           "step %u of the chain cannot be planned: step %u has not run", step, i);
        }
        after[choices->after_count + i] = chain->run_dirs[i];
    }
    choices->after = after;
    choices->after_count += step;
    return VSR_OK;
}

/* --- checked before anything is written --- */

struct checking {
    const struct vsr_chain *chain;
    struct arena arena;
    struct plan_choices choices;
    bool *known[SELECTOR_LISTS]; /* in some step */
    bool *file_hits;
    const vsr_writers *writers;
    bool *writers_known;
};

/* Could the programs that play writers be run in this step? Nothing is run. */
static vsr_code writers_check(struct checking *checking, const struct vsr_set *set, bool all,
                              vsr_error *error)
{
    struct players players;
    const vsr_code rc =
        players_init(&players, checking->writers, &set->documents, !all, NULL, error);
    for (size_t i = 0; i < players.given.program_count && rc == VSR_OK; i++) {
        checking->writers_known[i] |=
            choice_is_known(&set->documents, view_of(players.given.programs[i]), '=');
    }
    players_fini(&players);
    return rc;
}

/* Plan a step for what it says of the choices; what stands at the destinations decides nothing
 * here. all: without passing anything over. */
static vsr_code set_in_step_check(struct checking *checking, uint32_t step, const vsr_set *set,
                                  bool all, vsr_error *error)
{
    struct plan *plan = NULL;
    struct plan_choices choices = checking->choices;
    const struct plan_step in = {&checking->chain->chain, step, checking->file_hits};
    vsr_code rc = writers_check(checking, set, all, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (all) {
        rc = plan_now(&plan, &set->media, &set->documents, &choices, NULL, error);
    } else {
        choices_filter(&checking->arena, set, &choices, checking->known);
        rc = plan_now(&plan, &set->media, &set->documents, &choices, &in, error);
    }
    if (rc == VSR_OK) {
        plan_free(plan);
    }
    return rc;
}

static vsr_code step_check(struct checking *checking, uint32_t step, bool all, vsr_error *error)
{
    vsr_set *set = NULL;
    if (checking->chain->sets != NULL) {
        return set_in_step_check(checking, step, checking->chain->sets[step], all, error);
    }
    vsr_code rc = vsr_set_open(&set, checking->chain->paths[step], error);
    if (rc == VSR_OK) {
        rc = set_in_step_check(checking, step, set, all, error);
        vsr_set_close(set);
    }
    return rc;
}

static bool all_match(struct checking *checking)
{
    struct selectors lists[SELECTOR_LISTS];
    bool match = true;
    selectors_of(&checking->choices, lists);
    for (size_t i = 0; i < SELECTOR_LISTS; i++) {
        for (uint32_t k = 0; k < *lists[i].count; k++) {
            match = match && checking->known[i][k];
        }
    }
    for (uint32_t i = 0; i < checking->choices.file_count; i++) {
        match = match && checking->file_hits[i];
    }
    for (size_t i = 0; i < checking->writers->program_count; i++) {
        match = match && checking->writers_known[i];
    }
    return match;
}

static vsr_code steps_check(struct checking *checking, vsr_error *error)
{
    struct selectors lists[SELECTOR_LISTS];
    vsr_code rc = VSR_OK;
    selectors_of(&checking->choices, lists);
    for (size_t i = 0; i < SELECTOR_LISTS; i++) {
        checking->known[i] = ARENA_ARRAY(&checking->arena, bool, *lists[i].count);
    }
    checking->file_hits = ARENA_ARRAY(&checking->arena, bool, checking->choices.file_count);
    for (uint32_t i = 0; i < checking->chain->count && rc == VSR_OK; i++) {
        rc = step_check(checking, i, false, error);
    }
    if (rc == VSR_OK && !all_match(checking)) {
        rc = step_check(checking, 0, true, error); /* says what matches nothing, and what would */
        rc = rc != VSR_OK ? rc
                          : err_set(error, VSR_ERR_SELECTION, WHERE,
                                    "a selector matches nothing in any set of the chain");
    }
    return rc;
}

vsr_code vsr_chain_check(const vsr_chain *chain, const vsr_choices *choices,
                         const vsr_writers *writers, vsr_error *error)
{
    vsr_choices mine;
    vsr_writers players;
    struct checking checking = {.chain = chain, .writers = &players};
    vsr_code rc = options_take(&mine, sizeof mine, choices, "vsr_choices", error);
    if (rc == VSR_OK) {
        rc = options_take(&players, sizeof players, writers, "vsr_writers", error);
        players.size = sizeof players;
        checking.writers_known = ARENA_ARRAY(&checking.arena, bool, players.program_count);
    }
    if (rc == VSR_OK && chain->count > 1) {
        rc = choices_take(&checking.arena, &mine, &checking.choices, error);
        if (rc == VSR_OK) {
            rc = steps_check(&checking, error);
        }
    }
    arena_free(&checking.arena);
    return rc;
}
