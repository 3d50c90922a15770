/* terms.h - the vocabulary of VSS documents: every enumerator with its spellings.
 *
 * Numbers are those of Microsoft's headers (rules, section 10). Spellings are kept in one
 * table (terms.c) with the mark of their evidence: real, published, proposed. A word that the
 * table does not know is never taken for the commonest one: it parses to ..._UNKNOWN, its text
 * is kept, and what depends on it stops. */
#ifndef VSS_TERMS_H
#define VSS_TERMS_H

#include "base/view.h"

enum vss_method {                       /* rules 10.1 */
                  METHOD_UNDEFINED = 0, /* also: no RESTORE_METHOD at all */
                  METHOD_RESTORE_IF_NOT_THERE = 1,
                  METHOD_RESTORE_IF_CAN_REPLACE = 2,
                  METHOD_STOP_RESTORE_START = 3,
                  METHOD_RESTORE_TO_ALTERNATE_LOCATION = 4,
                  METHOD_RESTORE_AT_REBOOT = 5,
                  METHOD_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE = 6,
                  METHOD_CUSTOM = 7,
                  METHOD_RESTORE_STOP_START = 8,
                  METHOD_UNKNOWN = 9, /* a word that is not in the table */
                  METHOD_COUNT
};

enum vss_writer_restore { /* rules 10.2 */
                          WRITER_RESTORE_UNDEFINED = 0,
                          WRITER_RESTORE_NEVER = 1,
                          WRITER_RESTORE_IF_REPLACE_FAILS = 2,
                          WRITER_RESTORE_ALWAYS = 3,
                          WRITER_RESTORE_UNKNOWN = 4
};

enum vss_target { /* rules 10.3; an absent attribute is ORIGINAL, not UNDEFINED (6.7) */
                  TARGET_UNDEFINED = 0,
                  TARGET_ORIGINAL = 1,
                  TARGET_ALTERNATE = 2,
                  TARGET_DIRECTED = 3,
                  TARGET_ORIGINAL_LOCATION = 4,
                  TARGET_UNKNOWN = 5,
                  TARGET_COUNT
};

enum vss_restore_status { /* rules 10.4 */
                          RESTORE_STATUS_UNDEFINED = 0,
                          RESTORE_STATUS_NONE = 1,
                          RESTORE_STATUS_ALL = 2,
                          RESTORE_STATUS_FAILED = 3
};

enum vss_component_type { /* rules 10.5 */
                          COMPONENT_UNDEFINED = 0,
                          COMPONENT_DATABASE = 1,
                          COMPONENT_FILEGROUP = 2,
                          COMPONENT_UNKNOWN = 3
};

enum vss_backup_type { /* rules 10.7 */
                       BACKUP_UNDEFINED = 0,
                       BACKUP_FULL = 1,
                       BACKUP_INCREMENTAL = 2,
                       BACKUP_DIFFERENTIAL = 3,
                       BACKUP_LOG = 4,
                       BACKUP_COPY = 5,
                       BACKUP_OTHER = 6,
                       BACKUP_UNKNOWN = 7
};

enum vss_usage { /* rules 10.6; informative but for BOOTABLE_SYSTEM_STATE, SYSTEM_SERVICE */
                 USAGE_UNDEFINED = 0,
                 USAGE_BOOTABLE_SYSTEM_STATE = 1,
                 USAGE_SYSTEM_SERVICE = 2,
                 USAGE_USER_DATA = 3,
                 USAGE_OTHER = 4,
                 USAGE_UNKNOWN = 5
};

enum vss_flag { FLAG_ABSENT = 0, FLAG_NO = 1, FLAG_YES = 2, FLAG_UNKNOWN = 3 }; /* yes | no */

/* rules 10.10 */
#define SCHEMA_DIFFERENTIAL             0x1u
#define SCHEMA_INCREMENTAL              0x2u
#define SCHEMA_EXCLUSIVE                0x4u
#define SCHEMA_LOG                      0x8u
#define SCHEMA_COPY                     0x10u
#define SCHEMA_TIMESTAMPED              0x20u
#define SCHEMA_LAST_MODIFY              0x40u
#define SCHEMA_NEW_TARGET               0x100u
#define SCHEMA_RESTORE_WITH_MOVE        0x200u
#define SCHEMA_INDEPENDENT_SYSTEM_STATE 0x400u

/* rules 10.11: the bit of a backup type in a file set's mask; copy asks for full's (7.9). */
#define FSBT_FULL                       0x1u
#define FSBT_DIFFERENTIAL               0x2u
#define FSBT_INCREMENTAL                0x4u
#define FSBT_LOG                        0x8u
#define FSBT_DEFAULT                    0xF0Fu
#define COMPONENT_FLAG_NOT_SYSTEM_STATE 4u

/* An empty view is ..._UNDEFINED; a word outside the table is ..._UNKNOWN. Any thread. */
enum vss_method vss_method_parse(struct view text);
enum vss_writer_restore vss_writer_restore_parse(struct view text); /* any letter case, '_' */
enum vss_target vss_target_parse(struct view text);                 /* any letter case      */
/* An unknown word is UNDEFINED here: a status that was read decides nothing (rules 2.7). */
enum vss_restore_status vss_restore_status_parse(struct view text);
enum vss_component_type vss_component_type_parse(struct view text);
enum vss_backup_type vss_backup_type_parse(struct view text);
enum vss_usage vss_usage_parse(struct view text);
enum vss_flag vss_flag_parse(struct view text);

/* The spelling that we write and print: that of real documents where one was seen, else the
 * enumerator without VSS_RME_ etc.; "unknown" for ..._UNKNOWN. Static. */
const char *vss_method_text(enum vss_method method); /* "RESTORE_IF_CAN_BE_REPLACED", ... */
const char *vss_target_text(enum vss_target target); /* "original", ...                   */
const char *vss_restore_status_text(enum vss_restore_status status); /* "all", ...         */
const char *vss_component_type_text(enum vss_component_type type);   /* "filegroup", ...   */
const char *vss_backup_type_text(enum vss_backup_type type);         /* "full", ...        */
const char *vss_usage_text(enum vss_usage usage);
const char *vss_writer_restore_text(enum vss_writer_restore when);

/* The bit of a file set's mask that says "must be on the media of a backup of this type"; 0 for
 * a type that is undefined, OTHER or unknown. */
uint32_t vss_fsbt_bit(enum vss_backup_type type);

/* The bit by which a restore demands files (rules 7.9). A backup that is undefined or OTHER is
 * held to what a full one must have, so that a missing file is never taken for restored; 0 for an
 * unknown type, of which nothing may be restored. */
uint32_t vss_fsbt_demand(enum vss_backup_type type);

#endif
