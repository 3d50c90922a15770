/* sync_note.c - one byte, written through its number: also in a process that may do nothing but
 * call the system. Who reads them is run/checkpoint.c. */
#include "dest/sync_note.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static int note_write(const struct sync_notes *notes, uint32_t noter, char byte)
{
    if (notes == NULL) {
        return 0;
    }
    long wrote;
    while ((wrote = syscall(SYS_pwrite64, notes->fd, &byte, sizeof byte,
                            (off_t)(notes->offset + noter))) < 0 &&
           errno == EINTR) {
    }
    return wrote == (long)sizeof byte ? 0 : wrote < 0 ? errno : EIO;
}

int sync_note_begin(const struct sync_notes *notes, uint32_t noter)
{
    return note_write(notes, noter, 1);
}

void sync_note_good(const struct sync_notes *notes, uint32_t noter)
{
    (void)note_write(notes, noter, 0); /* if not, the sync counts as failed */
}
