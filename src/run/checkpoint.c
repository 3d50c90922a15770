/* checkpoint.c - two slots, written in turn, and one for a failure. What is trusted because of
 * them is resume's business (run/held.h). */
#include "run/checkpoint.h"

#include "base/cancel.h"
#include "base/clock.h"
#include "base/hash_map.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char NAME[] = "checkpoint";
static const uint64_t CHECKPOINT_NS = 1000000000;
#define CHECKPOINT_MAGIC UINT64_C(0x31304B4843525356) /* "VSRCHK01" */
enum { SLOT_BYTES = 512, SLOT_COUNT = 2, SLOT_FAILED = SLOT_COUNT };
enum { NOTES_AT = (SLOT_FAILED + 1) * SLOT_BYTES, FILE_BYTES = 4096 };
enum { WAIT_LOOK_MS = 20, WAIT_QUIET_MS = 1000 };

_Static_assert(NOTES_AT + SYNC_NOTER_COUNT <= FILE_BYTES, "all notes are in it");

struct checkpoint_slot {
    uint64_t magic;
    uint32_t epoch;
    uint32_t reserved;
    uint64_t check; /* of what stands before it */
};

static uint64_t slot_check(const struct checkpoint_slot *slot)
{
    return hash_bytes(slot, offsetof(struct checkpoint_slot, check));
}

void checkpoint_close(struct checkpoint *checkpoint)
{
    own_fd_drop(&checkpoint->fd);
}

static vsr_code slot_write(const struct checkpoint *checkpoint, uint32_t number, uint32_t epoch,
                           vsr_error *error)
{
    struct checkpoint_slot slot = {.magic = CHECKPOINT_MAGIC, .epoch = epoch};
    slot.check = slot_check(&slot);
    const vsr_code rc = io_pwrite(checkpoint->fd, &slot, sizeof slot, (uint64_t)number * SLOT_BYTES,
                                  NAME, VSR_ERR_DEST_IO, error);
    return rc != VSR_OK || fdatasync(checkpoint->fd) == 0
               ? rc
               : err_sys(error, err_dest_code(errno), "run/checkpoint",
                         "cannot sync %s in the run folder", NAME);
}

/* Is a sync noted that nobody has told the end of? */
static bool notes_stand(int fd)
{
    char notes[SYNC_NOTER_COUNT];
    const ssize_t got = pread(fd, notes, sizeof notes, NOTES_AT);
    bool any = got < 0;
    for (ssize_t i = 0; i < got; i++) {
        any = any || notes[i] != 0;
    }
    return any;
}

static bool slot_read(int fd, uint64_t number, struct checkpoint_slot *slot)
{
    return io_pread(fd, slot, sizeof *slot, number * SLOT_BYTES, NAME, VSR_ERR_DEST_IO,
                    VSR_ERR_DEST_IO, NULL) == VSR_OK &&
           slot->magic == CHECKPOINT_MAGIC && slot->check == slot_check(slot) &&
           slot->epoch <= EPOCH_MAX;
}

static enum checkpoint_syncs syncs_read(int fd)
{
    struct checkpoint_slot slot;
    const bool told = slot_read(fd, SLOT_FAILED, &slot) && slot.epoch != SYNCS_GOOD;
    return told && slot.epoch != SYNCS_UNTOLD ? SYNCS_FAILED
           : told || notes_stand(fd)          ? SYNCS_UNTOLD
                                              : SYNCS_GOOD;
}

/* What they say is a failure's slot to keep; then they are this process's. */
static vsr_code notes_take(const struct checkpoint *checkpoint, vsr_error *error)
{
    static const char none[SYNC_NOTER_COUNT];
    if (!notes_stand(checkpoint->fd)) {
        return VSR_OK;
    }
    const vsr_code rc = syncs_read(checkpoint->fd) == SYNCS_FAILED
                            ? VSR_OK
                            : slot_write(checkpoint, SLOT_FAILED, SYNCS_UNTOLD, error);
    return rc != VSR_OK ? rc
                        : io_pwrite(checkpoint->fd, none, sizeof none, NOTES_AT, NAME,
                                    VSR_ERR_DEST_IO, error);
}

/* Room for all of it: where what is overwritten stays at its place, a note finds its own, however
 * full the disk gets. Where it is copied (btrfs), it may not: then no sync begins. */
static vsr_code file_fill(int fd, vsr_error *error)
{
    static const char none[FILE_BYTES];
    struct stat facts;
    if (fstat(fd, &facts) != 0) {
        return err_sys(error, err_dest_code(errno), "run/checkpoint",
                       "cannot look at %s in the run folder", NAME);
    }
    const size_t there = (size_t)facts.st_size;
    return there >= FILE_BYTES
               ? VSR_OK
               : io_pwrite(fd, none, FILE_BYTES - there, there, NAME, VSR_ERR_DEST_IO, error);
}

vsr_code checkpoint_open(struct checkpoint *out, int dir_fd, int rows_fd, struct marks *marks,
                         vsr_error *error)
{
    *out = (struct checkpoint){.rows_fd = rows_fd, .marks = marks};
    out->fd = openat(dir_fd, NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    out->notes = (struct sync_notes){out->fd, NOTES_AT};
    if (out->fd < 0 || flock(out->fd, LOCK_SH | LOCK_NB) != 0) {
        return err_sys(error, err_dest_code(errno), "run/checkpoint",
                       "cannot create and lock %s in the run folder", NAME);
    }
    const vsr_code rc = file_fill(out->fd, error);
    return rc == VSR_OK ? notes_take(out, error) : rc;
}

void checkpoint_fail(struct checkpoint *checkpoint)
{
    atomic_store(&checkpoint->failed, true);
    (void)slot_write(checkpoint, SLOT_FAILED, SYNCS_FAILED, NULL); /* what else can be done? */
}

/* Whoever fails meanwhile says so before he writes: one of the two writes it last. */
void checkpoint_forgive(struct checkpoint *checkpoint)
{
    (void)slot_write(checkpoint, SLOT_FAILED, SYNCS_GOOD, NULL);
    if (atomic_load(&checkpoint->failed)) {
        checkpoint_fail(checkpoint);
    }
}

static uint32_t checkpoint_begin(void *context)
{
    struct checkpoint *checkpoint = context;
    const uint64_t now_ns = clock_monotonic_ns();
    if (now_ns - checkpoint->taken_ns < CHECKPOINT_NS) {
        return 0;
    }
    checkpoint->taken_ns = now_ns;
    return atomic_fetch_add_explicit(&checkpoint->marks->epoch, 1, memory_order_acq_rel);
}

/* What cannot be written down is done again if it comes to that. */
static void checkpoint_kept(void *context, uint32_t epoch)
{
    const struct checkpoint *checkpoint = context;
    if (fdatasync(checkpoint->rows_fd) != 0 ||
        (checkpoint->marks->fd >= 0 && fdatasync(checkpoint->marks->fd) != 0)) {
        return;
    }
    (void)slot_write(checkpoint, epoch % SLOT_COUNT, epoch, NULL);
}

static void checkpoint_failed(void *context)
{
    checkpoint_fail(context);
}

struct early_sync_watch checkpoint_watch(struct checkpoint *checkpoint)
{
    checkpoint->taken_ns = clock_monotonic_ns();
    return (struct early_sync_watch){.context = checkpoint,
                                     .begin = checkpoint_begin,
                                     .kept = checkpoint_kept,
                                     .failed = checkpoint_failed};
}

uint32_t checkpoint_read(int dir_fd, enum checkpoint_syncs *syncs)
{
    struct checkpoint_slot slot;
    uint32_t epoch = 0;
    OWN(fd) fd = openat(dir_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const bool none = fd < 0 && errno == ENOENT; /* else what it says is not known */
    for (uint64_t i = 0; i < SLOT_COUNT && fd >= 0; i++) {
        if (slot_read(fd, i, &slot) && slot.epoch > epoch) {
            epoch = slot.epoch;
        }
    }
    *syncs = fd >= 0 ? syncs_read(fd) : none ? SYNCS_GOOD : SYNCS_UNTOLD;
    return epoch;
}

vsr_code checkpoint_wait(int dir_fd, const struct checkpoint_waiting *waiting, vsr_error *error)
{
    static const struct timespec pause = {.tv_nsec = WAIT_LOOK_MS * 1000000L};
    uint32_t looks = 0;
    OWN(fd) fd = openat(dir_fd, NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT) {
        return err_sys(error, err_dest_code(errno), "run/checkpoint",
                       "cannot open %s in the run folder", NAME);
    }
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 &&
           (errno == EWOULDBLOCK || errno == EINTR)) {
        if (cancel_number(waiting->cancel) != 0) {
            return err_set(error, VSR_ERR_CANCELLED, "run/checkpoint",
                           "the run was cancelled while it waited for a sync that an earlier "
                           "process of it has begun; what that one has written stays as it is");
        }
        if (++looks == WAIT_QUIET_MS / WAIT_LOOK_MS && waiting->on_warning != NULL) {
            waiting->on_warning(waiting->context,
                                "waiting for a sync that an earlier process of this run has begun, "
                                "and that its disk has not answered yet");
        }
        (void)nanosleep(&pause, NULL);
    }
    return VSR_OK;
}
