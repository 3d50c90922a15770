/* pending_journal.c - pending records into frames and back, each number checked on the way in.
 *
 * Knows the order of nothing: who writes what when is pending_hold.c's and pending_apply.c's. */
#include "run/pending_journal.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/own.h"
#include "run/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char WHERE[] = "run/pending";

enum pending_type { /* beside enum journal_type */
                    FRAME_BEGIN = 16,
                    FRAME_RECORD = 17,
                    FRAME_UNIT = 18,
                    FRAME_DROP = 19,
                    FRAME_STATE = 20
};

struct frame_begin {
    uint32_t version;
    uint32_t created_ns;
    int64_t created_s;
    uint8_t run[16], set[16];
};

struct frame_record { /* src and dst follow */
    uint64_t seq;
    uint64_t size;
    int64_t modify_s;
    uint32_t modify_ns;
    uint32_t unit;
    uint8_t xxh3_128[16];
    uint32_t src_bytes, dst_bytes;
    uint16_t mode;
    uint8_t op, kind;
    uint32_t reserved;
};

struct frame_unit { /* writer, logical path, component follow */
    uint64_t first_seq;
    uint32_t unit;
    uint32_t writer_bytes, path_bytes, component_bytes;
};

struct frame_state {
    uint64_t seq;
    uint32_t state;
    int32_t os_errno;
};

enum { PENDING_VERSION = 1, UNIT_TEXT_BYTES_MAX = 16384 };

/* --- writing --- */

struct pending_batch pending_batch_begin(const struct pending_journal *journal)
{
    return (struct pending_batch){.sequence = journal->sequence};
}

static void batch_add(struct pending_batch *batch, enum pending_type type, const void *payload,
                      size_t payload_bytes)
{
    journal_frame(&batch->bytes, batch->sequence++, (uint16_t)type, MARK_NONE, payload,
                  (uint32_t)payload_bytes);
}

void pending_batch_record(struct pending_batch *batch, const struct pending_record *record)
{
    struct frame_record frame = {.seq = record->seq,
                                 .size = record->size,
                                 .modify_s = record->modify_s,
                                 .modify_ns = record->modify_ns,
                                 .unit = record->unit,
                                 .src_bytes = (uint32_t)record->src.n,
                                 .dst_bytes = (uint32_t)record->dst.n,
                                 .mode = record->mode,
                                 .op = record->op,
                                 .kind = record->kind};
    struct buffer payload = {0};
    memcpy(frame.xxh3_128, record->xxh3_128, sizeof frame.xxh3_128);
    buffer_add(&payload, &frame, sizeof frame);
    buffer_add_view(&payload, record->src);
    buffer_add_view(&payload, record->dst);
    batch_add(batch, FRAME_RECORD, payload.p, payload.n);
    buffer_free(&payload);
}

static struct view text_cut(struct view text)
{
    return (struct view){text.p, text.n > UNIT_TEXT_BYTES_MAX ? UNIT_TEXT_BYTES_MAX : text.n};
}

void pending_batch_unit(struct pending_batch *batch, const struct pending_unit *unit)
{
    const struct view writer = text_cut(unit->writer);
    const struct view path = text_cut(unit->logical_path);
    const struct view component = text_cut(unit->component);
    const struct frame_unit frame = {.first_seq = unit->first_seq,
                                     .unit = unit->unit,
                                     .writer_bytes = (uint32_t)writer.n,
                                     .path_bytes = (uint32_t)path.n,
                                     .component_bytes = (uint32_t)component.n};
    struct buffer payload = {0};
    buffer_add(&payload, &frame, sizeof frame);
    buffer_add_view(&payload, writer);
    buffer_add_view(&payload, path);
    buffer_add_view(&payload, component);
    batch_add(batch, FRAME_UNIT, payload.p, payload.n);
    buffer_free(&payload);
}

void pending_batch_drop(struct pending_batch *batch, uint32_t unit)
{
    batch_add(batch, FRAME_DROP, &unit, sizeof unit);
}

void pending_batch_state(struct pending_batch *batch, uint64_t seq, enum pending_state state,
                         int os_errno)
{
    const struct frame_state frame = {seq, state, os_errno};
    batch_add(batch, FRAME_STATE, &frame, sizeof frame);
}

/* Append; on failure nothing of the batch is left. Frees its bytes. */
static int batch_append(struct pending_batch *batch, struct pending_journal *journal, bool sync)
{
    vsr_error error = {0};
    int fault = journal->broken ? EIO : 0;
    if (fault == 0 && io_write(journal->fd, batch->bytes.p, batch->bytes.n, PENDING_JOURNAL,
                               VSR_ERR_DEST_IO, &error) != VSR_OK) {
        fault = error.os_errno != 0 ? error.os_errno : EIO;
    }
    if (fault == 0 && sync && fdatasync(journal->fd) != 0) {
        fault = errno;
    }
    if (fault == 0) {
        journal->good_bytes += batch->bytes.n;
        journal->sequence = batch->sequence;
    } else if (ftruncate(journal->fd, (off_t)journal->good_bytes) != 0) {
        journal->broken = true;
    }
    buffer_free(&batch->bytes);
    return fault;
}

int pending_batch_write(struct pending_batch *batch, struct pending_journal *journal)
{
    return batch_append(batch, journal, true);
}

int pending_journal_make(struct pending_journal *out, const struct pending_folder *folder,
                         const struct pending_identity *identity)
{
    struct frame_begin begin = {.version = PENDING_VERSION,
                                .created_ns = identity->created_ns,
                                .created_s = identity->created_s};
    memcpy(begin.run, identity->run.bytes, sizeof begin.run);
    memcpy(begin.set, identity->set.bytes, sizeof begin.set);
    *out = (struct pending_journal){
        .fd = openat(folder->fd, PENDING_JOURNAL,
                     O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (out->fd < 0 || flock(out->fd, LOCK_EX | LOCK_NB) != 0) {
        return errno;
    }
    struct pending_batch batch = pending_batch_begin(out);
    batch_add(&batch, FRAME_BEGIN, &begin, sizeof begin);
    return batch_append(&batch, out, false);
}

/* --- reading --- */

/* A path of plain elements, as a place below the top must be. */
static bool path_is_plain(struct view path)
{
    while (path.n > 0) {
        const size_t n = view_find(path, '/');
        if (!root_name_is_plain((struct view){path.p, n}) || n + 1 == path.n) {
            return false;
        }
        if (n == path.n) {
            return true;
        }
        path = view_skip(path, n + 1);
    }
    return false;
}

static bool record_is_sound(const struct pending_record *record)
{
    const bool has_source = record->op == PENDING_MOVE || record->op == PENDING_MKDIR;
    if (record->op < PENDING_MOVE || record->op > PENDING_RMDIR ||
        (record->op == PENDING_MOVE &&
         (record->kind < PENDING_FILE || record->kind > PENDING_SPARSE))) {
        return false;
    }
    return path_is_plain(record->dst) && (!has_source || root_name_is_plain(record->src)) &&
           (record->modify_ns < 1000000000u || record->modify_ns == UTIME_OMIT) &&
           record->size <= FILE_BYTES_MAX;
}

static const char *take_record(struct pending_content *content, struct view payload)
{
    struct frame_record frame;
    if (payload.n < sizeof frame) {
        return "a record is too short";
    }
    memcpy(&frame, payload.p, sizeof frame);
    const struct view texts = view_skip(payload, sizeof frame);
    if ((uint64_t)frame.src_bytes + frame.dst_bytes != texts.n) {
        return "a record's texts do not fit it";
    }
    struct pending_item item = {
        .record = {.seq = frame.seq,
                   .unit = frame.unit,
                   .op = frame.op,
                   .kind = frame.kind,
                   .mode = frame.mode,
                   .modify_s = frame.modify_s,
                   .modify_ns = frame.modify_ns,
                   .size = frame.size,
                   .src = arena_copy(&content->arena, (struct view){texts.p, frame.src_bytes}),
                   .dst = arena_copy(&content->arena, view_skip(texts, frame.src_bytes))}};
    memcpy(item.record.xxh3_128, frame.xxh3_128, sizeof frame.xxh3_128);
    const bool in_order = content->item_count == 0 ||
                          content->items[content->item_count - 1].record.seq < item.record.seq;
    if (!record_is_sound(&item.record) || !in_order) {
        return "a record says what no record may";
    }
    content->items = heap_grow(content->items, content->item_count, &content->item_capacity,
                               sizeof *content->items);
    content->items[content->item_count++] = item;
    return NULL;
}

/* The first item whose seq is not less. */
static uint32_t item_find(const struct pending_content *content, uint64_t seq)
{
    uint32_t low = 0, high = content->item_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (content->items[middle].record.seq < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const char *take_unit(struct pending_content *content, struct view payload)
{
    struct frame_unit frame;
    if (payload.n < sizeof frame) {
        return "a record is too short";
    }
    memcpy(&frame, payload.p, sizeof frame);
    struct view texts = view_skip(payload, sizeof frame);
    if ((uint64_t)frame.writer_bytes + frame.path_bytes + frame.component_bytes != texts.n) {
        return "a record's texts do not fit it";
    }
    struct pending_unit unit = {.first_seq = frame.first_seq, .unit = frame.unit};
    unit.writer = arena_copy(&content->arena, (struct view){texts.p, frame.writer_bytes});
    texts = view_skip(texts, frame.writer_bytes);
    unit.logical_path = arena_copy(&content->arena, (struct view){texts.p, frame.path_bytes});
    unit.component = arena_copy(&content->arena, view_skip(texts, frame.path_bytes));
    pending_content_put_unit(content, &unit);
    const uint32_t first = item_find(content, frame.first_seq);
    if (first < content->item_count && content->items[first].record.unit == frame.unit) {
        content->items[first].told_end = content->item_count;
    }
    return NULL;
}

static const char *take_drop(struct pending_content *content, struct view payload)
{
    uint32_t unit;
    if (payload.n != sizeof unit) {
        return "a record is too short";
    }
    memcpy(&unit, payload.p, sizeof unit);
    content->drops = heap_grow(content->drops, content->drop_count, &content->drop_capacity,
                               sizeof *content->drops);
    content->drops[content->drop_count++] = (struct pending_drop){unit, content->item_count};
    return NULL;
}

static const char *take_state(struct pending_content *content, struct view payload)
{
    struct frame_state frame;
    if (payload.n != sizeof frame) {
        return "a record is too short";
    }
    memcpy(&frame, payload.p, sizeof frame);
    const uint32_t at = item_find(content, frame.seq);
    if (at == content->item_count || content->items[at].record.seq != frame.seq ||
        frame.state > PENDING_FAILED) {
        return "a state is of no record";
    }
    content->items[at].state = (enum pending_state)frame.state;
    content->items[at].os_errno = frame.os_errno;
    return NULL;
}

static const char *take_begin(struct pending_content *content, struct view payload)
{
    struct frame_begin frame;
    if (payload.n != sizeof frame) {
        return "its beginning is none";
    }
    memcpy(&frame, payload.p, sizeof frame);
    memcpy(content->identity.run.bytes, frame.run, sizeof frame.run);
    memcpy(content->identity.set.bytes, frame.set, sizeof frame.set);
    content->identity.created_s = frame.created_s;
    content->identity.created_ns = frame.created_ns;
    return frame.version == PENDING_VERSION ? NULL : "it is of another version";
}

static const char *take_frame(struct pending_content *content, uint64_t sequence, uint16_t type,
                              struct view payload)
{
    if ((sequence == 0) != (type == FRAME_BEGIN)) {
        return "it does not begin as it must";
    }
    switch (type) {
    case FRAME_BEGIN:
        return take_begin(content, payload);
    case FRAME_RECORD:
        return take_record(content, payload);
    case FRAME_UNIT:
        return take_unit(content, payload);
    case FRAME_DROP:
        return take_drop(content, payload);
    case FRAME_STATE:
        return take_state(content, payload);
    default:
        return "a record is of no known type";
    }
}

static const char *content_parse(struct pending_journal *journal, struct pending_content *content,
                                 struct view bytes)
{
    struct journal_cursor cursor = {.bytes = bytes};
    struct journal_record record;
    struct view payload;
    const char *fault = NULL;
    while (fault == NULL && journal_next(&cursor, &record, &payload)) {
        fault = take_frame(content, record.sequence, record.type, payload);
    }
    pending_content_settle(content);
    journal->sequence = cursor.sequence;
    journal->good_bytes = cursor.at;
    if (fault == NULL && cursor.sequence == 0) {
        return "it is empty";
    }
    /* what a power cut has left of the last write is no record, and none stands behind it */
    content->torn_bytes = fault == NULL ? bytes.n - cursor.at : 0;
    if (content->torn_bytes > 0 && journal_holds_record(view_skip(bytes, cursor.at), -1, 0)) {
        fault = cursor.fault != NULL ? cursor.fault : "a record's length is wrong";
    }
    return fault;
}

vsr_code pending_journal_open(struct pending_journal *out, struct pending_content *content,
                              const struct pending_folder *folder, const char *path, bool to_change,
                              vsr_error *error)
{
    const int flags = (to_change ? O_RDWR | O_APPEND : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW |
                      O_NONBLOCK | O_NOCTTY; /* what is no file is told by who reads it */
    *content = (struct pending_content){0};
    *out = (struct pending_journal){.fd = openat(folder->fd, PENDING_JOURNAL, flags)};
    if (out->fd < 0) {
        return err_sys(error, errno == ENOENT ? VSR_ERR_RUN_FOREIGN : err_dest_code(errno), WHERE,
                       "cannot open the journal of %s", path);
    }
    if (to_change && io_lock(out->fd) != 0) {
        pending_journal_close(out);
        return err_set(error, VSR_ERR_RUN_BUSY, WHERE,
                       "%s is in use: its run, or another call, is still at work", path);
    }
    struct buffer bytes = {0};
    vsr_code rc = io_read_file(folder->fd, PENDING_JOURNAL, PENDING_JOURNAL_BYTES_MAX, &bytes,
                               VSR_ERR_DEST_IO, error);
    if (rc == VSR_OK) {
        const char *fault = content_parse(out, content, buffer_view(&bytes));
        if (fault != NULL) {
            rc = err_set(error, VSR_ERR_RUN_FOREIGN, WHERE,
                         "the journal of %s is damaged at byte %llu (%s): nothing of it is "
                         "carried out",
                         path, (unsigned long long)out->good_bytes, fault);
        } else if (to_change && out->good_bytes < bytes.n &&
                   ftruncate(out->fd, (off_t)out->good_bytes) != 0) {
            rc = err_sys(error, err_dest_code(errno), WHERE,
                         "cannot cut the torn end off the journal of %s", path);
        }
    }
    buffer_free(&bytes);
    if (rc != VSR_OK) {
        pending_content_free(content);
        pending_journal_close(out);
    }
    return rc;
}

bool pending_journal_is_begun(const struct pending_folder *folder)
{
    char bytes[sizeof(struct journal_record) + sizeof(struct frame_begin) + sizeof(uint64_t)];
    struct journal_cursor cursor = {.bytes = {bytes, sizeof bytes}};
    struct journal_record record;
    struct view payload;
    OWN(fd)
    fd = openat(folder->fd, PENDING_JOURNAL, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd >= 0 && pread(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes &&
           journal_next(&cursor, &record, &payload);
}

void pending_journal_close(struct pending_journal *journal)
{
    if (journal->fd >= 0) {
        (void)close(journal->fd); /* and the lock with it */
    }
    journal->fd = -1;
}
