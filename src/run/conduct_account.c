/* conduct_account.c - the end of a restore: what became of everything, told to everybody and kept
 * in the run folder. Decides nothing: statuses are report/'s. */
#include "run/conduct_inside.h"

#include "base/io.h"
#include "base/limits.h"
#include "dest/sync_child.h"
#include "run/asking.h"
#include "run/row_check.h"
#include "run/rows.h"

#include <errno.h>
#include <unistd.h>

static const char SUMMARY[] = "summary.json";
enum { SYNC_BRIEFLY_MS = 1000 }; /* beside what the destinations are waited for, within 5 s */

static uint64_t losses_sum(const struct meta_loss *loss)
{
    return (uint64_t)loss->security_descriptors + loss->streams + loss->attributes + loss->reparse +
           loss->dos_attributes + loss->owners + loss->links + loss->times;
}

static void note_interrupted(const struct conduct *c, struct report *report)
{
    struct buffer text = {0};
    char run[UUID_TEXT_BYTES];
    uuid_text(&c->folder.run, run);
    buffer_printf(&text,
                  "interrupted: `vssrestore resume %s` goes on with it; until then what is staged "
                  "stays in " OWN_FOLDER_PREFIX "%s at the top of each volume",
                  c->folder.path, run);
    report_note(report, buffer_view(&text), false);
    buffer_free(&text);
}

static void note_lost_rows(const struct conduct *c, struct report *report)
{
    struct buffer text = {0};
    buffer_printf(
        &text,
        "rows of %u components that had ended before the run was interrupted were damaged "
        "in the run folder: they are told as far as the journal knows, without what the "
        "destination could not hold of their metadata",
        c->options->resume->rows_lost);
    report_note(report, buffer_view(&text), true);
    buffer_free(&text);
}

static void note_salvaged(const struct salvage_told *told, struct report *report)
{
    struct buffer text = {0};
    if (told->saved > 0) {
        buffer_printf(&text,
                      "salvaged: what is readable of %u damaged files stands beside their places, "
                      "as NAME.salvaged, %llu bytes of it; %llu bytes are not, NAME.salvaged.json "
                      "says which",
                      told->saved, (unsigned long long)told->readable,
                      (unsigned long long)told->bad);
        report_note(report, buffer_view(&text), false);
    }
    text.n = 0;
    if (told->failed > 0) {
        buffer_printf(&text, "%u damaged files could not be salvaged, the first: %.*s",
                      told->failed, VIEW_ARG(buffer_view(&told->first)));
        report_note(report, buffer_view(&text), false);
    }
    buffer_free(&text);
}

/* With durability `end`: the originals went when each component was committed. */
static void note_unsynced(const struct conduct *c, struct report *report)
{
    struct buffer text = {0};
    buffer_printf(&text,
                  "what was restored to%.*s stands at its places, and is not known to be on the "
                  "disk; the originals of what it replaced are gone: ",
                  VIEW_ARG(buffer_view(&c->unsynced)));
    if (c->unnoted) {
        buffer_printf(&text, "`vssrestore resume %s` has it synced", c->folder.path);
    } else {
        buffer_printf(&text, "restore it again when that can be synced");
    }
    report_note(report, buffer_view(&text), false);
    buffer_free(&text);
}

static void note_left(const struct conduct *c, struct report *report)
{
    struct buffer text = {0};
    buffer_printf(&text,
                  "what had been staged of components that were refused since stays, or cannot be "
                  "looked at; they do not need it, remove it by hand: %.*s",
                  VIEW_ARG(buffer_view(&c->left)));
    report_note(report, buffer_view(&text), false);
    buffer_free(&text);
}

static void notes_tell(const struct conduct *c, struct report *report)
{
    if (c->kept.n > 0) {
        report_note(report, buffer_view(&c->kept), false);
    }
    if (c->left.n > 0) {
        note_left(c, report);
    }
    if (c->unsynced.n > 0) {
        note_unsynced(c, report);
    }
    if (c->options->resume != NULL && c->options->resume->rows_lost > 0) {
        note_lost_rows(c, report);
    }
    note_salvaged(&c->salvaged, report);
    if (conduct_signal(c) != 0 && !c->options->engine.discard) {
        note_interrupted(c, report);
    }
}

static vsr_code summary_write(const struct conduct *c, const struct report *report,
                              vsr_error *error)
{
    struct buffer summary = {0};
    report_render_summary(report, &summary);
    const vsr_code rc =
        io_replace_file(c->folder.dir_fd, SUMMARY, buffer_view(&summary),
                        c->journal.hurried ? IO_UNSYNCED : IO_SYNCED, VSR_ERR_DEST_IO, error);
    buffer_free(&summary);
    return rc;
}

/* A signal ends the run. The folder's disk is synced by a process of its own, which is waited for
 * so long and no longer: whoever goes on with the run counts nothing that rests on it. */
static void sync_briefly(const struct conduct *c)
{
    struct sync_child child;
    int fault;
    if (sync_child_open(&child, &c->folder.dir_fd, 1, NULL, SYNC_NOTER_PUBLISH) != 0) {
        return;
    }
    if (sync_child_ask(&child, 0)) {
        (void)sync_child_wait(&child, SYNC_BRIEFLY_MS, -1, &fault);
    }
    sync_child_close(&child);
}

/* open: it may be gone on with. */
static vsr_code account_end(struct conduct *c, const struct report *report, bool open,
                            vsr_error *error)
{
    if (!c->journal.hurried && fdatasync(c->folder.rows_fd) != 0) {
        return err_sys(error, err_dest_code(errno), "run/conduct", "cannot sync the rows in %s",
                       c->folder.path);
    }
    vsr_code rc = summary_write(c, report, error);
    if (rc == VSR_OK) {
        rc = journal_end(&c->journal, report->exit_code, open,
                         row_check_all(c->plan, c->folder.rows), error);
    }
    if (rc == VSR_OK && c->journal.hurried) {
        sync_briefly(c);
    }
    return rc;
}

vsr_code conduct_account(struct conduct *c, struct report *report, vsr_code moved, vsr_error *error)
{
    const bool discard = c->options->engine.discard;
    const struct report_input input = {
        .plan = c->plan,
        .set = c->set,
        .rows = c->folder.rows,
        .residue = c->units.residue,
        .refusals = c->units.refused.refusals,
        .details = c->units.refused.details,
        .discarded = discard,
        .verified_files = c->verified.files,
        .verified_bytes = c->verified.bytes,
        .destinations = c->destinations,
        .destination_count = c->destination_count,
        .losses = losses_sum(&c->losses) + c->losses_before,
        .elapsed_ns = clock_monotonic_ns() - c->began_ns,
        .pending_folders = c->held.folders,
        .pending_registered = c->held.registered,
        .signal_number = conduct_signal(c),
        .run_failed = moved,
    };
    report_fold(report, &input, view_of(c->folder.path));
    notes_tell(c, report);
    c->journal.hurried = conduct_signal(c) != 0;
    vsr_code rc =
        rows_write(&c->folder, c->plan, c->set, c->budget.workers,
                   c->options->durability != DURABILITY_NONE && !c->journal.hurried, error);
    run_profile_mark(&c->profile, CONTROL_ROWS);
    c->dialogue->options.on_asking = asking_note_service; /* for method 8 */
    c->dialogue->options.on_not_stopped = asking_strike_service;
    c->dialogue->options.asking_context = &c->journal;
    const vsr_code told =
        discard ? VSR_OK : dialogue_end(c->dialogue, c->plan, report, rc == VSR_OK ? error : NULL);
    rc = rc == VSR_OK ? told : rc;
    run_profile_mark(&c->profile, CONTROL_ASK);
    if (rc == VSR_OK && !discard && c->set->foreign == NULL) { /* else there is none */
        rc = document_out_write(c->dialogue->document, c->folder.dir_fd, DOCUMENT_FINAL,
                                c->options->bcd_out, !c->journal.hurried, error);
    }
    run_profile_mark(&c->profile, CONTROL_DOCUMENT);
    if (rc == VSR_OK) {
        rc = run_profile_tell(&c->profile, c->plan, c->set, report, c->folder.dir_fd,
                              c->options->profile, error);
    }
    /* a run folder without room fails what the destination had room for */
    const bool full = !discard && (moved == VSR_ERR_DEST_FULL || unit_states_lack_space(&c->units));
    const bool open = conduct_signal(c) != 0 || full || c->note_failed;
    rc = rc == VSR_OK ? account_end(c, report, open, error) : rc;
    if (rc != VSR_OK) { /* it is not over, and its summary, told behind this, says why */
        report_fail(report, rc);
        (void)summary_write(c, report, NULL);
    }
    return rc;
}
