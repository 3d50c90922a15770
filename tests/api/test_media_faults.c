/* test_media_faults.c - functions that do not what they should.
 *
 * Goal: nothing that a front end's function returns is believed, and what it does wrong is told as
 * what it is. Method: one fault at a time, in both modes of threads, through the public headers. */
#include "media_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How often did a thread of the library sleep? Pauses are played by a wrapped clock_nanosleep(). */
static atomic_uint pauses;
int __real_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                           struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                           struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                           struct timespec *left)
{
    (void)atomic_fetch_add(&pauses, 1);
    return __real_clock_nanosleep(clock, flags, time, left);
}

static void short_reads_go_on(void **state)
{
    struct world *w = *state;
    world_restore_folder(w);
    w->store.trouble = TROUBLE_SHORT;
    for (unsigned flags = 0; flags <= VSR_MEDIA_ANY_THREAD; flags++) {
        const char *to = flags == 0 ? "here" : "there";
        vsr_set *set = world_set(w, flags);
        assert_int_equal(world_restore_whole(w, set, to).exit_code, 0);
        vsr_set_close(set);
        assert_same_trees(w, "folder", to);
    }
}

static void verify_both(struct world *w, vsr_code expected, uint64_t findings)
{
    for (unsigned flags = 0; flags <= VSR_MEDIA_ANY_THREAD; flags++) {
        const vsr_media media = world_media(w, flags);
        vsr_verify_totals totals = {0};
        vsr_error error = {0};
        assert_int_equal(vsr_set_verify_media(&media, 3, NULL, NULL, &totals, &error), expected);
        assert_true(totals.findings >= findings && (findings > 0 || totals.findings == 0));
        assert_true(totals.frames > 10);
        if (flags == 0) {
            assert_int_equal(atomic_load(&w->store.elsewhere), 0);
        }
    }
}

static void every_byte_is_verified(void **state)
{
    struct world *w = *state;
    verify_both(w, VSR_OK, 0);
    atomic_store(&w->store.elsewhere, 0);
    w->store.trouble = TROUBLE_WRONG_BYTES;
    verify_both(w, VSR_ERR_MEDIA, 1);
    atomic_store(&w->store.elsewhere, 0);
    w->store.trouble = TROUBLE_ERRNO;
    verify_both(w, VSR_ERR_MEDIA_UNREADABLE, 1);
    atomic_store(&w->store.elsewhere, 0);
    w->store.trouble = TROUBLE_INDEX_WRONG;
    verify_both(w, VSR_ERR_MEDIA, 1);
}

/* --- what should not be --- */

static void packs_that_cannot_be_read(void **state)
{
    static const struct {
        enum trouble trouble;
        const char *outcome;
        int exit_code;
    } cases[] = {
        {TROUBLE_STUCK, "MEDIA_MISSING", 21},       {TROUBLE_ERRNO, "MEDIA_MISSING", 21},
        {TROUBLE_MISSING, "MEDIA_MISSING", 20},     {TROUBLE_TRUNCATED, "MEDIA_CORRUPT", 20},
        {TROUBLE_WRONG_BYTES, "MEDIA_CORRUPT", 20}, {TROUBLE_TOO_MANY, "MEDIA_MISSING", 21},
        {TROUBLE_NO_NUMBER, "MEDIA_MISSING", 21},   {TROUBLE_HUGE, "MEDIA_MISSING", 21},
    };
    struct world *w = *state;
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        char to[16];
        (void)snprintf(to, sizeof to, "to%zu", i);
        w->store.trouble = cases[i / 2].trouble;
        vsr_set *set = world_set(w, i % 2 == 0 ? 0 : VSR_MEDIA_ANY_THREAD);
        const vsr_summary summary = world_restore_whole(w, set, to);
        vsr_set_close(set);
        if (summary.exit_code != cases[i / 2].exit_code) {
            fail_msg("case %zu: exit code %d", i, summary.exit_code);
        }
        assert_true(world_rows(w, to, cases[i / 2].outcome) > 0);
        assert_int_equal(summary.restored, 0);
        assert_int_equal(fixture_shell("test ! -e '%s/%s/C/db'", w->folder, to), 0);
    }
}

/* Nobody cancelled: it is a read that failed, and nobody waits for a stop that does not come. */
static void what_is_given_up_fails_at_once(void **state)
{
    struct world *w = *state;
    w->store.trouble = TROUBLE_GIVEN_UP;
    for (unsigned flags = 0; flags <= VSR_MEDIA_ANY_THREAD; flags++) {
        const char *to = flags == 0 ? "here" : "there";
        vsr_set *set = world_set(w, flags);
        atomic_store(&pauses, 0);
        assert_int_equal(world_restore_whole(w, set, to).exit_code, 21);
        assert_int_equal(atomic_load(&pauses), 0);
        vsr_set_close(set);
        assert_true(world_rows(w, to, "MEDIA_MISSING") > 0);
        assert_int_equal(world_rows(w, to, "CANCELLED"), 0);
    }
}

/* What is readable of damaged files is kept, read by the same functions. */
static void what_is_readable_is_salvaged(void **state)
{
    struct world *w = *state;
    char root[128], run_dir[128];
    vsr_error error = {0};
    vsr_report *report = NULL;
    vsr_set *set = world_set(w, 0);
    (void)snprintf(root, sizeof root, "%s/to", w->folder);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run-to", w->folder);
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    const vsr_restore_options options = {.size = sizeof options,
                                         .run_dir = run_dir,
                                         .durability = VSR_DURABILITY_NONE,
                                         .pending_registry = "",
                                         .salvage = 1};
    w->store.trouble = TROUBLE_WRONG_BYTES;
    assert_int_equal(vsr_restore_set(&report, set, &choices, &options, &error), VSR_OK);
    assert_int_equal(world_exit_code(report), 20);
    vsr_report_free(report);
    vsr_set_close(set);
    assert_int_equal(atomic_load(&w->store.elsewhere), 0);
    assert_int_equal(fixture_shell("find '%s' -name '*.salvaged.json' | grep -q .", root), 0);
}

/* Nothing is written: all that is planned is read and verified. */
static void the_null_sink_reads_by_functions(void **state)
{
    struct world *w = *state;
    for (unsigned flags = 0; flags <= VSR_MEDIA_ANY_THREAD; flags++) {
        static struct gathered text;
        char run_dir[128];
        vsr_error error = {0};
        vsr_report *report = NULL;
        vsr_set *set = world_set(w, flags);
        (void)snprintf(run_dir, sizeof run_dir, "%s/run-%u", w->folder, flags);
        const vsr_choices choices = {.size = sizeof choices, .root = w->folder};
        const vsr_restore_options options = {.size = sizeof options,
                                             .run_dir = run_dir,
                                             .workers = 2,
                                             .discard = 1};
        assert_int_equal(vsr_restore_set(&report, set, &choices, &options, &error), VSR_OK);
        text.n = 0;
        assert_int_equal(vsr_report_render(report, VSR_FORMAT_JSON, gather, &text, &error), VSR_OK);
        assert_null(strstr(text.text, "\"verified\":{\"files\":0"));
        assert_non_null(strstr(text.text, "\"verified\":{\"files\":"));
        assert_int_equal(world_exit_code(report), 3);
        vsr_report_free(report);
        vsr_set_close(set);
    }
}

static void sets_that_cannot_be_opened(void **state)
{
    static const struct {
        enum trouble trouble;
        vsr_code code;
        const char *words;
    } cases[] = {
        {TROUBLE_INDEX_LONGER, VSR_ERR_MEDIA, "set.json says"},
        {TROUBLE_INDEX_WRONG, VSR_ERR_MEDIA, "index.bin is damaged"},
        {TROUBLE_INDEX_SHORT, VSR_ERR_MEDIA, "it ends at byte"},
        {TROUBLE_SIZE_POSITIVE, VSR_ERR_MEDIA_UNREADABLE, "set.json"},
        {TROUBLE_NO_JSON, VSR_ERR_SELECTION, "the store is no backup set"},
    };
    struct world *w = *state;
    const vsr_media media = world_media(w, 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        vsr_set *set = NULL;
        vsr_error error = {0};
        w->store.trouble = cases[i].trouble;
        const vsr_code rc = vsr_set_open_media(&set, &media, &error);
        if (rc != cases[i].code || strstr(error.what, cases[i].words) == NULL) {
            fail_msg("case %zu: %d: %s", i, rc, error.what);
        }
        assert_null(set);
    }
}

static void what_is_no_table_is_usage(void **state)
{
    struct world *w = *state;
    vsr_media cases[] = {world_media(w, 0), world_media(w, 2), world_media(w, 0),
                         world_media(w, 0)};
    cases[0].read_at = NULL;
    cases[2].size_of = NULL;
    cases[3].size = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        vsr_set *set = NULL;
        vsr_error error = {0};
        vsr_verify_totals totals = {.files = 1};
        assert_int_equal(vsr_set_open_media(&set, &cases[i], &error), VSR_ERR_USAGE);
        assert_int_equal(vsr_set_verify_media(&cases[i], 1, NULL, NULL, &totals, NULL),
                         VSR_ERR_USAGE);
        assert_int_equal(totals.files, 0);
        assert_null(set);
    }
    assert_int_equal(atomic_load(&w->store.reads), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(short_reads_go_on, world_open, world_close),
        cmocka_unit_test_setup_teardown(every_byte_is_verified, world_open, world_close),
        cmocka_unit_test_setup_teardown(packs_that_cannot_be_read, world_open, world_close),
        cmocka_unit_test_setup_teardown(what_is_given_up_fails_at_once, world_open, world_close),
        cmocka_unit_test_setup_teardown(what_is_readable_is_salvaged, world_open, world_close),
        cmocka_unit_test_setup_teardown(the_null_sink_reads_by_functions, world_open, world_close),
        cmocka_unit_test_setup_teardown(sets_that_cannot_be_opened, world_open, world_close),
        cmocka_unit_test_setup_teardown(what_is_no_table_is_usage, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
