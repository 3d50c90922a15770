/* cancel.h - the word by which a caller ends a call: 0, or the number of the signal to end as.
 *
 * Whoever raises it may be another thread or a signal handler, so it is read as one word, always
 * here. It orders nothing else. Any thread. */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stddef.h>

/* What it was raised to; 0: not yet, or there is none (NULL). */
static inline int cancel_number(const volatile int *cancel)
{
    return cancel != NULL ? __atomic_load_n(cancel, __ATOMIC_RELAXED) : 0;
}

#endif
