/* dialogue_inside.h - what the files of the dialogue share; for run/dialogue*.c alone. */
#ifndef RUN_DIALOGUE_INSIDE_H
#define RUN_DIALOGUE_INSIDE_H

#include "run/dialogue.h"

/* A sentence for people and the report. is_loss: exit 1 when all else is well. */
VSR_PRINTF(3, 4)
void dialogue_note(struct dialogue *dialogue, bool is_loss, const char *format, ...);

/* "SqlServerWriter", or "the writer" when it has no document. */
struct view dialogue_writer_name(const struct dialogue *dialogue, uint32_t writer);

/* Is the unit refused for what no writer and no service can mend? */
bool dialogue_unit_is_lost(const struct plan_unit *unit);

/* Does the unit's method have a service stopped before the copy (3), or cycled at the end (8)? On
 * a live tree alone, never in a private restore. */
bool dialogue_unit_stops(const struct dialogue *dialogue, const struct plan_unit *unit);
bool dialogue_unit_cycles(const struct dialogue *dialogue, const struct plan_unit *unit);

/* Start again what was stopped, last first; what does not start stays to be started. is_loss: there
 * is nobody to try that once more. */
void dialogue_start(struct dialogue *dialogue, bool is_loss);

/* Method 8: stop and start, after PostRestore, the services of units that were copied; report NULL:
 * none was. */
void dialogue_cycle(struct dialogue *dialogue, const struct plan *plan,
                    const struct report *report);

#endif
