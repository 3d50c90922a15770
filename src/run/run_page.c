/* run_page.c - a run folder read for its report page. What is not there is left out: the page of a
 * run that was killed says so. Nothing in the folder is trusted to be as it was written. */
#include "run/run_page.h"

#include "base/hash_map.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "run/row_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/file.h>
#include <unistd.h>

static const char WHERE[] = "run/run_page";

enum { SLOW_MS_MIN = 10 }; /* less is the clock's tick, and who else wanted the processor */

struct page_reader {
    struct page *page;
    const char *folder;
    int dir_fd;
    uint32_t cause_count, other_count; /* of page->files, of which each kind has half */
    struct page_file *others;
};

/* --- JSON --- */

static struct view text_of(const struct page_reader *reader, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value)
               ? arena_copy(&reader->page->arena,
                            (struct view){json_string_value(value), json_string_length(value)})
               : VIEW_NONE;
}

static uint64_t number_of(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

/* A file of the folder; NULL: it is not there, or is no object. */
static json_t *object_read(const struct page_reader *reader, const char *name)
{
    struct buffer text = {0};
    json_t *object = NULL;
    if (io_read_file(reader->dir_fd, name, RUN_SUMMARY_BYTES_MAX, &text, VSR_ERR_SELECTION, NULL) ==
        VSR_OK) {
        object = json_loadb(text.p != NULL ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL);
    }
    buffer_free(&text);
    if (!json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}

/* --- run.json and summary.json --- */

static void identity_take(const struct page_reader *reader, const json_t *run)
{
    struct page *page = reader->page;
    page->run = text_of(reader, run, "run");
    page->set = text_of(reader, run, "set");
    page->set_path = text_of(reader, run, "set_path");
    page->own_media = json_is_true(json_object_get(run, "own_media"));
    page->planned_files = number_of(run, "files");
    page->planned_bytes = number_of(run, "bytes");
    page->version = VIEW(VSR_VERSION);
    page->run_dir = arena_copy(&page->arena, view_of(reader->folder));
}

static size_t array_size(const json_t *array, size_t size_max)
{
    const size_t size = json_array_size(array);
    return size < size_max ? size : size_max;
}

/* Volumes of run.json, with how they were written to of summary.json, if there is one. */
static void places_take(const struct page_reader *reader, const json_t *run, const json_t *summary)
{
    struct page *page = reader->page;
    const json_t *volumes = json_object_get(run, "volumes");
    const json_t *written = json_object_get(summary, "destinations");
    const size_t count = array_size(volumes, SET_VOLUMES_MAX);
    const size_t written_count = array_size(written, SET_VOLUMES_MAX);
    struct view *dirs = ARENA_ARRAY(&page->arena, struct view, written_count);
    for (size_t k = 0; k < written_count; k++) {
        dirs[k] = text_of(reader, json_array_get(written, k), "dir");
    }
    page->places = ARENA_ARRAY(&page->arena, struct view, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *volume = json_array_get(volumes, i);
        const struct view dir = text_of(reader, volume, "dir");
        struct view mode = VIEW_NONE;
        for (size_t k = 0; k < written_count; k++) {
            if (view_equal(dirs[k], dir)) {
                mode = text_of(reader, json_array_get(written, k), "write_mode");
            }
        }
        page->places[page->place_count++] =
            arena_printf(&page->arena, "%.*s at %.*s%s%.*s",
                         VIEW_ARG(text_of(reader, volume, "spec")), VIEW_ARG(dir),
                         view_present(mode) ? ", large files " : "", VIEW_ARG(mode));
    }
}

static struct page_unit unit_take(const struct page_reader *reader, const json_t *from)
{
    struct arena *arena = &reader->page->arena;
    const struct view path = text_of(reader, from, "logical_path");
    const struct view name = text_of(reader, from, "component");
    return (struct page_unit){
        .writer = text_of(reader, from, "writer"),
        .name = view_present(name) ? arena_printf(arena, "%.*s%s%.*s", VIEW_ARG(path),
                                                  path.n > 0 ? "\\" : "", VIEW_ARG(name))
                                   : VIEW_NONE,
        .status = text_of(reader, from, "status"),
        .error = text_of(reader, from, "error"),
        .cause = text_of(reader, from, "cause"),
        .detail = text_of(reader, from, "detail"),
        .verdict = text_of(reader, from, "verdict"),
        .rule = text_of(reader, from, "rule"),
        .whole = json_is_true(json_object_get(from, "whole")),
    };
}

static void units_take(const struct page_reader *reader, const json_t *units)
{
    struct page *page = reader->page;
    page->unit_count = (uint32_t)json_array_size(units);
    page->units = ARENA_ARRAY(&page->arena, struct page_unit, page->unit_count);
    for (uint32_t i = 0; i < page->unit_count; i++) {
        page->units[i] = unit_take(reader, json_array_get(units, i));
        page->units_all += view_equal(page->units[i].status, VIEW("ALL"));
        page->units_none += view_equal(page->units[i].status, VIEW("NONE"));
        page->units_failed += view_equal(page->units[i].status, VIEW("FAILED"));
    }
}

/* Units of one writer often want the same. */
static void actions_take(const struct page_reader *reader, const json_t *actions)
{
    struct page *page = reader->page;
    struct hash_map seen = {0};
    page->actions = ARENA_ARRAY(&page->arena, struct view, json_array_size(actions));
    for (size_t i = 0; i < json_array_size(actions); i++) {
        const json_t *action = json_array_get(actions, i);
        const uint64_t unit = number_of(action, "unit");
        const struct view text =
            arena_printf(&page->arena, "%.*s: %.*s",
                         VIEW_ARG(unit < page->unit_count ? page->units[unit].writer : VIEW_NONE),
                         VIEW_ARG(text_of(reader, action, "text")));
        const uint64_t hash = hash_bytes(text.p, text.n);
        uint32_t known = MARK_NONE;
        size_t step = 0;
        do {
            known = hash_map_next(&seen, hash, &step);
        } while (known != MARK_NONE && !view_equal(page->actions[known], text));
        if (known == MARK_NONE) {
            hash_map_add(&seen, hash, page->action_count);
            page->actions[page->action_count++] = text;
        }
    }
    hash_map_free(&seen);
}

static void notes_take(const struct page_reader *reader, const json_t *notes)
{
    struct page *page = reader->page;
    page->notes = ARENA_ARRAY(&page->arena, struct view, json_array_size(notes));
    for (size_t i = 0; i < json_array_size(notes); i++) {
        const json_t *note = json_array_get(notes, i);
        if (json_is_string(note)) {
            page->notes[page->note_count++] =
                arena_copy(&page->arena,
                           (struct view){json_string_value(note), json_string_length(note)});
        }
    }
}

static void summary_take(const struct page_reader *reader, const json_t *summary)
{
    struct page *page = reader->page;
    const json_t *files = json_object_get(summary, "files");
    const json_t *verified = json_object_get(summary, "verified");
    page->ended = true;
    page->exit_code = (int)json_integer_value(json_object_get(summary, "exit_code"));
    page->restored = number_of(files, "restored");
    page->skipped = number_of(files, "skipped");
    page->failed = number_of(files, "failed");
    page->not_started = number_of(files, "not_started");
    page->discarded = json_is_object(verified);
    page->verified = number_of(verified, "files");
    page->bytes = page->discarded ? number_of(verified, "bytes") : number_of(summary, "bytes");
    page->losses = number_of(summary, "losses");
    page->pending_reboot = json_is_true(json_object_get(summary, "pending_reboot"));
    page->elapsed_ns = number_of(summary, "elapsed_ms") * 1000000;
    units_take(reader, json_object_get(summary, "units"));
    actions_take(reader, json_object_get(summary, "actions"));
    notes_take(reader, json_object_get(summary, "notes"));
}

/* --- profile.json --- */

struct phase_name {
    const char *key, *shown; /* keys that are shown under one name follow each other */
};

static const struct phase_name worker_names[] = {
    {"read", "Read"},           {"read_wait", "Read"},
    {"decode", "Decode"},       {"verify", "Verify"},
    {"create", "Create files"}, {"write", "Write"},
    {"write_wait", "Write"},    {"metadata", "Metadata, close"},
    {"idle", "Idle"},           {"pace", "Throttled or paused"},
};

static const struct phase_name control_names[] = {
    {"plan", "Plan"},
    {"ask", "Writers and services"},
    {"folder", "Prepare"},
    {"stage", "Prepare"},
    {"start", "Prepare"},
    {"wait", "Read, decode, write"},
    {"publish", "Publish"},
    {"sync", "Sync"},
    {"close", "Clean up"},
    {"rows", "Report and document"},
    {"document", "Report and document"},
};

static uint32_t phases_take(const json_t *object, const struct phase_name *names, size_t count,
                            struct page_phase *out)
{
    uint32_t made = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t ns = number_of(json_object_get(object, names[i].key), "ns");
        if (made == 0 || !view_equal(out[made - 1].name, view_of(names[i].shown))) {
            out[made++] = (struct page_phase){.name = view_of(names[i].shown)};
        }
        out[made - 1].ns += ns;
    }
    return made;
}

static void workers_take(const struct page_reader *reader, const json_t *workers)
{
    struct page *page = reader->page;
    page->worker_count = (uint32_t)json_array_size(workers);
    for (uint32_t i = 0; i < page->worker_count; i++) {
        struct page_phase one[PAGE_PHASES_MAX] = {0};
        page->worker_phases = phases_take(json_array_get(workers, i), worker_names,
                                          sizeof worker_names / sizeof *worker_names, one);
        for (uint32_t k = 0; k < page->worker_phases; k++) {
            page->workers[k].name = one[k].name;
            page->workers[k].ns += one[k].ns;
        }
    }
}

static void samples_take(const struct page_reader *reader, const json_t *samples)
{
    struct page *page = reader->page;
    page->samples = ARENA_ARRAY(&page->arena, struct page_sample, json_array_size(samples));
    for (size_t i = 0; i < json_array_size(samples); i++) {
        const json_t *sample = json_array_get(samples, i);
        uint64_t values[3] = {0};
        for (size_t k = 0; k < 3; k++) {
            const json_int_t value = json_integer_value(json_array_get(sample, k));
            values[k] = value > 0 ? (uint64_t)value : 0;
        }
        page->samples[page->sample_count++] = (struct page_sample){values[0], values[1], values[2]};
    }
}

static void profile_take(const struct page_reader *reader, const json_t *profile)
{
    struct page *page = reader->page;
    const json_t *slowest = json_object_get(profile, "slowest");
    page->control_phases = phases_take(json_object_get(profile, "control"), control_names,
                                       sizeof control_names / sizeof *control_names, page->control);
    workers_take(reader, json_object_get(profile, "workers"));
    samples_take(reader, json_object_get(profile, "samples"));
    for (size_t i = 0; i < json_array_size(slowest) && page->slowest_count < PAGE_TOP_MAX; i++) {
        const json_t *file = json_array_get(slowest, i);
        if (number_of(file, "ms") < SLOW_MS_MIN) {
            continue;
        }
        page->slowest[page->slowest_count++] =
            (struct page_top){.unit = (uint32_t)number_of(file, "unit"),
                              .source = text_of(reader, file, "source"),
                              .bytes = number_of(file, "bytes"),
                              .ms = number_of(file, "ms")};
    }
}

/* --- report.jsonl --- */

static const struct outcome_words {
    const char *outcome, *why;
    bool is_cause, is_whole;
} outcomes[] = {
    {"RESTORED", "", false, true},
    {"STAGED", "", false, true},
    {"PRESENT", "another one stands there, and the choices leave it", false, true},
    {"WITHDRAWN", "verified, but its component was not published", false, false},
    {"MEDIA_CORRUPT", "what the media hold does not fit its checksum", true, false},
    {"MEDIA_MISSING", "the media do not hold it", true, false},
    {"DEST_ERROR", "the destination failed", true, false},
    {"DEST_FULL", "no room at the destination", true, false},
    {"REFUSED", "refused at its place", true, false},
    {"CANCELLED", "the run was stopped before", false, false},
    {"NOT_STARTED", "its component was given up before", false, false},
};

static const struct outcome_words *outcome_find(struct view outcome)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (view_equal(outcome, view_of(outcomes[i].outcome))) {
            return &outcomes[i];
        }
    }
    return NULL;
}

/* What the run says of it, what was lost, else what its outcome means. */
static struct view why_of(const struct page_reader *reader, const json_t *row,
                          const struct outcome_words *words)
{
    const json_t *losses = json_object_get(row, "losses");
    const char *detail = json_string_value(json_object_get(row, "detail"));
    struct buffer text = {0};
    buffer_printf(&text, "%s%s%s", words->why, words->why[0] != '\0' && detail != NULL ? ": " : "",
                  detail != NULL ? detail : "");
    for (size_t i = 0; i < json_array_size(losses); i++) {
        const char *loss = json_string_value(json_array_get(losses, i));
        buffer_printf(&text, "%s%s",
                      i > 0        ? ", "
                      : text.n > 0 ? "; lost: "
                                   : "lost: ",
                      loss != NULL ? loss : "");
    }
    for (size_t i = 0; i < text.n; i++) {
        text.p[i] = text.p[i] == '_' ? ' ' : text.p[i];
    }
    const struct view copied = arena_copy(&reader->page->arena, buffer_view(&text));
    buffer_free(&text);
    return copied;
}

static void file_keep(struct page_reader *reader, const json_t *row,
                      const struct outcome_words *words)
{
    const uint32_t half = PAGE_FILES_MAX / 2;
    uint32_t *count = words->is_cause ? &reader->cause_count : &reader->other_count;
    struct page_file *files = words->is_cause ? reader->page->files : reader->others;
    const bool followed = !words->is_whole && !words->is_cause;
    *(followed ? &reader->page->followed_files : &reader->page->odd_files) += 1;
    if (*count < half) {
        files[(*count)++] = (struct page_file){.unit = (uint32_t)number_of(row, "unit"),
                                               .source = text_of(reader, row, "source"),
                                               .outcome = view_of(words->outcome),
                                               .why = why_of(reader, row, words),
                                               .bytes = number_of(row, "size"),
                                               .is_cause = words->is_cause,
                                               .followed = followed};
    }
}

static void largest_keep(struct page_reader *reader, const json_t *row, bool is_staged)
{
    struct page *page = reader->page;
    const uint64_t bytes = number_of(row, "bytes");
    uint32_t place = page->largest_count;
    if (bytes == 0 || (place == PAGE_TOP_MAX && page->largest[PAGE_TOP_MAX - 1].bytes >= bytes)) {
        return;
    }
    place = place == PAGE_TOP_MAX ? PAGE_TOP_MAX - 1 : page->largest_count++;
    for (; place > 0 && page->largest[place - 1].bytes < bytes; place--) {
        page->largest[place] = page->largest[place - 1];
    }
    page->largest[place] = (struct page_top){.unit = (uint32_t)number_of(row, "unit"),
                                             .source = text_of(reader, row, "source"),
                                             .bytes = bytes,
                                             .is_staged = is_staged};
}

static void row_take(struct page_reader *reader, const json_t *row)
{
    struct page *page = reader->page;
    const char *outcome = json_string_value(json_object_get(row, "outcome"));
    const struct outcome_words *words = outcome_find(view_of(outcome));
    const uint64_t unit = number_of(row, "unit");
    if (words == NULL) {
        return;
    }
    const bool as_asked = page->discarded && strcmp(words->outcome, "NOT_STARTED") == 0;
    const bool is_staged = !words->is_whole && !page->discarded;
    if (unit < page->unit_count) {
        page->units[unit].files++;
        page->units[unit].whole_files += words->is_whole || as_asked;
        page->units[unit].bytes += number_of(row, "bytes");
        page->units[unit].staged_bytes += is_staged ? number_of(row, "bytes") : 0;
    }
    largest_keep(reader, row, is_staged);
    if (!as_asked && (!words->is_whole || strcmp(words->outcome, "PRESENT") == 0 ||
                      json_array_size(json_object_get(row, "losses")) > 0)) {
        file_keep(reader, row, words);
    }
}

/* A line that is no row says nothing. */
static bool line_take(void *context, struct view line)
{
    json_t *row = json_loadb(line.p, line.n, 0, NULL);
    if (json_is_object(row)) {
        row_take(context, row);
    }
    json_decref(row);
    return true;
}

static void rows_take(struct page_reader *reader)
{
    struct page *page = reader->page;
    page->files = ARENA_ARRAY(&page->arena, struct page_file, PAGE_FILES_MAX);
    reader->others = ARENA_ARRAY(&page->arena, struct page_file, PAGE_FILES_MAX / 2);
    (void)row_lines_read(reader->dir_fd, line_take, reader);
    page->file_count = reader->cause_count;
    for (uint32_t i = 0; i < reader->other_count; i++) {
        page->files[page->file_count++] = reader->others[i];
    }
}

/* Who runs or resumes it holds the lock on its journal. */
static bool is_running(int dir_fd)
{
    OWN(fd) fd = openat(dir_fd, "journal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

vsr_code run_page_read(struct page *out, const char *folder, vsr_error *error)
{
    *out = (struct page){0};
    OWN(fd) dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct page_reader reader = {.page = out, .folder = folder, .dir_fd = dir_fd};
    if (dir_fd < 0) {
        return err_sys(error, VSR_ERR_SELECTION, WHERE, "cannot open the run folder %s", folder);
    }
    json_t *run = object_read(&reader, "run.json");
    if (run == NULL) {
        return err_set(error, VSR_ERR_SELECTION, WHERE, "%s is no run folder: it has no run.json",
                       folder);
    }
    out->running = is_running(dir_fd);
    json_t *summary = out->running ? NULL : object_read(&reader, "summary.json");
    json_t *profile = out->running ? NULL : object_read(&reader, "profile.json");
    identity_take(&reader, run);
    places_take(&reader, run, summary);
    if (summary != NULL) {
        summary_take(&reader, summary);
    }
    if (profile != NULL) {
        profile_take(&reader, profile);
    }
    if (summary != NULL) {
        rows_take(&reader);
    }
    json_decref(run);
    json_decref(summary);
    json_decref(profile);
    return VSR_OK;
}
