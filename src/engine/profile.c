/* profile.c - meters added up to where each worker's time went.
 *
 * Reads what meter.h keeps; asks no clock. How it looks is the reader's business. */
#include "engine/profile.h"

#include "base/bug.h"

const char *work_phase_text(enum work_phase phase)
{
    static const char *const texts[WORK_PHASE_COUNT] = {
        [WORK_READ] = "read",
        [WORK_READ_WAIT] = "read_wait",
        [WORK_DECODE] = "decode",
        [WORK_VERIFY] = "verify",
        [WORK_CREATE] = "create",
        [WORK_WRITE] = "write",
        [WORK_WRITE_WAIT] = "write_wait",
        [WORK_METADATA] = "metadata",
        [WORK_PACE] = "pace",
        [WORK_IDLE] = "idle",
    };
    VSR_REQUIRE((size_t)phase < WORK_PHASE_COUNT);
    return texts[phase];
}

void work_profile_take(struct work_profile *out, const struct meter *meter)
{
    const uint64_t small_ns = meter_read(&meter->small_ns);
    uint64_t sampled_ns = 0;
    *out = (struct work_profile){.direct_bytes = meter_read(&meter->direct_bytes),
                                 .direct_read_bytes = meter_read(&meter->direct_read_bytes),
                                 .began_ns = meter_read(&meter->began_ns),
                                 .ended_ns = meter_read(&meter->ended_ns)};
    for (int phase = 0; phase < WORK_PHASE_COUNT; phase++) {
        sampled_ns += meter_read(&meter->sampled_ns[phase]);
    }
    for (int phase = 0; phase < WORK_PHASE_COUNT; phase++) {
        const double share =
            sampled_ns > 0 ? (double)meter_read(&meter->sampled_ns[phase]) / (double)sampled_ns : 0;
        out->ns[phase] = meter_read(&meter->exact_ns[phase]) + (uint64_t)(share * (double)small_ns);
        out->count[phase] = meter_read(&meter->count[phase]);
    }
}

void work_profile_idle(struct work_profile *workers, uint32_t count)
{
    uint64_t first_ns = UINT64_MAX, last_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        first_ns = workers[i].began_ns < first_ns ? workers[i].began_ns : first_ns;
        last_ns = workers[i].ended_ns > last_ns ? workers[i].ended_ns : last_ns;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct work_profile *one = &workers[i];
        one->ns[WORK_IDLE] += one->began_ns - first_ns + (last_ns - one->ended_ns);
        one->wall_ns = last_ns - first_ns;
    }
}
