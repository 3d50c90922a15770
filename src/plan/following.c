/* following.c - a chain's verdicts and earlier runs' reports, asked for one unit or one file. What
 * a chain is, and how reports are read, is told elsewhere (chain.h, earlier.h). */
#include "plan/following.h"

static bool chain_refuses(struct draft *draft, uint32_t unit)
{
    const struct plan_input *input = draft->input;
    struct draft_unit *u = &draft->units[unit];
    if (input->chain == NULL) {
        return false;
    }
    const struct chain_component *component =
        chain_component_at(input->chain, input->chain_step, u->scope->writer,
                           u->scope->bcd_component);
    u->additional_restores = component->more ? FLAG_YES : FLAG_NO;
    if (view_present(component->invalid)) {
        draft_refuse(draft, unit, REFUSAL_CHAIN_INVALID, component->rule, "%.*s",
                     VIEW_ARG(component->invalid));
    }
    return view_present(component->invalid);
}

void following_check(struct draft *draft, uint32_t unit)
{
    const struct plan_input *input = draft->input;
    struct draft_unit *u = &draft->units[unit];
    const bool refused = chain_refuses(draft, unit);
    if (input->choices->additional_restores == 1) { /* the caller knows of more than this chain */
        u->additional_restores = FLAG_YES;
    } else if (input->choices->additional_restores == 0 && u->additional_restores != FLAG_YES) {
        u->additional_restores = FLAG_NO;
    }
    if (refused || input->earlier == NULL) {
        return;
    }
    const struct bcd_writer *writer = &input->documents->bcd.writers[u->scope->writer];
    const struct view full =
        vss_full_name(&draft->arena, vss_logical_path_norm(u->component->logical_path),
                      u->component->name);
    const struct earlier_unit *before =
        earlier_find(input->earlier, &writer->writer_id, &writer->instance_id,
                     u->component->logical_path, full);
    u->before = before;
    if (before != NULL && !before->whole) {
        draft_refuse(draft, unit, REFUSAL_CHAIN_INVALID, "7.2",
                     "what it adds to was not restored by the step before: see the run folder %.*s",
                     VIEW_ARG(before->run));
    }
}

static bool was_put(const struct draft_unit *unit, enum plan_verdict verdict)
{
    return unit->before != NULL && unit->target != TARGET_ORIGINAL_LOCATION &&
           view_equal(unit->before->verdict, view_of(plan_verdict_text(verdict)));
}

/* Nothing of the unit goes to its original place now. */
static void hold(struct survey *original, const struct obstacle *obstacle)
{
    original->all_absent = false;
    original->all_writable = false;
    original->to_creating = *obstacle;
    original->to_writing = *obstacle;
}

void following_hold(struct draft *draft, uint32_t unit, struct survey *original)
{
    const struct draft_unit *u = &draft->units[unit];
    struct obstacle obstacle = {REFUSAL_CHAIN_INVALID, "7.4", VIEW_NONE};
    if (original->impossible) {
        return;
    }
    if (was_put(u, VERDICT_ALTERNATE)) {
        obstacle.detail =
            VIEW("the step before put what this one adds to at its alternate location");
        hold(original, &obstacle);
    } else if (was_put(u, VERDICT_STAGED)) {
        obstacle.detail =
            arena_printf(&draft->arena,
                         "what this one adds to waits for the next boot; to restore this one now, "
                         "carry out what is pending in the run folder %.*s first, then go on with "
                         "--after",
                         VIEW_ARG(u->before->run));
        hold(original, &obstacle);
    }
}

bool following_refuses(struct draft *draft, uint32_t unit, enum plan_verdict verdict)
{
    const struct draft_unit *u = &draft->units[unit];
    if (verdict != VERDICT_ALTERNATE || u->target == TARGET_ALTERNATE ||
        !was_put(u, VERDICT_ORIGINAL)) {
        return false;
    }
    draft_refuse(draft, unit, REFUSAL_CHAIN_INVALID, "7.4",
                 "the step before put what this one adds to at its original place, where this one "
                 "finds an obstacle");
    return true;
}

/* The way of a place from its root down, each name behind a slash. */
static void place_path(const struct draft *draft, uint32_t place, struct buffer *out)
{
    const struct places *places = &draft->places;
    uint32_t depth = 0;
    for (uint32_t at = place; places->list[at].parent != MARK_NONE; at = places->list[at].parent) {
        depth++;
    }
    const uint32_t root = places->list[place].root;
    const struct view top = places->real_paths[root];
    buffer_add_view(out, view_equal(top, VIEW("/")) ? VIEW("") : top);
    for (; depth > 0; depth--) {
        uint32_t at = place;
        for (uint32_t up = 1; up < depth; up++) {
            at = places->list[at].parent;
        }
        buffer_add_char(out, '/');
        buffer_add_view(out, places->list[at].name);
    }
}

bool following_has_restored(const struct draft *draft, const struct draft_file *file)
{
    const struct earlier *earlier = draft->input->earlier;
    if (earlier == NULL || earlier->place_count == 0) {
        return false;
    }
    struct buffer path = {0};
    place_path(draft, file->place, &path);
    buffer_add_char(&path, '/');
    buffer_add_view(&path, draft_name(draft, file));
    const bool found = earlier_has_place(earlier, buffer_view(&path));
    buffer_free(&path);
    return found;
}

/* The root of this plan that answers to a volume's name, as its top place has it, or MARK_NONE. */
static uint32_t root_of_spec(const struct draft *draft, struct arena *arena, struct view spec)
{
    struct win_path path;
    struct view below = VIEW_NONE;
    const uint32_t root = win_path_parse(arena, spec, &path) == WIN_PATH_OK
                              ? volume_table_find(&draft->roots.table, &path, &below)
                              : MARK_NONE;
    return root == MARK_NONE || below.n > 0 ? MARK_NONE
                                            : draft->places.list[draft->places.tops[root]].root;
}

static bool root_is_used(const struct draft *draft, uint32_t root)
{
    for (uint32_t i = 0; i < draft->file_count; i++) {
        const uint32_t place = draft->files[i].place;
        if (place != MARK_NONE && draft->places.list[place].root == root) {
            return true;
        }
    }
    return false;
}

static bool root_is_same(const struct places *places, uint32_t root,
                         const struct earlier_root *before)
{
    const uint64_t *identity = places->identities[root];
    return view_equal(places->real_paths[root], before->path) ||
           ((before->device | before->inode) != 0 && identity[0] == before->device &&
            identity[1] == before->inode);
}

vsr_code following_check_roots(const struct draft *draft, vsr_error *error)
{
    const struct earlier *earlier = draft->input->earlier;
    const struct places *places = &draft->places;
    struct arena arena = {0};
    vsr_code code = VSR_OK;
    for (uint32_t i = 0; earlier != NULL && i < earlier->root_count && code == VSR_OK; i++) {
        const struct earlier_root *before = &earlier->roots[i];
        const uint32_t root = root_of_spec(draft, &arena, before->spec);
        if (root != MARK_NONE && !root_is_same(places, root, before) && root_is_used(draft, root)) {
            code = err_set(error, VSR_ERR_SELECTION, "plan/following",
                           "the run in %.*s restored %.*s to '%.*s', and this one, which adds to "
                           "it, would go to '%.*s': name the same place, or restore the whole "
                           "chain to the new one",
                           VIEW_ARG(before->run), VIEW_ARG(before->spec), VIEW_ARG(before->path),
                           VIEW_ARG(places->real_paths[root]));
        }
    }
    arena_free(&arena);
    return code;
}

void following_check_parent(struct draft *draft)
{
    const struct plan_input *input = draft->input;
    const struct uuid *parent = &input->set->description.parent;
    if (input->earlier == NULL || uuid_is_null(parent) || earlier_has_set(input->earlier, parent)) {
        return;
    }
    char text[UUID_TEXT_BYTES];
    uuid_text(parent, text);
    draft_warn(draft,
               "rule 7.1: this set adds to the set %s, which none of the runs restored that "
               "this one follows",
               text);
}
