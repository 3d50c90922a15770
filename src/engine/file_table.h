/* file_table.h - what the engine keeps for each planned file and each publish group.
 *
 * Made on the control thread; then workers share, of each file, the count of pieces that remain
 * and the first fault, and of each group the count of files that remain. Who brings a file's
 * count to zero finishes it alone, with all that the others wrote visible to him. */
#ifndef ENGINE_FILE_TABLE_H
#define ENGINE_FILE_TABLE_H

#include "engine/engine.h"

#include <stdatomic.h>

struct file_state {
    _Atomic uint32_t remaining; /* pieces */
    _Atomic uint32_t fault;     /* a file_fault; 0: none. The first one stays */
};

/* Why a file fails, in one word: enum outcome << 24 | its fault (struct outcome_row) << 16 |
 * errno. */
static inline uint32_t file_fault(enum outcome outcome, unsigned media_fault, int os_errno)
{
    return (uint32_t)outcome << 24 | (media_fault & 0xffu) << 16 | ((uint32_t)os_errno & 0xffffu);
}
static inline enum outcome file_fault_outcome(uint32_t fault)
{
    return (enum outcome)(fault >> 24);
}
static inline uint8_t file_fault_media(uint32_t fault)
{
    return (uint8_t)(fault >> 16 & 0xffu);
}
static inline int32_t file_fault_errno(uint32_t fault)
{
    return (int32_t)(fault & 0xffffu);
}

enum file_role {
    FILE_LEFT_ALONE, /* skipped, refused, staged already, or nothing to do */
    FILE_DATA,       /* made and written here */
    FILE_PART,       /* ranges into the staged file of another record, which stands before it */
    FILE_NAME        /* a further name of another planned file, linked when that one is whole */
};

struct file_table {
    const struct engine_input *input;
    struct file_state *files;
    uint32_t *next_name; /* chain of names, or of further records of ranges, from a file that owns
                            data; MARK_NONE ends */
    uint8_t *role;       /* enum file_role */
    uint32_t group_count;
    _Atomic uint32_t *group_remaining;
    _Atomic uint32_t *ended; /* groups + 1, in the order in which they ended */
    _Atomic uint32_t ended_count;
    int event_fd;
    uint32_t split_links; /* names that became files of their own: losses */
};

vsr_code file_table_init(struct file_table *table, const struct engine_input *input,
                         vsr_error *error);
void file_table_fini(struct file_table *table);

/* The group of a planned file; without a stage all are in group 0. */
uint32_t file_table_group(const struct file_table *table, uint32_t file);

/* The media entry with the file's data. */
uint32_t file_table_data_entry(const struct file_table *table, uint32_t file);

/* Is a regular file staged for it, by an interrupted run? Before workers start; context is the
 * table (marks_carry). */
bool file_table_is_begun(void *context, uint32_t file);

/* Remember why a file fails; the first cause stays. Any worker. */
void file_table_take_fault(struct file_table *table, uint32_t file, uint32_t fault);
static inline void file_table_fault(struct file_table *table, uint32_t file, enum outcome outcome,
                                    int os_errno)
{
    file_table_take_fault(table, file, file_fault(outcome, 0, os_errno));
}
static inline bool file_table_has_fault(const struct file_table *table, uint32_t file)
{
    return atomic_load_explicit(&table->files[file].fault, memory_order_relaxed) != 0;
}

/* count pieces of a file are done: true for who did the last of them. */
bool file_table_count_down(struct file_table *table, uint32_t file, uint32_t count);

/* A file has its row: the group's count falls, and the control thread is told at zero. */
void file_table_end(struct file_table *table, uint32_t file);

#endif
