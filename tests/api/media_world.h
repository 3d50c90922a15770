/* media_world.h - a set in a folder and in memory, and functions that read the latter: well, or in
 * one of many wrong ways. For tests of media.h; a step that fails here fails the test. */
#ifndef API_MEDIA_WORLD_H
#define API_MEDIA_WORLD_H

#include "vsr_test.h"

#include "media_fixture.h"
#include "vssrestore/vssrestore.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SMALL_FILES = 60, LARGE_FILES = 4, FILES = SMALL_FILES + LARGE_FILES };
enum { SMALL_BYTES = 3000, LARGE_BYTES = 300000, PIECE_BYTES = 65536, PACK_BYTES = 200000 };
enum { PARTS_MAX = 40 };

/* What is wrong with the functions. */
enum trouble {
    TROUBLE_NONE,
    TROUBLE_SHORT,       /* some bytes of what was asked for, and now and then another try */
    TROUBLE_STUCK,       /* of one pack: never more than another try */
    TROUBLE_ERRNO,       /* of one pack */
    TROUBLE_GIVEN_UP,    /* of one pack: ECANCELED, though nobody cancelled */
    TROUBLE_MISSING,     /* one pack is not there */
    TROUBLE_TRUNCATED,   /* one pack ends early, though it says otherwise */
    TROUBLE_WRONG_BYTES, /* in one pack */
    TROUBLE_TOO_MANY,    /* of one pack: more than was asked for */
    TROUBLE_NO_NUMBER,   /* of one pack: what no call can return */
    TROUBLE_HUGE,        /* one pack says that it has 2^64 - 1 bytes */
    TROUBLE_INDEX_LONGER,
    TROUBLE_INDEX_WRONG, /* a byte of it */
    TROUBLE_INDEX_SHORT, /* it ends early, though it says otherwise */
    TROUBLE_SIZE_POSITIVE,
    TROUBLE_NO_JSON,
    TROUBLE_CANCEL,        /* in the middle, the run is told to end; reads wait for its stop */
    TROUBLE_CANCEL_ABORTS, /* the same, and all reads then end with ECANCELED */
    TROUBLE_KILL           /* in the middle, the process is killed */
};

struct part {
    char name[64];
    char *bytes;
    size_t count;
    atomic_uint released;
};

struct store {
    struct part parts[PARTS_MAX];
    uint32_t part_count;
    enum trouble trouble;
    pthread_t home;
    atomic_uint reads, elsewhere;  /* calls; of them on another thread than home */
    atomic_uint at_work, together; /* calls now; the most at a time */
    int cancel;
    uint32_t cancel_at; /* read of a pack: when it is told to end, or killed */
    atomic_uint told;   /* how often progress was told */
    atomic_uint pack_reads;
};

struct world {
    char folder[64];
    char set_path[128];
    char *contents[FILES];
    struct store store;
};

int world_open(void **state); /* cmocka: *state is the world */
int world_close(void **state);

/* The functions, with the world's store; flags as of vsr_media. */
vsr_media world_media(struct world *w, unsigned flags);
vsr_set *world_set(struct world *w, unsigned flags);
/* Another set of the same documents, in the folder path. */
void world_other_set(const char *path);

/* Restore a set below the world's folder to; the run folder is run-TO. w->store.cancel ends it. */
vsr_code world_restore(struct world *w, const vsr_set *set, const char *to, vsr_report **report,
                       vsr_error *error);
/* The same, which must not fail as a whole. */
vsr_summary world_restore_whole(struct world *w, const vsr_set *set, const char *to);
/* From the folder, to "folder". */
void world_restore_folder(struct world *w);
int world_exit_code(const vsr_report *report);

void assert_same_trees(const struct world *w, const char *one, const char *other);
/* How many rows of a run have this outcome? */
unsigned world_rows(const struct world *w, const char *to, const char *outcome);

struct gathered {
    char text[200000];
    size_t n;
};
int gather(void *context, const char *text, size_t bytes); /* vsr_sink */

#endif
