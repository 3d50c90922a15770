/* notice.h - warnings: met on any thread, told on the caller's in an order that does not depend
 * on threads. */
#ifndef PACK_NOTICE_H
#define PACK_NOTICE_H

#include "base/err.h"
#include "pack/pack.h"

#include <pthread.h>

struct notice {
    char *sentence; /* heap */
    bool incomplete;
};

struct notices {
    pthread_mutex_t lock; /* over the list */
    struct notice *list;  /* not told yet  */
    size_t count;
    size_t capacity;
    pack_warning *sink; /* or NULL */
    void *context;
    uint64_t told_count;
    uint64_t incomplete_count;
};

void notices_init(struct notices *notices, pack_warning *sink, void *context);
void notices_fini(struct notices *notices);

/* Keep a warning. incomplete: something that is wanted on the media is not there (exit 1). Any
 * thread. */
VSR_PRINTF(3, 4)
void notice_add(struct notices *notices, bool incomplete, const char *format, ...);

/* Tell what is kept: sorted (after a parallel phase) or as it was added. Caller's thread. */
enum notice_order { NOTICE_ORDER_TEXT, NOTICE_ORDER_ADDED };
void notices_tell(struct notices *notices, enum notice_order order);

#endif
