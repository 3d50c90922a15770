/* place.c - what is asked of one place: may a name stand there, does something, what waits for it,
 * and how it reads in a message. The tree of places, and how they are found, is places.c's. */
#include "plan/places.h"

const char *place_name_fault(const struct place *place, struct view name)
{
    if (place->name_units) {
        return win_name_fault(name);
    }
    if (place->name_bytes_max != 0 && name.n > place->name_bytes_max) {
        return "longer than the file system there allows";
    }
    return NULL;
}

vsr_code place_lookup(struct places *places, uint32_t place, struct view name, struct fact *out,
                      vsr_error *error)
{
    *out = (struct fact){0};
    return places->facts->lookup(places->facts->context, places->list[place].handle, name, out,
                                 error);
}

/* "sub/deep/name" of a file in a directory that is not there, below the one that is. */
static void rest_of(const struct places *places, uint32_t exists, uint32_t place, struct view name,
                    struct buffer *out)
{
    if (place != exists) {
        const struct place *p = &places->list[place];
        rest_of(places, exists, p->parent, p->name, out);
        buffer_add_char(out, '/');
    }
    buffer_add_view(out, name);
}

const char *place_waits(const struct places *places, uint32_t place, struct view name)
{
    const struct plan_facts *facts = places->facts;
    const uint32_t exists = places->list[place].exists ? place : places->list[place].above;
    if (facts->waits == NULL || exists == MARK_NONE ||
        facts->waits(facts->context, places->list[exists].handle, VIEW_NONE) == NULL) {
        return NULL;
    }
    struct buffer rest = {0};
    rest_of(places, exists, place, name, &rest);
    const char *found =
        facts->waits(facts->context, places->list[exists].handle, buffer_view(&rest));
    buffer_free(&rest);
    return found;
}

struct view place_text(const struct places *places, struct arena *arena, uint32_t place,
                       struct view name)
{
    const struct place *p = &places->list[place];
    if (p->parent == MARK_NONE) {
        struct view spec = places->roots->list[p->root].spec;
        if (spec.n > 0 && spec.p[spec.n - 1] == '\\') {
            spec.n--;
        }
        return arena_printf(arena, "%.*s\\%.*s", VIEW_ARG(spec), VIEW_ARG(name));
    }
    const struct view parent = place_text(places, arena, p->parent, p->name);
    return name.n == 0 ? parent
                       : arena_printf(arena, "%.*s\\%.*s", VIEW_ARG(parent), VIEW_ARG(name));
}
