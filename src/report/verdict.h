/* verdict.h - outcomes to statuses to exit codes: the tables (rules 9.3; contract, section 7). */
#ifndef REPORT_VERDICT_H
#define REPORT_VERDICT_H

#include "base/err.h"
#include "plan/outcome.h"
#include "plan/refusal.h"
#include "vss/terms.h"

#include <stdbool.h>

/* Where a row counts in the summary: restored, skipped, failed, not_started (section 5). */
enum outcome_sum { SUM_RESTORED, SUM_SKIPPED, SUM_FAILED, SUM_NOT_STARTED };
enum outcome_sum verdict_sum(enum outcome outcome);

/* Does a unit with such a row count as whole in this respect (9.3)? */
bool verdict_is_whole(enum outcome outcome);

/* The cause that a row gives for its unit not being ALL; OK: none of its own (withdrawn ...). */
vsr_code verdict_cause(enum outcome outcome, int os_errno);

/* The cause that a refusal gives: DEST_FULL for NO_SPACE; others are answers, not faults: OK. */
vsr_code verdict_refusal_cause(enum refusal refusal);

struct verdict_facts {
    int signal_number;
    vsr_code run_failed;
    vsr_code first_cause; /* of the first unit that is not ALL and has one */
    bool any_failed, any_none, pending_reboot, any_loss;
};
/* The first that holds, in the contract's order. */
int verdict_exit_code(const struct verdict_facts *facts);

#endif
