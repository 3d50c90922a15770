/* collide.h - two records, one place: shared files, conflicts, names equal but for case (rules
 * 5.9; contract, rulings 8, 21, 28). */
#ifndef PLAN_COLLIDE_H
#define PLAN_COLLIDE_H

#include "plan/draft.h"

/* After settle_places(). One file of the media that two units bring to the same place is
 * planned by the first; the others are marked as shared and fail with it. Directed entries of one
 * unit may share a destination: the first of them is the others' owner. Different files at one
 * place refuse every unit concerned. */
void collide_files(struct draft *draft);

#endif
