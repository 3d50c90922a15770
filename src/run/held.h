/* held.h - which staged files of an interrupted run need not be made again.
 *
 * A file counts when its row and its mark say that it is whole, the mark is right and survived
 * whatever ended the process before (engine/marks.h, run/checkpoint.h), and it stands in staging
 * with its size. All else is forgotten: its row and mark are 0 again. Control thread, before the
 * engine starts. */
#ifndef RUN_HELD_H
#define RUN_HELD_H

#include "dest/stage.h"
#include "run/run_folder.h"

/* For each planned file, 1: it is staged and has its row; heap. folder: whose rows and marks.
 * done: for each unit, 1: its rows are left alone. kept: the last epoch that a power cut would
 * have left. */
uint8_t *held_find(const struct stage *stage, const struct run_folder *folder, const uint8_t *done,
                   uint32_t kept);

#endif
