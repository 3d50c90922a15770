/* trace.h - why one file goes where it goes: notes that the planner's own steps leave about it.
 *
 * A draft without a trace leaves none. With one, whatever decides about the file that it follows
 * says so where it decides; nothing is worked out a second time. Inside plan. One thread. */
#ifndef PLAN_TRACE_H
#define PLAN_TRACE_H

#include "base/arena.h"
#include "base/limits.h"

struct decided;
struct draft;
struct survey;

struct trace_note {
    const char *step; /* static word: "files", "mapping", "known", "row", "place" ... */
    uint32_t unit;    /* or MARK_NONE: of no unit alone */
    const char *rule; /* static */
    struct view text;
};

struct trace {
    struct arena *arena;
    uint32_t entry; /* the media entry that is followed, or MARK_NONE */
    struct trace_note *notes;
    uint32_t count;
    size_t capacity; /* heap: trace_fini() */
};

void trace_fini(struct trace *trace);

/* trace may be NULL: nothing is followed. */
static inline bool trace_follows(const struct trace *trace, uint32_t entry)
{
    return trace != NULL && trace->entry == entry;
}

/* Has a note about the followed file named this unit? */
bool trace_follows_unit(const struct trace *trace, uint32_t unit);

VSR_PRINTF(5, 6)
void trace_note(struct trace *trace, const char *step, uint32_t unit, const char *rule,
                const char *format, ...);

/* A set that holds the followed file, and what it means for its unit. */
void trace_set(struct draft *draft, const char *rule, uint32_t set, const char *what);
/* Mappings and new targets of the sets that own it. */
void trace_mappings(struct draft *draft);
/* The table was asked about a unit: what was known, the rows tried, what the winner says. */
void trace_decision(struct draft *draft, uint32_t unit, unsigned known);
/* A place of a unit was looked at. */
void trace_survey(struct draft *draft, uint32_t unit, const char *place,
                  const struct survey *survey);

#endif
