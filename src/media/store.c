/* store.c - parts of a set as sources, and one of them held in a file of our own.
 *
 * Under set.c, where a set is no folder. Only here are the functions called. Deliberately not here:
 * what is right and what is damaged, which those decide who read. */
#include "media/store.h"

#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "media/part.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

static const char WHERE[] = "media/store";

/* What a source reads from. */
struct store_part {
    const struct media_store *store;
    char name[];
};

struct store_read { /* an errand */
    const struct store_part *part;
    uint64_t offset;
    void *bytes;
    size_t count;
};

static int64_t part_ask(void *argument)
{
    const struct store_read *read = argument;
    const struct store_functions *functions = &read->part->store->functions;
    return functions->read_at(functions->context, read->part->name, read->offset, read->bytes,
                              read->count);
}

static int64_t part_read_here(void *context, uint64_t offset, void *bytes, size_t count)
{
    struct store_read read = {context, offset, bytes, count};
    return part_ask(&read);
}

static int64_t part_read_by_desk(void *context, uint64_t offset, void *bytes, size_t count)
{
    struct store_read read = {context, offset, bytes, count};
    return desk_ask(read.part->store->desk, part_ask, &read);
}

static void part_close(void *context)
{
    struct store_part *part = context;
    const struct store_functions *functions = &part->store->functions;
    if (functions->release != NULL) {
        functions->release(functions->context, part->name);
    }
    free(part);
}

/* 0 or errno. */
static int store_size(const struct media_store *store, const char *name, uint64_t *bytes)
{
    *bytes = 0;
    const int got = store->functions.size_of(store->functions.context, name, bytes);
    if (got > 0 || got < -SOURCE_ERRNO_MAX) {
        return EPROTO;
    }
    return got == 0 && *bytes > FILE_BYTES_MAX ? EFBIG : -got;
}

vsr_code store_open_part(const struct media_store *store, const char *name,
                         enum store_reader reader, struct source *out, uint64_t *bytes,
                         vsr_error *error)
{
    const int fault = store_size(store, name, bytes);
    if (fault != 0) {
        *out = source_none(fault);
        errno = fault;
        return err_sys(error, part_code(fault), WHERE, "cannot open %s of the set", name);
    }
    struct store_part *part = heap_alloc(1, sizeof *part + strlen(name) + 1);
    part->store = store;
    memcpy(part->name, name, strlen(name) + 1);
    *out = (struct source){
        .fd = -1,
        .read = reader == STORE_WORKERS && store->desk != NULL ? part_read_by_desk : part_read_here,
        .close = part_close,
        .context = part,
    };
    return VSR_OK;
}

bool store_lacks(const struct media_store *store, const char *name)
{
    uint64_t bytes;
    return store_size(store, name, &bytes) == ENOENT;
}

/* --- held in a file of our own --- */

static vsr_code unnamed_open(const char *folder, int *fd, bool *in_memory, vsr_error *error)
{
    *in_memory = false;
    *fd = folder != NULL ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (*fd >= 0) {
        return VSR_OK;
    }
    if (folder != NULL && errno != EOPNOTSUPP && errno != EISDIR) { /* else: it cannot hold one */
        return err_sys(error, err_place_code(errno), WHERE,
                       "cannot hold the index of the set in the folder %s", folder);
    }
    *in_memory = true;
    *fd = memfd_create("vssrestore-index", MFD_CLOEXEC);
    return *fd >= 0 ? VSR_OK
                    : err_sys(error, VSR_ERR_MEMORY, WHERE, "cannot hold the index in memory");
}

static vsr_code unnamed_fill(const struct source *source, const char *name, uint64_t bytes, int fd,
                             vsr_error *error)
{
    OWN(heap) window = heap_alloc(1, STORE_WINDOW_BYTES);
    vsr_code rc = VSR_OK;
    for (uint64_t at = 0; at < bytes && rc == VSR_OK;) {
        const uint64_t left = bytes - at;
        const size_t count = left < STORE_WINDOW_BYTES ? (size_t)left : STORE_WINDOW_BYTES;
        rc = source_read_all(source, at, window, count, name, error);
        if (rc == VSR_OK) {
            rc = io_pwrite(fd, window, count, at, "the index that is held", VSR_ERR_DEST_IO, error);
        }
        at += count;
    }
    return rc;
}

vsr_code store_hold(struct media_store *store, const char *name, uint64_t bytes, int *fd,
                    vsr_error *error)
{
    struct source source;
    uint64_t size = 0;
    *fd = -1;
    vsr_code rc = store_open_part(store, name, STORE_CALLER, &source, &size, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (size != bytes) {
        rc = err_set(error, VSR_ERR_MEDIA, WHERE, "%s has %llu bytes, set.json says %llu", name,
                     (unsigned long long)size, (unsigned long long)bytes);
    }
    OWN(fd) held = -1;
    bool in_memory = false;
    rc = rc == VSR_OK ? unnamed_open(store->index_folder, &held, &in_memory, error) : rc;
    rc = rc == VSR_OK ? unnamed_fill(&source, name, bytes, held, error) : rc;
    source_close(&source);
    store->held_bytes = rc == VSR_OK && in_memory ? bytes : 0;
    *fd = rc == VSR_OK ? take_fd(&held) : -1;
    return rc;
}
