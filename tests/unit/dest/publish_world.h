/* publish_world.h - a small set of two units, a destination, and the restore between them: for
 * tests of publishing. Unit 1 is what has a 'b' as its last letter. */
#ifndef UNIT_DEST_PUBLISH_WORLD_H
#define UNIT_DEST_PUBLISH_WORLD_H

#include "plan_fixture.h"

struct world {
    char folder[64];
    char set_path[128];
    char dir[128];
    struct media_set set;
    struct plan *plan;
    struct restore r;
};

/* cmocka's setup and teardown; nothing stands at the destination. "old" has 1a, 1b, 2a, 2b, and
 * "tree" has 1a, 1b, "sub a/1a", "sub b/1b". */
int world_open(void **state);
int world_close(void **state);

/* The same on another set. */
struct fixture_file;
struct world *world_create(const struct fixture_file *files, size_t count);

/* "old" exists, with 1a and 1b in it. */
void world_make_old(struct world *w);
void world_plan(struct world *w);
enum outcome world_outcome(const struct world *w, const char *path);

void file_put(const struct world *w, const char *name, const char *text);
/* The whole text of a file at the destination, or "-" when nothing stands there. */
const char *file_get(const struct world *w, const char *name);

/* A publish_log that counts, and fails where it is told to. */
struct told {
    uint32_t intents, commits, parts;
    vsr_code fail, fail_commit;
    struct stage *break_sync;    /* at the intents, its mount fails */
    const struct world *spoil;   /* at the commit, somebody takes the place of "old/1b" */
    const struct world *enter;   /* at the commit, somebody puts a file into "tree" */
    const char *entered;         /* ... of that path; NULL: one that nothing else has */
    const struct world *between; /* at intents, if "old" has come there: he writes to "old/1b" */
};

vsr_code told_intents(void *context, uint32_t group, const struct publish_intent *intents,
                      uint32_t count, bool more, vsr_error *error);
vsr_code told_commit(void *context, uint32_t group, vsr_error *error);

#endif
