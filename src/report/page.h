/* page.h - the report of a run as one HTML page: nothing is loaded from elsewhere, and it can be
 * read without its script, which sorts and filters.
 *
 * What a page says is gathered by run/run_page.h; here is only how it looks. Every text on it that
 * is not ours is shown (base/show.h) and escaped. Pure. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/arena.h"
#include "base/buffer.h"

enum { PAGE_FILES_MAX = 2000, PAGE_TOP_MAX = 10, PAGE_PHASES_MAX = 16 };
enum { PAGE_UNFOLDED_MAX = 10, PAGE_ROWS_SEEN_MAX = 50 }; /* of what follows; without scrolling */

struct page_unit {
    struct view writer, name; /* name absent: files of no component */
    struct view status;       /* "ALL", "NONE", "FAILED"; absent: the run has not ended */
    struct view error, cause, detail, verdict, rule;
    bool whole; /* all that was planned of it is there, whatever its status */
    uint64_t files, whole_files, bytes;
    uint64_t staged_bytes; /* of these: of files that did not come to their places */
};

struct page_file { /* that is not as planned */
    uint32_t unit;
    struct view source;
    struct view outcome, why;
    uint64_t bytes; /* as planned, whatever was written of them */
    bool is_cause;  /* it failed of itself */
    bool followed;  /* it is not restored since others failed, or the run was stopped */
};

struct page_top { /* one of the largest or slowest */
    uint32_t unit;
    struct view source;
    uint64_t bytes;
    uint64_t ms;
    bool is_staged; /* and no more than that */
};

struct page_phase {
    struct view name;
    uint64_t ns;
};

struct page_sample {
    uint64_t ms, bytes, files;
};

struct page { /* everything in the arena */
    struct arena arena;
    struct view run, run_dir, set, set_path, version;
    bool running;   /* a process is at work on it now: what it did before is not looked at */
    bool ended;     /* there is a summary */
    bool discarded; /* the null sink */
    bool own_media; /* set_path is a plan that brings stored files of its own */
    bool pending_reboot;
    int exit_code;
    uint64_t planned_files, planned_bytes;
    uint64_t restored, skipped, failed, not_started, bytes, verified, losses;
    uint64_t elapsed_ns;
    struct page_unit *units;
    uint32_t unit_count;
    uint64_t units_all, units_none, units_failed;
    struct page_file *files; /* at most PAGE_FILES_MAX */
    uint32_t file_count;
    uint64_t odd_files, followed_files; /* how many there are in all: without; that followed */
    struct page_top largest[PAGE_TOP_MAX], slowest[PAGE_TOP_MAX];
    uint32_t largest_count, slowest_count;
    struct page_phase workers[PAGE_PHASES_MAX], control[PAGE_PHASES_MAX];
    uint32_t worker_phases, control_phases, worker_count;
    struct page_sample *samples;
    uint32_t sample_count;
    struct view *actions; /* "writer: what" */
    uint32_t action_count;
    struct view *notes;
    uint32_t note_count;
    struct view *places; /* "C: -> /mnt/c (direct)" */
    uint32_t place_count;
};

/* The page, added to out. */
void page_render(const struct page *page, struct buffer *out);

/* --- parts, for page.c --- */

/* Text as it may stand in an element or an attribute. */
void page_text(struct buffer *out, struct view text);
void page_literal(struct buffer *out, const char *markup);
void page_unit_name(struct buffer *out, const struct page *page, uint32_t unit);
void page_render_units(struct buffer *out, const struct page *page);
void page_render_files(struct buffer *out, const struct page *page);
void page_render_tops(struct buffer *out, const struct page *page);
void page_render_charts(struct buffer *out, const struct page *page);
void page_render_phases(struct buffer *out, const struct page *page);

/* Made from page.css and page.js by embed.py. */
extern const char page_style[], page_script[], page_policy[];

#endif
