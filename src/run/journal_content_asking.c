/* journal_content_asking.c - who may have heard of a run that asks (run/asking.h), as its journal
 * says: taken record by record, and when all are read, each once. Several processes may have
 * written down the same one. What is owed to whom is for others to tell. */
#include "run/journal_content_inside.h"

#include "base/hash_map.h"
#include "base/heap.h"

#include <stdlib.h>
#include <string.h>

/* What was said of it last does not count. */
static void stopped_strike(struct journal_content *out, struct view service)
{
    uint32_t at = out->stopped_count;
    while (at > 0 && !view_equal(out->stopped[at - 1], service)) {
        at--;
    }
    if (at > 0) {
        memmove(&out->stopped[at - 1], &out->stopped[at],
                (out->stopped_count - at) * sizeof *out->stopped);
        out->stopped_count--;
    }
}

const char *journal_content_take_asking(struct reading *r, struct view payload)
{
    struct journal_content *out = r->out;
    struct journal_asking asking;
    if (payload.n < sizeof asking) {
        return journal_content_too_short;
    }
    memcpy(&asking, payload.p, sizeof asking);
    switch (asking.what) {
    case ASKING_BEGUN:
        out->asking = true;
        return NULL;
    case ASKING_WRITER:
        out->asked =
            heap_grow(out->asked, out->asked_count, &out->asked_capacity, sizeof *out->asked);
        out->asked[out->asked_count++] = asking.writer;
        return NULL;
    case ASKING_SERVICE:
        out->stopped = heap_grow(out->stopped, out->stopped_count, &out->stopped_capacity,
                                 sizeof *out->stopped);
        out->stopped[out->stopped_count++] =
            arena_copy(&out->arena, view_skip(payload, sizeof asking));
        return NULL;
    case ASKING_TOLD:
        out->asked_count = 0;
        out->stopped_count = 0;
        return NULL;
    case ASKING_NOT_STOPPED:
        stopped_strike(out, view_skip(payload, sizeof asking));
        return NULL;
    default:
        return journal_content_no_such;
    }
}

static bool is_stopped_at(const void *context, const void *key, uint32_t number)
{
    const struct journal_content *content = context;
    const struct view *name = key;
    return view_equal(content->stopped[number], *name);
}

/* In the order in which they were stopped first: they are started last first. */
static void stopped_once(struct journal_content *out)
{
    struct hash_map met = {0};
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->stopped_count; i++) {
        const struct view name = out->stopped[i];
        const uint64_t hash = hash_bytes(name.p, name.n);
        if (hash_map_find(&met, hash, &name, is_stopped_at, out) == MARK_NONE) {
            hash_map_add(&met, hash, kept);
            out->stopped[kept++] = name;
        }
    }
    out->stopped_count = kept;
    hash_map_free(&met);
}

static int compare_writers(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void asked_once(struct journal_content *out)
{
    uint32_t kept = 0;
    if (out->asked_count > 1) {
        qsort(out->asked, out->asked_count, sizeof *out->asked, compare_writers);
    }
    for (uint32_t i = 0; i < out->asked_count; i++) {
        if (kept == 0 || out->asked[kept - 1] != out->asked[i]) {
            out->asked[kept++] = out->asked[i];
        }
    }
    out->asked_count = kept;
}

void journal_content_end_asking(struct journal_content *out)
{
    stopped_once(out);
    asked_once(out);
}

uint32_t journal_content_asked_at(const struct journal_content *content, uint32_t writer)
{
    const uint32_t *found =
        content->asked_count > 0
            ? bsearch(&writer, content->asked, content->asked_count, sizeof writer, compare_writers)
            : NULL;
    return found != NULL ? (uint32_t)(found - content->asked) : MARK_NONE;
}
