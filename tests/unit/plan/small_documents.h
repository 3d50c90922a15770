/* small_documents.h - documents of a few components, written as macros, for the planner's tests.
 *
 * Writers are called by one digit: their ids are WRITER_ID(n) and INSTANCE_ID(n). */
#ifndef UNIT_PLAN_SMALL_DOCUMENTS_H
#define UNIT_PLAN_SMALL_DOCUMENTS_H

#include "vsr_test.h"

#include "vss/documents.h"

#define WRITER_ID(n)   "aaaaaaaa-0000-0000-0000-00000000000" n
#define INSTANCE_ID(n) "bbbbbbbb-0000-0000-0000-00000000000" n

/* --- a Writer Metadata Document --- */

#define WMD_AS(n, instance, instance_name, friendly, attributes, usage, inside)                    \
    "<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo' version='1.2' " attributes           \
    "><IDENTIFICATION writerId='" WRITER_ID(n) "' instanceId='" INSTANCE_ID(                       \
        instance) "' "                                                                             \
                  "instanceName='" instance_name "' friendlyName='" friendly "' usage='" usage     \
                  "' "                                                                             \
                  "dataSource='OTHER' majorVersion='0' minorVersion='0'/>"                         \
                  "<RESTORE_METHOD method='RESTORE_IF_CAN_BE_REPLACED' writerRestore='always' "    \
                  "rebootRequired='no'/><BACKUP_LOCATIONS>" inside                                 \
                  "</BACKUP_LOCATIONS></WRITER_METADATA>"
#define WMD(n, inside) WMD_AS(n, n, "", "Writer " n, "", "USER_DATA", inside)

#define COMPONENT_OF(kind, lp, name, selectable, alone, flags, inside)                             \
    "<" kind " logicalPath='" lp "' componentName='" name "' restoreMetadata='no' "                \
    "notifyOnBackupComplete='no' selectable='" selectable "' selectableForRestore='" alone "' "    \
    "componentFlags='" flags "'>" inside "</" kind ">"
/* Selectable for backup; alone: selectable for restore. */
#define GROUP(lp, name, alone, inside)                                                             \
    COMPONENT_OF("FILE_GROUP", lp, name, "yes", alone, "0", inside)
#define FILES(path, filespec)                                                                      \
    "<FILE_LIST path='" path "' filespec='" filespec "' filespecBackupType='3855'/>"
#define DEPENDENCY(n, lp, name)                                                                    \
    "<DEPENDENCY writerId='" WRITER_ID(n) "' logicalPath='" lp "' componentName='" name "'/>"

/* --- the Backup Components Document --- */

#define BCD_AS(select_components, inside)                                                          \
    "<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata' version='1.2' "                     \
    "bootableSystemStateBackup='no' selectComponents='" select_components "' "                     \
    "backupType='full' partialFileSupport='no' "                                                   \
    "snapshotSetId='cccccccc-0000-0000-0000-000000000000'>" inside "</BACKUP_COMPONENTS>"
#define BCD(inside) BCD_AS("yes", inside)

#define PART_AS(n, instance, instance_name, inside)                                                \
    "<WRITER_COMPONENTS instanceId='" INSTANCE_ID(instance) "' writerId='" WRITER_ID(              \
        n) "' "                                                                                    \
           "instanceName='" instance_name "' backupSchema='0'>" inside "</WRITER_COMPONENTS>"
#define PART(n, inside) PART_AS(n, n, "", inside)

#define ENTRY_AS(lp, name, type, attributes, inside)                                               \
    "<COMPONENT logicalPath='" lp "' componentName='" name "' componentType='" type                \
    "' " attributes ">" inside "</COMPONENT>"
#define ENTRY(lp, name) ENTRY_AS(lp, name, "filegroup", "", "")

/* Parse texts (the last one NULL), which must succeed. */
static inline void small_documents_parse(struct documents *out, const char *const *texts)
{
    struct document_source sources[8];
    uint32_t count = 0;
    vsr_error error = {0};
    while (texts[count] != NULL) {
        static const char *const names[] = {"bcd.xml",  "wmd1.xml", "wmd2.xml", "wmd3.xml",
                                            "wmd4.xml", "wmd5.xml", "wmd6.xml", "wmd7.xml"};
        assert_true(count < COUNT_OF(sources));
        sources[count] =
            (struct document_source){view_of(names[count]), view_of(texts[count]), true};
        count++;
    }
    if (documents_parse(out, sources, count, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
}

#endif
