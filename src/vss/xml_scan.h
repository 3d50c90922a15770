/* xml_scan.h - where the tags of a text stand, and whether there are too many of them.
 *
 * Decision: libxml2 judges well-formedness, namespaces and values, but it does not say where
 * an attribute stands, its own bounds are wide (it compares all attributes of a tag with each
 * other), and writing a tree back loses how a document was spelled. So this lexer runs first: it
 * holds the text against base/limits.h, refuses DOCTYPE, and gives the exact bytes of each tag,
 * for places in messages and for edits that leave the rest as it is. Turned down: libxml2's
 * tree and serialiser (changes quotes, references, white space inside tags). We would notice
 * being wrong by a good document on whose tags the two disagree: xml_open() then refuses it. */
#ifndef VSS_XML_SCAN_H
#define VSS_XML_SCAN_H

#include "base/view.h"

struct xml_tag {
    enum { XML_TAG_OPEN, XML_TAG_EMPTY, XML_TAG_CLOSE } kind;
    uint32_t start; /* of '<'     */
    uint32_t end;   /* behind '>' */
    uint32_t attribute_count;
};

/* The next tag at or behind *at, which moves behind it. False: none is left (*fault NULL), or
 * *fault says what is wrong at *at. text: valid UTF-8, n < 2^32. Any thread. */
bool xml_scan_tag(struct view text, uint32_t *at, struct xml_tag *tag, const char **fault);

struct xml_attribute_span {
    uint32_t start; /* of the name; white space stands before it */
    uint32_t name_bytes;
    uint32_t value; /* behind the opening quote */
    uint32_t value_bytes;
    uint32_t end; /* behind the closing quote */
};

/* The end of the tag's name; its start is tag start + 1 (or + 2 of a closing tag). */
uint32_t xml_scan_name_end(struct view text, uint32_t name_start);

/* The next attribute of a start tag, from *at (xml_scan_name_end() at first), which moves
 * behind it. False: the tag ends. Only on tags that libxml2 has accepted. */
bool xml_scan_attribute(struct view text, uint32_t *at, struct xml_attribute_span *span);

#endif
