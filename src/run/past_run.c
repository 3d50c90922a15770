/* past_run.c - run.json, summary.json and report.jsonl of a run that has ended.
 *
 * A place counts under its directory's real path, so that a volume named otherwise today is the
 * same; a directory that is gone brings nothing. What the places mean for a plan is
 * plan/following.c's. */
#include "run/past_run.h"

#include "base/base64.h"
#include "base/buffer.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "plan/plan.h"
#include "run/pending_session.h"
#include "run/row_lines.h"
#include "vss/documents.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <sys/stat.h>

static const char WHERE[] = "run/past_run";

struct past_run {
    struct earlier *out;
    const char *folder;
    int dir_fd;
    vsr_error *error;
    uint64_t line;           /* of report.jsonl, from 1 */
    struct buffer directory; /* of the last row's path, ... */
    struct buffer real;      /* ... and its real path; empty: it is not there */
};

static vsr_code fault(const struct past_run *run, const char *name, const char *what)
{
    if (run->line > 0) {
        return err_set(run->error, VSR_ERR_SELECTION, WHERE,
                       "cannot go on from the run in %s: %s, line %llu: %s", run->folder, name,
                       (unsigned long long)run->line, what);
    }
    return err_set(run->error, VSR_ERR_SELECTION, WHERE, "cannot go on from the run in %s: %s: %s",
                   run->folder, name, what);
}

/* --- paths --- */

/* As the kernel names a folder, all links in the way resolved; empty: it is not there. Nothing is
 * opened by this name later. */
static void directory_name(const char *directory, struct buffer *out)
{
    char link[64];
    char name[PATH_MAX];
    OWN(fd) fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t bytes = fd >= 0 ? readlink(link, name, sizeof name) : -1;
    if (bytes > 0 && (size_t)bytes < sizeof name) {
        buffer_add(out, name, (size_t)bytes);
    }
}

/* --- run.json and summary.json --- */

static vsr_code object_read(const struct past_run *run, const char *name, json_t **out)
{
    struct buffer text = {0};
    vsr_error cause = {0};
    json_error_t fail;
    *out = NULL;
    vsr_code rc =
        io_read_file(run->dir_fd, name, RUN_SUMMARY_BYTES_MAX, &text, VSR_ERR_SELECTION, &cause);
    if (rc != VSR_OK) {
        rc = cause.os_errno == ENOENT
                 ? fault(run, name, "it is not there; has the run ended? `resume` ends it")
                 : fault(run, name, cause.what);
    } else {
        *out = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &fail);
        rc = json_is_object(*out) ? VSR_OK : fault(run, name, "it is no JSON object");
    }
    buffer_free(&text);
    return rc;
}

static struct view text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value)
               ? (struct view){json_string_value(value), json_string_length(value)}
               : VIEW_NONE;
}

static vsr_code unit_read(const struct past_run *run, const json_t *unit)
{
    struct earlier_unit read = {.verdict = text_of(unit, "verdict"), .run = view_of(run->folder)};
    const struct view path = text_of(unit, "logical_path");
    const struct view name = text_of(unit, "component");
    const json_t *whole = json_object_get(unit, "whole");
    if (view_present(text_of(unit, "component")) &&
        (!uuid_parse(text_of(unit, "writer_id"), &read.writer_id) ||
         !uuid_parse(text_of(unit, "instance"), &read.instance_id) || !json_is_boolean(whole) ||
         !view_present(path))) {
        return fault(run, "summary.json", "a unit is not described as it should be");
    }
    if (view_present(name)) { /* files of no component have none */
        read.whole = json_is_true(whole);
        read.full_name = vss_full_name(&run->out->arena, vss_logical_path_norm(path), name);
        earlier_add_unit(run->out, &read);
    }
    return VSR_OK;
}

static vsr_code summary_read(const struct past_run *run)
{
    json_t *summary = NULL;
    vsr_code rc = object_read(run, "summary.json", &summary);
    const json_t *units = rc == VSR_OK ? json_object_get(summary, "units") : NULL;
    if (rc == VSR_OK && !json_is_array(units)) {
        rc = fault(run, "summary.json", "it lists no units");
    }
    for (size_t i = 0; rc == VSR_OK && i < json_array_size(units); i++) {
        rc = unit_read(run, json_array_get(units, i));
    }
    json_decref(summary);
    return rc;
}

/* A path as json_path() writes it, into out with a NUL behind it; false: it is none. */
static bool path_read(const json_t *object, const char *key, struct buffer *out)
{
    char exact_key[32];
    (void)snprintf(exact_key, sizeof exact_key, "%s_b64", key);
    const struct view text = text_of(object, key);
    const struct view exact = text_of(object, exact_key);
    bool right = view_present(text) && view_find(text, '\0') == text.n;
    if (view_present(exact)) {
        right = right && base64_decode(exact, out);
    } else {
        buffer_add_view(out, text);
    }
    right = right && out->n > 0;
    buffer_add_char(out, '\0');
    out->n--;
    return right;
}

/* A volume that the run had files to put on. */
static vsr_code root_read(const struct past_run *run, const json_t *volume)
{
    struct earlier_root root = {.spec = text_of(volume, "spec"), .run = view_of(run->folder)};
    struct stat facts;
    struct buffer dir = {0};
    struct buffer real = {0};
    vsr_code rc = VSR_OK;
    if (!view_present(root.spec) || !path_read(volume, "dir", &dir)) {
        rc = fault(run, "run.json", "a volume is not described as it should be");
    } else {
        if (stat(dir.p, &facts) == 0) {
            root.device = facts.st_dev;
            root.inode = facts.st_ino;
        }
        directory_name(dir.p, &real);
        root.path = buffer_view(real.n > 0 ? &real : &dir);
        earlier_add_root(run->out, &root);
    }
    buffer_free(&dir);
    buffer_free(&real);
    return rc;
}

static vsr_code identity_read(const struct past_run *run)
{
    json_t *identity = NULL;
    struct uuid set;
    vsr_code rc = object_read(run, "run.json", &identity);
    if (rc == VSR_OK && !uuid_parse(text_of(identity, "set"), &set)) {
        rc = fault(run, "run.json", "it names no set");
    }
    if (rc == VSR_OK) {
        earlier_add_set(run->out, &set);
    }
    const json_t *volumes = json_object_get(identity, "volumes");
    for (size_t i = 0; i < json_array_size(volumes) && rc == VSR_OK; i++) {
        rc = root_read(run, json_array_get(volumes, i));
    }
    json_decref(identity);
    return rc;
}

/* --- what waits for the next boot --- */

static void sentence_drop(void *context, struct view sentence)
{
    (void)context;
    (void)sentence;
}

/* Does anything that the run staged still wait, as far as can be told? */
static bool run_waits(const struct past_run *run)
{
    struct arena arena = {0};
    struct pending_paths paths = {0};
    struct pending_sessions sessions;
    if (pending_find(&arena, run->folder, &paths, NULL) != VSR_OK) {
        arena_free(&arena);
        return true;
    }
    pending_sessions_open(&sessions, &paths, false, sentence_drop, NULL);
    bool waits = sessions.code != VSR_OK;
    for (uint32_t i = 0; i < sessions.step_count; i++) {
        waits = waits || sessions.steps[i].item->state != PENDING_DONE;
    }
    pending_sessions_close(&sessions);
    pending_paths_free(&paths);
    arena_free(&arena);
    return waits;
}

/* What waited, of the units from first on, and was carried out since is at its original place. */
static void units_settle(const struct past_run *run, uint32_t first)
{
    const struct view staged = view_of(plan_verdict_text(VERDICT_STAGED));
    struct earlier *out = run->out;
    bool any = false;
    for (uint32_t i = first; i < out->unit_count; i++) {
        any = any || view_equal(out->units[i].verdict, staged);
    }
    const bool waits = any && run_waits(run);
    for (uint32_t i = first; i < out->unit_count && any && !waits; i++) {
        if (view_equal(out->units[i].verdict, staged)) {
            out->units[i].verdict = view_of(plan_verdict_text(VERDICT_ORIGINAL));
        }
    }
}

/* --- report.jsonl --- */

/* The real name of the path's directory; false: it is not there. */
static bool directory_resolve(struct past_run *run, struct view directory)
{
    if (!view_equal(buffer_view(&run->directory), directory)) {
        run->directory.n = 0;
        run->real.n = 0;
        buffer_add_view(&run->directory, directory);
        buffer_add_char(&run->directory, '\0');
        directory_name(run->directory.p[0] != '\0' ? run->directory.p : "/", &run->real);
        run->directory.n--;
    }
    return run->real.n > 0;
}

static void place_keep(struct past_run *run, struct view path)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '/') {
        at--;
    }
    if (at > 0 && directory_resolve(run, (struct view){path.p, at - 1})) {
        struct buffer place = {0};
        const struct view real = buffer_view(&run->real);
        buffer_add_view(&place, view_equal(real, VIEW("/")) ? VIEW("") : real);
        buffer_add_char(&place, '/');
        buffer_add_view(&place, view_skip(path, at));
        earlier_add_place(run->out, buffer_view(&place));
        buffer_free(&place);
    }
}

static vsr_code row_read(struct past_run *run, struct view line)
{
    json_error_t fail;
    struct buffer bytes = {0};
    json_t *row = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &fail);
    struct view path = text_of(row, "path");
    const struct view exact = text_of(row, "path_b64");
    vsr_code rc = VSR_OK;
    if (!json_is_object(row) || !view_present(path) || !view_present(text_of(row, "outcome"))) {
        rc = fault(run, "report.jsonl", "it is no row of a report");
    } else if (view_equal(text_of(row, "outcome"), VIEW("RESTORED"))) {
        if (view_present(exact) && !base64_decode(exact, &bytes)) {
            rc = fault(run, "report.jsonl", "path_b64 is no base64");
        }
        path = view_present(exact) ? buffer_view(&bytes) : path;
        if (rc == VSR_OK && path.n > 0 && path.p[0] == '/' && view_find(path, '\0') == path.n) {
            place_keep(run, path);
        }
    }
    buffer_free(&bytes);
    json_decref(row);
    return rc;
}

static bool row_take(void *context, struct view line)
{
    struct past_run *run = context;
    run->line++;
    return row_read(run, line) == VSR_OK;
}

static vsr_code report_read(struct past_run *run)
{
    const enum row_lines_end end = row_lines_read(run->dir_fd, row_take, run);
    switch (end) {
    case ROW_LINES_MORE:
    case ROW_LINES_ALL:
        return VSR_OK;
    case ROW_LINES_STOPPED:
        return VSR_ERR_SELECTION; /* and said */
    case ROW_LINES_NO_FILE:
        return fault(run, "report.jsonl", "it is no regular file");
    case ROW_LINES_FAILED:
        return fault(run, "report.jsonl", strerror(errno));
    case ROW_LINES_CUT:
    case ROW_LINES_LONG:
        break;
    }
    run->line++;
    return fault(run, "report.jsonl",
                 end == ROW_LINES_CUT ? "it is cut short" : "it is longer than a row can be");
}

vsr_code past_run_read(struct earlier *out, const char *folder, bool places, vsr_error *error)
{
    struct past_run run = {.out = out, .folder = folder, .error = error};
    OWN(fd) fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(error, VSR_ERR_SELECTION, WHERE, "cannot open the run folder %s", folder);
    }
    run.dir_fd = fd;
    const uint32_t first = out->unit_count;
    vsr_code rc = identity_read(&run);
    if (rc == VSR_OK) {
        rc = summary_read(&run);
    }
    if (rc == VSR_OK) {
        units_settle(&run, first);
    }
    if (rc == VSR_OK && places) {
        rc = report_read(&run);
    }
    buffer_free(&run.directory);
    buffer_free(&run.real);
    return rc;
}
