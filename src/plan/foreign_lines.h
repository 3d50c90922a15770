/* foreign_lines.h - a plan that another front end made: files with places, and chunks of stored
 * files of its own (vssrestore-plan(5)).
 *
 * It brings its own catalogue, so that it stands for the set that it has none of: what comes of
 * it is a struct media_set in memory, of which a plan is then made as of any set
 * (foreign_take.h). Every number and name in it is distrusted; a member, word or version that is
 * not known here refuses it, because what it asks for would be done wrong. What the stored files
 * hold is not asked: workers find out, and a file alone fails. Pure. */
#ifndef PLAN_FOREIGN_LINES_H
#define PLAN_FOREIGN_LINES_H

#include "media/foreign.h"

/* Does the first record say so: {"t":"plan","set":null,...}? */
bool foreign_lines_are(struct view bytes);

/* Read it. path: of the plan's file, from the root of the file system; its folder is where relative
 * names of stored files begin unless the plan says otherwise. *out has no folder (dir_fd -1), no
 * documents and no packs; nothing was looked at yet (foreign_examine()). Freed by set_close(); on
 * failure it is empty. Errors: RUN_FOREIGN with the line. */
vsr_code foreign_read_lines(struct media_set *out, struct view bytes, const char *path,
                            vsr_error *error);

#endif
