/* canon.h - the paths that documents spell, made comparable (rules 5.3; contract, ruling 32).
 *
 * Two environments: the one captured at backup time says where files were; values given at
 * restore serve destinations, and names that the captured table lacks. Pure. */
#ifndef PLAN_CANON_H
#define PLAN_CANON_H

#include "media/set.h"
#include "plan/choices.h"

enum canon_status {
    CANON_OK,
    CANON_ENVIRONMENT, /* unknown: the %NAME% without a value */
    CANON_PATH         /* fault: why it is no absolute directory */
};

struct canon_directory {
    enum canon_status status;
    struct view unknown;
    const char *fault;    /* static sentence part */
    struct win_path path; /* expanded, parsed     */
    uint32_t volume;      /* of the set's volumes, or MARK_NONE */
    struct view below;    /* below that volume's root; volume MARK_NONE: path.rest */
};

struct canon {
    struct win_env captured; /* for what stands on the media */
    struct win_env places;   /* for destinations             */
    struct volume_table sources;
};

/* Environment and source volumes of a set, with what the caller adds. Texts live in arena; free
 * with canon_fini(). Errors: SELECTION for an --env that is no NAME=value. */
vsr_code canon_init(struct canon *canon, struct arena *arena,
                    const struct set_description *description, const struct plan_choices *choices,
                    vsr_error *error);
void canon_fini(struct canon *canon);

/* A directory as a set names it (source), or as a mapping or new target does (place). */
struct canon_directory canon_source(const struct canon *canon, struct arena *arena,
                                    struct view path);
struct canon_directory canon_place(const struct canon *canon, struct arena *arena,
                                   struct view path);

/* The folded key of a triple (path, filespec, recursive): two triples name the same file set
 * if and only if their keys are equal (rules 6.3). directory must be CANON_OK. */
struct view canon_triple(struct arena *arena, const struct canon_directory *directory,
                         struct view filespec, bool recursive);

/* The specs by which a volume of the set is known, letter first, in out; at most out_max. */
uint32_t canon_volume_specs(const struct set_volume *volume, struct view *out, uint32_t out_max);

/* How many elements below has. */
uint32_t canon_depth(struct view below);

#endif
