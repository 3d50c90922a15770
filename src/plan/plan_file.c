/* plan_file.c - the plan as a file: its arrays as they lie, behind a header, before a hash.
 *
 * Written whole or not at all (hidden name, sync, rename); read by mapping. Everything that is
 * read is distrusted: sizes here, numbers in plan_check.c. The one file of the planner that
 * makes system calls. */
#include "plan/plan.h"

#include "base/heap.h"
#include "base/io.h"
#include "base/own.h"
#include "media/checksum.h"
#include "media/part.h"
#include "plan/plan_build.h"
#include "plan/plan_check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PLAN_MAGIC "VSRPLAN\1"

enum { PLAN_FORMAT = 2, PLAN_ALIGN = 8, HASH_BYTES = 16 };

enum plan_section {
#define X(array, one, type) SECTION_##array,
    PLAN_ARRAYS(X)
#undef X
        SECTION_text,
    PLAN_SECTIONS
};

struct plan_header {
    char magic[8];
    uint32_t format;
    uint32_t header_bytes;
    uint8_t set_uuid[16];
    uint8_t index_xxh3[16];
    uint8_t documents_xxh3[16];
    struct plan_text set_path;
    uint64_t bytes;
    uint32_t refused_units;
    uint32_t section_count;
    struct {
        uint32_t count;
        uint32_t record_bytes;
    } sections[PLAN_SECTIONS]; /* in this order, each aligned to 8 */
};

static uint64_t align_up(uint64_t bytes)
{
    return (bytes + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
}

static void header_fill(struct plan_header *header, const struct plan *plan)
{
    memset(header, 0, sizeof *header);
    memcpy(header->magic, PLAN_MAGIC, sizeof header->magic);
    header->format = PLAN_FORMAT;
    header->header_bytes = sizeof *header;
    memcpy(header->set_uuid, plan->set_uuid.bytes, sizeof header->set_uuid);
    memcpy(header->index_xxh3, plan->index_xxh3, sizeof header->index_xxh3);
    memcpy(header->documents_xxh3, plan->documents_xxh3, sizeof header->documents_xxh3);
    header->set_path = plan->set_path;
    header->bytes = plan->bytes;
    header->refused_units = plan->refused_units;
    header->section_count = PLAN_SECTIONS;
#define X(array, one, type)                                                                        \
    header->sections[SECTION_##array].count = plan->one##_count;                                   \
    header->sections[SECTION_##array].record_bytes = sizeof(struct type);
    PLAN_ARRAYS(X)
#undef X
    header->sections[SECTION_text].count = plan->text_bytes;
    header->sections[SECTION_text].record_bytes = 1;
}

/* --- saving --- */

struct plan_out {
    plan_taker take;
    void *context;
    struct checksum *hash; /* of all that was written */
    vsr_error *error;
};

static vsr_code out_add(struct plan_out *out, const void *bytes, size_t count)
{
    static const char zeros[PLAN_ALIGN];
    const size_t padding = (size_t)(align_up(count) - count);
    vsr_code code = VSR_OK;
    if (count > 0) {
        code = out->take(out->context, bytes, count, out->error);
    }
    if (code == VSR_OK && padding > 0) {
        code = out->take(out->context, zeros, padding, out->error);
    }
    if (count > 0) {
        checksum_add(out->hash, bytes, count);
    }
    checksum_add(out->hash, zeros, padding);
    return code;
}

static vsr_code out_seal(struct plan_out *out)
{
    uint8_t hash[HASH_BYTES];
    checksum_end(out->hash, hash);
    return out->take(out->context, hash, sizeof hash, out->error);
}

static vsr_code out_all(struct plan_out *out, const struct plan *plan)
{
    struct plan_header header;
    header_fill(&header, plan);
    vsr_code code = out_add(out, &header, sizeof header);
#define X(array, one, type)                                                                        \
    if (code == VSR_OK) {                                                                          \
        code = out_add(out, plan->array, (size_t)plan->one##_count * sizeof(struct type));         \
    }
    PLAN_ARRAYS(X)
#undef X
    if (code == VSR_OK) {
        code = out_add(out, plan->text, plan->text_bytes);
    }
    return code == VSR_OK ? out_seal(out) : code;
}

vsr_code plan_write(const struct plan *plan, plan_taker take, void *context, vsr_error *error)
{
    struct plan_out out = {.take = take,
                           .context = context,
                           .hash = checksum_create(),
                           .error = error};
    checksum_begin(out.hash);
    const vsr_code code = out_all(&out, plan);
    checksum_free(out.hash);
    return code;
}

struct file_out {
    int fd;
    const char *name;
};

static vsr_code file_take(void *context, const void *bytes, size_t count, vsr_error *error)
{
    const struct file_out *out = context;
    return io_write(out->fd, bytes, count, out->name, VSR_ERR_DEST_IO, error);
}

static vsr_code save_hidden(const struct plan *plan, int dir_fd, const char *hidden,
                            const char *name, vsr_error *error)
{
    OWN(fd) fd = io_open_part(dir_fd, hidden, O_RDWR, 0666);
    if (fd < 0) {
        return err_sys(error, err_dest_code(errno), "plan/file", "cannot create %s", name);
    }
    struct file_out out = {fd, name};
    const vsr_code code = plan_write(plan, file_take, &out, error);
    if (code != VSR_OK) {
        return code;
    }
    if (fsync(fd) != 0 || renameat(dir_fd, hidden, dir_fd, name) != 0 ||
        (fsync(dir_fd) != 0 && errno != EBADF && errno != EINVAL)) {
        /* GCOVR_EXCL_START: a disk that fails when what was written is synced */
        return err_sys(error, err_dest_code(errno), "plan/file", "cannot save %s", name);
        /* GCOVR_EXCL_STOP */
    }
    return VSR_OK;
}

vsr_code plan_save(const struct plan *plan, int dir_fd, const char *name, vsr_error *error)
{
    const char *last = strrchr(name, '/');
    last = last != NULL ? last + 1 : name;
    struct buffer hidden = {0};
    buffer_printf(&hidden, "%.*s.%s.part", (int)(last - name), name, last);
    buffer_add_char(&hidden, '\0');
    vsr_code code = io_check_replaceable(dir_fd, name, VSR_ERR_DEST_IO, error);
    if (code != VSR_OK) {
        buffer_free(&hidden);
        return code;
    }
    code = save_hidden(plan, dir_fd, hidden.p, name, error);
    if (code != VSR_OK) {
        (void)unlinkat(dir_fd, hidden.p, 0);
    }
    buffer_free(&hidden);
    return code;
}

/* --- loading --- */

#define NO_FILE "it is no regular file, and a plan is read more than once: write it into one"

/* Of a path that was typed: one at which no file stands is no plan of anything (ruling 10). */
vsr_code plan_is_binary(const char *path, bool *binary, vsr_error *error)
{
    OWN(fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        const vsr_code code = err_place_code(errno);
        return err_sys(error, code == VSR_ERR_SELECTION ? code : VSR_ERR_RUN_FOREIGN, "plan/file",
                       "cannot open the plan %s", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(error, VSR_ERR_SELECTION, "plan/file", "cannot use the plan %s: " NO_FILE,
                       path);
    }
    char magic[8] = {0};
    const ssize_t got = pread(fd, magic, sizeof magic, 0);
    *binary = got == (ssize_t)sizeof magic && memcmp(magic, PLAN_MAGIC, sizeof magic) == 0;
    return VSR_OK;
}

vsr_code plan_file_map(const char *path, struct view *out, vsr_error *error)
{
    OWN(fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return err_sys(error, VSR_ERR_RUN_FOREIGN, "plan/file", "cannot open the plan %s", path);
    }
    if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, "plan/file", "cannot use the plan %s: %s", path,
                       S_ISREG(st.st_mode) ? "it is empty" : NO_FILE);
    }
    char *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        /* GCOVR_EXCL_START: it is a regular file, open to read */
        heap_require(errno == ENOMEM ? NULL : path);
        return err_sys(error, VSR_ERR_RUN_FOREIGN, "plan/file", "cannot map the plan %s", path);
        /* GCOVR_EXCL_STOP */
    }
    *out = (struct view){bytes, (size_t)st.st_size};
    return VSR_OK;
}

void plan_file_unmap(struct view mapped)
{
    (void)munmap((void *)(uintptr_t)mapped.p, mapped.n);
}

static vsr_code load_fault(const char *path, const char *what, vsr_error *error)
{
    return err_set(error, VSR_ERR_RUN_FOREIGN, "plan/file", "cannot use the plan %s: %s", path,
                   what);
}

/* Point the plan's arrays into the mapping. NULL, or what is wrong. */
static const char *load_sections(struct plan *plan, const char *bytes, uint64_t size)
{
    struct plan_header header;
    memcpy(&header, bytes, sizeof header);
    struct plan_header want;
    header_fill(&want, plan); /* an empty plan: what is fixed */
    if (header.format != PLAN_FORMAT || header.header_bytes != sizeof header ||
        header.section_count != PLAN_SECTIONS) {
        return "it is of another format";
    }
    memcpy(plan->set_uuid.bytes, header.set_uuid, sizeof header.set_uuid);
    memcpy(plan->index_xxh3, header.index_xxh3, sizeof header.index_xxh3);
    memcpy(plan->documents_xxh3, header.documents_xxh3, sizeof header.documents_xxh3);
    plan->set_path = header.set_path;
    plan->bytes = header.bytes;
    plan->refused_units = header.refused_units;
    uint64_t at = align_up(sizeof header);
    uint64_t places[PLAN_SECTIONS];
    for (int s = 0; s < PLAN_SECTIONS; s++) {
        if (header.sections[s].record_bytes != want.sections[s].record_bytes ||
            header.sections[s].count == MARK_NONE) {
            return "it is of another format";
        }
        places[s] = at; /* 2^32 records of less than 2^8 bytes each: no overflow in 64 bits */
        at += align_up((uint64_t)header.sections[s].count * header.sections[s].record_bytes);
    }
    if (at + HASH_BYTES != size) {
        return "its length is not what its header says";
    }
#define X(array, one, type)                                                                        \
    plan->one##_count = header.sections[SECTION_##array].count;                                    \
    plan->array = (const struct type *)(const void *)(bytes + places[SECTION_##array]);
    PLAN_ARRAYS(X)
#undef X
    plan->text_bytes = header.sections[SECTION_text].count;
    plan->text = bytes + places[SECTION_text];
    return NULL;
}

static const char *load_check_hash(const char *bytes, uint64_t size)
{
    uint8_t hash[HASH_BYTES];
    part_hash_bytes(bytes, (size_t)(size - HASH_BYTES), hash);
    return memcmp(hash, bytes + size - HASH_BYTES, HASH_BYTES) == 0
               ? NULL
               : "its checksum does not match: it is damaged";
}

vsr_code plan_load(struct plan **out, const char *path, vsr_error *error)
{
    struct view file = VIEW_NONE;
    vsr_code code = plan_file_map(path, &file, error);
    if (code != VSR_OK) {
        return code;
    }
    const char *what = NULL;
    if (file.n < sizeof(struct plan_header) + HASH_BYTES ||
        memcmp(file.p, PLAN_MAGIC, sizeof PLAN_MAGIC - 1) != 0) {
        what = "it is no binary plan";
    }
    struct plan sections = {0};
    what = what == NULL ? load_check_hash(file.p, file.n) : what;
    what = what == NULL ? load_sections(&sections, file.p, file.n) : what;
    struct plan *plan = heap_alloc(1, sizeof *plan);
    *plan = what == NULL ? sections : (struct plan){0};
    plan->mapping = (void *)(uintptr_t)file.p;
    plan->mapping_bytes = file.n;
    code = what == NULL ? plan_check(plan, error) : load_fault(path, what, error);
    if (code != VSR_OK) {
        plan_free(plan);
        return code;
    }
    *out = plan;
    return VSR_OK;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL) {
        return;
    }
    if (plan->mapping != NULL) {
        (void)munmap(plan->mapping, plan->mapping_bytes);
    }
    if (plan->owned != NULL) {
        plan_build_free(plan->owned);
        free(plan->owned);
    }
    free(plan);
}
