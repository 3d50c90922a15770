/* bcd_document.c - the Backup Components Document, written back (rules 2.2, 6.10).
 *
 * The document's own text is kept; an edit is remembered beside its COMPONENT and laid over the
 * text when it is rendered. So everything that was not edited keeps its very bytes: quotes,
 * references, indents, unknown elements, the prolog. Nothing is edited: the original bytes. */
#include "vss/bcd_read.h"
#include "vss/xml_scan.h"
#include "vss/xml_value.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

enum { ATTRIBUTE_COUNT = BCD_POST_RESTORE_FAILURE + 1 };

struct attribute_edit {
    enum { KEEP, SET, REMOVE } what;
    struct view value;
};

struct child_edit { /* an added child */
    enum bcd_child kind;
    struct vss_mapping mapping; /* of a mapping or new target */
    struct view logical_path;   /* of a subcomponent          */
    struct view component_name;
    uint32_t next; /* in the component; MARK_NONE ends */
};

struct component_edit {
    uint32_t element;
    struct attribute_edit attributes[ATTRIBUTE_COUNT];
    bool removed[BCD_RESTORE_SUBCOMPONENT + 1];
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
};

static const enum word attribute_words[ATTRIBUTE_COUNT] = {
    [BCD_SELECTED_FOR_RESTORE] = WORD_A_SELECTED_FOR_RESTORE,
    [BCD_ADDITIONAL_RESTORES] = WORD_A_ADDITIONAL_RESTORES,
    [BCD_RESTORE_OPTIONS] = WORD_A_RESTORE_OPTIONS,
    [BCD_RESTORE_TARGET] = WORD_A_RESTORE_TARGET,
    [BCD_FILE_RESTORE_STATUS] = WORD_A_FILE_RESTORE_STATUS,
    [BCD_PRE_RESTORE_FAILURE] = WORD_A_PRE_RESTORE_FAILURE_MSG,
    [BCD_POST_RESTORE_FAILURE] = WORD_A_POST_RESTORE_FAILURE_MSG,
};

static const enum word child_words[] = {
    [BCD_USED_MAPPING] = WORD_ALTERNATE_LOCATION_MAPPING,
    [BCD_NEW_TARGET] = WORD_NEW_TARGET,
    [BCD_RESTORE_SUBCOMPONENT] = WORD_RESTORE_SUBCOMPONENT,
};

/* --- opening: the same writers and components, in the same order, as bcd_parse() --- */

static void writer_open(const struct reader *reader, struct arena *arena, uint32_t element,
                        struct writer_edit *writer)
{
    const struct xml *xml = reader->xml;
    writer->components =
        ARENA_ARRAY(arena, struct component_edit, reader_count(reader, element, WORD_COMPONENT));
    const uint32_t end = xml->elements[element].end;
    for (uint32_t c = xml_child_first(element); c < end; c = xml->elements[c].end) {
        if (reader_is(reader, c, WORD_COMPONENT)) {
            writer->components[writer->component_count++] =
                (struct component_edit){.element = c,
                                        .first_child = MARK_NONE,
                                        .last_child = MARK_NONE};
        }
    }
}

vsr_code bcd_document_open(struct bcd_document **out, struct view bytes, const char *file_name,
                           vsr_error *error)
{
    struct bcd_document *document = heap_alloc(1, sizeof *document);
    struct arena *arena = &document->arena;
    *out = NULL;
    const vsr_code rc = bcd_xml_open(&document->bcd_xml, arena, arena, arena_copy(arena, bytes),
                                     arena_copy(arena, view_of(file_name)).p, error);
    if (rc != VSR_OK) {
        bcd_document_free(document);
        return rc;
    }
    const struct reader reader = bcd_reader(&document->bcd_xml, arena, NULL);
    const struct xml *xml = reader.xml;
    document->writers =
        ARENA_ARRAY(arena, struct writer_edit, reader_count(&reader, 0, WORD_WRITER_COMPONENTS));
    for (uint32_t c = xml_child_first(0); c < xml->elements[0].end; c = xml->elements[c].end) {
        if (reader_is(&reader, c, WORD_WRITER_COMPONENTS)) {
            writer_open(&reader, arena, c, &document->writers[document->writer_count++]);
        }
    }
    *out = document;
    return VSR_OK;
}

void bcd_document_free(struct bcd_document *document)
{
    if (document != NULL) {
        free(document->children);
        arena_free(&document->arena);
        free(document);
    }
}

/* --- edits --- */

static struct component_edit *component_at(struct bcd_document *document, uint32_t writer,
                                           uint32_t component)
{
    VSR_REQUIRE(writer < document->writer_count);
    VSR_REQUIRE(component < document->writers[writer].component_count);
    return &document->writers[writer].components[component];
}

static void attribute_edit(struct bcd_document *document, struct attribute_edit *edit,
                           struct view value)
{
    edit->what = view_present(value) ? SET : REMOVE;
    edit->value = arena_copy(&document->arena, value);
}

void bcd_document_set(struct bcd_document *document, uint32_t writer, uint32_t component,
                      enum bcd_attribute attribute, struct view value)
{
    VSR_REQUIRE(attribute <= BCD_POST_RESTORE_FAILURE);
    if (attribute == BCD_PRE_RESTORE_FAILURE || attribute == BCD_POST_RESTORE_FAILURE) {
        value = xml_value_printable(&document->arena, value);
    }
    attribute_edit(document, &component_at(document, writer, component)->attributes[attribute],
                   value);
}

void bcd_document_set_restore_type(struct bcd_document *document, struct view value)
{
    attribute_edit(document, &document->restore_type, value);
}

void bcd_document_remove(struct bcd_document *document, uint32_t writer, uint32_t component,
                         enum bcd_child child)
{
    struct component_edit *edit = component_at(document, writer, component);
    VSR_REQUIRE(child <= BCD_RESTORE_SUBCOMPONENT);
    edit->removed[child] = true;
    uint32_t *link = &edit->first_child;
    edit->last_child = MARK_NONE;
    while (*link != MARK_NONE) {
        const uint32_t now = *link;
        if (document->children[now].kind == child) {
            *link = document->children[now].next;
        } else {
            edit->last_child = now;
            link = &document->children[now].next;
        }
    }
}

static void child_add(struct bcd_document *document, struct component_edit *edit,
                      struct child_edit child)
{
    VSR_REQUIRE(document->child_count < MARK_NONE);
    document->children = heap_grow(document->children, document->child_count,
                                   &document->child_capacity, sizeof *document->children);
    const uint32_t index = (uint32_t)document->child_count++;
    child.next = MARK_NONE;
    document->children[index] = child;
    if (edit->last_child == MARK_NONE) {
        edit->first_child = index;
    } else {
        document->children[edit->last_child].next = index;
    }
    edit->last_child = index;
}

void bcd_document_add_mapping(struct bcd_document *document, uint32_t writer, uint32_t component,
                              enum bcd_child child, const struct vss_mapping *mapping)
{
    VSR_REQUIRE(child == BCD_USED_MAPPING || child == BCD_NEW_TARGET);
    struct arena *arena = &document->arena;
    child_add(document, component_at(document, writer, component),
              (struct child_edit){
                  .kind = child,
                  .mapping = {.path = arena_copy(arena, mapping->path),
                              .filespec = arena_copy(arena, mapping->filespec),
                              .recursive = mapping->recursive,
                              .alternate_path = arena_copy(arena, mapping->alternate_path)},
              });
}

void bcd_document_add_subcomponent(struct bcd_document *document, uint32_t writer,
                                   uint32_t component, struct view logical_path,
                                   struct view component_name)
{
    struct arena *arena = &document->arena;
    child_add(document, component_at(document, writer, component),
              (struct child_edit){
                  .kind = BCD_RESTORE_SUBCOMPONENT,
                  .logical_path = arena_copy(arena, logical_path),
                  .component_name = arena_copy(arena, component_name),
              });
}

/* --- rendering --- */

struct rendering {
    const struct bcd_document *document;
    struct view text;
    struct buffer out;
    uint32_t at; /* text before it is written or dropped */
    vsr_code code;
    vsr_error *error;
};

/* Copy the text up to offset. */
static void copy_until(struct rendering *r, uint32_t offset)
{
    if (offset > r->at) {
        buffer_add(&r->out, r->text.p + r->at, offset - r->at);
        r->at = offset;
    }
}

static void drop_until(struct rendering *r, uint32_t offset)
{
    r->at = offset > r->at ? offset : r->at;
}

static void put_word(struct rendering *r, const char *word)
{
    buffer_add_view(&r->out, view_of(word));
}

/* A value between quotes of the given kind; what a parser would alter becomes a reference. */
static void put_value(struct rendering *r, struct view value, char quote)
{
    const char *what = xml_value_length(value) != value.n   ? "a character that XML cannot hold"
                       : value.n > DOCUMENT_VALUE_BYTES_MAX ? "more bytes than are allowed"
                                                            : NULL;
    if (what != NULL && r->code == VSR_OK) {
        r->code = err_set(r->error, VSR_ERR_DOCUMENT, "vss/bcd_document",
                          "cannot write %s: the value \"%.60s\" has %s",
                          r->document->bcd_xml.text.file_name, value.p, what);
        return;
    }
    xml_value_put(&r->out, value, quote);
}

static void put_attribute(struct rendering *r, enum word word, struct view value)
{
    buffer_add_char(&r->out, ' ');
    buffer_add_view(&r->out, word_text(word));
    put_word(r, "=\"");
    put_value(r, value, '"');
    buffer_add_char(&r->out, '"');
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The start of the white space before offset. */
static uint32_t space_start(struct view text, uint32_t offset)
{
    while (offset > 0 && is_space(text.p[offset - 1])) {
        offset--;
    }
    return offset;
}

/* The start of the white space before offset if it is all that stands behind a tag. */
static uint32_t indent_start(struct view text, uint32_t offset)
{
    const uint32_t start = space_start(text, offset);
    return start > 0 && text.p[start - 1] == '>' ? start : offset;
}

/* Lay the edits over an attribute that stands in the document; the value that it has already
 * stays as it is spelled. */
static void render_present(struct rendering *r, const struct xml_attribute_span *span,
                           const struct attribute_edit *edit, struct view value)
{
    if (edit->what == SET && !view_equal(value, edit->value)) {
        copy_until(r, span->value);
        put_value(r, edit->value, r->text.p[span->value - 1]);
        drop_until(r, span->end - 1);
    } else if (edit->what == REMOVE) {
        copy_until(r, space_start(r->text, span->start));
        drop_until(r, span->end);
    }
}

/* The start tag of element with its edits: those of words[i] are edits[i]. */
static void render_tag(struct rendering *r, uint32_t element, const enum word *words,
                       const struct attribute_edit *edits, size_t edit_count)
{
    const struct xml *xml = &r->document->bcd_xml.xml;
    uint32_t at = xml_scan_name_end(r->text, xml->elements[element].tag_start + 1);
    bool present[ATTRIBUTE_COUNT] = {false};
    struct xml_attribute_span span;
    while (xml_scan_attribute(r->text, &at, &span)) {
        const struct view name = {r->text.p + span.start, span.name_bytes};
        for (size_t i = 0; i < edit_count; i++) {
            if (view_equal(name, word_text(words[i]))) {
                present[i] = true;
                render_present(r, &span, &edits[i], xml_attribute_find(xml, element, name)->value);
            }
        }
    }
    for (size_t i = 0; i < edit_count; i++) {
        if (edits[i].what == SET && !present[i]) {
            copy_until(r, at);
            put_attribute(r, words[i], edits[i].value);
        }
    }
}

static void render_removed(struct rendering *r, const struct component_edit *edit)
{
    const struct reader reader = bcd_reader(&r->document->bcd_xml, NULL, NULL);
    const struct xml_element *elements = reader.xml->elements;
    const uint32_t end = elements[edit->element].end;
    for (uint32_t c = xml_child_first(edit->element); c < end; c = elements[c].end) {
        for (size_t i = 0; i < sizeof child_words / sizeof *child_words; i++) {
            if (edit->removed[i] && reader_is(&reader, c, child_words[i])) {
                copy_until(r, indent_start(r->text, elements[c].tag_start));
                drop_until(r, elements[c].close_end);
            }
        }
    }
}

/* Children are called with the COMPONENT's own prefix, if it has one: so they stand in its
 * namespace. */
static void put_child(struct rendering *r, const struct child_edit *child, struct view prefix)
{
    static const char *const yes_no[] = {"no", "yes"};
    buffer_add_char(&r->out, '<');
    buffer_add_view(&r->out, prefix);
    buffer_add_view(&r->out, word_text(child_words[child->kind]));
    if (child->kind == BCD_RESTORE_SUBCOMPONENT) {
        if (view_present(child->logical_path)) {
            put_attribute(r, WORD_A_LOGICAL_PATH, child->logical_path);
        }
        put_attribute(r, WORD_A_COMPONENT_NAME, child->component_name);
        put_attribute(r, WORD_A_REPAIR, VIEW("no")); /* rules 4.4 */
    } else {
        put_attribute(r, WORD_A_PATH, child->mapping.path);
        put_attribute(r, WORD_A_FILESPEC, child->mapping.filespec);
        put_attribute(r, WORD_A_RECURSIVE, view_of(yes_no[child->mapping.recursive]));
        put_attribute(r, WORD_A_ALTERNATE_PATH, child->mapping.alternate_path);
    }
    put_word(r, "/>");
}

/* The white space before the last child, as the indent of those added behind it. */
static struct view last_indent(const struct rendering *r, uint32_t element)
{
    const struct xml_element *elements = r->document->bcd_xml.xml.elements;
    uint32_t last = MARK_NONE;
    for (uint32_t c = xml_child_first(element); c < elements[element].end; c = elements[c].end) {
        last = c;
    }
    if (last == MARK_NONE) {
        return VIEW("");
    }
    const uint32_t start = indent_start(r->text, elements[last].tag_start);
    return (struct view){r->text.p + start, elements[last].tag_start - start};
}

static void render_added(struct rendering *r, const struct component_edit *edit)
{
    const struct xml_element *e = &r->document->bcd_xml.xml.elements[edit->element];
    if (edit->first_child == MARK_NONE) {
        return;
    }
    const bool is_empty = e->close_start == e->tag_end; /* <COMPONENT .../> */
    const uint32_t name = e->tag_start + 1;
    const struct view spelled = {r->text.p + name, xml_scan_name_end(r->text, name) - name};
    const size_t colon = view_find(spelled, ':');
    const struct view prefix = {spelled.p, colon < spelled.n ? colon + 1 : 0};
    const struct view indent = last_indent(r, edit->element);
    if (is_empty && r->text.p[e->tag_end - 2] == '/') {
        copy_until(r, e->tag_end - 2);
        drop_until(r, e->tag_end);
        buffer_add_char(&r->out, '>');
    } else {
        copy_until(r, indent_start(r->text, e->close_start));
    }
    for (uint32_t i = edit->first_child; i != MARK_NONE; i = r->document->children[i].next) {
        buffer_add_view(&r->out, indent);
        put_child(r, &r->document->children[i], prefix);
    }
    if (is_empty && r->text.p[e->tag_end - 2] == '/') {
        put_word(r, "</");
        buffer_add_view(&r->out, spelled);
        put_word(r, ">");
    }
}

static void render_text(struct rendering *r)
{
    static const enum word restore_type[] = {WORD_A_RESTORE_TYPE};
    const struct bcd_document *document = r->document;
    render_tag(r, 0, restore_type, &document->restore_type, 1);
    for (uint32_t w = 0; w < document->writer_count; w++) {
        for (uint32_t c = 0; c < document->writers[w].component_count; c++) {
            const struct component_edit *edit = &document->writers[w].components[c];
            render_tag(r, edit->element, attribute_words, edit->attributes, ATTRIBUTE_COUNT);
            render_removed(r, edit);
            render_added(r, edit);
        }
    }
    copy_until(r, (uint32_t)r->text.n);
}

vsr_code bcd_document_render(const struct bcd_document *document, struct buffer *out,
                             vsr_error *error)
{
    struct rendering r = {.document = document,
                          .text = document->bcd_xml.text.text,
                          .error = error};
    render_text(&r);
    if (r.code == VSR_OK && view_equal(buffer_view(&r.out), r.text)) {
        buffer_add_view(out, document->bcd_xml.text.bytes);
    } else if (r.code == VSR_OK) {
        xml_text_render(&document->bcd_xml.text, buffer_view(&r.out), out);
    }
    buffer_free(&r.out);
    return r.code;
}
