/* inspect_run.h - what a run folder says of its run: where it stands, unit by unit. Control
 * thread. */
#ifndef RUN_INSPECT_RUN_H
#define RUN_INSPECT_RUN_H

#include "run/resume.h"

/* Added to out. resume: opened to look. */
void inspect_run_text(const struct resume *resume, struct buffer *out);
/* One JSON object, as a line. */
void inspect_run_json(const struct resume *resume, struct buffer *out);

#endif
