/* order.c - numbers and records of the plan, in the order in which they are carried out.
 *
 * A directory to be made stands in the first unit that needs it; one that exists is only named.
 * Which name of a hard-linked file owns its data is order_links.c's. Nothing is decided here. */
#include "plan/order.h"

#include "base/heap.h"
#include "plan/order_links.h"
#include "plan/order_ranges.h"
#include "plan/profile.h"

#include <stdlib.h>

struct order {
    struct draft *draft;
    struct plan_build *build;
    uint32_t *needed_by; /* for each place: the draft_file that needed it first, or MARK_NONE */
    uint32_t *sequence;  /* the needed ones, in the order of need, top down        */
    uint32_t sequence_count;
    uint32_t *numbers;    /* for each place: plan_directory, or MARK_NONE */
    uint32_t *made;       /* places to be made, by unit */
    uint32_t *made_first; /* for each unit, and one behind: into made */
    uint32_t *records;    /* for each draft_file: plan_file; NULL: no record names another */
    bool *set_used;       /* for each set: one of its files goes to its mapping */
    struct order_links links;
};

static uint32_t unit_of_file(const struct draft *draft, uint32_t file)
{
    return draft->sets[draft->files[file].set].unit;
}

static void warn_of_folder(struct order *order, const struct draft_file *file)
{
    struct draft *draft = order->draft;
    const struct place *place = &draft->places.list[file->place];
    draft_warn(draft, "the folder '%.*s' is not made: %s",
               VIEW_ARG(place_text(&draft->places, &draft->arena, file->place, VIEW(""))),
               place->why != NULL ? place->why : "nothing can be put there");
}

static void order_need(struct order *order)
{
    struct draft *draft = order->draft;
    for (uint32_t i = 0; i < draft->file_count; i++) {
        if (!draft_is_planned(draft, i)) {
            continue;
        }
        const struct draft_file *file = &draft->files[i];
        if (draft->places.list[file->place].blocked != REFUSAL_NONE) {
            warn_of_folder(order, file); /* a file here would have refused the unit */
            continue;
        }
        const uint32_t first = order->sequence_count;
        uint32_t at = file->place;
        while (at != MARK_NONE && order->needed_by[at] == MARK_NONE) {
            order->needed_by[at] = i;
            order->sequence[order->sequence_count++] = at;
            at = draft->places.list[at].parent;
        }
        for (uint32_t a = first, b = order->sequence_count; a + 1 < b; a++, b--) {
            const uint32_t swap = order->sequence[a]; /* top down */
            order->sequence[a] = order->sequence[b - 1];
            order->sequence[b - 1] = swap;
        }
    }
}

static void order_directories(struct order *order)
{
    struct draft *draft = order->draft;
    for (uint32_t i = 0; i < order->sequence_count; i++) {
        const uint32_t p = order->sequence[i];
        const struct place *place = &draft->places.list[p];
        const uint32_t unit = unit_of_file(draft, order->needed_by[p]);
        order->numbers[p] = order->build->directory_count;
        struct plan_directory *out = plan_build_add_directory(order->build);
        out->parent = place->parent == MARK_NONE ? MARK_NONE : order->numbers[place->parent];
        out->root = place->root;
        out->name = plan_build_text(order->build, place->name);
        out->entry = place->exists ? MARK_NONE : place->entry;
        out->make = place->exists ? 0 : 1;
        out->unit = unit;
        order->made_first[unit + 1] += place->exists || place->parent == MARK_NONE ? 0u : 1u;
    }
    for (uint32_t u = 0; u < draft->unit_count; u++) {
        order->made_first[u + 1] += order->made_first[u];
    }
    uint32_t *at = ARENA_ARRAY(&draft->arena, uint32_t, draft->unit_count);
    for (uint32_t i = 0; i < order->sequence_count; i++) {
        const uint32_t p = order->sequence[i];
        const struct place *place = &draft->places.list[p];
        if (!place->exists && place->parent != MARK_NONE) {
            const uint32_t unit = unit_of_file(draft, order->needed_by[p]);
            order->made[order->made_first[unit] + at[unit]++] = p;
        }
    }
}

/* The plan component that owns a set's files. */
static uint32_t component_of(const struct draft *draft, const struct draft_set *set)
{
    const struct draft_unit *unit = &draft->units[set->unit];
    uint32_t low = 0;
    uint32_t high = unit->scope->member_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (unit->scope->members[middle] <= set->component) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (unit->root_member == MARK_NONE) {
        return unit->first_component + low;
    }
    return unit->first_component + (low == unit->root_member  ? 0
                                    : low < unit->root_member ? low + 1
                                                              : low);
}

/* The mapping or new target that a record went by, in its document. */
static uint32_t mapping_of(const struct draft *draft, const struct draft_file *file)
{
    const struct draft_set *set = &draft->sets[file->set];
    if (file->where == PLACE_NEW_TARGET) {
        return draft->units[set->unit].targets[set->target].number;
    }
    return file->where == PLACE_ALTERNATE ? set->mapping : MARK_NONE;
}

static void order_directory_record(struct order *order, uint32_t unit, uint32_t place)
{
    const struct draft *draft = order->draft;
    const struct draft_file *file = &draft->files[order->needed_by[place]];
    struct plan_file *out = plan_build_add_file(order->build);
    out->unit = unit;
    out->component = component_of(draft, &draft->sets[file->set]);
    out->entry = draft->places.list[place].entry;
    out->directory = order->numbers[place];
    out->name = (struct plan_text){MARK_NONE, 0};
    out->kind = KIND_DIRECTORY;
    out->place = file->where;
    out->action = file->action == ACTION_STAGE ? ACTION_STAGE : ACTION_CREATE;
    out->link_owner = MARK_NONE;
    out->mapping = mapping_of(draft, file);
}

static enum plan_kind kind_of(const struct draft *draft, const struct draft_file *file)
{
    if (file->named == MARK_NONE) {
        return draft->index->entries[file->entry].kind == INDEX_SYMLINK ? KIND_REPARSE : KIND_PLAIN;
    }
    switch (draft->named[file->named].kind) {
    case NAMED_PARTIAL:
        return KIND_PARTIAL;
    case NAMED_DIRECTED:
        return KIND_DIRECTED;
    case NAMED_RANGES_FILE:
        return KIND_RANGES_FILE;
    case NAMED_DIFFERENCED: /* GCOVR_EXCL_START: never gone by: a whole file */
        break;
    }
    return KIND_PLAIN;
    /* GCOVR_EXCL_STOP */
}

/* What a record of a partial or directed file has beside others. */
static void order_ranges(struct order *order, const struct draft_file *file, struct plan_file *out)
{
    const struct draft *draft = order->draft;
    const struct draft_named *named = &draft->named[file->named];
    out->first_range = order->build->range_count;
    out->range_count = named->range_count;
    out->size = named->range_bytes;
    for (uint32_t i = 0; i < named->range_count; i++) {
        *plan_build_add_range(order->build) = named->ranges[i];
    }
    if (named->kind == NAMED_DIRECTED) {
        const struct draft_file *first =
            named->owner != MARK_NONE ? &draft->files[named->owner] : file;
        out->name = plan_build_text(order->build, draft_name(draft, first));
        out->link_owner = named->owner != MARK_NONE ? order->records[named->owner] : MARK_NONE;
    }
}

static void order_file_record(struct order *order, uint32_t number)
{
    struct draft *draft = order->draft;
    const struct draft_file *file = &draft->files[number];
    const struct index_entry *entry = &draft->index->entries[file->entry];
    struct plan_build *build = order->build;
    const uint32_t record = build->file_count;
    struct plan_file *out = plan_build_add_file(build);
    if (order->records != NULL) {
        order->records[number] = record;
    }
    out->unit = unit_of_file(draft, number);
    out->component = component_of(draft, &draft->sets[file->set]);
    out->entry = file->entry;
    out->directory = order->numbers[file->place];
    out->name = file->name == MARK_NONE ? (struct plan_text){MARK_NONE, 0}
                                        : plan_build_text(build, draft->names[file->name]);
    out->kind = (uint8_t)kind_of(draft, file);
    out->place = file->where;
    out->action = file->action;
    out->present = file->state == STATE_REPLACEABLE ? 1 : 0;
    out->link_owner = MARK_NONE;
    out->mapping = mapping_of(draft, file);
    order->set_used[file->set] |= file->where == PLACE_ALTERNATE;
    if (entry->kind != INDEX_FILE || file->action == ACTION_NONE) {
        return; /* what stays as it stands has no content to be written, and owns no links */
    }
    if (draft_has_ranges(draft, file)) {
        order_ranges(order, file, out);
        return;
    }
    if (out->kind == KIND_PLAIN && entry->link_group != MARK_NONE) {
        const uint32_t owner = order_links_take(&order->links, number);
        out->link_owner = owner == MARK_NONE ? MARK_NONE : order->records[owner];
        out->kind = owner == MARK_NONE ? KIND_PLAIN : KIND_HARDLINK;
    }
    if (out->kind != KIND_HARDLINK) {
        out->size = entry->link_group != MARK_NONE ? draft->index->entries[entry->link_group].size
                                                   : entry->size;
    }
}

static void order_component(struct order *order, const struct draft_unit *unit, uint32_t member)
{
    const struct wmd_component *c = &unit->wmd->components[unit->scope->members[member]];
    const struct plan_text name =
        plan_build_text(order->build,
                        vss_full_name(&order->draft->arena, c->logical_path, c->name));
    plan_build_add_component(order->build)->full_name = name;
}

/* The root first, then the implicit members. Files of no component have one without a name. */
static void order_components(struct order *order, uint32_t unit, struct plan_unit *out)
{
    struct draft *draft = order->draft;
    struct draft_unit *u = &draft->units[unit];
    if (u->unprotected) {
        u->first_component = order->build->component_count;
        u->root_member = 0;
        const struct plan_text name = plan_build_text(order->build, VIEW(""));
        plan_build_add_component(order->build)->full_name = name;
        return;
    }
    if (u->wmd == NULL || u->scope->member_count == 0) {
        return;
    }
    u->first_component = order->build->component_count;
    u->root_member = MARK_NONE;
    for (uint32_t m = 0; m < u->scope->member_count; m++) {
        if (u->scope->members[m] == u->scope->root) {
            u->root_member = m;
            order_component(order, u, m);
        }
    }
    const uint32_t has_root = u->root_member != MARK_NONE ? 1 : 0;
    for (uint32_t m = 0; m < u->scope->member_count; m++) {
        if (m != u->root_member) {
            order_component(order, u, m);
        }
    }
    out->first_subcomponent = u->first_component + has_root;
    out->subcomponent_count = u->scope->member_count - has_root;
}

/* Whose it is; files of no component are nobody's. */
static void order_unit_names(struct order *order, const struct draft_unit *u, struct plan_unit *out)
{
    struct plan_build *build = order->build;
    if (u->foreign != NULL) {
        memcpy(out->writer_id, u->foreign->writer_id, sizeof out->writer_id);
        memcpy(out->instance_id, u->foreign->instance_id, sizeof out->instance_id);
        out->writer_name = plan_build_text(build, u->foreign->writer_name);
        out->logical_path = plan_build_text(build, u->foreign->logical_path);
        out->component = plan_build_text(build, u->foreign->component);
        return;
    }
    if (u->unprotected) {
        out->writer_name = out->logical_path = out->component = (struct plan_text){MARK_NONE, 0};
        return;
    }
    const struct bcd_writer *writer =
        &order->draft->input->documents->bcd.writers[u->scope->writer];
    memcpy(out->writer_id, writer->writer_id.bytes, sizeof out->writer_id);
    memcpy(out->instance_id, writer->instance_id.bytes, sizeof out->instance_id);
    out->writer_name =
        plan_build_text(build, u->wmd != NULL ? u->wmd->friendly_name : writer->instance_name);
    const struct view path = u->component->logical_path; /* the root's is empty, not absent */
    out->logical_path = plan_build_text(build, view_present(path) ? path : VIEW(""));
    out->component = plan_build_text(build, u->component->name);
}

static void order_unit_texts(struct order *order, uint32_t unit, struct plan_unit *out)
{
    struct draft *draft = order->draft;
    struct plan_build *build = order->build;
    const struct draft_unit *u = &draft->units[unit];
    out->writer = u->scope->writer;
    out->bcd_component = u->scope->bcd_component;
    order_unit_names(order, u, out);
    out->type = (uint8_t)u->component->type;
    out->method = (uint8_t)(u->wmd != NULL ? u->wmd->method : METHOD_UNDEFINED);
    out->target = (uint8_t)u->target;
    out->verdict = (uint8_t)u->verdict;
    out->refusal = (uint8_t)u->refusal;
    out->involve_writer = u->involve_writer;
    out->partial_selection = u->partial_selection;
    out->reduced = u->scope->reduced;
    out->turn = (uint8_t)profile_turn(draft, unit);
    out->additional_restores = (uint8_t)u->additional_restores;
    out->reboot_required = draft->input->choices->tree == TREE_LIVE && u->involve_writer &&
                           u->wmd != NULL && u->wmd->reboot_required;
    out->method_text = plan_build_text(build, u->wmd != NULL ? u->wmd->method_text : VIEW_NONE);
    out->target_text = plan_build_text(build, u->target_text);
    out->rule = plan_build_text(build, u->rule);
    out->detail = plan_build_text(build, u->refusal != REFUSAL_NONE ? u->detail : VIEW_NONE);
}

/* Rules 7.4: ranges files, then what goes by ranges, then whole files. */
static void order_files(struct order *order, const struct draft_unit *unit)
{
    enum { TURN_RANGES_FILE, TURN_RANGES, TURN_WHOLE };
    const struct draft *draft = order->draft;
    for (int turn = draft->named_count > 0 ? TURN_RANGES_FILE : TURN_WHOLE; turn <= TURN_WHOLE;
         turn++) {
        for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count; i++) {
            const struct draft_file *file = &draft->files[i];
            const int of_file = draft_goes_by(draft, file, NAMED_RANGES_FILE) ? TURN_RANGES_FILE
                                : draft_has_ranges(draft, file)               ? TURN_RANGES
                                                                              : TURN_WHOLE;
            if (of_file == turn && draft_is_planned(draft, i) && !draft_is_directory(file)) {
                order_file_record(order, i);
            }
        }
    }
}

static void order_unit(struct order *order, uint32_t unit)
{
    struct draft *draft = order->draft;
    const struct draft_unit *u = &draft->units[unit];
    struct plan_unit out = {0};
    order_unit_texts(order, unit, &out);
    order_components(order, unit, &out);
    out.first_file = order->build->file_count;
    for (uint32_t i = order->made_first[unit]; i < order->made_first[unit + 1]; i++) {
        order_directory_record(order, unit, order->made[i]);
    }
    order_files(order, u);
    out.file_count = order->build->file_count - out.first_file;
    for (uint32_t i = 0; i < out.file_count; i++) {
        out.bytes += order->build->files[out.first_file + i].size;
    }
    *plan_build_add_unit(order->build) = out;
}

static void order_mappings(struct order *order)
{
    const struct draft *draft = order->draft;
    for (uint32_t i = 0; i < draft->set_count; i++) {
        const struct draft_set *set = &draft->sets[i];
        if (!order->set_used[i]) {
            continue;
        }
        const struct vss_mapping *mapping = &draft->units[set->unit].wmd->mappings[set->mapping];
        struct plan_used_mapping *out = plan_build_add_used_mapping(order->build);
        out->unit = set->unit;
        out->path = plan_build_text(order->build, set->set->path);
        out->filespec = plan_build_text(order->build, set->set->filespec);
        out->alternate_path = plan_build_text(order->build, mapping->alternate_path);
        out->recursive = set->set->recursive ? 1 : 0;
    }
}

/* What the caller asked for and the document is to say (6.10). */
static void order_requests(struct order *order)
{
    const struct draft *draft = order->draft;
    struct plan_build *build = order->build;
    for (uint32_t u = 0; u < draft->unit_count; u++) {
        const struct draft_unit *unit = &draft->units[u];
        for (uint32_t i = 0; i < unit->target_count; i++) {
            const struct draft_target *target = &unit->targets[i];
            if (!target->from_caller) {
                continue;
            }
            const struct plan_new_target out = {
                .unit = u,
                .path = plan_build_text(build, target->path),
                .filespec = plan_build_text(build, target->filespec),
                .alternate_path = plan_build_text(build, target->alternate_path),
                .recursive = target->recursive ? 1 : 0,
                .instead_of = target->instead_of,
            };
            *plan_build_add_new_target(build) = out;
        }
        if (view_present(unit->restore_options)) {
            const struct plan_text text = plan_build_text(build, unit->restore_options);
            *plan_build_add_restore_option(build) = (struct plan_restore_options){u, text};
        }
    }
}

static void order_shared(struct order *order)
{
    const struct draft *draft = order->draft;
    struct plan_build *build = order->build;
    for (uint32_t i = 0; i < draft->shared_count; i++) { /* by unit: files stand by unit */
        const struct draft_shared *shared = &draft->shared[i];
        if (draft->units[shared->unit].refusal != REFUSAL_NONE) {
            continue;
        }
        const struct draft_file *file = &draft->files[shared->file];
        order->set_used[file->set] |= file->where == PLACE_ALTERNATE; /* it credits both (5.9) */
        struct plan_unit *unit = &build->units[shared->unit];
        if (unit->shared_count++ == 0) {
            unit->first_shared = build->shared_count;
        }
        *plan_build_add_shared(build) =
            (struct plan_shared){shared->unit, order->records[shared->owner]};
    }
}

/* Of --file: nothing of it was asked for. */
static bool order_is_left_out(const struct order *order, uint32_t unit)
{
    const struct draft_unit *u = &order->draft->units[unit];
    return u->partial_selection && u->file_count == 0 &&
           order->build->units[unit].shared_count == 0;
}

static void order_to_dos(struct order *order)
{
    struct view texts[PROFILE_TO_DOS_MAX];
    for (uint32_t unit = 0; unit < order->draft->unit_count; unit++) {
        const uint32_t count =
            order_is_left_out(order, unit) ? 0 : profile_to_dos(order->draft, unit, texts);
        for (uint32_t i = 0; i < count; i++) {
            const struct plan_text text = plan_build_text(order->build, texts[i]);
            *plan_build_add_to_do(order->build) = (struct plan_to_do){unit, text};
        }
    }
}

void order_plan(struct draft *draft, struct plan_build *build)
{
    struct order order = {.draft = draft, .build = build};
    const uint32_t places = draft->places.count;
    order.needed_by = ARENA_ARRAY(&draft->arena, uint32_t, places);
    order.numbers = ARENA_ARRAY(&draft->arena, uint32_t, places);
    order.sequence = ARENA_ARRAY(&draft->arena, uint32_t, places);
    order.made = ARENA_ARRAY(&draft->arena, uint32_t, places);
    order.made_first = ARENA_ARRAY(&draft->arena, uint32_t, draft->unit_count + 1);
    if (draft->has_links || draft->named_count > 0 || draft->shared_count > 0) {
        order.records = ARENA_ARRAY(&draft->arena, uint32_t, draft->file_count);
        memset(order.records, 0xFF, draft->file_count * sizeof *order.records);
    }
    order.set_used = ARENA_ARRAY(&draft->arena, bool, draft->set_count);
    memset(order.needed_by, 0xFF, places * sizeof *order.needed_by); /* MARK_NONE */
    memset(order.numbers, 0xFF, places * sizeof *order.numbers);
    order_links_init(&order.links, draft);
    order_need(&order);
    order_directories(&order);
    plan_build_reserve_files(build, draft->done_with,
                             draft->file_count + (size_t)order.sequence_count);
    draft->done_with = NULL;
    for (uint32_t unit = 0; unit < draft->unit_count; unit++) {
        order_unit(&order, unit);
    }
    order_requests(&order);
    order_shared(&order);
    order_mappings(&order);
    order_ranges_paths(draft, build);
    order_to_dos(&order);
    order_links_fini(&order.links);
}
