/* chain_rest.h - what is left of a chain while one of its steps runs, as a text that the step's run
 * folder keeps: the call, where it was made, and the run folders so far. So `resume` does what
 * `run` would have done next. */
#ifndef TOOLS_CHAIN_REST_H
#define TOOLS_CHAIN_REST_H

#include "args.h"

struct chain_rest {
    size_t step;               /* that the text is kept by */
    char *folder;              /* where the program was called */
    struct text_list run_dirs; /* of the steps before it, absolute */
    struct text_list words;    /* of the command line, behind the verb */
};

/* A text of ASCII alone; the caller's, heap. */
char *chain_rest_render(const struct chain_rest *rest);

/* False: it is no such text. *out is freed by chain_rest_free(), always. */
bool chain_rest_parse(struct chain_rest *out, const char *text);
void chain_rest_free(struct chain_rest *rest);

/* Add a copy of text to a list whose items are all copies. */
void chain_rest_add(struct text_list *list, const char *text);

#endif
