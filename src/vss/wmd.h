/* wmd.h - one Writer Metadata Document, parsed: which files belong to which component, where
 * else they may go, how they may be replaced. Read-only; strings are UTF-8 views into the
 * arena that it was read into, verbatim as the document spells them. */
#ifndef VSS_WMD_H
#define VSS_WMD_H

#include "base/arena.h"
#include "base/uuid.h"
#include "vss/place.h"
#include "vss/terms.h"

struct wmd_key; /* documents.h: wmd_component_find() */

enum vss_set_kind { SET_FILE_LIST, SET_DATABASE_FILES, SET_DATABASE_LOGFILES };

/* A file set, exclude or include: (path, filespec, recursive) and what hangs on it. */
struct vss_file_set {
    enum vss_set_kind kind;
    struct view path; /* verbatim: may hold %NAME%, a trailing backslash     */
    struct view filespec;
    bool recursive;             /* an absent attribute is no (document-xml.md, 2)      */
    struct view alternate_path; /* where the backup READ; absent when there is none    */
    uint32_t backup_type_mask;  /* filespecBackupType; FSBT_DEFAULT when absent        */
    struct vss_place place;
};

struct vss_mapping { /* ALTERNATE_LOCATION_MAPPING (WMD: on offer; BCD: used), NEW_TARGET */
    struct view path;
    struct view filespec;
    bool recursive;
    struct view alternate_path; /* the destination */
    struct vss_place place;
};

struct vss_dependency {
    struct uuid writer_id;
    struct view logical_path; /* absent when there is none */
    struct view component_name;
    struct vss_place place;
};

struct wmd_component {
    enum vss_component_type type; /* from the element's name */
    struct view logical_path;     /* absent when empty       */
    struct view name;
    struct view caption;
    bool restore_metadata;
    bool notify_on_backup_complete;
    bool selectable;
    bool selectable_for_restore;
    uint32_t component_flags;
    struct vss_file_set *file_sets;
    uint32_t file_set_count;
    struct vss_dependency *dependencies;
    uint32_t dependency_count;
    struct vss_place place;
    /* Why this component cannot be planned, or absent: an unknown word in it or a set that
     * breaks the rules (T73). The name of the contract's section 6 stands in fault_unknown. */
    struct view fault;
    bool fault_unknown; /* DOCUMENT_UNKNOWN_WORD, else DOCUMENT_INVALID */
};

struct wmd {
    struct view file_name; /* of the document, for messages */
    struct uuid writer_id;
    struct uuid instance_id;
    struct view instance_name; /* absent when there is none */
    struct view friendly_name;
    enum vss_usage usage;
    struct view usage_text;
    struct view data_source; /* informative: never refused for */
    uint32_t backup_schema;  /* absent = 0; unknown bits kept  */
    enum vss_method method;
    struct view method_text; /* the word, for messages; absent = no RESTORE_METHOD */
    struct view service;
    struct view user_procedure;
    enum vss_writer_restore writer_restore;
    struct view writer_restore_text;
    bool reboot_required;
    struct vss_mapping *mappings;
    uint32_t mapping_count;
    struct wmd_component *components; /* in document order */
    uint32_t component_count;
    struct wmd_key *keys; /* component_count, ordered for wmd_component_find() */
    struct vss_file_set *excludes;
    uint32_t exclude_count;
    struct vss_file_set *snapshot_excludes; /* no role at restore (5.7) */
    uint32_t snapshot_exclude_count;
    struct vss_file_set *includes; /* reserved for system use: reported, ignored */
    uint32_t include_count;
    struct view
        fault; /* as in a component, for the whole writer (unknown child of RESTORE_METHOD ...) */
    bool fault_unknown;
};

/* Parse one document from the bytes of its file, in any byte form (document-xml.md, 1). All of
 * *out stands in arena or is a view into bytes, which must live as long. Warnings are added to
 * *warnings (NULL: nobody asks). Duplicate components are marked (rules 9.6).
 * Errors: DOCUMENT with file, line and byte. Any thread, one for each arena. */
vsr_code wmd_parse(struct wmd *out, struct arena *arena, struct view bytes, const char *file_name,
                   struct vss_warnings *warnings, vsr_error *error);

#endif
