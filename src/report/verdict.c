/* verdict.c - the tables that turn outcomes into sums, causes and the exit code. They decide
 * nothing that is not in the contract; what is on disk is told to them. */
#include "report/verdict.h"

#include "base/bug.h"

#include <errno.h>

/* clang-format off */
static const struct {
    enum outcome_sum sum;
    bool whole;
    vsr_code cause; /* DEST_IO and MEDIA stand for what the errno says more exactly */
} outcomes[OUTCOME_COUNT] = { /* contract, section 5 */
    [OUTCOME_NOT_STARTED]   = {SUM_NOT_STARTED, false, VSR_OK},
    [OUTCOME_RESTORED]      = {SUM_RESTORED,    true,  VSR_OK},
    [OUTCOME_PRESENT]       = {SUM_SKIPPED,     true,  VSR_OK},
    [OUTCOME_STAGED]        = {SUM_RESTORED,    true,  VSR_OK},
    [OUTCOME_WITHDRAWN]     = {SUM_FAILED,      false, VSR_OK},
    [OUTCOME_MEDIA_CORRUPT] = {SUM_FAILED,      false, VSR_ERR_MEDIA},
    [OUTCOME_MEDIA_MISSING] = {SUM_FAILED,      false, VSR_ERR_MEDIA},
    [OUTCOME_DEST_ERROR]    = {SUM_FAILED,      false, VSR_ERR_DEST_IO},
    [OUTCOME_DEST_FULL]     = {SUM_FAILED,      false, VSR_ERR_DEST_FULL},
    [OUTCOME_REFUSED]       = {SUM_FAILED,      false, VSR_OK},
    [OUTCOME_CANCELLED]     = {SUM_NOT_STARTED, false, VSR_OK},
};
/* clang-format on */

enum outcome_sum verdict_sum(enum outcome outcome)
{
    VSR_REQUIRE(outcome < OUTCOME_COUNT);
    return outcomes[outcome].sum;
}

bool verdict_is_whole(enum outcome outcome)
{
    VSR_REQUIRE(outcome < OUTCOME_COUNT);
    return outcomes[outcome].whole;
}

vsr_code verdict_cause(enum outcome outcome, int os_errno)
{
    VSR_REQUIRE(outcome < OUTCOME_COUNT);
    const vsr_code cause = outcomes[outcome].cause;
    if (cause == VSR_ERR_DEST_IO) {
        return err_dest_code(os_errno);
    }
    if (cause == VSR_ERR_MEDIA && os_errno != 0 && os_errno != ENOENT && os_errno != EISDIR &&
        os_errno != ESPIPE && os_errno != ELOOP) {
        return VSR_ERR_MEDIA_UNREADABLE; /* the system could not read it; it may be sound */
    }
    return cause;
}

vsr_code verdict_refusal_cause(enum refusal refusal)
{
    return refusal == REFUSAL_NO_SPACE ? VSR_ERR_DEST_FULL : VSR_OK;
}

int verdict_exit_code(const struct verdict_facts *facts)
{
    if (facts->signal_number != 0) {
        return 128 + facts->signal_number;
    }
    if (facts->run_failed == VSR_ERR_BUG) {
        return -VSR_ERR_BUG;
    }
    if (facts->first_cause != VSR_OK) {
        return -facts->first_cause;
    }
    if (facts->run_failed != VSR_OK && facts->run_failed != VSR_ERR_CANCELLED) {
        return -facts->run_failed;
    }
    if (facts->any_failed) {
        return 4;
    }
    if (facts->any_none) {
        return 3;
    }
    if (facts->pending_reboot) {
        return 5;
    }
    return facts->any_loss ? 1 : 0;
}
