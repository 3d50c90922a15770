/* xml_text.h - a document's bytes as UTF-8 text, and the way back (document-xml.md, 1).
 *
 * Forms: UTF-8, UTF-16 little- and big-endian; with and without a byte order mark; NULs and
 * white space behind the root. The first bytes decide; what a prolog says is not believed.
 * Every offset into the text leads back to a line and a byte of the original file. */
#ifndef VSS_XML_TEXT_H
#define VSS_XML_TEXT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "vss/place.h"

enum xml_form { XML_UTF8, XML_UTF16_LE, XML_UTF16_BE };

struct xml_text {
    const char *file_name; /* borrowed, for messages                                    */
    struct view bytes;     /* the original, borrowed                                    */
    enum xml_form form;
    size_t head_bytes; /* the byte order mark                                           */
    size_t tail_bytes; /* NULs and white space at the end                               */
    struct view text;  /* valid UTF-8 without NULs, head and tail; of a UTF-8 file a
                          part of bytes, else in the arena. n < 2^32                    */
};

/* A walk through a text in the direction of its bytes; zero-initialised it stands at the start. */
struct xml_cursor {
    size_t offset;
    uint32_t lines_before;
    uint64_t bytes_before;
};

/* bytes and file_name are borrowed and must outlive *out. Errors: DOCUMENT with line and byte
 * for a NUL inside, bad UTF-8, unpaired surrogates, half a UTF-16 unit, a second byte order mark,
 * nothing at all, more than DOCUMENT_BYTES_MAX. */
vsr_code xml_text_open(struct xml_text *out, struct arena *arena, struct view bytes,
                       const char *file_name, vsr_error *error);

/* The place of text.p[offset]; offset <= text.n. Walks from the start. */
struct vss_place xml_text_place(const struct xml_text *text, size_t offset);

/* The same from where the cursor stands; offsets must not decrease. */
struct vss_place xml_text_place_next(const struct xml_text *text, struct xml_cursor *cursor,
                                     size_t offset);

/* DOCUMENT, with "FILE, line L, byte B: " before the sentence. */
VSR_PRINTF(4, 5)
vsr_code xml_text_fault(const struct xml_text *text, size_t offset, vsr_error *error,
                        const char *format, ...);

/* DOCUMENT: no element stands at its beginning, read in the form that its first bytes say. */
vsr_code xml_text_no_element(const struct xml_text *text, vsr_error *error);

/* edited (UTF-8) in the byte form of text, between its head and its tail. Added to *out. */
void xml_text_render(const struct xml_text *text, struct view edited, struct buffer *out);

/* The local name of the root element, found without trusting the rest of the file (a DOCTYPE is
 * stepped over). Characters outside printable ASCII are shown as '?'. Absent: none found. */
struct view xml_root_name(struct arena *arena, struct view bytes);

#endif
