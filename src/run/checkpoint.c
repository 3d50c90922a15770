/* checkpoint.c - two slots, written in turn. What is trusted because of them is resume's business
 * (run/held.h). */
#include "run/checkpoint.h"

#include "base/clock.h"
#include "base/hash_map.h"
#include "base/io.h"
#include "base/own.h"

#include <fcntl.h>

static const char NAME[] = "checkpoint";
static const uint64_t CHECKPOINT_NS = 1000000000;
#define CHECKPOINT_MAGIC UINT64_C(0x31304B4843525356) /* "VSRCHK01" */
enum { SLOT_BYTES = 512, SLOT_COUNT = 2 };

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
    struct checkpoint_slot slot = {.magic = CHECKPOINT_MAGIC, .epoch = epoch};
    slot.check = slot_check(&slot);
    if (fdatasync(checkpoint->rows_fd) != 0 ||
        (checkpoint->marks->fd >= 0 && fdatasync(checkpoint->marks->fd) != 0)) {
        return;
    }
    (void)(io_pwrite(checkpoint->fd, &slot, sizeof slot, epoch % SLOT_COUNT * SLOT_BYTES, NAME,
                     VSR_ERR_DEST_IO, NULL) == VSR_OK &&
           fdatasync(checkpoint->fd) == 0);
}

struct early_sync_watch checkpoint_watch(struct checkpoint *checkpoint)
{
    checkpoint->taken_ns = clock_monotonic_ns();
    return (struct early_sync_watch){.context = checkpoint,
                                     .begin = checkpoint_begin,
                                     .kept = checkpoint_kept};
}

uint32_t checkpoint_read(int dir_fd)
{
    uint32_t epoch = 0;
    OWN(fd) fd = openat(dir_fd, NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    for (uint64_t i = 0; i < SLOT_COUNT && fd >= 0; i++) {
        struct checkpoint_slot slot;
        if (io_pread(fd, &slot, sizeof slot, i * SLOT_BYTES, NAME, VSR_ERR_DEST_IO, VSR_ERR_DEST_IO,
                     NULL) == VSR_OK &&
            slot.magic == CHECKPOINT_MAGIC && slot.check == slot_check(&slot) &&
            slot.epoch > epoch) {
            epoch = slot.epoch;
        }
    }
    return epoch;
}
