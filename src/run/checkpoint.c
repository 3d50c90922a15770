/* checkpoint.c - two slots, written in turn, and one for a failure. What is trusted because of
 * them is resume's business (run/held.h). */
#include "run/checkpoint.h"

#include "base/clock.h"
#include "base/hash_map.h"
#include "base/io.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char NAME[] = "checkpoint";
static const uint64_t CHECKPOINT_NS = 1000000000;
#define CHECKPOINT_MAGIC UINT64_C(0x31304B4843525356) /* "VSRCHK01" */
enum { SLOT_BYTES = 512, SLOT_COUNT = 2, SLOT_FAILED = SLOT_COUNT };

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

vsr_code checkpoint_open(struct checkpoint *out, int dir_fd, int rows_fd, struct marks *marks,
                         vsr_error *error)
{
    *out = (struct checkpoint){.rows_fd = rows_fd, .marks = marks};
    out->fd = openat(dir_fd, NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return out->fd >= 0 ? VSR_OK
                        : err_sys(error, err_dest_code(errno), "run/checkpoint",
                                  "cannot create %s in the run folder", NAME);
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

void checkpoint_fail(const struct checkpoint *checkpoint)
{
    (void)slot_write(checkpoint, SLOT_FAILED, 1, NULL); /* what else is there to do? */
}

void checkpoint_forgive(const struct checkpoint *checkpoint)
{
    (void)slot_write(checkpoint, SLOT_FAILED, 0, NULL);
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

static bool slot_read(int fd, uint64_t number, struct checkpoint_slot *slot)
{
    return io_pread(fd, slot, sizeof *slot, number * SLOT_BYTES, NAME, VSR_ERR_DEST_IO,
                    VSR_ERR_DEST_IO, NULL) == VSR_OK &&
           slot->magic == CHECKPOINT_MAGIC && slot->check == slot_check(slot);
}

uint32_t checkpoint_read(int dir_fd, bool *failed)
{
    struct checkpoint_slot slot;
    uint32_t epoch = 0;
    OWN(fd) fd = openat(dir_fd, NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    for (uint64_t i = 0; i < SLOT_COUNT && fd >= 0; i++) {
        if (slot_read(fd, i, &slot) && slot.epoch > epoch) {
            epoch = slot.epoch;
        }
    }
    *failed = fd >= 0 && slot_read(fd, SLOT_FAILED, &slot) && slot.epoch != 0;
    return epoch;
}
