/* timeline.h - how far a run was at which moment: at most TIMELINE_POINTS_MAX points, however long
 * it takes. When they are full every second one goes, and the next ones come half as often.
 * Control thread only. */
#ifndef RUN_TIMELINE_H
#define RUN_TIMELINE_H

#include "base/json.h"

enum { TIMELINE_POINTS_MAX = 512 };

struct timeline_point {
    uint64_t elapsed_ns; /* since the run began */
    uint64_t bytes, files, failed;
    uint32_t units;
};

struct timeline { /* zeroed: empty */
    struct timeline_point points[TIMELINE_POINTS_MAX];
    uint32_t count;
    uint64_t step_ns; /* the least that two points are apart */
};

/* Kept if its time has come; is_last: in any case. */
void timeline_add(struct timeline *timeline, const struct timeline_point *point, bool is_last);

/* "samples": [[elapsed_ms, bytes, files, failed, units], ...] */
void timeline_render(const struct timeline *timeline, struct json *json);

#endif
