/* bug.h - stop at once on a broken invariant of our own, in every build type.
 *
 * For what only a programmer can get wrong. Input, media and system calls go wrong
 * as values (base/err.h), never here. */
#ifndef BASE_BUG_H
#define BASE_BUG_H

/* Print file, line and the fact to standard error, then end the process with exit
 * code 70 (base/ending.h); with VSSRESTORE_ABORT_ON_BUG in the environment by abort(), for a core.
 * Any thread. */
__attribute__((noreturn, cold)) void bug_stop(const char *file, int line, const char *what);

#define VSR_BUG(what)     bug_stop(__FILE__, __LINE__, what)
#define VSR_REQUIRE(fact) ((fact) ? (void)0 : bug_stop(__FILE__, __LINE__, #fact))

#endif
