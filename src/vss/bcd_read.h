/* bcd_read.h - what reading and writing back a Backup Components Document share: the parsed
 * XML and who counts as a writer and a component in it. For vss/ only. */
#ifndef VSS_BCD_READ_H
#define VSS_BCD_READ_H

#include "vss/bcd.h"
#include "vss/reader.h"

struct bcd_xml { /* stays where it is: xml points at text */
    struct xml_text text;
    struct xml xml;
};

/* Parse and check the root. bytes and file_name are borrowed. */
vsr_code bcd_xml_open(struct bcd_xml *out, struct arena *table_arena, struct arena *arena,
                      struct view bytes, const char *file_name, vsr_error *error);

/* A reader of the document: elements of its namespace and of none (document-xml.md, 2). */
struct reader bcd_reader(const struct bcd_xml *bcd_xml, struct arena *arena,
                         struct vss_warnings *warnings);

/* Mark components of one writer instance with the same logical path and name. */
void bcd_mark_duplicates(struct bcd *bcd, struct arena *arena);

#endif
