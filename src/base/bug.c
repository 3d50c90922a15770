/* bug.c - the end of the line for broken invariants. It prints, which nothing else in
 * the library does, because there is no caller left to tell. */
#include "base/bug.h"

#include "base/ending.h"

#include <stdio.h>
#include <stdlib.h>

void bug_stop(const char *file, int line, const char *what)
{
    (void)fprintf(stderr,
                  "vssrestore: a bug in vssrestore: %s:%d: %s\n"
                  "Nothing more is written. Please report it with this line.\n",
                  file, line, what);
    (void)fflush(stderr);
    if (getenv("VSSRESTORE_ABORT_ON_BUG") != NULL) {
        abort(); /* a core for the debugger */
    }
    ending_exit(ENDING_BUG);
}
