/* rows.c - from the mapped rows to lines, a megabyte at a time. What a row says is report/'s. */
#include "run/rows.h"

#include "base/io.h"
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

vsr_code rows_write(const struct run_folder *folder, const struct plan *plan,
                    const struct media_set *set, vsr_error *error)
{
    const int fd =
        openat(folder->dir_fd, "report.jsonl", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(error, err_dest_code(errno), "run/rows", "cannot create report.jsonl in %s",
                       folder->path);
    }
    struct buffer lines = {0};
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < plan->file_count && rc == VSR_OK; i++) {
        report_render_row(plan, set, i, &folder->rows[i], &lines);
        if (lines.n >= ((size_t)1 << 20) || i + 1 == plan->file_count) {
            rc = io_write(fd, lines.p, lines.n, "report.jsonl", VSR_ERR_DEST_IO, error);
            lines.n = 0;
        }
    }
    if (rc == VSR_OK && fsync(fd) != 0) {
        rc = err_sys(error, err_dest_code(errno), "run/rows", "cannot sync report.jsonl in %s",
                     folder->path);
    }
    (void)close(fd);
    buffer_free(&lines);
    return rc;
}
