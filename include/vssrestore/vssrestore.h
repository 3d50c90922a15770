/* vssrestore.h - libvssrestore: restore what a Windows server backed up under VSS.
 *
 * Read on in this order: error.h (how calls fail), set.h (make, open, inspect, verify a backup
 * set), plan.h (resolve the documents to one record a file), restore.h (run a plan, or restore a
 * set), writers.h (who plays the writers), report.h (what happened), walk.h (plans and rows as
 * structs), chain.h (a full set and what adds to it), pending.h (what waits for the next boot),
 * control.h (a run that goes on), text.h (names that are fit to be printed), file.h (files of a
 * front end's own), media.h (a set that is no folder: a front end's own functions read it). A whole
 * restore:
 *
 *     vsr_error error = {0};
 *     vsr_set *set = NULL;
 *     vsr_plan *plan = NULL;
 *     vsr_report *report = NULL;
 *     vsr_choices choices = {.size = sizeof choices, .root = "/mnt/restore"};
 *     vsr_restore_options options = {.size = sizeof options};
 *     if (vsr_set_open(&set, "/backup/set", &error) == VSR_OK &&
 *         vsr_plan_create(&plan, set, &choices, &error) == VSR_OK) {
 *         (void)vsr_restore_run(&report, plan, &options, &error);
 *     }
 *     ... vsr_report_summary(report, &summary) ...
 *     vsr_report_free(report);
 *     vsr_plan_free(plan);
 *     vsr_set_close(set);
 */
#ifndef VSSRESTORE_VSSRESTORE_H
#define VSSRESTORE_VSSRESTORE_H

#include "vssrestore/chain.h"
#include "vssrestore/control.h"
#include "vssrestore/error.h"
#include "vssrestore/file.h"
#include "vssrestore/media.h"
#include "vssrestore/pending.h"
#include "vssrestore/plan.h"
#include "vssrestore/report.h"
#include "vssrestore/restore.h"
#include "vssrestore/set.h"
#include "vssrestore/text.h"
#include "vssrestore/walk.h"
#include "vssrestore/writers.h"

#ifdef __cplusplus
extern "C" {
#endif

/** "0.1.0". Static. */
VSR_API const char *vsr_version(void);

#ifdef __cplusplus
}
#endif
#endif
