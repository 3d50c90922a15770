/* ionice.h - how the disk's scheduler treats this process, and the threads that it makes later. */
#ifndef TOOLS_IONICE_H
#define TOOLS_IONICE_H

#include <stdbool.h>

/* "idle", "best-effort" or "best-effort:N", N from 0 to 7. False: it is none of these, or the
 * kernel refused; the reason was told. */
bool ionice_set(const char *text);

#endif
