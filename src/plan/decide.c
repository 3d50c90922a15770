/* decide.c - the rules' tables 6.6 and 6.7 as one table.
 *
 * Read top to bottom: the first row whose method and target fit, whose `needs` all hold and of
 * whose `lacks` none holds, wins. No row: refused. A change of rule is a change of one row and
 * of one row in its test. It looks at nothing itself: rows that need a look say so. */
#include "plan/decide.h"

#include <stddef.h>

#define M(name) (1u << METHOD_##name)
#define T(name) (1u << TARGET_##name)

#define M_ANY   (~0u)
#define M_AT    M(RESTORE_AT_REBOOT)
#define M_AT_IF M(RESTORE_AT_REBOOT_IF_CANNOT_REPLACE)
#define M_THERE M(RESTORE_IF_NOT_THERE)
#define M_CAN   M(RESTORE_IF_CAN_REPLACE)
#define M_STOP  M(STOP_RESTORE_START)
#define M_ALT   M(RESTORE_TO_ALTERNATE_LOCATION)
#define M_CYCLE M(RESTORE_STOP_START)
#define T_ANY   (~0u)
/* what has no directed entry goes by the method (6.7, Q2) */
#define T_PLAIN (T(ORIGINAL) | T(DIRECTED))

#define ORIGINAL          DECIDE_PLACE, VERDICT_ORIGINAL, REFUSAL_NONE
#define ALTERNATE         DECIDE_PLACE, VERDICT_ALTERNATE, REFUSAL_NONE
#define STAGED            DECIDE_PLACE, VERDICT_STAGED, REFUSAL_NONE
#define PRIVATE           DECIDE_PLACE, VERDICT_PRIVATE, REFUSAL_NONE
#define ORIGINAL_LOCATION DECIDE_PLACE, VERDICT_ORIGINAL_LOCATION, REFUSAL_NONE
#define LOOK_ORIGINAL     DECIDE_LOOK_ORIGINAL, VERDICT_REFUSED, REFUSAL_NONE
#define LOOK_ALTERNATE    DECIDE_LOOK_ALTERNATE, VERDICT_REFUSED, REFUSAL_NONE
#define REFUSE(name)      DECIDE_REFUSE, VERDICT_REFUSED, REFUSAL_##name
#define BY_ORIGINAL       DECIDE_REFUSE_BY_ORIGINAL, VERDICT_REFUSED, REFUSAL_NONE
#define BY_ALTERNATE      DECIDE_REFUSE_BY_ALTERNATE, VERDICT_REFUSED, REFUSAL_NONE
#define BLOCKED           DECIDE_REFUSE_BY_ALTERNATE, VERDICT_REFUSED, REFUSAL_MAPPING_BLOCKED
#define CUSTOM            DECIDE_REFUSE, VERDICT_CUSTOM, REFUSAL_METHOD_CUSTOM

struct rule {
    unsigned methods, targets;
    unsigned needs, lacks;
    enum decision decision;
    enum plan_verdict verdict;
    enum refusal refusal;
    const char *rule;
    const char *why;
};

/* clang-format off */
static const struct rule rules[] = {
    /* private restore: before everything (6.2/1) */
    {M_ANY, T_ANY, KNOWN_PRIVATE, SEEN_ORIGINAL, LOOK_ORIGINAL, "6.2/1", NULL},
    {M_ANY, T_ANY, KNOWN_PRIVATE | ORIGINAL_REPLACEABLE, ORIGINAL_IMPOSSIBLE, PRIVATE, "6.2/1",
     NULL},
    {M_ANY, T_ANY, KNOWN_PRIVATE, 0, BY_ORIGINAL, "6.2/1", NULL},

    /* what the documents leave undefined, before any fault of place (ruling 9) */
    {M(CUSTOM), T_ANY, 0, 0, CUSTOM, "6.2/2",
     "the writer has a restore procedure of its own; no generic copy may stand in for it"},
    {M(UNKNOWN), T_ANY, 0, 0, REFUSE(DOCUMENT_UNKNOWN_WORD), "6.6/unknown",
     "the document's restore method is no known word"},
    {M(UNDEFINED), T_ANY, 0, 0, REFUSE(METHOD_UNDEFINED), "6.6/0",
     "the writer gave no restore method"},
    {M_ANY, T(UNKNOWN), 0, 0, REFUSE(DOCUMENT_UNKNOWN_WORD), "6.7/unknown",
     "the document's restore target is no known word"},
    {M_ANY, T(UNDEFINED), 0, 0, REFUSE(TARGET_UNDEFINED), "6.7/0",
     "the restore target was set to undefined"},

    {M_STOP, T_ANY, KNOWN_NO_SERVICE, 0, REFUSE(SERVICE_STOP_FAILED), "6.6/3",
     "the method asks for a service to be stopped first, and it cannot be"},
    {M_ANY, T_ANY, KNOWN_EMPTY, 0, ORIGINAL, "4.8", NULL},

    /* reboot-time copying: method 5 knows no target, method 6 only for what is done now (6.8);
     * an offline tree is "after the reboot" (8.2; ruling 4). The look at a live tree only tells
     * that there can be such places: what is in use there does not matter */
    {M_AT, T_ANY, 0, SEEN_ORIGINAL, LOOK_ORIGINAL, "6.6/5", NULL},
    {M_AT, T_ANY, KNOWN_LIVE | ORIGINAL_STAGEABLE, ORIGINAL_IMPOSSIBLE, STAGED, "6.6/5", NULL},
    {M_AT, T_ANY, ORIGINAL_REPLACEABLE, ORIGINAL_IMPOSSIBLE | KNOWN_LIVE, ORIGINAL, "6.6/5", NULL},
    {M_AT, T_ANY, 0, 0, BY_ORIGINAL, "6.6/5", NULL},

    /* target ALTERNATE (6.7): never back to the original place */
    {M_ANY, T(ALTERNATE), KNOWN_MAPPED, SEEN_ALTERNATE, LOOK_ALTERNATE, "6.7/2", NULL},
    {M_ANY, T(ALTERNATE), ALTERNATE_IMPOSSIBLE, 0, BY_ALTERNATE, "6.7/2", NULL},
    {M_ANY, T(ALTERNATE), KNOWN_MAPPED | ALTERNATE_WRITABLE, 0, ALTERNATE, "6.7/2", NULL},
    {M_AT_IF, T(ALTERNATE), KNOWN_MAPPED | KNOWN_LIVE, SEEN_ORIGINAL, LOOK_ORIGINAL, "6.8/6", NULL},
    {M_AT_IF, T(ALTERNATE), KNOWN_MAPPED | KNOWN_LIVE | ORIGINAL_STAGEABLE, ORIGINAL_IMPOSSIBLE,
     STAGED, "6.8/6", NULL},
    {M_ANY, T(ALTERNATE), KNOWN_MAPPED, 0, BLOCKED, "6.7/2", NULL},
    {M_ANY, T(ALTERNATE), 0, 0, REFUSE(MAPPING_MISSING), "6.7/2",
     "the restore target asks for the alternate location, and not every file has a mapping"},

    /* target ORIGINAL_LOCATION (6.7): the backup-time place, no way round */
    {M_ANY, T(ORIGINAL_LOCATION), 0, SEEN_ORIGINAL, LOOK_ORIGINAL, "6.7/4", NULL},
    {M_ANY, T(ORIGINAL_LOCATION), ORIGINAL_REPLACEABLE, ORIGINAL_IMPOSSIBLE, ORIGINAL_LOCATION,
     "6.7/4", NULL},
    {M_AT_IF, T(ORIGINAL_LOCATION), KNOWN_LIVE | ORIGINAL_STAGEABLE, ORIGINAL_IMPOSSIBLE, STAGED,
     "6.8/6", NULL},
    {M_ANY, T(ORIGINAL_LOCATION), 0, 0, BY_ORIGINAL, "6.7/4", NULL},

    /* method 4: the original place is not looked at */
    {M_ALT, T_PLAIN, KNOWN_MAPPED, SEEN_ALTERNATE, LOOK_ALTERNATE, "6.6/4", NULL},
    {M_ALT, T_PLAIN, ALTERNATE_IMPOSSIBLE, 0, BY_ALTERNATE, "6.6/4", NULL},
    {M_ALT, T_PLAIN, KNOWN_MAPPED | ALTERNATE_WRITABLE, 0, ALTERNATE, "6.6/4", NULL},
    {M_ALT, T_PLAIN, KNOWN_MAPPED, 0, BLOCKED, "6.6/4", NULL},
    {M_ALT, T_PLAIN, 0, 0, REFUSE(MAPPING_MISSING), "6.6/4",
     "the restore method asks for the alternate location, and not every file has a mapping"},

    /* all other methods begin with the original place */
    {M_ANY, T_PLAIN, 0, SEEN_ORIGINAL, LOOK_ORIGINAL, "6.6", NULL},

    {M_THERE, T_PLAIN, ORIGINAL_IMPOSSIBLE, 0, BY_ORIGINAL, "6.6/1", NULL},
    {M_THERE, T_PLAIN, ORIGINAL_ABSENT, 0, ORIGINAL, "6.6/1", NULL},
    {M_THERE, T_PLAIN, KNOWN_MAPPED, SEEN_ALTERNATE, LOOK_ALTERNATE, "6.6/1", NULL},
    {M_THERE, T_PLAIN, ALTERNATE_IMPOSSIBLE, 0, BY_ALTERNATE, "6.6/1", NULL},
    {M_THERE, T_PLAIN, KNOWN_MAPPED | ALTERNATE_ABSENT, 0, ALTERNATE, "6.6/1", NULL},
    {M_THERE, T_PLAIN, KNOWN_MAPPED, 0, BLOCKED, "6.6/1", NULL},
    {M_THERE, T_PLAIN, 0, 0, BY_ORIGINAL, "6.6/1", NULL},

    {M_CAN, T_PLAIN, ORIGINAL_IMPOSSIBLE, 0, BY_ORIGINAL, "6.6/2", NULL},
    {M_CAN, T_PLAIN, ORIGINAL_REPLACEABLE, 0, ORIGINAL, "6.6/2", NULL},
    {M_CAN, T_PLAIN, KNOWN_MAPPED, SEEN_ALTERNATE, LOOK_ALTERNATE, "6.6/2", NULL},
    {M_CAN, T_PLAIN, ALTERNATE_IMPOSSIBLE, 0, BY_ALTERNATE, "6.6/2", NULL},
    {M_CAN, T_PLAIN, KNOWN_MAPPED | ALTERNATE_WRITABLE, 0, ALTERNATE, "6.6/2", NULL},
    {M_CAN, T_PLAIN, KNOWN_MAPPED, 0, BLOCKED, "6.6/2", NULL},
    {M_CAN, T_PLAIN, 0, 0, BY_ORIGINAL, "6.6/2", NULL},

    {M_STOP, T_PLAIN, ORIGINAL_IMPOSSIBLE, 0, BY_ORIGINAL, "6.6/3", NULL},
    {M_STOP, T_PLAIN, ORIGINAL_REPLACEABLE, 0, ORIGINAL, "6.6/3", NULL},
    {M_STOP, T_PLAIN, KNOWN_MAPPED, SEEN_ALTERNATE, LOOK_ALTERNATE, "6.6/3", NULL},
    {M_STOP, T_PLAIN, ALTERNATE_IMPOSSIBLE, 0, BY_ALTERNATE, "6.6/3", NULL},
    {M_STOP, T_PLAIN, KNOWN_MAPPED | ALTERNATE_WRITABLE, 0, ALTERNATE, "6.6/3", NULL},
    {M_STOP, T_PLAIN, KNOWN_MAPPED, 0, BLOCKED, "6.6/3", NULL},
    {M_STOP, T_PLAIN, 0, 0, BY_ORIGINAL, "6.6/3", NULL},

    {M_AT_IF, T_PLAIN, ORIGINAL_IMPOSSIBLE, 0, BY_ORIGINAL, "6.6/6", NULL},
    {M_AT_IF, T_PLAIN, ORIGINAL_REPLACEABLE, 0, ORIGINAL, "6.6/6", NULL},
    {M_AT_IF, T_PLAIN, KNOWN_LIVE | ORIGINAL_STAGEABLE, 0, STAGED, "6.6/6", NULL},
    {M_AT_IF, T_PLAIN, 0, 0, BY_ORIGINAL, "6.6/6", NULL},

    {M_CYCLE, T_PLAIN, ORIGINAL_IMPOSSIBLE, 0, BY_ORIGINAL, "6.6/8", NULL},
    {M_CYCLE, T_PLAIN, ORIGINAL_REPLACEABLE, 0, ORIGINAL, "6.6/8", NULL},
    {M_CYCLE, T_PLAIN, KNOWN_MAPPED, SEEN_ALTERNATE, LOOK_ALTERNATE, "6.6/8", NULL},
    {M_CYCLE, T_PLAIN, ALTERNATE_IMPOSSIBLE, 0, BY_ALTERNATE, "6.6/8", NULL},
    {M_CYCLE, T_PLAIN, KNOWN_MAPPED | ALTERNATE_WRITABLE, 0, ALTERNATE, "6.6/8", NULL},
    {M_CYCLE, T_PLAIN, KNOWN_MAPPED, 0, BLOCKED, "6.6/8", NULL},
    {M_CYCLE, T_PLAIN, 0, 0, BY_ORIGINAL, "6.6/8", NULL},
};
/* clang-format on */

struct decided plan_decide_visit(enum vss_method method, enum vss_target target, unsigned known,
                                 decide_visit *visit, void *context)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *rule = &rules[i];
        if ((rule->methods >> method & 1) == 0 || (rule->targets >> target & 1) == 0) {
            continue;
        }
        const struct decided row = {rule->decision, rule->verdict, rule->refusal, rule->rule,
                                    rule->why};
        const unsigned missing = rule->needs & ~known;
        const unsigned against = rule->lacks & known;
        if (visit != NULL) {
            visit(context, &row, missing, against);
        }
        if (missing == 0 && against == 0) {
            return row;
        }
    }
    /* GCOVR_EXCL_START: the table's last rows hold for all that is left */
    return (struct decided){DECIDE_REFUSE, VERDICT_REFUSED, REFUSAL_METHOD_UNDEFINED, "6.6",
                            "no rule allows this restore"};
    /* GCOVR_EXCL_STOP */
}

struct decided plan_decide(enum vss_method method, enum vss_target target, unsigned known)
{
    return plan_decide_visit(method, target, known, NULL, NULL);
}

const char *plan_known_text(unsigned bit)
{
    static const struct {
        unsigned bit;
        const char *text;
    } words[] = {
        {KNOWN_PRIVATE, "a private restore is asked for"},
        {KNOWN_LIVE, "the destination is in use"},
        {KNOWN_EMPTY, "no file takes part in the decision"},
        {KNOWN_NO_SERVICE, "no service can be stopped"},
        {KNOWN_MAPPED, "every file has a mapping"},
        {SEEN_ORIGINAL, "the original place was looked at"},
        {ORIGINAL_IMPOSSIBLE, "some file can have no original place here"},
        {ORIGINAL_ABSENT, "nothing stands at the original place"},
        {ORIGINAL_REPLACEABLE, "the original place can be written"},
        {ORIGINAL_STAGEABLE, "the original place can be written at the next boot"},
        {SEEN_ALTERNATE, "the mappings' place was looked at"},
        {ALTERNATE_IMPOSSIBLE, "some file can have no mapped place here"},
        {ALTERNATE_ABSENT, "nothing stands at the mappings' place"},
        {ALTERNATE_WRITABLE, "the mappings' place can be written"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].bit == bit) {
            return words[i].text;
        }
    }
    return "?"; /* GCOVR_EXCL_LINE: there is no other bit */
}
