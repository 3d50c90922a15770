/* plan_fixture.h - plans made by hand and carried out, for tests of dest and engine: everything
 * on a set goes below one folder, by units that a test names. A fixture that cannot be made is a
 * fault of the test and stops it. */
#ifndef PLAN_FIXTURE_H
#define PLAN_FIXTURE_H

#include "engine/engine.h"

/* Which unit an entry belongs to, by its path below the volume's root. */
typedef uint32_t plan_fixture_unit(const char *path);

/* The whole set below dir, which exists: what is there already becomes REPLACE. unit_of NULL: one
 * unit. Freed by plan_fixture_free(). */
struct plan *plan_fixture_create(const struct media_set *set, const char *dir, uint32_t unit_count,
                                 plan_fixture_unit *unit_of);
void plan_fixture_free(struct plan *plan);

/* One restore, with what may go on between staging and publishing. */
struct restore {
    const struct media_set *set;
    const struct plan *plan;
    enum ring_choice ring;
    uint32_t workers;
    enum durability durability;
    const struct publish_log *log;
    void (*before_publish)(void *context, struct stage *stage);
    void *context;
    const uint8_t *alone; /* of stage_options */
    const uint8_t *skip;
    bool stop_at_once;
    bool discard;
    bool direct; /* ring writes past the page cache, with a RING_SYNC ring too */
    /* results */
    struct outcome_row *rows;
    enum unit_state *states;
    uint64_t *residue;
    struct meta_loss losses;
    struct engine_progress progress;
    vsr_error error;
};
vsr_code restore_run(struct restore *restore);
void restore_free(struct restore *restore);

/* The planned file for a path below the volume's root; a test without it fails. */
uint32_t restore_file(const struct restore *restore, const char *path);

#endif
