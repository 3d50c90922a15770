/* file.h - files of a front end's own, made whole. */
#ifndef VSSRESTORE_FILE_H
#define VSSRESTORE_FILE_H

#include <stddef.h>

#include "vssrestore/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Make or replace the file at path, which is whole whenever it is read: written as a new file
 *  `.NAME.part` in its folder, then renamed. Nothing that others put at either name is written
 *  into, or followed. Nothing is synced: after a power cut it may be empty, or the one before. Any
 *  thread.
 *  @retval VSR_ERR_SELECTION path is no file's, or a link, a device, a FIFO or a folder stands
 *                            there: that is left alone. */
VSR_API vsr_code vsr_file_replace(const char *path, const void *bytes, size_t bytes_count,
                                  vsr_error *error);

#ifdef __cplusplus
}
#endif
#endif
