/* metrics.c - sums over the steps of a chain in the text exposition format. A file that cannot be
 * written after the first time is told of once and stops nothing. */
#include "metrics.h"

#include "console.h"
#include "line.h"
#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t WRITE_NS = 15000000000;

static struct metrics {
    const char *path;
    bool complained;
    uint64_t written_ns;
    double success_s, began_s; /* of the Unix clock; 0: never */
    struct vsr_summary sum;    /* of all steps that have ended */
    vsr_progress now;          /* of the step that goes on; all zero: none does */
    bool ended;
} metrics;

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- the text --- */

static void head(struct line *out, const char *name, const char *type, const char *help)
{
    line_printf(out, "# HELP vssrestore_%s %s\n# TYPE vssrestore_%s %s\n", name, help, name, type);
}

static void one(struct line *out, const char *name, const char *help, double value)
{
    head(out, name, "gauge", help);
    line_printf(out, "vssrestore_%s %.17g\n", name, value);
}

static void count(struct line *out, const char *name, const char *label, const char *word,
                  uint64_t value)
{
    line_printf(out, "vssrestore_%s{%s=\"%s\"} %llu\n", name, label, word,
                (unsigned long long)value);
}

static void render_files(struct line *out)
{
    const struct vsr_summary *sum = &metrics.sum;
    head(out, "files", "gauge", "Planned files of the last restore by how they ended.");
    count(out, "files", "outcome", "restored", sum->restored);
    count(out, "files", "outcome", "skipped", sum->skipped);
    count(out, "files", "outcome", "failed", sum->failed);
    count(out, "files", "outcome", "not_started", sum->not_started);
    head(out, "components", "gauge", "Components of the last restore by status.");
    count(out, "components", "status", "all", sum->units_all);
    count(out, "components", "status", "none", sum->units_none);
    count(out, "components", "status", "failed", sum->units_failed);
}

static void render_progress(struct line *out)
{
    const vsr_progress *now = &metrics.now;
    head(out, "progress_files", "gauge", "Files of the restore that goes on.");
    count(out, "progress_files", "state", "done", now->files_done);
    count(out, "progress_files", "state", "failed", now->files_failed);
    count(out, "progress_files", "state", "total", now->files_total);
    head(out, "progress_bytes", "gauge", "Bytes of the restore that goes on.");
    count(out, "progress_bytes", "state", "done", now->bytes_done);
    count(out, "progress_bytes", "state", "total", now->bytes_total);
}

static void render(struct line *out)
{
    head(out, "info", "gauge", "The program that did the last restore.");
    line_printf(out, "vssrestore_info{version=\"%s\"} 1\n", vsr_version());
    one(out, "running", "1 while a restore goes on.", metrics.ended ? 0 : 1);
    one(out, "start_timestamp_seconds", "When the last restore began.", metrics.began_s);
    render_progress(out);
    if (metrics.ended) {
        one(out, "end_timestamp_seconds", "When the last restore ended.", now_s());
        one(out, "exit_code", "Exit code of the last restore.", metrics.sum.exit_code);
        one(out, "duration_seconds", "How long the last restore copied.",
            (double)metrics.sum.elapsed_ns / 1e9);
        one(out, "restored_bytes", "Bytes that the last restore restored.",
            (double)metrics.sum.bytes);
        one(out, "losses", "Pieces of metadata that the last restore lost.",
            (double)metrics.sum.losses);
        one(out, "pending_reboot", "1 if files wait for the next boot.",
            metrics.sum.pending_reboot);
        render_files(out);
    }
    if (metrics.success_s > 0) {
        one(out, "last_success_timestamp_seconds",
            "When a restore last ended with all components whole.", metrics.success_s);
    }
}

/* --- the file --- */

static bool file_write(const char *path, const struct line *text)
{
    char beside[4096];
    const int n = snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof beside) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *file = memory_fopen(beside, "we");
    if (file == NULL) {
        return false;
    }
    const bool written = fwrite(text->p, 1, text->n, file) == text->n;
    const bool closed = fclose(file) == 0;
    if (written && closed && rename(beside, path) == 0) {
        return true;
    }
    const int cause = errno;
    (void)unlink(beside);
    errno = cause;
    return false;
}

static bool metrics_write(void)
{
    struct line text = {0};
    render(&text);
    const bool done = file_write(metrics.path, &text);
    if (!done && !metrics.complained) {
        struct line sentence = {0};
        line_printf(&sentence, "vssrestore: --metrics: cannot write %s: %s", metrics.path,
                    strerror(errno));
        console_note(sentence.p);
        line_free(&sentence);
        metrics.complained = true;
    }
    line_free(&text);
    return done;
}

/* The success of before, from a file of ours. */
static double success_read(const char *path)
{
    static const char name[] = "vssrestore_last_success_timestamp_seconds ";
    char line[256];
    double found = 0;
    FILE *file = memory_fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, sizeof name - 1) == 0) {
            char *end = NULL;
            const double value = strtod(line + sizeof name - 1, &end);
            found = *end == '\n' && value > 0 && value < 1e12 ? value : found;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

bool metrics_open(const char *path)
{
    metrics = (struct metrics){.path = path};
    if (path == NULL) {
        return true;
    }
    metrics.began_s = now_s();
    metrics.success_s = success_read(path);
    return metrics_write();
}

void metrics_progress(const vsr_progress *progress)
{
    if (metrics.path == NULL) {
        return;
    }
    metrics.now = *progress;
    if (progress->elapsed_ns - metrics.written_ns >= WRITE_NS) {
        metrics.written_ns = progress->elapsed_ns;
        (void)metrics_write();
    }
}

void metrics_add(const vsr_report *report)
{
    struct vsr_summary more;
    struct vsr_summary *sum = &metrics.sum;
    vsr_report_summary(report, &more);
    sum->restored += more.restored;
    sum->skipped += more.skipped;
    sum->failed += more.failed;
    sum->not_started += more.not_started;
    sum->bytes += more.bytes;
    sum->units += more.units;
    sum->units_all += more.units_all;
    sum->units_none += more.units_none;
    sum->units_failed += more.units_failed;
    sum->losses += more.losses;
    sum->elapsed_ns += more.elapsed_ns;
    sum->pending_reboot = sum->pending_reboot != 0 || more.pending_reboot != 0;
    metrics.written_ns = 0; /* the next step's time begins anew */
}

void metrics_end(int exit_code)
{
    if (metrics.path == NULL) {
        return;
    }
    metrics.sum.exit_code = exit_code;
    metrics.ended = true;
    if (exit_code == 0 || exit_code == 1 || exit_code == 5) {
        metrics.success_s = now_s();
    }
    (void)metrics_write();
}
