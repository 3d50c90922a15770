/* run_profile.c - the marks of the control thread, and both forms of a profile. What workers did is
 * told by engine/profile.h; nothing here runs on one. */
#include "run/run_profile.h"

#include "base/io.h"
#include "base/json.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>

static const char *const control_texts[CONTROL_PHASE_COUNT] = {
    [CONTROL_PLAN] = "plan",       [CONTROL_ASK] = "ask",           [CONTROL_FOLDER] = "folder",
    [CONTROL_STAGE] = "stage",     [CONTROL_START] = "start",       [CONTROL_WAIT] = "wait",
    [CONTROL_PUBLISH] = "publish", [CONTROL_SYNC] = "sync",         [CONTROL_CLOSE] = "close",
    [CONTROL_ROWS] = "rows",       [CONTROL_DOCUMENT] = "document",
};

void run_profile_begin(struct run_profile *profile, uint64_t planned_ns, uint64_t asked_ns)
{
    *profile = (struct run_profile){.marked_ns = clock_monotonic_ns()};
    profile->ns[CONTROL_PLAN] = planned_ns;
    profile->ns[CONTROL_ASK] = asked_ns;
    profile->count[CONTROL_PLAN] = planned_ns > 0;
    profile->count[CONTROL_ASK] = asked_ns > 0;
}

void run_profile_mark(struct run_profile *profile, enum control_phase phase)
{
    const uint64_t now = clock_monotonic_ns();
    profile->ns[phase] += now - profile->marked_ns;
    profile->count[phase]++;
    profile->marked_ns = now;
}

void run_profile_mark_synced(struct run_profile *profile, enum control_phase phase,
                             const struct stage *stage, const struct journal *journal)
{
    const uint64_t now = clock_monotonic_ns();
    const uint64_t passed_ns = now - profile->marked_ns;
    const uint64_t synced_ns =
        (stage != NULL ? stage->synced_ns : 0) + journal->synced_ns - profile->synced_ns;
    const uint64_t sync_ns = synced_ns < passed_ns ? synced_ns : passed_ns;
    const uint64_t syncs = (stage != NULL ? stage->sync_count : 0) + journal->sync_count;
    profile->ns[CONTROL_SYNC] += sync_ns;
    profile->count[CONTROL_SYNC] += syncs - profile->synced_count;
    profile->ns[phase] += passed_ns - sync_ns;
    profile->count[phase]++;
    profile->synced_ns += synced_ns;
    profile->synced_count = syncs;
    profile->marked_ns = now;
}

static uint64_t profile_sum(const struct run_profile *profile)
{
    uint64_t sum = 0;
    for (int phase = 0; phase < CONTROL_PHASE_COUNT; phase++) {
        sum += profile->ns[phase];
    }
    return sum;
}

static uint64_t profile_pipeline(const struct run_profile *profile)
{
    return profile->worker_count > 0 ? profile->workers[0].wall_ns : 0;
}

/* --- as JSON --- */

static void render_part(struct json *json, const char *name, uint64_t ns, uint64_t count)
{
    json_object_begin(json, name);
    json_u64(json, "ns", ns);
    json_u64(json, "count", count);
    json_object_end(json);
}

static void render_slowest(const struct run_profile *profile, const struct plan *plan,
                           const struct media_set *set, struct json *json)
{
    struct buffer path = {0};
    json_array_begin(json, "slowest");
    for (uint32_t i = 0; i < profile->slowest.count; i++) {
        const struct slow_file *slow = &profile->slowest.files[i];
        path.n = 0;
        plan_source_path(plan, set, slow->file, &path);
        json_object_begin(json, NULL);
        json_u64(json, "unit", plan->files[slow->file].unit);
        json_path(json, "source", buffer_view(&path));
        json_u64(json, "bytes", plan->files[slow->file].size);
        json_u64(json, "ms", slow->ms);
        json_object_end(json);
    }
    json_array_end(json);
    buffer_free(&path);
}

/* plan NULL: what a summary shows alone. */
static void render_object(const struct run_profile *profile, const struct plan *plan,
                          const struct media_set *set, struct buffer *out)
{
    struct json json = json_into(out);
    uint64_t direct_bytes = 0, direct_read_bytes = 0;
    json_object_begin(&json, NULL);
    json_u64(&json, "v", 1);
    json_u64(&json, "elapsed_ns", profile_sum(profile));
    json_object_begin(&json, "control");
    for (int phase = 0; phase < CONTROL_PHASE_COUNT; phase++) {
        render_part(&json, control_texts[phase], profile->ns[phase], profile->count[phase]);
    }
    json_object_end(&json);
    json_u64(&json, "pipeline_ns", profile_pipeline(profile));
    json_array_begin(&json, "workers");
    for (uint32_t i = 0; i < profile->worker_count; i++) {
        const struct work_profile *worker = &profile->workers[i];
        json_object_begin(&json, NULL);
        for (int phase = 0; phase < WORK_PHASE_COUNT; phase++) {
            render_part(&json, work_phase_text((enum work_phase)phase), worker->ns[phase],
                        worker->count[phase]);
        }
        json_object_end(&json);
        direct_bytes += worker->direct_bytes;
        direct_read_bytes += worker->direct_read_bytes;
    }
    json_array_end(&json);
    json_u64(&json, "direct_bytes", direct_bytes);
    json_u64(&json, "direct_read_bytes", direct_read_bytes);
    if (plan != NULL) {
        timeline_render(&profile->timeline, &json);
        render_slowest(profile, plan, set, &json);
    }
    json_object_end(&json);
}

/* --- for people --- */

static double profile_ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void render_workers(const struct run_profile *profile, struct buffer *out)
{
    struct work_profile all = {0};
    buffer_printf(out, "  %-10s", "ms");
    for (int phase = 0; phase < WORK_PHASE_COUNT; phase++) {
        buffer_printf(out, " %10s", work_phase_text((enum work_phase)phase));
    }
    for (uint32_t i = 0; i < profile->worker_count; i++) {
        const struct work_profile *worker = &profile->workers[i];
        buffer_printf(out, "\n  worker %-3u", i + 1);
        for (int phase = 0; phase < WORK_PHASE_COUNT; phase++) {
            buffer_printf(out, " %10.1f", profile_ms(worker->ns[phase]));
            all.ns[phase] += worker->ns[phase];
            all.count[phase] += worker->count[phase];
        }
        all.wall_ns += worker->wall_ns;
    }
    buffer_printf(out, "\n  %-10s", "share");
    for (int phase = 0; phase < WORK_PHASE_COUNT; phase++) {
        const double share =
            all.wall_ns > 0 ? 100 * (double)all.ns[phase] / (double)all.wall_ns : 0;
        buffer_printf(out, " %9.1f%%", share);
    }
    buffer_printf(out, "\n  %-10s", "count");
    for (int phase = 0; phase < WORK_PHASE_COUNT; phase++) {
        buffer_printf(out, " %10llu", (unsigned long long)all.count[phase]);
    }
    buffer_add_char(out, '\n');
}

static void render_table(const struct run_profile *profile, struct buffer *out)
{
    buffer_printf(out, "profile: %.1f ms, of which the workers ran %.1f ms\n",
                  profile_ms(profile_sum(profile)), profile_ms(profile_pipeline(profile)));
    if (profile->worker_count > 0) {
        render_workers(profile, out);
    }
    buffer_printf(out, "  control thread, ms:");
    for (int phase = 0; phase < CONTROL_PHASE_COUNT; phase++) {
        buffer_printf(out, " %s %.1f%s", control_texts[phase], profile_ms(profile->ns[phase]),
                      phase + 1 < CONTROL_PHASE_COUNT ? "," : "\n");
    }
}

/* --- told --- */

/* Not synced: no restore depends on it. */
static vsr_code profile_save(int dir_fd, struct view object, vsr_error *error)
{
    OWN(fd) fd = io_open_part(dir_fd, "profile.json", O_WRONLY, 0644);
    return fd < 0 ? err_sys(error, err_dest_code(errno), "run/profile",
                            "cannot create profile.json in the run folder")
                  : io_write(fd, object.p, object.n, "profile.json", VSR_ERR_DEST_IO, error);
}

vsr_code run_profile_tell(const struct run_profile *profile, const struct plan *plan,
                          const struct media_set *set, struct report *report, int dir_fd,
                          bool shown, vsr_error *error)
{
    struct buffer object = {0}, table = {0};
    render_object(profile, NULL, NULL, &object);
    render_table(profile, &table);
    report_take_profile(report, buffer_view(&object), buffer_view(&table), shown);
    object.n = 0;
    render_object(profile, plan, set, &object);
    buffer_add_char(&object, '\n');
    const vsr_code rc = profile_save(dir_fd, buffer_view(&object), error);
    buffer_free(&object);
    buffer_free(&table);
    return rc;
}
