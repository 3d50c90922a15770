/* bcd_render.c - a Backup Components Document with its edits, as text again (rules 2.2).
 *
 * Copies the text that was read and lays the edits over it, in the order of the text. Nothing is
 * edited: the original bytes. What may be edited is bcd_document.c's business. */
#include "vss/bcd_edit.h"
#include "vss/xml_scan.h"
#include "vss/xml_value.h"

static const enum word attribute_words[ATTRIBUTE_COUNT] = {
    [BCD_SELECTED_FOR_RESTORE] = WORD_A_SELECTED_FOR_RESTORE,
    [BCD_ADDITIONAL_RESTORES] = WORD_A_ADDITIONAL_RESTORES,
    [BCD_RESTORE_OPTIONS] = WORD_A_RESTORE_OPTIONS,
    [BCD_RESTORE_TARGET] = WORD_A_RESTORE_TARGET,
    [BCD_FILE_RESTORE_STATUS] = WORD_A_FILE_RESTORE_STATUS,
    [BCD_PRE_RESTORE_FAILURE] = WORD_A_PRE_RESTORE_FAILURE_MSG,
    [BCD_POST_RESTORE_FAILURE] = WORD_A_POST_RESTORE_FAILURE_MSG,
};

struct rendering {
    const struct bcd_document *document;
    struct view text;
    struct buffer out;
    uint32_t at;      /* text before it is written or dropped */
    size_t ranges_at; /* the next of the document's ranges    */
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

static bool is_removed(const struct rendering *r, const struct reader *reader,
                       const struct component_edit *edit, uint32_t child)
{
    bool removed = r->document->dropped != NULL && r->document->dropped[child];
    for (size_t i = 0; i < BCD_CHILD_COUNT && !removed; i++) {
        removed = edit->removed[i] && reader_is(reader, child, bcd_child_words[i]);
    }
    return removed;
}

/* The children that stand in the document: some go, PARTIAL_FILEs may get other ranges. */
static void render_children(struct rendering *r, const struct component_edit *edit)
{
    static const enum word ranges[] = {WORD_A_RANGES};
    const struct bcd_document *document = r->document;
    const struct reader reader = bcd_reader(&document->bcd_xml, NULL, NULL);
    const struct xml_element *elements = reader.xml->elements;
    const uint32_t end = elements[edit->element].end;
    for (uint32_t c = xml_child_first(edit->element); c < end; c = elements[c].end) {
        if (is_removed(r, &reader, edit, c)) {
            copy_until(r, indent_start(r->text, elements[c].tag_start));
            drop_until(r, elements[c].close_end);
        }
        if (r->ranges_at < document->ranges_count && document->ranges[r->ranges_at].element == c) {
            render_tag(r, c, ranges, &document->ranges[r->ranges_at++].ranges, 1);
        }
    }
}

/* Children are called with the COMPONENT's own prefix, if it has one: so they stand in its
 * namespace. */
static void put_mapping(struct rendering *r, const struct vss_mapping *mapping)
{
    static const char *const yes_no[] = {"no", "yes"};
    put_attribute(r, WORD_A_PATH, mapping->path);
    put_attribute(r, WORD_A_FILESPEC, mapping->filespec);
    put_attribute(r, WORD_A_RECURSIVE, view_of(yes_no[mapping->recursive]));
    put_attribute(r, WORD_A_ALTERNATE_PATH, mapping->alternate_path);
}

static void put_directed(struct rendering *r, const struct bcd_directed_target *target)
{
    put_attribute(r, WORD_A_SOURCE_PATH, target->source_path);
    put_attribute(r, WORD_A_SOURCE_FILENAME, target->source_filename);
    put_attribute(r, WORD_A_SOURCE_RANGE_LIST, target->source_ranges);
    put_attribute(r, WORD_A_DESTINATION_PATH, target->destination_path);
    put_attribute(r, WORD_A_DESTINATION_FILENAME, target->destination_filename);
    put_attribute(r, WORD_A_DESTINATION_RANGE_LIST, target->destination_ranges);
}

static void put_subcomponent(struct rendering *r, const struct child_edit *child)
{
    if (view_present(child->logical_path)) {
        put_attribute(r, WORD_A_LOGICAL_PATH, child->logical_path);
    }
    put_attribute(r, WORD_A_COMPONENT_NAME, child->component_name);
    put_attribute(r, WORD_A_REPAIR, VIEW("no")); /* rules 4.4 */
}

static void put_child(struct rendering *r, const struct child_edit *child, struct view prefix)
{
    buffer_add_char(&r->out, '<');
    buffer_add_view(&r->out, prefix);
    buffer_add_view(&r->out, word_text(bcd_child_words[child->kind]));
    switch (child->kind) {
    case BCD_USED_MAPPING:
    case BCD_NEW_TARGET:
        put_mapping(r, &child->mapping);
        break;
    case BCD_RESTORE_SUBCOMPONENT:
        put_subcomponent(r, child);
        break;
    case BCD_DIRECTED_TARGET:
        put_directed(r, &child->directed);
        break;
    case BCD_RESTORE_METADATA:
        put_attribute(r, WORD_A_METADATA, child->metadata);
        break;
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
            render_children(r, edit);
            render_added(r, edit);
        }
    }
    copy_until(r, (uint32_t)r->text.n);
}

/* The value of the prolog's encoding="..."; absent: there is none. Only where the text says XML. */
static struct view prolog_encoding(struct view text)
{
    struct view prolog = {text.p, view_find(text, '>')};
    if (!view_starts(text, VIEW("<?xml"))) {
        return VIEW_NONE;
    }
    while (prolog.n > 0 && !view_starts(prolog, VIEW("encoding"))) {
        prolog = view_skip(prolog, 1);
    }
    const size_t quotes[] = {view_find(prolog, '"'), view_find(prolog, '\'')};
    const size_t quote = quotes[0] < quotes[1] ? quotes[0] : quotes[1];
    if (quote >= prolog.n) {
        return VIEW_NONE;
    }
    const struct view value = view_skip(prolog, quote + 1);
    return (struct view){value.p, view_find(value, prolog.p[quote])};
}

vsr_code bcd_document_render_utf8(const struct bcd_document *document, struct buffer *out,
                                  vsr_error *error)
{
    struct rendering r = {.document = document,
                          .text = document->bcd_xml.text.text,
                          .error = error};
    render_text(&r);
    const struct view text = buffer_view(&r.out);
    const struct view encoding = prolog_encoding(text);
    if (r.code == VSR_OK && view_present(encoding)) {
        const size_t at = (size_t)(encoding.p - text.p);
        buffer_add(out, text.p, at);
        buffer_add_view(out, VIEW("UTF-8"));
        buffer_add_view(out, view_skip(text, at + encoding.n));
    } else if (r.code == VSR_OK) {
        buffer_add_view(out, text);
    }
    buffer_free(&r.out);
    return r.code;
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
