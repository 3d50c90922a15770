/* work_phase.h - what a worker can be busy with: the columns of a profile. */
#ifndef ENGINE_WORK_PHASE_H
#define ENGINE_WORK_PHASE_H

enum work_phase {
    WORK_READ,       /* stored bytes that are in the page cache: copied at once */
    WORK_READ_WAIT,  /* for the media */
    WORK_DECODE,     /* LZ4 */
    WORK_VERIFY,     /* XXH3 of each piece */
    WORK_CREATE,     /* staged folders and files opened */
    WORK_WRITE,      /* plain writes, copies from a base */
    WORK_WRITE_WAIT, /* for writes through the ring; what the kernel does to begin them as well */
    WORK_METADATA,   /* sizes, owners, modes, times, further names, close; and the files' rows */
    WORK_PACE,       /* paused, or slowed down by a throttle */
    WORK_IDLE,       /* nothing left to take, or not begun yet */
    WORK_PHASE_COUNT
};

#endif
