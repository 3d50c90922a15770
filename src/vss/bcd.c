/* bcd.c - the Backup Components Document's elements, into struct bcd (document-xml.md, 4).
 *
 * Reads what the document says; writing it back is bcd_document.c, joining it with the writers'
 * documents is documents_join.c. What is wrong in one COMPONENT stays with it. */
#include "vss/bcd_read.h"

#include "base/limits.h"
#include "vss/mapping.h"

#define FIELD_COUNT(fields) (sizeof(fields) / sizeof *(fields))

/* --- what stands in a COMPONENT --- */

static const struct field partial_fields[] = {
    {WORD_A_PATH, FIELD_TEXT, true, offsetof(struct bcd_partial_file, path)},
    {WORD_A_FILESPEC, FIELD_TEXT, true, offsetof(struct bcd_partial_file, filespec)},
    {WORD_A_RANGES, FIELD_TEXT, true, offsetof(struct bcd_partial_file, ranges)},
    {WORD_A_METADATA, FIELD_TEXT, false, offsetof(struct bcd_partial_file, metadata)},
};

static const struct field differenced_fields[] = {
    {WORD_A_PATH, FIELD_TEXT, true, offsetof(struct bcd_differenced_file, path)},
    {WORD_A_FILESPEC, FIELD_TEXT, true, offsetof(struct bcd_differenced_file, filespec)},
    {WORD_A_RECURSIVE, FIELD_YES_NO, false, offsetof(struct bcd_differenced_file, recursive)},
    {WORD_A_LAST_MODIFY_TIME, FIELD_TEXT, false,
     offsetof(struct bcd_differenced_file, last_modify_time)},
};

static const struct field directed_fields[] = {
    {WORD_A_SOURCE_PATH, FIELD_TEXT, true, offsetof(struct bcd_directed_target, source_path)},
    {WORD_A_SOURCE_FILENAME, FIELD_TEXT, true,
     offsetof(struct bcd_directed_target, source_filename)},
    {WORD_A_SOURCE_RANGE_LIST, FIELD_TEXT, true,
     offsetof(struct bcd_directed_target, source_ranges)},
    {WORD_A_DESTINATION_PATH, FIELD_TEXT, true,
     offsetof(struct bcd_directed_target, destination_path)},
    {WORD_A_DESTINATION_FILENAME, FIELD_TEXT, true,
     offsetof(struct bcd_directed_target, destination_filename)},
    {WORD_A_DESTINATION_RANGE_LIST, FIELD_TEXT, true,
     offsetof(struct bcd_directed_target, destination_ranges)},
};

static const struct field subcomponent_fields[] = {
    {WORD_A_LOGICAL_PATH, FIELD_LABEL, false, offsetof(struct bcd_subcomponent, logical_path)},
    {WORD_A_COMPONENT_NAME, FIELD_TEXT, true, offsetof(struct bcd_subcomponent, component_name)},
    {WORD_A_REPAIR, FIELD_KNOWN, false, 0},
};

struct metadata {
    struct view text;
};

static const struct field metadata_fields[] = {
    {WORD_A_METADATA, FIELD_TEXT, false, offsetof(struct metadata, text)},
};

static void entry_read(struct reader *reader, uint32_t element, const struct field *fields,
                       size_t field_count, void *out, struct fault *fault)
{
    reader_attributes(reader, element, fields, field_count, out, UNKNOWN_STOPS, fault);
    reader_leaf(reader, element, UNKNOWN_STOPS, fault);
}

/* BACKUP_METADATA, RESTORE_METADATA: opaque, at most one of each. */
static void metadata_read(struct reader *reader, uint32_t element, struct view *out,
                          struct fault *fault)
{
    struct metadata metadata = {VIEW("")};
    reader_attributes(reader, element, metadata_fields, FIELD_COUNT(metadata_fields), &metadata,
                      UNKNOWN_WARNS, fault);
    reader_leaf(reader, element, UNKNOWN_WARNS, fault);
    if (view_present(*out)) {
        reader_fault(reader, element, fault, "a second <%.*s> in one component",
                     VIEW_ARG(reader->xml->elements[element].name));
        return;
    }
    *out = metadata.text;
}

static void children_allocate(struct reader *reader, uint32_t element,
                              struct bcd_component *component)
{
    struct arena *arena = reader->arena;
    component->partial_files = ARENA_ARRAY(arena, struct bcd_partial_file,
                                           reader_count(reader, element, WORD_PARTIAL_FILE));
    component->differenced_files =
        ARENA_ARRAY(arena, struct bcd_differenced_file,
                    reader_count(reader, element, WORD_DIFFERENCED_FILE));
    component->directed_targets = ARENA_ARRAY(arena, struct bcd_directed_target,
                                              reader_count(reader, element, WORD_DIRECTED_TARGET));
    component->new_targets =
        ARENA_ARRAY(arena, struct vss_mapping, reader_count(reader, element, WORD_NEW_TARGET));
    component->used_mappings =
        ARENA_ARRAY(arena, struct vss_mapping,
                    reader_count(reader, element, WORD_ALTERNATE_LOCATION_MAPPING));
    component->subcomponents =
        ARENA_ARRAY(arena, struct bcd_subcomponent,
                    reader_count(reader, element, WORD_RESTORE_SUBCOMPONENT));
}

static void partial_read(struct reader *reader, uint32_t element, struct bcd_component *component,
                         struct fault *fault)
{
    struct bcd_partial_file *file = &component->partial_files[component->partial_file_count++];
    file->place = reader->xml->elements[element].place;
    entry_read(reader, element, partial_fields, FIELD_COUNT(partial_fields), file, fault);
}

static void differenced_read(struct reader *reader, uint32_t element,
                             struct bcd_component *component, struct fault *fault)
{
    struct bcd_differenced_file *file =
        &component->differenced_files[component->differenced_file_count++];
    file->place = reader->xml->elements[element].place;
    entry_read(reader, element, differenced_fields, FIELD_COUNT(differenced_fields), file, fault);
}

static void directed_read(struct reader *reader, uint32_t element, struct bcd_component *component,
                          struct fault *fault)
{
    struct bcd_directed_target *target =
        &component->directed_targets[component->directed_target_count++];
    target->place = reader->xml->elements[element].place;
    entry_read(reader, element, directed_fields, FIELD_COUNT(directed_fields), target, fault);
}

static void new_target_read(struct reader *reader, uint32_t element,
                            struct bcd_component *component, struct fault *fault)
{
    vss_mapping_read(reader, element, &component->new_targets[component->new_target_count++],
                     fault);
}

static void used_mapping_read(struct reader *reader, uint32_t element,
                              struct bcd_component *component, struct fault *fault)
{
    vss_mapping_read(reader, element, &component->used_mappings[component->used_mapping_count++],
                     fault);
}

static void subcomponent_read(struct reader *reader, uint32_t element,
                              struct bcd_component *component, struct fault *fault)
{
    struct bcd_subcomponent *sub = &component->subcomponents[component->subcomponent_count++];
    sub->place = reader->xml->elements[element].place;
    entry_read(reader, element, subcomponent_fields, FIELD_COUNT(subcomponent_fields), sub, fault);
}

static void backup_metadata_read(struct reader *reader, uint32_t element,
                                 struct bcd_component *component, struct fault *fault)
{
    metadata_read(reader, element, &component->backup_metadata, fault);
}

static void restore_metadata_read(struct reader *reader, uint32_t element,
                                  struct bcd_component *component, struct fault *fault)
{
    metadata_read(reader, element, &component->restore_metadata, fault);
}

typedef void child_read(struct reader *reader, uint32_t element, struct bcd_component *component,
                        struct fault *fault);

static const struct {
    enum word word;
    child_read *read;
} children[] = {
    {WORD_BACKUP_METADATA, backup_metadata_read},
    {WORD_RESTORE_METADATA, restore_metadata_read},
    {WORD_PARTIAL_FILE, partial_read},
    {WORD_DIFFERENCED_FILE, differenced_read},
    {WORD_DIRECTED_TARGET, directed_read},
    {WORD_NEW_TARGET, new_target_read},
    {WORD_ALTERNATE_LOCATION_MAPPING, used_mapping_read},
    {WORD_RESTORE_SUBCOMPONENT, subcomponent_read},
};

static void children_read(struct reader *reader, uint32_t element, struct bcd_component *component,
                          struct fault *fault)
{
    const struct xml *xml = reader->xml;
    const uint32_t end = xml->elements[element].end;
    children_allocate(reader, element, component);
    for (uint32_t c = xml_child_first(element); c < end; c = xml->elements[c].end) {
        size_t i = 0;
        while (i < FIELD_COUNT(children) && !reader_is(reader, c, children[i].word)) {
            i++;
        }
        if (i == FIELD_COUNT(children)) {
            reader_unknown(reader, c, UNKNOWN_STOPS, fault);
        } else {
            children[i].read(reader, c, component, fault);
        }
    }
}

/* --- COMPONENT --- */

#define IN_COMPONENT(member) offsetof(struct bcd_component, member)

static const struct field component_fields[] = {
    {WORD_A_LOGICAL_PATH, FIELD_LABEL, false, IN_COMPONENT(logical_path)},
    {WORD_A_COMPONENT_NAME, FIELD_TEXT, true, IN_COMPONENT(name)},
    {WORD_A_COMPONENT_TYPE, FIELD_TEXT, false, IN_COMPONENT(type_text)},
    {WORD_A_COMPONENT_CAPTION, FIELD_KNOWN, false, 0},
    {WORD_A_BACKUP_STAMP, FIELD_TEXT, false, IN_COMPONENT(backup_stamp)},
    {WORD_A_PREVIOUS_BACKUP_STAMP, FIELD_TEXT, false, IN_COMPONENT(previous_backup_stamp)},
    {WORD_A_BACKUP_SUCCEEDED, FIELD_FLAG, false, IN_COMPONENT(backup_succeeded)},
    {WORD_A_BACKUP_OPTIONS, FIELD_TEXT, false, IN_COMPONENT(backup_options)},
    {WORD_A_RESTORE_OPTIONS, FIELD_TEXT, false, IN_COMPONENT(restore_options)},
    {WORD_A_SELECTED_FOR_RESTORE, FIELD_FLAG, false, IN_COMPONENT(selected_for_restore)},
    {WORD_A_ADDITIONAL_RESTORES, FIELD_FLAG, false, IN_COMPONENT(additional_restores)},
    {WORD_A_RESTORE_TARGET, FIELD_TEXT, false, IN_COMPONENT(restore_target_text)},
    {WORD_A_FILE_RESTORE_STATUS, FIELD_TEXT, false, IN_COMPONENT(restore_status_text)},
    {WORD_A_PREPARE_FOR_BACKUP_FAILURE_MSG, FIELD_TEXT, false,
     IN_COMPONENT(prepare_for_backup_failure)},
    {WORD_A_POST_SNAPSHOT_FAILURE_MSG, FIELD_TEXT, false, IN_COMPONENT(post_snapshot_failure)},
    {WORD_A_PRE_RESTORE_FAILURE_MSG, FIELD_TEXT, false, IN_COMPONENT(pre_restore_failure)},
    {WORD_A_POST_RESTORE_FAILURE_MSG, FIELD_TEXT, false, IN_COMPONENT(post_restore_failure)},
};

static void unknown_value(struct reader *reader, uint32_t element, enum word word,
                          struct view value, struct fault *fault)
{
    if (!view_present(fault->text)) {
        reader_fault(reader, element, fault, "%s=\"%.*s\" is not known", word_text(word).p,
                     VIEW_ARG(value));
        fault->unknown = true;
    }
}

static void component_terms(struct reader *reader, uint32_t element,
                            struct bcd_component *component, struct fault *fault)
{
    component->type = vss_component_type_parse(component->type_text);
    if (component->type == COMPONENT_UNKNOWN) {
        unknown_value(reader, element, WORD_A_COMPONENT_TYPE, component->type_text, fault);
    } else if (component->type == COMPONENT_UNDEFINED) {
        reader_warn(reader, element, "the component \"%.*s\" says no type",
                    VIEW_ARG(component->name));
    }
    component->restore_target = view_present(component->restore_target_text)
                                    ? vss_target_parse(component->restore_target_text)
                                    : TARGET_ORIGINAL;
    if (component->restore_target == TARGET_UNKNOWN) {
        unknown_value(reader, element, WORD_A_RESTORE_TARGET, component->restore_target_text,
                      fault);
    }
    const struct view status = component->restore_status_text;
    component->restore_status = vss_restore_status_parse(status);
    if (component->restore_status == RESTORE_STATUS_UNDEFINED && status.n > 0 &&
        !view_equal_ascii(status, view_of(vss_restore_status_text(RESTORE_STATUS_UNDEFINED)))) {
        reader_warn(reader, element, "%s=\"%.*s\" is not known; it is ignored",
                    word_text(WORD_A_FILE_RESTORE_STATUS).p, VIEW_ARG(status));
    }
}

static void component_read(struct reader *reader, uint32_t element, struct bcd_component *component)
{
    struct fault fault = {0};
    component->place = reader->xml->elements[element].place;
    reader_attributes(reader, element, component_fields, FIELD_COUNT(component_fields), component,
                      UNKNOWN_STOPS, &fault);
    component_terms(reader, element, component, &fault);
    children_read(reader, element, component, &fault);
    component->fault = fault.text;
    component->fault_unknown = fault.unknown;
}

/* --- WRITER_COMPONENTS and the root --- */

static const struct field writer_fields[] = {
    {WORD_A_WRITER_ID, FIELD_UUID, true, offsetof(struct bcd_writer, writer_id)},
    {WORD_A_INSTANCE_ID, FIELD_UUID, true, offsetof(struct bcd_writer, instance_id)},
    {WORD_A_INSTANCE_NAME, FIELD_LABEL, false, offsetof(struct bcd_writer, instance_name)},
    {WORD_A_BACKUP_SCHEMA, FIELD_MASK, false, offsetof(struct bcd_writer, backup_schema)},
};

static const struct field root_fields[] = {
    {WORD_A_VERSION, FIELD_KNOWN, false, 0},
    {WORD_A_BACKUP_TYPE, FIELD_TEXT, false, offsetof(struct bcd, backup_type_text)},
    {WORD_A_BOOTABLE_SYSTEM_STATE_BACKUP, FIELD_YES_NO, false,
     offsetof(struct bcd, bootable_system_state)},
    {WORD_A_SELECT_COMPONENTS, FIELD_YES_NO, false, offsetof(struct bcd, select_components)},
    {WORD_A_PARTIAL_FILE_SUPPORT, FIELD_YES_NO, false, offsetof(struct bcd, partial_file_support)},
    {WORD_A_SNAPSHOT_SET_ID, FIELD_KNOWN, false, 0}, /* root_snapshot_set() */
    {WORD_A_RESTORE_TYPE, FIELD_TEXT, false, offsetof(struct bcd, restore_type)},
};

static void writer_read(struct reader *reader, uint32_t element, struct bcd_writer *writer,
                        struct fault *refusal)
{
    const struct xml *xml = reader->xml;
    writer->place = xml->elements[element].place;
    reader_attributes(reader, element, writer_fields, FIELD_COUNT(writer_fields), writer,
                      UNKNOWN_WARNS, refusal);
    writer->components = ARENA_ARRAY(reader->arena, struct bcd_component,
                                     reader_count(reader, element, WORD_COMPONENT));
    const uint32_t end = xml->elements[element].end;
    for (uint32_t c = xml_child_first(element); c < end; c = xml->elements[c].end) {
        if (reader_is(reader, c, WORD_COMPONENT)) {
            component_read(reader, c, &writer->components[writer->component_count++]);
        } else {
            reader_unknown(reader, c, UNKNOWN_WARNS, refusal);
        }
    }
}

/* Absent, it is taken from what the document holds: components stand in it, or they do not. */
static void root_check_mode(struct reader *reader, struct bcd *bcd)
{
    if (xml_attribute_find(reader->xml, 0, word_text(WORD_A_SELECT_COMPONENTS)) == NULL) {
        bcd->select_components = bcd->writer_count > 0;
        reader_warn(reader, 0, "the document does not say %s; taken as %s because it %s components",
                    word_text(WORD_A_SELECT_COMPONENTS).p, bcd->select_components ? "yes" : "no",
                    bcd->select_components ? "has" : "has no");
    }
}

/* Informative: a malformed one stops nothing. */
static void root_snapshot_set(struct reader *reader, struct bcd *bcd)
{
    const struct xml_attribute *id =
        xml_attribute_find(reader->xml, 0, word_text(WORD_A_SNAPSHOT_SET_ID));
    if (id != NULL && !uuid_parse(id->value, &bcd->snapshot_set_id)) {
        bcd->snapshot_set_id = (struct uuid){{0}};
        reader_warn(reader, 0, "%s=\"%.*s\" is no GUID; it is ignored",
                    word_text(WORD_A_SNAPSHOT_SET_ID).p, VIEW_ARG(id->value));
    }
}

/* A word that is no type leaves open what the masks ask for (rules 7.9). */
static void root_check_type(struct reader *reader, struct bcd *bcd)
{
    bcd->backup_type = vss_backup_type_parse(bcd->backup_type_text);
    if (bcd->backup_type != BACKUP_UNKNOWN) {
        return;
    }
    struct fault fault = {0};
    reader_fault(reader, 0, &fault, "%s=\"%.*s\" is no type of backup that is known",
                 word_text(WORD_A_BACKUP_TYPE).p, VIEW_ARG(bcd->backup_type_text));
    bcd->backup_type_fault = fault.text;
    if (reader->warnings != NULL) {
        vss_warnings_add(reader->warnings, reader->arena, fault.text);
    }
}

static void root_read(struct reader *reader, struct bcd *bcd, struct fault *refusal)
{
    const struct xml *xml = reader->xml;
    reader_attributes(reader, 0, root_fields, FIELD_COUNT(root_fields), bcd, UNKNOWN_WARNS,
                      refusal);
    root_snapshot_set(reader, bcd);
    root_check_type(reader, bcd);
    const uint32_t writers = reader_count(reader, 0, WORD_WRITER_COMPONENTS);
    if (writers > DOCUMENT_WRITERS_MAX) {
        reader_fault(reader, 0, refusal, "%u writers in one document, at most %u are allowed",
                     writers, DOCUMENT_WRITERS_MAX);
        return;
    }
    bcd->writers = ARENA_ARRAY(reader->arena, struct bcd_writer, writers);
    for (uint32_t c = xml_child_first(0); c < xml->elements[0].end; c = xml->elements[c].end) {
        if (reader_is(reader, c, WORD_WRITER_COMPONENTS)) {
            writer_read(reader, c, &bcd->writers[bcd->writer_count++], refusal);
        } else if (!reader_is(reader, c, WORD_SNAPSHOT_SET_DESCRIPTION)) {
            reader_unknown(reader, c, UNKNOWN_WARNS, refusal);
        }
    }
    root_check_mode(reader, bcd);
}

vsr_code bcd_xml_open(struct bcd_xml *out, struct arena *table_arena, struct arena *arena,
                      struct view bytes, const char *file_name, vsr_error *error)
{
    vsr_code rc = xml_text_open(&out->text, arena, bytes, file_name, error);
    if (rc == VSR_OK) {
        rc = xml_open(&out->xml, table_arena, arena, &out->text, error);
    }
    if (rc == VSR_OK) {
        rc = reader_check_root(&out->xml, WORD_BACKUP_COMPONENTS, WORD_SPACE_BCD, error);
    }
    return rc;
}

struct reader bcd_reader(const struct bcd_xml *bcd_xml, struct arena *arena,
                         struct vss_warnings *warnings)
{
    return (struct reader){arena, &bcd_xml->xml, warnings, WORD_SPACE_BCD, true};
}

vsr_code bcd_parse(struct bcd *out, struct arena *arena, struct view bytes, const char *file_name,
                   struct vss_warnings *warnings, vsr_error *error)
{
    *out = (struct bcd){.file_name = arena_copy(arena, view_of(file_name))};
    struct arena table = {0};
    struct bcd_xml bcd_xml;
    struct fault refusal = {0};
    vsr_code rc = bcd_xml_open(&bcd_xml, &table, arena, bytes, out->file_name.p, error);
    if (rc == VSR_OK) {
        struct reader reader = bcd_reader(&bcd_xml, arena, warnings);
        root_read(&reader, out, &refusal);
        bcd_mark_duplicates(out, arena);
        if (view_present(refusal.text)) {
            rc = reader_refuse(&refusal, "vss/bcd", error);
        }
    }
    arena_free(&table);
    return rc;
}
