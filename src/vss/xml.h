/* xml.h - a well-formed document as a flat table of elements, in document order.
 *
 * All of libxml2 that this project uses stands behind this header. No DTD, no entity but the
 * five built-in and the numeric ones, no network, nothing printed, no global state; bounds
 * from base/limits.h; no recursion. The table serves both kinds of documents: reading (names and
 * values) and writing back (where each tag stands in the text, vss/xml_scan.h). */
#ifndef VSS_XML_H
#define VSS_XML_H

#include "vss/xml_text.h"

struct xml_element {
    struct view name;  /* local name, verbatim, in the text                            */
    struct view space; /* namespace; absent = none                                     */
    struct vss_place place;
    uint32_t end;    /* behind the last descendant: the next element that is none      */
    uint32_t parent; /* MARK_NONE of the root                                          */
    uint32_t attribute_first, attribute_count; /* without namespace declarations        */
    uint32_t tag_start, tag_end;               /* of the start tag, in text             */
    uint32_t close_start, close_end;           /* of the end tag; <x/>: both are tag_end */
    bool has_text;                             /* text besides white space stands in it */
};

struct xml_attribute {
    struct view name;  /* as spelled, with its prefix if it has one                    */
    struct view value; /* references resolved, line ends and tabs as XML says          */
};

struct xml {
    const struct xml_text *text; /* borrowed */
    struct xml_element *elements;
    uint32_t element_count; /* at least 1: the root */
    struct xml_attribute *attributes;
    uint32_t attribute_count;
};

/* Parse text. The table stands in table_arena, values that are not verbatim in the text in
 * value_arena (they may be the same). text must outlive *out.
 * Errors: DOCUMENT with file, line, byte; MEMORY. Any thread. */
vsr_code xml_open(struct xml *out, struct arena *table_arena, struct arena *value_arena,
                  const struct xml_text *text, vsr_error *error);

/* The attribute of an element, by its name without a prefix; NULL: not there. */
const struct xml_attribute *xml_attribute_find(const struct xml *xml, uint32_t element,
                                               struct view name);

/* The children of an element: for (c = xml_child_first(e); c < x->elements[e].end;
 * c = x->elements[c].end). */
static inline uint32_t xml_child_first(uint32_t element)
{
    return element + 1;
}

#endif
