/* terms.c - the values of VSS documents, one row for each spelling.
 *
 * Several spellings may stand for one value; the first row of a value is what we write and
 * print. Pure tables and their lookup; names of elements and attributes are in words.c. */
#include "vss/terms.h"

/* Where a spelling was seen: a real document, XML that Microsoft publishes, or nowhere yet. */
enum evidence { REAL, PUBLISHED, PROPOSED };

struct term {
    const char *text;
    int value;
    enum evidence evidence;
};

/* Rules 10.1; document-xml.md, 3. The real spellings differ from their enumerators. */
static const struct term methods[] = {
    {"UNDEFINED", METHOD_UNDEFINED, PROPOSED},
    {"RESTORE_IF_NOT_THERE", METHOD_RESTORE_IF_NOT_THERE, PROPOSED},
    {"RESTORE_IF_CAN_BE_REPLACED", METHOD_RESTORE_IF_CAN_REPLACE, REAL},
    {"RESTORE_IF_CAN_REPLACE", METHOD_RESTORE_IF_CAN_REPLACE, PUBLISHED},
    {"STOP_RESTORE_START", METHOD_STOP_RESTORE_START, PROPOSED},
    {"RESTORE_TO_ALTERNATE_LOCATION", METHOD_RESTORE_TO_ALTERNATE_LOCATION, PROPOSED},
    {"REPLACE_AT_REBOOT", METHOD_RESTORE_AT_REBOOT, REAL},
    {"RESTORE_AT_REBOOT", METHOD_RESTORE_AT_REBOOT, PROPOSED},
    {"REPLACE_AT_REBOOT_IF_CANNOT_REPLACE", METHOD_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE, REAL},
    {"RESTORE_AT_REBOOT_IF_CANNOT_REPLACE", METHOD_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE, PROPOSED},
    {"CUSTOM", METHOD_CUSTOM, PROPOSED},
    {"RESTORE_STOP_START", METHOD_RESTORE_STOP_START, PROPOSED},
};

static const struct term writer_restores[] = {
    /* rules 10.2 */
    {"undefined", WRITER_RESTORE_UNDEFINED, PROPOSED},
    {"never", WRITER_RESTORE_NEVER, REAL},
    {"ifReplaceFails", WRITER_RESTORE_IF_REPLACE_FAILS, PROPOSED},
    {"always", WRITER_RESTORE_ALWAYS, REAL},
};

static const struct term targets[] = {
    /* rules 10.3 */
    {"undefined", TARGET_UNDEFINED, PROPOSED},
    {"original", TARGET_ORIGINAL, PROPOSED},
    {"alternate", TARGET_ALTERNATE, PROPOSED},
    {"directed", TARGET_DIRECTED, PROPOSED},
    {"original_location", TARGET_ORIGINAL_LOCATION, PROPOSED},
};

static const struct term restore_statuses[] = {
    /* rules 10.4: one page writes FAIL */
    {"undefined", RESTORE_STATUS_UNDEFINED, PROPOSED},
    {"none", RESTORE_STATUS_NONE, PROPOSED},
    {"all", RESTORE_STATUS_ALL, PROPOSED},
    {"failed", RESTORE_STATUS_FAILED, PROPOSED},
    {"fail", RESTORE_STATUS_FAILED, PROPOSED},
};

static const struct term component_types[] = {
    /* rules 10.5 */
    {"undefined", COMPONENT_UNDEFINED, PROPOSED},
    {"database", COMPONENT_DATABASE, PUBLISHED},
    {"filegroup", COMPONENT_FILEGROUP, REAL},
};

static const struct term backup_types[] = {
    /* rules 10.7 */
    {"undefined", BACKUP_UNDEFINED, PROPOSED},
    {"full", BACKUP_FULL, REAL},
    {"incremental", BACKUP_INCREMENTAL, PROPOSED},
    {"differential", BACKUP_DIFFERENTIAL, PROPOSED},
    {"log", BACKUP_LOG, PROPOSED},
    {"copy", BACKUP_COPY, PROPOSED},
    {"other", BACKUP_OTHER, PROPOSED},
};

static const struct term usages[] = {
    /* rules 10.6 */
    {"UNDEFINED", USAGE_UNDEFINED, PROPOSED},
    {"BOOTABLE_SYSTEM_STATE", USAGE_BOOTABLE_SYSTEM_STATE, REAL},
    {"SYSTEM_SERVICE", USAGE_SYSTEM_SERVICE, REAL},
    {"USER_DATA", USAGE_USER_DATA, REAL},
    {"OTHER", USAGE_OTHER, PROPOSED},
};

static const struct term flags[] = {
    /* rules 10.14 */
    {"no", FLAG_NO, REAL},
    {"yes", FLAG_YES, REAL},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum tolerance { EXACT, ANY_CASE, ANY_CASE_NO_UNDERSCORE };

static bool equal_without_underscores(struct view text, struct view word)
{
    size_t i = 0;
    for (size_t k = 0; k < text.n; k++) {
        if (text.p[k] == '_') {
            continue;
        }
        if (i == word.n ||
            !view_equal_ascii((struct view){text.p + k, 1}, (struct view){word.p + i, 1})) {
            return false;
        }
        i++;
    }
    return i == word.n;
}

static int term_parse(const struct term *terms, size_t count, enum tolerance tolerance,
                      struct view text, int unknown)
{
    if (text.n == 0) {
        return 0; /* ..._UNDEFINED of every enumeration */
    }
    for (size_t i = 0; i < count; i++) {
        const struct view word = view_of(terms[i].text);
        if (tolerance == EXACT      ? view_equal(text, word)
            : tolerance == ANY_CASE ? view_equal_ascii(text, word)
                                    : equal_without_underscores(text, word)) {
            return terms[i].value;
        }
    }
    return unknown;
}

static const char *term_text(const struct term *terms, size_t count, int value)
{
    for (size_t i = 0; i < count; i++) {
        if (terms[i].value == value) {
            return terms[i].text;
        }
    }
    return "unknown";
}

enum vss_method vss_method_parse(struct view text)
{
    return (enum vss_method)term_parse(methods, COUNT(methods), EXACT, text, METHOD_UNKNOWN);
}

enum vss_writer_restore vss_writer_restore_parse(struct view text)
{
    return (enum vss_writer_restore)term_parse(writer_restores, COUNT(writer_restores),
                                               ANY_CASE_NO_UNDERSCORE, text,
                                               WRITER_RESTORE_UNKNOWN);
}

enum vss_target vss_target_parse(struct view text)
{
    return (enum vss_target)term_parse(targets, COUNT(targets), ANY_CASE, text, TARGET_UNKNOWN);
}

enum vss_restore_status vss_restore_status_parse(struct view text)
{
    return (enum vss_restore_status)term_parse(restore_statuses, COUNT(restore_statuses), ANY_CASE,
                                               text, RESTORE_STATUS_UNDEFINED);
}

enum vss_component_type vss_component_type_parse(struct view text)
{
    return (enum vss_component_type)term_parse(component_types, COUNT(component_types), ANY_CASE,
                                               text, COMPONENT_UNKNOWN);
}

enum vss_backup_type vss_backup_type_parse(struct view text)
{
    return (enum vss_backup_type)term_parse(backup_types, COUNT(backup_types), ANY_CASE, text,
                                            BACKUP_UNKNOWN);
}

enum vss_usage vss_usage_parse(struct view text)
{
    return (enum vss_usage)term_parse(usages, COUNT(usages), EXACT, text, USAGE_UNKNOWN);
}

enum vss_flag vss_flag_parse(struct view text)
{
    if (view_present(text) && text.n == 0) {
        return FLAG_UNKNOWN; /* there, and neither of the two words */
    }
    return (enum vss_flag)term_parse(flags, COUNT(flags), EXACT, text, FLAG_UNKNOWN);
}

const char *vss_method_text(enum vss_method method)
{
    return term_text(methods, COUNT(methods), (int)method);
}

const char *vss_target_text(enum vss_target target)
{
    return term_text(targets, COUNT(targets), (int)target);
}

const char *vss_restore_status_text(enum vss_restore_status status)
{
    return term_text(restore_statuses, COUNT(restore_statuses), (int)status);
}

const char *vss_component_type_text(enum vss_component_type type)
{
    return term_text(component_types, COUNT(component_types), (int)type);
}

const char *vss_backup_type_text(enum vss_backup_type type)
{
    return term_text(backup_types, COUNT(backup_types), (int)type);
}

const char *vss_usage_text(enum vss_usage usage)
{
    return term_text(usages, COUNT(usages), (int)usage);
}

const char *vss_writer_restore_text(enum vss_writer_restore when)
{
    return term_text(writer_restores, COUNT(writer_restores), (int)when);
}

uint32_t vss_fsbt_bit(enum vss_backup_type type)
{
    switch (type) {
    case BACKUP_FULL:
    case BACKUP_COPY: /* rules 7.9 */
        return FSBT_FULL;
    case BACKUP_INCREMENTAL:
        return FSBT_INCREMENTAL;
    case BACKUP_DIFFERENTIAL:
        return FSBT_DIFFERENTIAL;
    case BACKUP_LOG:
        return FSBT_LOG;
    case BACKUP_UNDEFINED:
    case BACKUP_OTHER:
    case BACKUP_UNKNOWN:
        break;
    }
    return 0;
}

uint32_t vss_fsbt_demand(enum vss_backup_type type)
{
    return type == BACKUP_UNDEFINED || type == BACKUP_OTHER ? FSBT_FULL : vss_fsbt_bit(type);
}
