/* bcd_answer.c - two documents side by side, element by element.
 *
 * Between the program that plays a writer and the second pass of planning: only what this lets
 * through is ever planned by or written back. Writers and components are matched by what they are
 * called, all other elements by content. It does not judge what a target says. */
#include "vss/bcd_answer.h"

#include "vss/bcd_read.h"
#include "vss/documents.h"

#include "base/limits.h"

/* How far ahead an element that moved is looked for; one that moved further counts as changed. */
enum { LOOK_AHEAD_MAX = 64 };

struct side {
    struct bcd_xml bcd_xml;
    struct reader reader;
    const struct xml *xml;
};

struct comparing {
    struct arena *arena;
    struct side sent, answer;
    uint32_t writer;
    enum bcd_phase phase;
    struct bcd_answer *out;
    uint32_t *order; /* scratch: children of an element of the answer; room for all */
    vsr_code code;
    vsr_error *error;
};

static const struct {
    enum word word;
    size_t offset;
} directed_words[] = {
    {WORD_A_SOURCE_PATH, offsetof(struct bcd_directed_target, source_path)},
    {WORD_A_SOURCE_FILENAME, offsetof(struct bcd_directed_target, source_filename)},
    {WORD_A_SOURCE_RANGE_LIST, offsetof(struct bcd_directed_target, source_ranges)},
    {WORD_A_DESTINATION_PATH, offsetof(struct bcd_directed_target, destination_path)},
    {WORD_A_DESTINATION_FILENAME, offsetof(struct bcd_directed_target, destination_filename)},
    {WORD_A_DESTINATION_RANGE_LIST, offsetof(struct bcd_directed_target, destination_ranges)},
};

enum { DIRECTED_WORDS = sizeof directed_words / sizeof *directed_words };

/* --- what is told --- */

static struct view value_of(const struct side *side, uint32_t element, enum word word)
{
    const struct xml_attribute *found = xml_attribute_find(side->xml, element, word_text(word));
    return found != NULL ? found->value : VIEW_NONE;
}

/* "<COMPONENT> lp\name", "<BACKUP_COMPONENTS>": an element, for people. */
static struct view element_text(struct comparing *c, const struct side *side, uint32_t element)
{
    const struct view name = side->xml->elements[element].name;
    if (!reader_is(&side->reader, element, WORD_COMPONENT)) {
        return arena_printf(c->arena, "<%.*s>", VIEW_ARG(name));
    }
    const struct view full = vss_full_name(c->arena, value_of(side, element, WORD_A_LOGICAL_PATH),
                                           value_of(side, element, WORD_A_COMPONENT_NAME));
    return arena_printf(c->arena, "<%.*s> '%.*s'", VIEW_ARG(name), VIEW_ARG(full));
}

static void dropped(struct comparing *c, struct view what)
{
    vss_warnings_add(&c->out->dropped, c->arena, what);
}

static void dropped_attribute(struct comparing *c, const struct side *side, uint32_t element,
                              struct view name, const char *how)
{
    dropped(c, arena_printf(c->arena, "%s of %.*s was %s; that is not for a writer (rules 2.5)",
                            arena_copy(c->arena, name).p, VIEW_ARG(element_text(c, side, element)),
                            how));
}

/* child stands in parent, of the same side. */
static void dropped_child(struct comparing *c, const struct side *side, uint32_t parent,
                          uint32_t child, const char *how)
{
    dropped(c, arena_printf(c->arena, "%.*s in %.*s was %s; that is not for a writer (rules 2.5)",
                            VIEW_ARG(element_text(c, side, child)),
                            VIEW_ARG(element_text(c, side, parent)), how));
}

static void refuse(struct comparing *c, uint32_t sent_element, struct view what)
{
    if (c->code == VSR_OK) {
        c->code = err_set(c->error, VSR_ERR_DOCUMENT, "vss/bcd_answer",
                          "the document that the writer gave back cannot be used: %.*s in %.*s",
                          VIEW_ARG(what), VIEW_ARG(element_text(c, &c->sent, sent_element)));
    }
}

/* --- equal elements --- */

static bool attributes_equal(const struct xml *a, uint32_t x, const struct xml *b, uint32_t y)
{
    if (a->elements[x].attribute_count != b->elements[y].attribute_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->elements[x].attribute_count; i++) {
        const struct xml_attribute *one = &a->attributes[a->elements[x].attribute_first + i];
        const struct xml_attribute *other = xml_attribute_find(b, y, one->name);
        if (other == NULL || !view_equal(one->value, other->value)) {
            return false;
        }
    }
    return true;
}

/* The two elements with all that stands in them. */
static bool elements_equal(const struct xml *a, uint32_t x, const struct xml *b, uint32_t y)
{
    const uint32_t count = a->elements[x].end - x;
    if (count != b->elements[y].end - y) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct xml_element *one = &a->elements[x + i];
        const struct xml_element *other = &b->elements[y + i];
        if (!view_equal(one->name, other->name) || !view_equal(one->space, other->space) ||
            one->end - x != other->end - y || one->has_text != other->has_text ||
            !attributes_equal(a, x + i, b, y + i)) {
            return false;
        }
    }
    return true;
}

/* --- what a writer may write --- */

static struct bcd_change *change_of(struct comparing *c, uint32_t component)
{
    struct bcd_answer *out = c->out;
    if (out->change_count == 0 || out->changes[out->change_count - 1].component != component) {
        out->changes[out->change_count++] = (struct bcd_change){.component = component};
    }
    return &out->changes[out->change_count - 1];
}

/* Where a change of this attribute goes; NULL: the writer may not write it. */
static struct view *attribute_place(struct comparing *c, uint32_t component, struct view name)
{
    const bool pre = c->phase == BCD_PHASE_PRE_RESTORE;
    if (component == MARK_NONE) {
        return NULL;
    }
    if (pre && view_equal(name, word_text(WORD_A_RESTORE_TARGET))) {
        return &change_of(c, component)->target;
    }
    const enum word message =
        pre ? WORD_A_PRE_RESTORE_FAILURE_MSG : WORD_A_POST_RESTORE_FAILURE_MSG;
    return view_equal(name, word_text(message)) ? &change_of(c, component)->message : NULL;
}

/* component: the index of a component that the writer may write to, else MARK_NONE. */
static void attributes_compare(struct comparing *c, uint32_t x, uint32_t y, uint32_t component)
{
    const struct xml *a = c->sent.xml;
    const struct xml *b = c->answer.xml;
    for (uint32_t i = 0; i < b->elements[y].attribute_count; i++) {
        const struct xml_attribute *now = &b->attributes[b->elements[y].attribute_first + i];
        const struct xml_attribute *before = xml_attribute_find(a, x, now->name);
        if (before != NULL && view_equal(before->value, now->value)) {
            continue;
        }
        struct view *place = attribute_place(c, component, now->name);
        if (place != NULL) {
            *place = now->value;
        } else {
            dropped_attribute(c, &c->answer, y, now->name, before != NULL ? "changed" : "added");
        }
    }
    for (uint32_t i = 0; i < a->elements[x].attribute_count; i++) {
        const struct xml_attribute *before = &a->attributes[a->elements[x].attribute_first + i];
        if (xml_attribute_find(b, y, before->name) == NULL) {
            dropped_attribute(c, &c->sent, x, before->name, "taken away");
        }
    }
}

static void directed_take(struct comparing *c, uint32_t x, uint32_t child, uint32_t component)
{
    struct bcd_directed_target target = {0};
    const struct xml_element *element = &c->answer.xml->elements[child];
    for (size_t i = 0; i < DIRECTED_WORDS; i++) {
        const struct view value = value_of(&c->answer, child, directed_words[i].word);
        if (!view_present(value)) {
            refuse(c, x,
                   arena_printf(c->arena, "a <%.*s> without %s", VIEW_ARG(element->name),
                                word_text(directed_words[i].word).p));
            return;
        }
        memcpy((char *)&target + directed_words[i].offset, &value, sizeof value);
    }
    if (element->attribute_count != DIRECTED_WORDS || element->end != child + 1 ||
        element->has_text) {
        refuse(c, x,
               arena_printf(c->arena, "a <%.*s> with more than is known", VIEW_ARG(element->name)));
        return;
    }
    struct bcd_change *change = change_of(c, component);
    if (change->directed == NULL) {
        const struct xml_element *parent = &c->answer.xml->elements[element->parent];
        change->directed = ARENA_ARRAY(c->arena, struct bcd_directed_target, parent->end - child);
    }
    change->directed[change->directed_count++] = target;
}

static void metadata_take(struct comparing *c, uint32_t x, uint32_t child, uint32_t component)
{
    struct bcd_change *change = change_of(c, component);
    if (view_present(change->restore_metadata) ||
        reader_count(&c->sent.reader, x, WORD_RESTORE_METADATA) > 0) {
        dropped(c, arena_printf(c->arena,
                                "%.*s has restore metadata already: a second <%s> is refused "
                                "(rules 2.5)",
                                VIEW_ARG(element_text(c, &c->sent, x)),
                                word_text(WORD_RESTORE_METADATA).p));
        return;
    }
    const struct view metadata = value_of(&c->answer, child, WORD_A_METADATA);
    change->restore_metadata = view_present(metadata) ? metadata : VIEW("");
}

/* A child that the answer has more than what was sent. */
static void child_added(struct comparing *c, uint32_t x, uint32_t y, uint32_t child,
                        uint32_t component)
{
    const bool may = component != MARK_NONE && c->phase == BCD_PHASE_PRE_RESTORE;
    if (may && reader_is(&c->answer.reader, child, WORD_DIRECTED_TARGET)) {
        directed_take(c, x, child, component);
    } else if (may && reader_is(&c->answer.reader, child, WORD_RESTORE_METADATA)) {
        metadata_take(c, x, child, component);
    } else {
        dropped_child(c, &c->answer, y, child, "added");
    }
}

/* --- children by content --- */

/* What is not matched by its name: everything but writers, and components in a writer. */
static bool is_plain(const struct side *side, uint32_t parent, uint32_t child)
{
    if (side->xml->elements[parent].parent == MARK_NONE) {
        return !reader_is(&side->reader, child, WORD_WRITER_COMPONENTS);
    }
    return !reader_is(&side->reader, parent, WORD_WRITER_COMPONENTS) ||
           !reader_is(&side->reader, child, WORD_COMPONENT);
}

/* The plain children of y into c->order; returns how many. */
static uint32_t children_list(struct comparing *c, uint32_t y)
{
    const struct xml *b = c->answer.xml;
    uint32_t count = 0;
    for (uint32_t k = xml_child_first(y); k < b->elements[y].end; k = b->elements[k].end) {
        if (is_plain(&c->answer, y, k)) {
            c->order[count++] = k;
        }
    }
    return count;
}

/* Plain children of x against those of y, in order: what is equal to none ahead was changed or
 * taken away, what is passed over was added. */
static void children_compare(struct comparing *c, uint32_t x, uint32_t y, uint32_t component)
{
    const struct xml *a = c->sent.xml;
    const uint32_t count = children_list(c, y);
    uint32_t at = 0;
    for (uint32_t k = xml_child_first(x); k < a->elements[x].end; k = a->elements[k].end) {
        if (!is_plain(&c->sent, x, k)) {
            continue;
        }
        uint32_t found = at;
        while (found < count && found - at < LOOK_AHEAD_MAX &&
               !elements_equal(a, k, c->answer.xml, c->order[found])) {
            found++;
        }
        if (found == count || found - at == LOOK_AHEAD_MAX) {
            dropped_child(c, &c->sent, x, k, "changed or taken away");
            continue;
        }
        for (; at < found; at++) {
            child_added(c, x, y, c->order[at], component);
        }
        at = found + 1;
    }
    for (; at < count; at++) {
        child_added(c, x, y, c->order[at], component);
    }
}

/* --- writers and components, by what they are called --- */

static bool writers_same(struct comparing *c, uint32_t x, uint32_t y)
{
    static const enum word words[] = {WORD_A_WRITER_ID, WORD_A_INSTANCE_ID};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct uuid one;
        struct uuid other;
        if (!uuid_parse(value_of(&c->sent, x, words[i]), &one) ||
            !uuid_parse(value_of(&c->answer, y, words[i]), &other) || !uuid_equal(&one, &other)) {
            return false;
        }
    }
    return true;
}

static bool components_same(struct comparing *c, uint32_t x, uint32_t y)
{
    return view_equal(vss_logical_path_norm(value_of(&c->sent, x, WORD_A_LOGICAL_PATH)),
                      vss_logical_path_norm(value_of(&c->answer, y, WORD_A_LOGICAL_PATH))) &&
           view_equal(value_of(&c->sent, x, WORD_A_COMPONENT_NAME),
                      value_of(&c->answer, y, WORD_A_COMPONENT_NAME));
}

typedef bool same_call(struct comparing *c, uint32_t x, uint32_t y);
typedef void pair_call(struct comparing *c, uint32_t x, uint32_t y, uint32_t number);

/* Children called word of x and y, each pair to met(); what only the answer has is dropped, what
 * it lacks is the end of it. In order, an answer costs one pass. */
static void named_compare(struct comparing *c, uint32_t x, uint32_t y, enum word word,
                          same_call *same, pair_call *met)
{
    const struct xml *a = c->sent.xml;
    const struct xml *b = c->answer.xml;
    const uint32_t count = reader_count(&c->answer.reader, y, word);
    uint32_t *list = ARENA_ARRAY(c->arena, uint32_t, count);
    uint32_t first = 0; /* all before it are taken */
    uint32_t number = 0;
    uint32_t n = 0;
    for (uint32_t k = xml_child_first(y); k < b->elements[y].end; k = b->elements[k].end) {
        if (reader_is(&c->answer.reader, k, word)) {
            list[n++] = k;
        }
    }
    for (uint32_t k = xml_child_first(x); k < a->elements[x].end && c->code == VSR_OK;
         k = a->elements[k].end) {
        if (!reader_is(&c->sent.reader, k, word)) {
            continue;
        }
        uint32_t at = first;
        while (at < n && (list[at] == MARK_NONE || !same(c, k, list[at]))) {
            at++;
        }
        if (at == n) {
            refuse(c, x,
                   arena_printf(c->arena, "it lost %.*s", VIEW_ARG(element_text(c, &c->sent, k))));
            return;
        }
        met(c, k, list[at], number++);
        list[at] = MARK_NONE;
        while (first < n && list[first] == MARK_NONE) {
            first++;
        }
    }
    for (uint32_t at = first; at < n; at++) {
        if (list[at] != MARK_NONE) {
            dropped_child(c, &c->answer, y, list[at], "added");
        }
    }
}

static void component_compare(struct comparing *c, uint32_t x, uint32_t y, uint32_t number)
{
    const struct view selected = value_of(&c->sent, x, WORD_A_SELECTED_FOR_RESTORE);
    const bool may = c->writer != MARK_NONE && vss_flag_parse(selected) == FLAG_YES;
    attributes_compare(c, x, y, may ? number : MARK_NONE);
    children_compare(c, x, y, may ? number : MARK_NONE);
}

static void writer_compare(struct comparing *c, uint32_t x, uint32_t y, uint32_t number)
{
    const uint32_t answering = c->writer;
    c->writer = number == answering ? number : MARK_NONE; /* others' parts are read-only */
    attributes_compare(c, x, y, MARK_NONE);
    named_compare(c, x, y, WORD_COMPONENT, components_same, component_compare);
    children_compare(c, x, y, MARK_NONE);
    c->writer = answering;
}

static vsr_code side_open(struct comparing *c, struct side *side, struct view bytes,
                          const char *name)
{
    const vsr_code rc = bcd_xml_open(&side->bcd_xml, c->arena, c->arena, bytes, name, c->error);
    side->reader = bcd_reader(&side->bcd_xml, c->arena, NULL);
    side->xml = side->reader.xml;
    return rc;
}

vsr_code bcd_answer_read(struct bcd_answer *out, struct arena *arena, struct view sent,
                         struct view answer, uint32_t writer, enum bcd_phase phase,
                         vsr_error *error)
{
    struct comparing c = {
        .arena = arena, .writer = writer, .phase = phase, .out = out, .error = error};
    *out = (struct bcd_answer){0};
    vsr_code rc = side_open(&c, &c.sent, sent, "the document");
    if (rc == VSR_OK) {
        rc = side_open(&c, &c.answer, answer, "the writer's document");
    }
    if (rc != VSR_OK) {
        return rc;
    }
    out->changes = ARENA_ARRAY(arena, struct bcd_change, c.sent.xml->element_count);
    c.order = ARENA_ARRAY(arena, uint32_t, c.answer.xml->element_count);
    attributes_compare(&c, 0, 0, MARK_NONE);
    named_compare(&c, 0, 0, WORD_WRITER_COMPONENTS, writers_same, writer_compare);
    children_compare(&c, 0, 0, MARK_NONE);
    vss_warnings_end(&out->dropped, arena);
    return c.code;
}
