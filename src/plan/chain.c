/* chain.c - the steps of a chain as their documents tell them, and whether their order is one.
 *
 * What is kept of each step is small: the sets themselves are opened again, one at a time, when
 * their turn comes. What follows for each component is chain_judge.c's. */
#include "plan/chain.h"

#include "base/heap.h"
#include "base/limits.h"
#include "vss/winpath.h"

#include <stdlib.h>

static const char WHERE[] = "plan/chain";

/* --- steps --- */

struct key_asked {
    const struct chain *chain;
    const struct chain_writer *writer;
    struct view full_name;
};

static bool key_equal(const void *context, const void *key, uint32_t value)
{
    (void)context;
    const struct key_asked *asked = key;
    const struct chain_key *known = &asked->chain->keys[value];
    return uuid_equal(&known->writer_id, &asked->writer->id) &&
           win_fold_equal(known->full_name, asked->full_name) &&
           win_fold_equal(known->instance_name, asked->writer->instance_name);
}

/* The key of a writer's full name, made where it is new; above: that of one element less. */
static uint32_t key_of(struct chain *chain, const struct chain_writer *writer,
                       struct view full_name, uint32_t above)
{
    const uint64_t hash =
        win_fold_hash(full_name) ^ hash_bytes(writer->id.bytes, sizeof writer->id.bytes);
    const struct key_asked asked = {chain, writer, full_name};
    const uint32_t found = hash_map_find(&chain->by_name, hash, &asked, key_equal, NULL);
    if (found != MARK_NONE) {
        return found;
    }
    chain->keys =
        heap_grow(chain->keys, chain->key_count, &chain->key_capacity, sizeof *chain->keys);
    chain->keys[chain->key_count] = (struct chain_key){.writer_id = writer->id,
                                                       .instance_name = writer->instance_name,
                                                       .full_name = full_name,
                                                       .above = above,
                                                       .newest = MARK_NONE};
    hash_map_add(&chain->by_name, hash, chain->key_count);
    return chain->key_count++;
}

/* The key of a component, and of all that stands above it, which learn of the step. */
static uint32_t keys_add(struct chain *chain, const struct chain_writer *writer, struct view full)
{
    uint32_t above = MARK_NONE;
    uint32_t depth = 0;
    for (size_t at = 1; at <= full.n; at++) {
        const bool whole = at == full.n;
        if (whole || (full.p[at] == '\\' && depth++ < LOGICAL_PATH_DEPTH_MAX)) {
            above = key_of(chain, writer, (struct view){full.p, at}, above);
            chain->keys[above].steps_below = chain->step_count;
        }
    }
    return above;
}

static void component_add(struct chain *chain, const struct chain_writer *writer, uint32_t number,
                          const struct bcd_component *from)
{
    struct view full =
        vss_full_name(&chain->arena, vss_logical_path_norm(from->logical_path), from->name);
    full = full.n > 0 ? full : VIEW("\\"); /* a name that no other has */
    chain->components = heap_grow(chain->components, chain->component_count,
                                  &chain->component_capacity, sizeof *chain->components);
    struct chain_component *component = &chain->components[chain->component_count];
    *component = (struct chain_component){
        .stamp = arena_copy(&chain->arena, from->backup_stamp),
        .previous_stamp = arena_copy(&chain->arena, from->previous_backup_stamp),
        .key = keys_add(chain, writer, full),
        .step = chain->step_count - 1,
        .writer = number,
    };
    struct chain_key *key = &chain->keys[component->key];
    component->before = key->newest;
    key->newest = chain->component_count++;
    key->steps_itself = chain->step_count;
}

void chain_add(struct chain *chain, struct view name, const struct set_description *set,
               const struct documents *documents)
{
    const struct bcd *bcd = &documents->bcd;
    chain->steps =
        heap_grow(chain->steps, chain->step_count, &chain->step_capacity, sizeof *chain->steps);
    struct chain_step *step = &chain->steps[chain->step_count++];
    *step = (struct chain_step){
        .name = arena_copy(&chain->arena, name),
        .set = set->uuid,
        .parent = set->parent,
        .type = bcd->backup_type,
        .type_text = bcd->backup_type == BACKUP_UNKNOWN
                         ? arena_copy(&chain->arena, bcd->backup_type_text)
                         : view_of(vss_backup_type_text(bcd->backup_type)),
        .writers = ARENA_ARRAY(&chain->arena, struct chain_writer, bcd->writer_count),
        .writer_count = bcd->writer_count,
    };
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        const struct bcd_writer *from = &bcd->writers[w];
        const uint32_t number = documents->writer_wmd[w];
        const struct wmd *wmd = number != MARK_NONE ? &documents->wmds[number] : NULL;
        const uint32_t schema =
            from->backup_schema == 0 && wmd != NULL ? wmd->backup_schema : from->backup_schema;
        char id[UUID_TEXT_BYTES];
        uuid_text(&from->writer_id, id);
        step->writers[w] = (struct chain_writer){
            .id = from->writer_id,
            .instance_name = arena_copy(&chain->arena, from->instance_name),
            .name = arena_copy(&chain->arena, wmd != NULL && wmd->friendly_name.n > 0
                                                  ? wmd->friendly_name
                                                  : view_of(id)),
            .schema = schema,
            .first_component = chain->component_count,
            .component_count = from->component_count,
        };
        for (uint32_t c = 0; c < from->component_count; c++) {
            component_add(chain, &step->writers[w], w, &from->components[c]);
        }
    }
}

void chain_free(struct chain *chain)
{
    free(chain->steps);
    free(chain->components);
    free(chain->keys);
    free(chain->warnings);
    hash_map_free(&chain->by_name);
    arena_free(&chain->arena);
    *chain = (struct chain){0};
}

/* --- order --- */

#define T(name) (1u << BACKUP_##name)

/* What may stand before a step of each type (7.1), and what may be its parent when it is packed. A
 * type without a row has no place behind another. */
static const struct {
    enum vss_backup_type type;
    unsigned after;   /* any number of these          */
    unsigned parents; /* the set that it is packed on */
    bool once;        /* the last one counts alone    */
    const char *rule;
} places[] = {
    {BACKUP_INCREMENTAL, T(FULL) | T(INCREMENTAL) | T(DIFFERENTIAL),
     T(FULL) | T(INCREMENTAL) | T(DIFFERENTIAL), false,
     "an incremental one follows a full one and its incremental ones, before any logs"},
    {BACKUP_DIFFERENTIAL, T(FULL) | T(INCREMENTAL), T(FULL), true,
     "of the differential ones the last alone follows the full one, before any logs"},
    {BACKUP_LOG, T(FULL) | T(INCREMENTAL) | T(DIFFERENTIAL) | T(LOG),
     T(FULL) | T(INCREMENTAL) | T(DIFFERENTIAL) | T(LOG), false,
     "logs follow a full one and what was saved since"},
};

static size_t place_of(enum vss_backup_type type)
{
    size_t i = 0;
    while (i < sizeof places / sizeof *places && places[i].type != type) {
        i++;
    }
    return i;
}

static vsr_code order_fail(const struct chain_step *step, const char *why, vsr_error *error)
{
    return err_set(error, VSR_ERR_SELECTION, WHERE,
                   "the sets are no chain at %.*s (%.*s backup): %s; they are named oldest first",
                   VIEW_ARG(step->name), VIEW_ARG(step->type_text), why);
}

static vsr_code step_check_first(const struct chain *chain, bool continues, vsr_error *error)
{
    const struct chain_step *first = &chain->steps[0];
    if (chain->step_count == 1 || first->type == BACKUP_FULL) {
        return VSR_OK;
    }
    if (first->type == BACKUP_COPY) {
        return order_fail(first, "nothing is ever based on a copy", error);
    }
    if (continues && place_of(first->type) < sizeof places / sizeof *places) {
        return VSR_OK;
    }
    return order_fail(first, "a chain begins with a full backup", error);
}

static vsr_code step_check_type(const struct chain *chain, uint32_t number, vsr_error *error)
{
    const struct chain_step *step = &chain->steps[number];
    const size_t place = place_of(step->type);
    if (place == sizeof places / sizeof *places) {
        return order_fail(step, "a backup of this type follows no other", error);
    }
    for (uint32_t i = 0; i < number; i++) {
        const enum vss_backup_type before = chain->steps[i].type;
        if ((places[place].after >> before & 1) == 0 ||
            (places[place].once && before == step->type)) {
            return order_fail(step, places[place].rule, error);
        }
    }
    return VSR_OK;
}

/* The parent stands before, and nothing of the same kind between the two. */
static vsr_code step_check_parent(const struct chain *chain, uint32_t number, bool continues,
                                  vsr_error *error)
{
    const struct chain_step *step = &chain->steps[number];
    char parent[UUID_TEXT_BYTES];
    uint32_t at = number;
    while (at > 0 && !uuid_equal(&chain->steps[at - 1].set, &step->parent)) {
        if (chain->steps[at - 1].type == step->type) {
            break;
        }
        at--;
    }
    if (uuid_is_null(&step->parent) || (at == 0 && continues) ||
        (at > 0 && uuid_equal(&chain->steps[at - 1].set, &step->parent))) {
        return VSR_OK;
    }
    uuid_text(&step->parent, parent);
    return err_set(error, VSR_ERR_SELECTION, WHERE,
                   "the sets are no chain at %.*s (%.*s backup): it adds to the set %s, which is "
                   "not the one before it",
                   VIEW_ARG(step->name), VIEW_ARG(step->type_text), parent);
}

vsr_code chain_check_order(const struct chain *chain, bool continues, vsr_error *error)
{
    vsr_code rc = step_check_first(chain, continues, error);
    for (uint32_t i = 1; i < chain->step_count && rc == VSR_OK; i++) {
        for (uint32_t k = 0; k < i && rc == VSR_OK; k++) {
            if (uuid_equal(&chain->steps[k].set, &chain->steps[i].set)) {
                rc = order_fail(&chain->steps[i], "the same set stands before it", error);
            }
        }
        if (rc == VSR_OK) {
            rc = step_check_type(chain, i, error);
        }
        if (rc == VSR_OK) {
            rc = step_check_parent(chain, i, continues, error);
        }
    }
    return rc;
}

vsr_code chain_check_parent(const struct chain_step *parent, const struct chain_step *child,
                            vsr_error *error)
{
    const size_t place = place_of(child->type);
    if (place == sizeof places / sizeof *places ||
        (places[place].parents >> parent->type & 1) == 0) {
        return err_set(error, VSR_ERR_SELECTION, WHERE,
                       "--parent %.*s: a %.*s backup adds nothing to a %.*s one",
                       VIEW_ARG(parent->name), VIEW_ARG(child->type_text),
                       VIEW_ARG(parent->type_text));
    }
    return VSR_OK;
}

bool chain_shares_writer(const struct chain_step *one, const struct chain_step *other)
{
    for (uint32_t i = 0; i < one->writer_count; i++) {
        for (uint32_t k = 0; k < other->writer_count; k++) {
            if (uuid_equal(&one->writers[i].id, &other->writers[k].id)) {
                return true;
            }
        }
    }
    return false;
}
