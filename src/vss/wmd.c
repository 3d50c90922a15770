/* wmd.c - a Writer Metadata Document's elements, into struct wmd (document-xml.md, 3).
 *
 * Reads what the document says and marks what cannot be planned; decides nothing. Faults of
 * one component stay with it, faults of RESTORE_METHOD and of excludes stop the writer, and
 * only what leaves no writer at all refuses the document. */
#include "vss/wmd.h"

#include "vss/mapping.h"

#define FIELD_COUNT(fields) (sizeof(fields) / sizeof *(fields))

/* --- file sets and mappings --- */

static const struct field set_fields[] = {
    {WORD_A_PATH, FIELD_TEXT, true, offsetof(struct vss_file_set, path)},
    {WORD_A_FILESPEC, FIELD_TEXT, true, offsetof(struct vss_file_set, filespec)},
    {WORD_A_RECURSIVE, FIELD_YES_NO, false, offsetof(struct vss_file_set, recursive)},
    {WORD_A_FILESPEC_BACKUP_TYPE, FIELD_MASK, false,
     offsetof(struct vss_file_set, backup_type_mask)},
    {WORD_A_ALTERNATE_PATH, FIELD_LABEL, false, offsetof(struct vss_file_set, alternate_path)},
};

static const struct field mapping_fields[] = {
    {WORD_A_PATH, FIELD_TEXT, true, offsetof(struct vss_mapping, path)},
    {WORD_A_FILESPEC, FIELD_TEXT, true, offsetof(struct vss_mapping, filespec)},
    {WORD_A_RECURSIVE, FIELD_YES_NO, false, offsetof(struct vss_mapping, recursive)},
    {WORD_A_ALTERNATE_PATH, FIELD_TEXT, true, offsetof(struct vss_mapping, alternate_path)},
};

static bool has_byte(struct view text, char c)
{
    return view_find(text, c) < text.n;
}

/* Rules T73 and 5.1. The '?' of the prefixes "\\?\" and "\??\" is no wildcard. */
static void check_set(struct reader *reader, uint32_t element, struct view path,
                      struct view filespec, struct fault *fault)
{
    struct view below = path;
    if (view_starts(path, VIEW("\\\\?\\")) || view_starts(path, VIEW("\\??\\"))) {
        below = view_skip(path, 4);
    }
    if (has_byte(filespec, '\\')) {
        reader_fault(reader, element, fault, "the file specification \"%.*s\" holds a backslash",
                     VIEW_ARG(filespec));
    }
    if (has_byte(below, '*') || has_byte(below, '?')) {
        reader_fault(reader, element, fault, "the path \"%.*s\" holds a wildcard", VIEW_ARG(path));
    }
}

static void set_read(struct reader *reader, uint32_t element, enum vss_set_kind kind,
                     struct vss_file_set *set, enum unknown_policy policy, struct fault *fault)
{
    *set = (struct vss_file_set){.kind = kind,
                                 .backup_type_mask = FSBT_DEFAULT,
                                 .place = reader->xml->elements[element].place};
    reader_attributes(reader, element, set_fields, FIELD_COUNT(set_fields), set, policy, fault);
    reader_leaf(reader, element, policy, fault);
    check_set(reader, element, set->path, set->filespec, fault);
    if (kind != SET_FILE_LIST && (set->recursive || view_present(set->alternate_path))) {
        reader_fault(reader, element, fault,
                     "a file set of a database is recursive or has an alternate path "
                     "(rules 5.1)");
    }
}

void vss_mapping_read(struct reader *reader, uint32_t element, struct vss_mapping *mapping,
                      struct fault *fault)
{
    *mapping = (struct vss_mapping){.place = reader->xml->elements[element].place};
    reader_attributes(reader, element, mapping_fields, FIELD_COUNT(mapping_fields), mapping,
                      UNKNOWN_STOPS, fault);
    reader_leaf(reader, element, UNKNOWN_STOPS, fault);
}

/* --- components --- */

static const struct field component_fields[] = {
    {WORD_A_LOGICAL_PATH, FIELD_LABEL, false, offsetof(struct wmd_component, logical_path)},
    {WORD_A_COMPONENT_NAME, FIELD_TEXT, true, offsetof(struct wmd_component, name)},
    {WORD_A_CAPTION, FIELD_TEXT, false, offsetof(struct wmd_component, caption)},
    {WORD_A_ICON, FIELD_KNOWN, false, 0},
    {WORD_A_RESTORE_METADATA, FIELD_YES_NO, false,
     offsetof(struct wmd_component, restore_metadata)},
    {WORD_A_NOTIFY_ON_BACKUP_COMPLETE, FIELD_YES_NO, false,
     offsetof(struct wmd_component, notify_on_backup_complete)},
    {WORD_A_SELECTABLE, FIELD_YES_NO, false, offsetof(struct wmd_component, selectable)},
    {WORD_A_SELECTABLE_FOR_RESTORE, FIELD_YES_NO, false,
     offsetof(struct wmd_component, selectable_for_restore)},
    {WORD_A_COMPONENT_FLAGS, FIELD_MASK, false, offsetof(struct wmd_component, component_flags)},
};

static const struct field dependency_fields[] = {
    {WORD_A_WRITER_ID, FIELD_UUID, true, offsetof(struct vss_dependency, writer_id)},
    {WORD_A_LOGICAL_PATH, FIELD_LABEL, false, offsetof(struct vss_dependency, logical_path)},
    {WORD_A_COMPONENT_NAME, FIELD_TEXT, true, offsetof(struct vss_dependency, component_name)},
};

/* Which file sets stand in which kind of component (document-xml.md, 3). */
static const struct {
    enum vss_component_type type;
    enum word word;
    enum vss_set_kind kind;
} set_rows[] = {
    {COMPONENT_FILEGROUP, WORD_FILE_LIST, SET_FILE_LIST},
    {COMPONENT_DATABASE, WORD_DATABASE_FILES, SET_DATABASE_FILES},
    {COMPONENT_DATABASE, WORD_DATABASE_LOGFILES, SET_DATABASE_LOGFILES},
};

static bool set_kind_of(const struct reader *reader, uint32_t element, enum vss_component_type type,
                        enum vss_set_kind *kind)
{
    for (size_t i = 0; i < FIELD_COUNT(set_rows); i++) {
        if (set_rows[i].type == type && reader_is(reader, element, set_rows[i].word)) {
            *kind = set_rows[i].kind;
            return true;
        }
    }
    return false;
}

static void dependency_read(struct reader *reader, uint32_t element,
                            struct vss_dependency *dependency, struct fault *fault)
{
    dependency->place = reader->xml->elements[element].place;
    reader_attributes(reader, element, dependency_fields, FIELD_COUNT(dependency_fields),
                      dependency, UNKNOWN_STOPS, fault);
    reader_leaf(reader, element, UNKNOWN_STOPS, fault);
}

static void component_children(struct reader *reader, uint32_t element,
                               struct wmd_component *component, struct fault *fault)
{
    const struct xml *xml = reader->xml;
    const uint32_t end = xml->elements[element].end;
    enum vss_set_kind kind = SET_FILE_LIST;
    uint32_t sets = 0;
    for (uint32_t c = xml_child_first(element); c < end; c = xml->elements[c].end) {
        sets += set_kind_of(reader, c, component->type, &kind);
    }
    component->file_sets = ARENA_ARRAY(reader->arena, struct vss_file_set, sets);
    component->dependencies = ARENA_ARRAY(reader->arena, struct vss_dependency,
                                          reader_count(reader, element, WORD_DEPENDENCY));
    for (uint32_t c = xml_child_first(element); c < end; c = xml->elements[c].end) {
        if (set_kind_of(reader, c, component->type, &kind)) {
            set_read(reader, c, kind, &component->file_sets[component->file_set_count++],
                     UNKNOWN_STOPS, fault);
        } else if (reader_is(reader, c, WORD_DEPENDENCY)) {
            dependency_read(reader, c, &component->dependencies[component->dependency_count++],
                            fault);
        } else {
            reader_unknown(reader, c, UNKNOWN_STOPS, fault);
        }
    }
}

static void component_read(struct reader *reader, uint32_t element, enum vss_component_type type,
                           struct wmd_component *component)
{
    struct fault fault = {0};
    component->type = type;
    component->place = reader->xml->elements[element].place;
    reader_attributes(reader, element, component_fields, FIELD_COUNT(component_fields), component,
                      UNKNOWN_STOPS, &fault);
    if (view_present(component->name) &&
        (component->name.n == 0 || has_byte(component->name, '\\'))) {
        reader_fault(reader, element, &fault,
                     "the component name \"%.*s\" is empty or holds a backslash (rules 4.2)",
                     VIEW_ARG(component->name));
    }
    component_children(reader, element, component, &fault);
    component->fault = fault.text;
    component->fault_unknown = fault.unknown;
}

/* --- the writer --- */

static const struct field root_fields[] = {
    {WORD_A_VERSION, FIELD_KNOWN, false, 0},
    {WORD_A_BACKUP_SCHEMA, FIELD_MASK, false, offsetof(struct wmd, backup_schema)},
};

static const struct field identification_fields[] = {
    {WORD_A_WRITER_ID, FIELD_UUID, true, offsetof(struct wmd, writer_id)},
    {WORD_A_INSTANCE_ID, FIELD_UUID, true, offsetof(struct wmd, instance_id)},
    {WORD_A_INSTANCE_NAME, FIELD_LABEL, false, offsetof(struct wmd, instance_name)},
    {WORD_A_FRIENDLY_NAME, FIELD_TEXT, false, offsetof(struct wmd, friendly_name)},
    {WORD_A_USAGE, FIELD_TEXT, false, offsetof(struct wmd, usage_text)},
    {WORD_A_DATA_SOURCE, FIELD_TEXT, false, offsetof(struct wmd, data_source)},
    {WORD_A_MAJOR_VERSION, FIELD_KNOWN, false, 0},
    {WORD_A_MINOR_VERSION, FIELD_KNOWN, false, 0},
};

static const struct field method_fields[] = {
    {WORD_A_METHOD, FIELD_TEXT, false, offsetof(struct wmd, method_text)},
    {WORD_A_SERVICE, FIELD_LABEL, false, offsetof(struct wmd, service)},
    {WORD_A_USER_PROCEDURE, FIELD_LABEL, false, offsetof(struct wmd, user_procedure)},
    {WORD_A_WRITER_RESTORE, FIELD_TEXT, false, offsetof(struct wmd, writer_restore_text)},
    {WORD_A_REBOOT_REQUIRED, FIELD_YES_NO, false, offsetof(struct wmd, reboot_required)},
};

static void identification_read(struct reader *reader, uint32_t element, struct wmd *wmd,
                                struct fault *refusal)
{
    reader_attributes(reader, element, identification_fields, FIELD_COUNT(identification_fields),
                      wmd, UNKNOWN_WARNS, refusal);
    reader_leaf(reader, element, UNKNOWN_WARNS, refusal);
    wmd->usage = vss_usage_parse(wmd->usage_text);
    if (wmd->usage == USAGE_UNKNOWN) {
        reader_warn(reader, element, "the usage \"%.*s\" is not known", VIEW_ARG(wmd->usage_text));
    }
}

static void method_read(struct reader *reader, uint32_t element, struct wmd *wmd,
                        struct fault *fault)
{
    const struct xml *xml = reader->xml;
    reader_attributes(reader, element, method_fields, FIELD_COUNT(method_fields), wmd,
                      UNKNOWN_STOPS, fault);
    wmd->method = vss_method_parse(wmd->method_text);
    wmd->writer_restore = vss_writer_restore_parse(wmd->writer_restore_text);
    if (wmd->writer_restore == WRITER_RESTORE_UNDEFINED ||
        wmd->writer_restore == WRITER_RESTORE_UNKNOWN) { /* rules 3.2 */
        reader_warn(reader, element, "%s=\"%.*s\" says not when the writer takes part: always",
                    word_text(WORD_A_WRITER_RESTORE).p, VIEW_ARG(wmd->writer_restore_text));
    }
    wmd->mappings = ARENA_ARRAY(reader->arena, struct vss_mapping,
                                reader_count(reader, element, WORD_ALTERNATE_LOCATION_MAPPING));
    const uint32_t end = xml->elements[element].end;
    for (uint32_t c = xml_child_first(element); c < end; c = xml->elements[c].end) {
        if (!reader_is(reader, c, WORD_ALTERNATE_LOCATION_MAPPING)) {
            reader_unknown(reader, c, UNKNOWN_STOPS, fault);
            continue;
        }
        struct vss_mapping *mapping = &wmd->mappings[wmd->mapping_count++];
        vss_mapping_read(reader, c, mapping, fault);
        struct fault set_fault = {0};
        check_set(reader, c, mapping->path, mapping->filespec, &set_fault);
        if (view_present(set_fault.text)) {
            reader_warn(reader, c, "this mapping fits no file set: %.*s", VIEW_ARG(set_fault.text));
        }
    }
}

static void exclude_read(struct reader *reader, uint32_t element, struct vss_file_set *sets,
                         uint32_t *count, struct fault *fault)
{
    set_read(reader, element, SET_FILE_LIST, &sets[(*count)++], UNKNOWN_WARNS, fault);
}

static void locations_allocate(struct reader *reader, uint32_t element, struct wmd *wmd)
{
    struct arena *arena = reader->arena;
    wmd->components = ARENA_ARRAY(arena, struct wmd_component,
                                  reader_count(reader, element, WORD_FILE_GROUP) +
                                      reader_count(reader, element, WORD_DATABASE));
    wmd->excludes =
        ARENA_ARRAY(arena, struct vss_file_set, reader_count(reader, element, WORD_EXCLUDE_FILES));
    wmd->snapshot_excludes =
        ARENA_ARRAY(arena, struct vss_file_set,
                    reader_count(reader, element, WORD_EXCLUDE_FILES_FROM_SNAPSHOT));
    wmd->includes =
        ARENA_ARRAY(arena, struct vss_file_set, reader_count(reader, element, WORD_INCLUDE_FILES));
}

static void locations_read(struct reader *reader, uint32_t element, struct wmd *wmd,
                           struct fault *fault)
{
    const struct xml *xml = reader->xml;
    struct fault ignored = {0}; /* of what has no role at restore (rules 5.7) */
    locations_allocate(reader, element, wmd);
    reader_attributes(reader, element, NULL, 0, NULL, UNKNOWN_WARNS, fault);
    const uint32_t end = xml->elements[element].end;
    for (uint32_t c = xml_child_first(element); c < end; c = xml->elements[c].end) {
        if (reader_is(reader, c, WORD_FILE_GROUP)) {
            component_read(reader, c, COMPONENT_FILEGROUP,
                           &wmd->components[wmd->component_count++]);
        } else if (reader_is(reader, c, WORD_DATABASE)) {
            component_read(reader, c, COMPONENT_DATABASE, &wmd->components[wmd->component_count++]);
        } else if (reader_is(reader, c, WORD_EXCLUDE_FILES)) {
            exclude_read(reader, c, wmd->excludes, &wmd->exclude_count, fault);
        } else if (reader_is(reader, c, WORD_EXCLUDE_FILES_FROM_SNAPSHOT)) {
            exclude_read(reader, c, wmd->snapshot_excludes, &wmd->snapshot_exclude_count, &ignored);
        } else if (reader_is(reader, c, WORD_INCLUDE_FILES)) {
            exclude_read(reader, c, wmd->includes, &wmd->include_count, &ignored);
        } else {
            reader_unknown(reader, c, UNKNOWN_WARNS, fault);
        }
    }
}

/* The parts of the root that may stand in it once. */
enum part { PART_IDENTIFICATION, PART_METHOD, PART_LOCATIONS, PART_COUNT };

static const enum word part_words[PART_COUNT] = {WORD_IDENTIFICATION, WORD_RESTORE_METHOD,
                                                 WORD_BACKUP_LOCATIONS};

static enum part part_of(const struct reader *reader, uint32_t element)
{
    enum part part = PART_IDENTIFICATION;
    while (part < PART_COUNT && !reader_is(reader, element, part_words[part])) {
        part++;
    }
    return part;
}

static void part_read(struct reader *reader, uint32_t element, enum part part, struct wmd *wmd,
                      struct fault *fault, struct fault *refusal)
{
    switch (part) {
    case PART_IDENTIFICATION:
        identification_read(reader, element, wmd, refusal);
        break;
    case PART_METHOD:
        method_read(reader, element, wmd, fault);
        break;
    case PART_LOCATIONS:
        locations_read(reader, element, wmd, fault);
        break;
    case PART_COUNT:
        reader_unknown(reader, element, UNKNOWN_WARNS, fault);
        break;
    }
}

static void root_read(struct reader *reader, struct wmd *wmd, struct fault *fault,
                      struct fault *refusal)
{
    const struct xml *xml = reader->xml;
    bool seen[PART_COUNT + 1] = {false};
    reader_attributes(reader, 0, root_fields, FIELD_COUNT(root_fields), wmd, UNKNOWN_WARNS, fault);
    for (uint32_t c = xml_child_first(0); c < xml->elements[0].end; c = xml->elements[c].end) {
        const enum part part = part_of(reader, c);
        if (part != PART_COUNT && seen[part]) {
            reader_fault(reader, c, part == PART_IDENTIFICATION ? refusal : fault,
                         "a second <%s> in one document", word_text(part_words[part]).p);
            continue;
        }
        seen[part] = true;
        part_read(reader, c, part, wmd, fault, refusal);
    }
    if (!seen[PART_IDENTIFICATION]) {
        reader_fault(reader, 0, refusal, "the document has no <IDENTIFICATION>");
    }
}

vsr_code wmd_parse(struct wmd *out, struct arena *arena, struct view bytes, const char *file_name,
                   struct vss_warnings *warnings, vsr_error *error)
{
    *out = (struct wmd){.file_name = arena_copy(arena, view_of(file_name))};
    struct xml_text text;
    struct xml xml;
    struct arena table = {0};
    struct fault fault = {0};
    struct fault refusal = {0};
    vsr_code rc = xml_text_open(&text, arena, bytes, out->file_name.p, error);
    if (rc == VSR_OK) {
        rc = xml_open(&xml, &table, arena, &text, error);
    }
    if (rc == VSR_OK) {
        rc = reader_check_root(&xml, WORD_WRITER_METADATA, WORD_SPACE_WMD, error);
    }
    if (rc == VSR_OK) {
        struct reader reader = {arena, &xml, warnings, WORD_SPACE_WMD, false};
        root_read(&reader, out, &fault, &refusal);
        wmd_keys_make(out, arena);
        if (view_present(refusal.text)) {
            rc = reader_refuse(&refusal, "vss/wmd", error);
        }
        out->fault = fault.text;
        out->fault_unknown = fault.unknown;
    }
    arena_free(&table);
    return rc;
}
