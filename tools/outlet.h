/* outlet.h - a stream that may be closed, full or read by nobody, and stops nobody.
 *
 * What must arrive is queued and written when the other side has room; what may be lost is written
 * at once or not at all. No call but outlet_close() waits. SIGPIPE is to be ignored. */
#ifndef TOOLS_OUTLET_H
#define TOOLS_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

struct outlet {
    int fd;
    bool is_socket, is_own; /* is_own: fd was opened here, and is closed here */
    int gone; /* errno: nobody reads it any more, or it cannot be written; 0: somebody may */
    char *queue;
    size_t from, end, capacity; /* what is queued: [from, end) */
};

void outlet_open(struct outlet *outlet, int fd);
/* It must arrive: in order, after what was queued before. False: there is no memory to queue it,
 * and nothing of it was taken. */
bool outlet_put(struct outlet *outlet, const char *text, size_t bytes);
/* It may be lost: dropped whole where it cannot be written now. At most 4096 bytes. */
void outlet_offer(struct outlet *outlet, const char *text, size_t bytes);
/* Write what there is room for. */
void outlet_pump(struct outlet *outlet);
/* The very last: waits, as outlet_close(), for what was queued, and then for this. Takes no memory;
 * text stays the caller's, and the outlet is not used again. */
void outlet_last(struct outlet *outlet, const char *text, size_t bytes, int stall_s);
/* Wait until all is written, or until nothing was for stall_s seconds. 0; or the errno that says
 * why something is lost, ETIMEDOUT for a reader that stands still. The descriptor that was
 * given stays open. */
int outlet_close(struct outlet *outlet, int stall_s);

#endif
