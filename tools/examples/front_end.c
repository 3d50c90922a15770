/* front_end.c SET ROOT RUNDIR - a restore back end in sixty lines that plays the writers itself.
 *     cc front_end.c $(pkg-config --cflags --libs vssrestore) -o front_end */
#include <vssrestore/vssrestore.h>

#include <stdio.h>

/* Here a database would be closed; the document may be edited: vsr_writer_reply_document(). */
static int pre_restore(void *context, const vsr_writer_event *event, vsr_writer_reply *reply)
{
    char name[1024]; /* fit for a terminal */
    (void)reply;
    ++*(int *)context;
    vsr_text_shown(name, sizeof name, event->name);
    printf("pre-restore: %s, a document of %zu bytes\n", name, event->document_bytes);
    return VSR_WRITER_STABLE;
}

/* When statuses are known: the document now holds them. */
static int post_restore(void *context, const vsr_writer_event *event, vsr_writer_reply *reply)
{
    char name[1024];
    (void)reply;
    --*(int *)context;
    vsr_text_shown(name, sizeof name, event->name);
    printf("post-restore: %s\n", name);
    return VSR_WRITER_STABLE;
}

static void show(void *context, const vsr_progress *p)
{
    (void)context;
    fprintf(stderr, "\r%.0f of %.0f files", (double)p->files_done, (double)p->files_total);
}

int main(int argc, char **argv)
{
    int waiting = 0; /* writers that were asked and not told yet */
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_report *report = NULL;
    vsr_summary summary = {0};
    if (argc != 4) {
        return 2;
    }
    const vsr_choices choices = {.size = sizeof choices, .root = argv[2]};
    vsr_writers writers = {.size = sizeof writers, .pre_restore = pre_restore, .context = &waiting};
    writers.post_restore = post_restore;
    vsr_restore_options options = {.size = sizeof options, .run_dir = argv[3], .on_progress = show};
    options.writers = &writers;
    if (vsr_set_open(&set, argv[1], &error) == VSR_OK) {
        (void)vsr_restore_set(&report, set, &choices, &options, &error);
    }
    if (report == NULL) {
        char what[4 * sizeof error.what];
        vsr_text_shown(what, sizeof what, error.what);
        fprintf(stderr, "\n%s\n", what);
        return -(int)error.code;
    }
    vsr_report_summary(report, &summary);
    printf("%llu files restored, exit code %d, %d writers not told\n",
           (unsigned long long)summary.restored, summary.exit_code, waiting);
    vsr_report_free(report);
    vsr_set_close(set);
    return summary.exit_code;
}
