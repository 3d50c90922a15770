/* file_table.c - roles and countdowns of planned files, made before the workers start.
 *
 * Decides which name of a hard-linked file brings the data: the plan's owner if it is staged on
 * the same mount, else the first name that is. */
#include "engine/file_table.h"

#include "base/hash_map.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

uint32_t file_table_group(const struct file_table *table, uint32_t file)
{
    const struct stage *stage = table->input->stage;
    return stage == NULL ? 0 : stage->unit_group[table->input->plan->files[file].unit];
}

uint32_t file_table_data_entry(const struct file_table *table, uint32_t file)
{
    return stage_data_entry(&table->input->set->index, table->input->plan->files[file].entry);
}

/* --- roles --- */

static bool table_is_active(const struct file_table *table, uint32_t file)
{
    const struct engine_input *input = table->input;
    const struct plan_file *f = &input->plan->files[file];
    return (input->skip == NULL || input->skip[file] == 0) && f->action != ACTION_NONE &&
           input->plan->units[f->unit].refusal == REFUSAL_NONE;
}

static uint32_t table_mount(const struct file_table *table, uint32_t file)
{
    return table->input->stage == NULL ? 0 : stage_file_mount(table->input->stage, file);
}

static bool table_can_link(const struct file_table *table, uint32_t from, uint32_t to)
{
    const struct stage *stage = table->input->stage;
    const uint32_t mount = table_mount(table, from);
    return mount == table_mount(table, to) &&
           (stage == NULL || stage->mounts[mount].abilities.hard_links);
}

struct stand_in_key {
    uint32_t owner;
    uint32_t mount;
};

struct stand_ins { /* names that bring the data because their owner cannot */
    const struct file_table *table;
    struct hash_map map;
};

static bool stand_in_equal(const void *context, const void *key, uint32_t file)
{
    const struct file_table *table = context;
    const struct stand_in_key *k = key;
    return table->input->plan->files[file].link_owner == k->owner &&
           table_mount(table, file) == k->mount;
}

static void table_add_name(struct file_table *table, uint32_t owner, uint32_t name)
{
    table->role[name] = FILE_NAME;
    table->next_name[name] = table->next_name[owner];
    table->next_name[owner] = name;
}

static void table_set_link(struct file_table *table, struct hash_map *stand_ins, uint32_t file)
{
    const struct plan *plan = table->input->plan;
    const uint32_t owner = plan->files[file].link_owner;
    if (owner < plan->file_count && table->role[owner] == FILE_DATA &&
        plan->files[owner].kind != KIND_HARDLINK && table_can_link(table, owner, file)) {
        table_add_name(table, owner, file);
        return;
    }
    const struct stand_in_key key = {owner, table_mount(table, file)};
    const uint64_t hash = hash_bytes(&key, sizeof key);
    const uint32_t found = hash_map_find(stand_ins, hash, &key, stand_in_equal, table);
    if (found != MARK_NONE && table_can_link(table, found, file)) {
        table_add_name(table, found, file);
        return;
    }
    table->role[file] = FILE_DATA;
    table->split_links++;
    if (found == MARK_NONE) {
        hash_map_add(stand_ins, hash, file);
    }
}

/* Further records of one directed destination. */
static void table_set_part(struct file_table *table, uint32_t file)
{
    const struct plan *plan = table->input->plan;
    const uint32_t first = stage_target(plan, file);
    if (first == file || table->role[file] != FILE_DATA) {
        return;
    }
    table->role[file] = FILE_LEFT_ALONE;
    if (table->role[first] == FILE_DATA) {
        table->role[file] = FILE_PART;
        table->next_name[file] = table->next_name[first];
        table->next_name[first] = file;
    }
}

static void table_set_roles(struct file_table *table)
{
    const struct plan *plan = table->input->plan;
    struct hash_map stand_ins = {0};
    for (uint32_t i = 0; i < plan->file_count; i++) {
        table->next_name[i] = MARK_NONE;
        if (plan->files[i].kind != KIND_HARDLINK && table_is_active(table, i)) {
            table->role[i] = FILE_DATA;
        }
    }
    for (uint32_t i = 0; i < plan->file_count; i++) {
        table_set_part(table, i);
        if (plan->files[i].kind == KIND_HARDLINK && table_is_active(table, i)) {
            table_set_link(table, &stand_ins, i);
        }
    }
    hash_map_free(&stand_ins);
}

/* What an interrupted run has staged keeps its owner and names, and nobody makes it again. */
static void table_leave_held(struct file_table *table)
{
    const struct engine_input *input = table->input;
    for (uint32_t i = 0; input->held != NULL && i < input->plan->file_count; i++) {
        if (input->held[i] != 0) {
            table->role[i] = FILE_LEFT_ALONE;
            table->next_name[i] = MARK_NONE;
        }
    }
}

bool file_table_is_begun(void *context, uint32_t file)
{
    const struct file_table *table = context;
    struct stat facts;
    struct stage_where where = {.key = STAGE_KEY_NONE,
                                .path = heap_alloc(STAGE_PATH_BYTES_MAX, 1),
                                .name = heap_alloc(WIN_NAME_BYTES_MAX + 1u, 1)};
    bool begun = false;
    if (stage_place(table->input->stage, file, &where)) {
        OWN(fd) fd = root_openat(where.base_fd, where.path, O_PATH | O_DIRECTORY, 0);
        begun = fd >= 0 && fstatat(fd, where.name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(facts.st_mode);
    }
    free(where.path);
    free(where.name);
    return begun;
}

/* --- groups --- */

static void table_announce(struct file_table *table, uint32_t group)
{
    const uint64_t one = 1;
    const uint32_t at = atomic_fetch_add_explicit(&table->ended_count, 1, memory_order_relaxed);
    atomic_store_explicit(&table->ended[at], group + 1, memory_order_release);
    (void)!write(table->event_fd, &one, sizeof one); /* full: it is awake already */
}

static void table_count_groups(struct file_table *table)
{
    const struct engine_input *input = table->input;
    for (uint32_t i = 0; i < input->plan->file_count; i++) {
        const struct plan_file *f = &input->plan->files[i];
        if (table->role[i] != FILE_LEFT_ALONE) {
            table->group_remaining[file_table_group(table, i)]++;
        } else if (f->action == ACTION_NONE && (input->skip == NULL || input->skip[i] == 0)) {
            input->rows[i].outcome = OUTCOME_PRESENT;
        }
    }
    for (uint32_t i = 0; i < table->group_count; i++) {
        if (atomic_load_explicit(&table->group_remaining[i], memory_order_relaxed) == 0) {
            table_announce(table, i);
        }
    }
}

vsr_code file_table_init(struct file_table *table, const struct engine_input *input,
                         vsr_error *error)
{
    const size_t files = input->plan->file_count + 1u;
    *table = (struct file_table){.input = input, .event_fd = -1};
    table->group_count = input->stage == NULL ? 1 : input->stage->group_count;
    table->files = heap_alloc(files, sizeof *table->files);
    table->next_name = heap_alloc(files, sizeof *table->next_name);
    table->role = heap_alloc(files, sizeof *table->role);
    table->group_remaining = heap_alloc(table->group_count + 1u, sizeof *table->group_remaining);
    table->ended = heap_alloc(table->group_count + 1u, sizeof *table->ended);
    table->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (table->event_fd < 0) {
        return err_sys(error, VSR_ERR_MEMORY, "engine/file_table", "cannot make an eventfd");
    }
    table_set_roles(table);
    table_leave_held(table);
    table_count_groups(table);
    return VSR_OK;
}

void file_table_fini(struct file_table *table)
{
    if (table->event_fd >= 0) {
        (void)close(table->event_fd);
    }
    free(table->files);
    free(table->next_name);
    free(table->role);
    free(table->group_remaining);
    free(table->ended);
    *table = (struct file_table){.event_fd = -1};
}

/* --- on the workers --- */

void file_table_take_fault(struct file_table *table, uint32_t file, uint32_t fault)
{
    uint32_t none = 0;
    (void)atomic_compare_exchange_strong_explicit(&table->files[file].fault, &none, fault,
                                                  memory_order_relaxed, memory_order_relaxed);
}

bool file_table_count_down(struct file_table *table, uint32_t file, uint32_t count)
{
    return atomic_fetch_sub_explicit(&table->files[file].remaining, count, memory_order_acq_rel) ==
           count;
}

void file_table_end(struct file_table *table, uint32_t file)
{
    const uint32_t group = file_table_group(table, file);
    if (atomic_fetch_sub_explicit(&table->group_remaining[group], 1, memory_order_acq_rel) == 1) {
        table_announce(table, group);
    }
}
