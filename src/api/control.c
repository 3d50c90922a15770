/* control.c - the asking side of a run's control line behind the public call. */
#include "run/control.h"
#include "api/objects.h"
#include "vssrestore/control.h"

vsr_code vsr_control(const char *run_dir, const char *command, vsr_format format, vsr_sink sink,
                     void *context, vsr_error *error)
{
    struct buffer answer = {0}, text = {0};
    vsr_code rc = control_ask(run_dir, command, &answer, error);
    if (rc == VSR_OK && format == VSR_FORMAT_TEXT) {
        control_render_text(buffer_view(&answer), &text);
    }
    if (rc == VSR_OK) {
        rc = sink_give(sink, context, buffer_view(format == VSR_FORMAT_TEXT ? &text : &answer),
                       error);
    }
    buffer_free(&answer);
    buffer_free(&text);
    return rc;
}
