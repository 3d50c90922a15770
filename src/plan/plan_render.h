/* plan_render.h - a plan for people: a table of units - files, bytes, where, how, under which
 * rule - then refusals with their reasons and warnings. */
#ifndef PLAN_PLAN_RENDER_H
#define PLAN_PLAN_RENDER_H

#include "plan/plan.h"

/* Added to out. */
void plan_render_text(const struct plan *plan, struct buffer *out);

#endif
