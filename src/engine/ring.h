/* ring.h - reads and writes that a worker has in flight: io_uring, or the same by plain calls.
 *
 * Two implementations behind one set of calls: ring_uring.c, and ring_sync.c (preadv/pwritev when
 * the kernel's ring is not there; also the test double, and what ThreadSanitizer can see).
 * A ring belongs to the thread that opened it; only ring_probe() may be called by any thread.
 * No call but ring_open() and ring_close() allocates. */
#ifndef ENGINE_RING_H
#define ENGINE_RING_H

#include "base/err.h"
#include "engine/budget.h"

struct ring; /* heap */

struct ring_setup {
    enum ring_choice choice; /* RING_URING or RING_SYNC */
    uint32_t depth;          /* operations in flight at most */
    char *fixed;             /* memory to register, or NULL */
    uint64_t fixed_bytes;
};

struct ring_operation {
    int fd;
    char *bytes;
    uint32_t count;
    uint64_t offset;
    uint32_t tag; /* comes back in the event */
};

struct ring_event {
    uint32_t tag;
    int32_t result; /* bytes, or -errno */
};

/* Registered memory that the kernel refuses is used unregistered. */
vsr_code ring_open(struct ring **out, const struct ring_setup *setup, vsr_error *error);

/* Waits for what is in flight. Before the buffers are unmapped: the kernel may still own them. */
void ring_close(struct ring *ring);

/* What can be read without waiting, which is all of it when the media are in the page cache: bytes,
 * or -errno; -EAGAIN: queue it. A worker that takes it so fills one pair of buffers again and
 * again, and they stay in its core's cache. */
int32_t ring_read_now(struct ring *ring, const struct ring_operation *operation);

/* Queue one; at most depth are in flight (required). */
void ring_read(struct ring *ring, const struct ring_operation *operation);
void ring_write(struct ring *ring, const struct ring_operation *operation);

/* Start what is queued, wait for one event at least. Returns how many were written to events
 * (at most max), or -errno: the ring is broken. Something is in flight (required). */
int ring_wait(struct ring *ring, struct ring_event *events, uint32_t max);

/* Of a ring that ring_wait() said is broken, and of an operation in flight: may the kernel have
 * begun it? Then its buffer is the kernel's until the thread ends. From the first call on the
 * ring is for closing only. */
bool ring_is_started(struct ring *ring, uint32_t tag);

/* Can this process have a ring? False: why not, in words, with what to do. */
bool ring_probe(char *reason, size_t reason_bytes);

/* Tests alone: called before each operation of a RING_SYNC ring; may shorten *count, or return
 * an errno as the operation's result. Set while no engine runs. */
typedef int ring_fault(bool write, uint64_t offset, uint32_t *count);
extern ring_fault *ring_sync_fault;

/* Tests alone: called by ring_wait() of either ring; an errno breaks the ring. While it is set
 * nothing is read at once. */
typedef int ring_break(void);
extern ring_break *ring_wait_break;

/* Tests alone: what each operation of either ring came to, before the worker sees it. Set while no
 * engine runs. */
enum ring_kind { RING_READ_NOW, RING_READ, RING_WRITE };
struct ring_watch {
    /* May make another result of it; on the thread that owns the ring. */
    int32_t (*result)(enum ring_kind kind, const struct ring_operation *operation, int32_t result);
    bool backwards; /* all that is in flight is waited for, and told last first */
};
extern const struct ring_watch *ring_watch;

#endif
