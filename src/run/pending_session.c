/* pending_session.c - opens what pending_links.c has found, and sorts the records of all of it.
 * Changes nothing. */
#include "run/pending_session.h"

#include "base/heap.h"
#include "base/own.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A folder that is gone from a place that is there: it has been carried out. */
static bool session_is_over(struct view path)
{
    struct stat facts;
    struct arena arena = {0};
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/') {
        n--;
    }
    const struct view top = n == 0 ? VIEW(".") : arena_copy(&arena, (struct view){path.p, n});
    const bool over = stat(top.p, &facts) == 0 && S_ISDIR(facts.st_mode);
    arena_free(&arena);
    return over;
}

static vsr_code session_open(struct pending_session *out, struct view path, bool to_change,
                             bool *over, vsr_error *error)
{
    *out = (struct pending_session){.path = path, .journal = {.fd = -1}, .syncer = {.fd = -1}};
    const int fault = pending_folder_open(&out->folder, path.p);
    *over = fault == ENOENT && session_is_over(path);
    if (fault != 0) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), "run/pending", "cannot open %s%s", path.p,
                       fault == EPERM ? " (it must be ours, or root's, alone)" : "");
    }
    const vsr_code rc =
        pending_journal_open(&out->journal, &out->content, &out->folder, path.p, to_change, error);
    if (rc != VSR_OK) {
        pending_folder_close(&out->folder);
    }
    return rc;
}

int pending_identity_compare(const struct pending_identity *x, const struct pending_identity *y)
{
    if (x->created_s != y->created_s) {
        return x->created_s < y->created_s ? -1 : 1;
    }
    if (x->created_ns != y->created_ns) {
        return x->created_ns < y->created_ns ? -1 : 1;
    }
    return memcmp(x->run.bytes, y->run.bytes, sizeof x->run.bytes);
}

static int steps_compare(const void *left, const void *right)
{
    const struct pending_step *a = left, *b = right;
    const int runs =
        pending_identity_compare(&a->session->content.identity, &b->session->content.identity);
    if (runs != 0) {
        return runs;
    }
    const uint64_t m = a->item->record.seq, n = b->item->record.seq;
    return (m > n) - (m < n);
}

static void steps_sort(struct pending_sessions *sessions)
{
    uint32_t capacity = 0;
    for (uint32_t i = 0; i < sessions->count; i++) {
        capacity += sessions->list[i].content.item_count;
    }
    sessions->steps = heap_alloc(capacity + 1u, sizeof *sessions->steps);
    for (uint32_t i = 0; i < sessions->count; i++) {
        struct pending_content *content = &sessions->list[i].content;
        for (uint32_t k = 0; k < content->item_count; k++) {
            if (content->items[k].counts) {
                sessions->steps[sessions->step_count++] =
                    (struct pending_step){&sessions->list[i], &content->items[k]};
            }
        }
    }
    qsort(sessions->steps, sessions->step_count, sizeof *sessions->steps, steps_compare);
}

void pending_sessions_open(struct pending_sessions *out, const struct pending_paths *paths,
                           bool to_change, pending_message *message, void *context)
{
    *out = (struct pending_sessions){.list = heap_alloc(paths->count + 1u, sizeof *out->list)};
    for (uint32_t i = 0; i < paths->count; i++) {
        vsr_error error = {0};
        bool over = false;
        const vsr_code rc =
            session_open(&out->list[out->count], paths->list[i], to_change, &over, &error);
        if (rc == VSR_OK) {
            out->count++;
        } else if (!over) {
            message(context, view_of(error.what));
            out->code = out->code == VSR_OK ? rc : out->code;
        } else if (paths->registered) {
            vsr_error gone = {0};
            (void)err_set(&gone, VSR_ERR_SELECTION, "run/pending",
                          "%s is registered and not there: its volume is not mounted yet, or "
                          "somebody removed it (then remove its link in the registry)",
                          paths->list[i].p);
            message(context, view_of(gone.what));
        }
    }
    steps_sort(out);
}

void pending_sessions_close(struct pending_sessions *sessions)
{
    for (uint32_t i = 0; i < sessions->count; i++) {
        sync_child_close(&sessions->list[i].syncer);
        pending_content_free(&sessions->list[i].content);
        pending_journal_close(&sessions->list[i].journal);
        pending_folder_close(&sessions->list[i].folder);
    }
    free(sessions->list);
    free(sessions->steps);
    *sessions = (struct pending_sessions){0};
}

uint32_t pending_unit_steps(const struct pending_sessions *sessions, uint32_t first)
{
    const struct pending_step *one = &sessions->steps[first];
    uint32_t count = 1;
    while (first + count < sessions->step_count) {
        const struct pending_step *next = &sessions->steps[first + count];
        if (next->item->record.unit != one->item->record.unit ||
            !uuid_equal(&next->session->content.identity.run,
                        &one->session->content.identity.run)) {
            break;
        }
        count++;
    }
    return count;
}

const struct pending_unit *pending_unit_of(const struct pending_step *step)
{
    static const struct pending_unit none = {.writer = {"", 0}, .logical_path = {"", 0}};
    const struct pending_unit *unit =
        pending_content_unit(&step->session->content, step->item->record.unit);
    return unit != NULL ? unit : &none;
}
