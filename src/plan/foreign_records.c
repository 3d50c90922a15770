/* foreign_records.c - a file record of another front end's plan: its place, its chunks, its
 * metadata.
 *
 * Called by foreign_lines.c for each. Chunks follow each other in the file, so that no two of
 * them write one byte; where they leave something out the record must say that it means holes. */
#include "plan/foreign_records.h"

#include "base/heap.h"
#include "base/limits.h"
#include "plan/choices.h"

#include <sys/stat.h>

enum { NS_MAX = 999999999, MODE_MAX = 07777 };

static const char *codec_word(unsigned number)
{
    return foreign_codec_text(number);
}

static const char *kind_word(unsigned number)
{
    static const char *const words[] = {"plain", "directory", "reparse", "hardlink"};
    return number < sizeof words / sizeof *words ? words[number] : NULL;
}

enum record_kind { RECORD_PLAIN, RECORD_DIRECTORY, RECORD_REPARSE, RECORD_HARDLINK };

/* --- where it goes --- */

/* The volume that path lies on, the innermost one, and in *rest what it has behind the volume's
 * folder: "/a/b". MARK_NONE: on none. */
static uint32_t volume_of(const struct foreign_lines *lines, struct view path, struct view *rest)
{
    uint32_t found = MARK_NONE;
    for (uint32_t i = 0; i < lines->foreign->volume_count; i++) {
        const struct view dir = lines->dirs[i];
        if (view_starts(path, dir) && path.n > dir.n && path.p[dir.n] == '/' &&
            (found == MARK_NONE || dir.n > lines->dirs[found].n)) {
            found = i;
        }
    }
    if (found != MARK_NONE) {
        *rest = view_skip(path, lines->dirs[found].n);
    }
    return found;
}

static void record_place(struct foreign_lines *lines, line_object *record, bool is_directory,
                         uint32_t *node)
{
    const struct view path = line_path(&lines->reader, record, "path");
    struct view rest = VIEW_NONE;
    const uint32_t volume = volume_of(lines, path, &rest);
    if (lines->reader.rc != VSR_OK) {
        return;
    }
    if (volume == MARK_NONE) {
        (void)line_fault(&lines->reader, "its path is below none of the plan's volumes: \"%.*s\"",
                         VIEW_ARG(path));
        return;
    }
    const char *fault = foreign_tree_add(&lines->tree, volume, rest, is_directory,
                                         lines->foreign->record_count, node);
    if (fault != NULL) {
        (void)line_fault(&lines->reader, "its path %s: \"%.*s\"", fault, VIEW_ARG(path));
    }
}

/* A further name of a file that stands before it in the plan. */
static void record_link(struct foreign_lines *lines, line_object *record,
                        struct foreign_record *out)
{
    const struct view path = line_path(&lines->reader, record, "link");
    struct view rest = VIEW_NONE;
    const uint32_t volume = volume_of(lines, path, &rest);
    const uint32_t node =
        volume != MARK_NONE ? foreign_tree_find(&lines->tree, volume, rest) : MARK_NONE;
    out->owner = node != MARK_NONE ? lines->tree.nodes[node].record : MARK_NONE;
    if (out->owner >= lines->foreign->record_count ||
        lines->records[out->owner].facts.kind != INDEX_FILE ||
        lines->records[out->owner].owner != MARK_NONE) {
        (void)line_fault(&lines->reader,
                         "\"link\" is no file with chunks that stands before it: %.*s",
                         VIEW_ARG(path));
        out->owner = MARK_NONE;
        return;
    }
    out->facts = lines->records[out->owner].facts; /* where it cannot be linked, it is a copy */
    out->facts.flags &= (uint8_t)~INDEX_SPARSE;
    out->facts.chunk_count = out->facts.range_count = 0;
    out->facts.file.first_chunk = out->facts.file.first_range = 0;
}

static void record_target(struct foreign_lines *lines, line_object *record,
                          struct foreign_record *out)
{
    const struct view text = line_path(&lines->reader, record, "target");
    if (text.n == 0 || text.n > WIN_PATH_BYTES_MAX) {
        (void)line_fault(&lines->reader, "\"target\" is nothing that a link can lead to");
    }
    out->facts.link.offset = lines->tree.texts.n;
    out->facts.link.bytes = text.n;
    buffer_add_view(&lines->tree.texts, text);
}

/* --- chunks --- */

static bool source_equal(const void *context, const void *key, uint32_t number)
{
    const struct foreign_media *foreign = context;
    return view_equal(foreign->sources[number].path, *(const struct view *)key);
}

/* The number of a stored file. */
static uint32_t source_of(struct foreign_lines *lines, struct view name)
{
    struct foreign_media *foreign = lines->foreign;
    struct view path = name;
    if (name.n == 0 || name.p[0] != '/') {
        path = arena_printf(&lines->reader.arena, "%.*s/%.*s", VIEW_ARG(lines->media_dir),
                            VIEW_ARG(name));
    }
    if (name.n == 0 || path.n >= 4096) {
        (void)line_fault(&lines->reader, "\"file\" names no file");
        return 0;
    }
    const uint64_t hash = hash_bytes(path.p, path.n);
    const uint32_t known = hash_map_find(&lines->sources, hash, &path, source_equal, foreign);
    if (known != MARK_NONE) {
        return known;
    }
    foreign->sources = heap_grow(foreign->sources, foreign->source_count, &lines->source_capacity,
                                 sizeof *foreign->sources);
    foreign->sources[foreign->source_count] =
        (struct foreign_source){.path = arena_copy(&foreign->arena, path)};
    hash_map_add(&lines->sources, hash, foreign->source_count);
    return foreign->source_count++;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 16 small hexadecimal digits or 32, the first the most significant. */
static void chunk_sum(struct foreign_lines *lines, line_object *object, struct foreign_chunk *out)
{
    const struct view text = line_text(&lines->reader, object, "xxh3");
    bool right = text.n == 16 || text.n == 32;
    for (size_t i = 0; right && i < text.n; i += 2) {
        const int high = digit_of(text.p[i]), low = digit_of(text.p[i + 1]);
        right = high >= 0 && low >= 0;
        out->sum[i / 2] = right ? (uint8_t)(high << 4 | low) : 0;
    }
    out->sum_bytes = (uint8_t)(text.n / 2);
    if (!right) {
        (void)line_fault(&lines->reader, "\"xxh3\" is not of 16 or 32 small hexadecimal digits");
    }
}

/* What the numbers of one chunk may not be, whatever stands in the stored file. */
static const char *chunk_fault(const struct foreign_chunk *chunk, uint64_t end, uint64_t size)
{
    if (chunk->stored_bytes == 0 || chunk->plain_bytes == 0) {
        return "a chunk of no bytes";
    }
    if (chunk->offset > FILE_BYTES_MAX - chunk->stored_bytes) {
        return "a chunk ends beyond what a file can hold";
    }
    if (chunk->file_offset < end) {
        return "a chunk begins before the end of the one before it";
    }
    if (chunk->file_offset > size || chunk->plain_bytes > size - chunk->file_offset) {
        return "a chunk ends beyond the file's size";
    }
    if (chunk->codec == FOREIGN_NONE && chunk->stored_bytes != chunk->plain_bytes) {
        return "a chunk of codec \"none\" has another length than size";
    }
    if (chunk->codec == FOREIGN_LZ4_BLOCK && chunk->plain_bytes > FOREIGN_BLOCK_BYTES_MAX) {
        return "a chunk of codec \"lz4-block\" holds more than 16 MiB: cut it, or use "
               "\"lz4-frame\"";
    }
    if (chunk->codec == FOREIGN_LZ4_BLOCK && chunk->stored_bytes > FOREIGN_BLOCK_STORED_MAX) {
        return "a chunk of codec \"lz4-block\" is longer than any of them can be";
    }
    return NULL;
}

static uint32_t at_most_u32(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static void chunk_add(struct foreign_lines *lines, const struct foreign_chunk *chunk)
{
    struct foreign_media *foreign = lines->foreign;
    foreign->chunks = heap_grow(foreign->chunks, foreign->chunk_count, &lines->chunk_capacity,
                                sizeof *foreign->chunks);
    foreign->index_chunks = heap_grow(foreign->index_chunks, foreign->chunk_count,
                                      &lines->index_chunk_capacity, sizeof *foreign->index_chunks);
    foreign->chunks[foreign->chunk_count] = *chunk;
    foreign->index_chunks[foreign->chunk_count++] = (struct index_chunk){
        .frame_offset = chunk->offset,
        .pack = chunk->source,
        .frame_bytes = at_most_u32(chunk->stored_bytes),
        .frame_plain_bytes = at_most_u32(chunk->plain_bytes),
        .length = at_most_u32(chunk->plain_bytes),
        .file_offset = chunk->file_offset,
    };
}

/* What is not a hole, in as few ranges as can be. */
static void range_add(struct foreign_lines *lines, struct index_entry *facts,
                      const struct foreign_chunk *chunk)
{
    struct foreign_media *foreign = lines->foreign;
    struct index_range *last =
        facts->range_count > 0 ? &foreign->index_ranges[lines->range_count - 1] : NULL;
    if (last != NULL && last->offset + last->length == chunk->file_offset) {
        last->length += chunk->plain_bytes;
        return;
    }
    foreign->index_ranges = heap_grow(foreign->index_ranges, lines->range_count,
                                      &lines->range_capacity, sizeof *foreign->index_ranges);
    foreign->index_ranges[lines->range_count++] =
        (struct index_range){chunk->file_offset, chunk->plain_bytes};
    facts->range_count++;
}

static void read_chunk(struct foreign_lines *lines, line_object *object, struct index_entry *facts,
                       uint64_t *end)
{
    static const char *const known[] = {"file",  "file_b64", "at",   "offset", "length",
                                        "codec", "size",     "xxh3", NULL};
    struct line_reader *reader = &lines->reader;
    if (object == NULL) {
        return;
    }
    line_only(reader, object, known);
    struct foreign_chunk chunk = {
        .offset = line_number(reader, object, "offset", FILE_BYTES_MAX),
        .stored_bytes = line_number(reader, object, "length", FILE_BYTES_MAX),
        .plain_bytes = line_number(reader, object, "size", FILE_BYTES_MAX),
        .file_offset =
            line_has(object, "at") ? line_number(reader, object, "at", FILE_BYTES_MAX) : *end,
        .codec = (uint8_t)line_word(reader, object, "codec", codec_word),
    };
    chunk_sum(lines, object, &chunk);
    chunk.source = source_of(lines, line_path(reader, object, "file"));
    const char *fault = chunk_fault(&chunk, *end, facts->size);
    if (fault != NULL) {
        (void)line_fault(reader, "%s", fault);
    }
    if (reader->rc != VSR_OK) {
        return;
    }
    if ((facts->flags & INDEX_SPARSE) != 0) {
        range_add(lines, facts, &chunk);
    } else if (chunk.file_offset != *end) {
        (void)line_fault(reader, "a chunk leaves a gap behind the one before it, and the record "
                                 "does not say \"sparse\"");
    }
    *end = chunk.file_offset + chunk.plain_bytes;
    chunk_add(lines, &chunk);
}

static void record_chunks(struct foreign_lines *lines, line_object *record,
                          struct index_entry *facts)
{
    struct line_reader *reader = &lines->reader;
    uint64_t end = 0;
    facts->size = line_number(reader, record, "size", FILE_BYTES_MAX);
    if (line_has(record, "sparse") && line_bool(reader, record, "sparse")) {
        facts->flags |= INDEX_SPARSE;
    }
    facts->file.first_chunk = lines->foreign->chunk_count;
    facts->file.first_range = lines->range_count;
    facts->chunk_count = line_array(reader, record, "chunks", MARK_NONE - 2);
    for (uint32_t i = 0; i < facts->chunk_count && reader->rc == VSR_OK; i++) {
        read_chunk(lines, line_item(reader, record, "chunks", i), facts, &end);
    }
    if (end != facts->size && (facts->flags & INDEX_SPARSE) == 0) {
        (void)line_fault(reader, "its chunks do not add up to its size, and the record does not "
                                 "say \"sparse\"");
    }
    if (__builtin_add_overflow(lines->bytes_read, facts->size, &lines->bytes_read)) {
        (void)line_fault(reader, "its size is impossible");
    }
}

/* --- metadata --- */

static uint32_t optional_number(struct foreign_lines *lines, line_object *record, const char *key,
                                uint32_t value_max, uint32_t otherwise)
{
    return line_has(record, key) ? (uint32_t)line_number(&lines->reader, record, key, value_max)
                                 : otherwise;
}

static void record_metadata(struct foreign_lines *lines, line_object *record, enum record_kind kind,
                            struct index_entry *facts)
{
    static const uint32_t types[] = {S_IFREG, S_IFDIR, S_IFLNK};
    static const uint32_t modes[] = {0644, 0755, 0777};
    facts->modify_ns = FOREIGN_NO_TIME;
    if (line_has(record, "modify_s")) {
        facts->modify_s = line_signed(&lines->reader, record, "modify_s");
        facts->modify_ns = optional_number(lines, record, "modify_ns", NS_MAX, 0);
    } else if (line_has(record, "modify_ns")) {
        (void)line_fault(&lines->reader, "\"modify_ns\" is there without \"modify_s\"");
    } else if (kind != RECORD_DIRECTORY && lines->foreign->overwrite == OVERWRITE_IF_NEWER) {
        (void)line_fault(&lines->reader, "it has no \"modify_s\", and \"overwrite\" is "
                                         "\"if-newer\": nobody could tell whether it is newer");
    }
    facts->mode = types[kind] | optional_number(lines, record, "mode", MODE_MAX, modes[kind]);
    /* none: chown() leaves it as it is */
    facts->uid = optional_number(lines, record, "uid", UINT32_MAX - 1, UINT32_MAX);
    facts->gid = optional_number(lines, record, "gid", UINT32_MAX - 1, UINT32_MAX);
    if (line_has(record, "dos_attributes")) {
        facts->dos_attributes = optional_number(lines, record, "dos_attributes", UINT32_MAX, 0);
        facts->flags |= INDEX_HAS_DOS;
    }
}

/* --- the record --- */

/* Members that each kind has beside those of all. */
static void record_members(struct foreign_lines *lines, line_object *record, enum record_kind kind)
{
#define OF_ALL                                                                                     \
    "t", "unit", "kind", "path", "path_b64", "modify_s", "modify_ns", "mode", "uid", "gid",        \
        "dos_attributes"
    static const char *const plain[] = {OF_ALL, "size", "sparse", "chunks", NULL};
    static const char *const directory[] = {OF_ALL, NULL};
    static const char *const reparse[] = {OF_ALL, "target", "target_b64", NULL};
    static const char *const hardlink[] = {"t",        "unit", "kind",     "path",
                                           "path_b64", "link", "link_b64", NULL};
#undef OF_ALL
    static const char *const *const members[] = {plain, directory, reparse, hardlink};
    line_only(&lines->reader, record, members[kind]);
}

static void record_of_unit(struct foreign_lines *lines, line_object *record)
{
    struct foreign_media *foreign = lines->foreign;
    const uint64_t unit = line_number(&lines->reader, record, "unit", MARK_NONE);
    if (unit >= foreign->unit_count || unit < lines->unit) {
        (void)line_fault(&lines->reader, "it belongs to no unit, or stands behind a later unit's");
        return;
    }
    lines->unit = (uint32_t)unit;
    struct foreign_unit *own = &foreign->units[unit];
    own->first_record = own->record_count == 0 ? foreign->record_count : own->first_record;
    own->record_count++;
}

void foreign_read_file(struct foreign_lines *lines, line_object *record)
{
    static const uint8_t kinds[] = {INDEX_FILE, INDEX_DIRECTORY, INDEX_SYMLINK, INDEX_FILE};
    struct foreign_media *foreign = lines->foreign;
    const enum record_kind kind =
        line_has(record, "kind")
            ? (enum record_kind)line_word(&lines->reader, record, "kind", kind_word)
            : RECORD_PLAIN;
    struct foreign_record out = {.owner = MARK_NONE};
    if (foreign->record_count >= lines->file_count) {
        (void)line_fault(&lines->reader, "there are more files than the first record says");
        return;
    }
    record_members(lines, record, kind);
    record_of_unit(lines, record);
    out.facts.kind = kinds[kind];
    if (kind == RECORD_PLAIN) {
        record_chunks(lines, record, &out.facts);
    } else if (kind == RECORD_REPARSE) {
        record_target(lines, record, &out);
    } else if (kind == RECORD_HARDLINK) {
        record_link(lines, record, &out);
    }
    if (kind != RECORD_HARDLINK) {
        record_metadata(lines, record, kind, &out.facts);
    }
    record_place(lines, record, kind == RECORD_DIRECTORY, &out.node);
    lines->records = heap_grow(lines->records, foreign->record_count, &lines->record_capacity,
                               sizeof *lines->records);
    lines->records[foreign->record_count++] = out;
}
