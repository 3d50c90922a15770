/* walk.c - plans and rows as structs behind the public handles. What a record says is the plan's
 * and the report's; here it is only handed over, each text with a NUL behind it. */
#include "api/objects.h"
#include "base/limits.h"
#include "base/own.h"
#include "plan/line_reader.h"
#include "vss/terms.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char WHERE[] = "api/walk";

struct walk {
    const struct plan *plan;
    const struct media_set *set;
    struct arena arena; /* of one record's texts */
    struct arena_mark empty;
    struct buffer path;
};

static vsr_code walk_ended(vsr_error *error)
{
    return err_set(error, VSR_ERR_CANCELLED, WHERE, "the caller ended the walk");
}

/* NULL: absent. */
static const char *walk_text(struct walk *walk, struct view text)
{
    return arena_copy(&walk->arena, text).p;
}

static const char *walk_plan_text(struct walk *walk, struct plan_text text)
{
    return walk_text(walk, plan_text(walk->plan, text));
}

/* NULL: nobody's. */
static const char *walk_id(struct walk *walk, const struct plan_unit *unit, const uint8_t bytes[16])
{
    struct uuid id;
    if (!plan_unit_has_id(unit, bytes)) {
        return NULL;
    }
    char text[UUID_TEXT_BYTES];
    memcpy(id.bytes, bytes, sizeof id.bytes);
    uuid_text(&id, text);
    return walk_text(walk, view_of(text));
}

static void unit_fill(struct walk *walk, uint32_t number, vsr_plan_unit *out)
{
    const struct plan_unit *u = &walk->plan->units[number];
    const bool nobodys = u->writer == MARK_NONE;
    const bool named = u->method != METHOD_UNKNOWN && u->method != METHOD_UNDEFINED;
    *out = (vsr_plan_unit){
        .size = sizeof *out,
        .id = number,
        .writer = walk_id(walk, u, u->writer_id),
        .instance = walk_id(walk, u, u->instance_id),
        .writer_name = walk_plan_text(walk, u->writer_name),
        .logical_path = walk_plan_text(walk, u->logical_path),
        .component = walk_plan_text(walk, u->component),
        .type = nobodys ? NULL : vss_component_type_text((enum vss_component_type)u->type),
        .method = named ? vss_method_text((enum vss_method)u->method)
                        : walk_plan_text(walk, u->method_text),
        .target = walk_plan_text(walk, u->target_text),
        .verdict = plan_verdict_text((enum plan_verdict)u->verdict),
        .error = refusal_text((enum refusal)u->refusal),
        .rule = walk_plan_text(walk, u->rule),
        .detail = walk_plan_text(walk, u->detail),
        .involve_writer = u->involve_writer != 0,
        .files = u->file_count,
        .bytes = u->bytes,
    };
}

static const char *walk_path(struct walk *walk, uint32_t file,
                             void (*path_of)(const struct plan *plan, const struct media_set *set,
                                             uint32_t file, struct buffer *out))
{
    walk->path.n = 0;
    path_of(walk->plan, walk->set, file, &walk->path);
    return walk_text(walk, buffer_view(&walk->path));
}

static const vsr_plan_range *walk_ranges(struct walk *walk, const struct plan_file *f)
{
    vsr_plan_range *ranges = ARENA_ARRAY(&walk->arena, vsr_plan_range, f->range_count);
    for (uint32_t i = 0; i < f->range_count; i++) {
        const struct plan_range *range = &walk->plan->ranges[f->first_range + i];
        ranges[i] = (vsr_plan_range){range->source, range->dest, range->length};
    }
    return ranges;
}

static void file_fill(struct walk *walk, uint32_t number, vsr_plan_file *out)
{
    const struct plan_file *f = &walk->plan->files[number];
    const bool ranged = f->kind == KIND_PARTIAL || f->kind == KIND_DIRECTED;
    const bool nobodys = walk->plan->units[f->unit].writer == MARK_NONE;
    *out = (vsr_plan_file){
        .size = sizeof *out,
        .unit = f->unit,
        .component =
            nobodys ? NULL : walk_plan_text(walk, walk->plan->components[f->component].full_name),
        .kind = plan_kind_text((enum plan_kind)f->kind),
        .source = f->entry != MARK_NONE ? walk_path(walk, number, plan_source_path) : NULL,
        .dest = walk_path(walk, number, plan_dest_path),
        .path = walk_path(walk, number, plan_unix_path),
        .place = plan_place_text((enum plan_place)f->place),
        .action = plan_action_text((enum plan_action)f->action),
        .bytes = f->size,
        .ranges = ranged ? walk_ranges(walk, f) : NULL,
        .range_count = ranged ? f->range_count : 0,
    };
}

vsr_code vsr_plan_walk(const vsr_plan *plan,
                       int (*on_unit)(void *context, const vsr_plan_unit *unit),
                       int (*on_file)(void *context, const vsr_plan_file *file), void *context,
                       vsr_error *error)
{
    struct walk walk = {.plan = plan->plan, .set = &plan->set->media};
    int ended = 0;
    (void)arena_alloc(&walk.arena, 1, 1); /* its first block stays */
    walk.empty = arena_mark(&walk.arena);
    for (uint32_t i = 0; on_unit != NULL && i < walk.plan->unit_count && ended == 0; i++) {
        vsr_plan_unit unit;
        unit_fill(&walk, i, &unit);
        ended = on_unit(context, &unit);
        arena_rewind(&walk.arena, walk.empty);
    }
    for (uint32_t i = 0; on_file != NULL && i < walk.plan->file_count && ended == 0; i++) {
        vsr_plan_file file;
        file_fill(&walk, i, &file);
        ended = on_file(context, &file);
        arena_rewind(&walk.arena, walk.empty);
    }
    buffer_free(&walk.path);
    arena_free(&walk.arena);
    return ended == 0 ? VSR_OK : walk_ended(error);
}

/* --- rows --- */

static const char *row_path(struct line_reader *reader, line_object *record, const char *key)
{
    return line_has(record, key) ? line_path(reader, record, key).p : NULL;
}

static void row_fill(struct line_reader *reader, line_object *record, vsr_row *out)
{
    *out = (vsr_row){
        .size = sizeof *out,
        .unit = line_number(reader, record, "unit", UINT32_MAX),
        .source = row_path(reader, record, "source"),
        .path = row_path(reader, record, "path"),
        .outcome = line_text(reader, record, "outcome").p,
        .bytes = line_number(reader, record, "bytes", INT64_MAX),
        .os_errno =
            line_has(record, "errno") ? (int)line_number(reader, record, "errno", INT32_MAX) : 0,
        .detail = line_has(record, "detail") ? line_text(reader, record, "detail").p : NULL,
    };
}

/* report.jsonl, which has no bytes where nothing was planned. */
static vsr_code rows_map(const char *path, struct view *out, vsr_error *error)
{
    OWN(fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat facts;
    if (fd < 0 || fstat(fd, &facts) != 0) {
        const vsr_code code =
            err_place_code(errno) == VSR_ERR_SELECTION ? VSR_ERR_SELECTION : VSR_ERR_RUN_FOREIGN;
        return err_sys(error, code, WHERE, "cannot open %s, which a run writes when it has ended",
                       path);
    }
    if (!S_ISREG(facts.st_mode)) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, WHERE, "%s is no regular file", path);
    }
    if (facts.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) {
            return err_sys(error, VSR_ERR_MEMORY, WHERE, "cannot map %s", path);
        }
        *out = (struct view){bytes, (size_t)facts.st_size};
    }
    return VSR_OK;
}

vsr_code vsr_run_walk(const char *run_dir, int (*on_row)(void *context, const vsr_row *row),
                      void *context, vsr_error *error)
{
    struct buffer path = {0};
    struct view bytes = VIEW_NONE;
    buffer_printf(&path, "%s/report.jsonl", run_dir);
    buffer_add_char(&path, '\0');
    vsr_code rc = rows_map(path.p, &bytes, error);
    if (rc != VSR_OK) {
        buffer_free(&path);
        return rc;
    }
    struct line_reader reader = {.rest = bytes,
                                 .path = path.p,
                                 .what = "the report",
                                 .error = error};
    int ended = 0;
    for (line_object *record = line_next(&reader); record != NULL && ended == 0;
         record = ended == 0 ? line_next(&reader) : NULL) {
        vsr_row row;
        row_fill(&reader, record, &row);
        ended = reader.rc == VSR_OK ? on_row(context, &row) : 0;
    }
    rc = reader.rc;
    line_end(&reader);
    if (bytes.n > 0) {
        (void)munmap((void *)(uintptr_t)bytes.p, bytes.n);
    }
    buffer_free(&path);
    return rc == VSR_OK && ended != 0 ? walk_ended(error) : rc;
}
