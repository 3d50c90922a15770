/* xml.c - the only user of libxml2: text in, table of elements out.
 *
 * First the lexer (xml_scan.c) bounds the text and fills in where tags stand; then libxml2's
 * SAX2 parser judges it and gives namespaces and values, tag by tag in the same order. No
 * libxml2 tree is built, so its 16-bit line numbers and its recursion when freeing do not
 * matter. XML_PARSE_HUGE is on because our own bounds, checked before, are tighter in all but
 * the size of a value (16 MiB against 10 MB). */
#include "vss/xml.h"

#include "base/limits.h"
#include "vss/xml_scan.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <pthread.h>

#if LIBXML_VERSION >= 21200
typedef const xmlError *xml_error_arg;
#else
typedef xmlErrorPtr xml_error_arg;
#endif

/* --- pass 1: bounds and places --- */

struct scan {
    struct xml *xml; /* elements NULL: only count */
    struct xml_cursor cursor;
    uint32_t open[DOCUMENT_DEPTH_MAX];
    uint32_t depth;
    uint32_t element_count;
    uint32_t attribute_count;
};

static const char *scan_open(struct scan *scan, const struct xml_tag *tag)
{
    if (scan->element_count >= DOCUMENT_ELEMENTS_MAX) {
        return "the document has more elements than are allowed";
    }
    if (tag->attribute_count > DOCUMENT_ATTRIBUTES_ALL_MAX - scan->attribute_count) {
        return "the document has more attributes than are allowed";
    }
    if (scan->depth >= DOCUMENT_DEPTH_MAX) {
        return "elements are nested deeper than is allowed";
    }
    const uint32_t element = scan->element_count++;
    scan->attribute_count += tag->attribute_count;
    if (scan->xml->elements != NULL) {
        scan->xml->elements[element] = (struct xml_element){
            .place = xml_text_place_next(scan->xml->text, &scan->cursor, tag->start),
            .end = element + 1,
            .parent = scan->depth > 0 ? scan->open[scan->depth - 1] : MARK_NONE,
            .tag_start = tag->start,
            .tag_end = tag->end,
            .close_start = tag->end,
            .close_end = tag->end,
        };
    }
    if (tag->kind == XML_TAG_OPEN) {
        scan->open[scan->depth++] = element;
    }
    return NULL;
}

static const char *scan_close(struct scan *scan, const struct xml_tag *tag)
{
    if (scan->depth == 0) {
        return "an end tag without a start tag";
    }
    const uint32_t element = scan->open[--scan->depth];
    if (scan->xml->elements != NULL) {
        scan->xml->elements[element].close_start = tag->start;
        scan->xml->elements[element].close_end = tag->end;
        scan->xml->elements[element].end = scan->element_count;
    }
    return NULL;
}

static vsr_code scan_run(struct scan *scan, vsr_error *error)
{
    const struct xml_text *text = scan->xml->text;
    struct xml_tag tag;
    const char *fault = NULL;
    uint32_t at = 0;
    while (xml_scan_tag(text->text, &at, &tag, &fault)) {
        fault = tag.kind == XML_TAG_CLOSE ? scan_close(scan, &tag) : scan_open(scan, &tag);
        if (fault != NULL) {
            return xml_text_fault(text, tag.start, error, "%s", fault);
        }
    }
    if (fault != NULL) {
        return xml_text_fault(text, at, error, "%s", fault);
    }
    if (scan->depth > 0) {
        return xml_text_fault(text, text->text.n, error,
                              "the document is cut short: %u elements are still open here",
                              scan->depth);
    }
    if (scan->element_count == 0) {
        return xml_text_no_element(text, error);
    }
    return VSR_OK;
}

static vsr_code scan_document(struct xml *xml, struct arena *table_arena, vsr_error *error)
{
    struct scan scan = {.xml = xml};
    vsr_code rc = scan_run(&scan, error);
    if (rc != VSR_OK) {
        return rc;
    }
    xml->element_count = scan.element_count;
    xml->elements = ARENA_ARRAY(table_arena, struct xml_element, scan.element_count);
    xml->attributes = ARENA_ARRAY(table_arena, struct xml_attribute, scan.attribute_count);
    xml->attribute_count = scan.attribute_count;
    scan = (struct scan){.xml = xml};
    rc = scan_run(&scan, error);
    return rc;
}

/* --- pass 2: libxml2 --- */

struct sax {
    struct xml *xml;
    struct arena *value_arena;
    xmlParserCtxtPtr parser;
    vsr_error *error;
    vsr_code code;
    uint32_t next;           /* the element that the next start tag is */
    uint32_t open;           /* the element whose content is read      */
    uint32_t next_attribute; /* where the next attribute goes          */
    uint32_t attribute_max;
    uint32_t space_count;
    struct {
        const xmlChar *uri;
        struct view view;
    } spaces[DOCUMENT_NAMESPACES_MAX];
};

static void sax_fail(struct sax *sax, vsr_code code)
{
    if (sax->code == VSR_OK) {
        sax->code = code;
    }
    xmlStopParser(sax->parser);
}

/* libxml2 sees another tag than the lexer did: it stopped before a character that no name can
 * have, and would say so next. */
static void sax_disagree(struct sax *sax)
{
    const struct xml *xml = sax->xml;
    const uint32_t last = sax->next < xml->element_count ? sax->next : xml->element_count - 1;
    sax_fail(sax,
             xml_text_fault(xml->text, xml->elements[last].tag_start, sax->error,
                            "not well-formed XML: a character in this tag cannot stand there"));
}

/* libxml2 hands out one pointer for each distinct namespace of a document, so pointers are
 * compared, and a long name is copied once. *ok false: more than DOCUMENT_NAMESPACES_MAX. */
static struct view sax_space(struct sax *sax, const xmlChar *uri, bool *ok)
{
    *ok = true;
    if (uri == NULL) {
        return VIEW_NONE;
    }
    for (uint32_t i = 0; i < sax->space_count; i++) {
        if (sax->spaces[i].uri == uri) {
            return sax->spaces[i].view;
        }
    }
    *ok = sax->space_count < DOCUMENT_NAMESPACES_MAX;
    if (!*ok) {
        return VIEW_NONE;
    }
    const struct view space = arena_copy(sax->value_arena, view_of((const char *)uri));
    sax->spaces[sax->space_count].uri = uri;
    sax->spaces[sax->space_count++].view = space;
    return space;
}

/* A value that the parser left as it is stays a view into the text. */
static struct view sax_value(struct sax *sax, struct view raw, const xmlChar *begin,
                             const xmlChar *end)
{
    const struct view value = {(const char *)begin, (size_t)(end - begin)};
    return view_equal(raw, value) ? raw : arena_copy(sax->value_arena, value);
}

static bool is_declaration(struct view name)
{
    return view_equal(name, VIEW("xmlns")) || view_starts(name, VIEW("xmlns:"));
}

/* values: libxml2's five pointers for each attribute, in the order of the tag. */
static bool sax_attributes(struct sax *sax, struct xml_element *element, int count,
                           const xmlChar **values)
{
    const struct view text = sax->xml->text->text;
    uint32_t at = xml_scan_name_end(text, element->tag_start + 1);
    struct xml_attribute_span span;
    int seen = 0;
    element->attribute_first = sax->next_attribute;
    while (xml_scan_attribute(text, &at, &span)) {
        const struct view name = {text.p + span.start, span.name_bytes};
        if (is_declaration(name)) {
            continue;
        }
        if (seen == count || sax->next_attribute == sax->attribute_max) {
            return false; /* GCOVR_EXCL_LINE: libxml2 and the lexer counted alike so far */
        }
        sax->xml->attributes[sax->next_attribute++] =
            (struct xml_attribute){name,
                                   sax_value(sax,
                                             (struct view){text.p + span.value, span.value_bytes},
                                             values[5 * seen + 3], values[5 * seen + 4])};
        seen++;
    }
    element->attribute_count = (uint32_t)seen;
    return seen == count;
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int space_count, const xmlChar **spaces, int attribute_count,
                     int default_count, const xmlChar **attributes)
{
    (void)space_count;
    (void)spaces;
    (void)default_count;
    struct sax *sax = user;
    if (sax->code != VSR_OK || sax->next >= sax->xml->element_count) {
        sax_disagree(sax); /* GCOVR_EXCL_LINE: libxml2 sees no element that the lexer did not */
        return;            /* GCOVR_EXCL_LINE */
    }
    struct xml_element *element = &sax->xml->elements[sax->next];
    const struct view text = sax->xml->text->text;
    const uint32_t start = element->tag_start + 1;
    struct view spelled = {text.p + start, xml_scan_name_end(text, start) - start};
    if (prefix != NULL) {
        const size_t skip = strlen((const char *)prefix) + 1;
        spelled = view_skip(spelled, skip < spelled.n ? skip : spelled.n);
    }
    element->name = spelled;
    bool space_ok = true;
    element->space = sax_space(sax, uri, &space_ok);
    if (!space_ok) {
        sax_fail(sax, xml_text_fault(sax->xml->text, element->tag_start, sax->error,
                                     "the document has more namespaces than are allowed"));
        return;
    }
    if (!view_equal(spelled, view_of((const char *)name)) ||
        !sax_attributes(sax, element, attribute_count, attributes)) {
        sax_disagree(sax);
        return;
    }
    sax->open = sax->next++;
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)name;
    (void)prefix;
    (void)uri;
    struct sax *sax = user;
    if (sax->open != MARK_NONE) {
        sax->open = sax->xml->elements[sax->open].parent;
    }
}

static void on_characters(void *user, const xmlChar *characters, int count)
{
    struct sax *sax = user;
    for (int i = 0; i < count && sax->open != MARK_NONE; i++) {
        if (characters[i] != ' ' && characters[i] != '\t' && characters[i] != '\r' &&
            characters[i] != '\n') {
            sax->xml->elements[sax->open].has_text = true;
            return;
        }
    }
}

/* The lexer has refused it before; this is the second lock on the same door. */
/* GCOVR_EXCL_START: so nothing reaches it */
static void on_doctype(void *user, const xmlChar *name, const xmlChar *external_id,
                       const xmlChar *system_id)
{
    (void)name;
    (void)external_id;
    (void)system_id;
    struct sax *sax = user;
    sax_fail(sax, xml_text_fault(sax->xml->text, 0, sax->error, "a DOCTYPE: it is refused"));
}
/* GCOVR_EXCL_STOP */

static void on_fault(void *user, xml_error_arg fault)
{
    struct sax *sax = user;
    if (fault->level < XML_ERR_ERROR || sax->code != VSR_OK) {
        return; /* a warning: e.g. a relative namespace */
    }
    if (fault->code == XML_ERR_NO_MEMORY) { /* GCOVR_EXCL_START: no test runs out of memory */
        sax_fail(sax, err_set(sax->error, VSR_ERR_MEMORY, "vss/xml", "no memory left to read %s",
                              sax->xml->text->file_name));
        return;
    } /* GCOVR_EXCL_STOP */
    const long consumed = xmlByteConsumed(sax->parser);
    size_t offset = consumed > 0 ? (size_t)consumed : 0;
    if (offset > sax->xml->text->text.n) {
        offset = sax->xml->text->text.n; /* GCOVR_EXCL_LINE: libxml2 was given no more */
    }
    struct view what = view_of(fault->message != NULL ? fault->message : "unknown fault");
    while (what.n > 0 && (what.p[what.n - 1] == '\n' || what.p[what.n - 1] == ' ')) {
        what.n--;
    }
    sax_fail(sax, xml_text_fault(sax->xml->text, offset, sax->error, "not well-formed XML: %.*s",
                                 VIEW_ARG(what)));
}

static pthread_once_t parser_once = PTHREAD_ONCE_INIT;

static vsr_code sax_run(struct sax *sax)
{
    const struct view text = sax->xml->text->text;
    xmlParserCtxtPtr parser = xmlCreateMemoryParserCtxt(text.p, (int)text.n);
    if (parser == NULL) { /* GCOVR_EXCL_START: no test runs out of memory */
        return err_set(sax->error, VSR_ERR_MEMORY, "vss/xml", "no memory left to read %s",
                       sax->xml->text->file_name);
    } /* GCOVR_EXCL_STOP */
    sax->parser = parser;
    *parser->sax = (xmlSAXHandler){
        .internalSubset = on_doctype,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_characters,
        .ignorableWhitespace = on_characters,
        .cdataBlock = on_characters,
        .serror = on_fault,
        .initialized = XML_SAX2_MAGIC,
    };
    parser->userData = sax;
    parser->recovery = 0;
    /* NOENT: without it, "&amp;" in a value comes as "&#38;". There is no DTD to fear. */
    (void)xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_HUGE |
                                        XML_PARSE_IGNORE_ENC | XML_PARSE_NOERROR |
                                        XML_PARSE_NOWARNING);
    parser->userData = sax;
    (void)xmlParseDocument(parser);
    if (sax->code == VSR_OK && (parser->wellFormed == 0 || sax->next != sax->xml->element_count)) {
        /* GCOVR_EXCL_START: libxml2 tells what is wrong through on_fault() first */
        sax->code = xml_text_fault(sax->xml->text, 0, sax->error, "not well-formed XML");
    } /* GCOVR_EXCL_STOP */
    xmlFreeDoc(parser->myDoc);
    parser->myDoc = NULL;
    xmlFreeParserCtxt(parser);
    return sax->code;
}

vsr_code xml_open(struct xml *out, struct arena *table_arena, struct arena *value_arena,
                  const struct xml_text *text, vsr_error *error)
{
    (void)pthread_once(&parser_once, xmlInitParser);
    *out = (struct xml){.text = text};
    vsr_code rc = scan_document(out, table_arena, error);
    if (rc != VSR_OK) {
        return rc;
    }
    struct sax sax = {
        .xml = out,
        .value_arena = value_arena,
        .error = error,
        .open = MARK_NONE,
        .attribute_max = out->attribute_count,
    };
    rc = sax_run(&sax);
    out->attribute_count = sax.next_attribute;
    return rc;
}

const struct xml_attribute *xml_attribute_find(const struct xml *xml, uint32_t element,
                                               struct view name)
{
    const struct xml_element *e = &xml->elements[element];
    for (uint32_t i = 0; i < e->attribute_count; i++) {
        if (view_equal(xml->attributes[e->attribute_first + i].name, name)) {
            return &xml->attributes[e->attribute_first + i];
        }
    }
    return NULL;
}
