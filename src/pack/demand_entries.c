/* demand_entries.c - the entries that a writer made in the Backup Components Document: partial
 * files with their ranges, differenced files, sources of directed targets.
 *
 * They name files beside all file sets and beat excludes (Q11). Ranges files are read here, but
 * only when the caller says that reading may begin. */
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "pack/demand_collect.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Ranges as the document orders them; empty ones save nothing (7.5: a legal no-op). */
static void ranges_keep(struct demand *demand, struct arena *arena, const struct vss_ranges *from)
{
    struct index_range *ranges = ARENA_ARRAY(arena, struct index_range, from->count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < from->count; i++) {
        if (from->list[i].length > 0) {
            ranges[count++] = (struct index_range){from->list[i].offset, from->list[i].length};
        }
    }
    demand->ranges = ranges;
    demand->range_count = count;
}

/* The directory and the name of a file's whole path. */
static bool path_split(struct win_path *path, struct view *name)
{
    size_t at = path->rest.n;
    while (at > 0 && path->rest.p[at - 1] != '\\') {
        at--;
    }
    *name = view_skip(path->rest, at);
    path->rest.n = at > 0 ? at - 1 : 0;
    return name->n > 0;
}

static void collect_ranges_file(struct demand_collector *collector, const struct demand *partial,
                                struct view text)
{
    struct demand demand = {.kind = DEMAND_RANGES_FILE,
                            .writer = partial->writer,
                            .bcd_component = partial->bcd_component,
                            .label = partial->label};
    if (demand_path_parse(collector, text, partial->label, &demand.path) &&
        path_split(&demand.path, &demand.filespec)) {
        (void)demand_add(collector, demand, VIEW_NONE);
    }
}

static void collect_partial(struct demand_collector *collector,
                            const struct bcd_partial_file *entry, struct demand demand)
{
    struct vss_ranges ranges = {0};
    const char *fault = NULL;
    size_t at = 0;
    demand.kind = DEMAND_PARTIAL;
    demand.filespec = entry->filespec;
    if (!demand_path_parse(collector, entry->path, demand.label, &demand.path)) {
        return;
    }
    if (!vss_ranges_parse(&collector->demands->arena, entry->ranges, &ranges, &fault, &at)) {
        notice_add(
            collector->notices, true,
            "the ranges \"%.*s\" of %.*s in %.*s are none: %s at byte %zu; it is saved whole",
            VIEW_ARG(entry->ranges), VIEW_ARG(entry->filespec), VIEW_ARG(demand.label), fault, at);
        demand.kind = DEMAND_DIRECTED; /* the whole: it has the ranges, whatever they are */
    } else if (view_present(ranges.file)) {
        demand.ranges_text = ranges.file;
    } else {
        ranges_keep(&demand, &collector->demands->arena, &ranges);
    }
    if (demand_add(collector, demand, VIEW_NONE) && view_present(ranges.file)) {
        collect_ranges_file(collector, &demand, ranges.file);
    }
}

/* A directed entry's list may stand in a ranges file, too (7.5); what it says is the planner's. */
static void collect_directed_ranges(struct demand_collector *collector, const struct demand *demand,
                                    struct view text)
{
    struct vss_ranges ranges = {0};
    const char *fault = NULL;
    size_t at = 0;
    if (vss_ranges_parse(&collector->demands->arena, text, &ranges, &fault, &at) &&
        view_present(ranges.file)) {
        collect_ranges_file(collector, demand, ranges.file);
    }
}

void demand_collect_entries(struct demand_collector *collector,
                            const struct bcd_component *component, uint32_t writer,
                            uint32_t bcd_component, struct view label)
{
    const struct demand base = {.writer = writer, .bcd_component = bcd_component, .label = label};
    for (uint32_t i = 0; i < component->partial_file_count; i++) {
        collect_partial(collector, &component->partial_files[i], base);
    }
    for (uint32_t i = 0; i < component->differenced_file_count; i++) {
        const struct bcd_differenced_file *entry = &component->differenced_files[i];
        struct demand demand = base;
        demand.kind = DEMAND_DIFFERENCED;
        demand.filespec = entry->filespec;
        demand.recursive = entry->recursive;
        if (demand_path_parse(collector, entry->path, label, &demand.path)) {
            (void)demand_add(collector, demand, VIEW_NONE);
        }
    }
    for (uint32_t i = 0; i < component->directed_target_count; i++) {
        const struct bcd_directed_target *entry = &component->directed_targets[i];
        struct demand demand = base;
        demand.kind = DEMAND_DIRECTED;
        demand.filespec = entry->source_filename;
        if (demand_path_parse(collector, entry->source_path, label, &demand.path) &&
            demand_add(collector, demand, VIEW_NONE)) {
            collect_directed_ranges(collector, &demand, entry->source_ranges);
            collect_directed_ranges(collector, &demand, entry->destination_ranges);
        }
    }
}

/* --- ranges files --- */

static int file_read(int fd, struct buffer *out)
{
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0) {
        return errno;
    }
    if (!S_ISREG(stat.st_mode) || (uint64_t)stat.st_size > RANGES_FILE_BYTES_MAX) {
        return EFBIG;
    }
    vsr_error error = {0};
    buffer_reserve(out, (size_t)stat.st_size + 1);
    const vsr_code rc = io_pread(fd, out->p, (size_t)stat.st_size, 0, "a ranges file",
                                 VSR_ERR_MEDIA_UNREADABLE, VSR_ERR_MEDIA_UNREADABLE, &error);
    out->n = rc == VSR_OK ? (size_t)stat.st_size : 0;
    return rc == VSR_OK ? 0 : EIO;
}

/* The ranges file of the partial entry at list[id]; its own demand stands behind it. False: the
 * reason in *why. */
static bool ranges_file_take(struct demands *demands, struct demand *partial,
                             const struct demand *file, const char **why, uint64_t *tail_bytes)
{
    struct buffer bytes = {0};
    struct vss_ranges ranges = {0};
    const struct view below = arena_printf(&demands->arena, "%.*s%s%.*s", VIEW_ARG(file->below),
                                           file->below.n > 0 ? "\\" : "", VIEW_ARG(file->filespec));
    OWN(fd) fd = source_open_file(demands->sources, file->volume, below);
    const int fault = file_read(fd, &bytes);
    bool right = fault == 0;
    *why = right ? NULL : strerrordesc_np(fault);
    if (right) {
        right =
            vss_ranges_file_parse(&demands->arena, buffer_view(&bytes), &ranges, tail_bytes, why);
    }
    if (right) {
        ranges_keep(partial, &demands->arena, &ranges);
    }
    buffer_free(&bytes);
    return right;
}

void demands_read_ranges(struct demands *demands, struct notices *notices)
{
    for (uint32_t i = 0; i < demands->count; i++) {
        struct demand *partial = &demands->list[i];
        if (partial->kind != DEMAND_PARTIAL || !view_present(partial->ranges_text)) {
            continue;
        }
        const char *why = "its volume is not given";
        uint64_t tail_bytes = 0;
        const struct demand *file = i + 1 < demands->count ? partial + 1 : NULL;
        const bool there =
            file != NULL && file->kind == DEMAND_RANGES_FILE && file->volume != MARK_NONE;
        if (!there || !ranges_file_take(demands, partial, file, &why, &tail_bytes)) {
            notice_add(notices, true,
                       "the ranges file %.*s cannot be read (%s): %.*s of %.*s is saved whole",
                       VIEW_ARG(partial->ranges_text), why != NULL ? why : "?",
                       VIEW_ARG(partial->filespec), VIEW_ARG(partial->label));
            partial->kind = DEMAND_DIRECTED; /* the whole: it has the ranges, whatever they are */
        } else if (tail_bytes > 0) {
            notice_add(notices, false, "the ranges file %.*s has %llu bytes behind its ranges",
                       VIEW_ARG(partial->ranges_text), (unsigned long long)tail_bytes);
        }
    }
}
