/* io.h - whole reads and writes on the control plane: short counts and EINTR are retried
 * here, a bounded number of times without progress. Errors are err_sys() values naming the
 * object. Any thread. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/buffer.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Everywhere: a failing call reported as VSR_ERR_DEST_IO is told more exactly by its errno, as
 * err_dest_code() does (DEST_FULL, DEST_PERMISSION, ...). */

/* All count bytes at offset. code is what a failing system call is reported as; an end of
 * file before count is reported as short_code. name is for the message. */
vsr_code io_pread(int fd, void *bytes, size_t count, uint64_t offset, const char *name,
                  vsr_code code, vsr_code short_code, vsr_error *error);
vsr_code io_pwrite(int fd, const void *bytes, size_t count, uint64_t offset, const char *name,
                   vsr_code code, vsr_error *error);
vsr_code io_write(int fd, const void *bytes, size_t count, const char *name, vsr_code code,
                  vsr_error *error);

/* The whole file, which must not be larger than bytes_max; added to *out. */
vsr_code io_read_file(int dir_fd, const char *name, size_t bytes_max, struct buffer *out,
                      vsr_code code, vsr_error *error);

/* The folder that path's last part stands in, and that part (in path), a file's name. path was
 * typed; *folder_fd is the caller's. Errors: SELECTION for a path that can be no file's; as a
 * failing call, err_place_code(). */
vsr_code io_open_folder_of(const char *path, int *folder_fd, const char **name, vsr_error *error);

/* Lock an open file for us alone. One that is held is asked for again for a second: a process
 * that was killed may leave one of its own that holds it a moment longer, or the kernel its
 * ring. 0 or an errno; EWOULDBLOCK: somebody holds it. */
int io_lock(int fd);

/* Is the folder top itself, or below it? Walks up: names and links make no difference. */
bool io_folder_is_below(int folder_fd, int top_fd);

/* May dir_fd/name be made or replaced as a file? Absent or a regular file: yes. A device, a FIFO, a
 * link or a folder is never replaced: an error that says so. code SELECTION: the name was typed,
 * and a failing call is told as err_place_code() does. */
vsr_code io_check_replaceable(int dir_fd, const char *name, vsr_code code, vsr_error *error);

/* The data of a file that begins at or behind `at` and before `end`: [*data, *hole). A file system
 * that does not tell has no holes. False: there is none. */
bool io_data_next(int fd, uint64_t at, uint64_t end, uint64_t *data, uint64_t *hole);

/* What the file is called while it is written. False: too long for that. */
enum { IO_PART_NAME_BYTES = 300 };
bool io_part_name(char out[IO_PART_NAME_BYTES], const char *name);

/* Open what becomes a file's content as a new file, whatever stands at that name, hidden or not:
 * left by a kill, or put there by others, as a FIFO or a link, or as a file that they own. access:
 * O_WRONLY or O_RDWR. -1: errno. */
int io_open_part(int dir_fd, const char *name, int access, mode_t mode);

/* Make or replace dir_fd/name as a whole: written under a hidden name, synced, renamed, the folder
 * synced. IO_UNSYNCED: neither is; a power cut may leave an empty file, or the one before. */
enum io_sync { IO_UNSYNCED, IO_SYNCED };
vsr_code io_replace_file(int dir_fd, const char *name, struct view bytes, enum io_sync sync,
                         vsr_code code, vsr_error *error);

#endif
