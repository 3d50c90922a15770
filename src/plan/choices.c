/* choices.c - selectors as typed, resolved to places in the documents.
 *
 * The first thing that happens to what a caller asks for; selection (select.c) and the places
 * of the planner work with the references made here. Nothing is decided here but what was
 * meant: whether a component can be restored is select.c's business. */
#include "plan/choices.h"

#include "base/limits.h"
#include "plan/select.h"

enum { KNOWN_SHOWN_MAX = 6 }; /* names listed in a message, which holds some 480 bytes */

/* A writer that a selector can name: in the backup, or a writer document without a part in it. */
struct known_writer {
    uint32_t writer; /* index into bcd.writers, or MARK_NONE: nothing of it was backed up */
    uint32_t wmd;    /* index into wmds, or MARK_NONE: it has no writer document */
};

struct resolver {
    struct arena *arena;
    const struct documents *documents;
    struct view text; /* the selector, whole */
    char separator;   /* 0: nothing may follow */
    struct known_writer *known;
    uint32_t known_count;
    struct known_writer *hits; /* those that the selector's WRITER stands for */
    uint32_t hit_count;
};

/* --- writers --- */

static void add_known(struct resolver *r, uint32_t writer, uint32_t wmd)
{
    r->known[r->known_count++] = (struct known_writer){writer, wmd};
}

static void list_known(struct resolver *r)
{
    const struct documents *documents = r->documents;
    const size_t count_max = (size_t)documents->bcd.writer_count + documents->wmd_count;
    bool *joined = ARENA_ARRAY(r->arena, bool, documents->wmd_count);
    r->known = ARENA_ARRAY(r->arena, struct known_writer, count_max);
    r->hits = ARENA_ARRAY(r->arena, struct known_writer, count_max);
    for (uint32_t i = 0; i < documents->bcd.writer_count; i++) {
        const uint32_t wmd = documents->writer_wmd[i];
        add_known(r, i, wmd);
        if (wmd != MARK_NONE) {
            joined[wmd] = true;
        }
    }
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        if (!joined[i]) {
            add_known(r, MARK_NONE, i);
        }
    }
}

static const struct bcd_writer *bcd_of(const struct resolver *r, struct known_writer known)
{
    return known.writer == MARK_NONE ? NULL : &r->documents->bcd.writers[known.writer];
}

static const struct wmd *wmd_of(const struct resolver *r, struct known_writer known)
{
    return known.wmd == MARK_NONE ? NULL : &r->documents->wmds[known.wmd];
}

/* A GUID as it is typed: bare, or in braces as Windows tools print it. */
static bool id_parse(struct view text, struct uuid *out)
{
    const bool braced = text.n > 2 && text.p[0] == '{' && text.p[text.n - 1] == '}';
    return uuid_parse(braced ? (struct view){text.p + 1, text.n - 2} : text, out);
}

static bool is_class(const struct resolver *r, struct known_writer known, struct view text)
{
    const struct bcd_writer *writer = bcd_of(r, known);
    const struct wmd *wmd = wmd_of(r, known);
    struct uuid id;
    if (id_parse(text, &id) &&
        uuid_equal(&id, writer != NULL ? &writer->writer_id : &wmd->writer_id)) {
        return true;
    }
    return wmd != NULL && wmd->friendly_name.n > 0 && win_fold_equal(text, wmd->friendly_name);
}

static bool is_instance(const struct resolver *r, struct known_writer known, struct view text)
{
    const struct bcd_writer *writer = bcd_of(r, known);
    const struct wmd *wmd = wmd_of(r, known);
    struct uuid id;
    if (id_parse(text, &id) &&
        uuid_equal(&id, writer != NULL ? &writer->instance_id : &wmd->instance_id)) {
        return true;
    }
    return (writer != NULL && writer->instance_name.n > 0 &&
            win_fold_equal(text, writer->instance_name)) ||
           (wmd != NULL && wmd->instance_name.n > 0 && win_fold_equal(text, wmd->instance_name));
}

/* Does text name this writer? Both parts may hold an '@' themselves. */
static bool is_named(const struct resolver *r, struct known_writer known, struct view text)
{
    bool named = is_class(r, known, text);
    for (size_t at = 1; at < text.n && !named; at++) {
        named = text.p[at] == '@' && is_class(r, known, (struct view){text.p, at}) &&
                is_instance(r, known, view_skip(text, at + 1));
    }
    return named;
}

static void find_hits(struct resolver *r, struct view text)
{
    r->hit_count = 0;
    for (uint32_t i = 0; i < r->known_count; i++) {
        if (is_named(r, r->known[i], text)) {
            r->hits[r->hit_count++] = r->known[i];
        }
    }
}

static bool is_boundary(const struct resolver *r, struct view text, size_t at)
{
    return at == text.n || (r->separator != 0 && text.p[at] == r->separator);
}

/* The writers that the longest possible beginning names; returns where it ends. */
static size_t find_writers(struct resolver *r)
{
    for (size_t at = r->text.n; at > 0; at--) {
        if (is_boundary(r, r->text, at) || r->text.p[at] == ':') {
            find_hits(r, (struct view){r->text.p, at});
            if (r->hit_count > 0) {
                return at;
            }
        }
    }
    return 0;
}

/* --- components --- */

static uint32_t bcd_component_find(const struct bcd_writer *writer, struct view logical_path,
                                   struct view name, bool *folded)
{
    uint32_t alike = MARK_NONE;
    uint32_t alike_count = 0;
    for (uint32_t i = 0; i < writer->component_count; i++) {
        const struct view lp = vss_logical_path_norm(writer->components[i].logical_path);
        const struct view other = writer->components[i].name;
        if (view_equal(lp, logical_path) && view_equal(other, name)) {
            *folded = false;
            return i;
        }
        if (win_fold_equal(lp, logical_path) && win_fold_equal(other, name)) {
            alike = i;
            alike_count++;
        }
    }
    *folded = true;
    return alike_count == 1 ? alike : MARK_NONE;
}

/* The component of one writer with this full name. */
static bool find_component(const struct resolver *r, struct known_writer known, struct view full,
                           struct component_ref *out, bool *folded)
{
    const struct view whole = vss_logical_path_norm(full);
    size_t name_at = whole.n;
    while (name_at > 0 && whole.p[name_at - 1] != '\\') {
        name_at--; /* names hold no backslash (rules 4.2) */
    }
    const struct view name = view_skip(whole, name_at);
    const struct view path = {whole.p, name_at > 0 ? name_at - 1 : 0};
    *out = (struct component_ref){known.writer, MARK_NONE, MARK_NONE};
    if (known.wmd != MARK_NONE) {
        out->component = wmd_component_find(wmd_of(r, known), path, name, folded);
    }
    if (out->component == MARK_NONE && known.writer != MARK_NONE) {
        out->bcd_component = bcd_component_find(bcd_of(r, known), path, name, folded);
    }
    return out->component != MARK_NONE || out->bcd_component != MARK_NONE;
}

struct found {
    struct component_ref *refs;
    struct known_writer *writers; /* beside refs */
    uint32_t count;
    struct view rest;
};

/* All writers' components of this full name: the exact ones, else those alike but for case. */
static void find_in_hits(const struct resolver *r, struct view full, struct found *found)
{
    bool only_folded = true;
    found->count = 0;
    for (uint32_t i = 0; i < r->hit_count; i++) {
        struct component_ref ref;
        bool folded = false;
        if (!find_component(r, r->hits[i], full, &ref, &folded) || (folded && !only_folded)) {
            continue;
        }
        if (!folded && only_folded) {
            only_folded = false;
            found->count = 0;
        }
        ref.folded = folded;
        found->writers[found->count] = r->hits[i];
        found->refs[found->count++] = ref;
    }
}

static void find_components(const struct resolver *r, struct view text, struct found *found)
{
    for (size_t at = text.n; at > 0; at--) {
        if (is_boundary(r, text, at)) {
            find_in_hits(r, (struct view){text.p, at}, found);
            if (found->count > 0) {
                found->rest = at < text.n ? view_skip(text, at + 1) : VIEW_NONE;
                return;
            }
        }
    }
}

/* --- what goes wrong --- */

static struct view writer_text(const struct resolver *r, struct known_writer known)
{
    const struct bcd_writer *writer = bcd_of(r, known);
    const struct wmd *wmd = wmd_of(r, known);
    char id[UUID_TEXT_BYTES];
    uuid_text(writer != NULL ? &writer->writer_id : &wmd->writer_id, id);
    struct view instance = writer != NULL ? writer->instance_name : VIEW_NONE;
    if (instance.n == 0 && wmd != NULL) {
        instance = wmd->instance_name;
    }
    if (instance.n > 0) {
        return arena_printf(r->arena, "%s@%.*s", id, VIEW_ARG(instance));
    }
    char instance_id[UUID_TEXT_BYTES];
    uuid_text(writer != NULL ? &writer->instance_id : &wmd->instance_id, instance_id);
    return wmd != NULL && wmd->friendly_name.n > 0
               ? arena_printf(r->arena, "%.*s", VIEW_ARG(wmd->friendly_name))
               : arena_printf(r->arena, "%s@%s", id, instance_id);
}

/* "a, b, c and 4 more" out of writers; instances are told apart by their ids. */
static struct view writers_text(const struct resolver *r, const struct known_writer *writers,
                                uint32_t count)
{
    struct view list = VIEW("");
    for (uint32_t i = 0; i < count && i < KNOWN_SHOWN_MAX; i++) {
        list = arena_printf(r->arena, "%.*s%s%.*s", VIEW_ARG(list), i > 0 ? ", " : "",
                            VIEW_ARG(writer_text(r, writers[i])));
    }
    return count <= KNOWN_SHOWN_MAX ? list
                                    : arena_printf(r->arena, "%.*s and %u more", VIEW_ARG(list),
                                                   count - KNOWN_SHOWN_MAX);
}

static struct view components_text(const struct resolver *r)
{
    struct view list = VIEW("");
    uint32_t shown = 0;
    for (uint32_t i = 0; i < r->hit_count; i++) {
        const struct wmd *wmd = wmd_of(r, r->hits[i]);
        for (uint32_t k = 0; wmd != NULL && k < wmd->component_count; k++) {
            if (shown++ == KNOWN_SHOWN_MAX) {
                return arena_printf(r->arena, "%.*s ...", VIEW_ARG(list));
            }
            const struct view full =
                vss_full_name(r->arena, wmd->components[k].logical_path, wmd->components[k].name);
            list = arena_printf(r->arena, "%.*s%s%.*s", VIEW_ARG(list), shown > 1 ? ", " : "",
                                VIEW_ARG(full));
        }
    }
    return list;
}

static vsr_code fail_unknown_writer(const struct resolver *r, vsr_error *error)
{
    const struct view known = writers_text(r, r->known, r->known_count);
    return err_set(error, VSR_ERR_SELECTION, "plan/choices",
                   "'%.*s' names no writer of this backup; it has: %.*s", VIEW_ARG(r->text),
                   VIEW_ARG(known));
}

static vsr_code fail_unknown_component(const struct resolver *r, vsr_error *error)
{
    const struct view known = components_text(r);
    return err_set(error, VSR_ERR_SELECTION, "plan/choices",
                   "'%.*s' names no component of its writer, which has: %.*s", VIEW_ARG(r->text),
                   VIEW_ARG(known));
}

static vsr_code fail_not_in_backup(const struct resolver *r, vsr_error *error)
{
    return err_set(error, VSR_ERR_SELECTION, "plan/choices",
                   "'%.*s' is not in this backup (COMPONENT_NOT_IN_BACKUP): the writer is known, "
                   "but none of its components was backed up",
                   VIEW_ARG(r->text));
}

/* Instances without a name show their ids, whatever else they are called. */
static vsr_code fail_ambiguous(const struct resolver *r, const struct known_writer *writers,
                               uint32_t count, vsr_error *error)
{
    struct view list = VIEW("");
    for (uint32_t i = 0; i < count && i < KNOWN_SHOWN_MAX; i++) {
        char id[UUID_TEXT_BYTES];
        char instance_id[UUID_TEXT_BYTES];
        const struct bcd_writer *writer = &r->documents->bcd.writers[writers[i].writer];
        uuid_text(&writer->writer_id, id);
        uuid_text(&writer->instance_id, instance_id);
        const struct view name =
            writer->instance_name.n > 0 ? writer->instance_name : view_of(instance_id);
        list = arena_printf(r->arena, "%.*s%s%s@%.*s", VIEW_ARG(list), i > 0 ? ", " : "", id,
                            VIEW_ARG(name));
    }
    return err_set(error, VSR_ERR_SELECTION, "plan/choices",
                   "'%.*s' stands for several writers; say which: %.*s", VIEW_ARG(r->text),
                   VIEW_ARG(list));
}

/* --- the whole --- */

/* Writers of which something was backed up stand before all others. */
static uint32_t count_in_backup(const struct known_writer *writers, uint32_t count)
{
    uint32_t in_backup = 0;
    while (in_backup < count && writers[in_backup].writer != MARK_NONE) {
        in_backup++;
    }
    return in_backup;
}

static vsr_code resolve_writers(const struct resolver *r, struct found *found, vsr_error *error)
{
    found->count = count_in_backup(r->hits, r->hit_count);
    for (uint32_t i = 0; i < found->count; i++) {
        found->writers[i] = r->hits[i];
        found->refs[i] = (struct component_ref){r->hits[i].writer, MARK_NONE, MARK_NONE};
    }
    return found->count > 0 ? VSR_OK : fail_not_in_backup(r, error);
}

static vsr_code resolve_component(const struct resolver *r, struct view text, struct found *found,
                                  vsr_error *error)
{
    find_components(r, text, found);
    if (found->count == 0) {
        return fail_unknown_component(r, error);
    }
    found->count = count_in_backup(found->writers, found->count);
    if (found->count == 0) {
        return fail_not_in_backup(r, error);
    }
    return found->count == 1 ? VSR_OK : fail_ambiguous(r, found->writers, found->count, error);
}

static vsr_code resolve(struct resolver *r, struct found *found, vsr_error *error)
{
    list_known(r);
    const size_t end = find_writers(r);
    if (end == 0) {
        return fail_unknown_writer(r, error);
    }
    found->refs = ARENA_ARRAY(r->arena, struct component_ref, r->hit_count);
    found->writers = ARENA_ARRAY(r->arena, struct known_writer, r->hit_count);
    if (end < r->text.n && r->text.p[end] == ':') {
        return resolve_component(r, view_skip(r->text, end + 1), found, error);
    }
    found->rest = end < r->text.n ? view_skip(r->text, end + 1) : VIEW_NONE;
    return resolve_writers(r, found, error);
}

vsr_code choice_resolve_all(struct arena *arena, const struct documents *documents,
                            struct view text, struct component_ref **out, uint32_t *count,
                            vsr_error *error)
{
    struct resolver resolver = {.arena = arena, .documents = documents, .text = text};
    struct found found = {0};
    const vsr_code code = resolve(&resolver, &found, error);
    *out = found.refs;
    *count = code == VSR_OK ? found.count : 0;
    return code;
}

vsr_code choice_resolve_writers(struct arena *arena, const struct documents *documents,
                                struct view text, char separator, struct component_ref **out,
                                uint32_t *count, struct view *rest, vsr_error *error)
{
    struct resolver resolver = {.arena = arena,
                                .documents = documents,
                                .text = text,
                                .separator = separator};
    struct found found = {0};
    vsr_code code = resolve(&resolver, &found, error);
    if (code == VSR_OK && found.count > 0 &&
        (found.refs[0].component != MARK_NONE || found.refs[0].bcd_component != MARK_NONE)) {
        code = err_set(error, VSR_ERR_SELECTION, "plan/choices",
                       "'%.*s' names a component where a writer is meant", VIEW_ARG(text));
    }
    *out = found.refs;
    *rest = found.rest;
    *count = code == VSR_OK ? found.count : 0;
    return code;
}

vsr_code choice_resolve(const struct documents *documents, struct view text, char separator,
                        struct component_ref *out, struct view *rest, vsr_error *error)
{
    struct arena scratch = {0};
    struct resolver resolver = {.arena = &scratch,
                                .documents = documents,
                                .text = text,
                                .separator = rest != NULL ? separator : '\0'};
    struct found found = {0};
    vsr_code code = resolve(&resolver, &found, error);
    if (code == VSR_OK && found.count > 1) {
        code = fail_ambiguous(&resolver, found.writers, found.count, error);
    }
    if (code == VSR_OK) {
        *out = found.refs[0];
        if (rest != NULL) {
            *rest = found.rest;
        }
    }
    arena_free(&scratch);
    return code;
}

bool choice_is_known(const struct documents *documents, struct view text, char separator)
{
    struct arena scratch = {0};
    struct resolver resolver = {.arena = &scratch,
                                .documents = documents,
                                .text = text,
                                .separator = separator};
    struct found found = {0};
    bool known = false;
    (void)resolve(&resolver, &found, NULL);
    for (uint32_t i = 0; i < found.count; i++) {
        const struct component_ref *ref = &found.refs[i];
        known = known || ref->component == MARK_NONE ||
                select_root_of(documents, ref->writer, ref->component) != MARK_NONE;
    }
    arena_free(&scratch);
    return known;
}
