/* documents.c - from folders and files to all documents of one backup (contract, 1).
 *
 * Tells documents apart by their root elements, parses each, refuses what cannot be told apart.
 * How the parts belong together is documents_join.c. */
#include "vss/documents.h"

#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "vss/join.h"
#include "vss/words.h"
#include "vss/xml_text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* --- files --- */

struct sources { /* heap */
    struct document_source *items;
    size_t count, capacity;
};

static void sources_free(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free((void *)(uintptr_t)sources->items[i].name.p);
        free((void *)(uintptr_t)sources->items[i].bytes.p);
    }
    free(sources->items);
    *sources = (struct sources){0};
}

/* Read dir_fd/name; shown is what the document is called. */
static vsr_code source_read(struct sources *sources, int dir_fd, const char *name,
                            const char *shown, bool named, vsr_error *error)
{
    struct buffer bytes = {0};
    if (sources->count >= DOCUMENT_FILES_MAX) {
        return err_set(error, VSR_ERR_DOCUMENT, "vss/documents",
                       "cannot read %s: more than %u documents", name, DOCUMENT_FILES_MAX);
    }
    const vsr_code rc =
        io_read_file(dir_fd, name, DOCUMENT_BYTES_MAX, &bytes, VSR_ERR_DOCUMENT, error);
    if (rc != VSR_OK) {
        buffer_free(&bytes);
        return rc;
    }
    sources->items =
        heap_grow(sources->items, sources->count, &sources->capacity, sizeof *sources->items);
    const size_t n = strlen(shown);
    char *copy = heap_alloc(n + 1, 1);
    memcpy(copy, shown, n);
    sources->items[sources->count++] =
        (struct document_source){{copy, n}, {bytes.p, bytes.n}, named};
    return VSR_OK;
}

static bool is_xml_file(int dir_fd, const char *name)
{
    const struct view view = view_of(name);
    struct stat st;
    return view.n > 4 && view_equal_ascii(view_skip(view, view.n - 4), VIEW(".xml")) &&
           (fstatat(dir_fd, name, &st, 0) != 0 || S_ISREG(st.st_mode)); /* else: told by open */
}

/* fd is taken. */
static vsr_code folder_read(struct sources *sources, int fd, const char *path, vsr_error *error)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) { /* GCOVR_EXCL_START: the folder was opened before */
        const vsr_code rc =
            err_sys(error, VSR_ERR_DOCUMENT, "vss/documents", "cannot read the folder %s", path);
        (void)close(fd);
        return rc;
    } /* GCOVR_EXCL_STOP */
    vsr_code rc = VSR_OK;
    errno = 0;
    for (struct dirent *entry; rc == VSR_OK && (entry = readdir(dir)) != NULL; errno = 0) {
        if (is_xml_file(dirfd(dir), entry->d_name)) {
            rc = source_read(sources, dirfd(dir), entry->d_name, entry->d_name, false, error);
        }
    }
    if (rc == VSR_OK && errno != 0) { /* GCOVR_EXCL_START: a disk that fails while it is listed */
        rc = err_sys(error, VSR_ERR_DOCUMENT, "vss/documents", "cannot read the folder %s", path);
    } /* GCOVR_EXCL_STOP */
    (void)closedir(dir);
    return rc;
}

static vsr_code path_read(struct sources *sources, const char *path, vsr_error *error)
{
    OWN(fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return err_sys(error, VSR_ERR_DOCUMENT, "vss/documents", "cannot open %s", path);
    }
    if (S_ISDIR(st.st_mode)) {
        return folder_read(sources, take_fd(&fd), path, error);
    }
    const char *slash = strrchr(path, '/');
    return source_read(sources, AT_FDCWD, path, slash != NULL ? slash + 1 : path, true, error);
}

vsr_code documents_read(struct documents *out, const char *const *paths, uint32_t path_count,
                        vsr_error *error)
{
    struct sources sources = {0};
    vsr_code rc = VSR_OK;
    *out = (struct documents){.bcd_file = MARK_NONE};
    for (uint32_t i = 0; i < path_count && rc == VSR_OK; i++) {
        rc = path_read(&sources, paths[i], error);
    }
    if (rc == VSR_OK) {
        rc = documents_parse(out, sources.items, (uint32_t)sources.count, error);
    }
    sources_free(&sources);
    return rc;
}

/* --- kinds --- */

/* No element was found: why, and where. */
static vsr_code file_refuse(struct documents *documents, const struct document_file *file,
                            vsr_error *error)
{
    struct xml_text text;
    const vsr_code rc = xml_text_open(&text, &documents->arena, file->bytes, file->name.p, error);
    return rc != VSR_OK ? rc : xml_text_no_element(&text, error);
}

static vsr_code file_classify(struct documents *documents, struct document_file *file, bool named,
                              vsr_error *error)
{
    file->root_element = xml_root_name(&documents->arena, file->bytes);
    if (view_equal(file->root_element, word_text(WORD_BACKUP_COMPONENTS))) {
        file->kind = DOCUMENT_BCD;
    } else if (view_equal(file->root_element, word_text(WORD_WRITER_METADATA))) {
        file->kind = DOCUMENT_WMD;
    } else if (!view_present(file->root_element)) {
        return file_refuse(documents, file, error);
    } else if (named) {
        return err_set(error, VSR_ERR_DOCUMENT, "vss/documents",
                       "cannot use %s: its root element is <%s>, neither <%s> nor <%s>",
                       file->name.p, file->root_element.p, word_text(WORD_BACKUP_COMPONENTS).p,
                       word_text(WORD_WRITER_METADATA).p);
    } else {
        file->kind = DOCUMENT_FOREIGN;
    }
    return VSR_OK;
}

/* The names of all files of a kind, with ", " between them. */
static const char *files_of_kind(struct documents *documents, int kind)
{
    struct view names = VIEW("");
    for (uint32_t i = 0; i < documents->file_count; i++) {
        if ((int)documents->files[i].kind == kind && names.n < 300) {
            names = arena_printf(&documents->arena, "%s%s%s", names.p, names.n > 0 ? ", " : "",
                                 documents->files[i].name.p);
        }
    }
    return names.p;
}

static vsr_code check_one_bcd(struct documents *documents, vsr_error *error)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < documents->file_count; i++) {
        if (documents->files[i].kind == DOCUMENT_BCD) {
            documents->bcd_file = i;
            count++;
        }
    }
    if (count == 0) {
        const char *foreign = files_of_kind(documents, DOCUMENT_FOREIGN);
        return err_set(error, VSR_ERR_DOCUMENT, "vss/documents",
                       "no Backup Components Document among %u files%s%s", documents->file_count,
                       foreign[0] != '\0' ? "; passed over: " : "", foreign);
    }
    if (count > 1) {
        return err_set(error, VSR_ERR_DOCUMENT, "vss/documents",
                       "%u Backup Components Documents, there must be one: %s", count,
                       files_of_kind(documents, DOCUMENT_BCD));
    }
    return VSR_OK;
}

static int compare_names(const void *a, const void *b)
{
    const struct document_source *const *x = a;
    const struct document_source *const *y = b;
    const int order = view_compare((*x)->name, (*y)->name);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* The files in the order of their names, whatever order they were given in. */
static vsr_code files_take(struct documents *documents, const struct document_source *sources,
                           uint32_t source_count, vsr_error *error)
{
    struct arena *arena = &documents->arena;
    if (source_count > DOCUMENT_FILES_MAX) {
        return err_set(error, VSR_ERR_DOCUMENT, "vss/documents",
                       "%u documents, at most %u are allowed", source_count, DOCUMENT_FILES_MAX);
    }
    const struct document_source **order =
        ARENA_ARRAY(arena, const struct document_source *, source_count);
    for (uint32_t i = 0; i < source_count; i++) {
        order[i] = &sources[i];
    }
    qsort(order, source_count, sizeof *order, compare_names);
    documents->files = ARENA_ARRAY(arena, struct document_file, source_count);
    for (uint32_t i = 0; i < source_count; i++) {
        struct document_file *file = &documents->files[documents->file_count++];
        const struct view bytes = order[i]->bytes;
        file->name = arena_copy(arena, order[i]->name);
        file->bytes = arena_copy(arena, view_present(bytes) ? bytes : VIEW(""));
        const vsr_code rc = file_classify(documents, file, order[i]->named, error);
        if (rc != VSR_OK) {
            return rc;
        }
    }
    return check_one_bcd(documents, error);
}

static vsr_code files_parse(struct documents *documents, struct vss_warnings *warnings,
                            vsr_error *error)
{
    struct arena *arena = &documents->arena;
    documents->wmds = ARENA_ARRAY(arena, struct wmd, documents->file_count);
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < documents->file_count && rc == VSR_OK; i++) {
        const struct document_file *file = &documents->files[i];
        if (file->kind == DOCUMENT_BCD) {
            rc = bcd_parse(&documents->bcd, arena, file->bytes, file->name.p, warnings, error);
        } else if (file->kind == DOCUMENT_WMD) {
            rc = wmd_parse(&documents->wmds[documents->wmd_count++], arena, file->bytes,
                           file->name.p, warnings, error);
        } else {
            vss_warnings_add(warnings, arena,
                             arena_printf(arena, "%s: passed over, its root element is <%s>",
                                          file->name.p, file->root_element.p));
        }
    }
    return rc;
}

vsr_code documents_parse(struct documents *out, const struct document_source *sources,
                         uint32_t source_count, vsr_error *error)
{
    struct vss_warnings warnings = {0};
    *out = (struct documents){.bcd_file = MARK_NONE};
    vsr_code rc = files_take(out, sources, source_count, error);
    if (rc == VSR_OK) {
        rc = files_parse(out, &warnings, error);
    }
    if (rc == VSR_OK) {
        rc = documents_join(out, &warnings, error);
    }
    if (rc != VSR_OK) {
        documents_free(out);
        return rc;
    }
    vss_warnings_end(&warnings, &out->arena);
    out->warnings = warnings.items;
    out->warning_count = warnings.count;
    return VSR_OK;
}

void documents_free(struct documents *documents)
{
    arena_free(&documents->arena);
    *documents = (struct documents){.bcd_file = MARK_NONE};
}
