/* xml_value.h - an attribute's value, written so that a parser reads it back as it was.
 *
 * XML 1.0 holds no control characters but tab, CR and LF, no surrogates, no U+FFFE and U+FFFF. */
#ifndef VSS_XML_VALUE_H
#define VSS_XML_VALUE_H

#include "base/arena.h"
#include "base/buffer.h"

/* How many bytes of value, from its start, can stand in a document: value.n, or where the first
 * character is that cannot. */
size_t xml_value_length(struct view value);

/* value with U+FFFD for each byte of what cannot stand in a document: for words for people,
 * better told in part than not at all. Value itself, or in the arena. */
struct view xml_value_printable(struct arena *arena, struct view value);

/* Add value as it stands between quotes: references for markup, and for CR, LF and tab, which a
 * parser would make blanks of. All of value can stand in a document (xml_value_length()). */
void xml_value_put(struct buffer *out, struct view value, char quote);

#endif
