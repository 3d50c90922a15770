/* report.h - what happened: totals, the status of each unit, the exit code. */
#ifndef VSSRESTORE_REPORT_H
#define VSSRESTORE_REPORT_H

#include "vssrestore/set.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vsr_report vsr_report;

typedef struct vsr_summary {
    int exit_code;                                   /**< interface contract, section 7 */
    uint64_t restored, skipped, failed, not_started; /**< add up to the planned files */
    uint64_t bytes;
    uint64_t units, units_all, units_none, units_failed;
    uint64_t losses; /**< metadata that the media hold and the target did not get */
    int pending_reboot;
    uint64_t elapsed_ns;
} vsr_summary;

typedef struct vsr_unit_result {
    const char *writer;       /**< friendly name                    */
    const char *logical_path; /**< or NULL                          */
    const char *component;
    const char *status; /**< "ALL", "NONE", "FAILED"          */
    const char *error;  /**< a name of the contract, or NULL  */
    const char *detail; /**< a sentence, or NULL              */
} vsr_unit_result;

VSR_API void vsr_report_summary(const vsr_report *report, vsr_summary *summary);
/** unit < summary.units. Strings are good while the report lives. */
VSR_API void vsr_report_unit(const vsr_report *report, uint64_t unit, vsr_unit_result *result);
/** The run folder's path. */
VSR_API const char *vsr_report_run_dir(const vsr_report *report);
/** JSON: the one `summary` line of the contract, section 5. Text: for people. */
VSR_API vsr_code vsr_report_render(const vsr_report *report, vsr_format format, vsr_sink sink,
                                   void *context, vsr_error *error);
/** The `summary` line of a restore that ended with exit_code before it began: no unit, no file.
 *  Takes no memory, so that who has none left can say that, too. */
VSR_API vsr_code vsr_report_render_none(int exit_code, vsr_sink sink, void *context,
                                        vsr_error *error);
/** Where the run's time went: for each worker what it was busy with, for the calling thread each
 *  phase; measured in every run. JSON: one object, as `profile.json` of the run folder and, with
 *  vsr_restore_options.profile, `profile` of the summary have it: times in nanoseconds, the parts
 *  of each worker add up to `pipeline_ns`, those of `control` to `elapsed_ns`. Small files are
 *  timed together and divided by samples. Text: a table, and how large files were written to each
 *  volume. Nothing, if the run ended before it was measured. */
VSR_API vsr_code vsr_report_profile(const vsr_report *report, vsr_format format, vsr_sink sink,
                                    void *context, vsr_error *error);
/** The report of a run as one HTML page that needs nothing else: run_dir is its run folder, and
 *  the run may have been killed. @retval VSR_ERR_SELECTION it is no run folder. */
VSR_API vsr_code vsr_report_page(const char *run_dir, vsr_sink sink, void *context,
                                 vsr_error *error);
VSR_API void vsr_report_free(vsr_report *report);

#ifdef __cplusplus
}
#endif
#endif
