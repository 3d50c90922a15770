/* document_fixture.h - documents for tests: those under tests/data, and small ones in text. */
#ifndef UNIT_VSS_DOCUMENT_FIXTURE_H
#define UNIT_VSS_DOCUMENT_FIXTURE_H

#include "vsr_test.h"

#include "base/io.h"
#include "base/limits.h"
#include "vss/documents.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define DATA VSR_SOURCE_ROOT "/tests/data/"

#define WMD_START                                                                                  \
    "<WRITER_METADATA xmlns=\"x-schema:#VssWriterMetadataInfo\" version=\"1.2\">"                  \
    "<IDENTIFICATION writerId=\"11111111-1111-1111-1111-111111111111\" "                           \
    "instanceId=\"22222222-2222-2222-2222-222222222222\" friendlyName=\"W\" "                      \
    "usage=\"USER_DATA\" dataSource=\"OTHER\"/>"
#define WMD_END "</WRITER_METADATA>"
#define METHOD                                                                                     \
    "<RESTORE_METHOD method=\"REPLACE_AT_REBOOT\" writerRestore=\"never\" rebootRequired=\"no\"/>"

#define BCD_START                                                                                  \
    "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "                 \
    "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" backupType=\"full\" "               \
    "partialFileSupport=\"no\" snapshotSetId=\"33333333-3333-3333-3333-333333333333\">"
#define WRITER_START                                                                               \
    "<WRITER_COMPONENTS instanceId=\"22222222-2222-2222-2222-222222222222\" "                      \
    "writerId=\"11111111-1111-1111-1111-111111111111\" backupSchema=\"0\">"
#define BCD_END "</WRITER_COMPONENTS></BACKUP_COMPONENTS>"

/* Documents of which only identity and components matter. */
#define WMD(writer, instance, inside)                                                              \
    "<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo'><IDENTIFICATION writerId='" writer   \
    "' instanceId='" instance "'/>" METHOD "<BACKUP_LOCATIONS>" inside                             \
    "</BACKUP_LOCATIONS></WRITER_METADATA>"
#define PART(writer, instance, inside)                                                             \
    "<WRITER_COMPONENTS writerId='" writer "' instanceId='" instance "'>" inside                   \
    "</WRITER_COMPONENTS>"
#define BCD(inside) BCD_START inside "</BACKUP_COMPONENTS>"
#define X           "aaaaaaaa-0000-0000-0000-000000000000"
#define X_CAPITALS  "AAAAAAAA-0000-0000-0000-000000000000"
#define Y           "bbbbbbbb-0000-0000-0000-000000000000"
#define I1          "00000000-0000-0000-0000-000000000001"
#define I2          "00000000-0000-0000-0000-000000000002"
#define I3          "00000000-0000-0000-0000-000000000003"
#define FG(name)    "<FILE_GROUP componentName='" name "'/>"
#define CO(name)    "<COMPONENT componentName='" name "' componentType='filegroup'/>"

static inline struct buffer file_bytes(const char *path)
{
    struct buffer bytes = {0};
    vsr_error error = {0};
    if (io_read_file(AT_FDCWD, path, DOCUMENT_BYTES_MAX, &bytes, VSR_ERR_DOCUMENT, &error) !=
        VSR_OK) {
        fail_msg("%s", error.what);
    }
    return bytes;
}

static inline bool text_has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#define assert_text_has(text, part)                                                                \
    do {                                                                                           \
        if (!text_has((text), (part))) {                                                           \
            fail_msg("\"%s\" has no \"%s\"", (text), (part));                                      \
        }                                                                                          \
    } while (0)

#endif
