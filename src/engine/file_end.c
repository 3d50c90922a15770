/* file_end.c - a planned file's last step: whole or removed, its further names, its row.
 *
 * Done by whichever worker brings the file's countdown to zero; nobody else touches the file's
 * row or name after that. Says nothing about publishing. */
#include "engine/worker.h"

#include "base/limits.h"
#include "media/foreign.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum outcome outcome_of_errno(int os_errno)
{
    return os_errno == ENOSPC || os_errno == EDQUOT ? OUTCOME_DEST_FULL : OUTCOME_DEST_ERROR;
}

/* What was counted piece by piece already, so that large files are not seen at their ends alone. */
static uint64_t bytes_counted(const struct worker *worker, uint32_t file, bool was_small)
{
    const struct plan_file *f = &worker->input->plan->files[file];
    const struct media_set *set = worker->input->set;
    if (was_small || stage_is_ranged(f) || f->kind == KIND_DIRECTORY ||
        worker->table->role[file] != FILE_DATA) {
        return 0;
    }
    const struct index_entry *e = &set->index.entries[file_table_data_entry(worker->table, file)];
    uint64_t bytes = 0;
    for (uint32_t i = 0; e->kind == INDEX_FILE && i < e->chunk_count; i++) {
        bytes += foreign_chunk_bytes(set, e->file.first_chunk + i);
    }
    return bytes < f->size ? bytes : f->size;
}

static void file_set_row(struct worker *worker, uint32_t file, bool was_small)
{
    const struct plan_file *f = &worker->input->plan->files[file];
    const uint32_t fault =
        atomic_load_explicit(&worker->table->files[file].fault, memory_order_relaxed);
    struct outcome_row *row = &worker->input->rows[file];
    const bool whole = fault == 0;
    if (whole && f->kind == KIND_HARDLINK && worker->table->role[file] == FILE_DATA) {
        worker->file_loss.links++;
    }
    *row = (struct outcome_row){
        .outcome = whole ? (f->action == ACTION_STAGE ? OUTCOME_STAGED : OUTCOME_RESTORED)
                         : (uint8_t)file_fault_outcome(fault),
        .loss = whole ? meta_loss_bits(&worker->file_loss) : 0,
        .fault = file_fault_media(fault),
        .os_errno = file_fault_errno(fault),
        .bytes = whole ? f->size : 0,
    };
    if (whole) {
        meter_add(&worker->meter.files_done, 1);
        meter_add(&worker->meter.bytes_done, f->size - bytes_counted(worker, file, was_small));
        meta_loss_add(&worker->losses, &worker->file_loss);
    } else {
        meter_add(&worker->meter.files_failed, 1);
    }
    worker->file_loss = (struct meta_loss){0};
    if (whole) {
        marks_file(worker->input->marks, file, outcome_row_content(row));
    }
}

static void file_remove(struct worker *worker, uint32_t file)
{
    if (worker->input->discard || worker->input->plan->files[file].kind == KIND_DIRECTORY) {
        return;
    }
    const struct open_directory *directory = worker_directory(worker, file);
    if (directory != NULL) {
        (void)unlinkat(directory->fd, directory->where.name, 0); /* may never have been made */
    }
}

static int file_link(struct worker *worker, uint32_t owner, uint32_t name)
{
    const struct open_directory *from = worker_directory(worker, owner);
    if (from == NULL) {
        return errno;
    }
    const uint64_t from_key = from->where.key;
    /* copied, because the two may share a directory */
    memcpy(worker->owner_name, from->where.name, strlen(from->where.name) + 1);
    const struct open_directory *to = worker_directory(worker, name);
    if (to == NULL) {
        return errno;
    }
    const int from_fd = to->where.key == from_key ? to->fd : from->fd;
    if (linkat(from_fd, worker->owner_name, to->fd, to->where.name, 0) == 0) {
        return 0;
    }
    if (errno == EEXIST && unlinkat(to->fd, to->where.name, 0) == 0 &&
        linkat(from_fd, worker->owner_name, to->fd, to->where.name, 0) == 0) {
        return 0;
    }
    return errno;
}

/* The further names share the owner's data, and its fate. */
static void file_end_names(struct worker *worker, uint32_t owner)
{
    struct file_table *table = worker->table;
    worker->file_loss = (struct meta_loss){0}; /* the owner's */
    const uint32_t fault = atomic_load_explicit(&table->files[owner].fault, memory_order_relaxed);
    for (uint32_t name = table->next_name[owner]; name != MARK_NONE;
         name = table->next_name[name]) {
        if (table->role[name] == FILE_PART) {
            file_set_row(worker, name, false);
            continue;
        }
        if (fault != 0) {
            file_table_take_fault(table, name, fault);
        } else if (!worker->input->discard) {
            const int linking = file_link(worker, owner, name);
            if (linking != 0) {
                file_table_fault(table, name, outcome_of_errno(linking), linking);
            }
        }
        file_set_row(worker, name, false);
    }
}

/* Records of one destination are whole together: they are of one unit. */
static bool file_has_failed(const struct worker *worker, uint32_t file)
{
    const struct file_table *table = worker->table;
    bool failed = file_table_has_fault(table, file);
    for (uint32_t i = table->next_name[file]; i != MARK_NONE; i = table->next_name[i]) {
        failed = failed || (table->role[i] == FILE_PART && file_table_has_fault(table, i));
    }
    return failed;
}

/* How long it took. */
static void file_time(struct worker *worker, uint32_t file, bool was_small)
{
    const uint32_t now_ms = slow_now_ms();
    const uint32_t began_ms = was_small
                                  ? worker->file_ms
                                  : slow_starts_of(&worker->claims->starts, file, worker->file_ms);
    slow_list_add(&worker->slow, file, now_ms - began_ms);
    worker->file_ms = now_ms;
}

/* Cut short by a stop alone: what is marked as written is gone on with by another process. */
static bool file_is_put_off(const struct worker *worker, uint32_t file)
{
    const uint32_t fault =
        atomic_load_explicit(&worker->table->files[file].fault, memory_order_relaxed);
    return worker->input->marks != NULL && file_fault_outcome(fault) == OUTCOME_CANCELLED;
}

void file_pieces_done(struct worker *worker, uint32_t file, uint32_t count, bool whole_already)
{
    struct file_table *table = worker->table;
    file = stage_target(worker->input->plan, file);
    if (!file_table_count_down(table, file, count)) {
        return;
    }
    bool failed = file_has_failed(worker, file);
    if (!whole_already && !worker->input->discard && !failed) {
        const int fault = large_file_finish(worker, file);
        if (fault != 0) {
            file_table_fault(table, file, outcome_of_errno(fault), fault);
            failed = true;
        }
    }
    if (failed && !file_is_put_off(worker, file)) {
        file_remove(worker, file);
    }
    const struct meta_loss loss = worker->file_loss;
    file_end_names(worker, file);
    worker->file_loss = loss;
    file_set_row(worker, file, whole_already); /* whoever finds its mark finds those of its names */
    /* only now may the file's group be published: its staged name was needed for the others */
    for (uint32_t name = table->next_name[file]; name != MARK_NONE;) {
        const uint32_t next = table->next_name[name];
        file_table_end(table, name);
        name = next;
    }
    file_time(worker, file, whole_already);
    meter_mark(&worker->meter, WORK_METADATA);
    file_table_end(table, file);
}
