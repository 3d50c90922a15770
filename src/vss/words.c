/* words.c - the one table of element and attribute names. */
#include "vss/words.h"

#define VIEW_INIT(literal)                                                                         \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    } /* a static initialiser */

/* Seen in a complete real document; in XML that Microsoft publishes or that a published program
 * reads; or our proposal for a thing that the API has and no document shows. */
enum evidence { REAL, PUBLISHED, PROPOSED };

static const struct {
    struct view text;
    enum evidence evidence;
} words[WORD_COUNT] = {
    /* elements */
    [WORD_WRITER_METADATA] = {VIEW_INIT("WRITER_METADATA"), REAL},
    [WORD_IDENTIFICATION] = {VIEW_INIT("IDENTIFICATION"), REAL},
    [WORD_RESTORE_METHOD] = {VIEW_INIT("RESTORE_METHOD"), REAL},
    [WORD_BACKUP_LOCATIONS] = {VIEW_INIT("BACKUP_LOCATIONS"), REAL},
    [WORD_FILE_GROUP] = {VIEW_INIT("FILE_GROUP"), REAL},
    [WORD_FILE_LIST] = {VIEW_INIT("FILE_LIST"), REAL},
    [WORD_EXCLUDE_FILES] = {VIEW_INIT("EXCLUDE_FILES"), REAL},
    [WORD_EXCLUDE_FILES_FROM_SNAPSHOT] = {VIEW_INIT("EXCLUDE_FILES_FROM_SNAPSHOT"), REAL},
    [WORD_BACKUP_COMPONENTS] = {VIEW_INIT("BACKUP_COMPONENTS"), REAL},
    [WORD_WRITER_COMPONENTS] = {VIEW_INIT("WRITER_COMPONENTS"), REAL},
    [WORD_COMPONENT] = {VIEW_INIT("COMPONENT"), REAL},
    [WORD_BACKUP_METADATA] = {VIEW_INIT("BACKUP_METADATA"), REAL},
    [WORD_DATABASE] = {VIEW_INIT("DATABASE"), PUBLISHED},
    [WORD_DATABASE_FILES] = {VIEW_INIT("DATABASE_FILES"), PUBLISHED},
    [WORD_DATABASE_LOGFILES] = {VIEW_INIT("DATABASE_LOGFILES"), PUBLISHED},
    [WORD_SNAPSHOT_SET_DESCRIPTION] = {VIEW_INIT("SNAPSHOT_SET_DESCRIPTION"), PUBLISHED},
    [WORD_ALTERNATE_LOCATION_MAPPING] = {VIEW_INIT("ALTERNATE_LOCATION_MAPPING"), PROPOSED},
    [WORD_DEPENDENCY] = {VIEW_INIT("DEPENDENCY"), PROPOSED},
    [WORD_INCLUDE_FILES] = {VIEW_INIT("INCLUDE_FILES"), PROPOSED},
    [WORD_RESTORE_METADATA] = {VIEW_INIT("RESTORE_METADATA"), PROPOSED},
    [WORD_PARTIAL_FILE] = {VIEW_INIT("PARTIAL_FILE"), PROPOSED},
    [WORD_DIFFERENCED_FILE] = {VIEW_INIT("DIFFERENCED_FILE"), PROPOSED},
    [WORD_DIRECTED_TARGET] = {VIEW_INIT("DIRECTED_TARGET"), PROPOSED},
    [WORD_NEW_TARGET] = {VIEW_INIT("NEW_TARGET"), PROPOSED},
    [WORD_RESTORE_SUBCOMPONENT] = {VIEW_INIT("RESTORE_SUBCOMPONENT"), PROPOSED},

    /* attributes */
    [WORD_A_VERSION] = {VIEW_INIT("version"), REAL},
    [WORD_A_BACKUP_SCHEMA] = {VIEW_INIT("backupSchema"), REAL},
    [WORD_A_WRITER_ID] = {VIEW_INIT("writerId"), REAL},
    [WORD_A_INSTANCE_ID] = {VIEW_INIT("instanceId"), REAL},
    [WORD_A_INSTANCE_NAME] = {VIEW_INIT("instanceName"), REAL},
    [WORD_A_FRIENDLY_NAME] = {VIEW_INIT("friendlyName"), REAL},
    [WORD_A_USAGE] = {VIEW_INIT("usage"), REAL},
    [WORD_A_DATA_SOURCE] = {VIEW_INIT("dataSource"), REAL},
    [WORD_A_MAJOR_VERSION] = {VIEW_INIT("majorVersion"), REAL},
    [WORD_A_MINOR_VERSION] = {VIEW_INIT("minorVersion"), REAL},
    [WORD_A_METHOD] = {VIEW_INIT("method"), REAL},
    [WORD_A_WRITER_RESTORE] = {VIEW_INIT("writerRestore"), REAL},
    [WORD_A_REBOOT_REQUIRED] = {VIEW_INIT("rebootRequired"), REAL},
    [WORD_A_PATH] = {VIEW_INIT("path"), REAL},
    [WORD_A_FILESPEC] = {VIEW_INIT("filespec"), REAL},
    [WORD_A_RECURSIVE] = {VIEW_INIT("recursive"), REAL},
    [WORD_A_FILESPEC_BACKUP_TYPE] = {VIEW_INIT("filespecBackupType"), REAL},
    [WORD_A_LOGICAL_PATH] = {VIEW_INIT("logicalPath"), REAL},
    [WORD_A_COMPONENT_NAME] = {VIEW_INIT("componentName"), REAL},
    [WORD_A_CAPTION] = {VIEW_INIT("caption"), REAL},
    [WORD_A_RESTORE_METADATA] = {VIEW_INIT("restoreMetadata"), REAL},
    [WORD_A_NOTIFY_ON_BACKUP_COMPLETE] = {VIEW_INIT("notifyOnBackupComplete"), REAL},
    [WORD_A_SELECTABLE] = {VIEW_INIT("selectable"), REAL},
    [WORD_A_SELECTABLE_FOR_RESTORE] = {VIEW_INIT("selectableForRestore"), REAL},
    [WORD_A_COMPONENT_FLAGS] = {VIEW_INIT("componentFlags"), REAL},
    [WORD_A_BOOTABLE_SYSTEM_STATE_BACKUP] = {VIEW_INIT("bootableSystemStateBackup"), REAL},
    [WORD_A_SELECT_COMPONENTS] = {VIEW_INIT("selectComponents"), REAL},
    [WORD_A_BACKUP_TYPE] = {VIEW_INIT("backupType"), REAL},
    [WORD_A_PARTIAL_FILE_SUPPORT] = {VIEW_INIT("partialFileSupport"), REAL},
    [WORD_A_SNAPSHOT_SET_ID] = {VIEW_INIT("snapshotSetId"), REAL},
    [WORD_A_COMPONENT_TYPE] = {VIEW_INIT("componentType"), REAL},
    [WORD_A_BACKUP_STAMP] = {VIEW_INIT("backupStamp"), REAL},
    [WORD_A_METADATA] = {VIEW_INIT("metadata"), REAL},
    [WORD_A_ALTERNATE_PATH] = {VIEW_INIT("alternatePath"), PUBLISHED},
    [WORD_A_COMPONENT_CAPTION] = {VIEW_INIT("componentCaption"), PUBLISHED},
    [WORD_A_RANGES] = {VIEW_INIT("ranges"), PUBLISHED},
    [WORD_A_SERVICE] = {VIEW_INIT("service"), PROPOSED},
    [WORD_A_USER_PROCEDURE] = {VIEW_INIT("userProcedure"), PROPOSED},
    [WORD_A_ICON] = {VIEW_INIT("icon"), PROPOSED},
    [WORD_A_RESTORE_TYPE] = {VIEW_INIT("restoreType"), PROPOSED},
    [WORD_A_BACKUP_SUCCEEDED] = {VIEW_INIT("backupSucceeded"), PROPOSED},
    [WORD_A_PREVIOUS_BACKUP_STAMP] = {VIEW_INIT("previousBackupStamp"), PROPOSED},
    [WORD_A_BACKUP_OPTIONS] = {VIEW_INIT("backupOptions"), PROPOSED},
    [WORD_A_RESTORE_OPTIONS] = {VIEW_INIT("restoreOptions"), PROPOSED},
    [WORD_A_SELECTED_FOR_RESTORE] = {VIEW_INIT("selectedForRestore"), PROPOSED},
    [WORD_A_ADDITIONAL_RESTORES] = {VIEW_INIT("additionalRestores"), PROPOSED},
    [WORD_A_RESTORE_TARGET] = {VIEW_INIT("restoreTarget"), PROPOSED},
    [WORD_A_FILE_RESTORE_STATUS] = {VIEW_INIT("fileRestoreStatus"), PROPOSED},
    [WORD_A_PREPARE_FOR_BACKUP_FAILURE_MSG] = {VIEW_INIT("prepareForBackupFailureMsg"), PROPOSED},
    [WORD_A_POST_SNAPSHOT_FAILURE_MSG] = {VIEW_INIT("postSnapshotFailureMsg"), PROPOSED},
    [WORD_A_PRE_RESTORE_FAILURE_MSG] = {VIEW_INIT("preRestoreFailureMsg"), PROPOSED},
    [WORD_A_POST_RESTORE_FAILURE_MSG] = {VIEW_INIT("postRestoreFailureMsg"), PROPOSED},
    [WORD_A_REPAIR] = {VIEW_INIT("repair"), PROPOSED},
    [WORD_A_LAST_MODIFY_TIME] = {VIEW_INIT("lastModifyTime"), PROPOSED},
    [WORD_A_SOURCE_PATH] = {VIEW_INIT("sourcePath"), PROPOSED},
    [WORD_A_SOURCE_FILENAME] = {VIEW_INIT("sourceFilename"), PROPOSED},
    [WORD_A_SOURCE_RANGE_LIST] = {VIEW_INIT("sourceRangeList"), PROPOSED},
    [WORD_A_DESTINATION_PATH] = {VIEW_INIT("destinationPath"), PROPOSED},
    [WORD_A_DESTINATION_FILENAME] = {VIEW_INIT("destinationFilename"), PROPOSED},
    [WORD_A_DESTINATION_RANGE_LIST] = {VIEW_INIT("destinationRangeList"), PROPOSED},
};

struct view word_text(enum word word)
{
    return words[word].text;
}
