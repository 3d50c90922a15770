/* adopt.h - what a plan in JSON lines does not say, taken over from one that was made again. */
#ifndef PLAN_ADOPT_H
#define PLAN_ADOPT_H

#include "plan/plan.h"

/* now: of the choices of lines; refusals: as plan_stale_units() gave them. Each unit of lines that
 * now plans as well gets what the document is to say of it (6.10) and whether more follows (7.2);
 * one that is not stale, the files of other units that it depends on, and if these are not
 * restored, its refusal (rulings 8 and 28). May be done again with another now. */
void plan_adopt(struct plan *lines, const struct plan *now, enum refusal *refusals);

#endif
