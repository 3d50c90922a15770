/* row_check.c - rows hashed block by block, each with the number so far. What follows from a number
 * that differs is run/resume.c's business. */
#include "run/row_check.h"

#include "base/hash_map.h"

#include <string.h>

enum { BLOCK_ROWS = 256 };

uint64_t row_check_unit(const struct plan *plan, uint32_t unit, const struct outcome_row *rows)
{
    const struct plan_unit *u = &plan->units[unit];
    struct {
        uint64_t check; /* so far */
        struct outcome_row rows[BLOCK_ROWS];
    } block = {.check = unit};
    for (uint32_t at = 0; at < u->file_count; at += BLOCK_ROWS) {
        const uint32_t left = u->file_count - at;
        const uint32_t count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        memcpy(block.rows, rows + u->first_file + at, count * sizeof *rows);
        for (uint32_t i = 0; i < count; i++) {
            struct outcome_row *row = &block.rows[i];
            const bool directory = plan->files[u->first_file + at + i].kind == KIND_DIRECTORY;
            row->loss = directory ? 0 : row->loss;
            row->outcome = row->outcome == OUTCOME_DEST_ERROR ? OUTCOME_REFUSED : row->outcome;
        }
        block.check = hash_bytes(&block, sizeof block.check + count * sizeof *rows);
    }
    return block.check;
}

bool row_check_known(const struct outcome_row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].outcome >= OUTCOME_COUNT) {
            return false;
        }
    }
    return true;
}

uint64_t row_check_all(const struct plan *plan, const struct outcome_row *rows)
{
    return hash_bytes(rows, plan->file_count * sizeof *rows);
}
