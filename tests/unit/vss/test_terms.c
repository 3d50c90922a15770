/* test_terms.c - every spelling to its value; what is no spelling is never the commonest. */
#include "vsr_test.h"

#include "vss/terms.h"
#include "vss/words.h"

static void methods_have_several_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum vss_method value;
    } rows[] = {
        {"", METHOD_UNDEFINED},
        {"UNDEFINED", METHOD_UNDEFINED},
        {"RESTORE_IF_NOT_THERE", METHOD_RESTORE_IF_NOT_THERE},
        {"RESTORE_IF_CAN_BE_REPLACED", METHOD_RESTORE_IF_CAN_REPLACE},
        {"RESTORE_IF_CAN_REPLACE", METHOD_RESTORE_IF_CAN_REPLACE},
        {"STOP_RESTORE_START", METHOD_STOP_RESTORE_START},
        {"RESTORE_STOP_START", METHOD_RESTORE_STOP_START},
        {"RESTORE_TO_ALTERNATE_LOCATION", METHOD_RESTORE_TO_ALTERNATE_LOCATION},
        {"REPLACE_AT_REBOOT", METHOD_RESTORE_AT_REBOOT},
        {"RESTORE_AT_REBOOT", METHOD_RESTORE_AT_REBOOT},
        {"REPLACE_AT_REBOOT_IF_CANNOT_REPLACE", METHOD_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE},
        {"RESTORE_AT_REBOOT_IF_CANNOT_REPLACE", METHOD_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE},
        {"CUSTOM", METHOD_CUSTOM},
        {"STOP_RESTORE_RESTART", METHOD_UNKNOWN}, /* rules 10.1: does not exist */
        {"RESTORE_IF_CAN_BE_REPLACED ", METHOD_UNKNOWN},
        {"REPLACE_AT_REBOO", METHOD_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(vss_method_parse(view_of(rows[i].text)), rows[i].value);
    }
    assert_int_equal(vss_method_parse(VIEW_NONE), METHOD_UNDEFINED);
    assert_string_equal(vss_method_text(METHOD_RESTORE_IF_CAN_REPLACE),
                        "RESTORE_IF_CAN_BE_REPLACED");
    assert_string_equal(vss_method_text(METHOD_UNKNOWN), "unknown");
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (int i = METHOD_RESTORE_IF_NOT_THERE; i < METHOD_UNKNOWN; i++) {
        const enum vss_method method = (enum vss_method)i;
        assert_int_equal(vss_method_parse(view_of(vss_method_text(method))), method);
    }
    for (int i = TARGET_ORIGINAL; i < TARGET_UNKNOWN; i++) {
        const enum vss_target target = (enum vss_target)i;
        assert_int_equal(vss_target_parse(view_of(vss_target_text(target))), target);
    }
    for (int i = RESTORE_STATUS_NONE; i <= RESTORE_STATUS_FAILED; i++) {
        const enum vss_restore_status status = (enum vss_restore_status)i;
        assert_int_equal(vss_restore_status_parse(view_of(vss_restore_status_text(status))),
                         status);
    }
    for (int i = BACKUP_FULL; i < BACKUP_UNKNOWN; i++) {
        const enum vss_backup_type type = (enum vss_backup_type)i;
        assert_int_equal(vss_backup_type_parse(view_of(vss_backup_type_text(type))), type);
    }
    for (int i = USAGE_BOOTABLE_SYSTEM_STATE; i < USAGE_UNKNOWN; i++) {
        const enum vss_usage usage = (enum vss_usage)i;
        assert_int_equal(vss_usage_parse(view_of(vss_usage_text(usage))), usage);
    }
    for (int i = WRITER_RESTORE_NEVER; i < WRITER_RESTORE_UNKNOWN; i++) {
        const enum vss_writer_restore when = (enum vss_writer_restore)i;
        assert_int_equal(vss_writer_restore_parse(view_of(vss_writer_restore_text(when))), when);
    }
}

static void letter_case_counts_where_the_page_says_so(void **state)
{
    (void)state;
    assert_int_equal(vss_writer_restore_parse(VIEW("IF_REPLACE_FAILS")),
                     WRITER_RESTORE_IF_REPLACE_FAILS);
    assert_int_equal(vss_writer_restore_parse(VIEW("Always")), WRITER_RESTORE_ALWAYS);
    assert_int_equal(vss_writer_restore_parse(VIEW("alway")), WRITER_RESTORE_UNKNOWN);
    assert_int_equal(vss_writer_restore_parse(VIEW("alwayss")), WRITER_RESTORE_UNKNOWN);
    assert_int_equal(vss_target_parse(VIEW("Original_Location")), TARGET_ORIGINAL_LOCATION);
    assert_int_equal(vss_target_parse(VIEW("originallocation")), TARGET_UNKNOWN);
    assert_int_equal(vss_restore_status_parse(VIEW("FAIL")), RESTORE_STATUS_FAILED);
    assert_int_equal(vss_component_type_parse(VIEW("filegroup")), COMPONENT_FILEGROUP);
    assert_int_equal(vss_component_type_parse(VIEW("files")), COMPONENT_UNKNOWN);
    assert_int_equal(vss_flag_parse(VIEW("yes")), FLAG_YES);
    assert_int_equal(vss_flag_parse(VIEW("no")), FLAG_NO);
    assert_int_equal(vss_flag_parse(VIEW("Yes")), FLAG_UNKNOWN);
    assert_int_equal(vss_flag_parse(VIEW("")), FLAG_UNKNOWN);
    assert_int_equal(vss_flag_parse(VIEW_NONE), FLAG_ABSENT);
}

static void backup_types_have_bits(void **state)
{
    (void)state;
    assert_int_equal(vss_fsbt_bit(BACKUP_FULL), 1);
    assert_int_equal(vss_fsbt_bit(BACKUP_COPY), 1); /* rules 7.9 */
    assert_int_equal(vss_fsbt_bit(BACKUP_DIFFERENTIAL), 2);
    assert_int_equal(vss_fsbt_bit(BACKUP_INCREMENTAL), 4);
    assert_int_equal(vss_fsbt_bit(BACKUP_LOG), 8);
    assert_int_equal(vss_fsbt_bit(BACKUP_UNKNOWN), 0);
    assert_int_equal(vss_fsbt_bit(BACKUP_OTHER), 0);
    assert_int_equal(vss_fsbt_demand(BACKUP_LOG), 8);
    assert_int_equal(vss_fsbt_demand(BACKUP_UNDEFINED), 1); /* as of a full one */
    assert_int_equal(vss_fsbt_demand(BACKUP_OTHER), 1);
    assert_int_equal(vss_fsbt_demand(BACKUP_UNKNOWN), 0);
}

static void words_are_spelled_once(void **state)
{
    (void)state;
    for (int i = 0; i < WORD_COUNT; i++) {
        assert_true(word_text((enum word)i).n > 0);
        for (int k = 0; k < i; k++) {
            assert_false(view_equal(word_text((enum word)i), word_text((enum word)k)));
        }
    }
    assert_view_equal(word_text(WORD_A_FILESPEC_BACKUP_TYPE), "filespecBackupType");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_have_several_spellings),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(letter_case_counts_where_the_page_says_so),
        cmocka_unit_test(backup_types_have_bits),
        cmocka_unit_test(words_are_spelled_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
