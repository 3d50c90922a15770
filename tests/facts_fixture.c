/* facts_fixture.c - answers from a list, by folded comparison of whole paths. */
#include "facts_fixture.h"

#include "base/heap.h"
#include "vss/winpath.h"

#include <stdlib.h>

void facts_add(struct facts_fixture *facts, const char *path, enum fact_type type, unsigned flags)
{
    facts->entries = heap_grow(facts->entries, facts->entry_count, &facts->entry_capacity,
                               sizeof *facts->entries);
    facts->entries[facts->entry_count++] =
        (struct facts_entry){arena_copy(&facts->arena, view_of(path)), type, flags};
}

void facts_fini(struct facts_fixture *facts)
{
    free(facts->entries);
    free(facts->handles);
    arena_free(&facts->arena);
    *facts = (struct facts_fixture){0};
}

static uint32_t facts_handle(struct facts_fixture *facts, struct view path)
{
    facts->handles = heap_grow(facts->handles, facts->handle_count, &facts->handle_capacity,
                               sizeof *facts->handles);
    facts->handles[facts->handle_count] = arena_copy(&facts->arena, path);
    return facts->handle_count++;
}

static void facts_directory(struct facts_fixture *facts, struct view path, unsigned flags,
                            struct fact_directory *out)
{
    *out = (struct fact_directory){.exists = true,
                                   .writable = (flags & FACTS_READONLY) == 0,
                                   .obstacle = (flags & FACTS_READONLY) != 0
                                                   ? "the directory is read-only"
                                                   : NULL,
                                   .case_sensitive = facts->case_sensitive,
                                   .name_bytes_max = facts->name_bytes_max,
                                   .name_units = facts->name_units};
    out->handle = facts_handle(facts, path);
}

static vsr_code facts_ask(struct facts_fixture *facts, vsr_error *error)
{
    return ++facts->asked == facts->fails_at
               ? err_set(error, VSR_ERR_DEST_IO, "facts_fixture", "the destination gives no answer")
               : VSR_OK;
}

static vsr_code facts_root(void *context, uint32_t root, struct fact_directory *out,
                           vsr_error *error)
{
    struct facts_fixture *facts = context;
    const vsr_code code = facts_ask(facts, error);
    unsigned flags = 0;
    for (uint32_t i = 0; i < facts->entry_count; i++) {
        if (win_fold_equal(facts->entries[i].path, facts->roots[root].spec)) {
            flags = facts->entries[i].flags;
        }
    }
    facts_directory(facts, facts->roots[root].spec, flags, out);
    out->exists = !facts->roots_missing;
    out->obstacle = facts->roots_blocked ? "the folder above it is read-only" : out->obstacle;
    out->device = facts->one_directory ? 1 : root + 1;
    out->inode = 2;
    return code;
}

/* The first element of rest, when path begins with the directory and goes on. */
static bool path_below(struct view path, struct view directory, struct view *element, bool *last)
{
    if (path.n <= directory.n || path.p[directory.n] != '\\' ||
        !win_fold_equal((struct view){path.p, directory.n}, directory)) {
        return false;
    }
    const struct view rest = view_skip(path, directory.n + 1);
    *element = (struct view){rest.p, view_find(rest, '\\')};
    *last = element->n == rest.n;
    return element->n > 0;
}

/* What stands there under a name: the entry that is spelled so, else the one that differs only by
 * case; several of these are ambiguous. */
static void facts_find(const struct facts_fixture *facts, struct view directory, struct view name,
                       struct fact *out, unsigned *flags)
{
    *out = (struct fact){.type = FACT_ABSENT};
    *flags = 0;
    for (uint32_t i = 0; i < facts->entry_count; i++) {
        struct view element = VIEW_NONE;
        bool last = false;
        if ((facts->entries[i].flags & FACTS_AWAITED) != 0 ||
            !path_below(facts->entries[i].path, directory, &element, &last) ||
            !win_fold_equal(element, name)) {
            continue;
        }
        const bool other = out->type != FACT_ABSENT && !view_equal(out->name, element);
        if (other && view_equal(out->name, name)) {
            continue;
        }
        if (other) {
            out->ambiguous = !view_equal(element, name);
            out->type = FACT_ABSENT;
            *flags = 0;
        }
        if (out->type == FACT_ABSENT || last) {
            out->type = last ? facts->entries[i].type : FACT_DIRECTORY;
            out->name = element;
            *flags |= last ? facts->entries[i].flags : 0;
        }
    }
    out->mount_point = (*flags & FACTS_MOUNT) != 0;
    out->replaceable =
        (out->type == FACT_FILE || out->type == FACT_SYMLINK) && (*flags & FACTS_LOCKED) == 0;
    out->obstacle = (*flags & FACTS_LOCKED) != 0 ? "the file is immutable" : NULL;
    out->use_unknown = (*flags & FACTS_UNKNOWN) != 0;
    out->link_count = (*flags & FACTS_LINKED) != 0 ? 2 : 1;
    out->modify_s = (*flags & FACTS_OLD) != 0 ? -1 : 0;
}

static vsr_code facts_enter(void *context, uint32_t handle, struct view name,
                            struct fact_directory *out, struct fact *as_entry, vsr_error *error)
{
    struct facts_fixture *facts = context;
    const vsr_code code = facts_ask(facts, error);
    unsigned flags = 0;
    facts->entered++;
    *out = (struct fact_directory){0};
    facts_find(facts, facts->handles[handle], name, as_entry, &flags);
    if (as_entry->type == FACT_DIRECTORY) {
        const struct view directory = facts->handles[handle];
        const struct view path = arena_printf(&facts->arena, "%.*s\\%.*s", VIEW_ARG(directory),
                                              VIEW_ARG(as_entry->name));
        facts_directory(facts, path, flags, out);
        out->device = (flags & FACTS_SECOND) != 0 ? 2 : 99;
        out->inode = (flags & FACTS_SECOND) != 0 ? 2 : out->handle + 10;
    }
    return code;
}

static vsr_code facts_lookup(void *context, uint32_t handle, struct view name, struct fact *out,
                             vsr_error *error)
{
    struct facts_fixture *facts = context;
    unsigned flags = 0;
    facts->lookups++;
    facts_find(facts, facts->handles[handle], name, out, &flags);
    return facts_ask(facts, error);
}

/* rest has '/' between its names. */
static bool rest_is(struct view path, struct view rest)
{
    bool is = path.n == rest.n;
    for (size_t i = 0; i < rest.n && is; i++) {
        const char c = path.p[i] == '\\' ? '/' : path.p[i];
        is = win_fold_equal((struct view){&c, 1}, (struct view){rest.p + i, 1});
    }
    return is;
}

static const char *facts_waits(void *context, uint32_t handle, struct view rest)
{
    const struct facts_fixture *facts = context;
    const struct view directory = facts->handles[handle];
    for (uint32_t i = 0; i < facts->entry_count; i++) {
        const struct view path = facts->entries[i].path;
        struct view element = VIEW_NONE;
        bool last = false;
        if ((facts->entries[i].flags & FACTS_AWAITED) != 0 &&
            path_below(path, directory, &element, &last) &&
            (!view_present(rest) || rest_is(view_skip(path, directory.n + 1), rest))) {
            return "/c/.vssrestore-pending-1";
        }
    }
    return NULL;
}

struct plan_facts facts_of(struct facts_fixture *facts)
{
    return (struct plan_facts){.context = facts,
                               .root = facts_root,
                               .enter = facts_enter,
                               .lookup = facts_lookup,
                               .waits = facts_waits};
}
