/* inspect.c - documents and a set's totals as text or as one JSON object. It shows what the
 * documents say, in their own spelling; it decides nothing. */
#include "plan/inspect.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/show.h"
#include "plan/bare_plan.h"
#include "plan/component_tree.h"
#include "plan/inspect_tree.h"
#include "plan/profile.h"
#include "plan/sizes.h"

/* --- what both forms ask --- */

/* The writer entry of the Backup Components Document that a metadata document belongs to. */
static uint32_t writer_of(const struct documents *documents, uint32_t wmd)
{
    for (uint32_t w = 0; w < documents->bcd.writer_count; w++) {
        if (documents->writer_wmd[w] == wmd) {
            return w;
        }
    }
    return MARK_NONE;
}

/* What is said of each component of a writer, by its number. */
struct writer_marks {
    const char **inclusion;
    const struct plan_unit **refused; /* the unit that is rooted there and refused, or NULL */
};

/* plan: bare_plan.h, or NULL. In the arena. */
static struct writer_marks marks_of(const struct documents *documents, uint32_t number,
                                    const struct plan *plan, struct arena *arena)
{
    const uint32_t writer = writer_of(documents, number);
    const struct wmd *wmd = &documents->wmds[number];
    const struct writer_marks marks = {ARENA_ARRAY(arena, const char *, wmd->component_count),
                                       ARENA_ARRAY(arena, const struct plan_unit *,
                                                   wmd->component_count)};
    struct component_tree tree = {0};
    if (writer != MARK_NONE) {
        component_tree_build(&tree, arena, documents, writer);
    }
    for (uint32_t i = 0; i < wmd->component_count; i++) {
        marks.inclusion[i] = writer == MARK_NONE || component_tree_root(&tree, i) == MARK_NONE
                                 ? "not in the backup"
                             : tree.explicit_by[i] != MARK_NONE ? "explicit"
                                                                : "implicit";
        marks.refused[i] = NULL;
    }
    if (plan != NULL && writer != MARK_NONE) {
        bare_plan_refused(plan, writer, wmd, marks.refused);
    }
    return marks;
}

static const char *set_kind_text(enum vss_set_kind kind)
{
    return kind == SET_FILE_LIST        ? "file list"
           : kind == SET_DATABASE_FILES ? "database files"
                                        : "database log files";
}

/* --- text --- */

static void text_file_set(const struct vss_file_set *set, struct view indent, const char *what,
                          struct buffer *out)
{
    buffer_add_view(out, indent);
    show_printf(out, "%s %.*s  %.*s%s", what, VIEW_ARG(set->path), VIEW_ARG(set->filespec),
                set->recursive ? "  and below" : "");
    if (view_present(set->alternate_path)) {
        show_printf(out, "  (read from %.*s)", VIEW_ARG(set->alternate_path));
    }
    if (set->backup_type_mask != FSBT_DEFAULT) {
        show_printf(out, "  mask 0x%x", set->backup_type_mask);
    }
    buffer_add_char(out, '\n');
}

enum { TEXT_SETS_MAX = 12 }; /* a component of 18,995 sets is not read on a screen */

/* A writer in hand, for the lines of its components. */
struct text_of_writer {
    const struct wmd *wmd;
    const struct plan *plan; /* bare_plan.h, or NULL */
    const struct component_size *sizes;
    struct writer_marks marks;
};

static void text_component_line(void *context, uint32_t number, struct view indent,
                                struct buffer *out)
{
    const struct text_of_writer *w = context;
    const struct wmd_component *c = &w->wmd->components[number];
    (void)indent;
    show_printf(out, "  [%s, %s]", vss_component_type_text(c->type), w->marks.inclusion[number]);
    if (view_present(c->caption) && c->caption.n > 0) {
        show_printf(out, "  \"%.*s\"", VIEW_ARG(c->caption));
    }
    if (w->sizes != NULL) {
        show_printf(out, "  %llu files, %llu bytes", (unsigned long long)w->sizes[number].files,
                    (unsigned long long)w->sizes[number].bytes);
    }
}

static void text_component_below(void *context, uint32_t number, struct view indent,
                                 struct buffer *out)
{
    const struct text_of_writer *w = context;
    const struct wmd_component *c = &w->wmd->components[number];
    const struct plan_unit *refused = w->marks.refused[number];
    if (view_present(c->fault)) {
        buffer_add_view(out, indent);
        show_printf(out, "REFUSED: %.*s\n", VIEW_ARG(c->fault));
    } else if (refused != NULL) {
        const struct view detail = plan_text(w->plan, refused->detail);
        buffer_add_view(out, indent);
        show_printf(out, "REFUSED: %s%s%.*s\n", refusal_text((enum refusal)refused->refusal),
                    detail.n > 0 ? ": " : "", VIEW_ARG(detail));
    }
    for (uint32_t i = 0; i < c->file_set_count && i < TEXT_SETS_MAX; i++) {
        text_file_set(&c->file_sets[i], indent, set_kind_text(c->file_sets[i].kind), out);
    }
    if (c->file_set_count > TEXT_SETS_MAX) {
        buffer_add_view(out, indent);
        show_printf(out, "... and %u more (--json shows all)\n", c->file_set_count - TEXT_SETS_MAX);
    }
}

static void text_writer(const struct documents *documents, uint32_t number, const struct plan *plan,
                        const struct component_size *sizes, struct arena *arena, struct buffer *out)
{
    const struct wmd *wmd = &documents->wmds[number];
    char id[UUID_TEXT_BYTES];
    uuid_text(&wmd->writer_id, id);
    show_printf(out, "\nwriter %.*s  %s", VIEW_ARG(wmd->friendly_name), id);
    if (view_present(wmd->instance_name)) {
        show_printf(out, "  instance \"%.*s\"", VIEW_ARG(wmd->instance_name));
    }
    show_printf(out, "\n  method %.*s, writer takes part: %s%s\n",
                VIEW_ARG(view_present(wmd->method_text) ? wmd->method_text : VIEW("(none)")),
                vss_writer_restore_text(wmd->writer_restore),
                wmd->reboot_required ? ", reboot required" : "");
    if (view_present(wmd->fault)) {
        show_printf(out, "  REFUSED: %.*s\n", VIEW_ARG(wmd->fault));
    }
    const struct profile *profile = profile_of(wmd);
    for (uint32_t i = 0; profile != NULL && i < PROFILE_ACTIONS_MAX; i++) {
        if (profile->actions[i] != NULL) {
            show_printf(out, "  after a restore: %s\n", profile->actions[i]);
        }
    }
    struct text_of_writer of = {wmd, plan, sizes, marks_of(documents, number, plan, arena)};
    const struct inspect_tree_words words = {text_component_line, text_component_below, &of};
    inspect_tree_render(wmd, &words, arena, out);
    for (uint32_t i = 0; i < wmd->mapping_count; i++) {
        const struct vss_mapping *m = &wmd->mappings[i];
        show_printf(out, "  alternate location mapping %.*s  %.*s%s -> %.*s\n", VIEW_ARG(m->path),
                    VIEW_ARG(m->filespec), m->recursive ? "  and below" : "",
                    VIEW_ARG(m->alternate_path));
    }
    for (uint32_t i = 0; i < wmd->exclude_count; i++) {
        text_file_set(&wmd->excludes[i], VIEW("  "), "exclude", out);
    }
}

void inspect_render_text(const struct documents *documents, const struct media_set *set,
                         const struct plan *plan, struct buffer *out)
{
    const struct bcd *bcd = &documents->bcd;
    if (set != NULL) {
        char uuid[UUID_TEXT_BYTES];
        const struct set_description *d = &set->description;
        uuid_text(&d->uuid, uuid);
        show_printf(out, "set %s of %.*s, made %.*s\n%llu files, %llu bytes, in %u packs\n", uuid,
                    VIEW_ARG(d->host), VIEW_ARG(d->created), (unsigned long long)d->files,
                    (unsigned long long)d->bytes, d->pack_count);
        if (!uuid_is_null(&d->parent)) {
            uuid_text(&d->parent, uuid);
            show_printf(out, "adds to the set %s\n", uuid);
        }
        for (uint32_t i = 0; i < d->volume_count; i++) {
            show_printf(out, "volume %.*s%.*s\n", VIEW_ARG(d->volumes[i].prefix),
                        VIEW_ARG(d->volumes[i].label));
        }
    }
    show_printf(out, "backup type %.*s, %u writers in the backup, %u writer documents\n",
                VIEW_ARG(bcd->backup_type_text), bcd->writer_count, documents->wmd_count);
    struct arena arena = {0};
    struct component_size **sizes = set != NULL ? component_sizes(&arena, documents, set) : NULL;
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        text_writer(documents, i, plan, sizes != NULL ? sizes[i] : NULL, &arena, out);
    }
    arena_free(&arena);
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        if (documents->writer_wmd[w] == MARK_NONE) {
            char id[UUID_TEXT_BYTES];
            uuid_text(&bcd->writers[w].writer_id, id);
            show_printf(out,
                        "\nwriter %s is in the backup but its document is missing: its "
                        "components cannot be restored\n",
                        id);
        }
    }
    for (uint32_t i = 0; i < documents->warning_count; i++) {
        show_printf(out, "warning: %.*s\n", VIEW_ARG(documents->warnings[i]));
    }
}

/* --- JSON --- */

static void json_file_set(const struct vss_file_set *set, struct json *json)
{
    json_object_begin(json, NULL);
    json_text(json, "kind", view_of(set_kind_text(set->kind)));
    json_text(json, "path", set->path);
    json_text(json, "filespec", set->filespec);
    json_bool(json, "recursive", set->recursive);
    json_text(json, "alternate_path", set->alternate_path);
    json_u64(json, "mask", set->backup_type_mask);
    json_object_end(json);
}

static void json_file_sets(const char *key, const struct vss_file_set *sets, uint32_t count,
                           struct json *json)
{
    json_array_begin(json, key);
    for (uint32_t i = 0; i < count; i++) {
        json_file_set(&sets[i], json);
    }
    json_array_end(json);
}

static void json_component(const struct wmd *wmd, const struct plan *plan,
                           const struct writer_marks *marks, uint32_t number,
                           const struct component_size *size, struct json *json)
{
    const struct wmd_component *c = &wmd->components[number];
    json_object_begin(json, NULL);
    json_text(json, "logical_path", c->logical_path);
    json_text(json, "component", c->name);
    json_text(json, "type", view_of(vss_component_type_text(c->type)));
    json_text(json, "caption", c->caption);
    json_text(json, "inclusion", view_of(marks->inclusion[number]));
    json_bool(json, "selectable", c->selectable);
    json_bool(json, "selectable_for_restore", c->selectable_for_restore);
    json_u64(json, "component_flags", c->component_flags);
    if (size != NULL) {
        json_u64(json, "files", size->files);
        json_u64(json, "bytes", size->bytes);
    } else {
        json_null(json, "files");
        json_null(json, "bytes");
    }
    json_file_sets("file_sets", c->file_sets, c->file_set_count, json);
    json_array_begin(json, "dependencies");
    for (uint32_t i = 0; i < c->dependency_count; i++) {
        char id[UUID_TEXT_BYTES];
        uuid_text(&c->dependencies[i].writer_id, id);
        json_object_begin(json, NULL);
        json_text(json, "writer", view_of(id));
        json_text(json, "logical_path", c->dependencies[i].logical_path);
        json_text(json, "component", c->dependencies[i].component_name);
        json_object_end(json);
    }
    json_array_end(json);
    json_text(json, "fault", c->fault);
    const struct plan_unit *refused = marks->refused[number];
    json_text(json, "refused",
              refused != NULL ? view_of(refusal_text((enum refusal)refused->refusal)) : VIEW_NONE);
    json_text(json, "refused_detail",
              refused != NULL ? plan_text(plan, refused->detail) : VIEW_NONE);
    json_object_end(json);
}

static void json_writer(const struct documents *documents, uint32_t number, const struct plan *plan,
                        const struct component_size *sizes, struct arena *arena, struct json *json)
{
    const struct wmd *wmd = &documents->wmds[number];
    const struct writer_marks marks = marks_of(documents, number, plan, arena);
    char id[UUID_TEXT_BYTES];
    json_object_begin(json, NULL);
    uuid_text(&wmd->writer_id, id);
    json_text(json, "writer", view_of(id));
    uuid_text(&wmd->instance_id, id);
    json_text(json, "instance", view_of(id));
    json_text(json, "instance_name", wmd->instance_name);
    json_text(json, "writer_name", wmd->friendly_name);
    json_text(json, "document", wmd->file_name);
    json_bool(json, "in_backup", writer_of(documents, number) != MARK_NONE);
    json_text(json, "usage", view_of(vss_usage_text(wmd->usage)));
    json_u64(json, "backup_schema", wmd->backup_schema);
    json_text(json, "method", wmd->method_text);
    json_text(json, "service", wmd->service);
    json_text(json, "writer_restore", view_of(vss_writer_restore_text(wmd->writer_restore)));
    json_bool(json, "reboot_required", wmd->reboot_required);
    const struct profile *profile = profile_of(wmd);
    json_array_begin(json, "actions");
    for (uint32_t i = 0; profile != NULL && i < PROFILE_ACTIONS_MAX; i++) {
        if (profile->actions[i] != NULL) {
            json_text(json, NULL, view_of(profile->actions[i]));
        }
    }
    json_array_end(json);
    json_array_begin(json, "components");
    for (uint32_t i = 0; i < wmd->component_count; i++) {
        json_component(wmd, plan, &marks, i, sizes != NULL ? &sizes[i] : NULL, json);
    }
    json_array_end(json);
    json_array_begin(json, "mappings");
    for (uint32_t i = 0; i < wmd->mapping_count; i++) {
        json_object_begin(json, NULL);
        json_text(json, "path", wmd->mappings[i].path);
        json_text(json, "filespec", wmd->mappings[i].filespec);
        json_bool(json, "recursive", wmd->mappings[i].recursive);
        json_text(json, "alternate_path", wmd->mappings[i].alternate_path);
        json_object_end(json);
    }
    json_array_end(json);
    json_file_sets("excludes", wmd->excludes, wmd->exclude_count, json);
    json_text(json, "fault", wmd->fault);
    json_object_end(json);
}

static void json_set(const struct media_set *set, struct json *json)
{
    const struct set_description *d = &set->description;
    char uuid[UUID_TEXT_BYTES];
    uuid_text(&d->uuid, uuid);
    json_text(json, "set", view_of(uuid));
    uuid_text(&d->parent, uuid);
    json_text(json, "parent", uuid_is_null(&d->parent) ? VIEW_NONE : view_of(uuid));
    json_text(json, "host", d->host);
    json_text(json, "created", d->created);
    json_u64(json, "files", d->files);
    json_u64(json, "bytes", d->bytes);
    json_u64(json, "packs", d->pack_count);
    json_array_begin(json, "volumes");
    for (uint32_t i = 0; i < d->volume_count; i++) {
        json_object_begin(json, NULL);
        json_text(json, "letter", d->volumes[i].letter);
        json_text(json, "guid", d->volumes[i].guid);
        json_text(json, "unc", d->volumes[i].unc);
        json_text(json, "label", d->volumes[i].label);
        json_object_end(json);
    }
    json_array_end(json);
}

void inspect_render_json(const struct documents *documents, const struct media_set *set,
                         const struct plan *plan, struct buffer *out)
{
    struct json json = json_into(out);
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("inspect"));
    json_u64(&json, "v", 1);
    if (set != NULL) {
        json_set(set, &json);
    }
    json_text(&json, "backup_type", documents->bcd.backup_type_text);
    json_array_begin(&json, "writers");
    struct arena arena = {0};
    struct component_size **sizes = set != NULL ? component_sizes(&arena, documents, set) : NULL;
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        json_writer(documents, i, plan, sizes != NULL ? sizes[i] : NULL, &arena, &json);
    }
    arena_free(&arena);
    json_array_end(&json);
    json_array_begin(&json, "warnings");
    for (uint32_t i = 0; i < documents->warning_count; i++) {
        json_text(&json, NULL, documents->warnings[i]);
    }
    json_array_end(&json);
    json_object_end(&json);
    json_line_end(&json);
}
