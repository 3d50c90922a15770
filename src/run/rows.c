/* rows.c - from the mapped rows to lines. What a row says is report/'s.
 *
 * Rows are cut in blocks; several threads render them side by side, each into a buffer of its own,
 * and append them in order: nothing else has work at that time, and a million lines are seconds. */
#include "run/rows.h"

#include "base/io.h"
#include "base/thread.h"
#include "base/turnstile.h"
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { ROWS_BLOCK = 4096 };

struct rows_job {
    const struct run_folder *folder;
    const struct plan *plan;
    const struct media_set *set;
    int fd;
    bool durable;
    struct thread_blocks blocks;
    struct turnstile turn; /* guards the rest */
    vsr_code rc;
    vsr_error error;
};

static void rows_render(const struct rows_job *job, uint32_t first, uint32_t end,
                        struct buffer *lines)
{
    lines->n = 0;
    for (uint32_t i = first; i < end; i++) {
        report_render_row(job->plan, job->set, i, &job->folder->rows[i], lines);
    }
}

/* What will be synced begins its way to the disk at once. */
static void rows_append(struct rows_job *job, const struct buffer *lines)
{
    if (job->rc == VSR_OK) {
        job->rc =
            io_write(job->fd, lines->p, lines->n, "report.jsonl", VSR_ERR_DEST_IO, &job->error);
    }
    if (job->durable) {
        (void)sync_file_range(job->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
}

static void rows_work(void *context, uint32_t number)
{
    struct rows_job *job = context;
    struct buffer lines = {0};
    uint32_t first, end;
    (void)number;
    while (thread_blocks_take(&job->blocks, &first, &end)) {
        rows_render(job, first, end, &lines);
        turnstile_enter(&job->turn, first / ROWS_BLOCK);
        rows_append(job, &lines);
        turnstile_leave(&job->turn);
    }
    buffer_free(&lines);
}

vsr_code rows_write(const struct run_folder *folder, const struct plan *plan,
                    const struct media_set *set, uint32_t workers, bool durable, vsr_error *error)
{
    struct rows_job job = {.folder = folder,
                           .plan = plan,
                           .set = set,
                           .durable = durable,
                           .blocks = {.count = plan->file_count, .size = ROWS_BLOCK}};
    job.fd = io_open_part(folder->dir_fd, "report.jsonl", O_WRONLY, 0644);
    if (job.fd < 0) {
        return err_sys(error, err_dest_code(errno), "run/rows", "cannot create report.jsonl in %s",
                       folder->path);
    }
    turnstile_init(&job.turn);
    thread_share(thread_blocks_threads(&job.blocks, workers), NULL, rows_work, &job);
    turnstile_fini(&job.turn);
    if (job.rc == VSR_OK && durable && fsync(job.fd) != 0) {
        job.rc = err_sys(&job.error, err_dest_code(errno), "run/rows",
                         "cannot sync report.jsonl in %s", folder->path);
    }
    (void)close(job.fd);
    if (job.rc != VSR_OK && error != NULL && error->code == VSR_OK) {
        *error = job.error;
    }
    return job.rc;
}
