/* decide.h - restore method x restore target x facts -> where a unit goes (rules 6.2, 6.6-6.9;
 * contract, rulings 4, 7, 9, 13, 30). Pure. */
#ifndef PLAN_DECIDE_H
#define PLAN_DECIDE_H

#include "plan/plan.h"

/* What is known of a unit. The planner asks with what it knows; an answer may be to look first. */
enum {
    KNOWN_PRIVATE = 0x001,        /* a private restore was asked for                        */
    KNOWN_LIVE = 0x002,           /* the destination is a live tree                         */
    KNOWN_EMPTY = 0x004,          /* no file takes part in the decision                     */
    KNOWN_NO_SERVICE = 0x008,     /* method 3's service cannot be stopped                   */
    KNOWN_MAPPED = 0x020,         /* every file has a mapping                               */
    SEEN_ORIGINAL = 0x040,        /* the original place was looked at; then:                */
    ORIGINAL_IMPOSSIBLE = 0x080,  /* some file has no place there that a method may decide on */
    ORIGINAL_ABSENT = 0x100,      /* nothing there, all creatable                           */
    ORIGINAL_REPLACEABLE = 0x200, /* all replaceable or creatable                           */
    SEEN_ALTERNATE = 0x400,       /* the mappings' place was looked at; then:               */
    ALTERNATE_IMPOSSIBLE = 0x800,
    ALTERNATE_ABSENT = 0x1000,
    ALTERNATE_WRITABLE = 0x2000,
    ORIGINAL_STAGEABLE = 0x4000 /* with SEEN_ORIGINAL: all can be, once nothing is in use */
};

enum decision {
    DECIDE_PLACE,              /* verdict says which             */
    DECIDE_LOOK_ORIGINAL,      /* survey it, then ask again      */
    DECIDE_LOOK_ALTERNATE,     /* likewise                       */
    DECIDE_REFUSE,             /* refusal says why               */
    DECIDE_REFUSE_BY_ORIGINAL, /* the first obstacle met there names the error */
    DECIDE_REFUSE_BY_ALTERNATE
};

struct decided {
    enum decision decision;
    enum plan_verdict verdict;
    enum refusal refusal;
    const char *rule; /* "6.6/2"; static */
    const char *why;  /* for a refusal; static; NULL: the obstacle tells */
};

/* The first row that holds. Never fails: what no row allows is refused. */
struct decided plan_decide(enum vss_method method, enum vss_target target, unsigned known);

/* The same, telling each row of this method and target up to the one that holds: what it wants
 * that is not known, and what is known that it is not for (both 0: it holds). */
typedef void decide_visit(void *context, const struct decided *row, unsigned missing,
                          unsigned against);
struct decided plan_decide_visit(enum vss_method method, enum vss_target target, unsigned known,
                                 decide_visit *visit, void *context);

/* One KNOWN_, SEEN_, ORIGINAL_ or ALTERNATE_ bit in words. Static. */
const char *plan_known_text(unsigned bit);

#endif
