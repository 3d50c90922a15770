/* file.c - whole files behind the public function. */
#include "vssrestore/file.h"
#include "api/objects.h"
#include "base/io.h"
#include "base/own.h"

vsr_code vsr_file_replace(const char *path, const void *bytes, size_t bytes_count, vsr_error *error)
{
    OWN(fd) folder_fd = -1;
    const char *name = NULL;
    vsr_code rc = io_open_folder_of(path, &folder_fd, &name, error);
    if (rc == VSR_OK) {
        rc = io_check_replaceable(folder_fd, name, VSR_ERR_SELECTION, error);
    }
    return rc != VSR_OK ? rc
                        : io_replace_file(folder_fd, name, (struct view){bytes, bytes_count},
                                          IO_UNSYNCED, VSR_ERR_DEST_IO, error);
}
