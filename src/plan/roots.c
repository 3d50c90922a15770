/* roots.c - from --volume and --root to the list of mapped volumes, and the table that finds
 * the volume of a Windows path.
 *
 * One volume may be called by letter, GUID, share and mount folders: what set.json says of the
 * source volumes and several SPECs for one DIR are joined here. That two DIRs are the same
 * directory in different spellings only facts can tell (places.c), as they tell how a folder
 * below --root is spelled on disk (contract, ruling 40). */
#include "plan/roots.h"

#include "base/heap.h"

#include <stdlib.h>

enum { SPECS_MAX = 64 };

/* DIR without what does not change its meaning: doubled and trailing slashes, "." elements. */
static struct view dir_tidy(struct arena *arena, struct view dir)
{
    char *out = arena_alloc(arena, dir.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < dir.n;) {
        if (dir.p[i] == '/') {
            i++;
            if (n == 0 || out[n - 1] != '/') {
                out[n++] = '/';
            }
            continue;
        }
        const size_t end = i + view_find((struct view){dir.p + i, dir.n - i}, '/');
        if (!(end - i == 1 && dir.p[i] == '.')) {
            memcpy(out + n, dir.p + i, end - i);
            n += end - i;
            i = end;
            continue;
        }
        i = end; /* "./" goes whole, so that "./a" is "a" */
        if (n == 0 && i < dir.n) {
            i++;
        }
    }
    if (n > 1 && out[n - 1] == '/') {
        n--;
    }
    return n == 0 ? VIEW(".") : (struct view){out, n};
}

static uint32_t root_add(struct roots *roots, size_t *capacity, struct view dir, bool from_option)
{
    roots->list = heap_grow(roots->list, roots->count, capacity, sizeof *roots->list);
    roots->list[roots->count] =
        (struct plan_mapped_root){.dir = dir, .from_root_option = from_option};
    return roots->count++;
}

/* Is spec a letter ("C:", "C:\")? */
static bool spec_is_letter(struct view spec)
{
    return spec.n >= 2 && spec.n <= 3 && spec.p[1] == ':';
}

/* spec as a volume record shows it: a letter upper case without backslash. A letter is
 * preferred to whatever stood there. */
static void root_name(struct roots *roots, struct arena *arena, uint32_t root, struct view spec)
{
    struct view *name = &roots->list[root].spec;
    if (!spec_is_letter(spec)) {
        if (!view_present(*name)) {
            *name = arena_copy(arena, spec);
        }
        return;
    }
    if (!view_present(*name) || !spec_is_letter(*name)) {
        char letter[2] = {spec.p[0], ':'};
        if (letter[0] >= 'a' && letter[0] <= 'z') {
            letter[0] = (char)(letter[0] - 'a' + 'A');
        }
        *name = arena_copy(arena, (struct view){letter, 2});
    }
}

/* The number of spec when the table knows just that spec, or MARK_NONE. */
static uint32_t spec_root(const struct roots *roots, struct arena *arena, struct view spec)
{
    struct win_path path;
    struct view below = VIEW_NONE;
    if (win_path_parse(arena, spec, &path) != WIN_PATH_OK) {
        return MARK_NONE;
    }
    const uint32_t root = volume_table_find(&roots->table, &path, &below);
    return root != MARK_NONE && below.n == 0 ? root : MARK_NONE;
}

static vsr_code roots_add_option(struct roots *roots, size_t *capacity, struct arena *arena,
                                 const char *option, vsr_error *error)
{
    const struct view text = view_of(option);
    const size_t at = view_find(text, '=');
    if (at == 0 || at + 1 >= text.n) {
        return err_set(error, VSR_ERR_SELECTION, "plan/roots",
                       "--volume '%s' is not of the form SPEC=DIR", option);
    }
    const struct view spec = {text.p, at};
    const struct view dir = dir_tidy(arena, view_skip(text, at + 1));
    uint32_t root = MARK_NONE;
    for (uint32_t i = 0; i < roots->count && root == MARK_NONE; i++) {
        root = view_equal(roots->list[i].dir, dir) ? i : MARK_NONE;
    }
    const uint32_t taken = spec_root(roots, arena, spec);
    if (taken != MARK_NONE) {
        if (taken == root) {
            return VSR_OK; /* said twice */
        }
        return err_set(error, VSR_ERR_SELECTION, "plan/roots",
                       "--volume '%s': that volume stands at '%.*s' already", option,
                       VIEW_ARG(roots->list[taken].dir));
    }
    if (root == MARK_NONE) {
        root = root_add(roots, capacity, dir, false);
    }
    const char *fault = NULL;
    if (!volume_table_add(&roots->table, arena, spec, root, &fault)) {
        return err_set(error, VSR_ERR_SELECTION, "plan/roots",
                       "--volume '%s': the SPEC is none: %s", option, fault);
    }
    root_name(roots, arena, root, spec);
    return VSR_OK;
}

/* Two names of one volume that were given two DIRs: whether these are one directory, facts tell. */
static void roots_add_pair(struct roots *roots, struct arena *arena, uint32_t first,
                           uint32_t second)
{
    for (uint32_t i = 0; i < roots->pair_count; i++) {
        if (roots->pairs[i].first == first && roots->pairs[i].second == second) {
            return;
        }
    }
    struct root_pair *pairs = ARENA_ARRAY(arena, struct root_pair, roots->pair_count + 1u);
    if (roots->pair_count > 0) {
        memcpy(pairs, roots->pairs, roots->pair_count * sizeof *pairs);
    }
    pairs[roots->pair_count++] = (struct root_pair){first, second};
    roots->pairs = pairs;
}

/* A volume of the set that one of its specs was mapped for answers to all of them; the first
 * mapped one counts, in the order letter, GUID, share, mount folders. */
static void roots_join_source(struct roots *roots, struct arena *arena,
                              const struct set_volume *volume)
{
    struct view specs[SPECS_MAX];
    const uint32_t count = canon_volume_specs(volume, specs, SPECS_MAX);
    uint32_t root = MARK_NONE;
    for (uint32_t i = 0; i < count && root == MARK_NONE; i++) {
        root = spec_root(roots, arena, specs[i]);
    }
    for (uint32_t i = 0; i < count && root != MARK_NONE; i++) {
        const char *fault = NULL;
        const uint32_t given = spec_root(roots, arena, specs[i]);
        if (given == MARK_NONE) {
            (void)volume_table_add(&roots->table, arena, specs[i], root, &fault);
        } else if (given != root) {
            roots_add_pair(roots, arena, root, given);
            continue;
        }
        root_name(roots, arena, root, specs[i]);
    }
}

/* "DIR/C", "DIR/Volume{guid}", "DIR/UNC/server/share". */
static struct view option_dir(struct arena *arena, struct view base, const struct win_path *path)
{
    const struct view volume = path->volume;
    if (path->kind == VOLUME_LETTER) {
        return arena_printf(arena, "%.*s/%c", VIEW_ARG(base), volume.p[0]);
    }
    const size_t lead = path->kind == VOLUME_GUID ? 4 : 2; /* "\\?\", "\\" */
    const struct view name = volume.n > lead ? view_skip(volume, lead) : volume;
    const struct view text = arena_printf(arena, "%.*s/%s%.*s", VIEW_ARG(base),
                                          path->kind == VOLUME_UNC ? "UNC/" : "", VIEW_ARG(name));
    char *out = arena_alloc(arena, text.n + 1, 1);
    for (size_t i = 0; i < text.n; i++) {
        out[i] = text.p[i];
        if (i > base.n && out[i] == '\\') {
            out[i] = '/';
        }
    }
    return (struct view){out, text.n};
}

/* dir, with what it has in common with an earlier place below base as that one spells it: shares of
 * one server stand in one folder, made as first spelled (ruling 40). */
static struct view dir_as_first_spelled(const struct roots *roots, struct arena *arena,
                                        struct view base, struct view dir)
{
    for (uint32_t i = 0; i < roots->count; i++) {
        const struct plan_mapped_root *root = &roots->list[i];
        const struct view have = view_skip(root->dir, root->typed_bytes);
        const struct view want = view_skip(dir, base.n);
        size_t have_common = 0;
        size_t want_common = 0;
        if (!root->from_root_option) {
            continue;
        }
        for (size_t h = 1, w = 1; h < have.n && w < want.n; h++, w++) {
            const size_t have_end = h + view_find(view_skip(have, h), '/');
            const size_t want_end = w + view_find(view_skip(want, w), '/');
            if (!win_fold_equal((struct view){have.p + h, have_end - h},
                                (struct view){want.p + w, want_end - w})) {
                break;
            }
            h = have_common = have_end;
            w = want_common = want_end;
        }
        dir = arena_printf(arena, "%.*s%.*s%.*s", VIEW_ARG(base), (int)have_common, have.p,
                           VIEW_ARG(view_skip(want, want_common)));
    }
    return dir;
}

/* A place of its own below --root for the volume of path, if it has none. */
static uint32_t roots_add_below(struct roots *roots, size_t *capacity, struct arena *arena,
                                struct view base, const struct win_path *path)
{
    struct view below = VIEW_NONE;
    uint32_t root = volume_table_find(&roots->table, path, &below);
    if (root != MARK_NONE) {
        return root;
    }
    const struct view dir = option_dir(arena, base, path);
    root = root_add(roots, capacity, dir_as_first_spelled(roots, arena, base, dir), true);
    roots->list[root].typed_bytes = (uint32_t)base.n;
    struct view spec = path->volume;
    if (path->kind == VOLUME_GUID) {
        spec = arena_printf(arena, "%.*s\\", VIEW_ARG(path->volume));
    }
    const char *fault = NULL;
    if (!volume_table_add(&roots->table, arena, spec, root, &fault)) {
        /* GCOVR_EXCL_START: the volume of a path is a spec that a table takes */
        roots->count--;
        return MARK_NONE;
        /* GCOVR_EXCL_STOP */
    }
    root_name(roots, arena, root, spec);
    return root;
}

static void roots_add_source(struct roots *roots, size_t *capacity, struct arena *arena,
                             struct view base, const struct set_volume *volume)
{
    struct view specs[SPECS_MAX];
    const uint32_t count = canon_volume_specs(volume, specs, SPECS_MAX);
    struct win_path path;
    if (count > 0 && spec_root(roots, arena, specs[0]) == MARK_NONE &&
        win_path_parse(arena, specs[0], &path) == WIN_PATH_OK) {
        (void)roots_add_below(roots, capacity, arena, base, &path);
        roots_join_source(roots, arena, volume);
    }
}

static void roots_add_destination(struct roots *roots, size_t *capacity, struct arena *arena,
                                  struct view base, const struct canon *canon, struct view text)
{
    const struct canon_directory place = canon_place(canon, arena, text);
    if (view_present(text) && place.status == CANON_OK) {
        (void)roots_add_below(roots, capacity, arena, base, &place.path);
    }
}

/* Below --root stand all volumes that the set or any destination in the documents names. */
static void roots_add_all(struct roots *roots, size_t *capacity, struct arena *arena,
                          struct view base, const struct canon *canon,
                          const struct plan_input *input)
{
    const struct set_description *description = &input->set->description;
    for (uint32_t i = 0; i < description->volume_count; i++) {
        roots_add_source(roots, capacity, arena, base, &description->volumes[i]);
    }
    if (input->choices->private_dir != NULL) {
        return; /* everything stands at its original place below the private root */
    }
    const struct documents *documents = input->documents;
    for (uint32_t w = 0; w < documents->wmd_count; w++) {
        for (uint32_t i = 0; i < documents->wmds[w].mapping_count; i++) {
            roots_add_destination(roots, capacity, arena, base, canon,
                                  documents->wmds[w].mappings[i].alternate_path);
        }
    }
    for (uint32_t w = 0; w < documents->bcd.writer_count; w++) {
        const struct bcd_writer *writer = &documents->bcd.writers[w];
        for (uint32_t c = 0; c < writer->component_count; c++) {
            const struct bcd_component *component = &writer->components[c];
            for (uint32_t i = 0; i < component->new_target_count; i++) {
                roots_add_destination(roots, capacity, arena, base, canon,
                                      component->new_targets[i].alternate_path);
            }
            for (uint32_t i = 0; i < component->directed_target_count; i++) {
                roots_add_destination(roots, capacity, arena, base, canon,
                                      component->directed_targets[i].destination_path);
            }
        }
    }
    for (uint32_t i = 0; i < input->choices->new_target_count; i++) {
        const char *path = strrchr(input->choices->new_targets[i], '|');
        roots_add_destination(roots, capacity, arena, base, canon,
                              view_of(path != NULL ? path + 1 : NULL));
    }
}

vsr_code roots_init(struct roots *roots, struct arena *arena, const struct canon *canon,
                    const struct plan_input *input, vsr_error *error)
{
    *roots = (struct roots){0};
    size_t capacity = 0;
    const struct plan_choices *choices = input->choices;
    const bool private_restore = choices->private_dir != NULL;
    for (uint32_t i = 0; i < choices->volume_count && !private_restore; i++) {
        const vsr_code code = roots_add_option(roots, &capacity, arena, choices->volumes[i], error);
        if (code != VSR_OK) {
            roots_fini(roots);
            return code;
        }
    }
    const struct set_description *description = &input->set->description;
    for (uint32_t i = 0; i < description->volume_count; i++) {
        roots_join_source(roots, arena, &description->volumes[i]);
    }
    const char *base = private_restore ? choices->private_dir : choices->root;
    if (base != NULL) {
        roots_add_all(roots, &capacity, arena, dir_tidy(arena, view_of(base)), canon, input);
    }
    for (uint32_t i = 0; i < roots->table.count; i++) {
        roots->has_mounts |= roots->table.specs[i].path.rest.n > 0;
    }
    return VSR_OK;
}

void roots_fini(struct roots *roots)
{
    volume_table_free(&roots->table);
    free(roots->list);
    *roots = (struct roots){0};
}

vsr_code plan_map_volumes(struct arena *arena, const struct plan_input *input,
                          struct plan_mapped_root **roots, uint32_t *root_count, vsr_error *error)
{
    struct canon canon;
    vsr_code code = canon_init(&canon, arena, &input->set->description, input->choices, error);
    if (code != VSR_OK) {
        return code;
    }
    struct roots found;
    code = roots_init(&found, arena, &canon, input, error);
    canon_fini(&canon);
    if (code != VSR_OK) {
        return code;
    }
    *roots = ARENA_ARRAY(arena, struct plan_mapped_root, found.count);
    if (found.count > 0) {
        memcpy(*roots, found.list, found.count * sizeof *found.list);
    }
    *root_count = found.count;
    roots_fini(&found);
    return VSR_OK;
}
