/* inherit.h - what a directory hands down to what is made in it, given to the top of a tree that is
 * staged elsewhere. Control thread. */
#ifndef DEST_INHERIT_H
#define DEST_INHERIT_H

#include "dest/meta.h"

/* From parent_fd, which must be readable, to fd, an empty directory that will stand in it: default
 * ACL, case folding, project and, take_group, set-group-id bit and group. What is made below fd
 * inherits it from there, as it would have in place. What cannot be given is counted. */
void inherit_from(int parent_fd, int fd, bool take_group, struct meta_loss *losses);

#endif
