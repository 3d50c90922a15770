/* bcd.h - the Backup Components Document: what was backed up and how each component is to
 * come back; read, and written back with only what a restore may change (rules 2.2, 6.10).
 *
 * The typed view (struct bcd) is for deciding; the document itself is kept whole beside it
 * (struct bcd_document), so that unknown elements and attributes survive and an unchanged
 * document is written as the same bytes. */
#ifndef VSS_BCD_H
#define VSS_BCD_H

#include "base/buffer.h"
#include "vss/wmd.h"

struct bcd_partial_file {
    struct view path;
    struct view filespec;
    struct view ranges; /* a range list or a ranges file's path (rules 7.5) */
    struct view metadata;
    struct vss_place place;
};

struct bcd_differenced_file {
    struct view path;
    struct view filespec;
    bool recursive;
    struct view last_modify_time; /* verbatim: its form is not evidenced */
    struct vss_place place;
};

struct bcd_directed_target {
    struct view source_path, source_filename, source_ranges;
    struct view destination_path, destination_filename, destination_ranges;
    struct vss_place place;
};

struct bcd_subcomponent {
    struct view logical_path;
    struct view component_name;
    struct vss_place place;
};

struct bcd_component {
    struct view logical_path; /* absent when empty */
    struct view name;
    enum vss_component_type type;
    struct view type_text;
    enum vss_flag backup_succeeded; /* FLAG_ABSENT is no failure (document-xml.md, 4) */
    enum vss_flag selected_for_restore;
    enum vss_flag additional_restores;
    struct view backup_stamp, previous_backup_stamp;
    struct view backup_options, restore_options;
    enum vss_target restore_target;
    struct view restore_target_text; /* absent: ORIGINAL */
    enum vss_restore_status restore_status;
    struct view restore_status_text;
    struct view prepare_for_backup_failure, post_snapshot_failure;
    struct view pre_restore_failure, post_restore_failure;
    struct view backup_metadata, restore_metadata;
    struct bcd_partial_file *partial_files;
    uint32_t partial_file_count;
    struct bcd_differenced_file *differenced_files;
    uint32_t differenced_file_count;
    struct bcd_directed_target *directed_targets;
    uint32_t directed_target_count;
    struct vss_mapping *new_targets;
    uint32_t new_target_count;
    struct vss_mapping *used_mappings;
    uint32_t used_mapping_count;
    struct bcd_subcomponent *subcomponents;
    uint32_t subcomponent_count;
    struct vss_place place;
    struct view fault; /* as in wmd_component: an unknown attribute or child stops it */
    bool fault_unknown;
};

struct bcd_writer {
    struct uuid writer_id;
    struct uuid instance_id;
    struct view instance_name;
    uint32_t backup_schema;
    struct bcd_component *components; /* in document order */
    uint32_t component_count;
    struct vss_place place;
};

struct bcd {
    struct view file_name;
    bool bootable_system_state;
    bool select_components; /* false: volume mode, no component semantics (rules 2.10) */
    enum vss_backup_type backup_type;
    struct view backup_type_text;
    struct view backup_type_fault; /* absent, or why nothing that depends on the type can be told:
                                    * DOCUMENT_UNKNOWN_WORD, with the place in the document */
    bool partial_file_support;
    struct uuid snapshot_set_id;
    struct view restore_type;   /* absent when there is none */
    struct bcd_writer *writers; /* in document order */
    uint32_t writer_count;
};

/* Parse one document from the bytes of its file, in any byte form (document-xml.md, 1). All of
 * *out stands in arena or is a view into bytes, which must live as long. Warnings are added to
 * *warnings (NULL: nobody asks). Duplicate components are marked (rules 9.6).
 * Errors: DOCUMENT with file, line and byte. Any thread, one for each arena. */
vsr_code bcd_parse(struct bcd *out, struct arena *arena, struct view bytes, const char *file_name,
                   struct vss_warnings *warnings, vsr_error *error);

/* The whole document, for writing back. Owned by whoever opened it; one thread at a time. */
struct bcd_document;

enum bcd_attribute { /* what a restore may write on a COMPONENT */
                     BCD_SELECTED_FOR_RESTORE,
                     BCD_ADDITIONAL_RESTORES,
                     BCD_RESTORE_OPTIONS,
                     BCD_RESTORE_TARGET,
                     BCD_FILE_RESTORE_STATUS,
                     BCD_PRE_RESTORE_FAILURE,
                     BCD_POST_RESTORE_FAILURE
};

enum bcd_child {
    BCD_USED_MAPPING,
    BCD_NEW_TARGET,
    BCD_RESTORE_SUBCOMPONENT,
    BCD_DIRECTED_TARGET,
    BCD_RESTORE_METADATA
};
enum { BCD_CHILD_COUNT = BCD_RESTORE_METADATA + 1 };

/* Parse bytes (any of the byte forms of document-xml.md, 1) for writing back. bytes is copied.
 * Errors: DOCUMENT, with file, line, byte. *out is the caller's, freed by bcd_document_free. */
vsr_code bcd_document_open(struct bcd_document **out, struct view bytes, const char *file_name,
                           vsr_error *error);
void bcd_document_free(struct bcd_document *document);

/* writer and component count as in struct bcd (document order). value absent: remove. Values
 * are copied; they are UTF-8. What XML cannot hold (control characters, lone surrogates) stands
 * as U+FFFD in the two failure messages, and makes bcd_document_render() fail elsewhere. */
void bcd_document_set(struct bcd_document *document, uint32_t writer, uint32_t component,
                      enum bcd_attribute attribute, struct view value);

/* The same on the root element: restoreType (SetRestoreState). */
void bcd_document_set_restore_type(struct bcd_document *document, struct view value);

/* Take out all children of a kind, those added here too. With a child goes the white space
 * before it. */
void bcd_document_remove(struct bcd_document *document, uint32_t writer, uint32_t component,
                         enum bcd_child child);

/* Take out one child: that with this number among the document's own children of its kind. */
void bcd_document_drop(struct bcd_document *document, uint32_t writer, uint32_t component,
                       enum bcd_child child, uint32_t number);

/* Where the ranges of the PARTIAL_FILE with this number are now: a full path (SetRangesFilePath,
 * rules 6.10). At most once for each. */
void bcd_document_set_ranges(struct bcd_document *document, uint32_t writer, uint32_t component,
                             uint32_t number, struct view path);

/* Add a child at the end of the COMPONENT, in its namespace. child: BCD_USED_MAPPING or
 * BCD_NEW_TARGET; everything is copied. */
void bcd_document_add_mapping(struct bcd_document *document, uint32_t writer, uint32_t component,
                              enum bcd_child child, const struct vss_mapping *mapping);
void bcd_document_add_subcomponent(struct bcd_document *document, uint32_t writer,
                                   uint32_t component, struct view logical_path,
                                   struct view component_name);
void bcd_document_add_directed(struct bcd_document *document, uint32_t writer, uint32_t component,
                               const struct bcd_directed_target *target);
void bcd_document_add_restore_metadata(struct bcd_document *document, uint32_t writer,
                                       uint32_t component, struct view metadata);

/* The document in the byte form that was read (encoding, BOM, prolog, ending NUL). Nothing
 * changed: the same bytes (rules 2.2). Added to *out. Errors: DOCUMENT, a value that XML cannot
 * hold; *out is then as it was. */
vsr_code bcd_document_render(const struct bcd_document *document, struct buffer *out,
                             vsr_error *error);

/* The same as UTF-8, for another program: no byte order mark, no ending NUL, and a prolog that
 * names an encoding names UTF-8. */
vsr_code bcd_document_render_utf8(const struct bcd_document *document, struct buffer *out,
                                  vsr_error *error);

#endif
