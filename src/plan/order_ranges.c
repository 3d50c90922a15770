/* order_ranges.c - where ranges files went, for those that name them.
 *
 * Behind the records: a ranges file that several entries name has one record and is told to each of
 * them. Not told: one at its own place, and anything of a private restore (6.10). */
#include "plan/order_ranges.h"

/* The Windows path of a place, whole. */
static void add_place(const struct places *places, uint32_t place, struct buffer *out)
{
    const struct place *p = &places->list[place];
    if (p->parent != MARK_NONE) {
        add_place(places, p->parent, out);
        buffer_add_char(out, '\\');
        buffer_add_view(out, p->name);
        return;
    }
    const struct view spec = places->roots->list[p->root].spec;
    buffer_add(out, spec.p, spec.n > 0 && spec.p[spec.n - 1] == '\\' ? spec.n - 1 : spec.n);
}

static void ranges_path_add(struct draft *draft, struct plan_build *build,
                            const struct draft_named *partial, const struct draft_file *file)
{
    struct buffer path = {0};
    add_place(&draft->places, file->place, &path);
    buffer_add_char(&path, '\\');
    buffer_add_view(&path, draft_name(draft, file));
    struct plan_ranges_path *out = plan_build_add_ranges_path(build);
    out->unit = partial->unit;
    out->partial_file = partial->number;
    out->path = plan_build_text(build, buffer_view(&path));
    buffer_free(&path);
}

void order_ranges_paths(struct draft *draft, struct plan_build *build)
{
    uint32_t *file_of = ARENA_ARRAY(&draft->arena, uint32_t, draft->named_count);
    memset(file_of, 0xFF, draft->named_count * sizeof *file_of); /* MARK_NONE */
    for (uint32_t i = 0; draft->named_count > 0 && i < draft->file_count; i++) {
        const struct draft_file *file = &draft->files[i];
        const bool moved = file->where == PLACE_ALTERNATE || file->where == PLACE_NEW_TARGET;
        if (draft_goes_by(draft, file, NAMED_RANGES_FILE) && moved && file->place != MARK_NONE &&
            draft->units[draft->sets[file->set].unit].refusal == REFUSAL_NONE) {
            file_of[file->named] = i;
        }
    }
    for (uint32_t i = 0; i < draft->named_count; i++) {
        const struct draft_named *partial = &draft->named[i];
        const uint32_t named = partial->files[0];
        if (partial->kind != NAMED_PARTIAL || named == MARK_NONE || !partial->in_scope) {
            continue;
        }
        const uint32_t same = draft->named[named].same;
        const uint32_t file = file_of[same != MARK_NONE ? same : named];
        if (file != MARK_NONE) {
            ranges_path_add(draft, build, partial, &draft->files[file]);
        }
    }
}
