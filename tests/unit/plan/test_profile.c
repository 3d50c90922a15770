/* test_profile.c - writers with restore rules of their own (rules, section 11): what is refused,
 * what is warned of, and what is left to be done afterwards.
 *
 * Goal: each kind of row bites, and the made documents of such writers name what follows. Method:
 * plans of made documents, and of one writer given another writer's id or name. */
#include "vsr_test.h"

#include "plan/filetime.h"
#include "plan/profile.h"
#include "plan_case.h"

#define DATA VSR_SOURCE_ROOT "/tests/data/documents/"

struct made {
    const char *folder, *bcd, *catalog, *options;
    uint32_t unit;
    const char *to_do; /* a part of it; NULL: the unit has none */
};

static const struct made made[] = {
    {"dc-ntds-sysvol", "backup-components.xml",
     "volume C:\nfile C:\\Windows\\NTDS\\ntds.dit 1\nfile C:\\Windows\\NTDS\\edb.chk 1\n",
     "--volume C:=/c\n--component NTDS\n", 0, "expires at 2024-09-05 08:53:20 UTC"},
    {"dc-ntds-sysvol", "backup-components.xml",
     "volume C:\nfile C:\\Windows\\NTDS\\ntds.dit 1\nfile C:\\Windows\\NTDS\\edb.chk 1\n",
     "--volume C:=/c\n--component NTDS\n", 0, "Directory Services Restore Mode"},
    {"dc-ntds-sysvol", "backup-components.xml", "volume C:\n",
     "--volume C:=/c\n--component \"DFS Replication service writer\"\n", 0, "owns SYSVOL"},
    {"dc-ntds-sysvol", "backup-components.xml",
     "volume C:\nfile C:\\Windows\\NTDS\\ntds.dit 1\nfile C:\\Windows\\NTDS\\edb.chk 1\n",
     "--private /p\n--component NTDS\ndestination missing\n", 0, NULL},
};

static void option_words(struct planner_fixture *fixture, const char *options)
{
    char plain[512];
    size_t n = 0;
    for (const char *p = options; *p != '\0' && n + 1 < sizeof plain; p++) {
        if (*p != '"') {
            plain[n++] = *p;
        }
    }
    plain[n] = '\0';
    planner_fixture_options(fixture, plain);
}

static void made_documents_name_what_follows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        const struct made *m = &made[i];
        char folder[1024];
        struct planner_fixture fixture = {0};
        vsr_error error = {0};
        (void)snprintf(folder, sizeof folder, DATA "%s", m->folder);
        planner_fixture_documents_folder(&fixture, folder, m->bcd);
        planner_fixture_catalog(&fixture, m->catalog);
        option_words(&fixture, m->options);
        struct plan *plan = planner_fixture_plan(&fixture, &error);
        if (plan == NULL) {
            fail_msg("%s: %s", m->folder, error.what);
        }
        bool found = false;
        for (uint32_t k = 0; k < plan->to_do_count; k++) {
            const struct view text = plan_text(plan, plan->to_dos[k].text);
            found |= plan->to_dos[k].unit == m->unit && m->to_do != NULL &&
                     memmem(text.p, text.n, m->to_do, strlen(m->to_do)) != NULL;
        }
        if (m->to_do == NULL ? plan->to_do_count > 0 : !found) {
            fail_msg("case %zu, %s: %u actions, none says '%s'", i, m->folder, plan->to_do_count,
                     m->to_do != NULL ? m->to_do : "nothing");
        }
        plan_free(plan);
        planner_fixture_fini(&fixture);
    }
}

/* Of --file: who has none of the chosen files is left out. */
static void what_was_not_chosen_wants_nothing(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    vsr_error error = {0};
    planner_fixture_documents_folder(&fixture, DATA "dc-ntds-sysvol", "backup-components.xml");
    planner_fixture_catalog(&fixture, "volume C:\nfile C:\\Windows\\NTDS\\ntds.dit 1\n"
                                      "file C:\\Windows\\SYSVOL\\domain\\a 1\n");
    option_words(&fixture, "--volume C:=/c\n--component NTDS\n"
                           "--component \"DFS Replication service writer\"\n"
                           "--file C:\\Windows\\SYSVOL\\domain\\a\n");
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    if (plan == NULL) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(plan->unit_count, 2);
    assert_int_not_equal(plan->to_do_count, 0);
    for (uint32_t i = 0; i < plan->to_do_count; i++) {
        assert_int_not_equal(plan->units[plan->to_dos[i].unit].file_count, 0);
    }
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

/* A case whose writer has another class id or name. */
static struct plan *plan_as(struct planner_fixture *fixture, const struct plan_case *c,
                            const char *id, const char *name)
{
    vsr_error error = {0};
    plan_case_load(fixture, c);
    struct wmd *wmd = &fixture->documents.wmds[0];
    if (id != NULL) {
        assert_true(uuid_parse(view_of(id), &wmd->writer_id));
    }
    if (name != NULL) {
        wmd->friendly_name = view_of(name);
    }
    struct plan *plan = planner_fixture_plan(fixture, &error);
    if (plan == NULL) {
        fail_msg("%s", error.what);
    }
    return plan;
}

#define CATALOG "volume C:\nfile C:\\D\\a 1\nfree C:\\S\\x 1\n"
#define OWN     PLAN_C(PLAN_LIST("C:\\D", "*", "no"))

static bool warns(const struct plan *plan, const char *piece)
{
    for (uint32_t i = 0; i < plan->warning_count; i++) {
        const struct view text = plan_text(plan, plan->warnings[i]);
        if (memmem(text.p, text.n, piece, strlen(piece)) != NULL) {
            return true;
        }
    }
    return false;
}

static void frs_is_told_how(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    const struct plan_case c = {.method = "CUSTOM", .locations = OWN, .catalog = CATALOG};
    struct plan *plan = plan_as(&fixture, &c, "d76f5a28-3092-4589-ba48-2958fb88ce29", NULL);
    assert_int_equal(plan->units[0].refusal, REFUSAL_METHOD_CUSTOM);
    assert_int_equal(plan->units[0].verdict, VERDICT_CUSTOM);
    const struct view detail = plan_text(plan, plan->units[0].detail);
    assert_non_null(memmem(detail.p, detail.n, "BurFlags", 8));
    assert_int_equal(plan->to_do_count, 1); /* by hand, too */
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

static void sql_and_wfp_must_declare_their_methods(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name, *method;
        bool warned;
    } rows[] = {
        {"a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", NULL, "RESTORE_IF_CAN_BE_REPLACED", false},
        {"a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", NULL, "RESTORE_IF_NOT_THERE", true},
        {NULL, "wfp", "RESTORE_AT_REBOOT", false},
        {NULL, "WFP", "RESTORE_IF_CAN_BE_REPLACED", true},
        {NULL, "another", "RESTORE_IF_CAN_BE_REPLACED", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct planner_fixture fixture = {0};
        const struct plan_case c = {.method = rows[i].method, .locations = OWN, .catalog = CATALOG};
        struct plan *plan = plan_as(&fixture, &c, rows[i].id, rows[i].name);
        assert_int_equal(plan->units[0].refusal, REFUSAL_NONE);
        assert_int_equal(warns(plan, "the writer's error"), rows[i].warned);
        plan_free(plan);
        planner_fixture_fini(&fixture);
    }
}

/* The registry is never laid under a system that runs from it; privately it may be copied. */
static void a_live_tree_gets_no_registry(void **state)
{
    (void)state;
    static const struct {
        const char *id, *options;
        enum refusal refusal;
    } rows[] = {
        {"afbab4a2-367d-4d15-a586-71dbb18f8485", "--volume C:=/c\n--tree live\n",
         REFUSAL_METHOD_CUSTOM},
        {"afbab4a2-367d-4d15-a586-71dbb18f8485", "--volume C:=/c\n", REFUSAL_NONE},
        {"afbab4a2-367d-4d15-a586-71dbb18f8485", "--private /p\n--tree live\ndestination missing\n",
         REFUSAL_NONE},
        {"a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", "--volume C:=/c\n--tree live\n", REFUSAL_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct planner_fixture fixture = {0};
        const struct plan_case c = {.method = "RESTORE_IF_CAN_BE_REPLACED",
                                    .locations = OWN,
                                    .catalog = CATALOG,
                                    .options = rows[i].options};
        struct plan *plan = plan_as(&fixture, &c, rows[i].id, NULL);
        assert_int_equal(plan->units[0].refusal, rows[i].refusal);
        plan_free(plan);
        planner_fixture_fini(&fixture);
    }
}

/* BITS: what it excludes must not come back; another writer's excludes are its own. */
static void excludes_hold_for_files_of_no_component(void **state)
{
    (void)state;
    static const char *const ids[] = {"4969d978-be47-48b0-b100-f328f07ac1e0", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct planner_fixture fixture = {0};
        const struct plan_case c = {.method = "RESTORE_IF_CAN_BE_REPLACED",
                                    .locations = OWN PLAN_EXCLUDE("C:\\S", "*", "yes"),
                                    .catalog = CATALOG,
                                    .options = "--volume C:=/c\n--unprotected\n"};
        struct plan *plan = plan_as(&fixture, &c, ids[i], NULL);
        assert_int_equal(plan->unit_count, 2);
        assert_int_equal(plan->units[1].file_count, i == 0 ? 0 : 2); /* C:\S and x */
        plan_free(plan);
        planner_fixture_fini(&fixture);
    }
}

static void expiry_is_read_in_one_layout_only(void **state)
{
    (void)state;
    char text[FILETIME_TEXT_BYTES];
    assert_true(filetime_of_metadata(VIEW("CAAAAABAeA5x/9oB"), text));
    assert_string_equal(text, "2024-09-05 08:53:20 UTC");
    assert_false(filetime_of_metadata(VIEW_NONE, text));
    assert_false(filetime_of_metadata(VIEW(""), text));
    assert_false(filetime_of_metadata(VIEW("CAAAAABAeA5x/9o"), text));
    assert_false(filetime_of_metadata(VIEW("CAAAAABAeA5x/9o="), text));
    assert_false(filetime_of_metadata(VIEW("CQAAAABAeA5x/9oB"), text)); /* another length */
    assert_false(filetime_of_metadata(VIEW("CAAAAAAAAAAAAAAA"), text)); /* 1601 */
    assert_false(filetime_of_metadata(VIEW("CAAAAP//////////"), text)); /* past 9999 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_documents_name_what_follows),
        cmocka_unit_test(what_was_not_chosen_wants_nothing),
        cmocka_unit_test(frs_is_told_how),
        cmocka_unit_test(sql_and_wfp_must_declare_their_methods),
        cmocka_unit_test(a_live_tree_gets_no_registry),
        cmocka_unit_test(excludes_hold_for_files_of_no_component),
        cmocka_unit_test(expiry_is_read_in_one_layout_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
