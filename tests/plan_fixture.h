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

/* Turn a record of the plan into one of ranges: KIND_PARTIAL, or KIND_DIRECTED into the file
 * called name in its own directory (owner: the first record of that destination, or MARK_NONE).
 * present: a base stands there. */
struct plan_fixture_ranges {
    uint32_t file;
    enum plan_kind kind;
    const char *name; /* NULL: its own */
    uint32_t owner;
    bool present;
    const struct plan_range *ranges;
    uint32_t range_count;
};
void plan_fixture_set_ranges(struct plan *plan, const struct plan_fixture_ranges *what);

/* A folder of its own, with a set of these files in "set", open with its packs, and an empty
 * "dest" beside it: dir. Removed by fixture_remove(folder) after set_close(). */
struct fixture_file;
void restore_folder_open(char folder[64], char dir[128], struct media_set *set,
                         const struct fixture_file *files, uint32_t file_count);

/* One restore, with what may go on between staging and publishing. */
struct restore {
    const struct media_set *set;
    const struct plan *plan;
    enum ring_choice ring;
    enum write_mode write_mode;
    uint32_t workers;
    enum durability durability;
    const struct publish_log *log;
    void (*before_engine)(void *context, struct stage *stage);
    void (*before_publish)(void *context, struct stage *stage);
    void *context;
    const uint8_t *alone; /* of stage_options */
    const uint8_t *skip;
    bool in_place; /* with undo_fd: of stage_options */
    int undo_fd;
    bool stop_at_once;
    bool discard;
    bool owners; /* those of the media */
    bool direct; /* ring writes past the page cache, with a RING_SYNC ring too */
    /* results */
    struct outcome_row *rows;
    enum unit_state *states;
    uint64_t *residue;
    struct meta_loss losses;
    struct engine_progress progress;
    struct work_profile *profile; /* of each worker */
    uint32_t profile_count;
    vsr_error error;
};
vsr_code restore_run(struct restore *restore);
void restore_free(struct restore *restore);

/* Change what the index says of one file's checksum: as good as a flipped byte on the media, for
 * one file in a frame that many share. Freed by plan_fixture_mend(). */
void plan_fixture_damage(struct media_set *set, uint32_t entry);
void plan_fixture_mend(struct media_set *set);

/* The planned file for a path below the volume's root; a test without it fails. */
uint32_t restore_file(const struct restore *restore, const char *path);

#endif
