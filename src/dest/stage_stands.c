/* stage_stands.c - is what stands at a name what was staged of a file, as far as the index tells?
 *
 * Asked by who goes on with a run: of what stands in staging (run/held.c), and of what stands in a
 * tree at its place (recover_tree.c). Nothing is read but a link's text: somebody's file of the
 * same length and time passes for ours. */
#include "dest/stage.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "media/foreign.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A time that a file system does not hold becomes the first or the last one that it does: no first
 * one is later than 1980, in any time zone (FAT), and no last one earlier than 2038. */
static const int64_t FIRST_TIME_MAX_S = 315532800 + 86400, LAST_TIME_MIN_S = INT32_MAX;

static bool time_is_cut(int64_t modify_s, int64_t now_s)
{
    return modify_s < now_s ? now_s <= FIRST_TIME_MAX_S
                            : modify_s > now_s && now_s >= LAST_TIME_MIN_S;
}

/* As the index says, if it does, as far as a file system keeps it: FAT holds even seconds. */
static bool time_is_right(const struct index_entry *e, const struct stat *facts)
{
    const struct timespec *now = &facts->st_mtim;
    if (e->modify_ns == FOREIGN_NO_TIME || time_is_cut(e->modify_s, now->tv_sec)) {
        return true; /* not told by who made the plan, or not to be had */
    }
    return now->tv_sec == e->modify_s
               ? (uint64_t)now->tv_nsec <= e->modify_ns
               : now->tv_sec < e->modify_s && now->tv_sec + 1 == e->modify_s && now->tv_nsec == 0;
}

static bool text_is_right(const struct media_index *index, uint32_t entry, int fd, const char *name)
{
    const struct view text = index_link_text(index, entry);
    OWN(heap) found = heap_alloc(text.n + 1, 1);
    const ssize_t n = readlinkat(fd, name, found, text.n + 1);
    return n >= 0 && (size_t)n == text.n && memcmp(found, text.p, text.n) == 0;
}

bool stage_stands(const struct stage *stage, uint32_t file, int fd, const char *name,
                  const struct stat *facts)
{
    const struct media_index *index = &stage->set->index;
    const struct plan_file *f = &stage->plan->files[file];
    const struct index_entry *own = &index->entries[f->entry];
    const struct index_entry *data = &index->entries[stage_data_entry(index, f->entry)];
    if (f->kind == KIND_REPARSE) {
        return S_ISLNK(facts->st_mode) && time_is_right(own, facts) &&
               text_is_right(index, f->entry, fd, name);
    }
    if (stage_is_ranged(f)) { /* one that stood there keeps the time that it had */
        const bool made = f->present == 0 && stage_target(stage->plan, file) == file;
        return S_ISREG(facts->st_mode) && (!made || time_is_right(own, facts));
    }
    return S_ISREG(facts->st_mode) && (uint64_t)facts->st_size == data->size &&
           time_is_right(f->kind == KIND_HARDLINK ? data : own, facts);
}
