/* canon.c - environment, volumes and folding for every path that a document spells.
 *
 * Stands between the documents' strings and everything of the planner that compares them. It
 * decides nothing: an unknown name or a path that is none is handed back as such. */
#include "plan/canon.h"

enum { SPECS_MAX = 64 };

/* "NAME=value" of an --env, split. */
static bool env_split(const char *text, struct view out[2])
{
    const struct view whole = view_of(text);
    const size_t at = view_find(whole, '=');
    if (at == whole.n || at == 0) {
        return false;
    }
    out[0] = (struct view){whole.p, at};
    out[1] = view_skip(whole, at + 1);
    return true;
}

static bool env_has(const struct win_env *env, struct view name)
{
    for (uint32_t i = 0; i < env->count; i++) {
        if (win_fold_equal(env->names[i][0], name)) {
            return true;
        }
    }
    return false;
}

static void env_append(struct win_env *env, const struct view name[2])
{
    if (!env_has(env, name[0])) {
        env->names[env->count][0] = name[0];
        env->names[env->count][1] = name[1];
        env->count++;
    }
}

static vsr_code canon_environment(struct canon *canon, struct arena *arena,
                                  const struct set_description *description,
                                  const struct plan_choices *choices, vsr_error *error)
{
    const size_t count = (size_t)description->environment_count + choices->environment_count;
    canon->captured.names = arena_alloc(arena, count, sizeof *canon->captured.names);
    canon->places.names = arena_alloc(arena, count, sizeof *canon->places.names);
    struct view(*given)[2] =
        arena_alloc(arena, choices->environment_count, sizeof *canon->places.names);
    for (uint32_t i = 0; i < choices->environment_count; i++) {
        if (!env_split(choices->environment[i], given[i])) {
            return err_set(error, VSR_ERR_SELECTION, "plan/canon",
                           "--env '%s' is not of the form NAME=value", choices->environment[i]);
        }
        env_append(&canon->places, given[i]);
    }
    for (uint32_t i = 0; i < description->environment_count; i++) {
        env_append(&canon->captured, description->environment[i]);
        env_append(&canon->places, description->environment[i]);
    }
    for (uint32_t i = 0; i < choices->environment_count; i++) {
        env_append(&canon->captured, given[i]);
    }
    return VSR_OK;
}

uint32_t canon_volume_specs(const struct set_volume *volume, struct view *out, uint32_t out_max)
{
    const struct view first[] = {volume->letter, volume->guid, volume->unc};
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        if (first[i].n > 0 && count < out_max) {
            out[count++] = first[i];
        }
    }
    for (uint32_t i = 0; i < volume->mount_count && count < out_max; i++) {
        out[count++] = volume->mounts[i];
    }
    return count;
}

vsr_code canon_init(struct canon *canon, struct arena *arena,
                    const struct set_description *description, const struct plan_choices *choices,
                    vsr_error *error)
{
    *canon = (struct canon){0};
    for (uint32_t i = 0; i < description->volume_count; i++) {
        struct view specs[SPECS_MAX];
        const uint32_t count = canon_volume_specs(&description->volumes[i], specs, SPECS_MAX);
        for (uint32_t k = 0; k < count; k++) {
            const char *fault = NULL;
            if (!volume_table_add(&canon->sources, arena, specs[k], i, &fault)) {
                canon_fini(canon);
                return err_set(error, VSR_ERR_MEDIA, "plan/canon",
                               "volume %u of set.json is called '%.*s', which %s", i,
                               VIEW_ARG(specs[k]), fault);
            }
        }
    }
    const vsr_code code = canon_environment(canon, arena, description, choices, error);
    if (code != VSR_OK) {
        canon_fini(canon);
    }
    return code;
}

void canon_fini(struct canon *canon)
{
    volume_table_free(&canon->sources);
}

static struct canon_directory canon_parse(const struct canon *canon, const struct win_env *env,
                                          struct arena *arena, struct view path)
{
    struct canon_directory out = {.volume = MARK_NONE};
    struct view text = VIEW_NONE;
    if (!win_env_expand(arena, env, path, &text, &out.unknown)) {
        out.status = CANON_ENVIRONMENT;
        return out;
    }
    const enum win_path_fault fault = win_path_parse(arena, text, &out.path);
    if (fault != WIN_PATH_OK) {
        out.status = CANON_PATH;
        out.fault = win_path_fault_text(fault);
        return out;
    }
    out.volume = volume_table_find(&canon->sources, &out.path, &out.below);
    if (out.volume == MARK_NONE) {
        out.below = out.path.rest;
    }
    return out;
}

struct canon_directory canon_source(const struct canon *canon, struct arena *arena,
                                    struct view path)
{
    return canon_parse(canon, &canon->captured, arena, path);
}

struct canon_directory canon_place(const struct canon *canon, struct arena *arena, struct view path)
{
    return canon_parse(canon, &canon->places, arena, path);
}

struct view canon_triple(struct arena *arena, const struct canon_directory *directory,
                         struct view filespec, bool recursive)
{
    const struct view volume = directory->volume != MARK_NONE
                                   ? arena_printf(arena, "#%u", directory->volume)
                                   : win_fold_copy(arena, directory->path.volume);
    const struct view below = win_fold_copy(arena, directory->below);
    const struct view spec = win_fold_copy(arena, filespec);
    const size_t bytes = volume.n + below.n + spec.n + 3;
    char *key = arena_alloc(arena, bytes, 1);
    char *at = key;
    const struct view parts[] = {volume, below, spec};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].n > 0) {
            memcpy(at, parts[i].p, parts[i].n);
        }
        at += parts[i].n;
        *at++ = '\0'; /* no path and no filespec can hold one */
    }
    key[bytes - 1] = recursive ? 'r' : 'd';
    return (struct view){key, bytes};
}

uint32_t canon_depth(struct view below)
{
    uint32_t depth = below.n > 0 ? 1 : 0;
    for (size_t i = 0; i < below.n; i++) {
        depth += below.p[i] == '\\' ? 1u : 0u;
    }
    return depth;
}
