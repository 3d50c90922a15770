/* fuzz_answer.c - what a program prints as its writer's document: bytes against a fixed document
 * that it was sent. What counts of them must be such that the document can be written with it. */
#include "fuzz.h"

#include "vss/bcd_answer.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdlib.h>

const bool fuzz_may_refuse = true;

static const char sent[] =
    "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "
    "selectComponents=\"yes\" backupType=\"full\"><WRITER_COMPONENTS "
    "instanceId=\"00000000-0000-0000-0000-000000000001\" "
    "writerId=\"aaaaaaaa-0000-0000-0000-000000000000\"><COMPONENT componentName=\"one\" "
    "componentType=\"filegroup\" selectedForRestore=\"yes\"><BACKUP_METADATA xmlns=\"\" "
    "metadata=\"m\"/></COMPONENT><COMPONENT logicalPath=\"lp\" componentName=\"two\" "
    "componentType=\"filegroup\"/></WRITER_COMPONENTS><WRITER_COMPONENTS "
    "instanceId=\"00000000-0000-0000-0000-000000000002\" "
    "writerId=\"bbbbbbbb-0000-0000-0000-000000000000\"><COMPONENT componentName=\"one\" "
    "componentType=\"filegroup\" selectedForRestore=\"yes\"/></WRITER_COMPONENTS>"
    "</BACKUP_COMPONENTS>";

static void take(struct bcd_document *document, const struct bcd_change *change)
{
    VSR_REQUIRE(change->component == 0); /* the one that is selected */
    if (view_present(change->target)) {
        bcd_document_set(document, 0, 0, BCD_RESTORE_TARGET, change->target);
    }
    if (view_present(change->message)) {
        bcd_document_set(document, 0, 0, BCD_PRE_RESTORE_FAILURE, change->message);
    }
    for (uint32_t i = 0; i < change->directed_count; i++) {
        bcd_document_add_directed(document, 0, 0, &change->directed[i]);
    }
    if (view_present(change->restore_metadata)) {
        bcd_document_add_restore_metadata(document, 0, 0, change->restore_metadata);
    }
}

/* What counts is written into the document; it parses again. */
static vsr_code write_changes(const struct bcd_answer *answer, struct arena *arena, uint64_t *sum,
                              vsr_error *error)
{
    struct bcd_document *document = NULL;
    struct buffer out = {0};
    struct bcd bcd;
    vsr_code rc = bcd_document_open(&document, VIEW(sent), "sent.xml", error);
    if (rc == VSR_OK) {
        if (answer->change_count > 0) {
            take(document, &answer->changes[0]);
        }
        rc = bcd_document_render_utf8(document, &out, error);
    }
    if (rc == VSR_OK) {
        fuzz_add_text(sum, buffer_view(&out));
        rc = bcd_parse(&bcd, arena, buffer_view(&out), "out.xml", NULL, error);
    }
    VSR_REQUIRE(rc == VSR_OK || fuzz_is_scant());
    VSR_REQUIRE(rc != VSR_OK || (bcd.writer_count == 2 && bcd.writers[0].component_count == 2));
    buffer_free(&out);
    bcd_document_free(document);
    return rc;
}

static uint64_t answer_read(struct view bytes, enum bcd_phase phase)
{
    struct arena arena = {0};
    struct bcd_answer answer;
    vsr_error error = {0};
    uint64_t sum = 1;
    const vsr_code rc = bcd_answer_read(&answer, &arena, VIEW(sent), bytes, 0, phase, &error);
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_DOCUMENT || rc == VSR_ERR_MEMORY);
        sum = fuzz_refused(rc, &error);
    } else {
        VSR_REQUIRE(answer.change_count <= 1);
        fuzz_add_number(&sum, answer.dropped.count);
        if (phase == BCD_PHASE_PRE_RESTORE &&
            write_changes(&answer, &arena, &sum, &error) != VSR_OK) {
            sum = FUZZ_NO_MEMORY;
        }
    }
    arena_free(&arena);
    return sum;
}

/* What it makes once for itself is not swept away. */
void fuzz_prepare(void)
{
    xmlInitParser();
    xmlResetLastError();
}

void fuzz_forget(void)
{
    xmlResetLastError();
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 1;
    }
    const struct view bytes = fuzz_copy(data + 1, size - 1);
    const uint64_t sum =
        answer_read(bytes, data[0] % 2 == 0 ? BCD_PHASE_PRE_RESTORE : BCD_PHASE_POST_RESTORE);
    free((void *)(uintptr_t)bytes.p);
    return sum;
}
