/* plan_lines.c - record by record from JSON lines to a plan's arrays.
 *
 * The way back of plan_jsonl.c. What a record says is taken as said where plan_check(),
 * plan_check_set() and the comparison with a new plan (stale.c) hold it to the documents and the
 * destinations anyway; here it is only turned into numbers. Records that bring data of their own
 * ("chunks") are foreign_lines.c's, in plans of theirs alone. */
#include "plan/plan_lines.h"

#include "base/heap.h"
#include "base/limits.h"
#include "media/part.h"
#include "plan/plan_check.h"
#include "plan/plan_lines_file.h"

#include <stdlib.h>

/* --- words --- */

static const char *verdict_word(unsigned number)
{
    return plan_verdict_text((enum plan_verdict)number);
}

static const char *refusal_word(unsigned number)
{
    return number + 1 < REFUSAL_COUNT ? refusal_text((enum refusal)(number + 1)) : NULL;
}

static struct view optional_text(struct lines *lines, line_object *record, const char *key)
{
    return line_has(record, key) ? line_text(&lines->reader, record, key) : VIEW_NONE;
}

static void read_uuid(struct lines *lines, line_object *record, const char *key, uint8_t out[16])
{
    struct uuid uuid = {0};
    if (!uuid_parse(line_text(&lines->reader, record, key), &uuid)) {
        (void)line_fault(&lines->reader, "\"%s\" is no uuid", key);
    }
    memcpy(out, uuid.bytes, sizeof uuid.bytes);
}

/* --- the first record --- */

static void add_choice(struct lines *lines, struct view option, struct view value)
{
    struct plan_text text = lines_text(lines, option);
    *plan_build_add_choice(&lines->build) = text;
    if (view_present(value)) {
        text = lines_text(lines, value);
        *plan_build_add_choice(&lines->build) = text;
    }
}

static void read_volumes(struct lines *lines, line_object *record)
{
    struct line_reader *reader = &lines->reader;
    const uint32_t count = line_array(reader, record, "volumes", SET_VOLUMES_MAX);
    for (uint32_t i = 0; i < count && reader->rc == VSR_OK; i++) {
        line_object *volume = line_item(reader, record, "volumes", i);
        struct plan_root root = {.spec = lines_text(lines, line_text(reader, volume, "spec")),
                                 .dir = lines_text(lines, line_path(reader, volume, "dir"))};
        root.from_root_option =
            volume != NULL && line_has(volume, "make") && line_bool(reader, volume, "make");
        *plan_build_add_root(&lines->build) = root;
    }
}

static void read_choices(struct lines *lines, line_object *record)
{
    struct line_reader *reader = &lines->reader;
    const uint32_t count = line_array(reader, record, "choices", PLAN_CHOICES_MAX);
    for (uint32_t i = 0; i < count && reader->rc == VSR_OK; i++) {
        line_object *choice = line_item(reader, record, "choices", i);
        const struct view option = line_text(reader, choice, "option");
        add_choice(lines, option,
                   choice != NULL && line_has(choice, "value") ? line_path(reader, choice, "value")
                                                               : VIEW_NONE);
    }
}

/* What binds a plan to its set; a plan that does not say it is bound by the set's uuid alone. */
static void read_hash(struct lines *lines, line_object *record, const char *key,
                      const uint8_t own[16], uint8_t out[16])
{
    memcpy(out, own, 16);
    if (line_has(record, key) && !part_hash_parse(line_text(&lines->reader, record, key), out)) {
        (void)line_fault(&lines->reader, "\"%s\" is no hash of 32 digits", key);
    }
}

/* Absent: the set is no folder. */
static struct view lines_set_path(struct line_reader *reader, line_object *record)
{
    return line_has(record, "set_path") ? line_path(reader, record, "set_path") : VIEW_NONE;
}

static void read_head(struct lines *lines)
{
    struct line_reader *reader = &lines->reader;
    line_object *record = line_next(reader);
    uint8_t documents[16];
    if (record == NULL || !view_equal(line_text(reader, record, "t"), VIEW("plan")) ||
        line_number(reader, record, "v", INT64_MAX) != 1) {
        (void)line_fault(reader, "it is no plan of version 1");
        return;
    }
    plan_documents_digest(lines->set, documents);
    read_uuid(lines, record, "set", lines->head.set_uuid.bytes);
    read_hash(lines, record, "index", lines->set->description.index.xxh3_128,
              lines->head.index_xxh3);
    read_hash(lines, record, "documents", documents, lines->head.documents_xxh3);
    lines->head.set_path = lines_text(lines, lines_set_path(reader, record));
    lines->unit_count = line_number(reader, record, "units", MARK_NONE - 2);
    lines->file_count = line_number(reader, record, "files", MARK_NONE - 2);
    lines->head.bytes = line_number(reader, record, "bytes", INT64_MAX);
    read_volumes(lines, record);
    if (line_has(record, "choices")) {
        read_choices(lines, record);
    }
    const uint32_t warnings = line_has(record, "warning_texts")
                                  ? line_array(reader, record, "warning_texts", PLAN_CHOICES_MAX)
                                  : 0;
    for (uint32_t i = 0; i < warnings && reader->rc == VSR_OK; i++) {
        const struct plan_text text =
            lines_text(lines, line_item_text(reader, record, "warning_texts", i));
        *plan_build_add_warning(&lines->build) = text;
    }
}

/* --- units --- */

static bool component_is(const struct bcd_component *component, struct view path, struct view name)
{
    const struct view own = component->logical_path;
    return view_equal(component->name, name) &&
           view_equal(view_present(own) ? own : VIEW(""), path);
}

/* The writer and its component in the Backup Components Document that the record names. */
static void unit_find(struct lines *lines, line_object *record, struct plan_unit *unit)
{
    const struct bcd *bcd = &lines->documents->bcd;
    unit->writer = unit->bcd_component = MARK_NONE;
    unit->logical_path = unit->component = lines_text(lines, VIEW_NONE);
    if (!line_has(record, "writer")) {
        return; /* files of no component */
    }
    const struct view path = line_text(&lines->reader, record, "logical_path");
    const struct view name = optional_text(lines, record, "component"); /* a fault of a document */
    unit->logical_path = lines_text(lines, path);
    unit->component = lines_text(lines, name);
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        const struct bcd_writer *writer = &bcd->writers[w];
        if (memcmp(writer->writer_id.bytes, unit->writer_id, 16) != 0 ||
            memcmp(writer->instance_id.bytes, unit->instance_id, 16) != 0) {
            continue;
        }
        for (uint32_t c = 0; c < writer->component_count; c++) {
            if (component_is(&writer->components[c], path, name)) {
                unit->writer = w;
                unit->bcd_component = c;
                return;
            }
        }
    }
    (void)line_fault(&lines->reader, "the backup has no component \"%.*s\" of that writer",
                     VIEW_ARG(name));
}

static void add_component(struct lines *lines, struct view full_name)
{
    const struct plan_text text = lines_text(lines, full_name);
    plan_build_add_component(&lines->build)->full_name = text;
}

static void read_components(struct lines *lines, line_object *record, struct plan_unit *unit,
                            struct lines_unit *more)
{
    struct line_reader *reader = &lines->reader;
    const struct view path = vss_logical_path_norm(optional_text(lines, record, "logical_path"));
    const struct view name = optional_text(lines, record, "component");
    more->first_component = more->component = lines->build.component_count;
    add_component(lines, view_present(name) ? vss_full_name(&reader->arena, path, name) : VIEW(""));
    unit->first_subcomponent = lines->build.component_count;
    unit->subcomponent_count = line_array(reader, record, "subcomponents", PLAN_CHOICES_MAX);
    for (uint32_t i = 0; i < unit->subcomponent_count && reader->rc == VSR_OK; i++) {
        add_component(lines, line_item_text(reader, record, "subcomponents", i));
    }
    more->component_count = lines->build.component_count - more->first_component;
}

static void read_unit(struct lines *lines, line_object *record, uint32_t number)
{
    struct line_reader *reader = &lines->reader;
    struct plan_unit unit = {0};
    if (line_number(reader, record, "id", INT64_MAX) != number) {
        (void)line_fault(reader, "the units are not numbered from 0 on");
    }
    if (line_has(record, "writer")) {
        read_uuid(lines, record, "writer", unit.writer_id);
        read_uuid(lines, record, "instance", unit.instance_id);
    }
    unit_find(lines, record, &unit);
    read_components(lines, record, &unit, &lines->units[number]);
    unit.writer_name = lines_text(lines, optional_text(lines, record, "writer_name"));
    const struct view method = optional_text(lines, record, "method");
    const struct view target = optional_text(lines, record, "target");
    unit.type = (uint8_t)vss_component_type_parse(optional_text(lines, record, "type"));
    unit.method = (uint8_t)vss_method_parse(method);
    unit.method_text = lines_text(lines, method);
    unit.target = (uint8_t)vss_target_parse(target);
    unit.target_text = lines_text(lines, target);
    unit.involve_writer = line_bool(reader, record, "involve_writer");
    unit.partial_selection =
        line_has(record, "partial_selection") && line_bool(reader, record, "partial_selection");
    unit.reduced = line_has(record, "reduced") && line_bool(reader, record, "reduced");
    unit.verdict = (uint8_t)line_word(reader, record, "verdict", verdict_word);
    if (line_has(record, "error")) {
        unit.refusal = (uint8_t)(line_word(reader, record, "error", refusal_word) + 1);
    }
    unit.rule = lines_text(lines, optional_text(lines, record, "rule"));
    unit.detail = lines_text(lines, optional_text(lines, record, "detail"));
    lines->units[number].file_count = line_number(reader, record, "files", MARK_NONE - 2);
    unit.bytes = line_number(reader, record, "bytes", INT64_MAX);
    *plan_build_add_unit(&lines->build) = unit;
}

/* --- the whole --- */

/* What is left for people to do. */
static void read_actions(struct lines *lines, line_object *record)
{
    struct line_reader *reader = &lines->reader;
    const uint32_t count = line_array(reader, record, "actions", PLAN_CHOICES_MAX);
    for (uint32_t i = 0; i < count && reader->rc == VSR_OK; i++) {
        line_object *action = line_item(reader, record, "actions", i);
        const struct plan_to_do to_do = {.unit = (uint32_t)line_number(reader, action, "unit",
                                                                       MARK_NONE),
                                         .text =
                                             lines_text(lines, line_text(reader, action, "text"))};
        *plan_build_add_to_do(&lines->build) = to_do;
    }
}

static void read_end(struct lines *lines, line_object *record)
{
    struct line_reader *reader = &lines->reader;
    lines->head.refused_units = (uint32_t)line_number(reader, record, "refused_units", MARK_NONE);
    if (lines->build.unit_count != lines->unit_count ||
        lines->build.file_count != lines->file_count) {
        (void)line_fault(reader, "the records are not as many as the first one says");
    }
    for (uint32_t i = 0, next = 0; i < lines->build.unit_count; i++) {
        struct plan_unit *unit = &lines->build.units[i];
        if (unit->file_count != lines->units[i].file_count) {
            (void)line_fault(reader, "unit %u has not as many files as it says", i);
        }
        unit->first_file = next; /* also of one that has none */
        next += unit->file_count;
    }
    if (line_has(record, "actions")) {
        read_actions(lines, record);
    }
    if (reader->rc == VSR_OK && reader->rest.n > 0) {
        reader->line++;
        (void)line_fault(reader, "something stands behind the end");
    }
}

static void read_records(struct lines *lines)
{
    struct line_reader *reader = &lines->reader;
    for (line_object *record; (record = line_next(reader)) != NULL;) {
        const struct view type = line_text(reader, record, "t");
        const uint32_t units = lines->build.unit_count;
        if (view_equal(type, VIEW("unit")) && lines->build.file_count == 0 &&
            units < lines->unit_count) {
            lines->units = heap_resize(lines->units, units + 1u, sizeof *lines->units);
            lines->units[units] = (struct lines_unit){0};
            read_unit(lines, record, units);
        } else if (view_equal(type, VIEW("file"))) {
            lines_read_file(lines, record);
        } else if (view_equal(type, VIEW("end"))) {
            read_end(lines, record);
            return;
        } else {
            (void)line_fault(reader, "no record \"%.*s\" can stand here", VIEW_ARG(type));
        }
    }
    (void)line_fault(reader, "the plan has no end; it was cut short");
}

/* A plan that another front end wrote: its units, on its volumes. */
static void choose_units(struct lines *lines)
{
    struct arena arena = {0};
    struct plan_build *build = &lines->build;
    for (uint32_t i = 0; i < build->root_count; i++) {
        const struct plan_root *root = &build->roots[i];
        add_choice(lines, VIEW("--volume"),
                   arena_printf(&arena, "%.*s=%.*s", (int)root->spec.bytes,
                                build->text.p + root->spec.offset, (int)root->dir.bytes,
                                build->text.p + root->dir.offset));
    }
    for (uint32_t i = 0; i < build->unit_count; i++) {
        const struct plan_unit *unit = &build->units[i];
        struct uuid id[2];
        char text[2][UUID_TEXT_BYTES];
        memcpy(id[0].bytes, unit->writer_id, 16);
        memcpy(id[1].bytes, unit->instance_id, 16);
        uuid_text(&id[0], text[0]);
        uuid_text(&id[1], text[1]);
        const struct plan_text name = build->components[lines->units[i].first_component].full_name;
        add_choice(lines, VIEW("--component"),
                   arena_printf(&arena, "%s@%s:%.*s", text[0], text[1], (int)name.bytes,
                                build->text.p + name.offset));
    }
    arena_free(&arena);
}

static void lines_fini(struct lines *lines)
{
    line_places_fini(&lines->places);
    hash_map_free(&lines->links);
    hash_map_free(&lines->targets);
    free(lines->units);
    line_end(&lines->reader);
}

vsr_code plan_read_lines(struct plan **out, struct view bytes, const char *path,
                         const struct media_set *set, const struct documents *documents,
                         vsr_error *error)
{
    struct lines lines = {.reader = {.rest = bytes, .path = path, .error = error},
                          .set = set,
                          .documents = documents};
    read_head(&lines);
    line_places_init(&lines.places, set, &lines.build);
    read_records(&lines);
    if (lines.reader.rc == VSR_OK && lines.build.choice_count == 0) {
        choose_units(&lines);
    }
    vsr_code rc = lines.reader.rc;
    struct plan *plan = NULL;
    rc = rc == VSR_OK ? plan_build_end(&lines.build, &plan, error) : rc;
    if (rc != VSR_OK) {
        plan_build_free(&lines.build);
    } else {
        plan->set_uuid = lines.head.set_uuid;
        memcpy(plan->index_xxh3, lines.head.index_xxh3, sizeof plan->index_xxh3);
        memcpy(plan->documents_xxh3, lines.head.documents_xxh3, sizeof plan->documents_xxh3);
        plan->set_path = lines.head.set_path;
        plan->bytes = lines.head.bytes;
        plan->refused_units = lines.head.refused_units;
        rc = plan_check(plan, error);
    }
    lines_fini(&lines);
    if (rc != VSR_OK) {
        plan_free(plan);
        return rc;
    }
    *out = plan;
    return VSR_OK;
}

vsr_code plan_read_set_path(struct view bytes, const char *path, struct buffer *set_path,
                            vsr_error *error)
{
    struct line_reader reader = {.rest = bytes, .path = path, .error = error};
    line_object *record = line_next(&reader);
    if (record == NULL || !view_equal(line_text(&reader, record, "t"), VIEW("plan"))) {
        (void)line_fault(&reader, "it is no plan");
    } else {
        buffer_add_view(set_path, lines_set_path(&reader, record));
    }
    const vsr_code rc = reader.rc;
    line_end(&reader);
    return rc;
}
