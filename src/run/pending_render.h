/* pending_render.h - a pending record as a line, for programs and for people. Pure. */
#ifndef RUN_PENDING_RENDER_H
#define RUN_PENDING_RENDER_H

#include "run/pending_session.h"

/* {"t":"pending_record","v":1,"folder":...,"seq":...,"op":"move",...}. Added to out. */
void pending_render_json(const struct pending_step *step, struct buffer *out);
void pending_render_text(const struct pending_step *step, struct buffer *out);

#endif
