/* fuzz_documents.c - a document's bytes through parsing, joining, editing, rendering, and
 * parsing again. The first byte says what is made of the rest: 0 a BCD alone, 1 a WMD beside
 * a fixed BCD, 2 any file of a folder. */
#include "vss/documents.h"

#include "base/bug.h"
#include "base/limits.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct vss_mapping mapping = {
    .path = {"C:\\a<&>\"'", 9},
    .filespec = {"*.\xC3\xBC", 4},
    .recursive = true,
    .alternate_path = {"D:\\\t\r\n\xF0\x9F\x98\x80", 10},
};

static void edit(struct bcd_document *document, const struct bcd *bcd)
{
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        for (uint32_t c = 0; c < bcd->writers[w].component_count; c++) {
            bcd_document_set(document, w, c, BCD_SELECTED_FOR_RESTORE, VIEW("yes"));
            bcd_document_set(document, w, c, BCD_RESTORE_TARGET, VIEW_NONE);
            bcd_document_set(document, w, c, BCD_PRE_RESTORE_FAILURE, VIEW("\x1B\xFFno\r\n"));
            bcd_document_set(document, w, c, BCD_FILE_RESTORE_STATUS, VIEW("all"));
            bcd_document_remove(document, w, c, BCD_USED_MAPPING);
            bcd_document_remove(document, w, c, BCD_RESTORE_SUBCOMPONENT);
            bcd_document_add_mapping(document, w, c, BCD_USED_MAPPING, &mapping);
            bcd_document_add_subcomponent(document, w, c, VIEW("l"), VIEW("n"));
        }
    }
    bcd_document_set_restore_type(document, VIEW("by copy"));
}

/* May the edited document be beyond a bound that the original just met? */
static bool is_bound(const vsr_error *error)
{
    return strstr(error->what, "allowed") != NULL;
}

static void check_edited(const struct bcd *bcd, struct view bytes)
{
    struct arena arena = {0};
    struct bcd again;
    vsr_error error = {0};
    if (bcd_parse(&again, &arena, bytes, "again.xml", NULL, &error) != VSR_OK) {
        VSR_REQUIRE(is_bound(&error));
        arena_free(&arena);
        return;
    }
    VSR_REQUIRE(again.writer_count == bcd->writer_count);
    VSR_REQUIRE(view_equal(again.restore_type, VIEW("by copy")));
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        VSR_REQUIRE(again.writers[w].component_count == bcd->writers[w].component_count);
        for (uint32_t c = 0; c < bcd->writers[w].component_count; c++) {
            const struct bcd_component *a = &bcd->writers[w].components[c];
            const struct bcd_component *b = &again.writers[w].components[c];
            VSR_REQUIRE(view_equal(a->name, b->name));
            VSR_REQUIRE(view_equal(a->logical_path, b->logical_path));
            VSR_REQUIRE(view_equal(a->backup_metadata, b->backup_metadata));
            VSR_REQUIRE(view_equal(a->restore_options, b->restore_options));
            VSR_REQUIRE(a->new_target_count == b->new_target_count);
            VSR_REQUIRE(b->selected_for_restore == FLAG_YES);
            VSR_REQUIRE(b->restore_status == RESTORE_STATUS_ALL);
            VSR_REQUIRE(!view_present(b->restore_target_text));
            VSR_REQUIRE(b->used_mapping_count == 1 && b->subcomponent_count == 1);
            VSR_REQUIRE(view_equal(b->used_mappings[0].alternate_path, mapping.alternate_path));
        }
    }
    arena_free(&arena);
}

static void write_back(struct view bytes)
{
    struct arena arena = {0};
    struct vss_warnings warnings = {0};
    struct bcd bcd;
    vsr_error error = {0};
    struct bcd_document *document = NULL;
    const vsr_code rc = bcd_parse(&bcd, &arena, bytes, "b.xml", &warnings, &error);
    if (rc == VSR_OK) {
        VSR_REQUIRE(bcd_document_open(&document, bytes, "b.xml", NULL) == VSR_OK);
        struct buffer out = {0};
        VSR_REQUIRE(bcd_document_render(document, &out, NULL) == VSR_OK);
        VSR_REQUIRE(view_equal(buffer_view(&out), bytes));
        buffer_free(&out);
        edit(document, &bcd);
        VSR_REQUIRE(bcd_document_render(document, &out, NULL) == VSR_OK);
        check_edited(&bcd, buffer_view(&out));
        buffer_free(&out);
        bcd_document_free(document);
    } else {
        VSR_REQUIRE(rc == VSR_ERR_DOCUMENT && error.what[0] != '\0');
    }
    arena_free(&arena);
}

static void read_all(struct view bytes, bool named)
{
    static const char bcd[] =
        "<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata' selectComponents='yes'>"
        "<WRITER_COMPONENTS writerId='11111111-1111-1111-1111-111111111111' "
        "instanceId='22222222-2222-2222-2222-222222222222'><COMPONENT componentName='c' "
        "componentType='filegroup'/></WRITER_COMPONENTS></BACKUP_COMPONENTS>";
    const struct document_source sources[] = {{VIEW("w.xml"), bytes, named},
                                              {VIEW("b.xml"), VIEW(bcd), true}};
    struct documents documents;
    vsr_error error = {0};
    if (documents_parse(&documents, sources, 2, &error) != VSR_OK) {
        VSR_REQUIRE(error.code == VSR_ERR_DOCUMENT);
        return;
    }
    for (uint32_t w = 0; w < documents.wmd_count; w++) {
        const struct wmd *wmd = &documents.wmds[w];
        for (uint32_t c = 0; c < wmd->component_count; c++) {
            bool folded = false;
            const uint32_t found = wmd_component_find(wmd, wmd->components[c].logical_path,
                                                      wmd->components[c].name, &folded);
            VSR_REQUIRE(found != MARK_NONE && !folded);
        }
    }
    documents_free(&documents);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct view bytes = {(const char *)data + 1, size - 1};
    if (data[0] % 3 == 0) {
        write_back(bytes);
    } else {
        read_all(bytes, data[0] % 3 == 1);
    }
    return 0;
}
