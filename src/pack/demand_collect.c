/* demand_collect.c - the documents turned into the table of demands.
 *
 * First of pack's steps after the documents are read: selection of everything explicit, file
 * sets by their masks, entries of the Backup Components Document, %NAME%s replaced. It reads no
 * file: unknown names must stop the call before (ruling 22). What a set means for a file is in
 * demand.c. */
#include "pack/demand_collect.h"

#include "base/heap.h"
#include "plan/select.h"

#include <stdlib.h>

enum { UNKNOWN_NAMES_MAX = 64 }; /* told of one call: each text is held against each of them */

/* --- text: %NAME%s and paths --- */

static void env_add(struct win_env *env, struct arena *arena, struct view name, struct view value)
{
    struct view(*names)[2] = arena_alloc(arena, (size_t)env->count + 1, sizeof *names);
    if (env->count > 0) {
        memcpy(names, env->names, env->count * sizeof *names);
    }
    names[env->count][0] = name;
    names[env->count][1] = value;
    env->names = names;
    env->count++;
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

static vsr_code env_read(struct demand_collector *collector, const char *const *environment,
                         uint32_t count, vsr_error *error)
{
    struct demands *demands = collector->demands;
    if (count > SET_ENVIRONMENT_MAX) {
        return err_set(error, VSR_ERR_SELECTION, "pack/demand",
                       "--env is given %u times, at most %u are possible", count,
                       SET_ENVIRONMENT_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct view text = view_of(environment[i]);
        const size_t equals = view_find(text, '=');
        if (equals == 0 || equals == text.n || !view_is_utf8(text)) {
            return err_set(error, VSR_ERR_SELECTION, "pack/demand",
                           "--env '%s' is not of the form NAME=value", environment[i]);
        }
        if (env_has(&demands->env, (struct view){text.p, equals})) {
            return err_set(error, VSR_ERR_SELECTION, "pack/demand",
                           "--env '%s' gives a name that has a value already", environment[i]);
        }
        env_add(&demands->env, &demands->arena,
                arena_copy(&demands->arena, (struct view){text.p, equals}),
                arena_copy(&demands->arena, view_skip(text, equals + 1)));
    }
    collector->known_count = demands->env.count;
    return VSR_OK;
}

/* An unknown name is noted and stands for nothing from then on; the call will fail at the end, with
 * as many of them as anybody reads. */
static struct view text_expand(struct demand_collector *collector, struct view text)
{
    struct demands *demands = collector->demands;
    struct view expanded = VIEW_NONE;
    struct view unknown = VIEW_NONE;
    while (!win_env_expand(&demands->arena, &demands->env, text, &expanded, &unknown)) {
        if (demands->env.count == collector->known_count + UNKNOWN_NAMES_MAX) {
            return VIEW("C:\\");
        }
        env_add(&demands->env, &demands->arena, unknown, VIEW("C:\\"));
    }
    return expanded;
}

static vsr_code unknown_names(const struct demand_collector *collector, vsr_error *error)
{
    const struct win_env *env = &collector->demands->env;
    if (env->count == collector->known_count) {
        return VSR_OK;
    }
    struct buffer list = {0};
    for (uint32_t i = collector->known_count; i < env->count; i++) {
        buffer_printf(&list, "%s%%%.*s%%", list.n > 0 ? ", " : "", VIEW_ARG(env->names[i][0]));
    }
    if (env->count == collector->known_count + UNKNOWN_NAMES_MAX) {
        buffer_printf(&list, " and others");
    }
    const vsr_code rc =
        err_set(error, VSR_ERR_SELECTION, "pack/demand",
                "no value for %.*s, which file sets of the backup name: give --env NAME=value",
                VIEW_ARG(buffer_view(&list)));
    buffer_free(&list);
    return rc;
}

bool demand_path_parse(struct demand_collector *collector, struct view text, struct view label,
                       struct win_path *out)
{
    const struct view expanded = text_expand(collector, text);
    const enum win_path_fault fault = win_path_parse(&collector->demands->arena, expanded, out);
    if (fault != WIN_PATH_OK) {
        notice_add(collector->notices, true, "the path \"%.*s\" of %.*s is left out: %s",
                   VIEW_ARG(text), VIEW_ARG(label), win_path_fault_text(fault));
    }
    return fault == WIN_PATH_OK;
}

/* --- places: where a set stands among the volumes --- */

static void volume_missing(struct demand_collector *collector, const struct win_path *path,
                           struct view label)
{
    struct missing_volume *missing = NULL;
    for (uint32_t i = 0; i < collector->missing_count && missing == NULL; i++) {
        if (win_fold_equal(collector->missing[i].volume, path->volume)) {
            missing = &collector->missing[i];
        }
    }
    if (missing == NULL) {
        collector->missing = heap_grow(collector->missing, collector->missing_count,
                                       &collector->missing_capacity, sizeof *missing);
        missing = &collector->missing[collector->missing_count++];
        *missing = (struct missing_volume){.volume = path->volume};
    }
    if (!view_equal(missing->last, label)) { /* a component's sets stand in a row */
        missing->last = label;
        buffer_printf(&missing->labels, "%s%.*s", missing->labels.n > 0 ? ", " : "",
                      VIEW_ARG(label));
    }
}

static void missing_warn(struct demand_collector *collector)
{
    for (uint32_t i = 0; i < collector->missing_count; i++) {
        struct missing_volume *missing = &collector->missing[i];
        notice_add(collector->notices, true,
                   "volume %.*s is not given (--volume): incomplete are %.*s",
                   VIEW_ARG(missing->volume), (int)missing->labels.n, missing->labels.p);
        buffer_free(&missing->labels);
    }
    free(collector->missing);
}

/* Is a path (below a root) at or below another one? */
static bool is_within(struct view path, struct view directory)
{
    struct view wanted = directory;
    struct view rest = path;
    for (struct view name = win_path_element(&wanted); view_present(name);
         name = win_path_element(&wanted)) {
        if (rest.n == 0 || !win_fold_equal(name, win_path_element(&rest))) {
            return false;
        }
    }
    return true;
}

/* Add a set where it stands and, if it is recursive, at the root of every volume that is mounted
 * below (rules 5.11: recursion follows mounted folders). */
static bool match_add_places(const struct demand_collector *collector, struct match *match,
                             struct match_set set)
{
    const struct sources *sources = collector->demands->sources;
    if (!match_add(match, &set)) {
        return false;
    }
    for (uint32_t i = 0; set.recursive && i < sources->mount_count; i++) {
        const struct source_mount *mount = &sources->mounts[i];
        if (mount->host == set.volume && mount->volume != set.volume &&
            is_within(mount->below, set.below)) {
            struct match_set inside = set;
            inside.volume = mount->volume;
            inside.below = VIEW("");
            (void)match_add_places(collector, match, inside);
        }
    }
    return true;
}

static bool is_deeper(struct view path, struct view directory)
{
    return is_within(path, directory) && !is_within(directory, path);
}

/* On another volume the normal path can come to the alternate one only by a mounted folder, and
 * then it lies within. */
static bool add_alternate(struct demand_collector *collector, struct demand *demand,
                          struct view alternate_path, uint32_t id)
{
    struct demands *demands = collector->demands;
    if (!view_present(alternate_path) || alternate_path.n == 0) {
        return true;
    }
    struct win_path path;
    if (!demand_path_parse(collector, alternate_path, demand->label, &path)) {
        return false;
    }
    const uint32_t volume =
        volume_table_find(&demands->sources->table, &path, &demand->alternate_below);
    if (volume == MARK_NONE) {
        volume_missing(collector, &path, demand->label);
        return false;
    }
    demand->alternate = path;
    demand->alternate_inside =
        demand->recursive &&
        (volume != demand->volume || is_deeper(demand->alternate_below, demand->below));
    return match_add(demands->alternates, &(struct match_set){.volume = volume,
                                                              .below = demand->alternate_below,
                                                              .filespec = demand->filespec,
                                                              .recursive = demand->recursive,
                                                              .id = id});
}

bool demand_add(struct demand_collector *collector, struct demand demand,
                struct view alternate_path)
{
    struct demands *demands = collector->demands;
    struct win_spec spec;
    if (!win_spec_compile(&demands->arena, demand.filespec, &spec)) {
        notice_add(collector->notices, true,
                   "the file spec \"%.*s\" of %.*s is left out: it is none",
                   VIEW_ARG(demand.filespec), VIEW_ARG(demand.label));
        return false;
    }
    demand.named = spec.literal;
    if (demand.kind != DEMAND_SET && demand.kind != DEMAND_DIFFERENCED && !spec.literal) {
        notice_add(collector->notices, true,
                   "the entry for \"%.*s\" of %.*s is left out: it must name one file",
                   VIEW_ARG(demand.filespec), VIEW_ARG(demand.label));
        return false;
    }
    const uint32_t id = demands->count;
    demand.volume = volume_table_find(&demands->sources->table, &demand.path, &demand.below);
    if (demand.volume == MARK_NONE) {
        volume_missing(collector, &demand.path, demand.label);
    } else if (!match_add_places(collector, demands->wanted,
                                 (struct match_set){.volume = demand.volume,
                                                    .below = demand.below,
                                                    .filespec = demand.filespec,
                                                    .recursive = demand.recursive,
                                                    .id = id})) {
        return false;
    } else {
        (void)add_alternate(collector, &demand, alternate_path, id);
    }
    demands->list = heap_grow(demands->list, demands->count, &demands->capacity, sizeof demand);
    demands->list[demands->count++] = demand;
    return true;
}

/* --- the documents, component by component --- */

static void collect_set(struct demand_collector *collector, const struct vss_file_set *set,
                        uint32_t writer, uint32_t bcd_component, struct view label)
{
    const uint32_t bit = vss_fsbt_bit(collector->demands->documents->bcd.backup_type);
    if (bit != 0 && (set->backup_type_mask & bit) == 0) {
        return; /* 7.9; a type without a bit: what any mask could want */
    }
    struct demand demand = {.kind = DEMAND_SET,
                            .writer = writer,
                            .bcd_component = bcd_component,
                            .label = label,
                            .filespec = set->filespec,
                            .recursive = set->recursive};
    if (demand_path_parse(collector, set->path, label, &demand.path)) {
        (void)demand_add(collector, demand, set->alternate_path);
    }
}

static void collect_exclude(struct demand_collector *collector, const struct vss_file_set *set,
                            uint32_t writer, struct view label)
{
    struct demands *demands = collector->demands;
    struct win_path path;
    struct match_set place = {.filespec = set->filespec,
                              .recursive = set->recursive,
                              .id = demands->exclude_count};
    const enum win_path_fault fault =
        win_path_parse(&demands->arena, text_expand(collector, set->path), &path);
    if (fault != WIN_PATH_OK) { /* more is packed than was meant: nothing is incomplete */
        notice_add(collector->notices, false, "the exclude path \"%.*s\" of %.*s is ignored: %s",
                   VIEW_ARG(set->path), VIEW_ARG(label), win_path_fault_text(fault));
        return;
    }
    place.volume = volume_table_find(&demands->sources->table, &path, &place.below);
    if (place.volume == MARK_NONE) {
        return; /* nothing of that volume is packed */
    }
    if (!match_add_places(collector, demands->exclude_match, place)) {
        notice_add(collector->notices, false,
                   "the exclude \"%.*s\" of %.*s is ignored: no file spec", VIEW_ARG(set->filespec),
                   VIEW_ARG(label));
        return;
    }
    demands->excludes = heap_grow(demands->excludes, demands->exclude_count,
                                  &demands->exclude_capacity, sizeof *demands->excludes);
    demands->excludes[demands->exclude_count++] = (struct demand_exclude){writer};
}

static struct view writer_label(struct demand_collector *collector, uint32_t writer)
{
    struct demands *demands = collector->demands;
    const struct bcd_writer *bcd_writer = &demands->documents->bcd.writers[writer];
    const uint32_t wmd = demands->documents->writer_wmd[writer];
    if (wmd != MARK_NONE && demands->documents->wmds[wmd].friendly_name.n > 0) {
        return demands->documents->wmds[wmd].friendly_name;
    }
    char id[UUID_TEXT_BYTES];
    uuid_text(&bcd_writer->writer_id, id);
    return arena_copy(&demands->arena, view_of(id));
}

static struct view component_label(struct demand_collector *collector, struct view writer,
                                   struct view logical_path, struct view name)
{
    struct arena *arena = &collector->demands->arena;
    const struct view full = vss_full_name(arena, logical_path, name);
    return arena_printf(arena, "%.*s:%.*s", VIEW_ARG(writer), VIEW_ARG(full));
}

static void collect_scope(struct demand_collector *collector, const struct scope *scope)
{
    const struct documents *documents = collector->demands->documents;
    const struct bcd_component *explicit =
        &documents->bcd.writers[scope->writer].components[scope->bcd_component];
    const struct view writer = writer_label(collector, scope->writer);
    const struct view label =
        component_label(collector, writer, explicit->logical_path, explicit->name);
    if (scope->wmd == MARK_NONE || scope->root == MARK_NONE) {
        notice_add(collector->notices, true, "the files of %.*s are not known: %.*s",
                   VIEW_ARG(label), VIEW_ARG(scope->detail));
    }
    for (uint32_t m = 0; scope->wmd != MARK_NONE && m < scope->member_count; m++) {
        const struct wmd_component *component =
            &documents->wmds[scope->wmd].components[scope->members[m]];
        const struct view member =
            component_label(collector, writer, component->logical_path, component->name);
        for (uint32_t s = 0; s < component->file_set_count; s++) {
            collect_set(collector, &component->file_sets[s], scope->writer, scope->bcd_component,
                        member);
        }
    }
    demand_collect_entries(collector, explicit, scope->writer, scope->bcd_component, label);
    if (collector->last_writer != scope->writer && scope->wmd != MARK_NONE) {
        const struct wmd *wmd = &documents->wmds[scope->wmd];
        for (uint32_t i = 0; i < wmd->exclude_count; i++) {
            collect_exclude(collector, &wmd->excludes[i], scope->writer, writer);
        }
        collector->last_writer = scope->writer; /* scopes stand in the document's order */
    }
}

vsr_code demands_collect(struct demands *demands, const struct documents *documents,
                         const struct sources *sources, const char *const *environment,
                         uint32_t environment_count, struct notices *notices, vsr_error *error)
{
    *demands = (struct demands){.documents = documents,
                                .sources = sources,
                                .wanted = match_create(),
                                .alternates = match_create(),
                                .exclude_match = match_create()};
    struct demand_collector collector = {.demands = demands,
                                         .notices = notices,
                                         .last_writer = MARK_NONE};
    struct selection selection = {0};
    vsr_code rc = env_read(&collector, environment, environment_count, error);
    if (rc == VSR_OK) {
        rc = select_components(&demands->arena, documents, NULL, &selection, error);
    }
    for (uint32_t i = 0; i < selection.warning_count && rc == VSR_OK; i++) {
        notice_add(notices, false, "%.*s", VIEW_ARG(selection.warnings[i]));
    }
    for (uint32_t i = 0; i < selection.scope_count && rc == VSR_OK; i++) {
        collect_scope(&collector, &selection.scopes[i]);
    }
    missing_warn(&collector);
    rc = rc == VSR_OK ? unknown_names(&collector, error) : rc;
    if (rc != VSR_OK) {
        return rc;
    }
    match_seal(demands->wanted);
    match_seal(demands->alternates);
    match_seal(demands->exclude_match);
    demands->met = heap_alloc(demands->count, sizeof *demands->met);
    return VSR_OK;
}
