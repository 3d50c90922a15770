/* run_page.h - what stands in a run folder, as the report page wants it. */
#ifndef RUN_RUN_PAGE_H
#define RUN_RUN_PAGE_H

#include "report/page.h"

/* Read run.json, summary.json, profile.json and report.jsonl of the run folder; all but the first
 * may be missing, as after a kill. *out: page->arena is the caller's to free, also on failure.
 * Errors: SELECTION: there is no such folder, or it is none of a run. */
vsr_code run_page_read(struct page *out, const char *folder, vsr_error *error);

#endif
