/* profile.h - writers with restore rules of their own (rules, section 11): what a generic copy may
 * do for them, what it must not, and what is left to be done afterwards.
 *
 * Laid down on an offline tree, the files of a directory service or of the registry are only the
 * first half of a restore; the other half stands here as actions for people. Pure. */
#ifndef PLAN_PROFILE_H
#define PLAN_PROFILE_H

#include "plan/draft.h"

enum {
    PROFILE_OFFLINE_ONLY = 1,  /* never copied into a tree that is in use                   */
    PROFILE_EXCLUDES_HOLD = 2, /* its excludes hold for files of no component, too          */
    PROFILE_EXPIRES = 4,       /* its backup metadata hold a time after which it is useless */
    PROFILE_ACTIONS_MAX = 3,
    PROFILE_TO_DOS_MAX = PROFILE_ACTIONS_MAX + 2 /* with expiry and restart */
};

struct profile {
    const char *id; /* class id, small letters; NULL: known by its name alone */
    const char *name;
    unsigned flags;
    enum plan_turn turn;
    enum vss_method method; /* what it must declare; METHOD_UNDEFINED: anything */
    const char *procedure;  /* of a writer with method CUSTOM: what is done by hand, or NULL */
    const char *actions[PROFILE_ACTIONS_MAX]; /* sentences for people; NULL ends */
};

/* The profile of a writer, or NULL: the generic rules are all. */
const struct profile *profile_of(const struct wmd *wmd);

/* After whom the unit appears in a system state (rules 3.6). Of a private restore: after nobody. */
enum plan_turn profile_turn(const struct draft *draft, uint32_t unit);

/* Do the writer's excludes hold for whatever is restored ("must not come back", section 11)? */
bool profile_excludes_hold(const struct wmd *wmd);

/* Directories of which nothing is ever restored. */
struct profile_never {
    struct view path;  /* with %NAME%s */
    struct view below; /* where it is on a system's volume when nobody gave the name a value */
};
uint32_t profile_never_restored(const struct profile_never **out);

/* Refuse a unit that its writer's profile does not allow here; warn of what it finds odd. */
void profile_check(struct draft *draft, uint32_t unit);

/* What is left to be done after the unit was restored, or by hand in its stead: sentences in the
 * draft's arena. Returns how many. */
uint32_t profile_to_dos(struct draft *draft, uint32_t unit, struct view out[PROFILE_TO_DOS_MAX]);

#endif
