/* chain_rest.h - what is left of a chain while one of its steps runs, as a text that the step's run
 * folder keeps: the call, where it was made, and the run folders so far. So `resume` does what
 * `run` would have done next, also when the step has ended and no next one was begun.
 *
 * A step has a next one when a folder keeps the text of that: there is no moment at which a chain
 * is lost, since a folder appears with its text, and nothing else is written. The next one must
 * have met the end that the step has now: of a step that ended for want of room and was gone on
 * with, the ones that came meanwhile do not count. */
#ifndef TOOLS_CHAIN_REST_H
#define TOOLS_CHAIN_REST_H

#include "args.h"

enum { CHAIN_ID_BYTES = 40 };

struct chain_rest {
    size_t step, steps;        /* that the text is kept by; how many there are */
    char id[CHAIN_ID_BYTES];   /* of this chain alone */
    char *folder;              /* where the program was called */
    struct text_list run_dirs; /* of the steps before it, absolute */
    struct text_list codes;    /* ... and their exit codes */
    struct text_list words;    /* of the command line, behind the verb */
};

/* An id that no other chain has. */
void chain_rest_id(char out[CHAIN_ID_BYTES]);

/* A text of ASCII alone; the caller's, heap. */
char *chain_rest_render(const struct chain_rest *rest);

/* False: it is no such text. *out is freed by chain_rest_free(), always. */
bool chain_rest_parse(struct chain_rest *out, const char *text);
void chain_rest_free(struct chain_rest *rest);

/* What the run folder keeps of a chain; false: it is of none. *out as of chain_rest_parse(). */
bool chain_rest_read(struct chain_rest *out, const char *run_dir);

/* Add a copy of text, or a number, to a list whose items are all copies. */
void chain_rest_add(struct text_list *list, const char *text);
void chain_rest_add_code(struct text_list *list, int code);

/* The run folder of the step behind the last of rest->run_dirs, beside that or where the program
 * was called, in *out, the caller's; false: none was begun. */
bool chain_rest_next(const struct chain_rest *rest, char **out);

/* Between two steps the chain belongs to one process, that holds the last of its run folders: the
 * descriptor, or -1: another one goes on with it. It ends with the process, or by close(). */
int chain_rest_hold(const char *run_dir);

#endif
