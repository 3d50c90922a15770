/* test_chain.c - is a list of backups a chain (rules 7.1), which component comes again (T68), do
 * stamps follow each other (7.3)?
 *
 * Each step is a line of text: type, parent and components; documents are made from it. */
#include "plan/chain.h"
#include "vsr_test.h"

#define WRITER_A "28375c35-c24d-55d7-8569-4689eb6cf5bf"
#define WRITER_B "afbab4a2-367d-4d15-a586-71dbb18f8485"

#define COMPONENT(path, name) "<COMPONENT " path "componentName=\"" name "\"/>"
#define STAMPED(name, stamp, previous)                                                             \
    "<COMPONENT componentName=\"" name "\" backupStamp=\"" stamp                                   \
    "\" previousBackupStamp=\"" previous "\"/>"
#define PART(id, schema, components)                                                               \
    "<WRITER_COMPONENTS instanceId=\"2c9de688-3207-5a73-aa43-b59bf6acda8a\" writerId=\"" id        \
    "\" backupSchema=\"" schema "\">" components "</WRITER_COMPONENTS>"

struct step {
    const char *type;
    int number, parent; /* of the sets; 0: none */
    const char *parts;  /* NULL: component "db" of writer A */
};

static struct uuid uuid_of(int number)
{
    return (struct uuid){{(uint8_t)number}};
}

static void step_add(struct chain *chain, const struct step *step)
{
    char text[4096];
    char name[32];
    struct documents documents;
    vsr_error error = {0};
    const char *parts =
        step->parts != NULL ? step->parts : PART(WRITER_A, "3", COMPONENT("", "db"));
    (void)snprintf(text, sizeof text,
                   "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "
                   "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" backupType=\"%s\" "
                   "partialFileSupport=\"yes\">%s</BACKUP_COMPONENTS>",
                   step->type, parts);
    (void)snprintf(name, sizeof name, "set%d", step->number);
    const struct document_source source = {.name = VIEW("bcd.xml"), .bytes = view_of(text)};
    if (documents_parse(&documents, &source, 1, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    const struct set_description set = {.uuid = uuid_of(step->number),
                                        .parent = uuid_of(step->parent)};
    chain_add(chain, view_of(name), &set, &documents);
    documents_free(&documents); /* the chain keeps copies */
}

static struct chain chain_of(const struct step *steps, size_t count)
{
    struct chain chain = {0};
    for (size_t i = 0; i < count; i++) {
        step_add(&chain, &steps[i]);
    }
    return chain;
}

#define CHAIN(...)                                                                                 \
    chain_of((const struct step[]){__VA_ARGS__},                                                   \
             sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

/* want NULL: an order; else a part of the message. */
static void assert_order(struct chain chain, bool continues, const char *want)
{
    vsr_error error = {0};
    const vsr_code code = chain_check_order(&chain, continues, &error);
    if (want == NULL && code != VSR_OK) {
        fail_msg("refused: %s", error.what);
    } else if (want != NULL && (code != VSR_ERR_SELECTION || strstr(error.what, want) == NULL)) {
        fail_msg("want \"%s\", got %d: %s", want, code, error.what);
    }
    chain_free(&chain);
}

static void orders_of_the_rules_are_taken(void **state)
{
    (void)state;
    assert_order(CHAIN({"full", 1, 0}), false, NULL);
    assert_order(CHAIN({"incremental", 2, 1}), false, NULL); /* alone, its parents are unknown */
    assert_order(CHAIN({"copy", 1, 0}), false, NULL);
    assert_order(CHAIN({"full", 1, 0}, {"incremental", 2, 1}, {"incremental", 3, 2}), false, NULL);
    assert_order(CHAIN({"full", 1, 0}, {"differential", 3, 1}), false, NULL);
    assert_order(CHAIN({"full", 1, 0}, {"differential", 2, 1}, {"log", 3, 2}, {"log", 4, 3}), false,
                 NULL);
    assert_order(CHAIN({"full", 1, 0}, {"incremental", 2, 1}, {"log", 3, 2}), false, NULL);
    assert_order(CHAIN({"full", 1, 0}, {"log", 2, 1}), false, NULL);
    assert_order(CHAIN({"full", 1, 0}, {"incremental", 2, 1}, {"differential", 3, 1}), false, NULL);
    assert_order(CHAIN({"full", 1, 0}, {"incremental", 2, 0}), false, NULL); /* parent not kept */
}

static void other_orders_are_refused(void **state)
{
    (void)state;
    assert_order(CHAIN({"incremental", 2, 1}, {"full", 1, 0}), false, "begins with a full");
    assert_order(CHAIN({"full", 1, 0}, {"full", 2, 0}), false, "follows no other");
    assert_order(CHAIN({"full", 1, 0}, {"copy", 2, 0}), false, "follows no other");
    assert_order(CHAIN({"copy", 1, 0}, {"incremental", 2, 1}), false, "on a copy");
    assert_order(CHAIN({"full", 1, 0}, {"log", 2, 1}, {"incremental", 3, 2}), false, "before any");
    assert_order(CHAIN({"full", 1, 0}, {"log", 2, 1}, {"differential", 3, 1}), false, "before any");
    assert_order(CHAIN({"full", 1, 0}, {"differential", 2, 1}, {"differential", 3, 1}), false,
                 "the last alone");
    assert_order(CHAIN({"full", 1, 0}, {"other", 2, 1}), false, "follows no other");
    assert_order(CHAIN({"full", 1, 0}, {"full", 1, 0}), false, "same set");
}

static void parents_must_stand_before(void **state)
{
    (void)state;
    assert_order(CHAIN({"full", 1, 0}, {"incremental", 3, 2}), false,
                 "02000000-0000-0000-0000-000000000000");
    assert_order(CHAIN({"full", 1, 0}, {"incremental", 3, 2}, {"incremental", 2, 1}), false,
                 "set3");
    /* two that add to the same: the second does not hold what the first saved */
    assert_order(CHAIN({"full", 1, 0}, {"incremental", 2, 1}, {"incremental", 3, 1}), false,
                 "not the one before it");
    assert_order(CHAIN({"full", 1, 0}, {"log", 2, 1}, {"log", 4, 3}), false, "03000000");
}

static void continued_chains_need_no_full_one(void **state)
{
    (void)state;
    assert_order(CHAIN({"incremental", 2, 1}, {"incremental", 3, 2}), true, NULL);
    assert_order(CHAIN({"log", 2, 1}, {"log", 3, 2}), true, NULL);
    assert_order(CHAIN({"incremental", 2, 1}, {"incremental", 4, 3}), true, "03000000");
    assert_order(CHAIN({"copy", 2, 1}, {"incremental", 4, 2}), true, "on a copy");
}

/* --- judged --- */

static const struct chain_component *at(const struct chain *chain, uint32_t step, uint32_t number)
{
    return chain_component_at(chain, step, 0, number);
}

static void t68_more_is_told_for_each_component(void **state)
{
    (void)state;
    struct chain chain =
        CHAIN({"full", 1, 0,
               PART(WRITER_A, "3",
                    COMPONENT("", "db") COMPONENT("", "gone")
                        COMPONENT("logicalPath=\"S\" ", "m"))},
              {"incremental", 2, 1, PART(WRITER_A, "3", COMPONENT("", "DB"))},
              {"incremental", 3, 2,
               PART(WRITER_A, "3", COMPONENT("", "db") COMPONENT("logicalPath=\"S\\m\" ", "x"))
                   PART(WRITER_B, "3", COMPONENT("", "gone"))});
    chain_judge(&chain, false);
    assert_true(at(&chain, 0, 0)->more);
    assert_false(at(&chain, 0, 1)->more); /* another writer's of that name is another */
    assert_true(at(&chain, 0, 2)->more);  /* a part of it comes again */
    assert_true(at(&chain, 1, 0)->more);
    assert_false(at(&chain, 2, 0)->more);
    assert_false(at(&chain, 2, 1)->more);
    assert_false(chain_component_at(&chain, 2, 1, 0)->more);
    assert_int_equal(chain.warning_count, 0);
    chain_free(&chain);
}

static void longer_names_are_not_below(void **state)
{
    (void)state;
    struct chain chain = CHAIN({"full", 1, 0, PART(WRITER_A, "3", COMPONENT("", "data"))},
                               {"incremental", 2, 1,
                                PART(WRITER_A, "3", COMPONENT("logicalPath=\"database\" ", "x"))});
    chain_judge(&chain, false);
    assert_false(at(&chain, 0, 0)->more);
    chain_free(&chain);
}

static void stamps_are_compared_with_the_base(void **state)
{
    (void)state;
    const struct step right[] = {
        {"full", 1, 0, PART(WRITER_A, "3", STAMPED("db", "one", ""))},
        {"incremental", 2, 1, PART(WRITER_A, "3", STAMPED("db", "two", "one"))},
        {"differential", 3, 1, PART(WRITER_A, "3", STAMPED("db", "three", "one"))},
    };
    struct chain chain = chain_of(right, COUNT_OF(right));
    chain_judge(&chain, true);
    assert_int_equal(chain.warning_count, 0);
    assert_false(view_present(at(&chain, 2, 0)->invalid));
    chain_free(&chain);

    const struct step wrong[] = {
        right[0],
        {"incremental", 2, 1,
         PART(WRITER_A, "3", STAMPED("db", "two", "zero") COMPONENT("", "unstamped"))},
    };
    chain = chain_of(wrong, COUNT_OF(wrong));
    chain_judge(&chain, false);
    assert_int_equal(chain.warning_count, 1);
    assert_non_null(strstr(chain.warnings[0].p, "'zero'"));
    assert_false(view_present(at(&chain, 1, 0)->invalid));
    chain_free(&chain);

    chain = chain_of(wrong, COUNT_OF(wrong));
    chain_judge(&chain, true);
    assert_int_equal(chain.warning_count, 0);
    assert_true(view_present(at(&chain, 0, 0)->invalid)); /* in every step */
    assert_string_equal(at(&chain, 1, 0)->rule, "7.3");
    assert_false(view_present(at(&chain, 1, 1)->invalid));
    chain_free(&chain);
}

static void exclusive_writers_do_not_mix(void **state)
{
    (void)state;
    struct chain chain =
        CHAIN({"full", 1, 0,
               PART(WRITER_A, "7", COMPONENT("", "a")) PART(WRITER_B, "3", COMPONENT("", "b"))},
              {"incremental", 2, 1,
               PART(WRITER_A, "7", COMPONENT("", "a")) PART(WRITER_B, "3", COMPONENT("", "b"))},
              {"differential", 3, 1,
               PART(WRITER_A, "7", COMPONENT("", "c")) PART(WRITER_B, "3", COMPONENT("", "b"))});
    chain_judge(&chain, false);
    for (uint32_t step = 0; step < 3; step++) {
        assert_true(view_present(chain_component_at(&chain, step, 0, 0)->invalid));
        assert_string_equal(chain_component_at(&chain, step, 0, 0)->rule, "7.1");
        assert_false(view_present(chain_component_at(&chain, step, 1, 0)->invalid));
    }
    chain_free(&chain);
    chain = CHAIN({"full", 1, 0, PART(WRITER_A, "7", COMPONENT("", "a"))},
                  {"incremental", 2, 1, PART(WRITER_A, "7", COMPONENT("", "a"))},
                  {"log", 3, 2, PART(WRITER_A, "7", COMPONENT("", "a"))});
    chain_judge(&chain, false);
    assert_false(view_present(at(&chain, 0, 0)->invalid));
    chain_free(&chain);
}

static void parents_are_checked_when_packing(void **state)
{
    (void)state;
    static const struct {
        const char *parent, *child, *parts, *want;
    } cases[] = {
        {"full", "incremental", NULL, NULL},
        {"incremental", "incremental", NULL, NULL},
        {"full", "differential", NULL, NULL},
        {"log", "log", NULL, NULL},
        {"differential", "log", NULL, NULL},
        {"incremental", "differential", NULL, "adds nothing"},
        {"full", "full", NULL, "adds nothing"},
        {"full", "copy", NULL, "adds nothing"},
        {"copy", "incremental", NULL, "adds nothing"},
        {"full", "incremental", PART(WRITER_B, "3", COMPONENT("", "db")), NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        vsr_error error = {0};
        struct chain chain = CHAIN({cases[i].parent, 1, 0}, {cases[i].child, 2, 1, cases[i].parts});
        const vsr_code code = chain_check_parent(&chain.steps[0], &chain.steps[1], &error);
        if (cases[i].want == NULL
                ? code != VSR_OK
                : code != VSR_ERR_SELECTION || strstr(error.what, cases[i].want) == NULL) {
            fail_msg("%s on %s: %d %s", cases[i].child, cases[i].parent, code, error.what);
        }
        assert_int_equal(chain_shares_writer(&chain.steps[0], &chain.steps[1]),
                         cases[i].parts == NULL);
        chain_free(&chain);
    }
}

/* Input from outside must not cost its square. */
static void deep_paths_are_bounded(void **state)
{
    (void)state;
    enum { ELEMENTS = 1200 };
    static char path[2 * ELEMENTS + 1];
    static char parts[4000];
    for (size_t i = 0; i < ELEMENTS; i++) {
        memcpy(path + 2 * i, "a\\", 3);
    }
    (void)snprintf(parts, sizeof parts,
                   PART(WRITER_A, "3", "<COMPONENT logicalPath=\"%s\" componentName=\"x\"/>"),
                   path);
    struct chain chain = CHAIN({"full", 1, 0, parts}, {"incremental", 2, 1, parts});
    chain_judge(&chain, false);
    assert_true(chain.key_count <= LOGICAL_PATH_DEPTH_MAX + 1);
    assert_true(at(&chain, 0, 0)->more);
    assert_false(at(&chain, 1, 0)->more);
    chain_free(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_of_the_rules_are_taken),
        cmocka_unit_test(other_orders_are_refused),
        cmocka_unit_test(parents_must_stand_before),
        cmocka_unit_test(continued_chains_need_no_full_one),
        cmocka_unit_test(t68_more_is_told_for_each_component),
        cmocka_unit_test(longer_names_are_not_below),
        cmocka_unit_test(stamps_are_compared_with_the_base),
        cmocka_unit_test(exclusive_writers_do_not_mix),
        cmocka_unit_test(parents_are_checked_when_packing),
        cmocka_unit_test(deep_paths_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
