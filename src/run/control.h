/* control.h - the control line of a run: a Unix socket in its folder, over which whoever may enter
 * that folder asks how far it is, pauses it, slows it down or ends it. Control thread only.
 *
 * One command a line, one JSON object a line as the answer (tools/schema/control.schema.json).
 * Nobody who connects can hold up the run: nothing here waits, each client has a bounded part of
 * each turn, and one that does not read its answers is dropped. Nor can anybody hold up other
 * clients: who was silent longest, and for some seconds, gives up its place when there is none for
 * another. */
#ifndef RUN_CONTROL_H
#define RUN_CONTROL_H

#include "run/conduct.h"

/* A client's part of a turn, of which there are some ten a second: so many lines at most, each of
 * so many bytes at most. */
enum { CONTROL_CLIENTS_MAX = 8, CONTROL_LINE_MAX = 128, CONTROL_LINES_MAX = 32 };
/* A guest is answered in less than the asking side waits (control_ask()). */
#define CONTROL_SILENCE_NS UINT64_C(5000000000)

struct control_client {
    int fd;            /* -1: none */
    uint64_t heard_ns; /* of the run's time: when it came, or its last command */
    char line[CONTROL_LINE_MAX];
    size_t n;
};

/* What was asked for; carried out by who serves. */
struct control_wishes {
    bool paused;
    bool cancelled;
    uint64_t bytes_per_s; /* 0: no limit */
};

struct control {
    int dir_fd;    /* borrowed: the run folder's */
    int listen_fd; /* -1: closed */
    struct control_client clients[CONTROL_CLIENTS_MAX];
    struct control_wishes wishes;
};

/* Listen in the run folder. Where no socket can be made, the run has no control line. */
void control_open(struct control *control, int dir_fd, uint64_t bytes_per_s);
/* Take what was asked, answer. now: what a status tells. */
void control_serve(struct control *control, const struct conduct_progress *now);
void control_close(struct control *control);

/* --- the other side --- */

/* Send a command to the run of a folder, and give its answer, one line, into *answer. Waits some
 * seconds. Errors: SELECTION: no run goes on there; RUN_BUSY: it does not answer; USAGE: it does
 * not understand. */
vsr_code control_ask(const char *folder, const char *command, struct buffer *answer,
                     vsr_error *error);
/* The answer for people. */
void control_render_text(struct view answer, struct buffer *out);

#endif
