/* ionice.c - ioprio_set() by its number: the C library has no wrapper. Threads inherit what their
 * maker has, so this is set before the first one is made. */
#include "ionice.h"

#include "line.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WHO_PROCESS = 1, CLASS_BEST_EFFORT = 2, CLASS_IDLE = 3, CLASS_SHIFT = 13, LEVEL_USUAL = 4 };

/* -1: it is none. */
static int priority_parse(const char *text)
{
    static const char best[] = "best-effort";
    const char *after = text + sizeof best - 1;
    if (strcmp(text, "idle") == 0) {
        return CLASS_IDLE << CLASS_SHIFT;
    }
    if (strncmp(text, best, sizeof best - 1) != 0) {
        return -1;
    }
    if (*after == '\0') {
        return CLASS_BEST_EFFORT << CLASS_SHIFT | LEVEL_USUAL;
    }
    const bool fits = after[0] == ':' && after[1] >= '0' && after[1] <= '7' && after[2] == '\0';
    return fits ? CLASS_BEST_EFFORT << CLASS_SHIFT | (after[1] - '0') : -1;
}

bool ionice_set(const char *text)
{
    const int priority = priority_parse(text);
    if (priority < 0) {
        line_tell("vssrestore: --ionice: \"%s\" is not allowed; allowed: idle, best-effort, "
                  "best-effort:0 to best-effort:7",
                  text);
        return false;
    }
    if (syscall(SYS_ioprio_set, WHO_PROCESS, 0, priority) != 0) {
        line_tell("vssrestore: --ionice: the kernel refuses: %s", strerror(errno));
        return false;
    }
    return true;
}
