/* held.h - which staged files of an interrupted run need not be made again.
 *
 * A file counts when its row and its mark say that it is whole, the mark is right and survived
 * whatever ended the process before (engine/marks.h, run/checkpoint.h), and what stands in staging
 * is what we made of it: with its size and time, or its text. Nor may it be an original, or
 * somebody's file, that came there when its place was exchanged: what intents say of that is held
 * against it, also those that were taken back long ago, since a disk may lose a rename. All else is
 * forgotten: its row and mark are 0 again. Control thread, before the engine starts. */
#ifndef RUN_HELD_H
#define RUN_HELD_H

#include "dest/stage.h"
#include "run/resume.h"

/* For each planned file, 1: it is staged and has its row; heap. folder: whose rows and marks.
 * resume: whose intents; of units that are done with, rows are left alone. */
uint8_t *held_find(const struct stage *stage, const struct run_folder *folder,
                   const struct resume *resume);

#endif
