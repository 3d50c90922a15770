/* fuzz_folder.h - a folder on a real file system for targets whose readers open files by name. */
#ifndef FUZZ_FUZZ_FOLDER_H
#define FUZZ_FUZZ_FOLDER_H

#include "base/view.h"

/* Below $TMPDIR, removed when the program ends. Its path. Once. */
const char *fuzz_folder_make(void);

/* folder/name, whole; its folder exists. */
void fuzz_folder_put(int folder_fd, const char *name, struct view bytes);

#endif
