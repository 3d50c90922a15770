/* foreign_lines.c - record by record from another front end's plan to a catalogue in memory.
 *
 * Beside plan_lines.c, which reads plans for a set. A file record is foreign_records.c's, places
 * are foreign_tree.c's; here are the first record, the units, the end, and the index out of all
 * of them. What is at the places is asked when a plan is made of it. */
#include "plan/foreign_lines.h"

#include "base/heap.h"
#include "base/limits.h"
#include "media/foreign_read.h"
#include "media/part.h"
#include "plan/foreign_records.h"

#include <stdlib.h>

static const char *overwrite_word(unsigned number)
{
    static const char *const words[] = {"never", "if-newer", "always"};
    return number < sizeof words / sizeof *words ? words[number] : NULL;
}

bool foreign_lines_are(struct view bytes)
{
    vsr_error ignored = {0};
    struct line_reader reader = {.rest = bytes, .path = "", .error = &ignored};
    line_object *record = line_next(&reader);
    const bool are = record != NULL && line_has(record, "t") &&
                     view_equal(line_text(&reader, record, "t"), VIEW("plan")) &&
                     line_is_null(record, "set");
    line_end(&reader);
    return are;
}

/* --- volumes --- */

/* Why dir can be no volume's folder; NULL: it can. */
static const char *dir_fault(const struct foreign_lines *lines, struct view dir)
{
    struct view rest = dir;
    if (dir.n == 0 || dir.p[0] != '/') {
        return "does not begin at the root of the file system";
    }
    while (rest.n > 1) {
        rest = view_skip(rest, 1);
        const struct view name = {rest.p, view_find(rest, '/')};
        if (name.n == 0 || view_equal(name, VIEW(".")) || view_equal(name, VIEW(".."))) {
            return "has an empty name, \".\" or \"..\" in it";
        }
        rest = view_skip(rest, name.n);
    }
    if (rest.n > 0 && dir.n > 1) {
        return "ends with a '/'";
    }
    for (uint32_t i = 0; i < lines->foreign->volume_count; i++) {
        if (view_equal(lines->dirs[i], dir.n > 1 ? dir : VIEW(""))) {
            return "is another volume's folder already";
        }
    }
    return dir.n < 4096 ? NULL : "is longer than a path can be";
}

/* The volume as a set describes it, by the one name that it has. NULL, or why spec is none. */
static const char *volume_name(struct foreign_lines *lines, struct view spec,
                               struct set_volume *out)
{
    struct arena *arena = &lines->foreign->arena;
    const char *fault = NULL;
    struct win_path path;
    if (!volume_table_add(&lines->volumes, arena, spec, lines->foreign->volume_count, &fault)) {
        return fault;
    }
    if (win_path_parse(arena, spec, &path) != WIN_PATH_OK || path.rest.n > 0 ||
        view_find(spec, '=') != spec.n) {
        return "is no letter, no GUID and no share";
    }
    switch (path.kind) {
    case VOLUME_LETTER:
        out->letter = path.volume;
        break;
    case VOLUME_GUID:
        out->guid = arena_printf(arena, "%.*s\\", VIEW_ARG(path.volume));
        break;
    case VOLUME_UNC:
        out->unc = path.volume;
        break;
    }
    out->case_sensitive = true;
    out->prefix = path.volume;
    return NULL;
}

static void read_volume(struct foreign_lines *lines, line_object *object)
{
    static const char *const known[] = {"spec", "dir", "dir_b64", NULL};
    struct line_reader *reader = &lines->reader;
    struct foreign_media *foreign = lines->foreign;
    if (object == NULL) {
        return;
    }
    line_only(reader, object, known);
    const struct view spec = line_text(reader, object, "spec");
    const struct view dir = line_path(reader, object, "dir");
    struct set_volume *volume = &lines->set_volumes[foreign->volume_count];
    const char *fault = dir_fault(lines, dir);
    if (fault != NULL) {
        (void)line_fault(reader, "a volume's folder %s: \"%.*s\"", fault, VIEW_ARG(dir));
        return;
    }
    fault = volume_name(lines, spec, volume);
    if (fault != NULL) {
        (void)line_fault(reader, "a volume's name %s: \"%.*s\"", fault, VIEW_ARG(spec));
        return;
    }
    lines->dirs[foreign->volume_count] = arena_copy(&foreign->arena, dir.n > 1 ? dir : VIEW(""));
    foreign->volumes[foreign->volume_count++] =
        arena_printf(&foreign->arena, "%.*s=%.*s",
                     VIEW_ARG(volume->guid.n > 0 ? volume->guid : volume->prefix), VIEW_ARG(dir))
            .p;
    foreign_tree_add_volume(&lines->tree);
}

static void read_volumes(struct foreign_lines *lines, line_object *record)
{
    struct foreign_media *foreign = lines->foreign;
    const uint32_t count = line_array(&lines->reader, record, "volumes", SET_VOLUMES_MAX);
    lines->dirs = ARENA_ARRAY(&foreign->arena, struct view, count + 1u);
    lines->set_volumes = ARENA_ARRAY(&foreign->arena, struct set_volume, count + 1u);
    foreign->volumes = heap_alloc(count + 1u, sizeof *foreign->volumes);
    for (uint32_t i = 0; i < count && lines->reader.rc == VSR_OK; i++) {
        read_volume(lines, line_item(&lines->reader, record, "volumes", i));
    }
}

/* --- the first record --- */

static void read_media_dir(struct foreign_lines *lines, line_object *record)
{
    struct view dir = view_of(lines->reader.path);
    while (dir.n > 0 && dir.p[dir.n - 1] != '/') {
        dir.n--;
    }
    dir.n -= dir.n > 1 ? 1 : 0;
    if (line_has(record, "media") || line_has(record, "media_b64")) {
        dir = line_path(&lines->reader, record, "media");
        if (dir.n == 0 || dir.p[0] != '/') {
            (void)line_fault(&lines->reader,
                             "\"media\" does not begin at the root of the file system");
        }
    }
    lines->media_dir = arena_copy(&lines->foreign->arena, dir);
}

static void read_head(struct foreign_lines *lines)
{
    static const char *const known[] = {"t",         "v",         "set",   "volumes",
                                        "units",     "files",     "bytes", "media",
                                        "media_b64", "overwrite", NULL};
    struct line_reader *reader = &lines->reader;
    line_object *record = line_next(reader);
    if (record == NULL || !view_equal(line_text(reader, record, "t"), VIEW("plan")) ||
        line_number(reader, record, "v", INT64_MAX) != 1 || !line_is_null(record, "set")) {
        (void)line_fault(reader, "it is no plan of version 1 that brings media of its own");
        return;
    }
    line_only(reader, record, known);
    lines->unit_count = line_number(reader, record, "units", FOREIGN_RECORDS_MAX);
    lines->file_count = line_number(reader, record, "files", FOREIGN_RECORDS_MAX);
    lines->bytes = line_number(reader, record, "bytes", INT64_MAX);
    if (line_has(record, "overwrite")) {
        lines->foreign->overwrite = line_word(reader, record, "overwrite", overwrite_word);
    }
    read_media_dir(lines, record);
    read_volumes(lines, record);
}

/* --- units, and the end --- */

static struct view kept_text(struct foreign_lines *lines, line_object *record, const char *key)
{
    return line_has(record, key)
               ? arena_copy(&lines->foreign->arena, line_text(&lines->reader, record, key))
               : VIEW_NONE;
}

static void read_uuid(struct foreign_lines *lines, line_object *record, const char *key,
                      uint8_t out[16])
{
    struct uuid uuid = {0};
    if (line_has(record, key) && !uuid_parse(line_text(&lines->reader, record, key), &uuid)) {
        (void)line_fault(&lines->reader, "\"%s\" is no uuid", key);
    }
    memcpy(out, uuid.bytes, sizeof uuid.bytes);
}

static void read_unit(struct foreign_lines *lines, line_object *record, size_t *capacity)
{
    static const char *const known[] = {"t",        "id",          "component",    "writer",
                                        "instance", "writer_name", "logical_path", NULL};
    struct foreign_media *foreign = lines->foreign;
    struct foreign_unit unit = {.component = VIEW_NONE};
    line_only(&lines->reader, record, known);
    if (line_number(&lines->reader, record, "id", INT64_MAX) != foreign->unit_count) {
        (void)line_fault(&lines->reader, "the units are not numbered from 0 on");
    }
    if (foreign->record_count > 0 || foreign->unit_count >= lines->unit_count) {
        (void)line_fault(&lines->reader, "no record \"unit\" can stand here");
    }
    read_uuid(lines, record, "writer", unit.writer_id);
    read_uuid(lines, record, "instance", unit.instance_id);
    unit.component = arena_copy(&foreign->arena, line_text(&lines->reader, record, "component"));
    unit.writer_name = kept_text(lines, record, "writer_name");
    unit.logical_path = kept_text(lines, record, "logical_path");
    foreign->units =
        heap_grow(foreign->units, foreign->unit_count, capacity, sizeof *foreign->units);
    foreign->units[foreign->unit_count++] = unit;
}

static void read_end(struct foreign_lines *lines, line_object *record)
{
    static const char *const known[] = {"t", NULL};
    struct line_reader *reader = &lines->reader;
    const struct foreign_media *foreign = lines->foreign;
    line_only(reader, record, known);
    if (foreign->unit_count != lines->unit_count || foreign->record_count != lines->file_count ||
        lines->bytes_read != lines->bytes) {
        (void)line_fault(reader, "the records are not as many, or hold not as many bytes, as the "
                                 "first one says");
    }
    if (reader->rc == VSR_OK && reader->rest.n > 0) {
        reader->line++;
        (void)line_fault(reader, "something stands behind the end");
    }
}

static void read_records(struct foreign_lines *lines)
{
    struct line_reader *reader = &lines->reader;
    size_t unit_capacity = 0;
    for (line_object *record; (record = line_next(reader)) != NULL;) {
        const struct view type = line_text(reader, record, "t");
        if (view_equal(type, VIEW("unit"))) {
            read_unit(lines, record, &unit_capacity);
        } else if (view_equal(type, VIEW("file"))) {
            foreign_read_file(lines, record);
        } else if (view_equal(type, VIEW("end"))) {
            read_end(lines, record);
            return;
        } else {
            (void)line_fault(reader, "no record \"%.*s\" can stand here", VIEW_ARG(type));
        }
    }
    (void)line_fault(reader, "the plan has no end; it was cut short");
}

/* --- the catalogue --- */

/* What the record says beside its place. */
static void entry_fill(const struct foreign_lines *lines, uint32_t record, const uint32_t *numbers,
                       struct index_entry *entry)
{
    const struct foreign_record *from = &lines->records[record];
    struct index_entry made = from->facts;
    made.parent = entry->parent;
    made.volume = entry->volume;
    made.name_offset = entry->name_offset;
    made.name_bytes = entry->name_bytes;
    made.descriptor = MARK_NONE;
    made.link_group = entry->link_group; /* told by further names, which stand behind */
    if (made.kind == INDEX_DIRECTORY) {
        made.directory = entry->directory;
    }
    *entry = made;
    if (from->owner != MARK_NONE) {
        const uint32_t owner = numbers[lines->records[from->owner].node];
        entry->link_group = owner;
        lines->foreign->index_entries[owner].link_group = owner;
    }
}

static void entries_make(struct foreign_lines *lines)
{
    struct foreign_media *foreign = lines->foreign;
    uint32_t *numbers = heap_alloc(lines->tree.count + 1u, sizeof *numbers);
    foreign->index_entries = heap_alloc(lines->tree.count + 1u, sizeof *foreign->index_entries);
    foreign->records = heap_alloc(foreign->record_count + 1u, sizeof *foreign->records);
    foreign_tree_number(&lines->tree, numbers, foreign->index_entries);
    for (uint32_t i = 0; i < lines->tree.count; i++) { /* folders on the way, and tops */
        struct index_entry *entry = &foreign->index_entries[numbers[i]];
        entry->mode = 040755;
        entry->modify_ns = FOREIGN_NO_TIME;
        entry->uid = entry->gid = UINT32_MAX;
    }
    for (uint32_t i = 0; i < foreign->record_count; i++) {
        foreign->records[i] = numbers[lines->records[i].node];
        entry_fill(lines, i, numbers, &foreign->index_entries[foreign->records[i]]);
    }
    free(numbers);
}

static void spaces_take(struct foreign_media *foreign)
{
    foreign->stored_bytes_max = foreign->plain_bytes_max = FOREIGN_HISTORY_BYTES;
    for (uint64_t i = 0; i < foreign->chunk_count; i++) {
        const uint32_t stored = foreign_stored_space(&foreign->chunks[i]);
        const uint32_t plain = foreign_plain_space(&foreign->chunks[i]);
        foreign->stored_bytes_max =
            stored > foreign->stored_bytes_max ? stored : foreign->stored_bytes_max;
        foreign->plain_bytes_max =
            plain > foreign->plain_bytes_max ? plain : foreign->plain_bytes_max;
    }
}

static void media_make(struct foreign_lines *lines, struct media_set *out)
{
    struct foreign_media *foreign = lines->foreign;
    struct media_index *index = &out->index;
    entries_make(lines);
    spaces_take(foreign);
    foreign->index_volumes = heap_alloc(foreign->volume_count + 1u, sizeof *foreign->index_volumes);
    for (uint32_t i = 0; i < foreign->volume_count; i++) {
        foreign->index_volumes[i].root_entry = i;
    }
    buffer_add_char(&lines->tree.texts, '\0');
    index->blob_bytes = lines->tree.texts.n;
    foreign->index_blobs = lines->tree.texts.p;
    lines->tree.texts = (struct buffer){0};
    index->header = &foreign->header;
    index->volumes = foreign->index_volumes;
    index->entries = foreign->index_entries;
    index->chunks = foreign->index_chunks;
    index->ranges = foreign->index_ranges;
    index->blobs = foreign->index_blobs;
    index->volume_count = foreign->volume_count;
    index->entry_count = lines->tree.count;
    index->chunk_count = foreign->chunk_count;
    index->range_count = lines->range_count;
    index->pack_count = foreign->source_count;
    index->owners_untold = true;
    out->description.volumes = lines->set_volumes;
    out->description.volume_count = foreign->volume_count;
    out->description.files = foreign->record_count;
    out->description.bytes = lines->bytes_read;
    foreign->table_bytes = index->blob_bytes +
                           (uint64_t)index->entry_count * sizeof *index->entries +
                           index->chunk_count * (sizeof *index->chunks + sizeof *foreign->chunks) +
                           (uint64_t)foreign->source_count * (sizeof *foreign->sources + 32) +
                           index->range_count * sizeof *index->ranges + foreign->arena.total_bytes;
}

static void lines_fini(struct foreign_lines *lines)
{
    foreign_tree_free(&lines->tree);
    volume_table_free(&lines->volumes);
    hash_map_free(&lines->sources);
    free(lines->records);
    line_end(&lines->reader);
}

vsr_code foreign_read_lines(struct media_set *out, struct view bytes, const char *path,
                            vsr_error *error)
{
    struct foreign_lines lines = {.reader = {.rest = bytes, .path = path, .error = error}};
    *out = (struct media_set){.dir_fd = -1};
    out->path = arena_copy(&out->arena, view_of(path));
    out->foreign = lines.foreign = heap_alloc(1, sizeof *lines.foreign);
    part_hash_bytes(bytes.p, bytes.n, lines.foreign->plan_xxh3);
    read_head(&lines);
    read_records(&lines);
    const vsr_code rc = lines.reader.rc;
    if (rc == VSR_OK) {
        media_make(&lines, out);
    }
    lines_fini(&lines);
    if (rc != VSR_OK) {
        set_close(out);
    }
    return rc;
}
