/* test_decide.c - every row of the decision table, by name, and what no row may ever do.
 *
 * Goal: a reviewer can hold rules 6.6 and 6.7 beside this file and tick off each line. Method:
 * plan_decide() is pure, so a table of (method, target, what is known -> answer) is the test. */
#include "vsr_test.h"

#include "plan/decide.h"

#define NOT_THERE METHOD_RESTORE_IF_NOT_THERE
#define CAN       METHOD_RESTORE_IF_CAN_REPLACE
#define STOP      METHOD_STOP_RESTORE_START
#define TO_ALT    METHOD_RESTORE_TO_ALTERNATE_LOCATION
#define REBOOT    METHOD_RESTORE_AT_REBOOT
#define REBOOT_IF METHOD_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE
#define CYCLE     METHOD_RESTORE_STOP_START

#define ABSENT    (SEEN_ORIGINAL | ORIGINAL_ABSENT | ORIGINAL_REPLACEABLE)
#define WRITE     (SEEN_ORIGINAL | ORIGINAL_REPLACEABLE)
#define BLOCKED   SEEN_ORIGINAL
#define CAN_WAIT  (KNOWN_LIVE | SEEN_ORIGINAL | ORIGINAL_STAGEABLE)
#define NO_PLACE  (SEEN_ORIGINAL | ORIGINAL_IMPOSSIBLE)
#define MAPPED    KNOWN_MAPPED
#define ALT_FREE  (MAPPED | SEEN_ALTERNATE | ALTERNATE_ABSENT | ALTERNATE_WRITABLE)
#define ALT_WRITE (MAPPED | SEEN_ALTERNATE | ALTERNATE_WRITABLE)
#define ALT_BAR   (MAPPED | SEEN_ALTERNATE)
#define ALT_NONE  (MAPPED | SEEN_ALTERNATE | ALTERNATE_IMPOSSIBLE)

#define PLACE(v)     DECIDE_PLACE, VERDICT_##v, REFUSAL_NONE
#define LOOK_ORIG    DECIDE_LOOK_ORIGINAL, VERDICT_REFUSED, REFUSAL_NONE
#define LOOK_ALT     DECIDE_LOOK_ALTERNATE, VERDICT_REFUSED, REFUSAL_NONE
#define REFUSE(name) DECIDE_REFUSE, VERDICT_REFUSED, REFUSAL_##name
#define BY_ORIG      DECIDE_REFUSE_BY_ORIGINAL, VERDICT_REFUSED, REFUSAL_NONE
#define BY_ALT       DECIDE_REFUSE_BY_ALTERNATE, VERDICT_REFUSED, REFUSAL_NONE
#define BARRED       DECIDE_REFUSE_BY_ALTERNATE, VERDICT_REFUSED, REFUSAL_MAPPING_BLOCKED

struct path {
    enum vss_method method;
    enum vss_target target;
    unsigned known;
    enum decision decision;
    enum plan_verdict verdict;
    enum refusal refusal;
    const char *rule;
    const char *arrow;
};

static const struct path paths[] = {
    /* 6.2: private first, custom before targets */
    {METHOD_UNDEFINED, TARGET_UNKNOWN, KNOWN_PRIVATE, LOOK_ORIG, "6.2/1",
     "private: whatever the documents say"},
    {METHOD_CUSTOM, TARGET_ORIGINAL, KNOWN_PRIVATE | WRITE, PLACE(PRIVATE), "6.2/1",
     "private: writable"},
    {CAN, TARGET_ORIGINAL, KNOWN_PRIVATE | BLOCKED | MAPPED, BY_ORIG, "6.2/1",
     "private: blocked, no mapping used"},
    {CAN, TARGET_ORIGINAL, KNOWN_PRIVATE | NO_PLACE, BY_ORIG, "6.2/1", "private: no place"},
    {METHOD_CUSTOM, TARGET_ALTERNATE, ALT_FREE, DECIDE_REFUSE, VERDICT_CUSTOM,
     REFUSAL_METHOD_CUSTOM, "6.2/2", "custom beats targets"},
    {METHOD_CUSTOM, TARGET_ORIGINAL, KNOWN_EMPTY, DECIDE_REFUSE, VERDICT_CUSTOM,
     REFUSAL_METHOD_CUSTOM, "6.2/2", "custom without files"},

    /* document faults, before a look (ruling 9) */
    {METHOD_UNKNOWN, TARGET_ORIGINAL, 0, REFUSE(DOCUMENT_UNKNOWN_WORD), "6.6/unknown",
     "method no word"},
    {METHOD_UNKNOWN, TARGET_ORIGINAL_LOCATION, WRITE, REFUSE(DOCUMENT_UNKNOWN_WORD), "6.6/unknown",
     "method no word, target given"},
    {METHOD_UNDEFINED, TARGET_ORIGINAL, ABSENT, REFUSE(METHOD_UNDEFINED), "6.6/0", "no method"},
    {CAN, TARGET_UNKNOWN, ABSENT, REFUSE(DOCUMENT_UNKNOWN_WORD), "6.7/unknown", "target no word"},
    {CAN, TARGET_UNDEFINED, ABSENT, REFUSE(TARGET_UNDEFINED), "6.7/0", "target undefined"},
    {STOP, TARGET_ORIGINAL, KNOWN_NO_SERVICE, REFUSE(SERVICE_STOP_FAILED), "6.6/3",
     "no service's name (T45)"},
    {STOP, TARGET_ALTERNATE, KNOWN_NO_SERVICE | ALT_FREE, REFUSE(SERVICE_STOP_FAILED), "6.6/3",
     "a target does not stop services"},
    {CYCLE, TARGET_ORIGINAL, KNOWN_NO_SERVICE | WRITE, PLACE(ORIGINAL), "6.6/8",
     "method 8 stops later (ruling 34)"},

    /* no file (ruling 13) */
    {TO_ALT, TARGET_ORIGINAL, KNOWN_EMPTY, PLACE(ORIGINAL), "4.8", "no files, method 4"},
    {CAN, TARGET_ALTERNATE, KNOWN_EMPTY, PLACE(ORIGINAL), "4.8", "no files, target alternate"},

    /* 6.6/1 */
    {NOT_THERE, TARGET_ORIGINAL, MAPPED, LOOK_ORIG, "6.6", "1: look first"},
    {NOT_THERE, TARGET_ORIGINAL, ABSENT, PLACE(ORIGINAL), "6.6/1", "1: none there"},
    {NOT_THERE, TARGET_ORIGINAL, WRITE, BY_ORIG, "6.6/1", "1: some there, no mapping (T02)"},
    {NOT_THERE, TARGET_ORIGINAL, WRITE | MAPPED, LOOK_ALT, "6.6/1", "1: some there, mapped"},
    {NOT_THERE, TARGET_ORIGINAL, WRITE | ALT_FREE, PLACE(ALTERNATE), "6.6/1",
     "1: none at the mapping"},
    {NOT_THERE, TARGET_ORIGINAL, WRITE | ALT_WRITE, BARRED, "6.6/1", "1: some at the mapping (Q5)"},
    {NOT_THERE, TARGET_ORIGINAL, BLOCKED | ALT_FREE, PLACE(ALTERNATE), "6.6/1",
     "1: not creatable counts as present"},
    {NOT_THERE, TARGET_ORIGINAL, NO_PLACE | MAPPED, BY_ORIG, "6.6/1", "1: no place at all"},
    {NOT_THERE, TARGET_ORIGINAL, WRITE | ALT_NONE, BY_ALT, "6.6/1", "1: mapping leads nowhere"},

    /* 6.6/2 */
    {CAN, TARGET_ORIGINAL, 0, LOOK_ORIG, "6.6", "2: look first"},
    {CAN, TARGET_ORIGINAL, WRITE | MAPPED, PLACE(ORIGINAL), "6.6/2", "2: replaceable"},
    {CAN, TARGET_ORIGINAL, ABSENT, PLACE(ORIGINAL), "6.6/2", "2: absent"},
    {CAN, TARGET_ORIGINAL, BLOCKED, BY_ORIG, "6.6/2", "2: blocked, no mapping"},
    {CAN, TARGET_ORIGINAL, BLOCKED | MAPPED, LOOK_ALT, "6.6/2", "2: blocked, mapped"},
    {CAN, TARGET_ORIGINAL, BLOCKED | ALT_WRITE, PLACE(ALTERNATE), "6.6/2",
     "2: the mapping's files may be replaced"},
    {CAN, TARGET_ORIGINAL, BLOCKED | ALT_BAR, BARRED, "6.6/2", "2: mapping blocked"},
    {CAN, TARGET_ORIGINAL, NO_PLACE | MAPPED, BY_ORIG, "6.6/2", "2: no place at all"},
    {CAN, TARGET_ORIGINAL, BLOCKED | ALT_NONE, BY_ALT, "6.6/2", "2: mapping leads nowhere"},
    {CAN, TARGET_DIRECTED, WRITE, PLACE(ORIGINAL), "6.6/2",
     "directed without entries is original (6.7)"},

    /* 6.6/3, the service stopped */
    {STOP, TARGET_ORIGINAL, 0, LOOK_ORIG, "6.6", "3: look first"},
    {STOP, TARGET_ORIGINAL, WRITE, PLACE(ORIGINAL), "6.6/3", "3: replaceable"},
    {STOP, TARGET_ORIGINAL, BLOCKED, BY_ORIG, "6.6/3", "3: blocked"},
    {STOP, TARGET_ORIGINAL, BLOCKED | MAPPED, LOOK_ALT, "6.6/3", "3: blocked, mapped"},
    {STOP, TARGET_ORIGINAL, BLOCKED | ALT_WRITE, PLACE(ALTERNATE), "6.6/3", "3: mapping writable"},
    {STOP, TARGET_ORIGINAL, BLOCKED | ALT_BAR, BARRED, "6.6/3", "3: mapping blocked"},
    {STOP, TARGET_ORIGINAL, NO_PLACE, BY_ORIG, "6.6/3", "3: no place at all"},
    {STOP, TARGET_ORIGINAL, BLOCKED | ALT_NONE, BY_ALT, "6.6/3", "3: mapping leads nowhere"},

    /* 6.6/4: original place never looked at */
    {TO_ALT, TARGET_ORIGINAL, 0, REFUSE(MAPPING_MISSING), "6.6/4", "4: no mapping"},
    {TO_ALT, TARGET_ORIGINAL, MAPPED, LOOK_ALT, "6.6/4", "4: mapped (T01)"},
    {TO_ALT, TARGET_ORIGINAL, ALT_FREE, PLACE(ALTERNATE), "6.6/4", "4: free"},
    {TO_ALT, TARGET_ORIGINAL, ALT_WRITE, PLACE(ALTERNATE), "6.6/4", "4: writable (Q5)"},
    {TO_ALT, TARGET_ORIGINAL, ALT_BAR, BARRED, "6.6/4", "4: blocked"},
    {TO_ALT, TARGET_ORIGINAL, ALT_NONE, BY_ALT, "6.6/4", "4: leads nowhere"},

    /* 6.6/5, 6.6/6 and 6.8 */
    {REBOOT, TARGET_ORIGINAL, KNOWN_LIVE, LOOK_ORIG, "6.6/5", "5 live: is there such a place?"},
    {REBOOT, TARGET_ORIGINAL, CAN_WAIT, PLACE(STAGED), "6.6/5", "5 live: all staged"},
    {REBOOT, TARGET_ORIGINAL, CAN_WAIT | ABSENT, PLACE(STAGED), "6.6/5",
     "5 live: all staged, also when nothing is in use"},
    {REBOOT, TARGET_ALTERNATE, CAN_WAIT | MAPPED, PLACE(STAGED), "6.6/5",
     "5 live: targets and mappings have no influence (T44)"},
    {REBOOT, TARGET_ORIGINAL, BLOCKED | KNOWN_LIVE | MAPPED, BY_ORIG, "6.6/5",
     "5 live: no boot solves it"},
    {REBOOT, TARGET_ORIGINAL, NO_PLACE | KNOWN_LIVE, BY_ORIG, "6.6/5", "5 live: no place at all"},
    {REBOOT, TARGET_ORIGINAL, 0, LOOK_ORIG, "6.6/5", "5 offline: look"},
    {REBOOT, TARGET_ORIGINAL, WRITE, PLACE(ORIGINAL), "6.6/5", "5 offline: now (ruling 4)"},
    {REBOOT, TARGET_ALTERNATE, WRITE | MAPPED, PLACE(ORIGINAL), "6.6/5",
     "5 offline: target ignored (ruling 30)"},
    {REBOOT, TARGET_ORIGINAL, BLOCKED | MAPPED, BY_ORIG, "6.6/5",
     "5 offline: no mapping fallback (T44)"},
    {REBOOT, TARGET_ORIGINAL, NO_PLACE, BY_ORIG, "6.6/5", "5 offline: no place at all"},
    {REBOOT_IF, TARGET_ORIGINAL, 0, LOOK_ORIG, "6.6", "6: look first"},
    {REBOOT_IF, TARGET_ORIGINAL, WRITE, PLACE(ORIGINAL), "6.6/6", "6: mixed but replaceable (T43)"},
    {REBOOT_IF, TARGET_ORIGINAL, CAN_WAIT, PLACE(STAGED), "6.6/6",
     "6 live: one blocked, all staged (T43)"},
    {REBOOT_IF, TARGET_ORIGINAL, CAN_WAIT | WRITE, PLACE(ORIGINAL), "6.6/6",
     "6 live: none blocked, now"},
    {REBOOT_IF, TARGET_ORIGINAL, BLOCKED | KNOWN_LIVE, BY_ORIG, "6.6/6",
     "6 live: blocked, and no boot solves it"},
    {REBOOT_IF, TARGET_ORIGINAL, BLOCKED | MAPPED, BY_ORIG, "6.6/6",
     "6 offline: no mapping fallback"},
    {REBOOT_IF, TARGET_ORIGINAL, NO_PLACE | KNOWN_LIVE, BY_ORIG, "6.6/6", "6: no place at all"},
    {REBOOT_IF, TARGET_ALTERNATE, ALT_WRITE, PLACE(ALTERNATE), "6.7/2",
     "6: target honoured for work that is done now"},
    {REBOOT_IF, TARGET_ALTERNATE, ALT_BAR | KNOWN_LIVE, LOOK_ORIG, "6.8/6",
     "6 live: is there a place to wait for?"},
    {REBOOT_IF, TARGET_ALTERNATE, ALT_BAR | CAN_WAIT, PLACE(STAGED), "6.8/6",
     "6 live: what must wait goes to the original"},
    {REBOOT_IF, TARGET_ALTERNATE, ALT_BAR | BLOCKED | KNOWN_LIVE, BARRED, "6.7/2",
     "6 live: mapping blocked, and no boot solves it"},
    {REBOOT_IF, TARGET_ALTERNATE, ALT_BAR, BARRED, "6.7/2", "6 offline: mapping blocked"},
    {REBOOT_IF, TARGET_ORIGINAL_LOCATION, CAN_WAIT, PLACE(STAGED), "6.8/6",
     "6 live: original location, staged"},

    /* 6.6/8 as 2 */
    {CYCLE, TARGET_ORIGINAL, 0, LOOK_ORIG, "6.6", "8: look first"},
    {CYCLE, TARGET_ORIGINAL, WRITE, PLACE(ORIGINAL), "6.6/8", "8: replaceable"},
    {CYCLE, TARGET_ORIGINAL, BLOCKED, BY_ORIG, "6.6/8", "8: blocked"},
    {CYCLE, TARGET_ORIGINAL, BLOCKED | MAPPED, LOOK_ALT, "6.6/8", "8: blocked, mapped (Q6)"},
    {CYCLE, TARGET_ORIGINAL, BLOCKED | ALT_WRITE, PLACE(ALTERNATE), "6.6/8",
     "8: mapping writable (Q6)"},
    {CYCLE, TARGET_ORIGINAL, BLOCKED | ALT_BAR, BARRED, "6.6/8", "8: mapping blocked"},
    {CYCLE, TARGET_ORIGINAL, NO_PLACE, BY_ORIG, "6.6/8", "8: no place at all"},
    {CYCLE, TARGET_ORIGINAL, BLOCKED | ALT_NONE, BY_ALT, "6.6/8", "8: mapping leads nowhere"},

    /* 6.7/2 ALTERNATE */
    {CAN, TARGET_ALTERNATE, 0, REFUSE(MAPPING_MISSING), "6.7/2",
     "alternate: unmapped, even with a free original place (T40)"},
    {CAN, TARGET_ALTERNATE, MAPPED, LOOK_ALT, "6.7/2", "alternate: look"},
    {NOT_THERE, TARGET_ALTERNATE, ALT_WRITE, PLACE(ALTERNATE), "6.7/2",
     "alternate: writable is enough, also for method 1"},
    {TO_ALT, TARGET_ALTERNATE, ALT_BAR, BARRED, "6.7/2", "alternate: blocked"},
    {CAN, TARGET_ALTERNATE, ALT_NONE, BY_ALT, "6.7/2", "alternate: leads nowhere"},

    /* 6.7/4 ORIGINAL_LOCATION */
    {TO_ALT, TARGET_ORIGINAL_LOCATION, MAPPED, LOOK_ORIG, "6.7/4", "original location: look"},
    {TO_ALT, TARGET_ORIGINAL_LOCATION, MAPPED | WRITE, PLACE(ORIGINAL_LOCATION), "6.7/4",
     "original location under method 4 (T41)"},
    {NOT_THERE, TARGET_ORIGINAL_LOCATION, WRITE, PLACE(ORIGINAL_LOCATION), "6.7/4",
     "original location: replaces under method 1"},
    {CAN, TARGET_ORIGINAL_LOCATION, MAPPED | BLOCKED, BY_ORIG, "6.7/4",
     "original location: no way round"},
    {CAN, TARGET_ORIGINAL_LOCATION, NO_PLACE, BY_ORIG, "6.7/4",
     "original location: no place at all"},
};

static void decide_follows_the_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct path *p = &paths[i];
        const struct decided got = plan_decide(p->method, p->target, p->known);
        if (got.decision != p->decision || got.verdict != p->verdict || got.refusal != p->refusal ||
            strcmp(got.rule, p->rule) != 0) {
            fail_msg("%s: got decision %d verdict %d refusal %d rule %s", p->arrow,
                     (int)got.decision, (int)got.verdict, (int)got.refusal, got.rule);
        }
    }
}

/* Of every method and target, and everything that can be known at once. */
typedef void decide_check(enum vss_method method, enum vss_target target, unsigned known,
                          struct decided got);

static void for_all(decide_check *check)
{
    for (int m = 0; m < METHOD_COUNT; m++) {
        for (int t = 0; t < TARGET_COUNT; t++) {
            for (unsigned known = 0; known < 2u * ORIGINAL_STAGEABLE; known++) {
                check((enum vss_method)m, (enum vss_target)t, known,
                      plan_decide((enum vss_method)m, (enum vss_target)t, known));
            }
        }
    }
}

static void check_looks_end(enum vss_method method, enum vss_target target, unsigned known,
                            struct decided got)
{
    (void)method;
    (void)target;
    assert_false(got.decision == DECIDE_LOOK_ORIGINAL && (known & SEEN_ORIGINAL) != 0);
    assert_false(got.decision == DECIDE_LOOK_ALTERNATE && (known & SEEN_ALTERNATE) != 0);
    assert_false(got.decision == DECIDE_REFUSE_BY_ALTERNATE && (known & SEEN_ALTERNATE) == 0 &&
                 (known & ALTERNATE_IMPOSSIBLE) == 0);
    assert_non_null(got.rule);
}

static void check_places_were_free(enum vss_method method, enum vss_target target, unsigned known,
                                   struct decided got)
{
    (void)method;
    (void)target;
    if (got.decision != DECIDE_PLACE || (known & KNOWN_EMPTY) != 0) {
        return;
    }
    if (got.verdict == VERDICT_ORIGINAL || got.verdict == VERDICT_ORIGINAL_LOCATION ||
        got.verdict == VERDICT_PRIVATE) {
        assert_true((known & (ORIGINAL_REPLACEABLE | ORIGINAL_ABSENT)) != 0);
        assert_false(known & ORIGINAL_IMPOSSIBLE);
    }
    if (got.verdict == VERDICT_ALTERNATE) {
        assert_true((known & KNOWN_MAPPED) != 0);
        assert_true((known & (ALTERNATE_WRITABLE | ALTERNATE_ABSENT)) != 0);
        assert_false(known & ALTERNATE_IMPOSSIBLE);
    }
    if (got.verdict == VERDICT_STAGED) {
        assert_true((known & KNOWN_LIVE) != 0);
        assert_true((known & ORIGINAL_STAGEABLE) != 0);
        assert_false(known & ORIGINAL_IMPOSSIBLE);
    }
}

static void a_look_is_never_asked_for_twice(void **state)
{
    (void)state;
    for_all(check_looks_end);
}

static void no_place_is_given_that_was_not_seen_free(void **state)
{
    (void)state;
    for_all(check_places_were_free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide_follows_the_tables),
        cmocka_unit_test(a_look_is_never_asked_for_twice),
        cmocka_unit_test(no_place_is_given_that_was_not_seen_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
