/* fuzz_documents.c - a document's bytes through parsing, joining, editing, rendering, and
 * parsing again. The first byte says what is made of the rest: 0 a BCD alone, 1 a WMD beside
 * a fixed BCD, 2 any file of a folder. */
#include "fuzz.h"

#include "base/limits.h"
#include "vss/documents.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdlib.h>

const bool fuzz_may_refuse = true;

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

static vsr_code check_edited(const struct bcd *bcd, struct view bytes, vsr_error *error)
{
    struct arena arena = {0};
    struct bcd again;
    const vsr_code rc = bcd_parse(&again, &arena, bytes, "again.xml", NULL, error);
    if (rc != VSR_OK) {
        VSR_REQUIRE(fuzz_is_scant() || is_bound(error));
        arena_free(&arena);
        return fuzz_is_scant() ? rc : VSR_OK;
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
    return VSR_OK;
}

/* OK, while there is memory: a document that parsed can be opened and written, changed or not. */
static vsr_code edit_and_write(const struct bcd *bcd, struct view bytes, uint64_t *sum,
                               vsr_error *error)
{
    struct bcd_document *document = NULL;
    struct buffer out = {0};
    vsr_code rc = bcd_document_open(&document, bytes, "b.xml", error);
    if (rc == VSR_OK) {
        rc = bcd_document_render(document, &out, error);
        VSR_REQUIRE(rc != VSR_OK || view_equal(buffer_view(&out), bytes));
        buffer_free(&out);
        edit(document, bcd);
    }
    if (rc == VSR_OK) {
        rc = bcd_document_render(document, &out, error);
        fuzz_add_text(sum, buffer_view(&out));
    }
    if (rc == VSR_OK) {
        rc = check_edited(bcd, buffer_view(&out), error);
    }
    VSR_REQUIRE(rc == VSR_OK || fuzz_is_scant());
    buffer_free(&out);
    bcd_document_free(document);
    return rc;
}

static uint64_t write_back(struct view bytes)
{
    struct arena arena = {0};
    struct vss_warnings warnings = {0};
    struct bcd bcd;
    vsr_error error = {0};
    uint64_t sum = 1;
    vsr_code rc = bcd_parse(&bcd, &arena, bytes, "b.xml", &warnings, &error);
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_DOCUMENT || rc == VSR_ERR_MEMORY);
        sum = fuzz_refused(rc, &error);
    } else if (edit_and_write(&bcd, bytes, &sum, &error) != VSR_OK) {
        sum = FUZZ_NO_MEMORY;
    }
    arena_free(&arena);
    return sum;
}

static void add_sets(uint64_t *sum, const struct vss_file_set *sets, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        fuzz_add_text(sum, sets[i].path);
        fuzz_add_text(sum, sets[i].filespec);
        fuzz_add_text(sum, sets[i].alternate_path);
        fuzz_add_number(sum, sets[i].recursive + 2u * (unsigned)sets[i].kind);
    }
}

static void add_wmd(uint64_t *sum, const struct wmd *wmd)
{
    fuzz_add_text(sum, wmd->friendly_name);
    fuzz_add_text(sum, wmd->method_text);
    fuzz_add_text(sum, wmd->fault);
    add_sets(sum, wmd->excludes, wmd->exclude_count);
    for (uint32_t i = 0; i < wmd->mapping_count; i++) {
        fuzz_add_text(sum, wmd->mappings[i].path);
        fuzz_add_text(sum, wmd->mappings[i].alternate_path);
    }
    for (uint32_t c = 0; c < wmd->component_count; c++) {
        const struct wmd_component *component = &wmd->components[c];
        bool folded = false;
        const uint32_t found =
            wmd_component_find(wmd, component->logical_path, component->name, &folded);
        VSR_REQUIRE(found != MARK_NONE && !folded);
        fuzz_add_text(sum, component->logical_path);
        fuzz_add_text(sum, component->name);
        fuzz_add_text(sum, component->fault);
        add_sets(sum, component->file_sets, component->file_set_count);
    }
}

static uint64_t read_all(struct view bytes, bool named)
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
    uint64_t sum = 1;
    const vsr_code rc = documents_parse(&documents, sources, 2, &error);
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_DOCUMENT || rc == VSR_ERR_MEMORY);
        return fuzz_refused(rc, &error);
    }
    for (uint32_t w = 0; w < documents.wmd_count; w++) {
        add_wmd(&sum, &documents.wmds[w]);
    }
    fuzz_add_number(&sum, documents.warning_count);
    documents_free(&documents);
    return sum;
}

/* What it makes once for itself is not swept away. */
void fuzz_prepare(void)
{
    xmlInitParser();
    xmlResetLastError();
}

/* libxml2 keeps its last fault, in memory that was swept away, for whoever asks. */
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
    const uint64_t sum = data[0] % 3 == 0 ? write_back(bytes) : read_all(bytes, data[0] % 3 == 1);
    free((void *)(uintptr_t)bytes.p);
    return sum;
}
