/* dialogue.c - the table of contents of the dialogue: who takes part, asking, answers taken over.
 *
 * Services are dialogue_services.c, what a writer may change is vss/bcd_answer.h. Nothing here
 * decides where a file goes: answers go to the planner's second pass as documents and reasons. */
#include "run/dialogue_inside.h"

#include "base/bug.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/heap.h"
#include "vss/bcd_answer.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t RETRY_NS = 1000000000;
enum { RETRY_WAKE_MS = 50 };

/* --- sentences --- */

void dialogue_note(struct dialogue *d, bool is_loss, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    d->notes = heap_grow(d->notes, d->note_count, &d->note_capacity, sizeof *d->notes);
    d->notes[d->note_count++] =
        (struct dialogue_note){arena_copy(&d->arena, view_of(text)), is_loss};
    if (d->options.on_warning != NULL) {
        d->options.on_warning(d->options.context, text);
    }
}

struct view dialogue_writer_name(const struct dialogue *d, uint32_t writer)
{
    const struct documents *documents = d->options.documents;
    const uint32_t wmd = documents->writer_wmd[writer];
    return wmd != MARK_NONE && documents->wmds[wmd].friendly_name.n > 0
               ? documents->wmds[wmd].friendly_name
               : VIEW("the writer");
}

/* --- who takes part --- */

/* Refusals that no answer of a writer lifts: what is wrong is in the documents, on the media or in
 * the call. A writer is not told to make room for what cannot be restored. */
bool dialogue_unit_is_lost(const struct plan_unit *unit)
{
    static const enum refusal lasting[] = {
        REFUSAL_DOCUMENT_INVALID,
        REFUSAL_DOCUMENT_UNKNOWN_WORD,
        REFUSAL_COMPONENT_NOT_IN_BACKUP,
        REFUSAL_WRITER_DOCUMENT_MISSING,
        REFUSAL_NOT_RESTORABLE_ALONE,
        REFUSAL_METHOD_UNDEFINED,
        REFUSAL_METHOD_CUSTOM,
        REFUSAL_NEW_TARGET_UNSUPPORTED,
        REFUSAL_NEW_TARGET_UNKNOWN_FILE_SET,
        REFUSAL_RANGES_FILE_MISSING,
        REFUSAL_FILE_MISSING_ON_MEDIA,
        REFUSAL_SERVICE_STOP_FAILED,
        REFUSAL_DEPENDENCY_MISSING,
        REFUSAL_BACKUP_FAILED,
        REFUSAL_CHAIN_INVALID,
        REFUSAL_WRITER_VETO,
    };
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        if (unit->refusal == lasting[i]) {
            return true;
        }
    }
    return false;
}

/* Rules 3.1: something of it is selected, and it is told at all. */
static bool unit_calls_writer(const struct dialogue *d, const struct plan_unit *unit)
{
    return unit->involve_writer != 0 && !dialogue_unit_is_lost(unit) &&
           unit->writer < d->options.documents->bcd.writer_count && d->writers[unit->writer].played;
}

bool dialogue_is_due(const struct dialogue *d, const struct plan *plan)
{
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        if (unit_calls_writer(d, &plan->units[u]) || dialogue_unit_stops(d, &plan->units[u])) {
            return true;
        }
    }
    return false;
}

bool dialogue_has_begun(const struct dialogue *d)
{
    bool begun = d->service_count > 0;
    for (uint32_t w = 0; w < d->options.documents->bcd.writer_count; w++) {
        begun = begun || d->writers[w].asked;
    }
    return begun;
}

bool dialogue_waits(const struct dialogue *d, const struct plan_unit *unit)
{
    return (unit->writer < d->options.documents->bcd.writer_count &&
            d->writers[unit->writer].asked) ||
           dialogue_unit_stops(d, unit) || dialogue_unit_cycles(d, unit);
}

/* --- opening --- */

vsr_code dialogue_open(struct dialogue *out, const struct dialogue_options *options,
                       vsr_error *error)
{
    const uint32_t writers = options->documents->bcd.writer_count;
    *out = (struct dialogue){.options = *options, .documents = *options->documents};
    out->said = ARENA_ARRAY(&out->arena, struct plan_said, writers);
    out->writers = ARENA_ARRAY(&out->arena, struct dialogue_writer, writers);
    for (uint32_t w = 0; w < writers && options->calls != NULL; w++) {
        out->writers[w].played = options->calls->plays(options->calls->context, w);
    }
    const vsr_code rc = document_out_open(&out->document, options->documents,
                                          options->choices->private_dir != NULL, error);
    if (rc != VSR_OK) {
        dialogue_close(out);
    }
    return rc;
}

void dialogue_close(struct dialogue *d)
{
    document_out_close(d->document);
    free(d->notes);
    arena_free(&d->arena);
    *d = (struct dialogue){0};
}

/* --- asking --- */

static bool dialogue_is_cancelled(const struct dialogue *d)
{
    return cancel_number(d->options.cancel) != 0;
}

/* A second, or until the restore is cancelled; false: it was. */
static bool retry_wait(const struct dialogue *d, bool may_cancel)
{
    const uint64_t began_ns = clock_monotonic_ns();
    while (clock_monotonic_ns() - began_ns < RETRY_NS) {
        if (may_cancel && dialogue_is_cancelled(d)) {
            return false;
        }
        (void)poll(NULL, 0, RETRY_WAKE_MS);
    }
    return true;
}

static void answer_free(struct writer_answer *answer)
{
    buffer_free(&answer->document);
    buffer_free(&answer->message);
    *answer = (struct writer_answer){0};
}

/* One event to one writer, repeated while it asks for that (ruling 40). */
static void writer_ask(struct dialogue *d, uint32_t writer, enum bcd_phase phase, struct view sent,
                       struct writer_answer *answer)
{
    const struct writer_calls *calls = d->options.calls;
    const struct bcd_writer *of = &d->options.documents->bcd.writers[writer];
    const bool pre = phase == BCD_PHASE_PRE_RESTORE;
    const struct writer_question question = {
        .writer = writer,
        .writer_id = &of->writer_id,
        .instance_id = &of->instance_id,
        .writer_name = dialogue_writer_name(d, writer),
        .run_dir = d->options.run_dir,
        .document = sent,
    };
    for (unsigned tries = 1;; tries++) {
        *answer = (struct writer_answer){0};
        (pre ? calls->pre_restore : calls->post_restore)(calls->context, &question, answer);
        if (answer->state != WRITER_RETRY) {
            return;
        }
        if (tries == WRITER_TRIES_MAX || !retry_wait(d, pre)) {
            break;
        }
        answer_free(answer);
    }
    answer->state = WRITER_FAILED;
}

/* --- answers --- */

/* dialogue->documents gets arrays of its own once, which are then changed in place. */
static struct bcd_component *component_now(struct dialogue *d, uint32_t writer, uint32_t component)
{
    struct bcd *now = &d->documents.bcd;
    const struct bcd *loaded = &d->options.documents->bcd;
    if (now->writers == loaded->writers) {
        now->writers = ARENA_ARRAY(&d->arena, struct bcd_writer, loaded->writer_count);
        memcpy(now->writers, loaded->writers, loaded->writer_count * sizeof *now->writers);
    }
    struct bcd_writer *of = &now->writers[writer];
    if (of->components == loaded->writers[writer].components) {
        of->components = ARENA_ARRAY(&d->arena, struct bcd_component, of->component_count);
        memcpy(of->components, loaded->writers[writer].components,
               of->component_count * sizeof *of->components);
    }
    return &of->components[component];
}

static void target_take(struct dialogue *d, uint32_t writer, const struct bcd_change *change)
{
    struct bcd_component *component = component_now(d, writer, change->component);
    component->restore_target_text = arena_copy(&d->arena, change->target);
    component->restore_target = vss_target_parse(component->restore_target_text);
    bcd_document_set(document_out_inside(d->document), writer, change->component,
                     BCD_RESTORE_TARGET, change->target);
}

static void directed_take(struct dialogue *d, uint32_t writer, const struct bcd_change *change)
{
    struct bcd_component *component = component_now(d, writer, change->component);
    const uint32_t before = component->directed_target_count;
    struct bcd_directed_target *all =
        ARENA_ARRAY(&d->arena, struct bcd_directed_target, before + change->directed_count);
    memcpy(all, component->directed_targets, before * sizeof *all);
    for (uint32_t i = 0; i < change->directed_count; i++) {
        const struct bcd_directed_target *from = &change->directed[i];
        all[before + i] = (struct bcd_directed_target){
            .source_path = arena_copy(&d->arena, from->source_path),
            .source_filename = arena_copy(&d->arena, from->source_filename),
            .source_ranges = arena_copy(&d->arena, from->source_ranges),
            .destination_path = arena_copy(&d->arena, from->destination_path),
            .destination_filename = arena_copy(&d->arena, from->destination_filename),
            .destination_ranges = arena_copy(&d->arena, from->destination_ranges),
            .place = component->place,
        };
        bcd_document_add_directed(document_out_inside(d->document), writer, change->component,
                                  from);
    }
    component->directed_targets = all;
    component->directed_target_count = before + change->directed_count;
}

static void message_take(struct dialogue *d, uint32_t writer, uint32_t component,
                         enum bcd_phase phase, struct view message)
{
    const struct bcd_component *of =
        &d->options.documents->bcd.writers[writer].components[component];
    const bool pre = phase == BCD_PHASE_PRE_RESTORE;
    const struct view name = vss_full_name(&d->arena, of->logical_path, of->name);
    bcd_document_set(document_out_inside(d->document), writer, component,
                     pre ? BCD_PRE_RESTORE_FAILURE : BCD_POST_RESTORE_FAILURE, message);
    dialogue_note(d, false, "%.*s says of %.*s: %.*s", VIEW_ARG(dialogue_writer_name(d, writer)),
                  VIEW_ARG(name), VIEW_ARG(message));
}

/* Of a writer that failed only its messages count: nothing of it is copied. */
static void change_take(struct dialogue *d, uint32_t writer, enum bcd_phase phase,
                        const struct bcd_change *change, bool failed)
{
    if (view_present(change->message)) {
        message_take(d, writer, change->component, phase, change->message);
    }
    if (failed || phase == BCD_PHASE_POST_RESTORE) {
        return;
    }
    if (view_present(change->target)) {
        target_take(d, writer, change);
    }
    if (change->directed_count > 0) {
        directed_take(d, writer, change);
    }
    if (view_present(change->restore_metadata)) {
        bcd_document_add_restore_metadata(document_out_inside(d->document), writer,
                                          change->component, change->restore_metadata);
    }
}

static bool text_is_blank(struct view text)
{
    while (text.n > 0 && strchr(" \t\r\n", text.p[0]) != NULL && text.p[0] != '\0') {
        text = view_skip(text, 1);
    }
    return text.n == 0;
}

/* Take over what the answer may change. An answer that cannot be used: the writer failed. */
static void answer_take(struct dialogue *d, uint32_t writer, enum bcd_phase phase, struct view sent,
                        struct writer_answer *answer)
{
    struct arena arena = {0};
    struct bcd_answer changes;
    vsr_error error = {0};
    if (text_is_blank(buffer_view(&answer->document))) {
        return;
    }
    if (bcd_answer_read(&changes, &arena, sent, buffer_view(&answer->document), writer, phase,
                        &error) != VSR_OK) {
        if (answer->state == WRITER_STABLE) {
            answer->state = WRITER_FAILED;
            buffer_printf(&answer->message, "%s", error.what);
        }
        arena_free(&arena);
        return;
    }
    for (uint32_t i = 0; i < changes.dropped.count; i++) {
        dialogue_note(d, false, "%.*s: %.*s", VIEW_ARG(dialogue_writer_name(d, writer)),
                      VIEW_ARG(changes.dropped.items[i]));
    }
    for (uint32_t i = 0; i < changes.change_count; i++) {
        change_take(d, writer, phase, &changes.changes[i], answer->state == WRITER_FAILED);
    }
    arena_free(&arena);
}

/* The failure message of a writer that failed stands on each of its selected roots that has none
 * of its own from this event (rules 9.5). */
static void failure_tell(struct dialogue *d, const struct plan *plan, uint32_t writer,
                         enum bcd_phase phase, struct view message)
{
    const bool pre = phase == BCD_PHASE_PRE_RESTORE;
    dialogue_note(d, !pre, "%.*s failed in %s: %.*s", VIEW_ARG(dialogue_writer_name(d, writer)),
                  pre ? "PreRestore" : "PostRestore", VIEW_ARG(message));
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct plan_unit *unit = &plan->units[u];
        if (unit->writer == writer && unit->involve_writer != 0 &&
            (!pre || !dialogue_unit_is_lost(unit))) {
            bcd_document_set(document_out_inside(d->document), writer, unit->bcd_component,
                             pre ? BCD_PRE_RESTORE_FAILURE : BCD_POST_RESTORE_FAILURE, message);
        }
    }
}

/* Ask one writer and take its answer over; true: it is stable. */
static bool writer_tell(struct dialogue *d, const struct plan *plan, uint32_t writer,
                        enum bcd_phase phase, vsr_code *rc, vsr_error *error)
{
    struct buffer sent = {0};
    struct writer_answer answer = {0};
    *rc = bcd_document_render_utf8(document_out_inside(d->document), &sent, error);
    if (*rc != VSR_OK) {
        buffer_free(&sent);
        return false;
    }
    writer_ask(d, writer, phase, buffer_view(&sent), &answer);
    if (phase == BCD_PHASE_PRE_RESTORE && answer.state != WRITER_STABLE &&
        dialogue_is_cancelled(d)) { /* that is no veto of the writer's: the run is begun anew */
        answer_free(&answer);
        buffer_free(&sent);
        return true;
    }
    if (answer.state == WRITER_FAILED) {
        failure_tell(d, plan, writer, phase, buffer_view(&answer.message));
        answer_take(d, writer, phase, buffer_view(&sent), &answer);
    } else {
        answer_take(d, writer, phase, buffer_view(&sent), &answer);
        if (answer.state == WRITER_FAILED) {
            failure_tell(d, plan, writer, phase, buffer_view(&answer.message));
        }
    }
    const bool stable = answer.state == WRITER_STABLE;
    if (!stable && phase == BCD_PHASE_PRE_RESTORE) {
        d->said[writer].veto = arena_printf(&d->arena, "the writer failed in PreRestore: %.*s",
                                            VIEW_ARG(buffer_view(&answer.message)));
    }
    answer_free(&answer);
    buffer_free(&sent);
    return stable;
}

vsr_code dialogue_pre_restore(struct dialogue *d, const struct plan *plan, vsr_error *error)
{
    const uint32_t writers = d->options.documents->bcd.writer_count;
    bool *left_out = ARENA_ARRAY(&d->arena, bool, plan->unit_count);
    bool *called = ARENA_ARRAY(&d->arena, bool, writers);
    bool any = false;
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        left_out[u] = dialogue_unit_is_lost(&plan->units[u]);
        if (unit_calls_writer(d, &plan->units[u])) {
            called[plan->units[u].writer] = true;
            any = true;
        }
    }
    vsr_code rc = any ? document_out_select(d->document, plan, left_out, error) : VSR_OK;
    for (uint32_t w = 0; w < writers && rc == VSR_OK && !dialogue_is_cancelled(d); w++) {
        if (called[w] && d->options.on_asking != NULL) {
            rc = d->options.on_asking(d->options.asking_context, w, NULL, error);
        }
        if (called[w] && rc == VSR_OK) {
            d->writers[w].asked = true;
            d->writers[w].failed =
                !writer_tell(d, plan, w, BCD_PHASE_PRE_RESTORE, &rc, error) && rc == VSR_OK;
        }
    }
    return rc;
}

vsr_code dialogue_save(const struct dialogue *d, int dir_fd, vsr_error *error)
{
    return dialogue_has_begun(d)
               ? document_out_write(d->document, dir_fd, DOCUMENT_PRE_RESTORE, NULL, true, error)
               : VSR_OK;
}

/* --- the end --- */

/* Rules 3.2, T70: IF_REPLACE_FAILS wants PostRestore only where the plain thing was not done. */
static bool writer_wants_end(const struct dialogue *d, const struct plan *plan,
                             const struct report *report, uint32_t writer)
{
    const uint32_t wmd = d->options.documents->writer_wmd[writer];
    if (wmd == MARK_NONE ||
        d->options.documents->wmds[wmd].writer_restore != WRITER_RESTORE_IF_REPLACE_FAILS) {
        return true;
    }
    bool plain = report != NULL;
    for (uint32_t u = 0; u < plan->unit_count && plain; u++) {
        plain = plan->units[u].writer != writer || report->units[u].status == RESTORE_STATUS_ALL;
    }
    for (uint32_t i = 0; i < plan->used_mapping_count && plain; i++) {
        plain = plan->units[plan->used_mappings[i].unit].writer != writer;
    }
    return !plain;
}

static vsr_code writers_end(struct dialogue *d, const struct plan *plan,
                            const struct report *report, vsr_error *error)
{
    vsr_code first = VSR_OK;
    for (uint32_t w = 0; w < d->options.documents->bcd.writer_count; w++) {
        d->writers[w].told = d->writers[w].asked && !writer_wants_end(d, plan, report, w);
        if (d->writers[w].asked && !d->writers[w].told) {
            vsr_code rc = VSR_OK;
            d->writers[w].told = writer_tell(d, plan, w, BCD_PHASE_POST_RESTORE, &rc,
                                             first == VSR_OK ? error : NULL);
            first = first == VSR_OK ? rc : first;
        }
    }
    return first;
}

/* Who was named to play a writer that takes no part (3.1, 3.2) learns that nobody asked him. */
static void tell_unasked(struct dialogue *d, const struct plan *plan)
{
    const struct documents *documents = d->options.documents;
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const uint32_t writer = plan->units[u].writer;
        const uint32_t wmd =
            writer < documents->bcd.writer_count ? documents->writer_wmd[writer] : MARK_NONE;
        if (wmd == MARK_NONE || !d->writers[writer].played || d->writers[writer].asked ||
            plan->units[u].involve_writer != 0 ||
            (u > 0 && plan->units[u - 1].writer == writer)) { /* told before */
            continue;
        }
        const bool custom = documents->wmds[wmd].method == METHOD_CUSTOM;
        dialogue_note(d, false, "%.*s was not asked: %s (rules 3.1)",
                      VIEW_ARG(dialogue_writer_name(d, writer)),
                      custom ? "it has a restore procedure of its own"
                             : "its document says that it wants no restore events");
    }
}

vsr_code dialogue_end(struct dialogue *d, const struct plan *plan, struct report *report,
                      vsr_error *error)
{
    if (d->ended) {
        return VSR_OK;
    }
    d->ended = true;
    vsr_code rc = document_out_result(d->document, plan, report, error);
    dialogue_start(d, report != NULL);
    const vsr_code told = writers_end(d, plan, report, rc == VSR_OK ? error : NULL);
    rc = rc == VSR_OK ? told : rc;
    dialogue_cycle(d, plan, report);
    if (d->options.choices->private_dir == NULL && report != NULL) {
        tell_unasked(d, plan);
    }
    for (size_t i = 0; i < d->note_count && report != NULL; i++) {
        report_note(report, d->notes[i].text, d->notes[i].is_loss);
    }
    return rc;
}
