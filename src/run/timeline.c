/* timeline.c - points of a run, thinned out as they become many. Asks no clock. */
#include "run/timeline.h"

static const uint64_t STEP_NS_MIN = 100000000; /* as often as the control thread looks */

static void thin_out(struct timeline *timeline)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < timeline->count; i += 2) {
        timeline->points[kept++] = timeline->points[i];
    }
    timeline->count = kept;
    timeline->step_ns *= 2;
}

void timeline_add(struct timeline *timeline, const struct timeline_point *point, bool is_last)
{
    if (timeline->step_ns == 0) {
        timeline->step_ns = STEP_NS_MIN;
    }
    const struct timeline_point *before =
        timeline->count > 0 ? &timeline->points[timeline->count - 1] : NULL;
    const bool is_due =
        before == NULL || point->elapsed_ns >= before->elapsed_ns + timeline->step_ns;
    if (!is_due && !is_last) {
        return;
    }
    if (timeline->count == TIMELINE_POINTS_MAX) {
        thin_out(timeline);
    }
    timeline->points[timeline->count++] = *point;
}

void timeline_render(const struct timeline *timeline, struct json *json)
{
    json_array_begin(json, "samples");
    for (uint32_t i = 0; i < timeline->count; i++) {
        const struct timeline_point *point = &timeline->points[i];
        json_array_begin(json, NULL);
        json_u64(json, NULL, point->elapsed_ns / 1000000);
        json_u64(json, NULL, point->bytes);
        json_u64(json, NULL, point->files);
        json_u64(json, NULL, point->failed);
        json_u64(json, NULL, point->units);
        json_array_end(json);
    }
    json_array_end(json);
}
