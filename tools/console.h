/* console.h - what a restore says while it goes on and when it ends: events for programs, one line
 * and sentences for people. The program has one. Nobody who does not read it, or has gone, stops
 * the restore (outlet.h). */
#ifndef TOOLS_CONSOLE_H
#define TOOLS_CONSOLE_H

#include "args.h"

#include "vssrestore/vssrestore.h"

/* As the call says: --json, --events-fd, --quiet, and NO_COLOR and TERM of the environment. False:
 * a usage error was told. */
bool console_open(const struct call *call);

/* Does somebody want events; text on standard output? */
bool console_has_events(void);
bool console_has_text(void);

/* vsr_restore_options.on_progress, and on_warning; context: unused. */
void console_progress(void *context, const vsr_progress *progress);
void console_warn(void *context, const char *sentence);
/* For people alone, on standard error, whenever there is room. */
void console_note(const char *sentence);

/* The error for people, and as an event; returns the exit code that it stands for. */
int console_error(const vsr_error *error);
/* For people, on standard output: vsr_sink, and printf(). */
int console_text_sink(void *context, const char *text, size_t bytes);
__attribute__((format(printf, 1, 2))) void console_say(const char *format, ...);
/* An event: vsr_sink (whole lines), and printf(); it must arrive. */
int console_event_sink(void *context, const char *text, size_t bytes);

/* A step of a chain begins. */
void console_step(size_t number, size_t count, const char *set);
/* The summary of a restore that never began. Of one that ends in the middle, because something is
 * found that nobody can be told of (vsr_ending_code()), it is told by itself. */
void console_summary_without_run(int exit_code);
/* The process ends here and now, as if the library had ended it: the summary, if somebody wants
 * events, the sentence (a line), and nothing else. Takes no memory. Open or not. */
__attribute__((noreturn, cold)) void console_end(int code, const char *sentence);
/* Take the progress line away: the run is over. */
void console_progress_end(void);

/* Wait for readers that still read. code: the exit code so far; returned, or 32 where it is 0 and
 * what was to be said could not be written (a reader that has gone, or stands still, is told of and
 * changes nothing). */
int console_close(int code);

#endif
