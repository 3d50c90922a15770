/* journal.c - append, sync, read back. What a resume does with the records is not here. */
#include "run/journal.h"

#include "base/bug.h"
#include "base/clock.h"
#include "base/hash_map.h"
#include "base/io.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
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
    (void)fdatasync(journal->fd);
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
    if (rc == VSR_OK && sync && journal_sync(journal) != 0) {
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

static void boot_id_read(char out[40])
{
    memset(out, 0, 40);
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        const ssize_t got = read(fd, out, 36);
        if (got != 36) {
            memset(out, 0, 40); /* unknown: nothing is trusted by it */
        }
        (void)close(fd);
    }
}

vsr_code journal_begin(struct journal *journal, int fd, const char *path, const struct uuid *run,
                       const struct plan *plan, vsr_error *error)
{
    *journal = (struct journal){.fd = fd, .path = path};
    struct journal_begin begin = {.file_count = plan->file_count, .unit_count = plan->unit_count};
    memcpy(begin.run_uuid, run->bytes, sizeof begin.run_uuid);
    memcpy(begin.set_uuid, plan->set_uuid.bytes, sizeof begin.set_uuid);
    memcpy(begin.index_xxh3, plan->index_xxh3, sizeof begin.index_xxh3);
    boot_id_read(begin.boot_id);
    struct buffer records = {0};
    record_add(journal, &records, JOURNAL_BEGIN, MARK_NONE, &begin, sizeof begin);
    return records_write(journal, &records, false, error);
}

vsr_code journal_mounts(struct journal *journal, const struct stage *stage, vsr_error *error)
{
    struct buffer records = {0};
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        const struct stage_mount *mount = &stage->mounts[i];
        const struct journal_mount payload = {.mount = i,
                                              .root = mount->root,
                                              .mount_id = mount->mount_id,
                                              .device = mount->device,
                                              .inode = mount->inode};
        record_add(journal, &records, JOURNAL_MOUNT, MARK_NONE, &payload, sizeof payload);
    }
    return records_write(journal, &records, true, error);
}

vsr_code journal_end(struct journal *journal, int exit_code, vsr_error *error)
{
    const struct journal_end end = {.exit_code = exit_code};
    struct buffer records = {0};
    record_add(journal, &records, JOURNAL_END, MARK_NONE, &end, sizeof end);
    return records_write(journal, &records, true, error);
}

static vsr_code log_intents(void *context, uint32_t group, const struct publish_intent *intents,
                            uint32_t count, bool more, vsr_error *error)
{
    struct journal *journal = context;
    struct buffer records = {0};
    for (uint32_t i = 0; i < count; i++) {
        record_add(journal, &records, JOURNAL_INTENT, group, &intents[i], sizeof intents[i]);
    }
    return records_write(journal, &records, !more, error);
}

static vsr_code log_commit(void *context, uint32_t group, vsr_error *error)
{
    struct journal *journal = context;
    struct buffer records = {0};
    record_add(journal, &records, JOURNAL_COMMIT, group, NULL, 0);
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
