/* bcd_document.c - the Backup Components Document, to be written back (rules 2.2, 6.10): opening it
 * and noting edits.
 *
 * The document's own text is kept; an edit is remembered beside its COMPONENT and laid over the
 * text when it is rendered (bcd_render.c). So everything that was not edited keeps its very bytes:
 * quotes, references, indents, unknown elements, the prolog. */
#include "vss/bcd_edit.h"
#include "vss/xml_value.h"

#include "base/bug.h"
#include "base/heap.h"

#include <stdlib.h>

const enum word bcd_child_words[BCD_CHILD_COUNT] = {
    [BCD_USED_MAPPING] = WORD_ALTERNATE_LOCATION_MAPPING,
    [BCD_NEW_TARGET] = WORD_NEW_TARGET,
    [BCD_RESTORE_SUBCOMPONENT] = WORD_RESTORE_SUBCOMPONENT,
    [BCD_DIRECTED_TARGET] = WORD_DIRECTED_TARGET,
    [BCD_RESTORE_METADATA] = WORD_RESTORE_METADATA,
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
        free(document->ranges);
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
    VSR_REQUIRE(child <= BCD_RESTORE_METADATA);
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

void bcd_document_add_directed(struct bcd_document *document, uint32_t writer, uint32_t component,
                               const struct bcd_directed_target *target)
{
    struct arena *arena = &document->arena;
    child_add(document, component_at(document, writer, component),
              (struct child_edit){
                  .kind = BCD_DIRECTED_TARGET,
                  .directed = {.source_path = arena_copy(arena, target->source_path),
                               .source_filename = arena_copy(arena, target->source_filename),
                               .source_ranges = arena_copy(arena, target->source_ranges),
                               .destination_path = arena_copy(arena, target->destination_path),
                               .destination_filename =
                                   arena_copy(arena, target->destination_filename),
                               .destination_ranges = arena_copy(arena, target->destination_ranges)},
              });
}

void bcd_document_add_restore_metadata(struct bcd_document *document, uint32_t writer,
                                       uint32_t component, struct view metadata)
{
    child_add(document, component_at(document, writer, component),
              (struct child_edit){.kind = BCD_RESTORE_METADATA,
                                  .metadata = arena_copy(&document->arena, metadata)});
}

/* The document's own child of a kind with this number. */
static uint32_t child_at(const struct bcd_document *document, const struct component_edit *edit,
                         enum word word, uint32_t number)
{
    const struct reader reader = bcd_reader(&document->bcd_xml, NULL, NULL);
    const struct xml_element *elements = reader.xml->elements;
    uint32_t c = xml_child_first(edit->element);
    for (; c < elements[edit->element].end; c = elements[c].end) {
        if (reader_is(&reader, c, word) && number-- == 0) {
            break;
        }
    }
    VSR_REQUIRE(c < elements[edit->element].end);
    return c;
}

void bcd_document_drop(struct bcd_document *document, uint32_t writer, uint32_t component,
                       enum bcd_child child, uint32_t number)
{
    VSR_REQUIRE(child <= BCD_RESTORE_METADATA);
    const struct component_edit *edit = component_at(document, writer, component);
    if (document->dropped == NULL) {
        document->dropped =
            ARENA_ARRAY(&document->arena, bool, document->bcd_xml.xml.element_count);
    }
    document->dropped[child_at(document, edit, bcd_child_words[child], number)] = true;
}

void bcd_document_set_ranges(struct bcd_document *document, uint32_t writer, uint32_t component,
                             uint32_t number, struct view path)
{
    const struct component_edit *edit = component_at(document, writer, component);
    document->ranges = heap_grow(document->ranges, document->ranges_count,
                                 &document->ranges_capacity, sizeof *document->ranges);
    struct ranges_edit ranges = {.element = child_at(document, edit, WORD_PARTIAL_FILE, number)};
    attribute_edit(document, &ranges.ranges, path);
    size_t at = document->ranges_count++;
    for (; at > 0 && document->ranges[at - 1].element > ranges.element; at--) {
        document->ranges[at] = document->ranges[at - 1];
    }
    document->ranges[at] = ranges;
}
