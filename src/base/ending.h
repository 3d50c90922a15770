/* ending.h - the end of the process, where something is found that no caller can be told of: a bug
 * of ours (base/bug.h), memory that has run out (base/heap.h). By quick_exit(): nothing of what the
 * process has made is taken apart or written, but functions of at_quick_exit() are called, so that
 * a program can have a last word. */
#ifndef BASE_ENDING_H
#define BASE_ENDING_H

enum { ENDING_BUG = 70, ENDING_MEMORY = 50 };

/* Any thread; of several the first, and the others stand still. */
__attribute__((noreturn, cold)) void ending_exit(int code);

/* What the process ends with; 0: it does not end by ending_exit(). Any thread. */
int ending_code(void);

#endif
