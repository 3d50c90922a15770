/* reader.c - table-driven reading of attributes, and the policy for what no table knows. */
#include "vss/reader.h"

#include "base/uuid.h"
#include "vss/terms.h"

#include <stdarg.h>
#include <stdio.h>

/* --- sentences --- */

/* "FILE, line L, byte B: " and the rest, in the arena. A sentence is for people: 1 KiB. */
VSR_PRINTF(3, 0)
static struct view sentence(struct reader *reader, uint32_t element, const char *format,
                            va_list args)
{
    char what[1024];
    (void)vsnprintf(what, sizeof what, format, args);
    const struct vss_place place = reader->xml->elements[element].place;
    return arena_printf(reader->arena, "%s, line %u, byte %llu: %s", reader->xml->text->file_name,
                        place.line, (unsigned long long)place.byte, what);
}

void reader_fault(struct reader *reader, uint32_t element, struct fault *fault, const char *format,
                  ...)
{
    if (view_present(fault->text)) {
        return; /* the first one wins */
    }
    va_list args;
    va_start(args, format);
    fault->text = sentence(reader, element, format, args);
    va_end(args);
    fault->unknown = false;
}

void reader_warn(struct reader *reader, uint32_t element, const char *format, ...)
{
    if (reader->warnings == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    vss_warnings_add(reader->warnings, reader->arena, sentence(reader, element, format, args));
    va_end(args);
}

vsr_code reader_refuse(const struct fault *fault, const char *where, vsr_error *error)
{
    return err_set(error, VSR_ERR_DOCUMENT, where, "%.*s", VIEW_ARG(fault->text));
}

/* --- elements --- */

static const struct xml_element *element_at(const struct reader *reader, uint32_t element)
{
    return &reader->xml->elements[element];
}

/* A name for a sentence: at most 100 bytes of it. */
static int name_bytes(struct view name)
{
    return (int)(name.n > 100 ? 100 : name.n);
}

bool reader_is(const struct reader *reader, uint32_t element, enum word word)
{
    const struct xml_element *e = element_at(reader, element);
    if (!view_equal(e->name, word_text(word))) {
        return false;
    }
    return view_equal(e->space, reader->space) || (reader->none_too && e->space.n == 0);
}

uint32_t reader_count(const struct reader *reader, uint32_t parent, enum word word)
{
    uint32_t count = 0;
    const uint32_t end = element_at(reader, parent)->end;
    for (uint32_t c = xml_child_first(parent); c < end; c = element_at(reader, c)->end) {
        count += reader_is(reader, c, word);
    }
    return count;
}

static void unknown_word(struct reader *reader, uint32_t element, const char *what,
                         struct view name, enum unknown_policy policy, struct fault *fault)
{
    const struct view in = element_at(reader, element)->name;
    if (policy == UNKNOWN_WARNS) {
        reader_warn(reader, element, "%s %.*s at <%.*s> is not known; it is ignored", what,
                    name_bytes(name), name.p, name_bytes(in), in.p);
    } else if (!view_present(fault->text)) {
        reader_fault(reader, element, fault, "%s %.*s at <%.*s> is not known", what,
                     name_bytes(name), name.p, name_bytes(in), in.p);
        fault->unknown = true;
    }
}

void reader_unknown(struct reader *reader, uint32_t element, enum unknown_policy policy,
                    struct fault *fault)
{
    unknown_word(reader, element, "the element", element_at(reader, element)->name, policy, fault);
}

void reader_leaf(struct reader *reader, uint32_t element, enum unknown_policy policy,
                 struct fault *fault)
{
    const uint32_t end = element_at(reader, element)->end;
    for (uint32_t c = xml_child_first(element); c < end; c = element_at(reader, c)->end) {
        reader_unknown(reader, c, policy, fault);
    }
}

vsr_code reader_check_root(const struct xml *xml, enum word word, struct view space,
                           vsr_error *error)
{
    const struct xml_element *root = &xml->elements[0];
    const struct view want = word_text(word);
    if (!view_equal(root->name, want)) {
        return xml_text_fault(xml->text, root->tag_start, error,
                              "the root element is <%.*s>, not <%s>", name_bytes(root->name),
                              root->name.p, want.p);
    }
    if (!view_equal(root->space, space)) {
        return xml_text_fault(xml->text, root->tag_start, error,
                              "the root element <%s> is in namespace \"%.*s\", not \"%s\"", want.p,
                              name_bytes(root->space), root->space.n > 0 ? root->space.p : "",
                              space.p);
    }
    return VSR_OK;
}

/* --- attributes --- */

static void malformed(struct reader *reader, uint32_t element, const struct field *field,
                      struct view value, const char *want, struct fault *fault)
{
    const struct view in = element_at(reader, element)->name;
    reader_fault(reader, element, fault, "%s=\"%.*s\" at <%.*s> is not %s",
                 word_text(field->word).p, name_bytes(value), value.p, name_bytes(in), in.p, want);
}

static void field_read(struct reader *reader, uint32_t element, const struct field *field,
                       struct view value, void *out, struct fault *fault)
{
    char *at = (char *)out + field->offset;
    uint64_t number = 0;
    enum vss_flag flag = FLAG_ABSENT;
    switch (field->kind) {
    case FIELD_KNOWN:
        break;
    case FIELD_TEXT:
        memcpy(at, &value, sizeof value);
        break;
    case FIELD_LABEL:
        value = value.n > 0 ? value : VIEW_NONE;
        memcpy(at, &value, sizeof value);
        break;
    case FIELD_UUID:
        if (!uuid_parse(value, (struct uuid *)(void *)at)) {
            malformed(reader, element, field, value, "a GUID of 36 characters", fault);
        }
        break;
    case FIELD_YES_NO:
    case FIELD_FLAG:
        flag = vss_flag_parse(value);
        if (flag == FLAG_UNKNOWN) {
            malformed(reader, element, field, value, "yes or no", fault);
        }
        if (field->kind == FIELD_FLAG) {
            memcpy(at, &flag, sizeof flag);
        } else {
            *(bool *)(void *)at = flag == FLAG_YES;
        }
        break;
    case FIELD_MASK:
        if (!view_to_u64(value, &number) || number > UINT32_MAX) {
            malformed(reader, element, field, value, "a decimal number of 32 bits", fault);
        } else {
            const uint32_t mask = (uint32_t)number;
            memcpy(at, &mask, sizeof mask);
        }
        break;
    }
}

static const struct field *field_find(const struct field *fields, size_t field_count,
                                      struct view name)
{
    for (size_t i = 0; i < field_count; i++) {
        if (view_equal(word_text(fields[i].word), name)) {
            return &fields[i];
        }
    }
    return NULL;
}

void reader_attributes(struct reader *reader, uint32_t element, const struct field *fields,
                       size_t field_count, void *out, enum unknown_policy policy,
                       struct fault *fault)
{
    const struct xml_element *e = element_at(reader, element);
    uint64_t seen = 0; /* a bit for each field: tables are shorter than 64 rows */
    for (uint32_t i = 0; i < e->attribute_count; i++) {
        const struct xml_attribute *a = &reader->xml->attributes[e->attribute_first + i];
        const struct field *field = field_find(fields, field_count, a->name);
        if (field == NULL) {
            unknown_word(reader, element, "the attribute", a->name, policy, fault);
            continue;
        }
        seen |= UINT64_C(1) << (field - fields);
        field_read(reader, element, field, a->value, out, fault);
    }
    for (size_t i = 0; i < field_count; i++) {
        if (fields[i].required && (seen >> i & 1) == 0) {
            reader_fault(reader, element, fault, "<%.*s> has no %s", name_bytes(e->name), e->name.p,
                         word_text(fields[i].word).p);
        }
    }
    if (e->has_text) {
        reader_warn(reader, element, "the text inside <%.*s> is ignored", name_bytes(e->name),
                    e->name.p);
    }
}
