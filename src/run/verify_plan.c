/* verify_plan.c - one pass over the plan's files, each opened through the confined door and
 * hashed chunk by chunk. It judges nothing but equality with the plan; holes must read as zeros. */
#include "run/verify_plan.h"

#include "base/heap.h"
#include "base/xxh3.h"
#include "dest/root.h"
#include "dest/stage.h"
#include "media/foreign_read.h"
#include "run/verify_ranges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct verification {
    const struct plan *plan;
    const struct media_set *set;
    struct dest_root *roots;
    verify_plan_report *report;
    void *context;
    uint64_t differences;
    char *bytes; /* one chunk of a set */
    struct checksum *checksum;
    struct buffer path;
};

VSR_PRINTF(3, 4)
static void difference(struct verification *v, uint32_t file, const char *format, ...)
{
    struct buffer sentence = {0};
    plan_unix_path(v->plan, v->set, file, &sentence);
    buffer_add_view(&sentence, VIEW(": "));
    char what[300];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    buffer_add_view(&sentence, view_of(what));
    v->report(v->context, buffer_view(&sentence));
    v->differences++;
    buffer_free(&sentence);
}

/* The path of a record below its root, NUL-terminated, in v->path. */
static uint32_t record_path(struct verification *v, uint32_t file)
{
    const struct plan_file *f = &v->plan->files[file];
    const uint32_t root = v->plan->directories[f->directory].root;
    const struct view dir = plan_text(v->plan, v->plan->roots[root].dir);
    v->path.n = 0;
    plan_unix_path(v->plan, v->set, file, &v->path);
    size_t skip = dir.n;
    while (skip < v->path.n && v->path.p[skip] == '/') {
        skip++;
    }
    memmove(v->path.p, v->path.p + skip, v->path.n - skip);
    v->path.n -= skip;
    buffer_add_char(&v->path, '\0');
    return root;
}

/* The next bytes of [at, end) into v->bytes: how many, or 0: they are not there. */
static size_t window_read(const struct verification *v, int fd, uint64_t at, uint64_t end)
{
    const size_t want =
        end - at > FRAME_PLAIN_BYTES_MAX ? FRAME_PLAIN_BYTES_MAX : (size_t)(end - at);
    return pread(fd, v->bytes, want, (off_t)at) == (ssize_t)want ? want : 0;
}

static bool hole_equal(const struct verification *v, int fd, uint64_t at, uint64_t end)
{
    while (at < end) {
        const size_t got = window_read(v, fd, at, end);
        for (size_t k = 0; k < got; k++) {
            if (v->bytes[k] != 0) {
                return false;
            }
        }
        if (got == 0) {
            return false;
        }
        at += got;
    }
    return true;
}

static bool chunk_equal(const struct verification *v, int fd, uint32_t entry_number,
                        const struct index_chunk *chunk)
{
    const uint64_t seed =
        index_chunk_seed(v->set->description.uuid.bytes, entry_number, chunk->file_offset);
    return pread(fd, v->bytes, chunk->length, (off_t)chunk->file_offset) ==
               (ssize_t)chunk->length &&
           XXH3_64bits_withSeed(v->bytes, chunk->length, seed) == chunk->xxh3_64;
}

/* Of another front end's media: of any length. */
static bool foreign_equal(const struct verification *v, int fd, const struct foreign_chunk *chunk)
{
    const uint64_t end = chunk->file_offset + chunk->plain_bytes;
    uint64_t at = chunk->file_offset;
    checksum_begin(v->checksum);
    while (at < end) {
        const size_t got = window_read(v, fd, at, end);
        if (got == 0) {
            return false;
        }
        checksum_add(v->checksum, v->bytes, got);
        at += got;
    }
    return foreign_sum_is_right(v->checksum, chunk);
}

static bool content_equal(struct verification *v, int fd, uint32_t entry_number)
{
    const struct index_entry *entry = &v->set->index.entries[entry_number];
    const struct foreign_media *foreign = v->set->foreign;
    uint64_t at = 0; /* everything before is compared */
    for (uint32_t i = 0; i < entry->chunk_count; i++) {
        const uint64_t number = entry->file.first_chunk + i;
        const struct index_chunk *chunk = &v->set->index.chunks[number];
        if (!hole_equal(v, fd, at, chunk->file_offset) ||
            !(foreign != NULL ? foreign_equal(v, fd, &foreign->chunks[number])
                              : chunk_equal(v, fd, entry_number, chunk))) {
            return false;
        }
        at = chunk->file_offset + foreign_chunk_bytes(v->set, number);
    }
    return hole_equal(v, fd, at, entry->size);
}

/* NTFS and some targets keep times in steps of 100 ns (ruling 19). */
static bool time_equal(const struct timespec *on_disk, const struct index_entry *entry)
{
    if (entry->modify_ns == FOREIGN_NO_TIME) {
        return true; /* not told by who made the plan */
    }
    return on_disk->tv_sec == entry->modify_s &&
           on_disk->tv_nsec / 100 == (long)entry->modify_ns / 100;
}

static void regular_verify(struct verification *v, uint32_t file, int fd, const struct stat *st)
{
    const uint32_t own = v->plan->files[file].entry;
    const uint32_t group = v->set->index.entries[own].link_group;
    const uint32_t entry_number = group == MARK_NONE ? own : group; /* whose chunks it has */
    const struct index_entry *entry = &v->set->index.entries[entry_number];
    if ((uint64_t)st->st_size != entry->size) {
        difference(v, file, "%lld bytes, planned %llu", (long long)st->st_size,
                   (unsigned long long)entry->size);
    } else if (!content_equal(v, fd, entry_number)) {
        difference(v, file, "the content differs");
    }
    if (!time_equal(&st->st_mtim, entry)) {
        difference(v, file, "modify time %lld.%09ld, planned %lld.%09u",
                   (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (long long)entry->modify_s,
                   entry->modify_ns);
    }
}

/* Ranges alone: what lies outside, and the time of a file that stood there, are not ours. */
static void ranged_verify(struct verification *v, uint32_t file, int fd, const struct stat *st)
{
    const struct plan_file *f = &v->plan->files[file];
    const struct index_entry *entry = &v->set->index.entries[f->entry];
    const bool made = f->present == 0 && stage_target(v->plan, file) == file;
    const uint64_t end = ranges_end(v->plan, file, made);
    if ((uint64_t)st->st_size < end || (made && (uint64_t)st->st_size != end)) {
        difference(v, file, "%lld bytes, planned %s%llu", (long long)st->st_size,
                   made ? "" : "at least ", (unsigned long long)end);
        return;
    }
    const char *what = ranges_verify(v->plan, v->set, file, fd, v->bytes);
    if (what != NULL) {
        difference(v, file, "%s", what);
    }
    if ((f->kind == KIND_PARTIAL || made) && !time_equal(&st->st_mtim, entry)) {
        difference(v, file, "modify time %lld.%09ld, planned %lld.%09u",
                   (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (long long)entry->modify_s,
                   entry->modify_ns);
    }
}

/* A further name must be the same inode as the first one. */
static void link_verify(struct verification *v, uint32_t file, const struct stat *st)
{
    const uint32_t owner = v->plan->files[file].link_owner;
    const uint32_t root = record_path(v, owner);
    const int fd = root_openat_crossing(v->roots[root].fd, v->path.p, O_PATH, 0);
    struct stat first;
    if (fd < 0 || fstat(fd, &first) != 0 || first.st_ino != st->st_ino ||
        first.st_dev != st->st_dev) {
        difference(v, file, "is no hard link of its group's first name any more");
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void symlink_verify(struct verification *v, uint32_t file, int path_fd)
{
    const struct view want = index_link_text(&v->set->index, v->plan->files[file].entry);
    char text[4097];
    const ssize_t got = readlinkat(path_fd, "", text, sizeof text);
    if (got < 0 || !view_equal((struct view){text, (size_t)got}, want)) {
        difference(v, file, "is another link, or none");
    }
}

static void record_verify(struct verification *v, uint32_t file)
{
    const struct plan_file *f = &v->plan->files[file];
    const uint32_t root = record_path(v, file);
    const bool link = f->kind == KIND_REPARSE;
    const int flags = link                        ? O_PATH | O_NOFOLLOW
                      : f->kind == KIND_DIRECTORY ? O_PATH
                                                  : O_RDONLY | O_NONBLOCK;
    if (v->roots[root].fd < 0) {
        difference(v, file, "is not there, nor is the folder of its volume");
        return;
    }
    const int fd = root_openat_crossing(v->roots[root].fd, v->path.p, flags, 0);
    if (fd < 0) {
        difference(v, file, "cannot be opened: %s", strerrordesc_np(-fd));
        return;
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        difference(v, file, "cannot be examined: %s", strerrordesc_np(errno));
    } else if (f->kind == KIND_DIRECTORY) {
        if (!S_ISDIR(st.st_mode)) {
            difference(v, file, "is no directory");
        }
    } else if (link) {
        symlink_verify(v, file, fd);
    } else if (!S_ISREG(st.st_mode)) {
        difference(v, file, "is no regular file");
    } else if (stage_is_ranged(f)) {
        ranged_verify(v, file, fd, &st);
    } else {
        regular_verify(v, file, fd, &st);
        if (f->kind == KIND_HARDLINK) {
            link_verify(v, file, &st);
        }
    }
    (void)close(fd);
}

static vsr_code roots_open(struct verification *v, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < v->plan->root_count; i++) {
        v->roots[i].fd = -1;
    }
    for (uint32_t i = 0; i < v->plan->root_count && rc == VSR_OK; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%.*s",
                       VIEW_ARG(plan_text(v->plan, v->plan->roots[i].dir)));
        vsr_error one = {0};
        const struct plan_root *root = &v->plan->roots[i];
        const uint32_t named =
            root->from_root_option != 0 ? root_named_elements(plan_text(v->plan, root->spec)) : 0;
        rc = root_open(&v->roots[i], path, named, false, &one);
        if (rc == VSR_ERR_SELECTION) { /* not there: so is nothing below it, which is told */
            rc = VSR_OK;
        } else if (rc != VSR_OK && error != NULL && error->code == VSR_OK) {
            *error = one;
        }
    }
    return rc;
}

vsr_code verify_plan(const struct plan *plan, const struct media_set *set,
                     verify_plan_report *report, void *context, uint64_t *differences,
                     vsr_error *error)
{
    struct verification v = {
        .plan = plan,
        .set = set,
        .roots = heap_alloc(plan->root_count, sizeof *v.roots),
        .report = report,
        .context = context,
        .bytes = heap_alloc(FRAME_PLAIN_BYTES_MAX, 1),
        .checksum = checksum_create(),
    };
    const vsr_code rc = roots_open(&v, error);
    for (uint32_t u = 0; u < plan->unit_count && rc == VSR_OK; u++) {
        const struct plan_unit *unit = &plan->units[u];
        for (uint32_t i = 0; unit->refusal == REFUSAL_NONE && i < unit->file_count; i++) {
            if (plan->files[unit->first_file + i].action != ACTION_NONE) { /* left as it stood */
                record_verify(&v, unit->first_file + i);
            }
        }
    }
    for (uint32_t i = 0; i < plan->root_count; i++) {
        if (v.roots[i].fd >= 0) {
            root_close(&v.roots[i]);
        }
    }
    *differences = v.differences;
    buffer_free(&v.path);
    checksum_free(v.checksum);
    free(v.roots);
    free(v.bytes);
    return rc;
}
