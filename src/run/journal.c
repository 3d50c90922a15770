/* journal.c - append, sync, read record by record. What the records of a journal come to together
 * is run/journal_content.h's. */
#include "run/journal.h"

#include "base/bug.h"
#include "base/clock.h"
#include "base/hash_map.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "run/row_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint32_t JOURNAL_MAGIC = 0x4A525356; /* "VSRJ" */
static const char WHERE[] = "run/journal";

void journal_frame(struct buffer *out, uint64_t sequence, uint16_t type, uint32_t group,
                   const void *payload, uint32_t payload_bytes)
{
    VSR_REQUIRE(payload_bytes <= JOURNAL_PAYLOAD_BYTES_MAX);
    const struct journal_record record = {
        .magic = JOURNAL_MAGIC,
        .type = type,
        .payload_bytes = payload_bytes,
        .group = group,
        .sequence = sequence,
    };
    const size_t start = out->n;
    buffer_add(out, &record, sizeof record);
    buffer_add(out, payload, payload_bytes);
    const uint64_t check = hash_bytes(out->p + start, out->n - start);
    buffer_add(out, &check, sizeof check);
}

static void record_add(struct journal *journal, struct buffer *out, enum journal_type type,
                       uint32_t group, const void *payload, uint32_t payload_bytes)
{
    journal_frame(out, journal->sequence++, (uint16_t)type, group, payload, payload_bytes);
}

/* What could not be written whole, or made sure of, is taken out again: nothing is ever appended to
 * half a record. The caller takes back what the records were about. */
static vsr_code records_undo(struct journal *journal, const struct stat *before, vsr_code rc)
{
    journal->sequence = journal->kept;
    journal->broken = before == NULL || ftruncate(journal->fd, before->st_size) != 0;
    if (!journal->hurried) {
        (void)fdatasync(journal->fd);
    }
    return rc;
}

static int journal_sync(struct journal *journal)
{
    const uint64_t began_ns = clock_monotonic_ns();
    const int fault = fdatasync(journal->fd) == 0 ? 0 : errno;
    journal->synced_ns += clock_monotonic_ns() - began_ns;
    journal->sync_count++;
    errno = fault;
    return fault;
}

static vsr_code records_write(struct journal *journal, struct buffer *records, bool sync,
                              vsr_error *error)
{
    struct stat before;
    const bool known = fstat(journal->fd, &before) == 0;
    vsr_code rc = VSR_OK;
    if (journal->broken) {
        rc = err_set(error, VSR_ERR_DEST_IO, WHERE,
                     "cannot add to the journal in %s: it ends with half a record", journal->path);
        buffer_free(records);
        return rc;
    }
    rc = io_write(journal->fd, records->p, records->n, "the journal", VSR_ERR_DEST_IO, error);
    if (rc == VSR_OK && sync && !journal->hurried && journal_sync(journal) != 0) {
        rc = err_sys(error, err_dest_code(errno), WHERE, "cannot sync the journal in %s",
                     journal->path);
    }
    buffer_free(records);
    if (rc != VSR_OK) {
        return records_undo(journal, known ? &before : NULL, rc);
    }
    journal->kept = journal->sequence;
    return VSR_OK;
}

void journal_boot_id(char out[40])
{
    memset(out, 0, 40);
    OWN(fd) fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, out, 36) != 36) {
        memset(out, 0, 40);
    }
}

/* Records of some entries each, so that none is too long. */
static void records_add_all(struct journal *journal, struct buffer *out, enum journal_type type,
                            uint32_t group, const void *entries, size_t entry_bytes, size_t count)
{
    const size_t most = JOURNAL_PAYLOAD_BYTES_MAX / entry_bytes;
    for (size_t at = 0; at < count; at += most) {
        const size_t some = count - at < most ? count - at : most;
        record_add(journal, out, type, group, (const char *)entries + at * entry_bytes,
                   (uint32_t)(some * entry_bytes));
    }
}

static void session_add(struct journal *journal, struct buffer *records)
{
    struct journal_session session;
    journal_boot_id(session.boot_id);
    record_add(journal, records, JOURNAL_SESSION, MARK_NONE, &session, sizeof session);
    journal->token = uuid_random();
    record_add(journal, records, JOURNAL_TOKEN, MARK_NONE, &journal->token, sizeof journal->token);
}

vsr_code journal_begin(struct journal *journal, int fd, const char *path, const struct uuid *run,
                       const struct plan *plan, const uint8_t plan_xxh3[16], struct view call,
                       vsr_error *error)
{
    *journal = (struct journal){.fd = fd, .path = path};
    struct journal_begin begin = {.version = JOURNAL_VERSION,
                                  .file_count = plan->file_count,
                                  .unit_count = plan->unit_count};
    memcpy(begin.run_uuid, run->bytes, sizeof begin.run_uuid);
    memcpy(begin.set_uuid, plan->set_uuid.bytes, sizeof begin.set_uuid);
    memcpy(begin.index_xxh3, plan->index_xxh3, sizeof begin.index_xxh3);
    memcpy(begin.plan_xxh3, plan_xxh3, sizeof begin.plan_xxh3);
    struct buffer records = {0};
    record_add(journal, &records, JOURNAL_BEGIN, MARK_NONE, &begin, sizeof begin);
    records_add_all(journal, &records, JOURNAL_CALL, MARK_NONE, call.p, 1, call.n);
    session_add(journal, &records);
    return records_write(journal, &records, false, error);
}

vsr_code journal_go_on(struct journal *journal, int fd, const char *path, uint64_t sequence,
                       vsr_error *error)
{
    *journal = (struct journal){.fd = fd, .path = path, .sequence = sequence, .kept = sequence};
    struct buffer records = {0};
    session_add(journal, &records);
    return records_write(journal, &records, true, error);
}

vsr_code journal_places(struct journal *journal, const struct stage_place *places, uint32_t count,
                        vsr_error *error)
{
    struct buffer records = {0};
    records_add_all(journal, &records, JOURNAL_PLACES, MARK_NONE, places, sizeof *places, count);
    return records_write(journal, &records, false, error);
}

vsr_code journal_mounts(struct journal *journal, const struct stage *stage, vsr_error *error)
{
    struct buffer records = {0};
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        const struct stage_identity *identity = &stage->mounts[i].identity;
        struct journal_mount payload = {.mount = i,
                                        .root = stage->mounts[i].root,
                                        .mount_id = identity->mount_id,
                                        .device = identity->device,
                                        .inode = identity->inode,
                                        .birth_s = identity->birth_s,
                                        .birth_ns = identity->birth_ns,
                                        .fs_type = identity->fs_type};
        memcpy(payload.fs_uuid, identity->fs_uuid, sizeof payload.fs_uuid);
        record_add(journal, &records, JOURNAL_MOUNT, MARK_NONE, &payload, sizeof payload);
    }
    return records_write(journal, &records, true, error);
}

vsr_code journal_asking(struct journal *journal, const struct journal_asked_one *items,
                        uint32_t count, vsr_error *error)
{
    struct buffer payload = {0};
    struct buffer records = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].service.n > JOURNAL_PAYLOAD_BYTES_MAX - sizeof(struct journal_asking)) {
            return err_set(error, VSR_ERR_DOCUMENT, WHERE, "a service's name is too long");
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct journal_asking head = {.what = items[i].what, .writer = items[i].writer};
        payload.n = 0;
        buffer_add(&payload, &head, sizeof head);
        buffer_add_view(&payload, items[i].service);
        record_add(journal, &records, JOURNAL_ASKING, MARK_NONE, payload.p, (uint32_t)payload.n);
    }
    buffer_free(&payload);
    return records_write(journal, &records, true, error);
}

static void refused_add(struct journal *journal, struct buffer *records, uint32_t unit,
                        enum refusal refusal, struct view detail)
{
    const struct journal_refused head = {unit, refusal};
    const size_t room = JOURNAL_PAYLOAD_BYTES_MAX - sizeof head;
    struct buffer payload = {0};
    buffer_add(&payload, &head, sizeof head);
    buffer_add(&payload, detail.p, detail.n < room ? detail.n : room);
    record_add(journal, records, JOURNAL_REFUSED, MARK_NONE, payload.p, (uint32_t)payload.n);
    buffer_free(&payload);
}

static void refused_add_all(struct journal *journal, struct buffer *records,
                            const enum refusal *refusals, const struct view *details,
                            uint32_t unit_count)
{
    for (uint32_t u = 0; u < unit_count; u++) {
        if (refusals[u] != REFUSAL_NONE) {
            refused_add(journal, records, u, refusals[u], details != NULL ? details[u] : VIEW_NONE);
        }
    }
}

vsr_code journal_refused(struct journal *journal, const enum refusal *refusals,
                         const struct view *details, uint32_t unit_count, vsr_error *error)
{
    struct buffer records = {0};
    refused_add_all(journal, &records, refusals, details, unit_count);
    return records_write(journal, &records, false, error);
}

vsr_code journal_ready(struct journal *journal, const struct journal_readiness *ready,
                       vsr_error *error)
{
    const struct stage *stage = ready->stage;
    const struct journal_commit commit = {0};
    struct buffer records = {0};
    records_add_all(journal, &records, JOURNAL_BASES, MARK_NONE, stage->bases, sizeof *stage->bases,
                    stage->base_count);
    records_add_all(journal, &records, JOURNAL_UNCOMMIT, MARK_NONE, ready->uncommitted,
                    sizeof *ready->uncommitted, ready->uncommitted_count);
    refused_add_all(journal, &records, ready->refusals, ready->details, stage->plan->unit_count);
    if (ready->failed_count > 0) {
        records_add_all(journal, &records, JOURNAL_FATES, MARK_NONE, ready->failed,
                        sizeof *ready->failed, ready->failed_count);
        record_add(journal, &records, JOURNAL_COMMIT, MARK_NONE, &commit, sizeof commit);
    }
    record_add(journal, &records, JOURNAL_READY, MARK_NONE, NULL, 0);
    return records_write(journal, &records, true, error);
}

vsr_code journal_synced(struct journal *journal, vsr_error *error)
{
    struct buffer records = {0};
    record_add(journal, &records, JOURNAL_SYNCED, MARK_NONE, NULL, 0);
    return records_write(journal, &records, true, error);
}

vsr_code journal_end(struct journal *journal, int exit_code, bool open, uint64_t rows_check,
                     vsr_error *error)
{
    const struct journal_end end = {.exit_code = exit_code, .open = open ? 1 : 0};
    const struct journal_rows rows = {.unit = MARK_NONE, .check = rows_check};
    struct buffer records = {0};
    record_add(journal, &records, JOURNAL_ROWS, MARK_NONE, &rows, sizeof rows);
    record_add(journal, &records, JOURNAL_END, MARK_NONE, &end, sizeof end);
    return records_write(journal, &records, true, error);
}

/* A group is known by its first unit: its number may be another one when the run goes on. */
static uint32_t log_group(const struct journal *journal, uint32_t group)
{
    const struct stage *stage = journal->stage;
    return stage == NULL ? group : stage->group_units[stage->groups[group].first_unit];
}

static vsr_code log_intents(void *context, uint32_t group, const struct publish_intent *intents,
                            uint32_t count, bool more, vsr_error *error)
{
    struct journal *journal = context;
    struct buffer records = {0};
    for (uint32_t i = 0; i < count; i++) {
        record_add(journal, &records, JOURNAL_INTENT, log_group(journal, group), &intents[i],
                   sizeof intents[i]);
    }
    return records_write(journal, &records, !more, error);
}

static void fates_add(struct journal *journal, struct buffer *records, uint32_t group)
{
    const struct stage *stage = journal->stage;
    const struct stage_group *g = &stage->groups[group];
    struct journal_fate *fates = heap_alloc(g->unit_count, sizeof *fates);
    struct journal_rows *rows = heap_alloc(g->unit_count, sizeof *rows);
    for (uint32_t i = 0; i < g->unit_count; i++) {
        const uint32_t unit = stage->group_units[g->first_unit + i];
        fates[i] = (struct journal_fate){.unit = unit,
                                         .published = journal->states[unit] != UNIT_FAILED,
                                         .residue = journal->residue[unit]};
        if (journal->rows != NULL) {
            rows[i] =
                (struct journal_rows){.unit = unit,
                                      .check = row_check_unit(stage->plan, unit, journal->rows)};
        }
    }
    records_add_all(journal, records, JOURNAL_FATES, log_group(journal, group), fates,
                    sizeof *fates, g->unit_count);
    records_add_all(journal, records, JOURNAL_ROWS, log_group(journal, group), rows, sizeof *rows,
                    journal->rows != NULL ? g->unit_count : 0);
    free(fates);
    free(rows);
}

static vsr_code log_commit(void *context, uint32_t group, vsr_error *error)
{
    struct journal *journal = context;
    struct buffer records = {0};
    struct journal_commit commit = {0};
    if (journal->epoch != NULL) {
        commit.epoch = atomic_load_explicit(journal->epoch, memory_order_acquire);
    }
    if (journal->stage != NULL) {
        fates_add(journal, &records, group);
    }
    if (journal->rows_fd > 0 && fdatasync(journal->rows_fd) != 0) {
        buffer_free(&records);
        return err_sys(error, err_dest_code(errno), WHERE, "cannot sync the rows in %s",
                       journal->path);
    }
    record_add(journal, &records, JOURNAL_COMMIT, log_group(journal, group), &commit,
               sizeof commit);
    return records_write(journal, &records, true, error);
}

struct publish_log journal_publish_log(struct journal *journal)
{
    return (struct publish_log){.context = journal, .intents = log_intents, .commit = log_commit};
}

bool journal_next(struct journal_cursor *cursor, struct journal_record *record,
                  struct view *payload)
{
    const size_t left = cursor->bytes.n - cursor->at;
    uint64_t check = 0;
    cursor->torn_bytes = left;
    if (left < sizeof *record) {
        return false;
    }
    const char *start = cursor->bytes.p + cursor->at;
    memcpy(record, start, sizeof *record);
    if (record->magic != JOURNAL_MAGIC || record->payload_bytes > JOURNAL_PAYLOAD_BYTES_MAX ||
        record->sequence != cursor->sequence) {
        cursor->fault = "no record of this journal stands here";
        return false;
    }
    const size_t whole = sizeof *record + record->payload_bytes + sizeof check;
    if (left < whole) {
        return false;
    }
    memcpy(&check, start + whole - sizeof check, sizeof check);
    if (check != hash_bytes(start, whole - sizeof check)) {
        cursor->fault = left == whole ? NULL : "a record's checksum is wrong";
        return false;
    }
    *payload = (struct view){start + sizeof *record, record->payload_bytes};
    cursor->at += whole;
    cursor->sequence++;
    cursor->torn_bytes = 0;
    return true;
}

/* The data that begins at or behind *at, and where it ends, in bytes that begin at offset of the
 * file, or are of none; false: there is none. */
static bool data_next(int fd, uint64_t offset, size_t bytes, size_t *at, size_t *end)
{
    uint64_t from = offset + *at, to = offset + bytes;
    const bool found = fd < 0 ? from < to : io_data_next(fd, from, to, &from, &to);
    if (found) {
        *at = (size_t)(from - offset);
        *end = (size_t)(to - offset);
    }
    return found;
}

/* The next place in bytes from *at to end that begins like a record; its length with its check. 0:
 * none. */
static size_t record_seek(struct view bytes, size_t *at, size_t end, struct journal_record *record)
{
    const char *found = NULL;
    while ((found = memmem(bytes.p + *at, end - *at, &JOURNAL_MAGIC, sizeof JOURNAL_MAGIC)) !=
           NULL) {
        *at = (size_t)(found - bytes.p);
        if (bytes.n - *at < sizeof *record) {
            return 0;
        }
        memcpy(record, found, sizeof *record);
        const size_t whole = sizeof *record + record->payload_bytes + sizeof(uint64_t);
        if (record->payload_bytes <= JOURNAL_PAYLOAD_BYTES_MAX && whole <= bytes.n - *at) {
            return whole;
        }
        (*at)++;
    }
    return 0;
}

bool journal_holds_record(struct view bytes, int fd, uint64_t offset)
{
    uint64_t looked = 0;
    size_t end = 0;
    for (size_t at = 0; data_next(fd, offset, bytes.n, &at, &end); at = end) {
        struct journal_record record;
        struct view payload;
        size_t whole;
        while (at < end && (whole = record_seek(bytes, &at, end, &record)) > 0) {
            struct journal_cursor cursor = {.bytes = view_skip(bytes, at),
                                            .sequence = record.sequence};
            looked += whole;
            if (journal_next(&cursor, &record, &payload) || looked / 4 > bytes.n) {
                return true;
            }
            at++;
        }
    }
    return false;
}
