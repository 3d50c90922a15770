/* run_call_words.h - the words for options in a run's call, in the order of their enums; for
 * run/run_call*.c alone. */
#ifndef RUN_RUN_CALL_WORDS_H
#define RUN_RUN_CALL_WORDS_H

#include <stddef.h>

static const char *const durabilities[] = {"none", "end", "unit", NULL};
static const char *const owners[] = {"media", "mine", NULL};
static const char *const rings[] = {"auto", "uring", "sync", NULL};
static const char *const write_modes[] = {"auto", "direct", "buffered", "uncached", NULL};

#endif
