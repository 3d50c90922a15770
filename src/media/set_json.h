/* set_json.h - the text of set.json, read and written (FORMAT.md, section 4). Pure. */
#ifndef MEDIA_SET_JSON_H
#define MEDIA_SET_JSON_H

#include "media/set.h"

/* Parse the whole file, hash line included. Views of *out stand in arena. Errors: MEDIA. */
vsr_code set_json_parse(struct arena *arena, struct view text, struct set_description *out,
                        vsr_error *error);

/* Add the whole file to *out. Errors: USAGE for text that is no UTF-8. */
vsr_code set_json_render(struct buffer *out, const struct set_description *description,
                         vsr_error *error);

#endif
