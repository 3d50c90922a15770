/* salvage.c - damaged files read again, chunk by chunk: what verifies is kept at its offset, what
 * does not is a hole and stands in a list.
 *
 * Reads slowly, on one thread: few files are damaged, and their media may be failing. Never writes
 * a byte that does not verify. */
#include "run/salvage.h"

#include "base/cancel.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/salvage.h"
#include "media/content.h"
#include "plan/plan.h"
#include "run/salvage_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One file being kept. */
struct salvaging {
    const struct salvage_input *input;
    uint32_t entry; /* with the data */
    int fd;
    char *chunk;        /* FRAME_PLAIN_BYTES_MAX */
    struct json ranges; /* into list */
    struct buffer list;
    uint64_t bad_at, bad_bytes; /* the range that is open; 0 bytes: none */
    uint64_t readable, bad;
};

static bool salvage_cancelled(const struct salvage_input *input)
{
    return cancel_number(input->cancel) != 0;
}

static void bad_end(struct salvaging *s)
{
    if (s->bad_bytes > 0) {
        json_object_begin(&s->ranges, NULL);
        json_u64(&s->ranges, "offset", s->bad_at);
        json_u64(&s->ranges, "length", s->bad_bytes);
        json_object_end(&s->ranges);
    }
    s->bad_bytes = 0;
}

/* Ranges come in order; those that touch are one. */
static void bad_add(struct salvaging *s, uint64_t offset, uint64_t bytes)
{
    if (bytes == 0) {
        return;
    }
    if (s->bad_bytes == 0 || s->bad_at + s->bad_bytes != offset) {
        bad_end(s);
        s->bad_at = offset;
    }
    s->bad_bytes += bytes;
    s->bad += bytes;
}

static int chunk_keep(struct salvaging *s, uint32_t number)
{
    const struct media_index *index = &s->input->set->index;
    const struct index_entry *e = &index->entries[s->entry];
    const struct index_chunk *chunk = &index->chunks[e->file.first_chunk + number];
    vsr_error ignored = {0};
    if (content_read_chunk(s->input->set, s->entry, number, s->chunk, &ignored) != VSR_OK) {
        bad_add(s, chunk->file_offset, chunk->length);
        return 0;
    }
    s->readable += chunk->length;
    return io_pwrite(s->fd, s->chunk, chunk->length, chunk->file_offset, "a salvaged file",
                     VSR_ERR_DEST_IO, NULL) == VSR_OK
               ? 0
               : errno;
}

/* The chunks of [begin, end), which should be covered by them. *number: the next chunk. */
static int range_keep(struct salvaging *s, uint32_t *number, uint64_t begin, uint64_t end)
{
    const struct media_index *index = &s->input->set->index;
    const struct index_entry *e = &index->entries[s->entry];
    uint64_t at = begin;
    int fault = 0;
    while (fault == 0 && *number < e->chunk_count &&
           index->chunks[e->file.first_chunk + *number].file_offset < end) {
        const struct index_chunk *chunk = &index->chunks[e->file.first_chunk + *number];
        if (chunk->file_offset > at) {
            bad_add(s, at, chunk->file_offset - at);
        }
        fault = salvage_cancelled(s->input) ? ECANCELED : chunk_keep(s, (*number)++);
        at = chunk->file_offset + chunk->length;
    }
    if (fault == 0 && at < end) {
        bad_add(s, at, end - at);
    }
    return fault;
}

static int content_keep(struct salvaging *s)
{
    const struct media_index *index = &s->input->set->index;
    const struct index_entry *e = &index->entries[s->entry];
    uint32_t number = 0;
    int fault = 0;
    if ((e->flags & INDEX_SPARSE) == 0) {
        fault = range_keep(s, &number, 0, e->size);
    }
    for (uint32_t i = 0; (e->flags & INDEX_SPARSE) != 0 && i < e->range_count && fault == 0; i++) {
        const struct index_range *range = &index->ranges[e->file.first_range + i];
        fault = range_keep(s, &number, range->offset, range->offset + range->length);
    }
    bad_end(s);
    if (fault == 0 && ftruncate(s->fd, (off_t)e->size) != 0) {
        fault = errno;
    }
    return fault != 0 || !s->input->durable || fsync(s->fd) == 0 ? fault : errno;
}

/* The line that stands beside the file and in the run folder. */
static void line_render(const struct salvaging *s, uint32_t file, const char *name,
                        struct buffer *out)
{
    char run[UUID_TEXT_BYTES];
    struct buffer path = {0};
    struct json json = json_into(out);
    uuid_text(s->input->run, run);
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("salvaged"));
    json_text(&json, "run", view_of(run));
    json_u64(&json, "file", file);
    plan_source_path(s->input->plan, s->input->set, file, &path);
    json_path(&json, "source", buffer_view(&path));
    path.n = 0;
    plan_unix_path(s->input->plan, s->input->set, file, &path);
    json_path(&json, "path", buffer_view(&path));
    json_path(&json, "name", view_of(name));
    json_u64(&json, "size", s->input->set->index.entries[s->entry].size);
    json_u64(&json, "readable", s->readable);
    json_raw(&json, "bad", buffer_view(&s->list));
    json_object_end(&json);
    json_line_end(&json);
    buffer_free(&path);
}

/* --- what a process before has kept --- */

enum kept_before { KEPT_NONE, KEPT_WHOLE, KEPT_OTHERS };

/* Is it this run's, what stands at the name? A list alone is all that a kill can leave: it goes. */
static enum kept_before name_judge(struct salvaging *s, uint32_t file, int folder_fd,
                                   const char *name, struct buffer *lines)
{
    char list[SALVAGE_NAME_BYTES];
    struct buffer text = {0};
    salvage_list_name(name, list);
    const enum salvage_found data = salvage_look(folder_fd, name);
    const enum salvage_found told = salvage_look(folder_fd, list);
    const bool ours =
        told == SALVAGE_OURS && data != SALVAGE_OTHER &&
        io_read_file(folder_fd, list, SALVAGE_LIST_BYTES_MAX, &text, VSR_ERR_DEST_IO, NULL) ==
            VSR_OK &&
        salvage_list_read(buffer_view(&text), s->input->run, file, &s->readable, &s->bad);
    enum kept_before found =
        told == SALVAGE_NOTHING && data == SALVAGE_NOTHING ? KEPT_NONE : KEPT_OTHERS;
    if (ours && data == SALVAGE_OURS) {
        buffer_add(lines, text.p, text.n);
        found = KEPT_WHOLE;
    } else if (ours) {
        found = unlinkat(folder_fd, list, 0) == 0 ? KEPT_NONE : KEPT_OTHERS;
        s->readable = s->bad = 0; /* counted anew as it is kept again */
    }
    buffer_free(&text);
    return found;
}

/* --- one file --- */

static int list_write(const struct salvaging *s, uint32_t file, int folder_fd, struct view line)
{
    OWN(fd) fd = salvage_create(s->input->stage, file, true, folder_fd);
    vsr_error error = {0};
    if (fd < 0) {
        return -fd;
    }
    if (io_write(fd, line.p, line.n, "the list of a salvaged file", VSR_ERR_DEST_IO, &error) !=
        VSR_OK) {
        return error.os_errno != 0 ? error.os_errno : EIO;
    }
    return s->input->durable && fsync(fd) != 0 ? errno : 0;
}

/* The bytes are kept: their list beside them, and both are seen, under the first name from number
 * on that nobody has. */
static int file_show(const struct salvaging *s, uint32_t file, int folder_fd, uint32_t number,
                     struct buffer *lines)
{
    char name[SALVAGE_NAME_BYTES], list[SALVAGE_NAME_BYTES];
    int fault = EEXIST;
    for (; fault == EEXIST && number <= SALVAGE_NUMBERS; number++) {
        struct buffer line = {0};
        salvage_name(s->input->stage, file, number, name);
        salvage_list_name(name, list);
        if (salvage_look(folder_fd, name) != SALVAGE_NOTHING ||
            salvage_look(folder_fd, list) != SALVAGE_NOTHING) {
            continue;
        }
        line_render(s, file, name, &line);
        fault = list_write(s, file, folder_fd, buffer_view(&line));
        fault = fault == 0 ? salvage_show(s->input->stage, file, folder_fd, name) : fault;
        if (fault == 0) {
            buffer_add(lines, line.p, line.n);
        }
        buffer_free(&line);
    }
    return fault != 0 || !s->input->durable || fsync(folder_fd) == 0 ? fault : errno;
}

static int file_read(struct salvaging *s, uint32_t file, int folder_fd)
{
    OWN(fd) fd = salvage_create(s->input->stage, file, false, folder_fd);
    if (fd < 0) {
        return -fd;
    }
    s->fd = fd;
    s->ranges = json_into(&s->list);
    json_array_begin(&s->ranges, NULL);
    const int fault = content_keep(s);
    json_array_end(&s->ranges);
    return fault;
}

/* The first name that is free, or this run's already: its number, from 1. */
static enum kept_before name_find(struct salvaging *s, uint32_t file, int folder_fd,
                                  uint32_t *number, char name[SALVAGE_NAME_BYTES],
                                  struct buffer *lines)
{
    enum kept_before found = KEPT_OTHERS;
    for (*number = 0; found == KEPT_OTHERS && *number < SALVAGE_NUMBERS;) {
        salvage_name(s->input->stage, file, ++*number, name);
        found = name_judge(s, file, folder_fd, name, lines);
    }
    return found;
}

/* 0, or errno; then nothing of it is left. A run that is cancelled begins none (ECANCELED), and
 * tells of those that are kept. */
static int file_keep(struct salvaging *s, uint32_t file, struct salvage_folders *folders,
                     struct buffer *lines)
{
    char name[SALVAGE_NAME_BYTES];
    uint32_t number;
    const bool cancelled = salvage_cancelled(s->input);
    OWN(fd)
    folder_fd = cancelled ? salvage_find_folder(folders, s->input->stage, file)
                          : salvage_open_folder(folders, s->input->stage, file);
    if (folder_fd < 0) {
        return cancelled ? ECANCELED : -folder_fd;
    }
    const enum kept_before found = name_find(s, file, folder_fd, &number, name, lines);
    if (found == KEPT_WHOLE || cancelled) {
        return found == KEPT_WHOLE ? 0 : ECANCELED;
    }
    s->entry = stage_data_entry(&s->input->set->index, s->input->plan->files[file].entry);
    int fault = found == KEPT_NONE ? file_read(s, file, folder_fd) : EEXIST;
    fault = fault == 0 ? file_show(s, file, folder_fd, number, lines) : fault;
    if (fault != 0) {
        salvage_drop(s->input->stage, file, folder_fd);
    }
    return fault;
}

static bool file_is_damaged(const struct salvage_input *input, uint32_t file)
{
    const struct plan_file *f = &input->plan->files[file];
    const uint8_t outcome = input->rows[file].outcome;
    return f->kind == KIND_PLAIN && f->entry != MARK_NONE &&
           (outcome == OUTCOME_MEDIA_CORRUPT || outcome == OUTCOME_MEDIA_MISSING) &&
           input->set->index.entries[f->entry].kind == INDEX_FILE &&
           (input->set->index.entries[f->entry].flags & INDEX_PARTIAL) == 0;
}

static void told_failed(const struct salvage_input *input, uint32_t file, int fault,
                        struct salvage_told *told)
{
    if (told->failed++ == 0) {
        plan_unix_path(input->plan, input->set, file, &told->first);
        buffer_printf(&told->first, ": %s", strerrordesc_np(fault));
    }
}

/* --- what a process before has left --- */

/* In the run folder: the numbers of the files that were damaged when one was about to be kept, and
 * of those of which something stands since before. */
static const char BEGUN_NAME[] = "salvage.bin";

/* The file is not damaged now: what is hidden of it goes, and what was shown if it is restored.
 * True: something of it stands, or nobody knows. */
static bool file_drop(const struct salvage_input *input, uint32_t file,
                      struct salvage_folders *folders)
{
    struct salvaging s = {.input = input};
    struct buffer ignored = {0};
    char name[SALVAGE_NAME_BYTES];
    uint32_t number;
    OWN(fd) folder_fd = salvage_find_folder(folders, input->stage, file);
    if (folder_fd < 0) {
        return folder_fd != -ENOENT;
    }
    salvage_drop(input->stage, file, folder_fd);
    bool stands = name_find(&s, file, folder_fd, &number, name, &ignored) == KEPT_WHOLE;
    if (stands && input->rows[file].outcome == OUTCOME_RESTORED) {
        salvage_withdraw(folder_fd, name);
        stands = salvage_look(folder_fd, name) != SALVAGE_NOTHING; /* written to since */
    }
    buffer_free(&ignored);
    return stands;
}

/* stand: gets the numbers of those of which something does. True: there was such a process. */
static bool left_drop(const struct salvage_input *input, struct salvage_folders *folders,
                      struct buffer *stand)
{
    const struct plan *plan = input->plan;
    struct buffer numbers = {0};
    uint32_t file;
    const bool begun =
        io_read_file(input->run_folder_fd, BEGUN_NAME, plan->file_count * sizeof file, &numbers,
                     VSR_ERR_DEST_IO, NULL) == VSR_OK;
    for (size_t at = 0; begun && at + sizeof file <= numbers.n; at += sizeof file) {
        memcpy(&file, numbers.p + at, sizeof file);
        if (file < plan->file_count && plan->files[file].kind == KIND_PLAIN &&
            !file_is_damaged(input, file) && file_drop(input, file, folders)) {
            buffer_add(stand, &file, sizeof file);
        }
    }
    buffer_free(&numbers);
    return begun;
}

static int compare_numbers(const void *left, const void *right)
{
    uint32_t a, b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return (a > b) - (a < b);
}

/* Before the first is kept, so that whoever goes on with the run finds what is left of them.
 * numbers: of those of which something stands; gets the damaged ones, too, all in order. */
static vsr_code files_note(const struct salvage_input *input, bool before, struct buffer *numbers,
                           vsr_error *error)
{
    for (uint32_t i = 0; i < input->plan->file_count; i++) {
        if (file_is_damaged(input, i)) {
            buffer_add(numbers, &i, sizeof i);
        }
    }
    if (numbers->n > sizeof(uint32_t)) {
        qsort(numbers->p, numbers->n / sizeof(uint32_t), sizeof(uint32_t), compare_numbers);
    }
    return numbers->n == 0 && !before
               ? VSR_OK
               : io_replace_file(input->run_folder_fd, BEGUN_NAME, buffer_view(numbers), IO_SYNCED,
                                 VSR_ERR_DEST_IO, error);
}

/* --- all --- */

/* What stands of a file that is not damaged now, and not restored either. 0 or errno. */
static int file_tell(struct salvaging *s, uint32_t file, struct salvage_folders *folders,
                     struct buffer *lines)
{
    char name[SALVAGE_NAME_BYTES];
    uint32_t number;
    OWN(fd) folder_fd = salvage_find_folder(folders, s->input->stage, file);
    if (folder_fd < 0) {
        return -folder_fd;
    }
    return name_find(s, file, folder_fd, &number, name, lines) == KEPT_WHOLE ? 0 : ENOENT;
}

static void files_keep(const struct salvage_input *input, struct view numbers,
                       struct salvage_folders *folders, struct buffer *lines,
                       struct salvage_told *told)
{
    OWN(heap) chunk = heap_alloc(FRAME_PLAIN_BYTES_MAX, 1);
    uint32_t file;
    for (size_t at = 0; at < numbers.n; at += sizeof file) {
        memcpy(&file, numbers.p + at, sizeof file);
        struct salvaging s = {.input = input, .chunk = chunk};
        const int fault = file_is_damaged(input, file) ? file_keep(&s, file, folders, lines)
                                                       : file_tell(&s, file, folders, lines);
        buffer_free(&s.list);
        told->cut_short = told->cut_short || fault == ECANCELED;
        if (fault == ECANCELED) {
            continue;
        }
        if (fault != 0) {
            told_failed(input, file, fault, told);
            continue;
        }
        told->saved++;
        told->readable += s.readable;
        told->bad += s.bad;
    }
}

vsr_code salvage_run(const struct salvage_input *input, struct salvage_told *told, vsr_error *error)
{
    struct buffer lines = {0}, numbers = {0};
    struct salvage_folders folders = {0};
    const bool before = left_drop(input, &folders, &numbers);
    vsr_code rc = files_note(input, before, &numbers, error);
    if (rc == VSR_OK) {
        files_keep(input, buffer_view(&numbers), &folders, &lines, told);
    }
    salvage_settle(&folders, input->stage);
    if (rc == VSR_OK && told->saved > 0) {
        rc = io_replace_file(input->run_folder_fd, "salvage.jsonl", buffer_view(&lines), IO_SYNCED,
                             VSR_ERR_DEST_IO, error);
    } else if (rc == VSR_OK && before) {
        (void)unlinkat(input->run_folder_fd, "salvage.jsonl", 0);
    }
    buffer_free(&lines);
    buffer_free(&numbers);
    return rc;
}
