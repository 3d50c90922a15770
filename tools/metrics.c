/* metrics.c - sums over the steps of a chain in the text exposition format. A file that cannot be
 * written after the first time is told of once and stops nothing. */
#include "metrics.h"

#include "console.h"
#include "line.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const uint64_t WRITE_NS = 15000000000;
enum { FILE_BYTES_MAX = 16384 }; /* it is a quarter of that */
#define OURS "# HELP vssrestore_"

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

static void complain(const char *cause)
{
    struct line sentence = {0};
    if (!metrics.complained) {
        line_printf(&sentence, "vssrestore: --metrics %s: %s", metrics.path, cause);
        console_note(sentence.p);
        line_free(&sentence);
        metrics.complained = true;
    }
}

static bool metrics_write(void)
{
    struct line text = {0};
    vsr_error error = {0};
    render(&text);
    const bool done = vsr_file_replace(metrics.path, text.p, text.n, &error) == VSR_OK;
    if (!done) {
        complain(error.what);
    }
    line_free(&text);
    return done;
}

/* What stands at path, as a string; it is no file: nothing. Nobody is waited for. */
static void file_read(const char *path, char out[FILE_BYTES_MAX])
{
    struct stat facts;
    size_t n = 0;
    ssize_t got = 1;
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const bool is_file = fd >= 0 && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
    while (is_file && n < FILE_BYTES_MAX - 1 && got > 0) {
        got = read(fd, out + n, FILE_BYTES_MAX - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    out[n] = '\0';
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* The success of before, from a file of ours. */
static double success_read(const char *text)
{
    static const char name[] = "\nvssrestore_last_success_timestamp_seconds ";
    const char *line = strstr(text, name);
    if (line == NULL) {
        return 0;
    }
    char *end = NULL;
    const double value = strtod(line + sizeof name - 1, &end);
    return *end == '\n' && value > 0 && value < 1e12 ? value : 0;
}

bool metrics_open(const char *path)
{
    metrics = (struct metrics){.path = path};
    if (path == NULL) {
        return true;
    }
    char before[FILE_BYTES_MAX];
    file_read(path, before);
    bool open = before[0] == '\0' || strncmp(before, OURS, sizeof OURS - 1) == 0;
    if (open) {
        metrics.began_s = now_s();
        metrics.success_s = success_read(before);
        open = metrics_write();
    } else {
        complain("a file that is no such one stands there; it is left alone");
    }
    metrics.path = open ? path : NULL;
    return open;
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
