/* plan_fixture.c - see plan_fixture.h. */
#include "plan_fixture.h"

#include "base/buffer.h"
#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"
#include "engine/range_table.h"
#include "media_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct maker {
    const struct media_set *set;
    const char *dir;
    plan_fixture_unit *unit_of;
    struct buffer text;
    struct plan_directory *directories;
    uint32_t directory_count;
    uint32_t *directory_of; /* entry -> plan_directory */
    struct plan_file *files;
    uint32_t file_count;
    uint32_t *file_of; /* entry -> plan_file */
};

static struct plan_text maker_text(struct maker *m, struct view text)
{
    const struct plan_text at = {(uint32_t)m->text.n, (uint32_t)text.n};
    buffer_add_view(&m->text, text);
    return at;
}

static uint32_t maker_unit(const struct maker *m, uint32_t entry)
{
    char path[4096] = "";
    (void)index_path(&m->set->index, entry, '/', path, sizeof path - 1);
    return m->unit_of == NULL ? 0 : m->unit_of(path);
}

static bool maker_exists(const struct maker *m, uint32_t entry)
{
    char path[8192], below[4096];
    struct stat facts;
    const size_t n = index_path(&m->set->index, entry, '/', below, sizeof below);
    (void)snprintf(path, sizeof path, "%s/%.*s", m->dir, (int)n, below);
    return lstat(path, &facts) == 0;
}

static void maker_directories(struct maker *m)
{
    const struct media_index *index = &m->set->index;
    m->directories = heap_alloc(index->entry_count, sizeof *m->directories);
    m->directory_of = heap_alloc(index->entry_count, sizeof *m->directory_of);
    for (uint32_t i = 0; i < index->entry_count; i++) {
        const struct index_entry *e = &index->entries[i];
        if (e->kind != INDEX_DIRECTORY) {
            continue;
        }
        const bool root = e->parent == MARK_NONE;
        m->directory_of[i] = m->directory_count;
        m->directories[m->directory_count++] = (struct plan_directory){
            .parent = root ? MARK_NONE : m->directory_of[e->parent],
            .name = maker_text(m, index_name(index, i)),
            .entry = i,
            .make = !root && !maker_exists(m, i),
            .unit = maker_unit(m, i),
        };
    }
}

static enum plan_kind maker_kind(const struct maker *m, uint32_t entry)
{
    const struct index_entry *e = &m->set->index.entries[entry];
    if (e->kind == INDEX_DIRECTORY) {
        return KIND_DIRECTORY;
    }
    if (e->kind == INDEX_SYMLINK) {
        return KIND_REPARSE;
    }
    return e->link_group != MARK_NONE && e->link_group != entry ? KIND_HARDLINK : KIND_PLAIN;
}

static void maker_file(struct maker *m, uint32_t entry, uint32_t unit)
{
    const struct index_entry *e = &m->set->index.entries[entry];
    const enum plan_kind kind = maker_kind(m, entry);
    if (kind == KIND_DIRECTORY && !m->directories[m->directory_of[entry]].make) {
        return;
    }
    m->file_of[entry] = m->file_count;
    m->files[m->file_count++] = (struct plan_file){
        .unit = unit,
        .entry = entry,
        .directory = m->directory_of[kind == KIND_DIRECTORY ? entry : e->parent],
        .name = {MARK_NONE, 0},
        .kind = (uint8_t)kind,
        .action = kind != KIND_DIRECTORY && maker_exists(m, entry) ? ACTION_REPLACE : ACTION_CREATE,
        .link_owner = kind == KIND_HARDLINK ? m->file_of[e->link_group] : MARK_NONE,
        .mapping = MARK_NONE,
        .size = kind == KIND_PLAIN ? e->size : 0,
    };
}

struct plan *plan_fixture_create(const struct media_set *set, const char *dir, uint32_t unit_count,
                                 plan_fixture_unit *unit_of)
{
    struct maker m = {.set = set, .dir = dir, .unit_of = unit_of};
    struct plan *plan = heap_alloc(1, sizeof *plan);
    struct plan_root *root = heap_alloc(1, sizeof *root);
    struct plan_unit *units = heap_alloc(unit_count, sizeof *units);
    const struct media_index *index = &set->index;
    root->spec = maker_text(&m, VIEW("C:"));
    root->dir = maker_text(&m, view_of(dir));
    maker_directories(&m);
    m.files = heap_alloc(index->entry_count, sizeof *m.files);
    m.file_of = heap_alloc(index->entry_count, sizeof *m.file_of);
    for (uint32_t unit = 0; unit < unit_count; unit++) {
        units[unit].first_file = m.file_count;
        for (uint32_t i = 0; i < index->entry_count; i++) {
            if (maker_unit(&m, i) == unit) {
                maker_file(&m, i, unit);
                units[unit].bytes += index->entries[i].size;
            }
        }
        units[unit].file_count = m.file_count - units[unit].first_file;
    }
    *plan = (struct plan){
        .set_uuid = set->description.uuid,
        .roots = root,
        .root_count = 1,
        .directories = m.directories,
        .directory_count = m.directory_count,
        .files = m.files,
        .file_count = m.file_count,
        .units = units,
        .unit_count = unit_count,
        .text = m.text.p,
        .text_bytes = (uint32_t)m.text.n,
    };
    free(m.directory_of);
    free(m.file_of);
    return plan;
}

static void fixture_free(const void *memory)
{
    free((void *)(uintptr_t)memory);
}

void plan_fixture_free(struct plan *plan)
{
    fixture_free(plan->roots);
    fixture_free(plan->directories);
    fixture_free(plan->files);
    fixture_free(plan->ranges);
    fixture_free(plan->units);
    fixture_free(plan->text);
    free(plan);
}

static void *fixture_mutable(const void *memory)
{
    return (void *)(uintptr_t)memory;
}

void plan_fixture_set_ranges(struct plan *plan, const struct plan_fixture_ranges *what)
{
    struct plan_file *f = (struct plan_file *)fixture_mutable(plan->files) + what->file;
    struct plan_range *ranges = heap_resize(fixture_mutable(plan->ranges),
                                            plan->range_count + what->range_count, sizeof *ranges);
    f->kind = (uint8_t)what->kind;
    f->action = ACTION_WRITE_RANGES;
    f->present = what->present;
    f->link_owner = what->owner;
    f->first_range = plan->range_count;
    f->range_count = what->range_count;
    f->size = 0;
    for (uint32_t i = 0; i < what->range_count; i++) {
        f->size += what->ranges[i].length;
        ranges[plan->range_count++] = what->ranges[i];
    }
    plan->ranges = ranges;
    if (what->name != NULL) {
        const uint32_t bytes = (uint32_t)strlen(what->name);
        char *text = heap_resize(fixture_mutable(plan->text), plan->text_bytes + bytes, 1);
        memcpy(text + plan->text_bytes, what->name, bytes);
        f->name = (struct plan_text){plan->text_bytes, bytes};
        plan->text = text;
        plan->text_bytes += bytes;
    }
}

void plan_fixture_damage(struct media_set *set, uint32_t entry)
{
    const struct index_entry *e = &set->index.entries[entry];
    struct index_chunk *chunks = heap_alloc(set->index.chunk_count, sizeof *chunks);
    memcpy(chunks, set->index.chunks, set->index.chunk_count * sizeof *chunks);
    chunks[e->file.first_chunk].xxh3_64 ^= 1;
    set->index.chunks = chunks;
}

void plan_fixture_mend(struct media_set *set)
{
    fixture_free(set->index.chunks);
    set->index.chunks = NULL;
}

/* --- carrying it out --- */

static void restore_unit_states(struct restore *r)
{
    for (uint32_t i = 0; i < r->plan->unit_count; i++) {
        const struct plan_unit *u = &r->plan->units[i];
        r->states[i] = UNIT_STAGED;
        for (uint32_t k = u->first_file; k < u->first_file + u->file_count; k++) {
            if (r->rows[k].outcome != OUTCOME_RESTORED && r->rows[k].outcome != OUTCOME_PRESENT &&
                r->rows[k].outcome != OUTCOME_STAGED) {
                r->states[i] = UNIT_FAILED;
            }
        }
    }
}

static vsr_code restore_stage(struct restore *r, const struct budget *budget, struct stage *stage)
{
    const struct engine_input input = {
        .plan = r->plan,
        .set = r->set,
        .stage = stage,
        .budget = budget,
        .owner = r->owners ? OWNER_MEDIA : OWNER_MINE,
        .rows = r->rows,
        .skip = r->skip,
        .discard = r->discard,
    };
    struct engine *engine = NULL;
    uint32_t group, groups = 0;
    vsr_code code = engine_start(&engine, &input, &r->error);
    if (code != VSR_OK) {
        return code;
    }
    if (r->stop_at_once) {
        engine_stop(engine);
    }
    while (!engine_is_done(engine)) {
        groups += engine_wait(engine, 1000000000, &group);
    }
    VSR_REQUIRE(groups == (stage == NULL ? 1 : stage->group_count));
    engine_progress(engine, &r->progress);
    engine_join(engine);
    r->profile_count = engine_profile(engine, &r->profile);
    engine_end(engine, &r->losses);
    return VSR_OK;
}

void restore_folder_open(char folder[64], char dir[128], struct media_set *set,
                         const struct fixture_file *files, uint32_t file_count)
{
    char path[128];
    vsr_error error = {0};
    fixture_folder(folder);
    (void)snprintf(path, sizeof path, "%s/set", folder);
    (void)snprintf(dir, 128, "%s/dest", folder);
    VSR_REQUIRE(mkdir(dir, 0755) == 0);
    fixture_write(path, &(struct fixture){.files = files, .file_count = file_count});
    VSR_REQUIRE(set_open(set, path, &error) == VSR_OK);
    VSR_REQUIRE(set_open_packs(set, true, &error) == VSR_OK);
}

vsr_code restore_run(struct restore *r)
{
    struct machine_facts machine;
    struct budget budget;
    struct stage *stage = NULL;
    const struct uuid run = uuid_random();
    const struct engine_options options = {.workers = r->workers,
                                           .ring = r->ring,
                                           .write_mode = r->write_mode};
    const struct stage_options staging = {.owner = r->owners ? OWNER_MEDIA : OWNER_MINE,
                                          .alone = r->alone,
                                          .threads = r->workers,
                                          .in_place = r->in_place,
                                          .undo_fd = r->undo_fd};
    r->rows = heap_alloc(r->plan->file_count, sizeof *r->rows);
    r->states = heap_alloc(r->plan->unit_count, sizeof *r->states);
    r->residue = heap_alloc(r->plan->unit_count, sizeof *r->residue);
    machine_examine(&machine);
    vsr_code code =
        budget_resolve(&budget, &options, &machine, FRAME_STORED_BYTES_MAX, FRAME_PLAIN_BYTES_MAX,
                       r->plan->file_count, range_table_bytes(r->plan, r->set), &r->error);
    budget.direct_write = budget.direct_write || r->direct;
    if (code == VSR_OK && !r->discard) {
        code = stage_open(&stage, r->plan, r->set, &run, &staging, &r->error);
    }
    if (code == VSR_OK && r->before_engine != NULL) {
        r->before_engine(r->context, stage);
    }
    if (code == VSR_OK) {
        code = restore_stage(r, &budget, stage);
    }
    if (code == VSR_OK && r->before_publish != NULL) {
        r->before_publish(r->context, stage);
    }
    if (code == VSR_OK) {
        restore_unit_states(r);
    }
    for (uint32_t i = 0; stage != NULL && i < stage->group_count && code == VSR_OK; i++) {
        code = publish_group(stage, i, r->durability, r->log, r->states, r->rows, r->residue,
                             &r->error);
    }
    if (stage != NULL) {
        meta_loss_add(&r->losses, &stage->losses);
        bool residue = false;
        for (uint32_t i = 0; i < r->plan->unit_count; i++) {
            residue = residue || r->residue[i] > 0;
        }
        const vsr_code closed = stage_close(stage, residue, &r->error);
        code = code == VSR_OK ? closed : code;
    }
    return code;
}

void restore_free(struct restore *r)
{
    free(r->rows);
    free(r->states);
    free(r->residue);
    free(r->profile);
    r->rows = NULL;
    r->states = NULL;
    r->residue = NULL;
    r->profile = NULL;
}

uint32_t restore_file(const struct restore *r, const char *path)
{
    for (uint32_t i = 0; i < r->plan->file_count; i++) {
        char text[4096];
        const size_t n =
            index_path(&r->set->index, r->plan->files[i].entry, '/', text, sizeof text);
        if (n == strlen(path) && memcmp(text, path, n) == 0) {
            return i;
        }
    }
    (void)fprintf(stderr, "no planned file %s\n", path);
    abort();
}
