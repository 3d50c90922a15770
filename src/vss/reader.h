/* reader.h - from an element's attributes to a struct, by a table of fields; and where a
 * document's faults and warnings go.
 *
 * What stops a component or writer is a fault: the first one is kept, as the sentence that the
 * refusal shows. What stops nothing is a warning. A word that no table knows is a fault where
 * it could change where bytes go, else a warning (document-xml.md, 4, Advice). */
#ifndef VSS_READER_H
#define VSS_READER_H

#include "vss/words.h"
#include "vss/xml.h"

struct reader {
    struct arena *arena; /* what is read lives here            */
    const struct xml *xml;
    struct vss_warnings *warnings;
    struct view space; /* the document's namespace           */
    bool none_too;     /* elements in no namespace count too */
};

struct fault {
    struct view text; /* absent: none                                          */
    bool unknown;     /* DOCUMENT_UNKNOWN_WORD, else DOCUMENT_INVALID          */
};

enum unknown_policy { UNKNOWN_WARNS, UNKNOWN_STOPS };

enum field_kind {
    FIELD_KNOWN,  /* a word that is known and not kept                          */
    FIELD_TEXT,   /* struct view, verbatim                                      */
    FIELD_LABEL,  /* struct view; an empty value is kept as absent              */
    FIELD_UUID,   /* struct uuid                                                */
    FIELD_YES_NO, /* bool; yes or no, absent = no                               */
    FIELD_FLAG,   /* enum vss_flag                                              */
    FIELD_MASK    /* uint32_t, decimal; absent keeps what is there              */
};

struct field {
    enum word word;
    enum field_kind kind;
    bool required; /* absent: a fault */
    size_t offset; /* into the struct */
};

/* Read the attributes of element into *out. A value of the wrong form and a required attribute
 * that is not there are faults; policy says what an unknown attribute is. */
void reader_attributes(struct reader *reader, uint32_t element, const struct field *fields,
                       size_t field_count, void *out, enum unknown_policy policy,
                       struct fault *fault);

/* Is element the one that is called word, in the document's namespace? */
bool reader_is(const struct reader *reader, uint32_t element, enum word word);

/* How many children of parent are called word. */
uint32_t reader_count(const struct reader *reader, uint32_t parent, enum word word);

/* Something stands where nothing known can stand: element, called by its name. */
void reader_unknown(struct reader *reader, uint32_t element, enum unknown_policy policy,
                    struct fault *fault);

/* All children of element are unknown. */
void reader_leaf(struct reader *reader, uint32_t element, enum unknown_policy policy,
                 struct fault *fault);

/* Keep a sentence about element, with its place before it. */
VSR_PRINTF(4, 5)
void reader_fault(struct reader *reader, uint32_t element, struct fault *fault, const char *format,
                  ...);
VSR_PRINTF(3, 4)
void reader_warn(struct reader *reader, uint32_t element, const char *format, ...);

/* The whole document is refused for *fault. */
vsr_code reader_refuse(const struct fault *fault, const char *where, vsr_error *error);

/* The root is called word and stands in space; else the document is refused. */
vsr_code reader_check_root(const struct xml *xml, enum word word, struct view space,
                           vsr_error *error);

#endif
