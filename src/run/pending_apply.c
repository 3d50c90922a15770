/* pending_apply.c - unit by unit: check, carry out, sync, write down what became of it.
 *
 * A record is done when its source is gone and its place holds what was staged; that is looked
 * at, not remembered, so that a kill anywhere costs nothing but doing the check again. What one
 * record does stands in dest/pending.c. It restarts nothing, and never boots the machine (8.7). */
#include "run/pending_apply.h"

#include "base/cancel.h"
#include "base/clock.h"
#include "base/hash_map.h"
#include "base/heap.h"
#include "base/limits.h"
#include "report/verdict.h"
#include "run/pending_places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct application {
    struct pending_sessions sessions;
    struct pending_places *queue;
    struct pending_place *places; /* of each step; of one that cannot be reached, zeroed */
    const struct pending_apply_options *options;
    struct pending_sums *sums;
    struct verdict_facts facts;
    uint64_t cancelled_ns; /* when a sync that was waited for was cancelled; 0: not yet */
};

/* Whoever is told to end does within five seconds. */
static const uint64_t SYNC_PATIENCE_NS = 2000000000;
enum { SYNC_LOOK_MS = 50 };

static void queue_met(void *context, int dir_fd, const char *name)
{
    pending_places_add(context, dir_fd, name);
}

/* All that waits on these volumes, carried out in this call or not; and where each step goes, by
 * what is there before the first of them. */
static void queue_find(struct application *a)
{
    a->queue = pending_places_create();
    a->places = heap_alloc(a->sessions.step_count + 1u, sizeof *a->places);
    for (uint32_t i = 0; i < a->sessions.count; i++) {
        pending_places_add_session(a->queue, &a->sessions.list[i]);
    }
    for (uint32_t i = 0; i < a->sessions.count; i++) {
        pending_look_above(a->sessions.list[i].folder.top_fd, queue_met, a->queue);
    }
    pending_places_add_registered(a->queue, a->options->registry);
    for (uint32_t i = 0; i < a->sessions.step_count; i++) {
        const struct pending_step *step = &a->sessions.steps[i];
        (void)pending_locate(&step->session->folder, &step->item->record, &a->places[i]);
    }
}

static void step_end(const struct application *a, struct pending_step *step,
                     enum pending_state state, int fault)
{
    step->item->state = state;
    step->item->os_errno = fault;
    if (a->options->on_step != NULL) {
        a->options->on_step(a->options->context, step);
    }
}

/* Which faults of a place have a code of their own; the others leave the unit NONE or FAILED. */
static vsr_code step_cause(int fault)
{
    switch (fault) {
    case ENOSPC:
    case EDQUOT:
    case EPERM:
    case EACCES:
    case EROFS:
    case EXDEV:
    case ELOOP:
    case EIO:
    case EBADMSG:
        return err_dest_code(fault);
    default:
        return VSR_OK;
    }
}

struct folder_key { /* a folder that a record of the unit makes */
    const struct pending_session *session;
    struct view path;
};

static bool folder_equal(const void *context, const void *key, uint32_t number)
{
    const struct pending_step *steps = context;
    const struct folder_key *wanted = key;
    return steps[number].session == wanted->session &&
           view_equal(steps[number].item->record.dst, wanted->path);
}

/* Is the folder that a record's place stands in made by an earlier record? */
static bool parent_is_made(const struct hash_map *made, const struct pending_step *steps,
                           uint32_t number)
{
    struct folder_key key = {steps[number].session, steps[number].item->record.dst};
    while (key.path.n > 0 && key.path.p[key.path.n - 1] != '/') {
        key.path.n--;
    }
    key.path.n -= key.path.n > 0 ? 1 : 0;
    return hash_map_find(made, hash_bytes(key.path.p, key.path.n), &key, folder_equal, steps) !=
           MARK_NONE;
}

/* What was queued before goes first, or it would come over this one later (rules 8.5). */
static int turn_check(const struct application *a, const struct pending_step *step)
{
    const struct pending_session *session = step->session;
    const struct pending_place *place = &a->places[step - a->sessions.steps];
    const bool fills =
        step->item->record.op == PENDING_MOVE || step->item->record.op == PENDING_DELETE;
    const char *older = fills && view_present(place->rest)
                            ? pending_places_find(a->queue, place, &session->content.identity)
                            : NULL;
    if (older == NULL) {
        return 0;
    }
    vsr_error error = {0};
    (void)
        err_set(&error, VSR_ERR_RUN_BUSY, "run/pending",
                "%s: '%s' waits until the older work in %s is carried out, which goes to the same "
                "place; do that first, or remove that folder",
                session->path.p, step->item->record.dst.p, older);
    a->options->message(a->options->context, view_of(error.what));
    return EBUSY;
}

static int step_check(const struct application *a, struct pending_step *steps, uint32_t number,
                      struct hash_map *made)
{
    struct pending_item *item = steps[number].item;
    struct pending_finding finding;
    int fault = pending_check(&steps[number].session->folder, &item->record, &finding);
    if (fault == 0 && !finding.done) {
        fault = turn_check(a, &steps[number]);
    }
    if (fault != 0) {
        return fault;
    }
    const bool removes = item->record.op == PENDING_DELETE || item->record.op == PENDING_RMDIR;
    if (finding.parent_missing && !removes && !parent_is_made(made, steps, number)) {
        return ENOENT;
    }
    if (item->record.op == PENDING_MKDIR) {
        hash_map_add(made, hash_bytes(item->record.dst.p, item->record.dst.n), number);
    }
    item->state = finding.done ? PENDING_DONE : PENDING_WAITING;
    item->found = finding.done;
    return 0;
}

/* The check was cut short: nothing is known. */
static void unit_check_again(struct pending_step *steps, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct pending_item *item = steps[i].item;
        item->state = item->found ? PENDING_WAITING : item->state;
        item->found = false;
    }
}

/* ECANCELED: it was not checked to its end. */
static int unit_check(const struct application *a, struct pending_step *steps, uint32_t count)
{
    struct hash_map made = {0};
    int fault = 0;
    for (uint32_t i = 0; i < count && fault == 0; i++) {
        fault = steps[i].item->state == PENDING_DONE ? 0 : step_check(a, steps, i, &made);
        if (fault != 0 && fault != ECANCELED) {
            step_end(a, &steps[i], PENDING_FAILED, fault);
        }
    }
    if (fault == ECANCELED) {
        unit_check_again(steps, count);
    }
    hash_map_free(&made);
    return fault;
}

static int unit_carry_out(const struct application *a, struct pending_step *steps, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (steps[i].item->state == PENDING_DONE) {
            continue;
        }
        const int fault = pending_carry_out(&steps[i].session->folder, &steps[i].item->record);
        step_end(a, &steps[i], fault == 0 ? PENDING_DONE : PENDING_FAILED, fault);
        if (fault != 0) {
            return fault;
        }
    }
    return 0;
}

/* Folders that were made get their times last, the deepest first. */
static void unit_settle(const struct pending_step *steps, uint32_t count)
{
    for (uint32_t i = count; i-- > 0;) {
        if (steps[i].item->state == PENDING_DONE) {
            pending_settle(&steps[i].session->folder, &steps[i].item->record);
        }
    }
}

/* Has it been cancelled for longer than is waited? */
static bool sync_is_over(struct application *a)
{
    if (cancel_number(a->options->cancel) != 0 && a->cancelled_ns == 0) {
        a->cancelled_ns = clock_monotonic_ns();
    }
    return a->cancelled_ns != 0 && clock_monotonic_ns() - a->cancelled_ns >= SYNC_PATIENCE_NS;
}

/* 0, an errno, or ECANCELED: it was not waited for. */
static int session_sync(struct application *a, struct pending_session *session)
{
    enum sync_child_end end = SYNC_CHILD_WAITING;
    int fault = 0;
    if (session->syncer.fd < 0 || !sync_child_ask(&session->syncer, 0)) {
        return pending_sync(&session->folder);
    }
    while (end == SYNC_CHILD_WAITING && !sync_is_over(a)) {
        end = sync_child_wait(&session->syncer, SYNC_LOOK_MS, -1, &fault);
    }
    return end == SYNC_CHILD_TOLD ? fault : end == SYNC_CHILD_GONE ? EIO : ECANCELED;
}

/* One session's part: on stable storage, then written down. */
static int unit_record(struct application *a, struct pending_session *session,
                       const struct pending_step *steps, uint32_t count)
{
    struct pending_journal *journal = &session->journal;
    struct pending_batch batch = pending_batch_begin(journal);
    bool touched = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct pending_item *item = steps[i].item;
        if (steps[i].session == session && item->state != PENDING_WAITING) {
            pending_batch_state(&batch, item->record.seq, item->state, item->os_errno);
            touched = true;
        }
    }
    const int fault = touched ? session_sync(a, session) : 0;
    if (fault != 0 || !touched) {
        buffer_free(&batch.bytes);
        return fault;
    }
    return pending_batch_write(&batch, journal);
}

/* What stands at its place and may not stay there is not done: its folder stays, and the next call
 * looks at it, syncs and writes it down again. */
static void unit_fail_unwritten(const struct application *a, struct pending_step *steps,
                                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const int fault = steps[i].session->write_fault;
        if (fault != 0 && steps[i].item->state == PENDING_DONE) {
            step_end(a, &steps[i], PENDING_FAILED, fault);
        }
    }
}

/* Nobody has waited for its sync: it is at its place, and the next call looks at it again. */
static void unit_put_off(struct application *a, struct pending_step *steps, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (steps[i].session->write_fault != 0 && steps[i].item->state == PENDING_DONE) {
            steps[i].item->state = PENDING_WAITING;
        }
    }
    a->facts.signal_number = cancel_number(a->options->cancel);
}

static void unit_count(struct application *a, const struct pending_step *steps, uint32_t count,
                       int fault)
{
    bool any_done = false; /* folders are no residue (rules 9.3) */
    for (uint32_t i = 0; i < count; i++) {
        any_done = any_done || (steps[i].item->state == PENDING_DONE &&
                                steps[i].item->record.op != PENDING_MKDIR);
    }
    if (fault == 0) {
        a->sums->units_done++;
        return;
    }
    a->sums->units_failed++;
    a->facts.any_failed = a->facts.any_failed || any_done;
    a->facts.any_none = a->facts.any_none || !any_done;
    if (a->facts.first_cause == VSR_OK) {
        a->facts.first_cause = step_cause(fault);
    }
}

static bool unit_is_done(const struct pending_step *steps, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (steps[i].item->state != PENDING_DONE) {
            return false;
        }
    }
    return true;
}

static void unit_apply(struct application *a, struct pending_step *steps, uint32_t count)
{
    bool cut_short = false;
    int fault = unit_check(a, steps, count);
    if (fault == ECANCELED) {
        a->facts.signal_number = cancel_number(a->options->cancel);
        return;
    }
    a->sums->units++;
    if (fault == 0) {
        fault = unit_carry_out(a, steps, count);
        unit_settle(steps, count);
    }
    for (uint32_t i = 0; i < a->sessions.count; i++) {
        struct pending_session *session = &a->sessions.list[i];
        session->write_fault = unit_record(a, session, steps, count);
        fault = fault != 0 ? fault : session->write_fault;
        cut_short = cut_short || session->write_fault == ECANCELED;
    }
    if (cut_short) {
        unit_put_off(a, steps, count);
        return;
    }
    unit_count(a, steps, count, fault);
    unit_fail_unwritten(a, steps, count);
}

/* Nothing of it is left to do. What never counted - its run was cut short, or the journal's end -
 * is kept: nobody said that it may go. */
static bool session_is_done(const struct application *a, const struct pending_session *session)
{
    uint32_t waiting = 0, uncounted = 0;
    for (uint32_t i = 0; i < session->content.item_count; i++) {
        const struct pending_item *item = &session->content.items[i];
        waiting += item->counts && item->state != PENDING_DONE;
        uncounted += !item->counts && !item->dropped;
    }
    if (uncounted > 0) {
        vsr_error error = {0};
        (void)err_set(&error, VSR_ERR_RUN_FOREIGN, "run/pending",
                      "%s holds %u records of components that were not whole when their run, or "
                      "its journal, was cut: they are not carried out; restore these components "
                      "again, then remove the folder",
                      session->path.p, uncounted);
        a->options->message(a->options->context, view_of(error.what));
    }
    return waiting + uncounted == 0;
}

static void sessions_end(struct application *a)
{
    for (uint32_t i = 0; i < a->sessions.count; i++) {
        struct pending_session *session = &a->sessions.list[i];
        struct buffer path = {0};
        if (!session_is_done(a, session)) {
            continue;
        }
        const bool known = pending_folder_path(&session->folder, &path);
        const int fault = pending_folder_remove(&session->folder, PENDING_JOURNAL);
        if (fault == 0) {
            (void)fsync(session->folder.top_fd);
        }
        if (fault == 0 && known) {
            pending_link_forget(a->options->registry, buffer_view(&path));
        } else if (fault != 0) {
            vsr_error error = {0};
            errno = fault;
            (void)err_sys(&error, err_dest_code(fault), "run/pending", "cannot remove %s",
                          session->path.p);
            a->options->message(a->options->context, view_of(error.what));
        }
        buffer_free(&path);
    }
}

static void sums_end(struct application *a)
{
    a->sums->folders = a->sessions.count;
    a->sums->records = a->sessions.step_count;
    for (uint32_t i = 0; i < a->sessions.step_count; i++) {
        const enum pending_state state = a->sessions.steps[i].item->state;
        a->sums->done += state == PENDING_DONE;
        a->sums->failed += state == PENDING_FAILED;
        a->sums->waiting += state == PENDING_WAITING;
    }
    a->facts.run_failed = a->sessions.code;
    a->sums->exit_code = verdict_exit_code(&a->facts);
}

void pending_apply(const struct pending_paths *paths, const struct pending_apply_options *options,
                   struct pending_sums *sums)
{
    struct application a = {.options = options, .sums = sums};
    *sums = (struct pending_sums){0};
    pending_sessions_open(&a.sessions, paths, true, options->message, options->context);
    for (uint32_t i = 0; i < a.sessions.count; i++) {
        struct pending_session *session = &a.sessions.list[i];
        session->folder.cancel = options->cancel;
        if (options->cancel != NULL) { /* where there is none, it syncs itself */
            (void)sync_child_open(&session->syncer, &session->folder.fd, 1, NULL,
                                  SYNC_NOTER_PUBLISH);
        }
    }
    queue_find(&a);
    for (uint32_t i = 0, count; i < a.sessions.step_count; i += count) {
        count = pending_unit_steps(&a.sessions, i);
        a.facts.signal_number = cancel_number(options->cancel);
        if (a.facts.signal_number != 0) {
            break;
        }
        if (!unit_is_done(&a.sessions.steps[i], count)) {
            unit_apply(&a, &a.sessions.steps[i], count);
        }
    }
    sessions_end(&a);
    sums_end(&a);
    pending_places_free(a.queue);
    free(a.places);
    pending_sessions_close(&a.sessions);
}

void pending_list(const struct pending_paths *paths, const struct pending_apply_options *options,
                  struct pending_sums *sums)
{
    struct application a = {.options = options, .sums = sums};
    *sums = (struct pending_sums){0};
    pending_sessions_open(&a.sessions, paths, false, options->message, options->context);
    for (uint32_t i = 0, count; i < a.sessions.step_count; i += count) {
        count = pending_unit_steps(&a.sessions, i);
        sums->units += unit_is_done(&a.sessions.steps[i], count) ? 0 : 1;
        for (uint32_t k = i; k < i + count; k++) {
            options->on_step(options->context, &a.sessions.steps[k]);
        }
    }
    for (uint32_t i = 0; i < a.sessions.count; i++) {
        (void)session_is_done(&a, &a.sessions.list[i]); /* for what it says */
    }
    sums_end(&a);
    pending_sessions_close(&a.sessions);
}
