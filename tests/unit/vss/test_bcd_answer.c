/* test_bcd_answer.c - what a writer may change in its document, and nothing else (rules 2.5).
 *
 * A document is sent, a changed one comes back; what counts and what is dropped is compared with
 * a table. The sent one has two writers; the first answers. */
#include "document_fixture.h"

#include "vss/bcd_answer.h"

#define YES   " selectedForRestore='yes'"
#define ONE   "<COMPONENT componentName='one' componentType='filegroup'" YES
#define TWO   "<COMPONENT logicalPath='lp' componentName='two' componentType='filegroup'"
#define OTHER "<COMPONENT componentName='one' componentType='filegroup'" YES "/>"
#define SENT                                                                                       \
    BCD(PART(X, I1, ONE "><BACKUP_METADATA xmlns='' metadata='m'/></COMPONENT>" TWO "/>")          \
            PART(Y, I2, OTHER))
#define DIRECTED                                                                                   \
    "<DIRECTED_TARGET sourcePath='a' sourceFilename='b' sourceRangeList='0:1' "                    \
    "destinationPath='c' destinationFilename='d' destinationRangeList='2:1'/>"
#define META "<BACKUP_METADATA metadata=\"m\" xmlns=\"\" ></BACKUP_METADATA>"

/* The answer of the first writer: its first component with other attributes and children. */
#define ANSWER(attributes, children)                                                               \
    BCD(PART(X, I1, ONE attributes ">" children "</COMPONENT>" TWO "/>") PART(Y, I2, OTHER))

/* What counts, in short: "0 target=.. message=.. metadata=.. directed=a>c ". */
static void changes_text(const struct bcd_answer *answer, struct buffer *out)
{
    for (uint32_t i = 0; i < answer->change_count; i++) {
        const struct bcd_change *change = &answer->changes[i];
        buffer_printf(out, "%u", change->component);
        if (view_present(change->target)) {
            buffer_printf(out, " target=%.*s", VIEW_ARG(change->target));
        }
        if (view_present(change->message)) {
            buffer_printf(out, " message=%.*s", VIEW_ARG(change->message));
        }
        if (view_present(change->restore_metadata)) {
            buffer_printf(out, " metadata=%.*s", VIEW_ARG(change->restore_metadata));
        }
        for (uint32_t k = 0; k < change->directed_count; k++) {
            buffer_printf(out, " directed=%.*s>%.*s", VIEW_ARG(change->directed[k].source_path),
                          VIEW_ARG(change->directed[k].destination_ranges));
        }
    }
    buffer_add_char(out, '\0');
}

static const struct row {
    enum bcd_phase phase;
    const char *answer;
    const char *changes;
    uint32_t dropped_count;
    const char *dropped; /* a part of the first sentence, or NULL */
} rows[] = {
    {BCD_PHASE_PRE_RESTORE, SENT, "", 0, NULL},
    {BCD_PHASE_PRE_RESTORE, ANSWER("", META), "", 0, NULL},
    {BCD_PHASE_PRE_RESTORE, ANSWER(" restoreTarget='alternate'", META), "0 target=alternate", 0,
     NULL},
    {BCD_PHASE_PRE_RESTORE, ANSWER(" restoreTarget='elsewhere'", META), "0 target=elsewhere", 0,
     NULL},
    {BCD_PHASE_PRE_RESTORE, ANSWER(" preRestoreFailureMsg='no'", META DIRECTED DIRECTED),
     "0 message=no directed=a>2:1 directed=a>2:1", 0, NULL},
    {BCD_PHASE_PRE_RESTORE, ANSWER("", DIRECTED META), "0 directed=a>2:1", 0, NULL},
    {BCD_PHASE_PRE_RESTORE, ANSWER("", META "<RESTORE_METADATA metadata='x'/>"), "0 metadata=x", 0,
     NULL},
    {BCD_PHASE_PRE_RESTORE, /* T67 */
     ANSWER("", META "<RESTORE_METADATA metadata='x'/><RESTORE_METADATA metadata='y'/>"),
     "0 metadata=x", 1, "a second <RESTORE_METADATA> is refused"},
    {BCD_PHASE_PRE_RESTORE, /* T64 */
     BCD(PART(X, I1,
              "<COMPONENT componentName='one' componentType='filegroup' "
              "selectedForRestore='no'>" META "</COMPONENT>" TWO "/>") PART(Y, I2, OTHER)),
     "", 1, "selectedForRestore of <COMPONENT> 'one' was changed"},
    {BCD_PHASE_PRE_RESTORE,
     BCD(PART(X, I1,
              "<COMPONENT componentName='one' componentType='filegroup'>" META "</COMPONENT>" TWO
              "/>") PART(Y, I2, OTHER)),
     "", 1, "selectedForRestore of <COMPONENT> 'one' was taken away"},
    {BCD_PHASE_PRE_RESTORE, ANSWER(" fileRestoreStatus='all'", META), "", 1,
     "fileRestoreStatus of <COMPONENT> 'one' was added"},
    {BCD_PHASE_PRE_RESTORE, ANSWER("", "<BACKUP_METADATA xmlns='' metadata='n'/>"), "", 2,
     "<BACKUP_METADATA> in <COMPONENT> 'one' was changed or taken away"},
    {BCD_PHASE_PRE_RESTORE, ANSWER("", "<BACKUP_METADATA xmlns='' metadata='m' more='1'/>"), "", 2,
     "<BACKUP_METADATA> in <COMPONENT> 'one' was changed or taken away"},
    {BCD_PHASE_PRE_RESTORE,
     ANSWER("", "<BACKUP_METADATA xmlns='' metadata='m'><X/></BACKUP_METADATA>"), "", 2,
     "<BACKUP_METADATA> in <COMPONENT> 'one' was changed or taken away"},
    {BCD_PHASE_PRE_RESTORE,
     ANSWER("", META "<NEW_TARGET path='p' filespec='f' recursive='no' alternatePath='a'/>"), "", 1,
     "<NEW_TARGET> in <COMPONENT> 'one' was added"},
    {BCD_PHASE_PRE_RESTORE, /* not one that is restored */
     BCD(PART(X, I1, ONE ">" META "</COMPONENT>" TWO " restoreTarget='alternate'/>")
             PART(Y, I2, OTHER)),
     "", 1, "restoreTarget of <COMPONENT> 'lp\\two' was added"},
    {BCD_PHASE_PRE_RESTORE, /* another writer's */
     BCD(PART(X, I1, ONE ">" META "</COMPONENT>" TWO "/>")
             PART(Y, I2,
                  "<COMPONENT componentName='one' componentType='filegroup'" YES
                  " restoreTarget='alternate'/>")),
     "", 1, "restoreTarget of <COMPONENT> 'one' was added"},
    {BCD_PHASE_PRE_RESTORE, /* in another order, one more, and something on the root */
     "<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata' x='1' "
     "bootableSystemStateBackup='no' selectComponents='yes' backupType='full' version='1.2' "
     "partialFileSupport='no' snapshotSetId='33333333-3333-3333-3333-333333333333'>" PART(Y, I2,
                                                                                          OTHER)
         PART(X, I1, TWO "/>" ONE ">" META "</COMPONENT>" CO("three")) "</BACKUP_COMPONENTS>",
     "", 2, "x of <BACKUP_COMPONENTS> was added"},
    {BCD_PHASE_POST_RESTORE, ANSWER(" restoreTarget='alternate' postRestoreFailureMsg='no'", META),
     "0 message=no", 1, "restoreTarget of <COMPONENT> 'one' was added"},
    {BCD_PHASE_POST_RESTORE, ANSWER(" preRestoreFailureMsg='no'", META DIRECTED), "", 2, NULL},
};

static void only_what_a_writer_may_write_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        struct bcd_answer answer;
        struct buffer text = {0};
        vsr_error error = {0};
        if (bcd_answer_read(&answer, &arena, VIEW(SENT), view_of(rows[i].answer), 0, rows[i].phase,
                            &error) != VSR_OK) {
            fail_msg("row %zu: %s", i, error.what);
        }
        changes_text(&answer, &text);
        if (answer.dropped.count != rows[i].dropped_count) {
            fail_msg("row %zu: %u dropped, the first: %s", i, answer.dropped.count,
                     answer.dropped.count > 0 ? answer.dropped.items[0].p : "");
        }
        if (rows[i].dropped != NULL && strstr(answer.dropped.items[0].p, rows[i].dropped) == NULL) {
            fail_msg("row %zu: dropped: %s", i, answer.dropped.items[0].p);
        }
        assert_string_equal(text.p, rows[i].changes);
        buffer_free(&text);
        arena_free(&arena);
    }
}

/* The writer then failed, and nothing of its answer counts. */
static void an_answer_that_cannot_be_used_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *why;
    } bad[] = {
        {"", "document"},
        {"<html/>", "html"},
        {"<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata'>", "document"},
        {BCD(PART(X, I1, ONE ">" META "</COMPONENT>") PART(Y, I2, OTHER)),
         "it lost <COMPONENT> 'lp\\two'"},
        {BCD(PART(X, I1, ONE ">" META "</COMPONENT>" TWO "/>")), "it lost <WRITER_COMPONENTS>"},
        {ANSWER("", META "<DIRECTED_TARGET sourcePath='a'/>"), "without sourceFilename"},
        {ANSWER("", META "<DIRECTED_TARGET sourcePath='a' sourceFilename='b' sourceRangeList='0:1' "
                         "destinationPath='c' destinationFilename='d' "
                         "destinationRangeList='2:1' more='1'/>"),
         "<DIRECTED_TARGET> with more than is known"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct arena arena = {0};
        struct bcd_answer answer;
        vsr_error error = {0};
        assert_int_equal(bcd_answer_read(&answer, &arena, VIEW(SENT), view_of(bad[i].answer), 0,
                                         BCD_PHASE_PRE_RESTORE, &error),
                         VSR_ERR_DOCUMENT);
        if (strstr(error.what, bad[i].why) == NULL) {
            fail_msg("row %zu: %s", i, error.what);
        }
        arena_free(&arena);
    }
}

/* What no version of the format knows is not the writer's, and does not hide what is. */
static void unknown_elements_come_back_as_they_went(void **state)
{
    (void)state;
    static const char sent[] = BCD(PART(X, I1, "<NOTE a='1'/>" ONE "/>"));
    static const char changed[] = BCD(PART(X, I1, "<NOTE a='1'/>" ONE " restoreTarget='new'/>"));
    struct arena arena = {0};
    struct bcd_answer answer;
    assert_int_equal(bcd_answer_read(&answer, &arena, VIEW(sent), VIEW(changed), 0,
                                     BCD_PHASE_PRE_RESTORE, NULL),
                     VSR_OK);
    assert_int_equal(answer.dropped.count, 0);
    assert_int_equal(answer.change_count, 1);
    assert_view_equal(answer.changes[0].target, "new");
    arena_free(&arena);
}

/* A document that already has restore metadata keeps it: "already exists" (T67). */
static void metadata_is_written_once(void **state)
{
    (void)state;
    static const char sent[] =
        BCD(PART(X, I1, ONE "><RESTORE_METADATA metadata='old'/></COMPONENT>"));
    static const char changed[] =
        BCD(PART(X, I1, ONE "><RESTORE_METADATA metadata='new'/></COMPONENT>"));
    struct arena arena = {0};
    struct bcd_answer answer;
    assert_int_equal(bcd_answer_read(&answer, &arena, VIEW(sent), VIEW(changed), 0,
                                     BCD_PHASE_PRE_RESTORE, NULL),
                     VSR_OK);
    assert_int_equal(answer.dropped.count, 2);
    assert_true(answer.change_count == 0 || !view_present(answer.changes[0].restore_metadata));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_a_writer_may_write_counts),
        cmocka_unit_test(an_answer_that_cannot_be_used_is_refused),
        cmocka_unit_test(unknown_elements_come_back_as_they_went),
        cmocka_unit_test(metadata_is_written_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
