/* row_check.h - numbers by which rows that have rotted, or were torn, are told from those that a
 * process of the run left. Any thread; pure. */
#ifndef RUN_ROW_CHECK_H
#define RUN_ROW_CHECK_H

#include "plan/outcome.h"
#include "plan/plan.h"

#include <stdbool.h>

/* Of a unit that has ended, for its commit in the journal: of all in its rows but what may yet
 * change, which is what directories lost, and whether a destination's error was a refusal. */
uint64_t row_check_unit(const struct plan *plan, uint32_t unit, const struct outcome_row *rows);

/* Has each of these rows an outcome that there is? Whatever its checks say: who can write rows can
 * write a journal that fits them. */
bool row_check_known(const struct outcome_row *rows, uint32_t count);

/* Of all rows, for the last record of a process. */
uint64_t row_check_all(const struct plan *plan, const struct outcome_row *rows);

#endif
