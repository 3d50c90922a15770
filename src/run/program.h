/* program.h - running one program that plays a writer or stops a service.
 *
 * It gets a clean environment, descriptors 0 to 2 and no others, a process group of its own and a
 * time limit; when that is over, or the call is cancelled, the whole group is killed. Whatever it
 * does with its pipes, nothing waits for ever and memory is bounded: its input is a sealed file in
 * memory, its output is read up to a bound, of its errors only the last line is kept.
 *
 * Blocks the calling thread. Other threads may exist; nobody else should reap this process's
 * children: what became of a program is not known then. */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include "base/buffer.h"
#include "base/limits.h"

struct program_call {
    const char *const *arguments;   /* the first: the program, a path with a '/'; ends with NULL */
    const char *const *environment; /* all of it; ends with NULL */
    struct view input;
    size_t output_bytes_max;
    uint64_t limit_ns;
    const volatile int *cancel; /* non-zero ends it; NULL: nothing but the time limit does */
};

enum program_fate {
    PROGRAM_EXITED,    /* status: the exit code          */
    PROGRAM_SIGNALLED, /* status: the signal's number    */
    PROGRAM_TIMED_OUT, /* killed: the limit was over     */
    PROGRAM_CANCELLED, /* killed: *cancel was raised     */
    PROGRAM_FLOODED,   /* killed: more output than may be */
    PROGRAM_LOST       /* ended, and somebody else has reaped it: nobody knows how */
};

struct program_end {
    enum program_fate fate;
    int status;
    struct buffer output;                       /* the caller's: buffer_free() */
    char last_line[PROGRAM_LINE_BYTES_MAX + 1]; /* of its standard error that is not empty; or "" */
};

/* Can this process learn how a program ended? Errors: USAGE: it ignores SIGCHLD. */
vsr_code program_check_children(vsr_error *error);

/* Run it to its end. Errors: DEST_IO when it could not be started at all; *out is then empty. */
vsr_code program_run(struct program_end *out, const struct program_call *call, vsr_error *error);

/* "ended with exit code 3", "was killed after 600 s": how it ended, for people, in *out. */
void program_end_text(const struct program_end *end, const struct program_call *call,
                      struct buffer *out);

/* Where a program stands: itself when it has a '/', else looked up in path ("/usr/bin:/bin").
 * Added to *out with a NUL. Errors: SELECTION when it is not there or cannot be run. */
vsr_code program_find(const char *program, const char *path, struct buffer *out, vsr_error *error);

#endif
