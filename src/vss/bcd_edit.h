/* bcd_edit.h - what bcd_document.c notes and bcd_render.c lays over the text: the edits of a Backup
 * Components Document. For these two only. */
#ifndef VSS_BCD_EDIT_H
#define VSS_BCD_EDIT_H

#include "vss/bcd_read.h"

#include "base/limits.h"

enum { ATTRIBUTE_COUNT = BCD_POST_RESTORE_FAILURE + 1 };

struct attribute_edit {
    enum { KEEP, SET, REMOVE } what;
    struct view value;
};

struct child_edit { /* an added child */
    enum bcd_child kind;
    struct vss_mapping mapping;          /* of a mapping or new target */
    struct bcd_directed_target directed; /* of a directed target       */
    struct view logical_path;            /* of a subcomponent          */
    struct view component_name;
    struct view metadata; /* of restore metadata */
    uint32_t next;        /* in the component; MARK_NONE ends */
};

struct ranges_edit { /* of a PARTIAL_FILE */
    uint32_t element;
    struct attribute_edit ranges;
};

struct component_edit {
    uint32_t element;
    struct attribute_edit attributes[ATTRIBUTE_COUNT];
    bool removed[BCD_CHILD_COUNT];
    uint32_t first_child, last_child; /* into children; MARK_NONE: none */
};

struct writer_edit {
    struct component_edit *components;
    uint32_t component_count;
};

struct bcd_document {
    struct arena arena;
    struct bcd_xml bcd_xml;
    struct attribute_edit restore_type;
    struct writer_edit *writers;
    uint32_t writer_count;
    struct child_edit *children; /* heap */
    size_t child_count, child_capacity;
    struct ranges_edit *ranges; /* heap; in the order of the text */
    size_t ranges_count, ranges_capacity;
    bool *dropped; /* for each element: taken out by itself; NULL: none */
};

/* How the children are called. */
extern const enum word bcd_child_words[BCD_CHILD_COUNT];

#endif
