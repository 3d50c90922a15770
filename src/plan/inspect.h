/* inspect.h - what a set or a folder of documents holds, for people and for programs: writers,
 * components as a tree, file sets, methods, mappings; sizes where there is a set. Pure. */
#ifndef PLAN_INSPECT_H
#define PLAN_INSPECT_H

#include "base/buffer.h"
#include "media/set.h"
#include "plan/plan.h"
#include "vss/documents.h"

/* set NULL: documents alone. plan: of bare_plan_create() or, of documents alone,
 * bare_plan_of_documents(), for marking what would be refused; or NULL. Added to out. */
void inspect_render_text(const struct documents *documents, const struct media_set *set,
                         const struct plan *plan, struct buffer *out);
/* One JSON object, one line. */
void inspect_render_json(const struct documents *documents, const struct media_set *set,
                         const struct plan *plan, struct buffer *out);

#endif
