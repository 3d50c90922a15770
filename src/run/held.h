/* held.h - which staged files of an interrupted run need not be made again.
 *
 * A file counts when its row and its mark say that it is whole, the mark survived whatever ended
 * the process before (engine/marks.h, run/checkpoint.h), and it stands in staging with its size.
 * All else is forgotten: its row and mark are 0 again. Control thread, before the engine starts. */
#ifndef RUN_HELD_H
#define RUN_HELD_H

#include "dest/stage.h"
#include "plan/outcome.h"

#include <stdatomic.h>

/* For each planned file, 1: it is staged and has its row; heap. done: for each unit, 1: its rows
 * are left alone. kept: the last epoch that a power cut would have left. */
uint8_t *held_find(const struct stage *stage, struct outcome_row *rows, _Atomic uint32_t *epochs,
                   const uint8_t *done, uint32_t kept);

#endif
