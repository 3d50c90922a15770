/* stage_stream.c - the one stage of another front end's media: a chunk of any length, read,
 * decoded, summed and written piece by piece.
 *
 * In the place of read, decode and write where a plan brings stored files of its own. One worker
 * does a chunk from its first byte to its last, because the sum is of all of it; several chunks
 * of a file are done by several workers. Memory is that of one slot, sized for these media
 * (foreign_media.stored_bytes_max). By plain calls: the kernel reads ahead. What was written
 * before the sum turned out wrong stands in staging alone, and goes. */
#include "engine/worker.h"

#include "base/heap.h"
#include "media/foreign_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct stream {
    struct worker *worker;
    struct foreign_reader reader;
    uint32_t source; /* that is open, or MARK_NONE */
    int fd;
};

/* --- the stored file --- */

static void stream_close(struct stream *stream)
{
    if (stream->fd >= 0) {
        (void)close(stream->fd);
    }
    stream->fd = -1;
    stream->source = MARK_NONE;
}

/* 0 or errno. Chunks come by stored file: one is kept open. */
static int stream_open(struct stream *stream, uint32_t source)
{
    const struct foreign_media *foreign = stream->worker->input->set->foreign;
    struct stat facts;
    if (stream->source == source) {
        return 0;
    }
    stream_close(stream);
    stream->fd =
        open(foreign->sources[source].path.p, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (stream->fd < 0) {
        return errno;
    }
    const int fault = fstat(stream->fd, &facts) != 0 ? errno
                      : S_ISREG(facts.st_mode)       ? 0
                      : S_ISDIR(facts.st_mode)       ? EISDIR
                                                     : ESPIPE;
    if (fault != 0) {
        stream_close(stream);
        return fault;
    }
    (void)posix_fadvise(stream->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* else it is as slow as it is */
    stream->source = source;
    return 0;
}

static bool stream_is_stopped(const struct stream *stream)
{
    return atomic_load_explicit(stream->worker->stop, memory_order_acquire);
}

/* Each read asks whether the run is told to end: stored bytes need not come to any plain ones. */
static int64_t stream_read(void *context, uint64_t offset, void *bytes, size_t count)
{
    struct stream *stream = context;
    if (stream_is_stopped(stream)) {
        return -ECANCELED;
    }
    const ssize_t got = pread(stream->fd, bytes, count, (off_t)offset);
    const int fault = errno;
    if (got > 0) {
        meter_add(&stream->worker->meter.stored_bytes_read, (uint64_t)got);
    }
    meter_mark(&stream->worker->meter, WORK_READ);
    return got < 0 ? -(int64_t)fault : got;
}

void stream_init(struct worker *worker)
{
    struct stream *stream = heap_alloc(1, sizeof *stream);
    *stream = (struct stream){.worker = worker, .source = MARK_NONE, .fd = -1};
    foreign_reader_init(&stream->reader, stream_read, stream);
    stream->reader.stored = worker->slots[0].stored;
    stream->reader.stored_room = worker->input->budget->stored_bytes_max;
    stream->reader.plain = worker->slots[0].plain;
    stream->reader.plain_room = worker->input->budget->plain_bytes_max;
    worker->stream = stream;
}

void stream_fini(struct worker *worker)
{
    if (worker->stream != NULL) {
        stream_close(worker->stream);
        foreign_reader_fini(&worker->stream->reader);
        free(worker->stream);
        worker->stream = NULL;
    }
}

/* --- a chunk --- */

static void stream_fault(const struct stream *stream, uint32_t file, enum foreign_fault fault,
                         int os_errno)
{
    const bool unread = fault == FOREIGN_UNREAD;
    const bool stopped = unread && os_errno == ECANCELED && stream_is_stopped(stream);
    if (unread) {
        file_table_fault(stream->worker->table, file,
                         stopped ? OUTCOME_CANCELLED : OUTCOME_MEDIA_MISSING,
                         stopped ? 0 : os_errno);
    } else {
        file_table_take_fault(stream->worker->table, file,
                              file_fault(OUTCOME_MEDIA_CORRUPT, fault, 0));
    }
}

/* The next bytes of the chunk, summed; within the pace. */
static enum foreign_fault stream_next(struct stream *stream, const char **bytes, uint32_t *count)
{
    struct worker *worker = stream->worker;
    const enum foreign_fault fault = foreign_reader_next(&stream->reader, bytes, count);
    meter_mark(&worker->meter, WORK_DECODE);
    if (fault != FOREIGN_PIECE) {
        return fault;
    }
    checksum_add(stream->reader.checksum, *bytes, *count);
    meter_mark(&worker->meter, WORK_VERIFY);
    if (worker->input->pace != NULL && !pace_is_free(worker->input->pace)) {
        pace_wait(worker->input->pace, *count, worker->stop);
        meter_mark(&worker->meter, WORK_PACE);
    }
    return fault;
}

/* The rest of the chunk, from these bytes on, into the staged file. False: the file has a fault. */
static bool stream_write(struct stream *stream, uint32_t file, const char *bytes, uint32_t count)
{
    struct worker *worker = stream->worker;
    uint64_t at = stream->reader.chunk->file_offset;
    enum foreign_fault fault = FOREIGN_PIECE;
    while (fault == FOREIGN_PIECE) {
        if (stream_is_stopped(stream)) {
            file_table_fault(worker->table, file, OUTCOME_CANCELLED, 0);
            return false;
        }
        if (!worker->input->discard) {
            const struct large_file *large = large_file_open(worker, file);
            const int wrong =
                large == NULL ? errno : large_file_write(worker, large, bytes, count, at);
            meter_mark(&worker->meter, WORK_WRITE);
            if (wrong != 0) {
                file_table_fault(worker->table, file, outcome_of_errno(wrong), wrong);
                return false;
            }
        }
        meter_add(&worker->meter.bytes_done, count);
        at += count;
        fault = stream_next(stream, &bytes, &count);
    }
    if (fault != FOREIGN_END) {
        stream_fault(stream, file, fault, stream->reader.os_errno);
    }
    return fault == FOREIGN_END;
}

/* A file of one chunk that came in one piece is made whole and at once. */
static void stream_small(struct stream *stream, const struct claim_piece *piece, const char *bytes)
{
    struct worker *worker = stream->worker;
    const char *none = NULL;
    uint32_t count = 0;
    const enum foreign_fault fault = stream_next(stream, &none, &count);
    if (fault != FOREIGN_END) {
        stream_fault(stream, piece->file, fault, stream->reader.os_errno);
    } else if (!worker->input->discard) {
        const int wrong = small_file_write(worker, piece, 1, bytes);
        if (wrong != 0) {
            file_table_fault(worker->table, piece->file, outcome_of_errno(wrong), wrong);
        }
    }
    file_pieces_done(worker, piece->file, 1, true);
}

static bool piece_is_whole(const struct worker *worker, uint32_t file)
{
    const uint32_t entry = file_table_data_entry(worker->table, file);
    return worker->input->set->index.entries[entry].chunk_count == 1;
}

void stream_piece(struct worker *worker, const struct claim_piece *piece)
{
    const struct media_set *set = worker->input->set;
    struct stream *stream = worker->stream;
    const uint64_t number = (uint64_t)(claim_chunk(worker->claims, piece) - set->index.chunks);
    const struct foreign_chunk *chunk = &set->foreign->chunks[number];
    const char *bytes = NULL;
    uint32_t count = 0;
    bool right = false;
    if (!file_table_has_fault(worker->table, piece->file)) {
        const int wrong = stream_open(stream, chunk->source);
        enum foreign_fault fault = FOREIGN_UNREAD;
        if (wrong == 0) {
            foreign_reader_begin(&stream->reader, chunk);
            fault = stream_next(stream, &bytes, &count);
            meter_add(&worker->meter.frames, 1);
        }
        if (fault != FOREIGN_PIECE) {
            stream_fault(stream, piece->file, fault, wrong != 0 ? wrong : stream->reader.os_errno);
        } else if (count == chunk->plain_bytes && piece_is_whole(worker, piece->file)) {
            stream_small(stream, piece, bytes);
            return;
        } else {
            right = stream_write(stream, piece->file, bytes, count);
        }
    }
    if (right && !worker->input->discard) {
        marks_piece(worker->input->marks, piece->file, piece->chunk);
    }
    file_pieces_done(worker, piece->file, 1, false);
}
