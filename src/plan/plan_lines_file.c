/* plan_lines_file.c - a file record of a plan in JSON lines: names to numbers.
 *
 * Called by plan_lines.c for each. Whether the record is right is plan_check()'s, whether it is
 * still true stale.c's question. */
#include "plan/plan_lines_file.h"

#include "base/limits.h"
#include "vss/winpath.h"

/* --- words --- */

static const char *kind_word(unsigned number)
{
    return plan_kind_text((enum plan_kind)number);
}

static const char *place_word(unsigned number)
{
    return plan_place_text((enum plan_place)number);
}

static const char *action_word(unsigned number)
{
    return plan_action_text((enum plan_action)number);
}

/* --- members --- */

static void file_component(struct lines *lines, line_object *record, struct plan_file *file)
{
    struct lines_unit *unit = &lines->units[file->unit];
    const struct view name = line_has(record, "component")
                                 ? line_text(&lines->reader, record, "component")
                                 : VIEW(""); /* of no component */
    for (uint32_t i = 0; i < unit->component_count; i++) {
        const uint32_t at = unit->first_component +
                            (unit->component - unit->first_component + i) % unit->component_count;
        const struct plan_text text = lines->build.components[at].full_name;
        if (win_fold_equal((struct view){lines->build.text.p + text.offset, text.bytes}, name)) {
            file->component = unit->component = at;
            return;
        }
    }
    (void)line_fault(&lines->reader, "the unit has no component \"%.*s\"", VIEW_ARG(name));
}

static void file_source(struct lines *lines, line_object *record, struct plan_file *file)
{
    file->entry = MARK_NONE;
    if (!line_has(record, "source") && !line_has(record, "source_b64")) {
        return; /* plan_check() allows that for directories */
    }
    const struct view source = line_path(&lines->reader, record, "source");
    file->entry = line_source(&lines->places, source);
    if (file->entry == MARK_NONE) {
        (void)line_fault(&lines->reader, "the set has no \"%.*s\"", VIEW_ARG(source));
    }
}

static void file_destination(struct lines *lines, line_object *record, struct plan_file *file)
{
    struct line_reader *reader = &lines->reader;
    const bool directory = file->kind == KIND_DIRECTORY;
    const struct view dest = line_path(reader, record, "dest");
    const struct view path = line_path(reader, record, "path");
    struct view name = VIEW_NONE;
    if (!line_destination(&lines->places, dest, path, directory, file->unit, &file->directory,
                          &name)) {
        (void)line_fault(reader, "\"%.*s\" and \"%.*s\" are no one place on the plan's volumes",
                         VIEW_ARG(dest), VIEW_ARG(path));
        return;
    }
    if (directory) {
        struct plan_directory *d = &lines->build.directories[file->directory];
        d->make = 1;
        d->entry = file->entry;
        d->unit = file->unit;
    }
    const bool same = file->entry != MARK_NONE && file->kind != KIND_DIRECTED &&
                      view_equal(name, index_name(&lines->set->index, file->entry));
    file->name = lines_text(lines, same ? VIEW_NONE : name);
}

static void file_ranges(struct lines *lines, line_object *record, struct plan_file *file)
{
    struct line_reader *reader = &lines->reader;
    file->first_range = 0;
    if (!line_has(record, "ranges")) {
        return;
    }
    file->range_count = line_array(reader, record, "ranges", MARK_NONE - 2);
    file->first_range = file->range_count > 0 ? lines->build.range_count : 0;
    for (uint32_t i = 0; i < file->range_count && reader->rc == VSR_OK; i++) {
        line_object *range = line_item(reader, record, "ranges", i);
        *plan_build_add_range(&lines->build) =
            (struct plan_range){.source = line_number(reader, range, "source", FILE_BYTES_MAX),
                                .dest = line_number(reader, range, "dest", FILE_BYTES_MAX),
                                .length = line_number(reader, range, "length", FILE_BYTES_MAX)};
    }
}

/* The first name of a file that was planned, or (unit) that this unit has at this kind of place. */
struct link_key {
    uint32_t group;
    uint32_t unit; /* MARK_NONE: any */
    uint32_t place;
};

static bool link_equal(const void *context, const void *key, uint32_t number)
{
    const struct lines *lines = context;
    const struct link_key *wanted = key;
    const struct plan_file *file = &lines->build.files[number];
    return lines->set->index.entries[file->entry].link_group == wanted->group &&
           (wanted->unit == MARK_NONE ||
            (file->unit == wanted->unit && file->place == wanted->place));
}

static uint32_t link_find(const struct lines *lines, const struct link_key *key)
{
    return hash_map_find(&lines->links, hash_bytes(key, sizeof *key), key, link_equal, lines);
}

/* Whose data a further name has: its unit's own copy, or else the first of all (order_links.h). */
static void file_link(struct lines *lines, uint32_t number, uint32_t group, struct plan_file *file)
{
    const struct link_key keys[2] = {{group, file->unit, file->place}, {group, MARK_NONE, 0}};
    for (int i = 0; i < 2; i++) {
        const uint32_t owner = link_find(lines, &keys[i]);
        if (file->kind == KIND_PLAIN && owner == MARK_NONE) {
            hash_map_add(&lines->links, hash_bytes(&keys[i], sizeof keys[i]), number);
        } else if (file->kind == KIND_HARDLINK && file->link_owner == MARK_NONE) {
            file->link_owner = owner; /* none: plan_check() says so */
        }
    }
}

static bool target_equal(const void *context, const void *key, uint32_t file)
{
    const struct lines *lines = context;
    const struct plan_file *a = key;
    const struct plan_file *b = &lines->build.files[file];
    const char *text = lines->build.text.p;
    return a->unit == b->unit && a->directory == b->directory &&
           view_equal((struct view){text + a->name.offset, a->name.bytes},
                      (struct view){text + b->name.offset, b->name.bytes});
}

/* The record that has its data, or its destination, first; or it is the first one itself. */
static void file_owner(struct lines *lines, uint32_t number, struct plan_file *file)
{
    const struct index_entry *e =
        file->entry != MARK_NONE ? &lines->set->index.entries[file->entry] : NULL;
    file->link_owner = MARK_NONE;
    if (file->kind == KIND_DIRECTED) {
        const uint64_t hash = hash_bytes(lines->build.text.p + file->name.offset, file->name.bytes);
        file->link_owner = hash_map_find(&lines->targets, hash, file, target_equal, lines);
        if (file->link_owner == MARK_NONE) {
            hash_map_add(&lines->targets, hash, number);
        }
    } else if (e != NULL && e->kind == INDEX_FILE && e->link_group != MARK_NONE &&
               file->action != ACTION_NONE) {
        file_link(lines, number, e->link_group, file);
    }
}

void lines_read_file(struct lines *lines, line_object *record)
{
    struct line_reader *reader = &lines->reader;
    struct plan_file file = {.mapping = MARK_NONE};
    const uint32_t number = lines->build.file_count;
    file.unit = (uint32_t)line_number(reader, record, "unit", MARK_NONE);
    if (file.unit >= lines->build.unit_count || file.unit < lines->unit) {
        (void)line_fault(reader, "it belongs to no unit, or stands behind a later unit's");
        return;
    }
    if (line_has(record, "chunks")) {
        (void)line_fault(reader,
                         "it brings data of its own, which is for plans whose \"set\" is null");
        return;
    }
    lines->unit = file.unit;
    file.kind = (uint8_t)line_word(reader, record, "kind", kind_word);
    file.place = (uint8_t)line_word(reader, record, "place", place_word);
    file.action = (uint8_t)line_word(reader, record, "action", action_word);
    file.present = file.action == ACTION_REPLACE || file.kind == KIND_PARTIAL;
    if (line_has(record, "present")) {
        file.present = line_bool(reader, record, "present");
    }
    file.size = line_number(reader, record, "size", FILE_BYTES_MAX);
    file_component(lines, record, &file);
    file_source(lines, record, &file);
    if (reader->rc == VSR_OK) {
        file_destination(lines, record, &file);
        file_ranges(lines, record, &file);
        file_owner(lines, number, &file);
    }
    struct plan_unit *unit = &lines->build.units[file.unit];
    unit->first_file = unit->file_count++ == 0 ? number : unit->first_file;
    *plan_build_add_file(&lines->build) = file;
}
