/* ending.c - the end of the process, once. What is said of it is said by who found it. */
#include "base/ending.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int ending;
static _Thread_local bool ending_is_here;

void ending_exit(int code)
{
    int none = 0;
    if (ending_is_here) {
        _exit(ending_code()); /* found by a function of at_quick_exit() */
    }
    if (!atomic_compare_exchange_strong(&ending, &none, code)) {
        for (;;) {
            (void)pause();
        }
    }
    ending_is_here = true;
    quick_exit(code);
}

int ending_code(void)
{
    return atomic_load(&ending);
}
